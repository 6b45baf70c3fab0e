import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy.optimize import check_grad
from scipy.special import expit

from maxent_irl.control import (
    TokenTree,
    direct_preference_optimisation,
    draw_preferences,
    fit_bradley_terry,
    identity_preference_optimisation,
    kahneman_tversky_optimisation,
)
from maxent_irl.control import preference_optimisation as module

BETA = 0.5


@pytest.fixture(scope="module")
def tree():
    return TokenTree("ab", 3)


@pytest.fixture(scope="module")
def reference(tree):
    return tree.random_policy(concentration=5.0, random_state=0)


@pytest.fixture(scope="module")
def scores(tree):
    return np.random.default_rng(1).normal(size=tree.n_completions)


def preferences_of(tree, reference, scores, n, seed=0):
    pairs = tree.draw_pairs(reference, n, random_state=[seed, 0])
    return draw_preferences(scores, pairs, random_state=[seed, 1])


def differences(scores):
    return scores[:, None] - scores


def relative_error(found, true):
    """Root mean square error of all reward differences, relative to that of the differences themselves."""
    return float(np.linalg.norm(differences(found) - differences(true)) / np.linalg.norm(differences(true)))


def total_variation(tree, policy, distribution):
    return float(np.abs(np.exp(tree.log_probabilities(policy)) - distribution).sum() / 2)


def test_dpo_is_the_reward_model_and_its_posterior_in_one(tree, reference, scores):
    preferences = preferences_of(tree, reference, scores, 5000)
    aligned = direct_preference_optimisation(tree, reference, preferences, temperature=BETA, tol=1e-9)
    model = fit_bradley_terry(np.eye(tree.n_completions), preferences, tol=1e-10)
    assert aligned.converged
    assert_allclose(differences(aligned.implied_reward), differences(model.coef), atol=1e-4)
    posterior = tree.posterior(reference, model.coef, BETA)
    assert_allclose(np.exp(tree.log_probabilities(aligned.policy)), posterior, atol=1e-5)
    assert_allclose(aligned.implied_reward, BETA * aligned.log_ratio)
    assert_allclose(aligned.loss * 5000, -model.log_likelihood)
    assert (np.diff(aligned.loss_curve) <= 1e-15).all()
    assert len(aligned.loss_curve) == aligned.n_iter + 1


def weighted_error(found, true, chance):
    """The same over pairs of completions drawn with these chances."""
    weight = np.outer(chance, chance)
    gap, miss = differences(true), differences(found) - differences(true)
    return float(np.sqrt((weight * miss**2).sum() / (weight * gap**2).sum()))


def expected_error(true, chance, n):
    """What the Fisher information of n Bradley-Terry judgements allows `weighted_error` to be, on average over samples."""
    drawn = np.outer(chance, chance) * ~np.eye(len(chance), dtype=bool)
    gap = differences(true)
    information = n * drawn / drawn.sum() * expit(gap) * expit(-gap)  # of every pair
    laplacian = np.diag(information.sum(axis=1) + information.sum(axis=0)) - information - information.T
    covariance = np.linalg.pinv(laplacian)
    variance = np.add.outer(np.diag(covariance), np.diag(covariance)) - 2 * covariance
    return float(np.sqrt((np.outer(chance, chance) * variance).sum() / (np.outer(chance, chance) * gap**2).sum()))


@pytest.mark.parametrize("which", ["uniform", "reference"])
def test_dpo_differences_come_within_5_percent_whatever_the_seed(tree, reference, which):
    """50,000 preferences about rewards of deviation 1: measured over pairs like those that were judged.

    The error is the smallest there can be: that of the Fisher information, which for n items is about
    sqrt((n_items - 1) / (n * mean p (1 - p))), however the pairs are drawn.
    """
    drawing = tree.policy_of(np.ones(tree.n_completions)) if which == "uniform" else reference
    chance = np.exp(tree.log_probabilities(drawing))
    errors, expected, missed = [], [], []
    for seed in range(20):
        true = np.random.default_rng(seed).normal(size=tree.n_completions)
        true /= np.sqrt(chance @ (true - chance @ true) ** 2)
        preferences = preferences_of(tree, drawing, true, 50_000, seed)
        aligned = direct_preference_optimisation(tree, reference, preferences, temperature=BETA)
        errors.append(weighted_error(aligned.implied_reward, true, chance))
        expected.append(expected_error(true, chance, 50_000))
        missed.append(total_variation(tree, aligned.policy, tree.posterior(reference, true, BETA)))
    assert max(errors) < 0.05
    assert np.median(missed) < 0.03  # the policy, from RLHF's optimum
    assert 0.8 < np.mean(np.square(errors) / np.square(expected)) < 1.25  # 20 samples of about 14 degrees of freedom


def test_dpo_differences_tighten_like_one_over_root_n(tree, reference):
    sizes, errors, missed = np.array([3_000, 12_000, 50_000, 200_000]), [], []
    for seed in range(8):
        true = np.random.default_rng(seed).normal(size=tree.n_completions)
        fits = [
            direct_preference_optimisation(
                tree, reference, preferences_of(tree, reference, true, n, seed), temperature=BETA
            )
            for n in sizes
        ]
        errors.append([relative_error(fit.implied_reward, true) for fit in fits])
        optimum = tree.posterior(reference, true, BETA)
        missed.append([total_variation(tree, fit.policy, optimum) for fit in fits])
    for distances in (errors, missed):
        slope = np.polyfit(np.log(sizes), np.log(distances).mean(axis=0), 1)[0]
        assert -0.6 < slope < -0.4


def test_ipo_regularises_towards_its_closed_form(tree, reference, scores):
    tau = 0.3
    preferences = preferences_of(tree, reference, scores, 400_000)
    aligned = identity_preference_optimisation(tree, reference, preferences, temperature=tau)
    chance = np.exp(tree.log_probabilities(reference))
    wins = expit(differences(scores)) @ chance  # against an opponent drawn from the reference
    assert aligned.converged
    assert total_variation(tree, aligned.policy, tree.posterior(reference, wins, tau)) < 0.005
    assert_allclose(differences(aligned.implied_reward), differences(wins), atol=0.02)


def test_ipo_stays_finite_where_preferences_are_certain_and_dpo_does_not(tree, reference, scores):
    pairs = tree.draw_pairs(reference, 2000, random_state=0)
    certain = np.where((scores[pairs[:, 0]] > scores[pairs[:, 1]])[:, None], pairs, pairs[:, ::-1])
    ipo = identity_preference_optimisation(tree, reference, certain, temperature=BETA)
    dpo = direct_preference_optimisation(tree, reference, certain, temperature=BETA, tol=1e-9, max_iter=300)
    assert ipo.converged
    assert np.abs(ipo.log_ratio).max() < 5
    assert np.abs(dpo.log_ratio).max() > 3 * np.abs(ipo.log_ratio).max()


@pytest.mark.parametrize("beta", [0.1, 0.5, 1.0])
def test_kto_conditions_the_reference_on_being_desirable(tree, reference, scores, beta):
    chance = np.exp(tree.log_probabilities(reference))
    good = scores > np.median(scores)
    # Every completion rated in proportion to the reference, as closely as 100,000 ratings allow.
    rated = np.repeat(np.arange(tree.n_completions), np.round(100_000 * chance).astype(int))
    aligned = kahneman_tversky_optimisation(tree, reference, rated, good[rated], temperature=beta)
    posterior = np.where(good, chance, 0.0) / chance[good].sum()
    assert aligned.converged
    assert total_variation(tree, aligned.policy, posterior) < 4e-3
    as_inference = tree.posterior(reference, np.where(good, 0.0, -1e3), 1.0)  # evidence: the label itself
    assert_allclose(as_inference, posterior, atol=1e-12)


def test_kto_with_noisy_labels_keeps_what_is_mostly_desirable(tree, reference, scores):
    rng = np.random.default_rng(0)
    chance = np.exp(tree.log_probabilities(reference))
    rated = rng.choice(tree.n_completions, size=200_000, p=chance)
    liked = rng.random(200_000) < expit(3 * scores)[rated]
    aligned = kahneman_tversky_optimisation(tree, reference, rated, liked, temperature=0.5)
    kept = np.exp(tree.log_probabilities(aligned.policy))
    assert kept[scores < -0.1].sum() < 1e-3
    assert (aligned.log_ratio[scores > 0.3] > 0).all()
    assert len(aligned.loss_curve) == aligned.n_iter + 1
    assert_allclose(aligned.loss_curve[-1], aligned.loss, rtol=1e-12)


@pytest.mark.parametrize("max_rounds", [1, 3])
def test_kto_records_one_loss_per_iteration(tree, reference, max_rounds):
    aligned = kahneman_tversky_optimisation(tree, reference, [0, 1], [True, False], max_rounds=max_rounds)
    assert aligned.n_iter > max_rounds
    assert len(aligned.loss_curve) == aligned.n_iter + 1
    assert aligned.loss_curve[0] == 0.5  # at the reference a completion is worth a half


@pytest.mark.parametrize("which", ["dpo", "ipo", "kto"])
def test_gradients_of_the_losses(tree, reference, scores, which, monkeypatch):
    """The objective each of them hands to the optimiser, by finite differences."""
    seen = {}

    def spy(objective, start, **options):
        seen["objective"], seen["start"] = objective, start
        raise StopIteration

    monkeypatch.setattr(module, "minimize", spy)
    preferences = preferences_of(tree, reference, scores, 200)
    fits = {
        "dpo": lambda: direct_preference_optimisation(tree, reference, preferences, temperature=BETA),
        "ipo": lambda: identity_preference_optimisation(tree, reference, preferences, temperature=BETA),
        "kto": lambda: kahneman_tversky_optimisation(
            tree, reference, preferences[:, 0], scores[preferences[:, 0]] > 0, desirable_weight=2.0
        ),
    }
    with pytest.raises(StopIteration):
        fits[which]()
    rng = np.random.default_rng(0)
    for _ in range(3):
        x = seen["start"] + rng.normal(size=len(seen["start"]))
        error = check_grad(lambda x: seen["objective"](x)[0], lambda x: seen["objective"](x)[1], x)
        assert error < 1e-5


def test_wrong_input_is_named(tree, reference):
    two = TokenTree("ab", 1, prompts=("x", "y"))
    with pytest.raises(ValueError, match="different prompts"):
        direct_preference_optimisation(two, two.random_policy(random_state=0), [[0, 3]])
    narrow = np.array(reference)
    narrow[0] = [1.0, 0.0, 0.0]
    with pytest.raises(ValueError, match="the reference gives completion .* no probability"):
        direct_preference_optimisation(tree, narrow, [[0, 1]])
    with pytest.raises(ValueError, match="m integers and desirable m booleans"):
        kahneman_tversky_optimisation(tree, reference, [0, 1], [1, 0])
    with pytest.raises(ValueError, match=r"completions are 0\.\.14; entry 1 is 15"):
        kahneman_tversky_optimisation(tree, reference, [0, 15], [True, False])


def test_results_do_not_depend_on_the_order_of_preferences(tree, reference, scores):
    preferences = preferences_of(tree, reference, scores, 1000)
    first, second = (direct_preference_optimisation(tree, reference, p) for p in (preferences, preferences[::-1]))
    assert_array_equal(first.policy, second.policy)
