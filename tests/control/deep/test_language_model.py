import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="torch is not installed: pip install 'maxent-irl[torch]'")
pytest.importorskip("gymnasium", reason="gymnasium is not installed")

from maxent_irl.control import TokenTree
from maxent_irl.control.deep import Enumeration, PrefixNetwork, fit_supervised, language_task


@pytest.fixture(scope="module")
def tree():
    return TokenTree("ab", 3, prompts=("1:", "2:"))


def test_outputs_are_those_of_reading_token_by_token(tree):
    network = PrefixNetwork(tree, n_hidden=4, seed=1)
    with torch.no_grad():
        outputs = network()
        for state, prefix in enumerate(tree.prefixes):
            memory = network.prompts.weight[["1:", "2:"].index(prefix[:2])].tanh()
            for token in prefix[2:]:
                memory = network.memory(network.tokens.weight["ab".index(token)][None], memory[None])[0]
            torch.testing.assert_close(outputs[state], network.head(memory))


def test_completions_have_the_probabilities_of_the_tree(tree):
    completions, logits = Enumeration(tree), torch.randn(len(tree.prefixes), 3, dtype=torch.float64)
    found = completions.log_probabilities(logits)
    np.testing.assert_allclose(found, tree.log_probabilities(completions.policy(logits)), atol=1e-12)
    chosen = torch.tensor([5, 0, 7])
    torch.testing.assert_close(completions.log_probabilities(logits, chosen), found[chosen])
    assert float(completions.expectation(found, torch.ones(len(found)))) == pytest.approx(1.0)


def test_each_completion_lists_its_decisions_in_order(tree):
    completions = Enumeration(tree)
    for i, text in enumerate(tree.completions):
        decisions = int(completions.lengths[i])
        written = [("ab.")[a] for a in completions.actions[i, :decisions]]
        assert text[2:] == "".join(written)
        read = [tree.prefixes[s][2:] for s in completions.states[i, :decisions]]
        assert read == [text[2 : 2 + t] for t in range(decisions)]
        assert (completions.last_state[i], completions.last_action[i]) == (
            completions.states[i, decisions - 1],
            completions.actions[i, decisions - 1],
        )


def test_draws_follow_the_policy(tree):
    completions, logits = (
        Enumeration(tree),
        torch.randn(len(tree.prefixes), 3, generator=torch.Generator().manual_seed(0)),
    )
    drawn = completions.draw(logits, 40_000, torch.Generator().manual_seed(1))
    share = torch.bincount(drawn, minlength=tree.n_completions) / 40_000
    expected = completions.log_probabilities(logits).exp() / 2
    torch.testing.assert_close(share, expected, atol=0.01, rtol=0)


def test_the_supervised_stage_learns_the_corpus(tree):
    completions, language = Enumeration(tree), tree.random_policy(random_state=0)
    true = torch.from_numpy(tree.log_probabilities(language))
    corpus = torch.multinomial(true.exp(), 50_000, replacement=True, generator=torch.Generator().manual_seed(0))
    network = PrefixNetwork(tree, n_hidden=16)
    curve = fit_supervised(network, completions, corpus, n_steps=400)
    assert curve[-1] < curve[0]
    with torch.no_grad():
        found = completions.log_probabilities(network())
    assert float(completions.expectation(true, true - found)) < 0.01


def test_the_task_is_standardised_and_the_best_completions_are_rare():
    task = language_task()
    assert len(task.tree.completions) == 3 * 3906
    chance = torch.from_numpy(np.exp(task.tree.log_probabilities(task.language))) / 3
    assert float(chance @ task.reward) == pytest.approx(0.0, abs=1e-9)
    assert float(chance @ task.reward**2) == pytest.approx(1.0)
    assert float(chance[task.reward > 3.0].sum()) < 1e-3
