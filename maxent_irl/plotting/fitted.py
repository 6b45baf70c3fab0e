"""What displays read of a fitted estimator beyond its public attributes, and the names by which they call things."""

from __future__ import annotations

from typing import Any
from weakref import WeakKeyDictionary

from ..uncertainty import ErrorMap, reward_map

_summaries: WeakKeyDictionary[Any, Any] = WeakKeyDictionary()
_error_maps: WeakKeyDictionary[Any, ErrorMap] = WeakKeyDictionary()


def summary_of(estimator: Any) -> Any:
    """The summary of a fit, computed once per fit: with many coefficients its covariance takes long."""
    fit = estimator.fit_
    if fit not in _summaries:
        _summaries[fit] = estimator.summary()
    return _summaries[fit]


def error_map(estimator: Any) -> ErrorMap:
    """The reward of a fit with its standard errors, computed once per fit."""
    fit = estimator.fit_
    if fit not in _error_maps:
        _error_maps[fit] = reward_map(estimator)
    return _error_maps[fit]


def has_errors(estimator: Any) -> bool:
    """Whether a fit has standard errors: not for very many coefficients."""
    return summary_of(estimator).statistics["covariance"] != "none"


def state_names(estimator: Any) -> list[str]:
    """The S names of the states: the labels that the demonstrations were read with, or "state 0" and so on."""
    labels, S = estimator.fit_.demonstrations.state_labels, estimator.mdp.n_states
    if labels is not None and len(labels) == S:
        return [str(label) for label in labels]
    return [f"state {s}" for s in range(S)]


def action_names(estimator: Any) -> list[str] | None:
    """The A names of the actions: the labels that the demonstrations were read with; None where they had none."""
    labels = estimator.fit_.demonstrations.action_labels
    if labels is None or len(labels) != estimator.mdp.n_actions:
        return None
    return [str(label) for label in labels]


def trajectory_name(demonstrations: Any, i: int) -> str:
    """What messages call trajectory `i`: the user's own name of it where the demonstrations keep one."""
    return demonstrations.name_of(i)


def state_name(demonstrations: Any, state: int) -> str:
    """What messages call a state: its label where the demonstrations have labels."""
    labels = demonstrations.state_labels
    return repr(labels[state]) if labels is not None and state < len(labels) else str(state)
