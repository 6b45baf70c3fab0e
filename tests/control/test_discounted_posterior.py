import numpy as np
import pytest
from numpy.testing import assert_allclose
from oracles import enumerate_paths, path_weight, problem_of_kind, random_prior

from maxent_irl import MDP, soft_value_iteration
from maxent_irl.control import discounted_posterior, message_passing, terminating, uniform_prior

KINDS = ["discounted", "discounted, terminal", "discounted, ending", "discounted, masked"]
ALPHA = 0.7


def case(kind, seed=0):
    problem = problem_of_kind(kind, seed)
    rng = np.random.default_rng(seed)
    # Rewards low enough for the posterior to exist.
    return (
        problem,
        MDP(problem.P, **problem.keywords()),
        rng.normal(size=problem.shape) - 1.5,
        random_prior(rng, problem),
    )


@pytest.mark.parametrize("kind", KINDS)
def test_variational_inference_with_ends_is_the_discounted_problem(kind):
    _, mdp, reward, prior = case(kind)
    ends = terminating(mdp)
    assert ends.discount == 1.0
    for action_prior in (None, prior):
        discounted = soft_value_iteration(mdp, reward, temperature=ALPHA, action_prior=action_prior)
        ended = soft_value_iteration(ends, reward, temperature=ALPHA, action_prior=action_prior)
        assert_allclose(ended.V, discounted.V, atol=1e-8)
        assert_allclose(ended.policy, discounted.policy, atol=1e-8)


@pytest.mark.parametrize("kind", KINDS)
def test_the_evidence_by_enumeration(kind):
    """Sum the weights of all paths of up to n decisions that end there; what is left beyond has little weight."""
    problem, mdp, reward, prior = case(kind)
    reward = reward - 3.0
    posterior = discounted_posterior(mdp, reward, temperature=ALPHA, action_prior=prior)
    gamma, n = problem.discount, 4
    total, by_length = 0.0, np.zeros(n + 1)
    for start in np.flatnonzero(problem.initial):
        for steps in range(1, n + 1):
            for path in enumerate_paths(problem, start, steps):
                if len(path.actions) < steps:
                    continue  # over before, and counted then
                weight = problem.initial[start] * path_weight(path, reward, ALPHA, prior) * gamma ** (steps - 1)
                # the last decision ends the episode by chance, or leads to an end (gamma of the time that chance spares it)
                weight *= 1.0 if path.done else 1.0 - gamma
                if path.done:
                    by_length[steps] += weight * gamma
                    total += weight * gamma
                    continue
                by_length[steps] += weight
                total += weight
    # paths that are over after `steps` also end by chance at their last decision
    for start in np.flatnonzero(problem.initial):
        for steps in range(1, n + 1):
            for path in enumerate_paths(problem, start, steps):
                if path.done and len(path.actions) == steps:
                    weight = problem.initial[start] * path_weight(path, reward, ALPHA, prior) * gamma ** (steps - 1)
                    by_length[steps] += weight * (1.0 - gamma)
                    total += weight * (1.0 - gamma)
    evidence = np.exp(posterior.log_evidence)
    assert_allclose(posterior.length_distribution(n + 1)[1:], by_length[1:] / evidence, rtol=1e-9)
    assert total <= evidence
    assert_allclose(posterior.length_distribution(400).sum(), 1.0, atol=1e-9)


@pytest.mark.parametrize("kind", KINDS)
def test_messages_on_a_long_horizon_give_the_same(kind):
    _, mdp, reward, prior = case(kind)
    posterior = discounted_posterior(mdp, reward, temperature=ALPHA, action_prior=prior)
    messages = message_passing(terminating(mdp).replace(horizon=300), reward, temperature=ALPHA, action_prior=prior)
    assert_allclose(posterior.log_backward, messages.log_backward[0], atol=1e-9)
    assert_allclose(posterior.log_evidence, messages.log_evidence, atol=1e-9)
    assert_allclose(posterior.policy, messages.policy[0], atol=1e-9)
    assert_allclose(posterior.visitations, messages.pair_marginals.sum(axis=0), atol=1e-8)
    exact = soft_value_iteration(terminating(mdp), reward, temperature=ALPHA, action_prior=prior, inference="exact")
    assert_allclose(ALPHA * posterior.log_backward, exact.V, atol=1e-8)


def test_episodes_last_longer_where_rewards_are_positive():
    """Exact inference shifts the end, under deterministic dynamics too; variational inference does not."""
    ring = MDP.from_successors([[1, 0], [0, 1]], discount=0.8)
    prior = uniform_prior(ring)
    lengths = [discounted_posterior(ring, [r, r], action_prior=prior).mean_length for r in (-0.2, 0.0, 0.2)]
    # With a constant reward the length is geometric with continuation gamma e^r.
    assert_allclose(lengths, 1.0 / (1.0 - 0.8 * np.exp([-0.2, 0.0, 0.2])), rtol=1e-10)
    samples = discounted_posterior(ring, [0.2, 0.2], action_prior=prior).sample(4000, random_state=0)
    assert_allclose(samples.lengths.mean(), lengths[2], rtol=0.1)


def test_a_posterior_that_does_not_exist_is_refused():
    ring = MDP.from_successors([[1, 0], [0, 1]], discount=0.8)
    prior = uniform_prior(ring)
    with pytest.raises(ValueError, match="posterior does not exist.*infinite weight"):
        discounted_posterior(ring, [0.3, 0.3], action_prior=prior)
    with pytest.raises(ValueError, match="leaves the range of floats"):
        discounted_posterior(ring, [-1e4, -1e4], action_prior=prior)
    with pytest.raises(ValueError, match="needs an infinite horizon with discount < 1"):
        discounted_posterior(ring.replace(horizon=3), [0.0, 0.0])
