"""Demonstrations from different MDPs that share their features: laid side by side, they are one problem.

No state of one part leads to another part, so the objective of the whole is the sum of the objectives of the parts. All that
works on one MDP (fits, errors, cross-validation, goals, sampling) therefore works on several maps, dynamics or years.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import sparse

from ..mdp import MDP
from .demonstrations import Demonstrations
from .feasibility import check_labels, check_range
from .labelled import as_demonstrations


@dataclass(frozen=True, eq=False)
class JoinedMDP:
    """Several MDPs as one; make it with `join`.

    Attributes
    ----------
    mdp : MDP
        State s of part i is state ``offsets[i] + s``; actions keep their numbers.
    offsets : (n_parts + 1,) int array
    n_actions : (n_parts,) int array
        Actions of each part; further ones are unavailable there.
    """

    mdp: MDP
    offsets: NDArray
    n_actions: NDArray

    def features(self, parts: Sequence[ArrayLike]) -> NDArray:
        """Features of the whole from those of the parts: all (S_i, K), or all (S_i, A_i, K), dense.

        Raises
        ------
        ValueError
            Naming the part that does not fit.
        """
        arrays = [np.asarray(part, dtype=float) for part in self._one_each("features", parts)]
        if arrays[0].ndim not in (2, 3):
            raise ValueError(f"features of part 0 must have shape (S, K) or (S, A, K); got {arrays[0].shape}")
        K = arrays[0].shape[-1]
        for i, array in enumerate(arrays):
            S, A = int(self.offsets[i + 1] - self.offsets[i]), int(self.n_actions[i])
            wanted = (S, K) if arrays[0].ndim == 2 else (S, A, K)
            if array.shape != wanted:
                raise ValueError(f"features of part {i} must have shape {wanted}, like part 0; got {array.shape}")
        if arrays[0].ndim == 2:
            return np.concatenate(arrays)
        out = np.zeros((self.mdp.n_states, self.mdp.n_actions, K))
        for start, array in zip(self.offsets, arrays, strict=False):
            out[start : start + len(array), : array.shape[1]] = array
        return out

    def demonstrations(self, parts: Sequence[Demonstrations]) -> Demonstrations:
        """All demonstrations of the parts, one part after another; labels of states give way to indices.

        Raises
        ------
        ValueError
            Naming the part whose demonstrations leave it, and if only some have goals.
        """
        placed: list[Demonstrations] = []
        for i, part in enumerate(self._one_each("demonstrations", parts)):
            start, size = int(self.offsets[i]), int(self.offsets[i + 1] - self.offsets[i])
            part = as_demonstrations(part)
            try:
                check_range(part, size, int(self.n_actions[i]))
                check_labels(part, size, int(self.n_actions[i]))
            except ValueError as error:
                raise ValueError(f"the demonstrations of part {i} do not fit it: {error}") from None
            shifted = {
                "states": part.states + start,
                "final_states": np.where(part.final_states >= 0, part.final_states + start, -1),
                "goals": None if part.goals is None else part.goals + start,
            }
            placed.append(part.changed(**shifted, state_labels=None, action_labels=None))
        whole = placed[0]
        for part in placed[1:]:
            whole = whole + part
        return whole

    def split(self, values: ArrayLike) -> list[NDArray]:
        """Cut an array with a row per state, such as `reward_` or `value_`, into one for each part."""
        return np.split(np.asarray(values), self.offsets[1:-1])

    def _one_each(self, what: str, parts: Sequence) -> Sequence:
        if len(parts) != len(self.n_actions):
            raise ValueError(f"{what} of {len(self.n_actions)} parts are needed; got {len(parts)}")
        return parts


def join(mdps: Sequence[MDP]) -> JoinedMDP:
    """Lay MDPs side by side.

    Parameters
    ----------
    mdps : sequence of MDP
        With the same discount and horizon. First states are drawn from each part alike, by its initial distribution.

    Raises
    ------
    ValueError
        For no MDPs, and for a discount or horizon that differs, naming the part.

    Examples
    --------
    >>> from maxent_irl import MaxEntIRL
    >>> from maxent_irl.demonstrations.joined import join
    >>> from maxent_irl.worlds import GridWorld
    >>> maps = GridWorld(3), GridWorld((2, 4))
    >>> both = join([world.mdp for world in maps])
    >>> both.mdp
    MDP(n_states=17, n_actions=5, discount=0.95, 85 transitions)
    >>> paths = both.demonstrations([[([0, 1, 2], [0, 0, 4])], [([0, 4], [1, 4])]])
    >>> features = both.features([world.cells for world in maps])
    >>> MaxEntIRL(both.mdp, features, l2=1.0).fit(paths).coef_.shape
    (2,)
    """
    if not len(mdps):
        raise ValueError("there is nothing to join: give at least one MDP")
    first = mdps[0]
    for i, mdp in enumerate(mdps):
        if (mdp.discount, mdp.horizon) != (first.discount, first.horizon):
            raise ValueError(
                f"part {i} has discount {mdp.discount:g} and horizon {mdp.horizon}, part 0 has {first.discount:g} and "
                f"{first.horizon}: parts of one problem need the same"
            )
    offsets = np.concatenate([[0], np.cumsum([mdp.n_states for mdp in mdps])])
    S, A = int(offsets[-1]), max(mdp.n_actions for mdp in mdps)
    rows, columns, data = [], [], []
    available = np.zeros((S, A), dtype=bool)
    ending = np.zeros((S, A)) if any(mdp.ending is not None for mdp in mdps) else None
    for start, mdp in zip(offsets, mdps, strict=False):
        P = sparse.coo_array(mdp.transitions)
        row, column = P.coords
        rows.append(row // mdp.n_states * S + start + row % mdp.n_states)
        columns.append(column + start)
        data.append(P.data)
        here = slice(start, start + mdp.n_states), slice(mdp.n_actions)
        available[here] = mdp.available
        if ending is not None and mdp.ending is not None:
            ending[here] = mdp.ending
    entries = (np.concatenate(data), (np.concatenate(rows), np.concatenate(columns)))
    given = any(mdp.initial is not None for mdp in mdps)
    whole = MDP.from_stacked(
        sparse.csr_array(entries, shape=(A * S, S)),
        A,
        initial=np.concatenate([mdp.initial_distribution for mdp in mdps]) / len(mdps) if given else None,
        discount=first.discount,
        horizon=first.horizon,
        terminal=np.concatenate([mdp.terminal for mdp in mdps]),
        available=available,
        ending=ending,
    )
    return JoinedMDP(whole, offsets, np.array([mdp.n_actions for mdp in mdps]))
