"""Expected visitations: where a policy goes and how often; and policy evaluation, the adjoint question.

`expected_visitations` pushes a distribution forward through policy and dynamics; `policy_value` pulls a reward backward.
They are adjoint: ``<expected_visitations(initial), reward> = <initial, policy_value(reward)>``.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .._checks import check_finite, check_numbers
from ..mdp import MDP
from ..mdp.policies import check_policy
from ..mdp.process import check_reward
from ..mdp.structure import reaches_end
from .agent import SoftSolution
from .linearisation import Linearisation, linearise


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
    linear = linearisation_of(mdp, policy)
    source = check_numbers("initial", mdp.initial_distribution if initial is None else initial)
    S, T = mdp.n_states, mdp.horizon
    by_time = T is not None and source.shape == (T + 1, S)
    if source.shape != (S,) and not by_time:
        wanted = f"({S},)" if T is None else f"({S},) or ({T + 1}, {S})"
        raise ValueError(f"initial must have shape {wanted}; got {source.shape}")
    check_finite("initial", source, ("time", "state") if by_time else ("state",))
    entering = np.zeros((linear.n_value_times, S))
    entering[slice(None) if by_time else 0] = source
    d = linear.flow(entering)[: len(linear.policy)]
    visitations = np.swapaxes(linear.policy * d[:, None, :], -1, -2)
    return visitations[0] if T is None else visitations


def policy_value(mdp: MDP, policy: ArrayLike | SoftSolution, reward: ArrayLike) -> NDArray:
    """Expected discounted reward of following a policy from each state: policy evaluation, without any entropy.

    Parameters
    ----------
    mdp : MDP
    policy : (S, A) or (T, S, A) array, or SoftSolution
    reward : (S,) or (S, A) array, or (T, S, A) with a horizon T

    Returns
    -------
    (S,) array, or (T + 1, S) with a horizon T
    """
    linear = linearisation_of(mdp, policy)
    r = check_reward(mdp, reward)
    V = linear.accumulate(linear.average(np.broadcast_to(r, linear.policy.shape)))
    return V[0] if mdp.horizon is None else V


def linearisation_of(mdp: MDP, policy: ArrayLike | SoftSolution) -> Linearisation:
    """The linear equations of following a policy; a solution brings its own, under exact inference with tilted dynamics."""
    if isinstance(policy, SoftSolution):
        return policy.linearisation
    pi = check_policy(mdp, policy)
    if mdp.horizon is None and mdp.discount == 1.0:
        _check_ends(mdp, pi)
    return linearise(mdp, pi)


def _check_ends(mdp: MDP, policy: NDArray) -> None:
    """Raise if an undiscounted policy, (A, S), never ends from some state: a solve would give huge numbers, or none."""
    ends = np.zeros(policy.shape, dtype=bool) if mdp.ending is None else mdp.ending.T > 0
    lost = policy.any(axis=0) & ~reaches_end(mdp.transitions, policy > 0, mdp.terminal, ends)
    if lost.any():
        raise ValueError(
            f"under this policy an undiscounted problem never ends from state {int(np.flatnonzero(lost)[0])}; "
            "use discount < 1, a horizon, or a policy that reaches a terminal state from everywhere"
        )
