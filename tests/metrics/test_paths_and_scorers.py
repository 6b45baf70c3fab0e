"""Path matching by hand, and metrics inside scikit-learn's cross-validation."""

import numpy as np
import pytest
from sklearn.model_selection import GridSearchCV, cross_val_score

from maxent_irl import Demonstrations, MaxEntIRL, RecedingHorizonIRL, sample_demonstrations, soft_value_iteration
from maxent_irl.metrics import (
    PathMatchScorer,
    PolicyDivergenceScorer,
    ValueDifferenceScorer,
    expected_value_difference,
    feature_gap_scorer,
    path_match,
    policy_kl,
)
from maxent_irl.routes import most_likely_paths, most_likely_routes
from maxent_irl.routes.policies import GoalPolicies
from maxent_irl.worlds import GridWorld, RoadNetwork

TAKEN = [([0, 1, 2], [0, 1, 0]), ([3, 3, 3], [1, 1, 0]), ([0], [0])]
GUESS = [([0, 1, 5], [0, 0, 0]), ([3, 3], [1, 0]), ([0], [0])]


def test_shares():
    result = path_match(TAKEN, GUESS)
    np.testing.assert_allclose(result.shares, [1 / 3, 2 / 3, 1])
    assert result.mean == pytest.approx(2 / 3)
    assert result.at_least_90 == pytest.approx(1 / 3)


def test_shares_of_length_and_weights():
    lengths = np.ones((6, 2))
    lengths[0, 0] = 4.0
    weighted = Demonstrations(TAKEN, weights=[2.0, 1.0, 1.0])
    result = path_match(weighted, GUESS, lengths=lengths)
    np.testing.assert_allclose(result.shares, [4 / 6, 2 / 3, 1])
    assert result.mean == pytest.approx((2 * 4 / 6 + 2 / 3 + 1) / 4)


def test_a_long_prediction_is_not_punished_and_nothing_is_counted_twice():
    assert path_match([([0, 1], [0, 0])], [([0, 1, 2, 3], [0, 0, 0, 0])]).mean == 1
    assert path_match([([0, 0], [0, 0])], [([0], [0])]).mean == 0.5


@pytest.mark.parametrize(
    ("predicted", "lengths", "message"),
    [
        (GUESS[:2], None, "3 paths and 2 predictions"),
        (GUESS, np.ones((2, 2)), r"at least \(6, 2\), or \(S,\), at least \(6,\); got shape \(2, 2\)"),
        (GUESS, np.ones(2), r"at least \(6,\); got shape \(2,\)"),
        (GUESS, -np.ones((6, 2)), "numbers >= 0; the length of state 0, action 0 is -1.0"),
        (GUESS, [1, 1, 1, np.nan, 1, 1], "numbers >= 0; the length of state 3 is nan"),
        (GUESS, np.ones(6), "path 0 does not say which link its last decision entered"),
        (GUESS, np.repeat([[0.0], [1.0]], [1, 5], axis=0) * [1, 1], "path 2 has length 0"),
    ],
)
def test_bad_paths(predicted, lengths, message):
    with pytest.raises(ValueError, match=message):
        path_match(TAKEN, predicted, lengths=lengths)


def five_links(**options):
    """Links A, B, C, D and E: from A to E by B, or by C and D; E is 98 km long, the others 1 km."""
    tail, head = [0, 1, 1, 2, 3], [1, 3, 2, 3, 4]
    attributes = {"length": [1.0, 1.0, 1.0, 1.0, 98.0]}
    return RoadNetwork(tail, head, attributes=attributes, links=["A", "B", "C", "D", "E"], **options)


@pytest.mark.parametrize("states", ["links", "nodes"])
@pytest.mark.parametrize("destinations", ["absorbing", "exits"])
def test_a_link_is_shared_wherever_one_comes_from(states, destinations):
    network = five_links(states=states, destinations=destinations)
    taken = network.trips([["A", "B", "E"]], of="links")
    guess = network.trips([["A", "C", "D", "E"]], of="links")
    lengths = network.features("length")[..., 0]
    shared, all_of_it = (98.0, 99.0) if states == "links" else (99.0, 100.0)  # the first link is entered by no decision
    assert path_match(taken, guess, states=network.states, lengths=lengths).mean == pytest.approx(shared / all_of_it)
    if destinations == "absorbing":
        by_number = 1 / 2 if states == "links" else 2 / 3
        assert path_match(taken, guess, states=network.states).mean == pytest.approx(by_number)
        if states == "links":
            by_link = path_match(taken, guess, lengths=network.attributes["length"])
            assert by_link.mean == pytest.approx(shared / all_of_it)
    assert PathMatchScorer(lambda *_: guess, states=network.states, lengths=lengths)(
        MaxEntIRL(network.mdp, -network.features("length"), l2=1.0).fit(taken), taken
    ) == pytest.approx(shared / all_of_it)


@pytest.mark.parametrize("states", ["links", "nodes"])
def test_shares_counted_one_by_one(states):
    rng = np.random.default_rng(1)
    n, S, A = 30, 5, 3
    lengths = rng.uniform(0.1, 3.0, size=S if states == "links" else (S, A))
    paths = []
    for _ in range(2 * n):
        T = rng.integers(1, 12)
        paths.append((rng.integers(S, size=T + 1), rng.integers(A, size=T)))

    def travelled(path):
        visited, actions = path
        if states == "links":
            return [(int(s),) for s in visited[1:]]
        return list(zip(visited[:-1].tolist(), actions.tolist(), strict=True))

    wanted = []
    for actual, predicted in zip(paths[:n], paths[n:], strict=True):
        left, shared = travelled(predicted), 0.0
        for stretch in travelled(actual):
            if stretch in left:
                left.remove(stretch)
                shared += lengths[stretch]
        wanted.append(shared / sum(lengths[stretch] for stretch in travelled(actual)))
    np.testing.assert_allclose(path_match(paths[:n], paths[n:], lengths=lengths).shares, wanted)


def test_what_states_are_is_checked():
    with pytest.raises(ValueError, match="states must be one of 'nodes', 'links'; got 'edges'"):
        path_match(TAKEN, GUESS, states="edges")
    with pytest.raises(ValueError, match='with states="nodes" a length belongs to a decision'):
        path_match(TAKEN, GUESS, states="nodes", lengths=np.ones(6))
    with pytest.raises(ValueError, match="prediction 1 does not say which link its last decision entered"):
        path_match([([0, 1], [0])] * 2, [([0, 1], [0]), ([0], [0])], states="links")


@pytest.fixture(scope="module")
def problem():
    world = GridWorld(4, slip=0.1, discount=0.9)
    features = world.features("smooth", n_features=3)
    reward = features @ np.array([1.0, -0.5, 0.3])
    policy = soft_value_iteration(world.mdp, reward).policy
    return world, features, reward, policy, sample_demonstrations(world.mdp, policy, 60, max_steps=15, random_state=0)


def test_scorers_are_metrics_with_a_sign(problem):
    world, features, reward, policy, demos = problem
    fit = MaxEntIRL(world.mdp, features, objective="feature-matching").fit(demos)
    rough = MaxEntIRL(world.mdp, features, objective="feature-matching", tol=0.1).fit(demos)
    best = soft_value_iteration(world.mdp, fit.reward_, temperature=0).policy
    assert ValueDifferenceScorer(reward)(fit) == -expected_value_difference(world.mdp, reward, best)
    soft = -expected_value_difference(world.mdp, reward, fit.policy_, temperature=1.0)
    assert ValueDifferenceScorer(reward, temperature=1.0)(fit) == pytest.approx(soft)
    assert PolicyDivergenceScorer(policy)(fit) == -policy_kl(world.mdp, policy, fit.policy_)
    assert feature_gap_scorer(rough, demos) == pytest.approx(-np.abs(rough.feature_gap_).max(), rel=1e-6)
    assert feature_gap_scorer(fit, demos[:10]) < -1e-3
    repeat = PathMatchScorer(lambda estimator, data: data, at_least_90=True)
    assert repeat(fit, demos) == pytest.approx(1)
    assert PathMatchScorer(lambda estimator, data: data[::-1])(fit, demos) < 1.0


@pytest.mark.parametrize("inference", ["variational", "exact"])
@pytest.mark.parametrize(("discount", "horizon", "max_steps"), [(0.9, None, 8), (0.9, None, 200), (1.0, 12, 8)])
def test_the_feature_gap_of_demonstrations_with_goals(discount, horizon, max_steps, inference):
    """Trips that reach their goal and trips that are cut: on the fitted ones the gap is the gradient's."""
    world = GridWorld(4, slip=0.1, discount=discount, horizon=horizon)
    features = world.features("smooth", n_features=3) - 3.0
    policies = GoalPolicies(world.mdp, features @ [1.0, 0.5, 0.8], inference=inference)
    trips = policies.sample(np.repeat([0, 5, 12], 20), np.repeat([15, 3, 2], 20), max_steps=max_steps, random_state=0)
    options = {"inference": inference, "objective": "feature-matching"}
    rough = MaxEntIRL(world.mdp, features, **options, tol=0.1).fit(trips)
    assert feature_gap_scorer(rough, trips) == pytest.approx(-np.abs(rough.feature_gap_).max(), rel=1e-6)
    held = MaxEntIRL(world.mdp, features, **options, l2=1.0)
    scores = cross_val_score(held, trips, scoring=feature_gap_scorer, cv=3)
    assert (scores < -1e-4).all()
    with pytest.raises(ValueError, match="pass goal="):
        feature_gap_scorer(rough, [([0, 1], [0])])


@pytest.mark.parametrize("name", ["value", "divergence", "gap"])
def test_cross_validation_takes_them(problem, name):
    world, features, reward, policy, demos = problem
    scoring = {
        "value": ValueDifferenceScorer(reward),
        "divergence": PolicyDivergenceScorer(policy),
        "gap": feature_gap_scorer,
    }[name]
    scores = cross_val_score(MaxEntIRL(world.mdp, features), demos, scoring=scoring, cv=3)
    assert scores.shape == (3,)
    assert (scores <= 0).all()
    search = GridSearchCV(MaxEntIRL(world.mdp, features), {"l2": [0.1, 1e6]}, scoring=scoring, cv=3).fit(demos)
    assert search.best_params_ == {"l2": 0.1}  # a penalty that forbids any reward loses by every measure


def test_routes_are_predicted_from_goals():
    network = RoadNetwork.grid(4, irregularity=0.2, random_state=0, states="nodes")
    features = network.features("length")
    policies = GoalPolicies(network.mdp, features @ [-3.0])
    trips = policies.sample(np.repeat([0, 5, 12], 20), np.repeat([15, 3, 2], 20), random_state=0)
    for model in (MaxEntIRL(network.mdp, features), RecedingHorizonIRL(network.mdp, features, planning_horizon=3)):
        fit = model.fit(trips)
        routes = most_likely_routes(fit.goal_policies(), trips.states[trips.offsets[:-1]], trips.goals)
        assert PathMatchScorer()(fit, trips) == path_match(trips, routes).mean
        assert PathMatchScorer(at_least_90=True)(fit, trips) == path_match(trips, routes).at_least_90
        assert PathMatchScorer()(fit, routes) == pytest.approx(1)
        assert feature_gap_scorer(fit, fit.goal_policies().sample([0] * 9, 15, random_state=0)) < -1e-4
    cut = policies.sample([0] * 20, 15, max_steps=5, random_state=0)
    rough = MaxEntIRL(network.mdp, features, tol=0.1).fit(trips + cut)
    assert feature_gap_scorer(rough, trips + cut) == pytest.approx(-np.abs(rough.feature_gap_).max(), rel=1e-6)
    scores = cross_val_score(MaxEntIRL(network.mdp, features), trips, scoring=PathMatchScorer(), cv=3)
    assert (scores > 0.3).all()
    with pytest.raises(ValueError, match="these have none, so their paths cannot be predicted"):
        PathMatchScorer()(fit, [([0, 1], [0])])


def test_paths_without_goals_are_predicted_where_nothing_is_left_to_chance(problem):
    _, features, reward, _, _ = problem
    world = GridWorld(4, discount=0.9)
    policy = soft_value_iteration(world.mdp, 6 * reward).policy
    demos = sample_demonstrations(world.mdp, policy, 40, max_steps=6, random_state=1)
    fit = MaxEntIRL(world.mdp, features).fit(demos)
    likely = most_likely_paths(world.mdp, fit.policy_, demos.states[demos.offsets[:-1]], 6)
    assert PathMatchScorer()(fit, demos) == path_match(demos, likely).mean
    assert PathMatchScorer()(fit, likely) == pytest.approx(1)
    with pytest.raises(ValueError, match="transitions are random, .* give predict_paths="):
        PathMatchScorer()(MaxEntIRL(problem[0].mdp, features).fit(problem[4]), problem[4])
    limited = GridWorld(3, horizon=4, discount=1.0)
    trips = Demonstrations([([0, 1, 2], [0, 0]), ([4, 4, 5, 2], [4, 0, 3])], goals=[2, 2])
    costs = -np.random.default_rng(0).uniform(1, 2, size=(9, 5, 1))
    with pytest.raises(ValueError, match="finite horizon there is no most likely route"):
        PathMatchScorer()(MaxEntIRL(limited.mdp, costs, l2=1.0).fit(trips), trips)
