"""Metrics of policies against sums over all paths, and against what the estimator says of itself."""

import numpy as np
import oracles
import pytest

from maxent_irl import (
    MDP,
    Demonstrations,
    MaxEntIRL,
    expected_visitations,
    policy_value,
    sample_demonstrations,
    soft_value_iteration,
)
from maxent_irl.metrics import (
    expected_value_difference,
    feature_expectation_gap,
    log_likelihood_per_decision,
    policy_kl,
)
from maxent_irl.routes.policies import GoalPolicies
from maxent_irl.worlds import RoadNetwork

KINDS = ["discounted, ending", "discounted, masked", "finite, everything", "undiscounted, terminal"]


def problem(kind, seed=0):
    rng = np.random.default_rng(seed)
    dense = oracles.problem_of_kind(kind, seed)
    return dense, MDP(dense.P, **dense.keywords()), -rng.uniform(1, 3, size=dense.shape), rng


def random_policy(mdp, rng):
    weights = np.where(mdp.available, rng.uniform(0.2, 1, size=mdp.available.shape), 0.0)
    return weights / np.where(weights.sum(axis=1, keepdims=True) > 0, weights.sum(axis=1, keepdims=True), 1)


@pytest.mark.parametrize("kind", KINDS)
def test_hard_value_difference(kind):
    dense, mdp, reward, rng = problem(kind)
    policy = random_policy(mdp, rng)
    best = soft_value_iteration(mdp, reward, temperature=0)
    first = (lambda V: V) if mdp.horizon is None else (lambda V: V[0])
    wanted = dense.initial @ (first(best.V) - first(policy_value(mdp, policy, reward)))
    assert expected_value_difference(mdp, reward, policy) == pytest.approx(wanted)
    assert expected_value_difference(mdp, reward, best) == pytest.approx(0, abs=1e-8)
    assert wanted > 0


@pytest.mark.parametrize("prior", [False, True])
@pytest.mark.parametrize("kind", KINDS)
def test_soft_value_difference_is_the_divergence_of_paths(kind, prior):
    """The soft return falls short of V by alpha times the divergence from the soft policy, summed over decisions."""
    dense, mdp, reward, rng = problem(kind)
    p = oracles.random_prior(rng, dense) if prior else None
    policy = random_policy(mdp, rng)
    solution = soft_value_iteration(mdp, reward, temperature=0.7, action_prior=p)
    decisions = expected_visitations(mdp, policy).sum()
    found = expected_value_difference(mdp, reward, policy, temperature=0.7, action_prior=p)
    assert found == pytest.approx(0.7 * decisions * policy_kl(mdp, policy, solution))
    itself = expected_value_difference(mdp, reward, solution, temperature=0.7, action_prior=p)
    assert itself == pytest.approx(0, abs=1e-8)


def test_infinite_temperature_is_refused():
    _, mdp, reward, rng = problem("discounted")
    with pytest.raises(ValueError, match="must be finite"):
        expected_value_difference(mdp, reward, random_policy(mdp, rng), temperature=np.inf)


def test_divergence():
    mdp = MDP.from_successors([[0, 1], [0, 1]], discount=0.5, initial=[1.0, 0.0])
    p, q = np.array([[0.5, 0.5], [1.0, 0.0]]), np.array([[0.25, 0.75], [0.5, 0.5]])
    rows = [0.5 * np.log(2) + 0.5 * np.log(2 / 3), np.log(2)]
    # Visits: state 0 once, then half and half of each discounted step.
    visits = np.linalg.solve(np.eye(2) - 0.5 * p.T, [1.0, 0.0])
    assert policy_kl(mdp, p, q) == pytest.approx(visits @ rows / visits.sum())
    assert policy_kl(mdp, p, p) == 0
    assert policy_kl(mdp, q, p) == np.inf


@pytest.mark.parametrize("horizon", [None, 15])
def test_metrics_agree_with_the_estimator(horizon):
    rng = np.random.default_rng(0)
    dense = oracles.problem_of_kind("discounted", 0)
    mdp = MDP(dense.P, discount=0.9, horizon=horizon, initial=dense.initial)
    features = rng.normal(size=(*dense.shape, 2))
    solution = soft_value_iteration(mdp, features @ np.array([1.0, -1.0]))
    demos = sample_demonstrations(mdp, solution.policy, 40, max_steps=12, random_state=0)
    open_ended = Demonstrations(
        [(d.states[:-1], d.actions) if i % 2 else (d.states, d.actions) for i, d in enumerate(demos)]
    )
    fit = MaxEntIRL(mdp, features, objective="feature-matching", tol=1e-8).fit(open_ended)
    assert log_likelihood_per_decision(fit.policy_, open_ended) == pytest.approx(fit.score(open_ended))
    np.testing.assert_allclose(feature_expectation_gap(mdp, features, fit.policy_, open_ended), 0, atol=2e-8)
    rough = MaxEntIRL(mdp, features, objective="feature-matching", max_iter=0)
    with pytest.warns(UserWarning, match="did not converge"):
        rough.fit(open_ended)
    found = feature_expectation_gap(mdp, features, rough.policy_, open_ended)
    np.testing.assert_allclose(found, rough.feature_gap_, atol=1e-10)


@pytest.mark.parametrize("inference", ["variational", "exact"])
def test_the_gap_of_goals_is_that_of_each_goal_by_itself(inference):
    """Trips that arrive and trips of which nobody saw the end, with weights: one factorisation tells what each goal does."""
    network = RoadNetwork.grid(4, irregularity=0.2, random_state=0, states="nodes")
    features = network.features("length", "constant")
    policies = GoalPolicies(network.mdp, features @ [-3.0, -1.0], inference=inference)
    arrived = policies.sample([0, 5, 12] * 4, [15, 3, 2] * 4, random_state=0)
    cut = [(trip.states[:-1], trip.actions) for trip in policies.sample([0] * 5, 15, max_steps=2, random_state=0)]
    trips = arrived + Demonstrations(cut, goals=[15] * 5)
    trips = Demonstrations(trips, weights=np.linspace(1, 3, len(trips)))
    other = GoalPolicies(network.mdp, features @ [-2.0, -2.0], inference=inference)
    assert other.linear
    together = feature_expectation_gap(network.mdp, features, other, trips)
    other.linear = False
    np.testing.assert_allclose(together, feature_expectation_gap(network.mdp, features, other, trips), rtol=1e-9)
    assert np.abs(together).min() > 1e-3
