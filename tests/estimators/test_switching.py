"""SwitchingIRL: the likelihood by enumeration of all paths of intents, recovery, history, and conventions."""

import itertools
import pickle

import numpy as np
import pytest
from scipy import special
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV

from maxent_irl import MDP, Demonstrations, MaxEntIRL, SwitchingIRL, sample_demonstrations, soft_value_iteration
from maxent_irl.demonstrations.history import with_history
from maxent_irl.demonstrations.intents import sample_switching
from maxent_irl.worlds import GridWorld

STICKY = np.array([[0.95, 0.05], [0.08, 0.92]])


@pytest.fixture(scope="module")
def world():
    return GridWorld(6, discount=0.9)


@pytest.fixture(scope="module")
def features(world):
    return world.features("smooth", n_features=3)


def simulated(world, features, coefs, transmat, seed, n=40, steps=150):
    policies = [soft_value_iteration(world.mdp, features @ coef).policy for coef in coefs]
    start = np.full(len(coefs), 1 / len(coefs))
    return sample_switching(world.mdp, policies, start, transmat, n, max_steps=steps, random_state=seed)


TWO = np.array([[4.0, -2.0, 1.0], [-4.0, 2.0, 0.0]])


@pytest.fixture(scope="module")
def data(world, features):
    return simulated(world, features, TWO, STICKY, 0)


@pytest.fixture(scope="module")
def fitted(world, features, data):
    return SwitchingIRL(2, world.mdp, features, n_init=4, random_state=0).fit(data[0])


def test_intents_and_their_rewards_are_recovered(fitted, data):
    demos, intents = data
    swap = np.abs(fitted.coefs_ - TWO).sum() > np.abs(fitted.coefs_[::-1] - TWO).sum()
    order = [1, 0] if swap else [0, 1]
    np.testing.assert_allclose(fitted.coefs_[order], TWO, atol=0.6)
    np.testing.assert_allclose(fitted.transmat_[np.ix_(order, order)], STICKY, atol=0.03)
    decoded = fitted.predict(demos)
    assert (np.array(order)[decoded] == intents).mean() > 0.9
    np.testing.assert_array_equal(fitted.predict_proba(demos).shape, (demos.n_decisions, 2))
    assert (np.argmax(fitted.predict_proba(demos), axis=1) == decoded).mean() > 0.95


@pytest.mark.parametrize("horizon", [None, 5])
def test_the_likelihood_is_a_sum_over_all_paths_of_intents(world, features, horizon):
    mdp = world.mdp.replace(horizon=horizon)
    drawn = simulated(world, features, TWO, STICKY, 1, n=6, steps=5)[0]
    model = SwitchingIRL(2, mdp, features, l2=1.0, n_init=1, max_iter=3, tol=1.0, random_state=0).fit(drawn)
    policies = [soft_value_iteration(mdp, features @ coef).policy for coef in model.coefs_]
    expected = []
    for path in drawn:
        b = np.array([
            [np.log((p if horizon is None else p[t])[s, a]) for p in policies]
            for t, (s, a) in enumerate(zip(path.states, path.actions, strict=False))
        ])  # fmt: skip
        joint = [
            np.log(model.startprob_[z[0]])
            + sum(np.log(model.transmat_[j, k]) for j, k in itertools.pairwise(z))
            + b[range(5), z].sum()
            for z in itertools.product(range(2), repeat=5)
        ]
        expected.append(special.logsumexp(joint))
    np.testing.assert_allclose(model.score_samples(drawn), expected, atol=1e-10)
    assert model.score(drawn) == pytest.approx(np.mean(expected) / 5, abs=1e-10)


def test_the_likelihood_never_falls(fitted):
    assert (np.diff(fitted.log_likelihood_curve_) > -1e-10).all()
    assert fitted.converged_


def test_where_rewards_cannot_matter_only_the_chain_is_left():
    """Two actions that do the same: every path of 8 decisions has probability 2 ** -8 under all intents."""
    ring = MDP.from_successors([[1, 1], [2, 2], [0, 0]], discount=0.9)
    demos = sample_demonstrations(ring, np.full((3, 2), 0.5), 4, max_steps=8, random_state=0)
    model = SwitchingIRL(2, ring, l2=1.0, transmat=STICKY, startprob=[0.3, 0.7], max_iter=1, tol=1.0).fit(demos)
    np.testing.assert_allclose(model.score_samples(demos), -8 * np.log(2), atol=1e-12)


def test_one_intent_is_maxent_irl(world, features, data):
    one = MaxEntIRL(world.mdp, features, objective="likelihood").fit(data[0])
    same = SwitchingIRL(1, world.mdp, features).fit(data[0])
    np.testing.assert_allclose(same.coefs_[0], one.coef_, atol=1e-4)
    assert same.score(data[0]) == pytest.approx(one.score(data[0]), abs=1e-9)
    assert same.bic(data[0]) == pytest.approx(one.summary().statistics["bic"], abs=1e-3)


def test_history_makes_pairs_of_states(world, data):
    history, demos = with_history(world.mdp), data[0][:5]
    paired = history.demonstrations(demos)
    paired.validate_against(history.mdp)
    assert paired.n_decisions == demos.n_decisions - 5
    np.testing.assert_array_equal(history.now[paired.states], np.delete(demos.states, demos.offsets[:-1]))
    np.testing.assert_array_equal(history.previous[paired.states], np.delete(demos.states, demos.offsets[1:] - 1))
    # A reward of the present state alone is the same problem.
    reward = np.random.default_rng(0).normal(size=36)
    plain, pairs = soft_value_iteration(world.mdp, reward), soft_value_iteration(history.mdp, reward[history.now])
    np.testing.assert_allclose(pairs.policy, plain.policy[history.now], atol=1e-9)


def test_history_is_found_where_there_is_one():
    """On a ring, somebody who goes on in the direction they came from."""
    ring = MDP.from_successors([[(s + 1) % 6, (s - 1) % 6] for s in range(6)], discount=0.5)
    rng = np.random.default_rng(0)
    paths = []
    for _ in range(30):
        s, way, states, actions = 0, 0, [0], []
        for _ in range(30):
            way = way if rng.random() < 0.9 else 1 - way
            s = (s + (1, -1)[way]) % 6
            states.append(s)
            actions.append(way)
        paths.append((states, actions))
    history = with_history(ring)
    on = np.stack([(history.now - history.previous) % 6 == 1, (history.previous - history.now) % 6 == 1], axis=1)
    forgetful = SwitchingIRL(1, ring, l2=1e-3).fit(paths)
    mindful = SwitchingIRL(1, ring, on[:, :, None].astype(float), history=True, l2=1e-3).fit(paths)
    assert forgetful.score(paths) == pytest.approx(-np.log(2), abs=0.01)
    assert mindful.score(paths) == pytest.approx(0.9 * np.log(0.9) + 0.1 * np.log(0.1), abs=0.02)
    demos, intents = mindful.sample(5, max_steps=10, random_state=0)
    assert demos.n_decisions == len(intents) == 50


def test_a_prior_makes_intents_stick(world, features, data):
    demos = data[0][:3]
    loose, tight = (
        SwitchingIRL(2, world.mdp, features, l2=0.1, stickiness=s, n_init=1, random_state=0, max_iter=30, tol=1e-4).fit(
            demos
        )
        for s in (0.0, 1e4)
    )
    assert np.diag(tight.transmat_).min() > 0.99 > np.diag(loose.transmat_).min()


def test_weight_two_is_listed_twice(world, features, data):
    some = data[0][:6]
    twice = Demonstrations(some, weights=np.full(6, 2.0))
    options = {"l2": 0.1, "n_init": 1, "tol": 1e-8, "max_iter": 1000}
    start = TWO + 0.3
    weighted = SwitchingIRL(2, world.mdp, features, **options).fit(twice, coefs_init=start)
    listed = SwitchingIRL(2, world.mdp, features, **options).fit(some + some, coefs_init=start)
    np.testing.assert_allclose(weighted.coefs_, listed.coefs_, atol=1e-4)
    assert weighted.log_likelihood_ == pytest.approx(listed.log_likelihood_)


def test_sampling_and_conventions(fitted, data):
    demos, intents = fitted.sample(200, max_steps=50, random_state=0)
    later = demos.times[1:] > 0
    stayed = (intents[1:] == intents[:-1])[later].mean()
    share = np.bincount(intents, minlength=2) / len(intents)
    assert stayed == pytest.approx(share @ np.diag(fitted.transmat_), abs=0.02)
    assert clone(fitted).get_params()["n_states"] == 2
    np.testing.assert_array_equal(pickle.loads(pickle.dumps(fitted)).predict(data[0][:3]), fitted.predict(data[0][:3]))
    search = GridSearchCV(fitted.set_params(n_init=1, max_iter=60, tol=1e-4), {"n_states": [1, 2]}, cv=2).fit(
        data[0][:10]
    )
    assert search.best_params_ == {"n_states": 2}


@pytest.mark.slow
@pytest.mark.parametrize("n_intents", [2, 3])
def test_recovery_over_ten_seeds(world, features, n_intents):
    """Within 4 standard errors, by the spread of the estimates over the seeds."""
    coefs = np.array([[4.0, -2.0, 1.0], [-4.0, 2.0, 0.0], [0.0, -5.0, -2.0]])[:n_intents]
    kept = 0.94 if n_intents == 2 else 0.985  # three intents are told apart only where they last
    transmat = np.full((n_intents, n_intents), (1 - kept) / (n_intents - 1))
    np.fill_diagonal(transmat, kept)
    found, chains, right = [], [], []
    for seed in range(10):
        demos, intents = simulated(world, features, coefs, transmat, seed)
        model = SwitchingIRL(n_intents, world.mdp, features, n_init=8, random_state=seed, tol=1e-5).fit(demos)
        order = max(
            itertools.permutations(range(n_intents)),
            key=lambda p: (np.argsort(p)[model.predict(demos)] == intents).mean(),
        )
        found.append(model.coefs_[list(order)])
        chains.append(model.transmat_[np.ix_(order, order)])
        right.append((np.argsort(order)[model.predict(demos)] == intents).mean())
    for estimates, truth in ((found, coefs), (chains, transmat)):
        spread = np.std(estimates, axis=0, ddof=1)
        assert (np.abs(np.mean(estimates, axis=0) - truth) < 4 * spread / np.sqrt(10)).all()
        assert (np.abs(np.array(estimates) - truth) < 4 * spread).all()
    assert np.mean(right) > 0.9
    assert min(right) > 0.88  # with the true rewards the worst seed has 0.905
