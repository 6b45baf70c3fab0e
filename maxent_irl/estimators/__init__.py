"""Estimators with scikit-learn conventions: the constructor stores, ``fit`` sets attributes that end in an underscore."""

from .drifting import DriftingIRL
from .maxent import MaxEntIRL
from .mixture import MixtureIRL
from .receding_horizon import RecedingHorizonIRL
from .switching import SwitchingIRL

__all__ = ["DriftingIRL", "MaxEntIRL", "MixtureIRL", "RecedingHorizonIRL", "SwitchingIRL"]
