import numpy as np
import pytest
from numpy.testing import assert_allclose
from oracles import difference_jacobian, enumerate_paths, problem_of_kind

from maxent_irl import MDP, soft_value_iteration
from maxent_irl.control import em_planning, geometric_prior, growing_horizon, plan_with_time_prior, uniform_prior

KINDS = ["discounted", "discounted, terminal", "discounted, ending", "discounted, masked"]
PRIORS = {
    "deadline": np.eye(4)[3],
    "budget": np.full(4, 0.25),
    "uneven": np.array([0.1, 0.0, 0.5, 0.3]),  # and 0.1 beyond the horizon
}


def case(kind, seed=0):
    problem = problem_of_kind(kind, seed)
    return problem, MDP(problem.P, **problem.keywords()), np.random.default_rng(seed).normal(size=problem.shape)


def scaled(problem, reward):
    earned = [*reward[problem.open], *([0.0] if problem.over.any() or problem.stop.any() else [])]
    low, span = min(earned), max(earned) - min(earned)
    return (reward - low) / span, -low / span


def enumerated(problem, reward, policy, time_prior):
    """Likelihood at each T, and expected number of choices jointly with the event, from all paths."""
    chance, after_end = scaled(problem, reward)
    at, counts = np.zeros(len(time_prior)), np.zeros(problem.shape)
    for T, weight_of_time in enumerate(time_prior):
        for start in np.flatnonzero(problem.initial):
            for path in enumerate_paths(problem, start, T + 1):
                s, a = list(path.states), list(path.actions)
                weight = problem.initial[start] * path.luck * np.prod(policy[s, a])
                weight *= chance[s[-1], a[-1]] if len(a) == T + 1 else after_end
                at[T] += weight
                np.add.at(counts, (s, a), weight * weight_of_time)
    return at, counts


@pytest.mark.parametrize("name", PRIORS)
@pytest.mark.parametrize("kind", KINDS)
def test_messages_by_enumeration(kind, name, rng):
    problem, mdp, reward = case(kind)
    policy = np.where(problem.open, rng.random(problem.shape), 0.0)
    policy /= np.maximum(policy.sum(axis=1, keepdims=True), 1e-300)
    at, counts = enumerated(problem, reward, policy, PRIORS[name])
    messages = growing_horizon(mdp, reward, policy, PRIORS[name])
    assert_allclose(messages.time_likelihood, at, rtol=1e-10)
    assert_allclose(messages.likelihood, PRIORS[name] @ at, rtol=1e-10)
    assert_allclose(messages.time_posterior, PRIORS[name] * at / (PRIORS[name] @ at), rtol=1e-10)
    assert_allclose(policy * messages.gradient, counts, rtol=1e-10, atol=1e-15)
    assert_allclose(messages.missing, 1 - PRIORS[name].sum(), atol=1e-12)


def test_any_split_of_the_time_gives_the_same_likelihood():
    _, mdp, reward = case("discounted")
    policy = uniform_prior(mdp)
    messages = growing_horizon(mdp, reward, policy, np.eye(7)[6])
    for t in range(7):
        joint = np.einsum("s,sa,sa->", messages.forward[t], policy, messages.backward[6 - t])
        assert_allclose(joint, messages.time_likelihood[6], rtol=1e-12)


def test_the_gradient_by_differences():
    """L is a polynomial in the probabilities, so that moving mass between two actions changes it by g."""
    _, mdp, reward = case("discounted")
    policy, prior = np.full((mdp.n_states, mdp.n_actions), 1 / mdp.n_actions), PRIORS["uneven"]
    towards = np.eye(mdp.n_actions)[0] - np.eye(mdp.n_actions)[1]
    gradient = growing_horizon(mdp, reward, policy, prior).gradient

    def likelihood(x):
        return np.array([growing_horizon(mdp, reward, policy + np.outer(x, towards), prior).likelihood])

    found = difference_jacobian(likelihood, np.zeros(mdp.n_states))[0]
    assert_allclose(gradient @ towards, found, rtol=1e-6, atol=1e-10)


@pytest.mark.parametrize("kind", KINDS)
def test_a_geometric_prior_gives_the_linear_solves(kind):
    _, mdp, reward = case(kind)
    prior = geometric_prior(mdp.discount)
    start = em_planning(mdp, reward, max_iter=0)
    messages = growing_horizon(mdp, reward, start.policy, prior)
    assert_allclose(messages.likelihood, start.likelihood, rtol=1e-9)
    whole, step = em_planning(mdp, reward, max_iter=1), policy_after_one_step(messages, start.policy)
    assert_allclose(step, whole.policy, atol=1e-9)
    plan = plan_with_time_prior(mdp, reward, prior)
    assert plan.converged
    assert_allclose(plan.messages.likelihood, em_planning(mdp, reward).likelihood, rtol=1e-5)


def policy_after_one_step(messages, policy):
    weight = policy * messages.gradient
    return weight / np.maximum(weight.sum(axis=1, keepdims=True), 1e-300)


@pytest.mark.parametrize("accelerate", [True, False])
@pytest.mark.parametrize("name", PRIORS)
def test_em_ends_at_no_less_than_any_deterministic_policy(name, accelerate):
    """Likelihoods never fall; the end is as good as the best of all deterministic policies nearby, and below the best of all."""
    problem, mdp, reward = case("discounted", seed=1)
    plan = plan_with_time_prior(mdp, reward, PRIORS[name], accelerate=accelerate, tol=1e-4, max_iter=20_000)
    assert plan.converged
    assert (np.diff(plan.likelihood_curve) >= -1e-12).all()
    S, A = problem.shape
    best = max(
        enumerated_likelihood(mdp, reward, np.eye(A)[list(np.unravel_index(k, (A,) * S))], PRIORS[name])
        for k in range(A**S)
    )
    chance = scaled(problem, reward)[0]
    by_time = PRIORS[name][:, None, None] * chance
    optimal = soft_value_iteration(mdp.replace(horizon=4, discount=1.0), by_time, temperature=0.0)
    assert plan.messages.likelihood <= optimal.V[0] @ problem.initial + 1e-9
    assert plan.messages.likelihood >= best - 1e-3


def enumerated_likelihood(mdp, reward, policy, prior):
    return growing_horizon(mdp, reward, policy, prior).likelihood


def test_the_horizon_stops_where_the_prior_does():
    _, mdp, reward = case("discounted")
    prior = np.append(np.full(5, 0.2), np.zeros(1000))
    assert len(growing_horizon(mdp, reward, uniform_prior(mdp), prior).time_likelihood) == 5
    short = growing_horizon(mdp, reward, uniform_prior(mdp), geometric_prior(0.9), tol=0.05)
    assert short.missing <= 0.05
    assert len(short.time_likelihood) < 40
    assert_allclose(geometric_prior(0.0), [1.0])


def test_reward_that_is_never_seen_is_refused():
    ring = MDP.from_successors([[1], [2], [0]], discount=0.9, initial=[1.0, 0.0, 0.0])
    with pytest.raises(ValueError, match="never seen within the times of the prior"):
        plan_with_time_prior(ring, [0.0, 0.0, 1.0], [1.0])
