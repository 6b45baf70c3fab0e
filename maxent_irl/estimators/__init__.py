"""Estimators with scikit-learn conventions: the constructor stores, ``fit`` sets attributes that end in an underscore."""

from .boosted import BoostedIRL
from .drifting import DriftingIRL
from .gaussian_process import GaussianProcessIRL
from .maxent import MaxEntIRL
from .mixture import MixtureIRL
from .network import NetworkIRL
from .receding_horizon import RecedingHorizonIRL
from .switching import SwitchingIRL

__all__ = [
    "BoostedIRL",
    "DriftingIRL",
    "GaussianProcessIRL",
    "MaxEntIRL",
    "MixtureIRL",
    "NetworkIRL",
    "RecedingHorizonIRL",
    "SwitchingIRL",
]
