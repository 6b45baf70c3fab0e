"""Draw demonstrations from a policy: all trajectories advance together, one vectorised step at a time."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .._checks import check_count, label_hint
from ..mdp import MDP
from ..mdp.policies import check_policy
from ..mdp.structure import reaches_end
from .demonstrations import Demonstrations
from .draws import Outcomes, entries, generator, row_keys
from .flat import flatten

STEP_LIMIT, DECISION_LIMIT = 1_000_000, 50_000_000  # without max_steps; what runs longer is taken for endless


def sample_demonstrations(
    mdp: MDP,
    policy: ArrayLike,
    n_trajectories: int,
    *,
    max_steps: int | None = None,
    goals: ArrayLike | None = None,
    random_state: Any = None,
) -> Demonstrations:
    """Draw trajectories of a policy: data with a known truth, to try an estimator on.

    The first state comes from ``mdp.initial`` (None: uniform over the non-terminal states), given that it is neither terminal
    nor the trajectory's goal, where nothing would be decided. A trajectory stops

    - in a terminal state or its goal, which becomes its final state, or when the action ends the episode (``mdp.ending``; then
      there is no final state): it has terminated;
    - after ``mdp.horizon`` or `max_steps` decisions: it was cut, and its final state is the one reached.

    Parameters
    ----------
    mdp : MDP
    policy : (S, A) array, or (T, S, A) for a horizon of T
        Probabilities of the actions; rows of states that are never visited are not used.
    n_trajectories : int
    max_steps : int, optional
        Largest number of decisions per trajectory. Required for an infinite horizon in which the policy may never reach an end.
    goals : int or (n_trajectories,) int array, optional
        State that is terminal for all trajectories, or for each.
    random_state : None, int, numpy Generator, or numpy RandomState
        Goes to `numpy.random.default_rng`; a RandomState seeds it. The same int draws the same trajectories.

    Returns
    -------
    Demonstrations

    Raises
    ------
    ValueError
        If a policy or goal does not fit the MDP; if no first state is left; if a state is visited in which the policy does
        nothing; if the horizon is infinite, `max_steps` is None and a trajectory cannot end (or has not for very long).

    References
    ----------
    L. Devroye, Non-Uniform Random Variate Generation, Springer, 1986, section III.2: inversion by sequential or binary search.
    """
    n = check_count("n_trajectories", n_trajectories)
    bounds = [] if mdp.horizon is None else [mdp.horizon]
    bounds += [] if max_steps is None else [check_count("max_steps", max_steps)]
    goal_of = None if goals is None else goal_of_each(goals, n, mdp.n_states)
    if goal_of is not None and (goal_of == goal_of[0]).all():
        mdp = mdp.with_goal(int(goal_of[0]))
    policy = check_policy(mdp, policy)
    hopeless = None if bounds else _hopeless(mdp, policy, goal_of)
    rng = generator(random_state)

    policy_keys = row_keys(policy.T) if policy.ndim == 2 else None

    def choose(path: NDArray, s: NDArray, t: int, u: NDArray) -> NDArray:
        if policy_keys is not None:
            return entries(policy_keys, s, u) - s * mdp.n_actions
        return draw_actions(policy[t][:, s].T, u)

    def check(path: NDArray, s: NDArray, t: int, n_decisions: int) -> None:
        if hopeless is not None:
            _check_can_end(hopeless, path, s, t, n_decisions)

    first = _first_states(mdp, goal_of, n, rng)
    return walk(mdp, first, choose, rng, goals=goal_of, limit=min(bounds, default=STEP_LIMIT), check=check)


def draw_actions(rows: NDArray, u: NDArray) -> NDArray:
    """Draw an action from each row of probabilities, (n, A), by uniform numbers (n,); A where a row is empty."""
    n, A = rows.shape
    return entries(row_keys(rows), np.arange(n), u) - np.arange(n) * A


def walk(
    mdp: MDP,
    first: NDArray,
    choose: Callable[[NDArray, NDArray, int, NDArray], NDArray],
    rng: np.random.Generator,
    *,
    goals: NDArray | None,
    limit: int,
    check: Callable[[NDArray, NDArray, int, int], None],
) -> Demonstrations:
    """Let all trajectories advance together until they end, for at most `limit` decisions.

    Parameters
    ----------
    mdp : MDP
    first : (n,) int array, first states
    choose : callable
        ``choose(trajectories, states, t, u)`` gives the actions for uniform numbers u; ``mdp.n_actions`` for none.
    rng : Generator
    goals : (n,) int array or None
    check : callable
        ``check(trajectories, states, t, n_decisions)`` is told which trajectories go on after step t, and from where.
    """
    S, A, n = mdp.n_states, mdp.n_actions, len(first)
    outcomes = Outcomes(mdp)
    lengths = np.zeros(n, dtype=np.int64)
    final_states = np.full(n, -1, dtype=np.int64)
    terminated = np.zeros(n, dtype=bool)
    path, s = np.arange(n), first  # the trajectories that go on, and where they are
    steps: list[tuple[NDArray, NDArray, NDArray]] = []
    n_decisions = 0
    for t in range(limit):
        u = rng.random((2, len(s)))
        a = choose(path, s, t, u[0])
        if (a >= A).any():
            i = int(np.flatnonzero(a >= A)[0])
            raise ValueError(f"trajectory {path[i]} is in state {s[i]} at step {t}, where the policy takes no action")
        steps.append((path, s, a))
        n_decisions += len(s)
        lengths[path] = t + 1

        final_states[path] = next_s = outcomes(a * S + s, u[1])
        ended = (next_s < 0) | mdp.terminal[next_s]
        if goals is not None:
            ended |= next_s == goals[path]
        terminated[path] = ended
        path, s = path[~ended], next_s[~ended]
        if not path.size:
            break
        check(path, s, t, n_decisions)

    paths, states, actions = (np.concatenate(column) for column in zip(*steps, strict=True))
    times = np.repeat(np.arange(len(steps)), [len(step[0]) for step in steps])
    place = (np.cumsum(lengths) - lengths)[paths] + times
    flat = np.empty((2, n_decisions), dtype=np.int64)
    flat[0, place], flat[1, place] = states, actions
    whole = flatten(flat[0], flat[1], lengths, final_states, terminated=terminated, goals=goals)
    return Demonstrations.from_fields(whole.fields())


def _first_states(mdp: MDP, goal_of: NDArray | None, n: int, rng: np.random.Generator) -> NDArray:
    """Draw from the initial distribution, given that the state is neither terminal nor the trajectory's goal."""
    mass = np.where(mdp.terminal, 0.0, mdp.initial_distribution)
    support = np.flatnonzero(mass)
    if not support.size:
        raise ValueError("every first state is terminal, so nothing would be decided: give the MDP another initial=")
    cumulative = np.cumsum(mass)
    if goal_of is None:
        u = rng.random(n) * cumulative[-1]
    else:  # cut the goal's interval out of [0, total)
        if support.size == 1 and (goal_of == support[0]).any():
            i = int(np.flatnonzero(goal_of == support[0])[0])
            raise ValueError(
                f"trajectory {i} can only start in state {support[0]}, its goal: give the MDP another initial="
            )
        u = rng.random(n) * (cumulative[-1] - mass[goal_of])
        u += np.where(u >= np.append(0.0, cumulative)[goal_of], mass[goal_of], 0.0)
    return np.minimum(np.searchsorted(cumulative, u, side="right"), support[-1])


def _hopeless(mdp: MDP, policy: NDArray, goal_of: NDArray | None) -> NDArray:
    """(S,) bool: states from which the policy gets to no end (to nobody's, where goals differ)."""
    terminal = mdp.terminal.copy()
    if goal_of is not None:
        terminal[goal_of] = True
    ends = np.zeros(policy.shape, dtype=bool) if mdp.ending is None else mdp.ending.T > 0
    return ~reaches_end(mdp.transitions, policy > 0, terminal, ends)


def _check_can_end(hopeless: NDArray, path: NDArray, s: NDArray, t: int, n_decisions: int) -> None:
    stuck = hopeless[s]
    if stuck.any():
        i = int(np.flatnonzero(stuck)[0])
        raise ValueError(
            f"trajectory {path[i]} is in state {s[i]} after step {t}, from which this policy never gets to an end, "
            "and the horizon is infinite: pass max_steps="
        )
    if t + 1 == STEP_LIMIT or n_decisions > DECISION_LIMIT:
        raise ValueError(
            f"after {t + 1:,} steps, {n_decisions:,} decisions in all, {len(path)} trajectories have not ended, among them "
            f"trajectory {path[0]}: pass max_steps="
        )


def goal_of_each(goals: ArrayLike, n: int, n_states: int) -> NDArray:
    """One goal for each of n trajectories, (n,) int, from that or a single one."""
    given = np.asarray(goals)
    if given.dtype.kind not in "iu" or given.shape not in ((), (n,)):
        raise ValueError(
            f"goals must be one state index, or {n}, one per trajectory; got {given.dtype} {given.shape}{label_hint(given)}"
        )
    outside = (given < 0) | (given >= n_states)
    if outside.any():
        raise ValueError(f"goal {given[outside].flat[0]} is no state; states are 0..{n_states - 1}")
    return np.broadcast_to(given, n).astype(np.int64)
