"""Demonstrations in whatever form they are given, and in the same labels as others."""

from __future__ import annotations

from typing import Any

from .changes import relabel, unlabel
from .demonstrations import Demonstrations

NAMES = ("state_labels", "action_labels")


def as_demonstrations(given: Any, like: Demonstrations | None = None) -> Demonstrations:
    """What is given as a Demonstrations; a label stands for the index that it has in `like`, where that has labels too."""
    demos = given if isinstance(given, Demonstrations) else Demonstrations(given)
    if like is None:
        return demos
    for name in NAMES:
        labels, wanted = getattr(demos, name), getattr(like, name)
        if labels is not None and wanted is not None:
            demos = relabel(demos, **{name: wanted})
        elif labels is not None and all(type(label) is int and 0 <= label < 2**63 for label in labels):
            demos = unlabel(demos, name)  # numbers, where those of the others are indices
    return demos


def demonstrations_for(estimator: Any, given: Any) -> Demonstrations:
    """What is given to a fitted estimator, in the labels of its fit if it keeps one, and possible in its MDP."""
    demonstrations = as_demonstrations(given, getattr(estimator, "demonstrations_", None))
    demonstrations.validate_against(estimator.mdp)
    return demonstrations


def in_common_labels(first: Any, second: Any) -> tuple[Demonstrations, Demonstrations]:
    """Both as Demonstrations in which an index means the same; integers are indices of the other's labels already."""
    one, other = as_demonstrations(first), as_demonstrations(second)
    pairs = {name: (getattr(one, name), getattr(other, name)) for name in NAMES}
    common = {name: tuple(dict.fromkeys([*a, *b])) for name, (a, b) in pairs.items() if a is not None and b is not None}
    return Demonstrations(one, **common), Demonstrations(other, **common)
