"""Boosting: one stage against a linear fit, the functional gradient, early stopping, other regressors, partial dependence."""

import numpy as np
import pytest
from oracles import KINDS, costly_features, difference_jacobian, problem_of_kind, random_demos
from packaged import as_demonstrations, as_mdp
from sklearn.dummy import DummyRegressor
from sklearn.exceptions import ConvergenceWarning
from sklearn.inspection import partial_dependence, permutation_importance
from sklearn.linear_model import Ridge
from sklearn.tree import DecisionTreeRegressor

from maxent_irl import MaxEntIRL, sample_demonstrations, soft_value_iteration
from maxent_irl.estimators import BoostedIRL
from maxent_irl.likelihood import TaskObjective
from maxent_irl.rewards import Features
from maxent_irl.rewards.stages import OffsetReward
from maxent_irl.worlds import ObjectWorld


@pytest.mark.parametrize("inference", ["variational", "exact"])
@pytest.mark.parametrize("per_state", [True, False])
@pytest.mark.parametrize("kind", [kind for kind in KINDS if "undiscounted" not in kind])
def test_one_stage_is_a_linear_fit_on_the_leaves(kind, per_state, inference):
    rng = np.random.default_rng(4)
    problem = problem_of_kind(kind)
    inputs, _ = costly_features(rng, problem, per_state=per_state)
    mdp, demonstrations = as_mdp(problem), as_demonstrations(random_demos(rng, problem, 15, 4))
    model = BoostedIRL(
        mdp,
        inputs,
        DecisionTreeRegressor(),
        n_estimators=1,
        learning_rate=1.0,
        newton_steps=100,
        l2=0.5,
        validation_fraction=None,
        inference=inference,
    ).fit(demonstrations)
    [stage] = model.stages_
    leaves = np.asarray(stage.columns(inputs.reshape(-1, 3)).todense()).reshape(*inputs.shape[:-1], -1)
    offset = np.full(inputs.shape[:-1], model.constant_)
    shape = offset.shape if per_state else offset.T.shape
    features = Features(mdp, leaves)
    task = TaskObjective(
        model.fit_.agent, OffsetReward(offset.reshape(shape), features), model.fit_.objective.statistics
    )
    # The stage maximises: the gradient of the penalised likelihood vanishes at its values.
    gradient = task.at(stage.coef).gradient - 0.5 * stage.coef
    assert np.abs(gradient).max() < 1e-8 * task.total_weight
    if model.constant_ == 0.0:
        linear = MaxEntIRL(mdp, leaves, solver="newton", l2=0.5, tol=1e-11, inference=inference).fit(demonstrations)
        used = problem.open if not per_state else problem.open.any(axis=1)
        np.testing.assert_allclose(model.reward_[used], linear.reward_[used], atol=1e-8)


@pytest.mark.parametrize("kind", ["discounted", "finite, everything", "undiscounted, terminal"])
def test_the_functional_gradient(kind):
    """What the trees are fitted to: the derivative with respect to every entry of the reward."""
    rng = np.random.default_rng(4)
    problem = problem_of_kind(kind)
    inputs, coef = costly_features(rng, problem)
    mdp, demonstrations = as_mdp(problem), as_demonstrations(random_demos(rng, problem, 15, 4))
    fit = MaxEntIRL(mdp, inputs, objective="likelihood", l2=1.0).fit(demonstrations).fit_
    S, A = problem.shape
    everywhere = OffsetReward((inputs @ coef).T, Features(mdp, np.eye(A * S).reshape(A, S, -1).swapaxes(0, 1)))
    task = TaskObjective(fit.agent, everywhere, fit.objective.statistics)
    zero = np.zeros(A * S)
    expected = difference_jacobian(lambda x: np.array([task.at(x).value]), zero)[0]
    np.testing.assert_allclose(task.at(zero).mass.ravel(), expected, atol=1e-7)


@pytest.fixture(scope="module")
def world():
    return ObjectWorld(12, n_objects=14, random_state=1)


@pytest.fixture(scope="module")
def demonstrations(world):
    policy = 0.7 * soft_value_iteration(world.mdp, world.reward, temperature=0.0).policy + 0.3 / world.mdp.n_actions
    return sample_demonstrations(world.mdp, policy, 120, max_steps=8, random_state=0)


def test_early_stopping_goes_back_to_the_best_stage(world, demonstrations):
    model = BoostedIRL(world.mdp, world.features(), learning_rate=0.5, n_iter_no_change=4, random_state=0)
    model.fit(demonstrations)
    assert model.converged_
    assert model.n_estimators_ == np.argmax(model.validation_scores_)
    assert len(model.validation_scores_) == model.n_estimators_ + 5
    np.testing.assert_array_equal(np.diff(model.loss_curve_) <= 1e-9, True)
    rewards = list(model.staged_predict_reward(world.features()))
    assert len(rewards) == model.n_estimators_ + 1
    np.testing.assert_allclose(rewards[-1], model.reward_, atol=1e-12)
    assert model.score(demonstrations) > MaxEntIRL(world.mdp, world.features(), objective="likelihood", l2=0.1).fit(
        demonstrations
    ).score(demonstrations)
    with pytest.warns(ConvergenceWarning, match="best at stage 2 of 2.*raise n_estimators"):
        model.set_params(n_estimators=2).fit(demonstrations)


def test_given_validation_is_what_stops_the_fit(world, demonstrations):
    train, validation = demonstrations[:80], demonstrations[80:]
    model = BoostedIRL(world.mdp, world.features(), learning_rate=0.5, n_iter_no_change=3, random_state=0)
    model.fit(train, validation=validation)
    assert model.n_trajectories_ == 80
    assert max(model.validation_scores_) == pytest.approx(model.score(validation), abs=1e-9)


def test_importances_and_partial_dependence(world, demonstrations):
    model = BoostedIRL(world.mdp, world.features(), learning_rate=0.3, random_state=0).fit(demonstrations)
    importances = model.feature_importances_
    assert importances.sum() == pytest.approx(1.0)
    assert importances[:2].sum() > importances[2:].sum()  # the inner colours do not matter
    dependence = partial_dependence(model.regressor_, world.features(), [0], kind="average")
    near, far = dependence["average"][0][[0, -1]]
    assert np.isfinite([near, far]).all()
    by_shuffling = permutation_importance(model.regressor_, world.features(), world.reward, random_state=0)
    assert by_shuffling.importances_mean.shape == (4,)


def test_regressors_without_leaves(world, demonstrations):
    inputs = (world.features() < 3).astype(float)
    model = BoostedIRL(world.mdp, inputs, Ridge(), n_estimators=20, learning_rate=1.0, validation_fraction=None)
    boosted = model.fit(demonstrations)
    assert boosted.loss_curve_[-1] < boosted.loss_curve_[0] - 0.01
    linear = MaxEntIRL(world.mdp, inputs, objective="likelihood", l2=1e-3).fit(demonstrations)
    assert boosted.score(demonstrations) <= linear.score(demonstrations) + 1e-6
    with pytest.raises(AttributeError, match="Ridge has no feature_importances_"):
        _ = boosted.feature_importances_
    constant = BoostedIRL(world.mdp, inputs, DummyRegressor(), n_estimators=1, validation_fraction=None)
    np.testing.assert_allclose(constant.fit(demonstrations).policy_.std(), 0.0, atol=0.2)


def test_warm_start_adds_stages(world, demonstrations):
    options = {"learning_rate": 0.3, "validation_fraction": None, "random_state": 0}
    model = BoostedIRL(world.mdp, world.features(), n_estimators=3, warm_start=True, **options).fit(demonstrations)
    first = model.reward_.copy()
    model.set_params(n_estimators=6).fit(demonstrations)
    assert model.n_estimators_ == 6
    np.testing.assert_allclose(list(model.staged_predict_reward(world.features()))[3], first, atol=1e-12)
    with pytest.raises(ValueError, match="n_estimators=2 is less than the 6 stages that warm_start keeps"):
        model.set_params(n_estimators=2).fit(demonstrations)
