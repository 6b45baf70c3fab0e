import numpy as np
import pytest

from maxent_irl import MDP, Demonstrations
from maxent_irl.metrics import path_match
from maxent_irl.routes import (
    destination_posterior,
    expected_flows,
    most_likely_paths,
    most_likely_routes,
    route_log_probabilities,
)
from maxent_irl.routes.policies import GoalPolicies
from maxent_irl.worlds import RoadNetwork

ARCS = {
    (0, 1): 1.0,
    (1, 0): 1.0,
    (1, 2): 1.5,
    (2, 1): 1.5,
    (0, 3): 1.2,
    (3, 2): 1.1,
    (2, 3): 1.0,
    (3, 0): 1.0,
    (1, 3): 2.0,
}


def network(**options) -> RoadNetwork:
    tail, head = zip(*ARCS, strict=True)
    options = {"states": "nodes"} | options
    return RoadNetwork(tail, head, attributes={"length": list(ARCS.values())}, **options)


def policies_of(world: RoadNetwork, scale=-2.0) -> GoalPolicies:
    return GoalPolicies(world.mdp, scale * world.features("length")[..., 0])


def by_chance() -> GoalPolicies:
    rng = np.random.default_rng(4)
    P = rng.dirichlet(0.3 * np.ones(5), (5, 2))
    return GoalPolicies(MDP(P, discount=0.95, terminal=[]), rng.normal(size=(5, 2)) - 1)


def walks(policies: GoalPolicies, start: int, goal: int, n_steps: int):
    """Every walk of up to n_steps decisions that ends in the goal, as (probability, states, actions)."""
    policy = policies.solve(goal).policy
    after = policies.mdp.transitions
    S, open_ = policies.mdp.n_states, [(1.0, [start], [])]
    for _ in range(n_steps):
        longer = []
        for p, states, actions in open_:
            for a in np.flatnonzero(policy[states[-1]]):
                row = after[[a * S + states[-1]]]
                for t, chance in zip(row.indices, row.data, strict=True):
                    found = (p * policy[states[-1], a] * chance, [*states, int(t)], [*actions, int(a)])
                    if t == goal:
                        yield found
                    else:
                        longer.append(found)
        open_ = longer


def test_log_probabilities_of_routes_add_up_to_one():
    policies = policies_of(network())
    found = list(walks(policies, 0, 2, 12))
    trips = Demonstrations([(s, a) for _, s, a in found], goals=[2] * len(found))
    log_p = route_log_probabilities(policies, trips)
    np.testing.assert_allclose(np.exp(log_p), [p for p, *_ in found], rtol=1e-9)
    assert np.exp(log_p).sum() == pytest.approx(1.0, abs=1e-4)  # the rest are longer


@pytest.mark.parametrize("kind", ["roads", "chance"])
def test_most_likely_route_is_the_best_of_all(kind):
    policies = policies_of(network()) if kind == "roads" else by_chance()
    for goal in range(4):
        starts = [s for s in range(4) if s != goal]
        routes = most_likely_routes(policies, starts, goal)
        for start, route in zip(starts, routes, strict=True):
            p, states, actions = max(walks(policies, start, goal, 6 if kind == "roads" else 3))
            assert route.states.tolist() == states
            if kind == "roads":
                assert route.actions.tolist() == actions
            assert p > 0


def test_most_likely_route_takes_the_better_of_parallel_links():
    world = RoadNetwork([0, 0, 1], [1, 1, 2], attributes={"length": [3.0, 1.0, 1.0]}, states="nodes")
    (route,) = most_likely_routes(policies_of(world), [0], 2)
    assert route.actions.tolist() == [1, 0]


def test_most_likely_route_that_does_not_exist():
    world = RoadNetwork([0, 1, 1], [1, 0, 2], attributes={"length": [1.0] * 3}, states="nodes")
    with pytest.raises(ValueError, match="trip 1 cannot get from state 2 to its goal 0"):
        most_likely_routes(policies_of(world), [1, 2], 0)
    with pytest.raises(ValueError, match="trip 0 starts in its goal, state 0"):
        most_likely_routes(policies_of(world), [0], 0)


@pytest.mark.parametrize("kind", ["roads", "chance"])
def test_destination_posterior_is_bayes_rule(kind):
    policies = policies_of(network()) if kind == "roads" else by_chance()
    _, states, actions = next(walk for walk in walks(policies, 0, 2, 4) if len(walk[2]) == 3)
    goals, prior = np.array([0, 1, 2, 3]), np.array([0.1, 0.2, 0.3, 0.4])
    found = destination_posterior(policies, states, actions, goals, prior=prior)
    np.testing.assert_allclose(found[0], prior)
    weight = prior.copy()
    for t, (s, a) in enumerate(zip(states[:-1], actions, strict=True)):
        weight = weight * [0.0 if s == g else policies.solve(int(g)).policy[s, a] for g in goals]
        np.testing.assert_allclose(found[t + 1], weight / weight.sum(), rtol=1e-9)


def test_destination_posterior_where_values_underflow():
    """Two far ends of a long road, at 60 nats a link: exp(V) of neither can be held, what the steps tell can."""
    n = 60
    tail = np.concatenate([np.arange(n - 1), np.arange(1, n)])
    head = np.concatenate([np.arange(1, n), np.arange(n - 1)])
    world = RoadNetwork(tail, head, attributes={"length": np.ones(2 * (n - 1))}, states="nodes")
    policies = policies_of(world, -60.0)
    actions = world.entered[[30, 31]] == [[30], [31]]
    found = destination_posterior(policies, [30, 31, 32], actions.argmax(axis=1), [0, n - 1, 40])
    np.testing.assert_allclose(found[2], [0.0, 0.5, 0.5], atol=1e-12)


def test_destination_posterior_refuses_what_cannot_be():
    policies = policies_of(network())
    with pytest.raises(ValueError, match="after step 0 all have probability zero"):
        destination_posterior(policies, [2, 1], [0], [2])
    with pytest.raises(ValueError, match="one state more than actions"):
        destination_posterior(policies, [2, 1], [0, 1], [2])
    with pytest.raises(ValueError, match="prior must hold 2"):
        destination_posterior(policies, [2, 1], [0], [0, 1], prior=[1.0])
    with pytest.raises(ValueError, match="goals must be distinct"):
        destination_posterior(policies, [2, 1], [0], [0, 0])
    action = int(np.flatnonzero(policies.mdp.transitions.toarray().reshape(-1, 4, 4)[:, 0, 1])[0])
    with pytest.raises(ValueError, match=rf"step 0 goes from state 0 by action {action} to state 2"):
        destination_posterior(policies, [0, 2], [action], [1, 3])
    with pytest.raises(ValueError, match="the trips have no goals"):
        route_log_probabilities(policies, [([0, 1], [action])])


@pytest.mark.parametrize("kind", ["roads", "chance"])
def test_flows_are_the_mean_of_many_trips(kind):
    policies = policies_of(network()) if kind == "roads" else by_chance()
    first, goals, demand = np.array([0, 1, 3, 0]), np.array([2, 2, 1, 3]), np.array([3.0, 1.0, 2.0, 0.5])
    flows = expected_flows(policies, first, goals, demand)
    n = 3000
    total = np.zeros_like(flows)
    for i, (s, g, amount) in enumerate(zip(first, goals, demand, strict=True)):
        trips = policies.sample(np.full(n, s), g, random_state=i)
        total += amount / n * trips.state_action_counts(*flows.shape)
    if kind == "roads":
        np.testing.assert_allclose(flows, total, atol=0.15)
        # What flows into a node and starts there flows out of it or has arrived.
        S = policies.mdp.n_states
        arriving = policies.mdp.transitions.T @ flows.T.ravel()
        balance = arriving + np.bincount(first, demand, S) - np.bincount(goals, demand, S)
        np.testing.assert_allclose(flows.sum(axis=1), balance, atol=1e-12)
    else:  # discounted: expected flows discount, sampled ones do not
        assert (flows <= total + 0.15).all()


def test_flows_of_links():
    world = network(states="links")
    place = [world.place(k) for k in (0, 2)]
    flows = expected_flows(policies_of(world), place, world.goal(5))
    by_link = world.link_flows(flows)
    assert by_link.shape == (world.n_links,)
    assert by_link[5] == pytest.approx(2.0)  # all trips enter their last link once
    assert by_link.sum() == pytest.approx(flows.sum())


def test_flows_name_a_destination_out_of_reach():
    world = RoadNetwork([0, 1, 1], [1, 0, 2], attributes={"length": [1.0] * 3}, states="nodes")
    with pytest.raises(ValueError, match="row 1 of the table: goal 0 cannot be reached from state 2"):
        expected_flows(policies_of(world), [1, 2], 0)
    with pytest.raises(ValueError, match="demand must hold 2"):
        expected_flows(policies_of(world), [1, 0], 2, demand=[1.0])


def test_share_of_routes_that_was_predicted():
    world = network()
    lengths = world.features("length")[..., 0]
    trips = world.trips([[0, 1, 2], [0, 3, 2], [0, 1, 0, 3]])
    routes = most_likely_routes(policies_of(world), trips.states[trips.offsets[:-1]], trips.goals)
    assert [path.tolist() for path in world.paths(routes)] == [[0, 3, 2], [0, 3, 2], [0, 3]]
    np.testing.assert_allclose(path_match(trips, routes, lengths=lengths).shares, [0.0, 1.0, 1.2 / 3.2])


def test_names_of_paths():
    for destinations in ("absorbing", "exits"):
        world = network(destinations=destinations)
        assert [path.tolist() for path in world.paths(world.trips([[0, 1, 2], [3, 0]]))] == [[0, 1, 2], [3, 0]]


def enumerated_paths(mdp, policy, start, n_steps):
    """(probability, actions) of every path of so many decisions, or fewer up to a terminal state or an ending."""
    unfinished, found = [(1.0, start, ())], []
    while unfinished:
        p, s, actions = unfinished.pop()
        if s is None or mdp.terminal[s] or len(actions) == n_steps:
            found.append((p, actions))
            continue
        choice = policy[s] if policy.ndim == 2 else policy[len(actions), s]
        for a in np.flatnonzero(mdp.available[s]):
            row = mdp.transitions[[a * mdp.n_states + s]]
            unfinished.append((p * choice[a], int(row.indices[0]) if row.nnz else None, (*actions, int(a))))
    return found


@pytest.mark.parametrize("kind", ["endless", "terminal", "ending", "horizon"])
def test_most_likely_paths_by_enumeration(kind, rng):
    successors = rng.integers(5, size=(5, 3))
    successors[0, 2] = -1
    options = {"discount": 0.9}
    if kind == "terminal":
        options["terminal"] = [4]
    if kind == "horizon":
        options = {"horizon": 5}
    if kind == "ending":
        P = np.zeros((5, 3, 5))
        P[np.arange(5)[:, None], np.arange(3), np.maximum(successors, 0)] = 1.0
        ending = np.zeros((5, 3))
        ending[:, 1] = 1.0
        P[:, 1] = 0.0
        mdp = MDP(P, ending=ending, **options)
    else:
        mdp = MDP.from_successors(successors, **options)
    policy = np.where(mdp.available, rng.dirichlet(np.ones(3), size=(5, 5)), 0.0)
    policy = np.divide(
        policy, policy.sum(axis=2, keepdims=True), out=policy, where=policy.sum(axis=2, keepdims=True) > 0
    )
    policy = policy if kind == "horizon" else policy[0]
    first, steps = np.array([0, 1, 2, 3, 0]), np.array([1, 5, 3, 4, 5])
    for path, start, n in zip(most_likely_paths(mdp, policy, first, steps), first, steps, strict=True):
        wanted = max(enumerated_paths(mdp, policy, int(start), n))
        assert tuple(path.actions) == wanted[1]
    mdp_demos = most_likely_paths(mdp, policy, first, steps)
    mdp_demos.validate_against(mdp)


def test_impossible_paths_are_refused():
    mdp = MDP.from_successors([[1, 0], [1, 1]], discount=0.9, terminal=[1])
    policy = np.array([[0.5, 0.5], [0, 0]])
    for first, steps, message in (([0, 1], 2, "path 1 starts in a terminal"), ([0], 0, "path 0 has no decision")):
        with pytest.raises(ValueError, match=message):
            most_likely_paths(mdp, policy, first, steps)
    dead_end = MDP.from_successors([[1, 0], [-1, -1]], discount=0.9)
    with pytest.raises(ValueError, match="path 0 starts in state 1, from where no path of 2 decisions"):
        most_likely_paths(dead_end, np.array([[0.0, 1.0], [0, 0]]), [1], 2)
    chance = MDP(np.full((2, 1, 2), 0.5), discount=0.9)
    with pytest.raises(ValueError, match="outcomes are random"):
        most_likely_paths(chance, np.ones((2, 1)), [0], 1)
