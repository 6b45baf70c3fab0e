"""Hidden chains: against enumeration of all hidden paths, and against hmmlearn."""

import itertools

import numpy as np
import pytest
from scipy import special

from maxent_irl.estimators.forward_backward import most_likely_path, smooth


def chain(C: int, seed: int = 0, lengths=(5, 1, 3)):
    rng = np.random.default_rng(seed)
    offsets = np.concatenate([[0], np.cumsum(lengths)])
    log_b = np.log(rng.random((offsets[-1], C)))
    return np.log(rng.dirichlet(np.ones(C))), np.log(rng.dirichlet(np.ones(C), size=C)), log_b, offsets


@pytest.mark.parametrize("C", [1, 2, 3])
def test_messages_are_sums_over_all_hidden_paths(C):
    start, moves, log_b, offsets = chain(C)
    found = smooth(start, moves, log_b, offsets, np.array([1.0, 2.0, 0.5]))
    best, path = most_likely_path(start, moves, log_b, offsets)
    expected_moves = np.zeros((C, C))
    for i, weight in enumerate([1.0, 2.0, 0.5]):
        b = log_b[offsets[i] : offsets[i + 1]]
        hidden = list(itertools.product(range(C), repeat=len(b)))
        joint = np.array(
            [
                start[z[0]] + sum(moves[j, k] for j, k in itertools.pairwise(z)) + b[range(len(b)), z].sum()
                for z in hidden
            ]
        )
        total = special.logsumexp(joint)
        assert found.log_likelihoods[i] == pytest.approx(total, abs=1e-10)
        p = np.exp(joint - total)
        marginals = np.zeros_like(b)
        for z, mass in zip(hidden, p, strict=True):
            marginals[range(len(b)), z] += mass
            for j, k in itertools.pairwise(z):
                expected_moves[j, k] += weight * mass
        np.testing.assert_allclose(found.states[offsets[i] : offsets[i + 1]], marginals, atol=1e-10)
        assert best[i] == pytest.approx(joint.max(), abs=1e-10)
        np.testing.assert_array_equal(path[offsets[i] : offsets[i + 1]], hidden[int(joint.argmax())])
    np.testing.assert_allclose(found.moves, expected_moves, atol=1e-10)


def test_predictions_from_the_past_add_up_to_the_likelihood():
    start, moves, log_b, offsets = chain(3, lengths=(40, 7))
    found = smooth(start, moves, log_b, offsets)
    one_step = special.logsumexp(found.filtered + log_b, axis=1)
    np.testing.assert_allclose(np.add.reduceat(one_step, offsets[:-1]), found.log_likelihoods, rtol=1e-12)


def test_impossible_moves_and_tiny_probabilities():
    with np.errstate(divide="ignore"):
        start, moves = np.log([1.0, 0.0]), np.log([[0.5, 0.5], [0.0, 1.0]])
    log_b = np.array([[-800.0, 0.0], [-1600.0, 0.0], [0.0, -900.0]])
    found = smooth(start, moves, log_b, np.array([0, 3]))
    paths = [-800 - 1600 + 2 * np.log(0.5), -800 + np.log(0.5) - 900, -800 - 1600 + 2 * np.log(0.5) - 900]
    assert found.log_likelihoods[0] == pytest.approx(special.logsumexp(paths))
    assert found.states[1, 1] == pytest.approx(1.0)


def test_hmmlearn_agrees_where_emissions_are_fixed():
    hmm = pytest.importorskip("hmmlearn.hmm")
    C, n_symbols, lengths = 3, 4, [30, 12, 1, 25]
    rng = np.random.default_rng(1)
    seen, emission = rng.integers(n_symbols, size=sum(lengths)), rng.dirichlet(np.ones(n_symbols), size=C)
    start, moves = rng.dirichlet(np.ones(C)), rng.dirichlet(np.ones(C), size=C)
    model = hmm.CategoricalHMM(C, params="st", init_params="", n_iter=20, tol=0.0)
    model.startprob_, model.transmat_, model.emissionprob_ = start, moves, emission
    model.n_features = n_symbols
    log_b, offsets = np.log(emission[:, seen].T), np.concatenate([[0], np.cumsum(lengths)])
    score, states = model.score_samples(seen[:, None], lengths)
    found = smooth(np.log(start), np.log(moves), log_b, offsets)
    assert found.log_likelihoods.sum() == pytest.approx(score, abs=1e-8)
    np.testing.assert_allclose(found.states, states, atol=1e-8)
    log_p, path = model.decode(seen[:, None], lengths)
    best, mine = most_likely_path(np.log(start), np.log(moves), log_b, offsets)
    assert best.sum() == pytest.approx(log_p, abs=1e-8)
    np.testing.assert_array_equal(mine, path)
    model.fit(seen[:, None], lengths)
    for _ in range(20):
        found = smooth(np.log(start), np.log(moves), log_b, offsets)
        start, moves = found.states[offsets[:-1]].mean(axis=0), found.moves / found.moves.sum(axis=1, keepdims=True)
    np.testing.assert_allclose(model.startprob_, start, atol=1e-8)
    np.testing.assert_allclose(model.transmat_, moves, atol=1e-8)
