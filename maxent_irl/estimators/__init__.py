"""Estimators with scikit-learn conventions: the constructor stores, ``fit`` sets attributes that end in an underscore."""

from .maxent import MaxEntIRL

__all__ = ["MaxEntIRL"]
