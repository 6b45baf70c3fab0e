import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy.special import expit
from sklearn.base import clone, is_classifier
from sklearn.metrics import accuracy_score, log_loss, roc_auc_score
from sklearn.model_selection import GridSearchCV, cross_val_score

from maxent_irl import Demonstrations, sample_demonstrations
from maxent_irl.control import Comparisons, PreferenceIRL, draw_preferences
from maxent_irl.worlds import GridWorld

COEF = np.array([1.0, -0.8, 0.5])


@pytest.fixture(scope="module")
def world():
    return GridWorld((5, 5), slip=0.2, discount=0.9)


@pytest.fixture(scope="module")
def features(world):
    return np.random.default_rng(0).normal(size=(world.n_states, 3))


@pytest.fixture(scope="module")
def demos(world):
    wander = np.full((world.n_states, world.n_actions), 0.2)
    return sample_demonstrations(world.mdp, wander, 300, max_steps=15, random_state=0)


def returns(world, reward, demos):
    """Discounted returns, one trajectory at a time."""
    return np.array(
        [
            sum(world.mdp.discount**t * reward[s, a] for t, (s, a) in enumerate(zip(d.states, d.actions, strict=False)))
            for d in demos
        ]
    )


def judged(world, reward, demos, n, seed=0, temperature=1.0):
    rng = np.random.default_rng(seed)
    pairs = np.array([rng.choice(len(demos), size=2, replace=False) for _ in range(n)])
    drawn = draw_preferences(returns(world, reward, demos), pairs, temperature=temperature, random_state=rng)
    return Comparisons(demos, pairs), (drawn[:, 0] == pairs[:, 0]).astype(int)


@pytest.mark.parametrize("per_action", [False, True])
def test_it_recovers_the_reward_behind_the_judgements(world, features, demos, per_action):
    phi = np.random.default_rng(1).normal(size=(world.n_states, world.n_actions, 3)) if per_action else features
    reward = phi @ COEF if per_action else np.repeat((phi @ COEF)[:, None], world.n_actions, axis=1)
    X, y = judged(world, reward, demos, 4000)
    model = PreferenceIRL(world.mdp, phi).fit(X, y)
    assert model.converged_
    counts = np.array(
        [
            returns(world, np.broadcast_to(phi[..., k].reshape(world.n_states, -1), reward.shape), demos)
            for k in range(3)
        ]
    ).T
    gaps = counts[X.pairs[:, 0]] - counts[X.pairs[:, 1]]
    p = expit(gaps @ model.coef_)
    deviation = np.sqrt(np.diag(np.linalg.inv((gaps * (p * (1 - p))[:, None]).T @ gaps)))
    assert (np.abs(model.coef_ - COEF) < 4 * deviation).all()
    assert (deviation < 0.1).all()
    assert_allclose(model.reward_, phi @ model.coef_)
    assert_allclose(model.returns(demos), counts @ model.coef_)
    assert_allclose(model.score(X, y), model.log_likelihood_ / 4000)
    assert_allclose(model.predict_proba(X)[:, 1], p)
    assert_array_equal(model.predict(X), p > 0.5)
    assert model.n_comparisons_ == 4000


def test_error_shrinks_like_one_over_root_n(world, features, demos):
    reward = np.repeat((features @ COEF)[:, None], world.n_actions, axis=1)
    sizes = np.array([500, 2000, 8000])
    errors = [
        [
            np.linalg.norm(PreferenceIRL(world.mdp, features).fit(*judged(world, reward, demos, n, seed)).coef_ - COEF)
            for n in sizes
        ]
        for seed in range(8)
    ]
    slope = np.polyfit(np.log(sizes), np.log(errors).mean(axis=0), 1)[0]
    assert -0.75 < slope < -0.3


def test_scikit_learn_takes_it(world, features, demos):
    reward = np.repeat((features @ COEF)[:, None], world.n_actions, axis=1)
    X, y = judged(world, reward, demos, 400)
    model = PreferenceIRL(world.mdp, features)
    scores = cross_val_score(model, X, y, cv=4)
    assert (scores > -np.log(2)).all()
    search = GridSearchCV(model, {"l2": [1e-3, 1e4]}, cv=3).fit(X, y)
    assert search.best_params_ == {"l2": 1e-3}
    assert clone(model).get_params()["mdp"] is world.mdp
    as_list = [X[i] for i in range(len(X))]
    assert_allclose(PreferenceIRL(world.mdp, features).fit(as_list, y).coef_, model.fit(X, y).coef_, rtol=1e-6)


@pytest.mark.parametrize("as_bool", [False, True])
def test_scikit_learn_scores_it_as_a_classifier(world, features, demos, as_bool):
    reward = np.repeat((features @ COEF)[:, None], world.n_actions, axis=1)
    X, y = judged(world, reward, demos, 300)
    y = y.astype(bool) if as_bool else y
    model = PreferenceIRL(world.mdp, features)
    assert is_classifier(model)
    scoring = ["roc_auc", "accuracy", "neg_log_loss"]
    search = GridSearchCV(model, {"l2": [0.1, 1e3]}, scoring=scoring, refit="roc_auc", cv=2).fit(X, y)
    for name in scoring:
        scores = search.cv_results_[f"mean_test_{name}"]
        assert np.isfinite(scores).all()
        assert scores[0] >= scores[1]
    best = search.best_estimator_
    chance = best.predict_proba(X)
    assert_allclose(best.score(X, y), -log_loss(y, chance))  # its own score, not the accuracy
    assert roc_auc_score(y, chance[:, 1]) > accuracy_score(y, best.predict(X)) > 0.6


def test_temperature_and_penalty(world, features, demos):
    reward = np.repeat((features @ COEF)[:, None], world.n_actions, axis=1)
    X, y = judged(world, reward, demos, 500)
    one, two = (PreferenceIRL(world.mdp, features, temperature=t).fit(X, y).coef_ for t in (1.0, 2.0))
    assert_allclose(two, 2 * one, rtol=1e-3)
    small = PreferenceIRL(world.mdp, features, l2=100.0).fit(X, y).coef_
    assert np.linalg.norm(small) < np.linalg.norm(one)
    states = PreferenceIRL(world.mdp, l2=1.0).fit(X, y)
    assert states.coef_.shape == (world.n_states,)


def test_weights_of_trajectories_do_not_change_their_returns(world, features, demos):
    weighted = Demonstrations(demos, weights=np.linspace(1, 2, len(demos)))
    reward = np.repeat((features @ COEF)[:, None], world.n_actions, axis=1)
    X, y = judged(world, reward, demos, 300)
    plain = PreferenceIRL(world.mdp, features).fit(X, y)
    other = PreferenceIRL(world.mdp, features).fit(Comparisons(weighted, X.pairs), y)
    assert_array_equal(plain.coef_, other.coef_)


def test_comparisons_are_a_sequence(demos):
    X = Comparisons(demos, [[0, 1], [2, 3], [4, 5]])
    assert len(X) == 3
    first, second = X[1]
    assert first == demos[2]
    assert second == demos[3]
    assert_array_equal(X[[2, 0]].pairs, [[4, 5], [0, 1]])
    assert Comparisons.of(X) is X


def test_wrong_input_is_named(world, features, demos):
    X = Comparisons(demos, [[0, 1], [2, 3]])
    model = PreferenceIRL(world.mdp, features)
    with pytest.raises(ValueError, match=r"y must have shape \(2,\)"):
        model.fit(X, [1])
    with pytest.raises(ValueError, match="the outcome of comparison 1 is 2"):
        model.fit(X, [1, 2])
    with pytest.raises(ValueError, match="comparison 0 holds 3 trajectories"):
        model.fit([(demos[0], demos[1], demos[2])], [1])
    with pytest.raises(ValueError, match="trajectory 1"):
        model.fit([(([0, 1], [0]), ([0, 24], [0]))], [1])
    with pytest.warns(UserWarning, match="the fit did not converge"):
        PreferenceIRL(world.mdp, features, max_iter=1).fit(
            *judged(world, np.ones((25, 5)) * features[:, :1], demos, 200)
        )
