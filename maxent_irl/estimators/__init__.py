"""Estimators with scikit-learn conventions: the constructor stores, ``fit`` sets attributes that end in an underscore."""

from .boosted import BoostedIRL
from .gaussian_process import GaussianProcessIRL
from .maxent import MaxEntIRL
from .network import NetworkIRL
from .receding_horizon import RecedingHorizonIRL

__all__ = ["BoostedIRL", "GaussianProcessIRL", "MaxEntIRL", "NetworkIRL", "RecedingHorizonIRL"]
