import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from maxent_irl import sample_demonstrations, soft_value_iteration
from maxent_irl.control import TokenTree


@pytest.fixture(scope="module")
def tree():
    return TokenTree("ab", 3, prompts=("x", "yy"))


def test_every_completion_is_there_once(tree):
    expected = {
        prompt + middle + end
        for prompt in ("x", "yy")
        for length in range(4)
        for middle in map("".join, np.ndindex((2,) * length) and _words(length))
        for end in (["."] if length < 3 else [""])
    }
    assert set(tree.completions) == expected
    assert len(tree.completions) == len(expected) == tree.n_completions == 30
    assert tree.prefixes[:2] == ("x", "yy")
    assert [tree.completions[i][0] for i in range(30)] == ["xy"[p] for p in tree.prompt_of]
    assert_array_equal(tree.mdp.terminal.nonzero()[0], tree.leaves)
    assert_allclose(tree.paths.sum(axis=1), [min(len(c) - (1 + (c[0] == "y")), 3) for c in tree.completions])


def _words(length):
    return [""] if length == 0 else [word + token for word in _words(length - 1) for token in "ab"]


def test_policies_and_distributions_are_two_forms_of_one_thing(tree):
    policy = tree.random_policy(random_state=0)
    chance = np.exp(tree.log_probabilities(policy))
    assert_allclose(np.bincount(tree.prompt_of, chance), 1.0)
    assert_allclose(tree.policy_of(chance), policy, atol=1e-12)
    i = tree.completions.index("xab.")
    x, xa, xab = (tree.prefixes.index(prefix) for prefix in ("x", "xa", "xab"))
    assert_allclose(chance[i], policy[x, 0] * policy[xa, 1] * policy[xab, 2])
    demos = sample_demonstrations(tree.mdp, policy, 50_000, random_state=0)
    counts = np.bincount(demos.final_states - tree.leaves[0], minlength=30) / 50_000
    assert_allclose(counts, chance / 2, atol=0.01)


@pytest.mark.parametrize("beta", [0.05, 0.5, 5.0])
def test_the_token_wise_soft_policy_is_the_sequence_posterior(tree, beta):
    rng = np.random.default_rng(0)
    reference, scores = tree.random_policy(random_state=1), rng.normal(size=30)
    posterior = tree.posterior(reference, scores, beta)
    by_hand = np.exp(tree.log_probabilities(reference) + scores / beta)
    by_hand /= np.bincount(tree.prompt_of, by_hand)[tree.prompt_of]
    assert_allclose(posterior, by_hand)
    solution = soft_value_iteration(tree.mdp, tree.reward_table(scores), temperature=beta, action_prior=reference)
    assert_allclose(np.exp(tree.log_probabilities(solution.policy)), posterior, atol=1e-12)
    assert_allclose(tree.policy_of(posterior), solution.policy, atol=1e-12)
    evidence = np.bincount(tree.prompt_of, np.exp(tree.log_probabilities(reference) + scores / beta))
    assert_allclose(solution.V[:2], beta * np.log(evidence))


def test_rewards_come_with_the_last_token(tree):
    scores = np.arange(30.0) + 1
    reward = tree.reward_table(scores)
    assert (reward != 0).sum() == 30
    for i, states in enumerate(tree.paths.tocsr()):
        columns = states.indices if hasattr(states, "indices") else np.flatnonzero(states)
        action, state = np.divmod(columns, tree.mdp.n_states)
        assert_allclose(reward[state, action].sum(), scores[i])


def test_pairs_are_different_completions_of_one_prompt(tree):
    policy = tree.random_policy(random_state=0)
    pairs = tree.draw_pairs(policy, 40_000, random_state=1)
    assert_array_equal(pairs, tree.draw_pairs(policy, 40_000, random_state=1))
    assert (pairs[:, 0] != pairs[:, 1]).all()
    assert_array_equal(tree.prompt_of[pairs[:, 0]], tree.prompt_of[pairs[:, 1]])
    chance = np.exp(tree.log_probabilities(policy))
    together = np.outer(chance, chance) * (tree.prompt_of[:, None] == tree.prompt_of) * ~np.eye(30, dtype=bool)
    counts = np.zeros((30, 30))
    np.add.at(counts, tuple(pairs.T), 1 / len(pairs))
    assert_allclose(counts, together / together.sum(), atol=0.006)


def test_wrong_input_is_named(tree):
    with pytest.raises(ValueError, match="tokens must be a sequence of str, at least one"):
        TokenTree("", 3)
    with pytest.raises(ValueError, match="too many to enumerate"):
        TokenTree("abcdefghij", 6)
    with pytest.raises(ValueError, match=r"scores must have shape \(30,\), one per completion"):
        tree.reward_table(np.zeros(3))
    with pytest.raises(ValueError, match="prefix 'x' has no probability"):
        tree.policy_of(np.zeros(30))
    assert repr(tree) == "TokenTree(30 completions, 14 prefixes, 2 prompts)"
