r"""Two rewards compared up to what demonstrations cannot identify.

In a discounted problem without an end, adding a constant to the reward changes no policy. In any problem, potential shaping
:math:`r(s,a) + \gamma E[\Phi(s')] - \Phi(s)` changes no policy. Before two rewards are compared, the recovered one is moved as
close as possible to the true one by such a change, in least squares over the available actions.

Source: Ng, A. Y., Harada, D. & Russell, S. (1999), Policy invariance under reward transformations, ICML.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import sparse
from scipy.sparse.linalg import splu

from .._checks import check_choice
from ..mdp import MDP

REFINEMENTS = 3
FREEDOMS = ("auto", "nothing", "constant", "shaping")


@dataclass(frozen=True, eq=False)
class AlignedRewards:
    """A true and a recovered reward after alignment.

    Attributes
    ----------
    true, recovered : (S,) or (S, A) arrays, in units of reward
        NaN where no decision is taken. With shaping both have a column per action.
    note : str
        What was added to the recovered reward, for captions.
    correlation : float
        Pearson correlation of the aligned rewards; NaN where one of them is constant.
    rms : float
        Root mean square difference of the aligned rewards, in units of reward.
    """

    true: NDArray  # (S,) or (S, A)
    recovered: NDArray  # (S,) or (S, A)
    note: str
    correlation: float
    rms: float


def align_rewards(
    true: ArrayLike, recovered: ArrayLike, mdp: MDP | None = None, *, remove: str = "auto"
) -> AlignedRewards:
    """Move the recovered reward as close to the true one as demonstrations allow.

    Parameters
    ----------
    true, recovered : (S,) or (S, A) arrays
    mdp : MDP, optional
        Says which states and actions count. Needed for shaping, and where only one of the rewards is per action.
    remove : "constant", "shaping", "nothing" or "auto"
        "constant": add the mean difference. "shaping": add the nearest potential shaping, constants included. "auto": the
        constant, but nothing where the MDP has terminal states or ending actions, because there a constant changes the policy.

    Returns
    -------
    AlignedRewards

    Raises
    ------
    ValueError
        For shapes that differ or do not fit the MDP, and for shaping without an MDP.
    """
    check_choice("remove", remove, FREEDOMS)
    target, found = np.array(true, dtype=float), np.array(recovered, dtype=float)
    if remove == "shaping" and mdp is None:
        raise ValueError("removing shaping needs the MDP: pass mdp=")
    if mdp is not None:
        per_action = remove == "shaping" or target.ndim == 2 or found.ndim == 2
        target, found = (_masked(reward, mdp, per_action) for reward in (target, found))
    if target.shape != found.shape:
        raise ValueError(
            f"the true reward has shape {target.shape}, the recovered one {found.shape}; to compare a reward per state "
            "with one per action pass mdp="
        )
    both = np.isfinite(target) & np.isfinite(found)
    if not both.any():
        raise ValueError("no state has both a true and a recovered reward")
    note = "not shifted"
    if remove == "auto":
        ends = mdp is not None and (mdp.terminal.any() or mdp.ending is not None)
        remove = "nothing" if ends else "constant"
    if remove == "constant":
        constant = float((target[both] - found[both]).mean())
        found = found + constant
        note = f"shifted by {constant:+.3g}, which changes no decision".replace("-", "\N{MINUS SIGN}")
    elif remove == "shaping" and mdp is not None:
        found = found + _nearest_shaping(mdp, np.where(both, target - found, 0.0), both)
        note = "shifted by a constant and a potential shaping, which change no decision"
    x, y = target[both], found[both]
    varies = len(x) > 1 and np.ptp(x) > 0 and np.ptp(y) > 0
    correlation = float(np.corrcoef(x, y)[0, 1]) if varies else float("nan")
    return AlignedRewards(target, found, note, correlation, float(np.sqrt(np.mean((x - y) ** 2))))


def _masked(reward: NDArray, mdp: MDP, per_action: bool) -> NDArray:
    """Reward with NaN where no decision is taken, (S, A) if `per_action`."""
    S, A = mdp.n_states, mdp.n_actions
    if reward.shape not in ((S,), (S, A)):
        raise ValueError(f"a reward of this MDP has shape ({S},) or ({S}, {A}); got {reward.shape}")
    if not per_action:
        return np.where(mdp.available.any(axis=1), reward, np.nan)
    table = reward if reward.ndim == 2 else np.broadcast_to(reward[:, None], (S, A))
    return np.where(mdp.available, table, np.nan)


def _nearest_shaping(mdp: MDP, gap: NDArray, counted: NDArray) -> NDArray:
    """The potential shaping nearest to `gap`, both (S, A), in least squares over the counted entries."""
    S, A = mdp.n_states, mdp.n_actions
    rows = np.flatnonzero(counted.T.ravel())
    here = sparse.csr_array((np.ones(A * S), (np.arange(A * S), np.tile(np.arange(S), A))), shape=(A * S, S))
    shaping = (mdp.discount * mdp.transitions - here).tocsr()
    free = np.flatnonzero(~mdp.terminal)  # the potential of the end is zero
    D = shaping[rows][:, free]
    normal = (D.T @ D).tocsc()
    # The equations are singular where some potential changes no reward, as a constant at discount 1. A small ridge makes them
    # regular; iterative refinement removes its effect on all other potentials.
    ridge = 1e-10 * sparse.eye_array(len(free), format="csc")
    factors, left = splu((normal + ridge).tocsc()), gap.T.ravel()[rows]
    potential = np.zeros(S)
    for _ in range(REFINEMENTS):
        change = factors.solve(D.T @ left)
        potential[free] += change
        left = left - D @ change
    return (shaping @ potential).reshape(A, S).T
