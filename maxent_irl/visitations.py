"""Expected visitations: where a policy goes, how often, and the adjoint question, what being there is worth.

`expected_visitations` pushes a distribution forward through policy and dynamics; `policy_value` pulls a reward backward.
They are adjoint: ``<expected_visitations(initial), reward> = <initial, policy_value(reward)>``.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ._linear_systems import Staged, Stationary
from ._structure import reaches_end
from ._validation import check_finite, check_numbers, check_policy, check_reward
from .inference import SoftSolution
from .mdp import MDP


def expected_visitations(mdp: MDP, policy: ArrayLike | SoftSolution, *, initial: ArrayLike | None = None) -> NDArray:
    """Expected discounted number of times each state-action pair is visited.

    Parameters
    ----------
    mdp : MDP
    policy : (S, A) or (T, S, A) array, or SoftSolution
        A solution brings its own dynamics: under exact inference visitations flow through the tilted ones.
    initial : (S,) array, optional
        Any source of mass, not only a distribution (also negative: gradients need that). With a horizon also (T + 1, S):
        mass that enters at each time. None: ``mdp.initial_distribution``.

    Returns
    -------
    (S, A) array, or (T, S, A) with a horizon T
        With the discount in it. Where nothing ends and `initial` sums to 1, it sums to ``1 / (1 - discount)``; with a
        horizon and discount 1, to T.

    Raises
    ------
    ValueError
        For a policy that is no policy, naming the state; and where an undiscounted policy never ends.

    Examples
    --------
    >>> import numpy as np
    >>> from maxent_irl import MDP, expected_visitations
    >>> cycle = MDP.from_successors([[1], [0]], discount=0.5, initial=[1.0, 0.0])
    >>> expected_visitations(cycle, [[1.0], [1.0]]).ravel().round(4)
    array([1.3333, 0.6667])
    """
    linear = linearise(mdp, policy)
    source = check_numbers("initial", mdp.initial_distribution if initial is None else initial)
    S, T = mdp.n_states, mdp.horizon
    if T is not None and source.shape == (S,):
        source = np.concatenate([source[None], np.zeros((T, S))])
    wanted = (S,) if T is None else (T + 1, S)
    if source.shape != wanted:
        raise ValueError(f"initial must have shape {wanted}; got {source.shape}")
    check_finite("initial", source, ("state",) if T is None else ("time", "state"))
    d = linear.flow(source)
    return np.swapaxes(linear.policy * (d if T is None else d[:-1])[..., None, :], -1, -2)


def policy_value(mdp: MDP, policy: ArrayLike | SoftSolution, reward: ArrayLike) -> NDArray:
    """Expected discounted reward of following a policy from each state: policy evaluation, without any entropy.

    Parameters
    ----------
    mdp : MDP
    policy : (S, A) or (T, S, A) array, or SoftSolution
    reward : (S,) or (S, A) array

    Returns
    -------
    (S,) array, or (T + 1, S) with a horizon T
    """
    linear = linearise(mdp, policy)
    r = check_reward(mdp, reward)
    return linear.accumulate(linear.average(np.broadcast_to(r, linear.policy.shape)))


def linearise(mdp: MDP, policy: ArrayLike | SoftSolution) -> Stationary | Staged:
    """The linear equations of following a policy; a solution brings its own, under exact inference with tilted dynamics."""
    if isinstance(policy, SoftSolution):
        return policy.linearisation
    pi = check_policy(mdp, policy)
    if mdp.horizon is None:
        if mdp.discount == 1.0:
            _check_ends(mdp, pi)
        return Stationary(mdp, pi)
    return Staged(mdp, np.broadcast_to(pi, (mdp.horizon, *pi.shape[-2:])))


def _check_ends(mdp: MDP, policy: NDArray) -> None:
    """Raise if an undiscounted policy, (A, S), never ends from some state: a solve would give huge numbers, or none."""
    ends = np.zeros(policy.shape, dtype=bool) if mdp.ending is None else mdp.ending.T > 0
    lost = policy.any(axis=0) & ~reaches_end(mdp.transitions, policy > 0, mdp.terminal, ends)
    if lost.any():
        raise ValueError(
            f"under this policy an undiscounted problem never ends from state {int(np.flatnonzero(lost)[0])}; "
            "use discount < 1, a horizon, or a policy that reaches a terminal state from everywhere"
        )
