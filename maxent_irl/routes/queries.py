"""What people ask of a route choice model: likely routes, where somebody is heading, how much traffic a link will carry.

All functions but `most_likely_paths`, which is for policies without goals, take the `GoalPolicies` of a reward: those of a fit,
``MaxEntIRL(...).fit(trips).goal_policies()``, or of any other.
How much of the routes taken was predicted, `maxent_irl.metrics.path_match` tells.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import sparse, special
from scipy.sparse import csgraph

from .._checks import check_indices
from ..demonstrations import Demonstrations
from ..demonstrations.sampling import goal_of_each
from ..inference.visitations import expected_visitations
from ..mdp import MDP
from ..mdp.policies import check_policy
from .policies import GoalPolicies
from .systems import LARGE, LIGHTEST

__all__ = ["GoalPolicies", "destination_posterior", "expected_flows", "most_likely_routes", "route_log_probabilities"]


def route_log_probabilities(policies: GoalPolicies, trips: Demonstrations) -> NDArray:
    """Log-probability of each trip's decisions, given where it starts and its goal; (n,).

    Parameters
    ----------
    policies : GoalPolicies
    trips : Demonstrations with goals
        Without chance this is the probability of the route as a whole; where outcomes are random, that of its choices.

    Raises
    ------
    ValueError
        If the trips have no goals or do not fit the MDP, naming trip and step.
    """
    _check_trips(policies, trips)
    goals = np.asarray(trips.goals)[trips.trajectory_ids]
    log_p = policies.log_probabilities(trips.states, trips.actions, goals, trips.times)
    return np.add.reduceat(log_p, trips.offsets[:-1])


def most_likely_routes(policies: GoalPolicies, first: ArrayLike, goals: ArrayLike) -> Demonstrations:
    """The single most probable way from each first state to its goal: the shortest path where costs are -log probabilities.

    Under a soft policy without chance that is the route of greatest total reward. Where outcomes are random it is the most
    probable sequence of actions and outcomes together.

    Parameters
    ----------
    policies : GoalPolicies
        Infinite horizon.
    first : (n,) int array
    goals : int or (n,) int array

    Returns
    -------
    Demonstrations
        In the order of `first`, with the goals.

    Raises
    ------
    ValueError
        For a trip that starts in its goal or cannot get there, naming it.
    """
    mdp = policies.mdp
    if mdp.horizon is not None:
        raise ValueError("most likely routes are defined for an infinite horizon")
    first = np.asarray(first)
    goal_of = goal_of_each(goals, len(first), mdp.n_states)
    routes: list = [None] * len(first)
    for goal in np.unique(goal_of):
        mine = np.flatnonzero(goal_of == goal)
        for i, route in zip(mine, _likeliest(policies, int(goal), first[mine]), strict=True):
            if route is None:
                raise ValueError(f"trip {i} cannot get from state {first[i]} to its goal {goal}")
            if len(route[1]) == 0:
                raise ValueError(f"trip {i} starts in its goal, state {goal}: nothing is to be decided")
            routes[i] = route
    return Demonstrations(routes, goals=goal_of.tolist())


def _likeliest(policies: GoalPolicies, goal: int, first: NDArray) -> list:
    """(states, actions) of the most probable way from each state to the goal; None where there is none."""
    P, S = policies.mdp.transitions, policies.mdp.n_states
    log_p = policies.log_policy(goal).T.ravel()  # (A * S,)
    pair = np.repeat(np.arange(len(log_p)), np.diff(P.indptr))
    cost = -log_p[pair] - np.log(P.data)
    order = np.lexsort((cost, P.indices, pair % S))
    order = order[np.isfinite(cost[order])]
    s, t, c = pair[order] % S, P.indices[order], cost[order]
    cheapest = np.ones(len(s), dtype=bool)  # of parallel moves
    cheapest[1:] = (s[1:] != s[:-1]) | (t[1:] != t[:-1])
    s, t, c, action = s[cheapest], t[cheapest], c[cheapest], pair[order][cheapest] // S
    # csgraph takes a stored zero for "no move": a certain move costs next to nothing.
    graph = sparse.csr_array((np.maximum(c, 1e-300), (t, s)), shape=(S, S))
    distance, after = csgraph.dijkstra(graph, indices=goal, return_predecessors=True)
    taken = sparse.csr_array((action + 1, (s, t)), shape=(S, S))
    found: list[tuple[list[int], Any] | None] = []
    for state in first:
        if not np.isfinite(distance[state]):
            found.append(None)
            continue
        path = [int(state)]
        while path[-1] != goal:
            path.append(int(after[path[-1]]))
        found.append((path, np.asarray(taken[path[:-1], path[1:]], dtype=np.int64) - 1 if len(path) > 1 else []))
    return found


def most_likely_paths(mdp: MDP, policy: ArrayLike, first: ArrayLike, n_steps: ArrayLike) -> Demonstrations:
    """The single most probable path of so many decisions from each first state, or a shorter one that ends in a terminal state.

    Found by dynamic programming (Viterbi 1967, IEEE Transactions on Information Theory 13(2)): always taking the likeliest action
    would lead to a less likely path wherever that has many likely continuations. Of equally likely actions the first is taken.

    Parameters
    ----------
    mdp : MDP
        Deterministic.
    policy : (S, A) array, or (T, S, A) with a horizon T
    first : (n,) int array
    n_steps : int or (n,) int array
        Number of decisions >= 1, at most the horizon.

    Returns
    -------
    Demonstrations
        In the order of `first`.

    Raises
    ------
    ValueError
        If outcomes are random, for a path that starts in a terminal state, naming it, and for bad numbers.
    """
    if not mdp.structure.deterministic:
        raise ValueError("outcomes are random: there is no path to be predicted, as none is decided by actions alone")
    first = check_indices("first", first, mdp.n_states)
    steps = check_indices("n_steps", np.broadcast_to(n_steps, first.shape), (mdp.horizon or 2**31 - 1) + 1)
    for name, wrong in (("starts in a terminal state", mdp.terminal[first]), ("has no decision", steps < 1)):
        if wrong.any():
            raise ValueError(f"path {int(np.flatnonzero(wrong)[0])} {name}: nothing is to be decided")
    with np.errstate(divide="ignore"):
        log_p = np.log(check_policy(mdp, policy))  # (A, S) or (T, A, S)
    P, S = mdp.transitions, mdp.n_states
    lengths = np.diff(P.indptr)
    after = np.where(lengths > 0, P.indices[np.minimum(P.indptr[:-1], P.nnz - 1)], S).reshape(-1, S)  # S: it has ended
    paths: list = [None] * len(first)
    for longest in np.unique(steps) if log_p.ndim == 3 else np.unique(steps)[-1:]:
        best, value = np.empty((longest, S), dtype=np.int32), np.zeros(S + 1)
        for left in range(longest):  # decisions left after this one
            score = (log_p if log_p.ndim == 2 else log_p[longest - 1 - left]) + value[after]
            best[left] = score.argmax(axis=0)
            value[:S] = np.where(mdp.terminal, 0.0, score.max(axis=0))
        for i in np.flatnonzero(steps == longest) if log_p.ndim == 3 else range(len(first)):
            if not np.isfinite(value[first[i]]):
                raise ValueError(
                    f"path {i} starts in state {first[i]}, from where no path of {longest} decisions is possible"
                )
            actions: list[int] = []
            states = [int(first[i])]
            while len(actions) < steps[i] and states[-1] < S and not mdp.terminal[states[-1]]:
                actions.append(int(best[steps[i] - 1 - len(actions), states[-1]]))
                states.append(int(after[actions[-1], states[-1]]))
            paths[i] = (states if states[-1] < S else states[:-1], actions)
    return Demonstrations(paths)


def destination_posterior(
    policies: GoalPolicies, states: ArrayLike, actions: ArrayLike, goals: ArrayLike, *, prior: ArrayLike | None = None
) -> NDArray:
    r"""Where is somebody heading who has come this way? Probability of each goal after each step of a path.

    By Bayes' rule :math:`P(g \mid \text{path}) \propto P(g) \prod_t \pi_g(a_t \mid s_t)`; without chance the product is
    :math:`\exp((V_g(s_t) - V_g(s_0)) / \alpha)` times what is common to all goals (Ziebart et al. 2008, section 5).

    Parameters
    ----------
    policies : GoalPolicies
    states : (T + 1,) int array
        States of the path, the present one last.
    actions : (T,) int array
    goals : (G,) int array, distinct
    prior : (G,) array, optional
        Probability of each goal before anything was seen. None: equal.

    Returns
    -------
    (T + 1, G) array; row t is after t steps, and row 0 the prior

    Raises
    ------
    ValueError
        If the path cannot be, or no goal can explain it, naming the step; for lengths that do not fit.
    """
    states, actions, goals = np.asarray(states), np.asarray(actions), np.asarray(goals)
    if len(states) != len(actions) + 1:
        raise ValueError(f"a path has one state more than actions; got {len(states)} and {len(actions)}")
    goal_of_each(goals, len(goals), policies.mdp.n_states)
    if len(np.unique(goals)) < len(goals):
        raise ValueError(f"goals must be distinct; got {goals.tolist()}")
    if len(actions):
        Demonstrations([(states, actions)]).validate_against(policies.mdp)
    weight = np.ones(len(goals)) if prior is None else np.asarray(prior, dtype=float)
    if weight.shape != goals.shape or not (weight >= 0).all() or not weight.sum() > 0:
        raise ValueError(f"prior must hold {len(goals)} probabilities, one per goal; got {prior!r}")
    if policies.telescoping:
        gained = _linear_progress(policies, states, goals)
    else:
        gained = np.zeros((len(states), len(goals)))
        for k, goal in enumerate(goals):
            steps = policies.log_probabilities(states[:-1], actions, int(goal), np.arange(len(actions)))
            gained[1:, k] = np.cumsum(steps)
    gained[0] = 0.0
    visited = states[:-1, None] == goals  # a trip is over in its goal: whoever goes on was not heading there
    gained[1:][np.logical_or.accumulate(visited, axis=0)] = -np.inf
    with np.errstate(divide="ignore"):
        log_posterior = np.log(weight) + gained
    total = special.logsumexp(log_posterior, axis=1, keepdims=True)
    if not np.isfinite(total).all():
        step = int(np.flatnonzero(~np.isfinite(total[:, 0]))[0])
        raise ValueError(
            f"none of the goals can be reached by this path: after step {step - 1} all have probability zero"
        )
    return np.exp(log_posterior - total)


def _linear_progress(policies: GoalPolicies, states: NDArray, goals: NDArray) -> NDArray:
    """(V_g(s_t) - V_g(s_0)) / alpha for all steps and goals, (T + 1, G).

    A row of (I - M)^-1 holds z of one state for every goal, up to a factor of the goal that cancels: one solve per state of the
    path, however many goals there are.
    """
    systems = policies.systems
    distinct, at = np.unique(states, return_inverse=True)
    rows = np.zeros((len(distinct), len(goals)))
    if systems.shared:
        resolvent = systems.shared[0][1]
        for k, state in enumerate(distinct):
            unit = np.zeros(policies.mdp.n_states)
            unit[state] = LARGE
            rows[k] = resolvent.solve(unit, transposed=True)[goals]
    with np.errstate(divide="ignore"):
        V = np.log(rows)
    for k in map(int, np.flatnonzero((rows < LIGHTEST * LARGE).any(axis=0))):
        V[:, k] = policies.values(int(goals[k]), distinct) / policies.temperature
    start = V[at[0]]
    return np.where(np.isfinite(start), V[at] - np.where(np.isfinite(start), start, 0.0), -np.inf)


def expected_flows(
    policies: GoalPolicies, first: ArrayLike, goals: ArrayLike, demand: ArrayLike | None = None
) -> NDArray:
    """Expected traffic of an origin-destination table: how often each action is taken in each state, by all trips together.

    Parameters
    ----------
    policies : GoalPolicies
        Infinite horizon.
    first, goals : (n,) int arrays
        Origin and destination of each row of the table; `goals` may be a single one.
    demand : (n,) array, optional
        Number of trips of each row, in any unit: the result has the same. None: 1 each.

    Returns
    -------
    (S, A) array
        `RoadNetwork.link_flows` sums it by link.

    Raises
    ------
    ValueError
        For an origin from which its destination cannot be reached, naming the row.
    """
    mdp = policies.mdp
    first = np.asarray(first)
    goal_of = goal_of_each(goals, len(first), mdp.n_states)
    amount = np.ones(len(first)) if demand is None else np.asarray(demand, dtype=float)
    if amount.shape != first.shape or not np.isfinite(amount).all():
        raise ValueError(f"demand must hold {len(first)} finite numbers, one per row of the table")
    total = np.zeros((mdp.n_actions, mdp.n_states))
    for goal in np.unique(goal_of):
        mine = np.flatnonzero((goal_of == goal) & (first != goal))
        reached = np.isfinite(policies.values(int(goal), first[mine]))
        if not reached.all():
            row = mine[np.flatnonzero(~reached)[0]]
            raise ValueError(f"row {row} of the table: goal {goal} cannot be reached from state {first[row]}")
        if policies.telescoping:
            flow = policies.linear_solution(int(goal), first[mine]).flow(first[mine], amount[mine])
            total.ravel()[policies.systems.moves.pair] += flow
        else:
            source = np.bincount(first[mine], weights=amount[mine], minlength=mdp.n_states)
            visits = expected_visitations(mdp.with_goal(int(goal)), policies.solve(int(goal)), initial=source)
            total += (visits if visits.ndim == 2 else visits.sum(axis=0)).T
    return total.T


def _check_trips(policies: GoalPolicies, trips: Demonstrations) -> None:
    if not isinstance(trips, Demonstrations) or trips.goals is None:
        raise ValueError("the trips have no goals: build them with Demonstrations(..., goals=...)")
    trips.validate_against(policies.mdp)
