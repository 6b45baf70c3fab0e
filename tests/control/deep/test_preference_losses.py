import math

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="torch is not installed: pip install 'maxent-irl[torch]'")
pytest.importorskip("gymnasium", reason="gymnasium is not installed")

from maxent_irl.control import TokenTree
from maxent_irl.control.deep import (
    Enumeration,
    PrefixNetwork,
    direct_preference_optimisation,
    draw_rankings,
    identity_preference_optimisation,
    kahneman_tversky_optimisation,
)
from maxent_irl.control.deep.preference_losses import ideal_kto, preferred, total_variation
from maxent_irl.control.deep.reward_model import ranked_pairs
from maxent_irl.control.deep.rlhf import posterior


@pytest.fixture(scope="module")
def setting():
    tree = TokenTree("ab", 3, prompts=("1:", "2:"))
    completions, model = Enumeration(tree), PrefixNetwork(tree, n_hidden=16)
    reward = torch.from_numpy(np.random.default_rng(0).normal(size=tree.n_completions))
    with torch.no_grad():
        reference = completions.log_probabilities(model().double())
    pairs = ranked_pairs(draw_rankings(completions, reference, reward, 4000, n_ranked=2))
    wrong = torch.sigmoid(reward[pairs[:, 1]] - reward[pairs[:, 0]])
    return completions, model, reward, reference, pairs, wrong


def test_dpo_without_noise_ends_at_the_posterior(setting):
    completions, model, reward, reference, pairs, wrong = setting
    fit = direct_preference_optimisation(model, completions, pairs, temperature=0.5, label_smoothing=wrong, n_steps=800)
    assert total_variation(completions, fit.log_probabilities, posterior(completions, reference, reward, 0.5)) < 0.02
    assert fit.loss_curve[-1] < fit.loss_curve[0] == pytest.approx(math.log(2))


def test_ipo_without_noise_ends_at_the_posterior_of_being_preferred(setting):
    completions, model, reward, reference, pairs, wrong = setting
    fit = identity_preference_optimisation(
        model, completions, pairs, temperature=0.2, label_smoothing=wrong, n_steps=800
    )
    ideal = posterior(completions, reference, preferred(completions, reference, reward), 0.2)
    assert total_variation(completions, fit.log_probabilities, ideal) < 0.05


def test_kto_leaves_nothing_to_the_undesirable(setting):
    # A desirable completion can be lost with its siblings on the way, so the distance is not 0.
    completions, model, reward, reference, _, _ = setting
    good = reward > 0.0
    rated = completions.draw(model(), 20_000, torch.Generator().manual_seed(0))
    fit = kahneman_tversky_optimisation(
        model, completions, rated, good[rated], temperature=0.3, n_steps=1500, learning_rate=5e-3
    )
    assert float(completions.expectation(fit.log_probabilities, (~good).double())) < 1e-3
    assert float(completions.expectation(reference, (~good).double())) > 0.2
    assert total_variation(completions, fit.log_probabilities, ideal_kto(completions, reference, good)) < 0.2


def test_chance_of_being_preferred(setting):
    completions, _, reward, reference, _, _ = setting
    wins = preferred(completions, reference, reward)
    own = (completions.prompt_of == 0).nonzero()[:, 0]
    expected = sum(float(reference[j].exp() * torch.sigmoid(reward[own[3]] - reward[j])) for j in own)
    assert float(wins[own[3]]) == pytest.approx(expected)
    assert float(completions.expectation(reference, wins)) == pytest.approx(0.5)


@pytest.mark.parametrize("length_average", [False, True])
def test_smoothing_makes_the_log_ratio_of_a_certain_preference_finite(setting, length_average):
    completions, model, _, reference, _, _ = setting
    first = torch.stack([completions.lengths.argmax(), completions.lengths.argmin()])
    if completions.prompt_of[first[0]] != completions.prompt_of[first[1]]:
        own = (completions.prompt_of == 0).nonzero()[:, 0]
        first = torch.stack([own[completions.lengths[own].argmax()], own[completions.lengths[own].argmin()]])
    fit = direct_preference_optimisation(
        model,
        completions,
        first[None],
        temperature=0.5,
        label_smoothing=0.1,
        length_average=length_average,
        n_steps=800,
    )
    ratio = fit.log_probabilities[first] - reference[first]
    if length_average:
        ratio = ratio / completions.lengths[first]
    assert 0.5 * float(ratio[0] - ratio[1]) == pytest.approx(math.log(0.9 / 0.1), abs=0.05)


def test_ipo_regresses_a_certain_preference_on_its_margin(setting):
    completions, model, _, reference, pairs, _ = setting
    one = pairs[:1]
    fit = identity_preference_optimisation(model, completions, one, temperature=0.5, n_steps=800)
    ratio = (fit.log_probabilities - reference)[one[0]]
    assert float(ratio[0] - ratio[1]) == pytest.approx(1.0, abs=0.02)


def test_pairs_of_two_prompts_are_refused(setting):
    completions, model, *_ = setting
    crossed = torch.tensor([[0, 1], [0, len(completions.lengths) - 1]])
    with pytest.raises(ValueError, match="pair 1 holds completions of two prompts"):
        direct_preference_optimisation(model, completions, crossed, temperature=0.5)


def test_smoothing_beyond_one_is_refused(setting):
    completions, model, _, _, pairs, _ = setting
    with pytest.raises(ValueError, match="chances"):
        direct_preference_optimisation(model, completions, pairs, temperature=0.5, label_smoothing=1.5)
