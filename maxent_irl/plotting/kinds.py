"""Kinds of places, such as mud and flowers: which places are of which kind, and the reward of each kind."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .colours import FRAME
from .fitted import summary_of
from .names import short

MOST_KINDS = 6
MARGIN = 1.96  # standard errors: half of a 95% interval
SURE = 2.0  # standard errors from zero at which a kind is said to be sought or avoided


@dataclass(frozen=True, eq=False)
class Kind:
    """Places of one kind, and the reward that was recovered for being there.

    Attributes
    ----------
    name : str
    places : (S,) bool array
    reward, error : float
        Above that of places of no kind; the standard error is NaN where there is none.
    """

    name: str
    places: NDArray  # (S,) bool
    reward: float
    error: float

    @property
    def words(self) -> str:
        """Name and reward with its 95% margin."""
        known = np.isfinite(self.error) and self.error > 0
        margin = MARGIN * self.error if known else abs(self.reward) / 10
        digits = int(np.clip(-np.floor(np.log10(margin or 1.0)), 0, 6))  # as many as the margin has
        words = f"{short(self.name)} {self.reward:+.{digits}f}" + (f" ± {margin:.{digits}f}" if known else "")
        return words.replace("-", "\N{MINUS SIGN}")


def kinds_of(estimator: Any) -> list[Kind]:
    """The kinds of places that the features of a fitted estimator mark; empty where features are anything else.

    Features mark kinds if there are at most six of them, one number per state, each takes one value beside zero, and no state has
    two of them.
    """
    features = getattr(estimator, "features", None)
    if features is None or np.ndim(features) != 2 or features.shape[1] > MOST_KINDS:
        return []
    table = features.toarray() if hasattr(features, "toarray") else np.asarray(features, dtype=float)
    there = table != 0
    if table.shape[0] != estimator.mdp.n_states or (there.sum(axis=1) > 1).any() or not there.any(axis=0).all():
        return []
    sizes = [np.unique(column[column != 0]) for column in table.T]
    if any(len(size) > 1 for size in sizes):
        return []
    columns = summary_of(estimator).coefficients
    return [
        Kind(str(name), there[:, k], float(sizes[k][0] * coef), float(abs(sizes[k][0]) * error))
        for k, (name, coef, error) in enumerate(
            zip(columns["feature"], estimator.coef_, columns["standard_error"], strict=True)
        )
    ]


def finding(kinds: Sequence[Kind]) -> str:
    """What is sought and what is avoided, in a few words; empty where nothing is known to be either."""
    sure = [kind for kind in kinds if not abs(kind.reward) < SURE * kind.error]
    best = max(sure, key=lambda kind: kind.reward, default=None)
    worst = min(sure, key=lambda kind: kind.reward, default=None)
    words = [f"seeks {short(best.name)}"] if best is not None and best.reward > 0 else []
    words += [f"avoids {short(worst.name)}"] if worst is not None and worst.reward < 0 else []
    text = ", ".join(words)
    return text[:1].upper() + text[1:]


def kind_patches(kinds: Sequence[Kind], scale: dict[str, Any]) -> list[Any]:
    """A patch in the colour of each kind on the map, with its name and reward; the highest reward first."""
    from matplotlib.patches import Patch

    return [
        Patch(facecolor=scale["cmap"](scale["norm"](kind.reward)), edgecolor=FRAME, linewidth=0.8, label=kind.words)
        for kind in sorted(kinds, key=lambda kind: -kind.reward)
    ]


def truth_of(kinds: Sequence[Kind], true_reward: ArrayLike) -> NDArray:
    """True reward of each kind, above that of places of no kind: means over the places, (number of kinds,)."""
    true = np.asarray(true_reward, dtype=float)
    plain = ~np.any([kind.places for kind in kinds], axis=0)
    base = float(np.nanmean(true[plain])) if plain.any() else 0.0
    return np.array([np.nanmean(true[kind.places]) - base for kind in kinds])
