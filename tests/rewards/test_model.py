"""Reward models other than linear: what one provides, and that it is fitted by the same objective."""

import numpy as np
import pytest
from oracles import KINDS, costly_features, objective, problem_of_kind, random_demos
from packaged import as_demonstrations, as_mdp

from maxent_irl import MDP, Demonstrations, MaxEntIRL, SoftAgent, sample_demonstrations, soft_value_iteration
from maxent_irl.likelihood import TaskObjective, sufficient_statistics
from maxent_irl.rewards import Features, LinearReward, RewardModel, SmoothRewardModel
from maxent_irl.routes.objective import objective_of
from maxent_irl.worlds import GridWorld


class Bent:
    """``r = z + bend * z ** 2`` with ``z = features @ theta``: nonlinear, with everything a model may provide."""

    def __init__(self, mdp, features, bend=0.05):
        self.linear, self.bend = LinearReward(mdp, features), bend
        self.n_parameters = self.linear.n_parameters

    def __call__(self, theta):
        z = self.linear(theta)
        return z + self.bend * z**2

    def _slope(self, theta):
        return 1 + 2 * self.bend * self.linear(theta)

    def vjp(self, theta, mass):
        return self.linear.vjp(theta, mass * self._slope(theta))


class Smooth(Bent):
    def jacobian(self, theta):
        features = Features.__new__(Features)
        features.__dict__.update(self.linear.features.__dict__)
        features.matrix = self.linear.features.matrix * self._slope(theta).reshape(-1, 1)
        return features


class Exact(Smooth):
    def curvature(self, theta, mass):
        F = self.linear.features.matrix
        return F.T @ (2 * self.bend * mass.reshape(-1, 1) * F)


def test_protocols_tell_what_a_model_provides():
    mdp = MDP.from_successors([[1], [0]], discount=0.5)
    models = [kind(mdp, np.ones((2, 1))) for kind in (Bent, Smooth, Exact, LinearReward)]
    assert all(isinstance(model, RewardModel) for model in models)
    assert [isinstance(model, SmoothRewardModel) for model in models] == [False, True, True, True]
    assert not isinstance(np.ones((2, 1)), RewardModel)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("inference", ["variational", "exact"])
@pytest.mark.parametrize(("weighting", "per_state"), [("likelihood", False), ("feature-matching", True)])
def test_objective_of_a_nonlinear_reward(kind, inference, weighting, per_state):
    rng = np.random.default_rng(5)
    problem = problem_of_kind(kind)
    features, theta = costly_features(rng, problem, per_state=per_state)
    mdp, demos = as_mdp(problem), random_demos(rng, problem, 6, 5)
    model = Exact(mdp, features, bend=-0.05)
    statistics = sufficient_statistics(mdp, as_demonstrations(demos), weighting)
    task = TaskObjective(SoftAgent(mdp, 0.8, None, inference), model, statistics)
    point, step = task.at(theta), 1e-5 * np.eye(3)
    reward = model(theta) if per_state else model(theta).T
    wanted = objective(problem, reward, demos, weighting, alpha=0.8, inference=inference)
    assert point.value == pytest.approx(wanted, abs=1e-9)
    slope = [(task.at(theta + e).value - task.at(theta - e).value) / 2e-5 for e in step]
    np.testing.assert_allclose(point.gradient, slope, rtol=1e-6, atol=1e-6)
    bend = [(task.at(theta + e).gradient - task.at(theta - e).gradient) / 2e-5 for e in step]
    np.testing.assert_allclose(point.hessian, bend, rtol=1e-5, atol=1e-5)
    np.testing.assert_allclose(point.step_hessian, point.hessian, rtol=1e-6, atol=1e-6)
    np.testing.assert_allclose(point.hessian_product(theta), point.hessian @ theta, rtol=1e-7, atol=1e-7)
    gauss_newton = TaskObjective(task.agent, Smooth(mdp, features, bend=-0.05), statistics).at(theta)
    np.testing.assert_allclose(gauss_newton.gradient, point.gradient, rtol=1e-12)
    np.testing.assert_allclose(point.hessian - gauss_newton.hessian, model.curvature(theta, point.mass), atol=1e-9)


@pytest.mark.parametrize("discount", [1.0, 0.9])
def test_nonlinear_rewards_with_goals(discount, rng):
    """Goals that share a factorisation, and goals solved one by one."""
    S = 8
    successors = np.stack([(np.arange(S) + 1) % S, (np.arange(S) + 3) % S], axis=1)
    mdp = MDP.from_successors(successors, discount=discount, terminal=[])
    features, theta = rng.uniform(0.5, 1.5, size=(S, 2, 2)), np.array([-1.0, -0.8])
    demos = Demonstrations([([0, 1, 4, 5], [0, 1, 0]), ([2, 3, 6], [0, 1]), ([7, 0, 1], [0, 0])], goals=[5, 6, 1])
    task = objective_of(SoftAgent(mdp), Exact(mdp, features, bend=-0.1), demos, "likelihood")
    point, step = task.at(theta, hessian=True), 1e-5 * np.eye(2)
    slope = [(task.at(theta + e).value - task.at(theta - e).value) / 2e-5 for e in step]
    np.testing.assert_allclose(point.gradient, slope, rtol=1e-6)
    bend = [(task.at(theta + e).gradient - task.at(theta - e).gradient) / 2e-5 for e in step]
    np.testing.assert_allclose(point.hessian, bend, rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(point.hessian_product(theta), point.hessian @ theta, rtol=1e-8)
    np.testing.assert_allclose(point.unit_scores().sum(axis=0), point.gradient, rtol=1e-9)


@pytest.fixture(scope="module")
def seen():
    world = GridWorld(5, slip=0.1, discount=0.9)
    features = world.features("smooth", n_features=3)
    truth = Bent(world.mdp, features)(np.array([1.0, -0.5, 0.4]))
    policy = soft_value_iteration(world.mdp, truth).policy
    return world, features, sample_demonstrations(world.mdp, policy, 200, max_steps=30, random_state=0)


def test_a_linear_model_is_the_same_as_its_features(seen):
    world, features, demos = seen
    arrays = MaxEntIRL(world.mdp, features, objective="likelihood").fit(demos)
    model = MaxEntIRL(world.mdp, LinearReward(world.mdp, features), objective="likelihood").fit(demos)
    np.testing.assert_array_equal(model.coef_, arrays.coef_)
    np.testing.assert_array_equal(model.standard_errors_, arrays.standard_errors_)
    assert model.fit_.names == ["parameter 0", "parameter 1", "parameter 2"]


@pytest.mark.parametrize("horizon", [None, 12])
def test_every_nonlinear_model_finds_the_same_maximum(seen, horizon):
    world, features, demos = seen
    mdp = world.mdp.replace(horizon=horizon)
    demos = (
        demos if horizon is None else Demonstrations([(t.states[: horizon + 1], t.actions[:horizon]) for t in demos])
    )
    options = {"objective": "likelihood", "tol": 1e-7}
    fits = [MaxEntIRL(mdp, kind(mdp, features), **options).fit(demos) for kind in (Bent, Smooth, Exact)]
    for fit in fits:
        assert fit.converged_
        np.testing.assert_allclose(fit.coef_, fits[-1].coef_, atol=1e-4)
        assert fit.score(demos) == pytest.approx(fits[-1].score(demos), abs=1e-8)
    assert fits[2].n_iter_ <= fits[0].n_iter_  # Newton takes no more steps than L-BFGS
    np.testing.assert_allclose(fits[2].coef_, [1.0, -0.5, 0.4], atol=6 * fits[2].standard_errors_.max())


def test_what_needs_a_jacobian_says_so(seen):
    world, features, demos = seen
    model = Bent(world.mdp, features)
    fit = MaxEntIRL(world.mdp, model, objective="likelihood").fit(demos)
    with pytest.raises(ValueError, match=r"Bent has no jacobian\(theta\).*lbfgs.*bootstrap"):
        _ = fit.standard_errors_
    assert "No standard errors: Bent has no jacobian" in str(fit.summary())
    with pytest.raises(ValueError, match='solver="newton" needs the Jacobian of the reward, and Bent has no'):
        MaxEntIRL(world.mdp, model, solver="newton").fit(demos)


def test_features_by_time_are_read_at_their_time(rng):
    mdp = MDP.from_successors([[1, 0], [0, 1]], horizon=3)
    table = rng.normal(size=(3, 2, 2, 4))
    features = Features(mdp, table)
    for t in range(3):
        np.testing.assert_array_equal(features.at(t).dense, np.swapaxes(table[t], 0, 1))
    coef, mass = rng.normal(size=4), rng.normal(size=(3, 2, 2))
    np.testing.assert_allclose(features.rewards(coef), np.swapaxes(table @ coef, 1, 2))
    np.testing.assert_allclose(features.total(mass), np.einsum("tas,tsak->k", mass, table))
    assert (features.shape, features.per_state) == ((3, 2, 2), False)
    with pytest.raises(ValueError, match=r"features must have shape \(2, K\) or \(2, 2, K\) or \(3, 2, 2, K\)"):
        Features(mdp, rng.normal(size=(4, 2, 2, 4)))
    bad = table.copy()
    bad[2, 1, 0, 3] = np.nan
    with pytest.raises(ValueError, match="it is nan at time 2, action 0, state 1, feature 3"):
        Features(mdp, bad)
