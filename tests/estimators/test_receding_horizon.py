"""Planning with a receding horizon: its gradient, and its two ends."""

import numpy as np
import pytest
from sklearn.base import clone

from maxent_irl import (
    MDP,
    Demonstrations,
    ImproperProblemError,
    MaxEntIRL,
    RecedingHorizonIRL,
    SoftAgent,
    soft_value_iteration,
)
from maxent_irl.likelihood.information import IdentifiabilityWarning
from maxent_irl.likelihood.statistics import sufficient_statistics
from maxent_irl.rewards import LinearReward
from maxent_irl.routes import destination_posterior, expected_flows, most_likely_routes, route_log_probabilities
from maxent_irl.routes.objective import objective_of
from maxent_irl.routes.policies import GoalPolicies
from maxent_irl.routes.receding_objective import RecedingGoals
from maxent_irl.routes.receding_policies import RecedingPolicies
from maxent_irl.uncertainty import likelihood_ratio_test
from maxent_irl.worlds import RoadNetwork

COEF = np.array([-1.0, -0.7])
GOALS = (0, 7, 18)
ENOUGH = 400  # soft steps after which nothing changes


def city(side=5) -> RoadNetwork:
    """Streets of uneven length between the crossings of a square, some of them slow."""
    network = RoadNetwork.grid(side, irregularity=0.15, random_state=0, states="nodes")
    return network.with_attributes(slow=np.random.default_rng(0).uniform(0, 1, network.n_links))


@pytest.fixture(scope="module")
def world():
    network = city()
    features = network.features("length", "slow")
    rng = np.random.default_rng(1)
    goals = rng.choice(GOALS, 90)
    first = np.array([rng.choice(np.setdiff1d(np.arange(25), g)) for g in goals])
    trips = RecedingPolicies(network.mdp, features @ COEF, planning_horizon=4).sample(first, goals, random_state=2)
    return network, features, trips


def objective(world, horizon, kind, *, cut=False, **options):
    network, features, trips = world
    if cut:
        trips = Demonstrations([(t.states[:2], t.actions[: 2 - i % 2]) for i, t in enumerate(trips)], goals=trips.goals)
    statistics = sufficient_statistics(network.mdp, trips, kind)
    agent = SoftAgent(network.mdp, **options)
    return RecedingGoals(horizon, agent, LinearReward(network.mdp, features), statistics, trips)


CASES = [("feature-matching", 0)] + [(kind, h) for kind in ("likelihood", "feature-matching") for h in (1, 2, 5, 30)]


@pytest.mark.parametrize(("kind", "horizon"), CASES)
@pytest.mark.parametrize("temperature", [1.0, 0.5])
def test_derivatives_are_those_of_the_value(world, kind, horizon, temperature):
    likelihood = objective(world, horizon, kind, temperature=temperature)
    at = COEF + [0.013, -0.021]
    point = likelihood.at(at)
    step = 1e-5 * np.eye(2)
    slope = [(likelihood.at(at + e).value - likelihood.at(at - e).value) / 2e-5 for e in step]
    np.testing.assert_allclose(point.gradient, slope, rtol=1e-6, atol=1e-6)
    difference = [(likelihood.at(at + e).gradient - likelihood.at(at - e).gradient) / 2e-5 for e in step]
    np.testing.assert_allclose(point.hessian, difference, rtol=1e-5, atol=1e-4)
    np.testing.assert_allclose(point.unit_scores().sum(axis=0), point.gradient, rtol=1e-9)
    np.testing.assert_allclose(point.hessian_product([1.0, 2.0]), point.hessian @ [1.0, 2.0])


@pytest.mark.parametrize("kind", ["likelihood", "feature-matching"])
@pytest.mark.parametrize("cut", [False, True])
def test_a_long_horizon_is_maximum_entropy(world, kind, cut):
    likelihood = objective(world, ENOUGH, kind, cut=cut)
    network, features, trips = world
    if cut:
        trips = Demonstrations([(t.states[:2], t.actions[: 2 - i % 2]) for i, t in enumerate(trips)], goals=trips.goals)
    full = objective_of(SoftAgent(network.mdp), LinearReward(network.mdp, features), trips, kind).at(COEF)
    point = likelihood.at(COEF)
    assert len(likelihood.goals) == 3
    np.testing.assert_allclose(point.value, full.value, rtol=1e-10)
    for name in ("gradient", "hessian", "score_outer_product", "reach_moment"):
        np.testing.assert_allclose(getattr(point, name), getattr(full, name), rtol=1e-8, atol=1e-8)
    np.testing.assert_allclose(point.unit_scores(), full.unit_scores(), rtol=1e-8, atol=1e-8)


def test_a_long_horizon_gives_the_same_fit_and_policy(world):
    network, features, trips = world
    full = MaxEntIRL(network.mdp, features, tol=1e-9).fit(trips)
    model = RecedingHorizonIRL(network.mdp, features, planning_horizon=ENOUGH, tol=1e-9).fit(trips)
    np.testing.assert_allclose(model.coef_, full.coef_, rtol=1e-8)
    np.testing.assert_allclose(model.solve(7).policy, full.solve(7).policy, atol=1e-8)
    np.testing.assert_allclose(model.solve(7).V, full.solve(7).V, atol=1e-8)
    assert model.score(trips) == pytest.approx(full.score(trips), rel=1e-8)
    np.testing.assert_allclose(model.standard_errors_, full.standard_errors_, rtol=1e-6)


@pytest.mark.parametrize("horizon", [0, 1, 2, 3])
def test_values_are_soft_backups_of_shortest_paths(world, horizon):
    network, features, _ = world
    policies = RecedingPolicies(network.mdp, features @ COEF, planning_horizon=horizon)
    mdp, reward = network.mdp.with_goal(7), features @ COEF
    before = V = soft_value_iteration(mdp, reward, temperature=0).V
    policy = soft_value_iteration(mdp, reward, temperature=0).policy
    for _ in range(horizon):
        Q = np.where(mdp.available, reward + (mdp.transitions @ V).reshape(mdp.n_actions, -1).T, -np.inf)
        before, V = V, np.logaddexp.reduce(Q, axis=1)
        V[7] = 0.0
        policy = np.exp(Q - V[:, None])
    solution = policies.solve(7)
    np.testing.assert_allclose(solution.V, V, atol=1e-12)
    np.testing.assert_allclose(policies.values(7, [3, 9]), V[[3, 9]], atol=1e-12)
    np.testing.assert_allclose(solution.policy, policy, atol=1e-12)
    assert solution.residual == pytest.approx(np.abs(V - before).max())
    np.testing.assert_allclose(policies.probabilities([3, 9, 7], 7), policy[[3, 9, 7]], atol=1e-12)


def test_prior_and_temperature(world):
    network, features, _ = world
    prior = np.where(network.mdp.available, 1.0, 0.0)
    prior[:, 0] *= 3
    prior /= prior.sum(axis=1, keepdims=True)
    options = {"temperature": 0.7, "action_prior": prior}
    receding = RecedingPolicies(network.mdp, features @ COEF, planning_horizon=ENOUGH, **options).solve(18)
    full = GoalPolicies(network.mdp, features @ COEF, **options).solve(18)
    np.testing.assert_allclose(receding.policy, full.policy, atol=1e-10)
    there = np.isfinite(full.Q)
    np.testing.assert_allclose(receding.Q[there], full.Q[there], atol=1e-9)


def test_it_recovers_how_far_people_look(world):
    network, features, trips = world
    fits = {h: RecedingHorizonIRL(network.mdp, features, planning_horizon=h).fit(trips) for h in (1, 4, ENOUGH)}
    assert max(fits, key=lambda h: fits[h].score(trips)) == 4
    assert (np.abs(fits[4].coef_ - COEF) < 4 * fits[4].standard_errors_).all()


def test_routes_of_receding_policies(world):
    network, features, trips = world
    policies = RecedingPolicies(network.mdp, features @ COEF, planning_horizon=3)
    trip = trips[0]
    log_p = np.log(
        [policies.solve(trip.goal).policy[s, a] for s, a in zip(trip.states[:-1], trip.actions, strict=True)]
    )
    assert route_log_probabilities(policies, trips[:1])[0] == pytest.approx(log_p.sum())
    found = destination_posterior(policies, trip.states[:2], trip.actions[:1], GOALS)
    weight = [policies.solve(g).policy[trip.states[0], trip.actions[0]] for g in GOALS]
    np.testing.assert_allclose(found[1], np.array(weight) / np.sum(weight))
    flows = expected_flows(policies, [3], 7)
    drawn = policies.sample(np.full(2000, 3), 7, random_state=0).state_action_counts(*flows.shape) / 2000
    np.testing.assert_allclose(flows, drawn, atol=0.06)
    hard = RecedingPolicies(network.mdp, features @ COEF, planning_horizon=0)
    assert hard.sample([3], 7, random_state=0) == most_likely_routes(
        GoalPolicies(network.mdp, 50 * features @ COEF), [3], 7
    )


def test_it_is_a_scikit_learn_estimator(world):
    network, features, trips = world
    model = RecedingHorizonIRL(network.mdp, features, planning_horizon=2, l2=0.1)
    again = clone(model)
    assert again.get_params()["planning_horizon"] == 2
    assert again.fit(trips).predict_proba([3], goals=7).shape == (1, 4)
    assert "converged" in str(again.summary()).lower()


def test_workers_change_nothing(world):
    network, features, trips = world
    one, two = (RecedingHorizonIRL(network.mdp, features, n_jobs=n).fit(trips) for n in (1, 2))
    np.testing.assert_allclose(two.coef_, one.coef_, rtol=1e-10)


def test_what_it_refuses(world):
    network, features, trips = world
    with pytest.raises(ValueError, match="planning_horizon=0 leaves decisions no likelihood"):
        RecedingHorizonIRL(network.mdp, features, planning_horizon=0).fit(trips)
    with pytest.raises(ValueError, match="an integer >= 0; got 1.5"):
        RecedingHorizonIRL(network.mdp, features, planning_horizon=1.5).fit(trips)
    with pytest.raises(ValueError, match="have no goals"):
        RecedingHorizonIRL(network.mdp, features).fit([([3, 4], [0])])
    ring = MDP.from_successors([[1], [2], [0]], discount=0.9)
    for build in (
        lambda: RecedingHorizonIRL(ring).fit(trips),
        lambda: RecedingPolicies(ring, -np.ones(3), planning_horizon=1),
    ):
        with pytest.raises(ValueError, match="whose only ends are goals"):
            build()
    with pytest.raises(ImproperProblemError, match="no move may have a positive reward"):
        RecedingPolicies(network.mdp, features @ -COEF, planning_horizon=1).values(7)
    with pytest.raises(ValueError, match="decisions have no likelihood"):
        objective(world, 0, "likelihood")
    model = RecedingHorizonIRL(network.mdp, features).fit(trips)
    with pytest.raises(ValueError, match="pass goal="):
        model.solve()


@pytest.fixture(scope="module")
def many_fits():
    """Feature matching, which has travellers plan once, to data sets of travellers who plan anew at every crossing."""
    network = city()
    features, first = network.features("length"), np.arange(25)
    policies = RecedingPolicies(network.mdp, features @ [-2.0], planning_horizon=1)
    model, fits = RecedingHorizonIRL(network.mdp, features, planning_horizon=1, objective="feature-matching"), []
    for seed in range(150):
        rng = np.random.default_rng(seed)
        goals = rng.choice(GOALS, 120)
        trips = policies.sample([rng.choice(first[first != goal]) for goal in goals], goals, random_state=rng)
        fits.append(clone(model).fit(trips))
    return fits


@pytest.mark.parametrize("kind", ["observed", "opg", "robust", "clustered"])
def test_errors_of_feature_matching_are_the_spread_over_data_sets(many_fits, kind):
    spread = np.std([fit.coef_ for fit in many_fits], ddof=1)  # known to 1 / sqrt(300) = 6%
    errors = [fit.coefficient_covariance(kind, np.arange(120)).standard_errors for fit in many_fits]
    assert np.mean(errors) == pytest.approx(spread, rel=0.15)
    inverse = np.mean([fit.information_.curvature[0, 0] ** -0.5 for fit in many_fits])
    assert inverse < 0.85 * spread  # what they would be if this were a likelihood


def test_feature_matching_is_no_likelihood_and_says_so(many_fits, world):
    fit = many_fits[0]
    covariance = fit.coefficient_covariance("observed")
    np.testing.assert_allclose(covariance.matrix, fit.coefficient_covariance("robust").matrix)
    assert covariance.description == "sandwich, scores of trajectories (feature matching is no likelihood here)"
    text = " ".join(str(fit.summary()).split())
    assert covariance.description in text
    assert "AIC and BIC are no less than those of a fit" in text
    with pytest.raises(ValueError, match="travellers with a receding horizon"):
        likelihood_ratio_test(fit, fit)
    network, features, trips = world
    likely = RecedingHorizonIRL(network.mdp, features, planning_horizon=4).fit(trips)
    assert likely.coefficient_covariance("observed").description == "inverse observed information"
    assert "AIC and BIC are" not in str(likely.summary())
    with pytest.warns(IdentifiabilityWarning, match="direction -feature 0"):  # one trip by the shortest path
        alone = clone(fit).fit(fit.fit_.demonstrations[:1])
    with pytest.raises(ValueError, match="only one: cut the trajectory"):
        _ = alone.covariance_
