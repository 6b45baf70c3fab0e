import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="torch is not installed: pip install 'maxent-irl[torch]'")
pytest.importorskip("gymnasium", reason="gymnasium is not installed")

from maxent_irl import soft_value_iteration
from maxent_irl.control import TokenTree
from maxent_irl.control.deep import Enumeration, PrefixNetwork, draw_rankings, fine_tune, fit_reward_model
from maxent_irl.control.deep.reward_model import ranked_pairs
from maxent_irl.control.deep.rlhf import _advantages, exact_objective, posterior


@pytest.fixture(scope="module")
def setting():
    tree = TokenTree("ab", 3, prompts=("1:", "2:"))
    completions, model = Enumeration(tree), PrefixNetwork(tree, n_hidden=16)
    scores = torch.from_numpy(np.random.default_rng(0).normal(size=tree.n_completions))
    with torch.no_grad():
        reference = completions.log_probabilities(model().double())
    return tree, completions, model, scores, reference


def test_rankings_are_of_one_prompt_and_follow_plackett_and_luce(setting):
    _, completions, _, scores, reference = setting
    rankings = draw_rankings(completions, reference, scores, 60_000, n_ranked=3, seed=1)
    assert (completions.prompt_of[rankings] == completions.prompt_of[rankings[:, :1]]).all()
    pairs = ranked_pairs(rankings)
    a, b = int(pairs[0, 0]), int(pairs[0, 1])
    first = ((pairs[:, 0] == a) & (pairs[:, 1] == b)).sum()
    second = ((pairs[:, 0] == b) & (pairs[:, 1] == a)).sum()
    assert float(first / (first + second)) == pytest.approx(float(torch.sigmoid(scores[a] - scores[b])), abs=0.03)
    # Which of three different completions comes first.
    three = rankings[0] if len(set(rankings[0].tolist())) == 3 else rankings[1]
    same = rankings.sort(dim=1).values.eq(three.sort().values).all(dim=1)
    wins = torch.stack([(rankings[same, 0] == y).double().mean() for y in three])
    torch.testing.assert_close(wins, scores[three].softmax(dim=0), atol=0.06, rtol=0)


def test_pairs_of_a_ranking_hold_no_completion_with_itself():
    assert ranked_pairs(torch.tensor([[4, 2, 2], [1, 0, 3]])).tolist() == [[4, 2], [4, 2], [1, 0], [1, 3], [0, 3]]


def test_the_reward_model_recovers_the_hidden_reward(setting):
    _, completions, model, scores, reference = setting
    rankings = draw_rankings(completions, reference, scores, 20_000, seed=1)
    fitted = fit_reward_model(model, completions, rankings, n_steps=400, learning_rate=2e-2)
    for prompt in range(2):
        own = completions.prompt_of == prompt
        chance = reference[own].exp()
        true = scores[own] - chance @ scores[own]
        assert float(chance @ fitted.scores[own]) == pytest.approx(0.0, abs=1e-9)
        assert float((chance @ (fitted.scores[own] - true).square()).sqrt()) < 0.15
    assert 0.5 < fitted.accuracy < 1.0


def test_the_posterior_is_the_trees_and_its_objective_the_soft_value(setting):
    tree, completions, model, scores, reference = setting
    policy = completions.policy(model().double())
    ideal = posterior(completions, reference, scores, 0.3)
    np.testing.assert_allclose(ideal.exp(), tree.posterior(policy, scores, 0.3), atol=1e-12)
    objective, divergence = exact_objective(completions, ideal, reference, scores, 0.3)
    soft = soft_value_iteration(tree.mdp, tree.reward_table(scores), temperature=0.3, action_prior=policy)
    assert objective == pytest.approx(tree.mdp.initial @ soft.V)
    assert divergence > 0


def test_advantages_between_one_step_and_whole_returns():
    values, rewards = torch.tensor([[1.0, 2.0, 5.0]]), torch.tensor([[0.5, 3.0, 9.0]])
    real = torch.tensor([[1.0, 1.0, 0.0]])  # the third decision is padding
    whole, returns = _advantages(values, rewards * real, real, 1.0)
    torch.testing.assert_close(whole, torch.tensor([[2.5, 1.0, 0.0]]))
    torch.testing.assert_close(returns, torch.tensor([[3.5, 3.0, 0.0]]))
    one_step, _ = _advantages(values, rewards * real, real, 0.0)
    torch.testing.assert_close(one_step, torch.tensor([[1.5, 1.0, 0.0]]))


@pytest.mark.parametrize("beta", [1.0, 0.1])
def test_ppo_reaches_the_exact_optimum_and_says_so(setting, beta):
    _, completions, model, scores, _ = setting
    tuned = fine_tune(model, completions, scores, temperature=beta, n_iterations=60, learning_rate=1e-2)
    assert tuned.converged
    assert 0 <= tuned.missed <= 0.05
    assert tuned.objective <= tuned.best + 1e-9
    assert tuned.objective_curve[0] < tuned.objective
    assert tuned.divergence_curve[0] == pytest.approx(0.0, abs=1e-6)


def test_too_few_iterations_have_not_converged(setting):
    _, completions, model, scores, _ = setting
    assert not fine_tune(model, completions, scores, temperature=0.1, n_iterations=2).converged


def test_pretraining_gradients_keep_the_likelihood_of_the_corpus(setting):
    _, completions, model, scores, reference = setting
    corpus = completions.draw(model(), 5000, torch.Generator().manual_seed(0))
    options = {"temperature": 0.05, "n_iterations": 40, "learning_rate": 1e-2}
    without = fine_tune(model, completions, scores, **options)
    kept = fine_tune(model, completions, scores, corpus=corpus, ptx=1.0, **options)
    likelihood = [run.log_probabilities[corpus].mean() for run in (without, kept)]
    assert likelihood[1] > likelihood[0] + 0.5
    assert kept.divergence < without.divergence


def test_pretraining_gradients_need_a_corpus(setting):
    _, completions, model, scores, _ = setting
    with pytest.raises(ValueError, match="give corpus="):
        fine_tune(model, completions, scores, temperature=0.1, ptx=1.0)
