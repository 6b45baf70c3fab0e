import math

import numpy as np
import pytest
from numpy.testing import assert_allclose
from oracles import problem_of_kind, random_prior

from maxent_irl import MDP
from maxent_irl.control import message_passing, particle_posterior, terminating, uniform_prior

ALPHA = 0.8
KINDS = ["finite", "finite, everything", "deterministic, finite"]


def case(kind, seed=0):
    problem = problem_of_kind(kind, seed, discount=1.0)
    rng = np.random.default_rng(seed)
    return problem, MDP(problem.P, **problem.keywords()), rng.normal(size=problem.shape), random_prior(rng, problem)


@pytest.mark.parametrize("resample_below", [0.0, 0.5, 1.0])
@pytest.mark.parametrize("kind", KINDS)
def test_the_evidence_is_estimated_without_bias(kind, resample_below):
    _, mdp, reward, prior = case(kind)
    exact = message_passing(mdp, reward, temperature=ALPHA, action_prior=prior)
    options = {"temperature": ALPHA, "action_prior": prior, "resample_below": resample_below}
    rng = np.random.default_rng(0)
    ratios = [
        math.exp(particle_posterior(mdp, reward, 10, random_state=rng, **options).log_evidence - exact.log_evidence)
        for _ in range(1500)
    ]
    error = np.std(ratios) / math.sqrt(len(ratios))
    assert abs(np.mean(ratios) - 1.0) < 4 * error
    assert error < 0.05


@pytest.mark.parametrize("look_ahead", [False, True])
@pytest.mark.parametrize("kind", KINDS)
def test_marginals_tend_to_those_of_messages(kind, look_ahead, rng):
    problem, mdp, reward, prior = case(kind)
    exact = message_passing(mdp, reward, temperature=ALPHA, action_prior=prior)
    proposal = np.where(problem.open, 0.5 * prior + 0.5 * uniform_prior(mdp), 0.0)
    found = particle_posterior(
        mdp,
        reward,
        40_000,
        temperature=ALPHA,
        action_prior=prior,
        proposal=proposal,
        values=rng.normal(size=mdp.n_states) if look_ahead else None,
        random_state=1,
    )
    assert_allclose(found.state_marginals, exact.state_marginals, atol=0.02)
    assert_allclose(found.log_evidence, exact.log_evidence, atol=0.05)
    assert_allclose(found.weights.sum(), 1.0)
    # Surviving trajectories are possible ones.
    for t in range(mdp.horizon):
        going = found.actions[t] >= 0
        s, a, following = found.states[t, going], found.actions[t, going], found.states[t + 1, going]
        chance = np.where(following >= 0, problem.P[s, a, following], problem.stop[s, a])
        assert (chance > 0).all()


def test_exact_messages_as_look_ahead_make_all_weights_equal():
    """With the posterior policy as the proposal and deterministic dynamics, every particle gives the evidence exactly."""
    problem = problem_of_kind("deterministic, finite", 0)
    start = np.eye(problem.shape[0])[0]
    mdp = MDP(problem.P, **{**problem.keywords(), "initial": start})
    reward = np.random.default_rng(0).normal(size=problem.shape)
    exact = message_passing(mdp, reward, temperature=ALPHA)
    found = particle_posterior(
        mdp,
        reward,
        50,
        temperature=ALPHA,
        proposal=exact.policy,
        values=ALPHA * exact.log_backward,
        resample_below=0.9,
        random_state=0,
    )
    assert_allclose(found.log_evidence, exact.log_evidence, atol=1e-10)
    assert_allclose(found.weights, 1 / 50)
    assert found.n_resampled == 0
    assert (found.n_ancestors == 50).all()


def test_resampling_leaves_few_ancestors_of_early_times():
    chain = MDP.from_successors([[0, 1], [0, 1]], horizon=30, initial=[1.0, 0.0])
    found = particle_posterior(chain, [[0.0, 2.0], [0.0, 2.0]], 100, random_state=0)
    assert found.n_resampled > 5
    assert found.n_ancestors[0] < found.n_ancestors[-1] <= 100
    assert (np.diff(found.n_ancestors) >= 0).all()


def test_a_discount_as_termination():
    ring = MDP.from_successors([[1, 0], [0, 1]], discount=0.7, initial=[1.0, 0.0])
    ends, reward = terminating(ring).replace(horizon=12), [[0.1, -0.4], [0.2, 0.0]]
    exact = message_passing(ends, reward)
    found = particle_posterior(ends, reward, 50_000, random_state=0)
    assert_allclose(found.state_marginals, exact.state_marginals, atol=0.02)


def test_what_cannot_be_sampled_is_refused():
    ring = MDP.from_successors([[1, 0], [0, 1]], discount=0.7)
    with pytest.raises(ValueError, match=r"particles need a finite horizon.*terminating\(mdp\)"):
        particle_posterior(ring, [0.0, 0.0], 10)
    finite = ring.replace(horizon=3, discount=1.0)
    with pytest.raises(ValueError, match=r"values must have shape \(2,\) or \(4, 2\); got \(3,\)"):
        particle_posterior(finite, [0.0, 0.0], 10, values=np.zeros(3))
    with pytest.raises(ValueError, match="n_particles must be a positive integer; got 0"):
        particle_posterior(finite, [0.0, 0.0], 0)
    with pytest.raises(ValueError, match=r"resample_below must lie in \[0, 1\]; got 2"):
        particle_posterior(finite, [0.0, 0.0], 10, resample_below=2)
    dead = MDP.from_successors([[1, 1], [-1, -1]], horizon=3, initial=[1.0, 0.0])
    with pytest.raises(ValueError, match="no particle survives decision 1"):
        particle_posterior(dead, [0.0, 0.0], 10, random_state=0)
