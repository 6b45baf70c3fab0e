"""The delta method against numerical derivatives, and against the bootstrap's spread."""

import numpy as np
import pytest

from maxent_irl import Demonstrations, MaxEntIRL, soft_value_iteration
from maxent_irl.uncertainty import bootstrap, counterfactual, policy_map, reward_map
from maxent_irl.worlds import GridWorld


def test_reward_errors_by_hand(fitted, features):
    C = fitted.covariance_
    centred = features - features.mean(axis=0)
    found = reward_map(fitted)
    assert found.centred
    np.testing.assert_allclose(found.estimate, centred @ fitted.coef_, atol=1e-12)
    np.testing.assert_allclose(found.standard_error, np.sqrt(np.diag(centred @ C @ centred.T)))
    level = reward_map(fitted, centre=False, kind="robust")
    C = fitted.coefficient_covariance("robust").matrix
    np.testing.assert_allclose(level.standard_error, np.sqrt(np.diag(features @ C @ features.T)))
    low, high = found.interval(0.9)
    np.testing.assert_allclose(high - low, 2 * 1.6448536 * found.standard_error, rtol=1e-6)


def test_the_constant_is_free_only_where_nothing_ends(demos):
    goal = GridWorld(5, slip=0.1, discount=0.9, goals=[(4, 4)])
    kept = [i for i in range(len(demos)) if 24 not in demos[i].states]
    fit = MaxEntIRL(goal.mdp, goal.features("smooth", n_features=2)).fit(demos[kept])
    assert not reward_map(fit).centred


@pytest.mark.parametrize("per_action", [False, True])
def test_rewards_per_state_and_per_action(world, features, demos, fitted, per_action):
    if not per_action:
        with_identity = MaxEntIRL(world.mdp, l2=0.5, objective="likelihood").fit(demos)  # sparse features
        found = reward_map(with_identity)
        C = with_identity.covariance_
        J = np.eye(25) - 1 / 25
        np.testing.assert_allclose(found.standard_error, np.sqrt(np.diag(J @ C @ J)), rtol=1e-9)
        return
    repeated = np.repeat(features[:, None], 5, axis=1)
    same = reward_map(MaxEntIRL(world.mdp, repeated, objective="likelihood").fit(demos))
    assert same.estimate.shape == same.standard_error.shape == (25, 5)
    np.testing.assert_allclose(
        same.standard_error, np.repeat(reward_map(fitted).standard_error[:, None], 5, axis=1), rtol=1e-4, atol=1e-9
    )


@pytest.mark.parametrize("horizon", [None, 20])
def test_policy_errors_by_differences(world, features, demos, horizon):
    mdp = world.mdp.replace(horizon=horizon)
    fit = MaxEntIRL(mdp, features, temperature=2.0, objective="likelihood").fit(demos)
    h = 1e-5
    J = [
        soft_value_iteration(mdp, features @ (fit.coef_ + step), temperature=2.0, tol=1e-13).policy
        - soft_value_iteration(mdp, features @ (fit.coef_ - step), temperature=2.0, tol=1e-13).policy
        for step in h * np.eye(3)
    ]
    J = np.stack(J, axis=-1) / (2 * h)
    wanted = np.sqrt(np.einsum("...k,kl,...l->...", J, fit.covariance_, J))
    found = policy_map(fit)
    np.testing.assert_allclose(found.estimate, fit.policy_)
    np.testing.assert_allclose(found.standard_error, wanted, atol=1e-8)


def test_policy_towards_a_goal():
    world = GridWorld(3, discount=0.95)
    cost = -np.random.default_rng(0).uniform(0.5, 2, size=(9, 5, 2))
    demos = Demonstrations(
        [([0, 1, 2], [0, 0]), ([0, 3, 4], [1, 0]), ([8, 5, 2], [3, 3]), ([6, 7, 4], [0, 3])], goals=[2, 4, 2, 4]
    )
    fit = MaxEntIRL(world.mdp, cost, l2=0.1).fit(demos)
    found = policy_map(fit, goal=2)
    assert (found.standard_error[2] == 0).all()  # nothing is decided at the goal
    for of_no_goal in (lambda: policy_map(fit), lambda: counterfactual(fit, discount=0.5)):
        with pytest.raises(ValueError, match="demonstrations had goals, and so has every policy: pass goal="):
            of_no_goal()
    assert (found.standard_error[[0, 1, 5]] > 0).all()
    np.testing.assert_allclose(found.estimate, fit.solve(2).policy)


def test_the_map_agrees_with_the_bootstrap(matched):
    spread = reward_map(matched, bootstrap=bootstrap(matched, 200, random_state=0))
    for kind in ("observed", "robust"):
        ratio = spread.standard_error / reward_map(matched, kind=kind).standard_error
        assert abs(ratio.mean() - 1) < 0.15
        assert np.abs(ratio - 1).mean() < 0.15
    assert "200 replicates" in spread.description
