r"""Rewards compared up to what no demonstration can tell.

In a discounted problem without an end a constant added to every reward changes no policy; nor does, in any problem, potential
shaping :math:`r(s,a) + \gamma E[\Phi(s')] - \Phi(s)`. Before two rewards are compared, that freedom is used to bring the
recovered one as near to the true one as it can get, in least squares over the available actions.

Source: Ng, A. Y., Harada, D. & Russell, S. (1999), Policy invariance under reward transformations, ICML.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import sparse
from scipy.sparse.linalg import splu

from .._validation import check_choice

REFINEMENTS = 3
FREEDOMS = ("auto", "nothing", "constant", "shaping")


@dataclass(frozen=True, eq=False)
class AlignedRewards:
    """Two rewards made comparable.

    Attributes
    ----------
    true, recovered : (S,) or (S, A) arrays
        NaN where nothing is ever earned. With shaping both have a column per action.
    note : str
        What was done, for the figure.
    correlation, rms : float
        Pearson correlation (NaN where one of them is constant) and root mean square difference of what remains.
    """

    true: NDArray
    recovered: NDArray
    note: str
    correlation: float
    rms: float


def align_rewards(true: ArrayLike, recovered: ArrayLike, mdp: Any = None, *, remove: str = "auto") -> AlignedRewards:
    """Remove from the recovered reward what the comparison is not about.

    Parameters
    ----------
    true, recovered : (S,) or (S, A) arrays
    mdp : MDP, optional
        Tells which states and actions count; needed for shaping, and where one reward is per action and the other not.
    remove : "constant", "shaping", "nothing" or "auto"
        "auto": the constant, but nothing where episodes end (terminal states or ending actions of the MDP): there a constant
        says how much each further step is worth, and is no matter of taste.

    Raises
    ------
    ValueError
        For shapes that do not fit, and for shaping without an MDP.
    """
    check_choice("remove", remove, FREEDOMS)
    true, recovered = (np.array(reward, dtype=float) for reward in (true, recovered))
    if remove == "shaping" and mdp is None:
        raise ValueError("removing shaping needs the MDP: pass mdp=")
    if mdp is not None:
        per_action = remove == "shaping" or true.ndim == 2 or recovered.ndim == 2
        true, recovered = (_masked(reward, mdp, per_action) for reward in (true, recovered))
    if true.shape != recovered.shape:
        raise ValueError(
            f"the true reward has shape {true.shape}, the recovered one {recovered.shape}; to compare a reward per state "
            "with one per action pass mdp="
        )
    both = np.isfinite(true) & np.isfinite(recovered)
    if not both.any():
        raise ValueError("no state has both a true and a recovered reward")
    note = "as fitted"
    if remove == "auto":
        ends = mdp is not None and (mdp.terminal.any() or mdp.ending is not None)
        remove = "nothing" if ends else "constant"
    if remove == "constant":
        constant = float((true[both] - recovered[both]).mean())
        recovered = recovered + constant
        note = f"free constant removed ({constant:+.3g})".replace("-", "\N{MINUS SIGN}")
    elif remove == "shaping":
        recovered = recovered + _nearest_shaping(mdp, np.where(both, true - recovered, 0.0), both)
        note = "constant and shaping removed"
    x, y = true[both], recovered[both]
    varies = len(x) > 1 and np.ptp(x) > 0 and np.ptp(y) > 0
    correlation = float(np.corrcoef(x, y)[0, 1]) if varies else float("nan")
    return AlignedRewards(true, recovered, note, correlation, float(np.sqrt(np.mean((x - y) ** 2))))


def _masked(reward: NDArray, mdp: Any, per_action: bool) -> NDArray:
    """Reward with NaN where nothing is earned, (S, A) if `per_action`."""
    S, A = mdp.n_states, mdp.n_actions
    if reward.shape not in ((S,), (S, A)):
        raise ValueError(f"a reward of this MDP has shape ({S},) or ({S}, {A}); got {reward.shape}")
    if not per_action:
        return np.where(mdp.available.any(axis=1), reward, np.nan)
    table = reward if reward.ndim == 2 else np.broadcast_to(reward[:, None], (S, A))
    return np.where(mdp.available, table, np.nan)


def _nearest_shaping(mdp: Any, gap: NDArray, counted: NDArray) -> NDArray:
    """The potential shaping nearest to `gap`, both (S, A), in least squares over the counted entries."""
    S, A = mdp.n_states, mdp.n_actions
    rows = np.flatnonzero(counted.T.ravel())
    here = sparse.csr_array((np.ones(A * S), (np.arange(A * S), np.tile(np.arange(S), A))), shape=(A * S, S))
    shaping = (mdp.discount * mdp.transitions - here).tocsr()
    free = np.flatnonzero(~mdp.terminal)  # the potential of the end is zero
    D = shaping[rows][:, free]
    normal = (D.T @ D).tocsc()
    # Potentials that move nothing (a constant, at discount 1) leave the equations singular: a ridge far below them, whose own
    # effect on those that do move something is taken back by refinement.
    ridge = 1e-10 * sparse.eye_array(len(free), format="csc")
    factors, left = splu((normal + ridge).tocsc()), gap.T.ravel()[rows]
    potential = np.zeros(S)
    for _ in range(REFINEMENTS):
        change = factors.solve(D.T @ left)
        potential[free] += change
        left = left - D @ change
    return (shaping @ potential).reshape(A, S).T
