"""Data drawn from the model give its coefficients back, as closely as their sampling spread allows.

For each world ten data sets are drawn (ten seeds). Claims: every estimate lies within four standard deviations of the truth,
the deviation being the one that the information at the truth implies (the inverse of the curvature of the log-likelihood of
decisions); the ten estimates scatter by about that much, not more or less by a factor of two; and the mean divergence
KL(true policy | fitted policy) per visited decision is about K / 2N, as it is for a maximum-likelihood fit.
"""

import numpy as np
import pytest

from maxent_irl import MDP, SoftAgent, expected_visitations, soft_value_iteration
from maxent_irl.demonstrations.sampling import sample_demonstrations
from maxent_irl.estimators import MaxEntIRL
from maxent_irl.likelihood import TaskObjective
from maxent_irl.likelihood.statistics import sufficient_statistics
from maxent_irl.rewards import LinearReward
from maxent_irl.worlds import GridWorld

SEEDS = range(10)


def discounted():
    world = GridWorld(6, slip=0.2, discount=0.9)
    return world.mdp, world.features("smooth", n_features=3), np.array([1.5, -1.0, 0.7]), {"max_steps": 20}


def finite_horizon():
    world = GridWorld((4, 6), slip=0.1, discount=1.0, horizon=15)
    return world.mdp, world.features("smooth", n_features=3), np.array([0.8, 0.5, -0.6]), {}


def to_a_goal():
    """Undiscounted: every step costs, and more on marsh; the goal ends the episode."""
    world = GridWorld.from_text(
        """
        S..m..
        .mm...
        .m..#.
        S...#G
        """,
        slip=0.1,
        discount=1.0,
    )
    features = np.column_stack([np.ones(world.n_states), world.tiles == "m"]).astype(float)
    return world.mdp, features, np.array([-2.5, -1.2]), {}


WORLDS = {"discounted": discounted, "finite horizon": finite_horizon, "to a goal": to_a_goal}
N_TRAJECTORIES = 60


def mean_divergence(mdp: MDP, truth, fitted) -> float:
    """KL(true | fitted) per decision, over the states that the true policy visits."""
    visited = expected_visitations(mdp, truth).sum(axis=-1)
    ratio = np.log(np.where(truth.policy > 0, truth.policy, 1.0)) - np.log(np.where(truth.policy > 0, fitted, 1.0))
    return float((visited * (truth.policy * ratio).sum(axis=-1)).sum() / visited.sum())


@pytest.fixture(scope="module", params=WORLDS)
def drawn(request):
    """World, truth, its solution and the ten data sets."""
    mdp, features, truth, options = WORLDS[request.param]()
    solution = soft_value_iteration(mdp, features @ truth)
    demos = [
        sample_demonstrations(mdp, solution.policy, N_TRAJECTORIES, random_state=seed, **options) for seed in SEEDS
    ]
    return mdp, features, truth, solution, demos


def information(mdp, features, truth, demos) -> np.ndarray:
    """Curvature of the mean log-likelihood of one data set at the truth."""
    model, curvature = LinearReward(mdp, features), 0.0
    for data in demos:
        statistics = sufficient_statistics(mdp, data, "likelihood")
        curvature = curvature - TaskObjective(SoftAgent(mdp), model, statistics).at(truth).hessian
    return curvature / len(demos)


@pytest.mark.parametrize("objective", ["likelihood", "feature-matching"])
def test_coefficients_come_back(drawn, objective):
    mdp, features, truth, solution, demos = drawn
    fits = [MaxEntIRL(mdp, features, objective=objective).fit(data) for data in demos]
    estimates = np.array([fit.coef_ for fit in fits])
    sd = np.sqrt(np.diag(np.linalg.inv(information(mdp, features, truth, demos))))
    if objective == "feature-matching":
        # Weighing decisions by discount ** t throws some of the information away: the spread is larger, by how much is measured.
        measured = estimates.std(axis=0, ddof=1)
        assert (measured > 0.4 * sd).all()
        assert (measured < 5 * sd).all()
        sd = np.maximum(sd, measured)
    deviations = (estimates - truth) / sd
    assert np.abs(deviations).max() < 4
    # The mean of ten has a standard deviation of 1 / sqrt(10).
    assert np.abs(deviations.mean(axis=0)).max() < 4 / np.sqrt(len(demos))
    if objective == "likelihood":
        spread = np.sqrt((deviations**2).mean())  # over ten seeds and all coefficients
        assert 0.5 < spread < 2

    expected = len(truth) / (2 * np.mean([data.n_decisions for data in demos]))
    divergences = [mean_divergence(mdp, solution, fit.policy_) for fit in fits]
    assert min(divergences) >= 0
    assert np.mean(divergences) < (4 if objective == "likelihood" else 12) * expected
    assert max(divergences) < (0.02 if objective == "likelihood" else 0.05)


def test_more_data_comes_closer():
    mdp, features, truth, options = discounted()
    solution = soft_value_iteration(mdp, features @ truth)
    errors = []
    for n in (20, 2000):
        demos = sample_demonstrations(mdp, solution.policy, n, random_state=3, **options)
        fit = MaxEntIRL(mdp, features, objective="likelihood").fit(demos)
        errors.append(mean_divergence(mdp, solution, fit.policy_))
    assert errors[1] < errors[0] / 10


def test_per_cell_rewards_come_back_up_to_what_is_identified():
    """One reward per cell: the policy comes back, and with it the rewards up to a constant."""
    world = GridWorld(4, slip=0.1, discount=0.8)
    truth = np.random.default_rng(0).normal(size=16)
    solution = soft_value_iteration(world.mdp, truth)
    demos = sample_demonstrations(world.mdp, solution.policy, 3000, max_steps=20, random_state=0)
    fit = MaxEntIRL(world.mdp, objective="likelihood").fit(demos)
    assert mean_divergence(world.mdp, solution, fit.policy_) < 16 / demos.n_decisions
    np.testing.assert_allclose(fit.coef_ - fit.coef_.mean(), truth - truth.mean(), atol=0.25)


def test_exact_inference_recovers_an_agent_that_reckons_with_luck():
    mdp, features, truth, options = discounted()
    solution = soft_value_iteration(mdp, features @ truth, inference="exact")
    demos = sample_demonstrations(mdp, solution.policy, 600, random_state=1, **options)
    fit = MaxEntIRL(mdp, features, objective="likelihood", inference="exact").fit(demos)
    np.testing.assert_allclose(fit.coef_, truth, atol=0.25)
    other = MaxEntIRL(mdp, features, objective="likelihood").fit(demos)
    assert fit.log_likelihood_ > other.log_likelihood_
