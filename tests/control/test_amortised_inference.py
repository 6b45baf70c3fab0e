import numpy as np
import pytest
from numpy.testing import assert_allclose
from oracles import problem_of_kind

from maxent_irl import MDP, soft_value_iteration
from maxent_irl.control import evidence_lower_bound, fit_inference_network, message_passing, uniform_prior

ALPHA = 0.5


def corridor(n=7, horizon=6):
    """Left, stay, right on a line; each cell is the goal of one task, and the network sees the way to it and the time left."""
    cells = np.arange(n)
    mdp = MDP.from_successors(
        np.stack([np.maximum(cells - 1, 0), cells, np.minimum(cells + 1, n - 1)], axis=1), horizon=horizon
    )
    inputs = np.empty((n, horizon, n, 5))
    inputs[..., 0] = ((cells[:, None] - cells) / 2)[:, None, :]
    inputs[..., 1] = np.sign(cells[:, None] - cells)[:, None, :]
    inputs[..., 3], inputs[..., 4] = cells == 0, cells == n - 1  # where a move fails
    inputs[..., 2] = (1 - np.arange(horizon) / horizon)[None, :, None]
    return mdp, np.eye(n), inputs


def gaps(mdp, rewards, inputs, fit, prior):
    """Divergence of the network's trajectories from the posterior, in nats an episode, by the messages."""
    out = []
    for reward, x in zip(rewards, inputs, strict=True):
        messages = message_passing(mdp, reward, temperature=ALPHA, action_prior=prior)
        bound = evidence_lower_bound(mdp, reward, fit.network.policy(x), temperature=ALPHA, action_prior=prior)
        out.append(mdp.initial_distribution @ (messages.log_backward[0] - bound[0] / ALPHA))
    return np.array(out)


def test_a_network_answers_tasks_that_it_has_not_seen():
    mdp, rewards, inputs = corridor()
    prior = uniform_prior(mdp)
    seen = np.array([0, 1, 3, 5, 6])
    fit = fit_inference_network(
        mdp,
        rewards[seen],
        inputs[seen],
        n_hidden=8,
        temperature=ALPHA,
        action_prior=prior,
        penalty=1e-5,
        random_state=0,
    )
    missed = gaps(mdp, rewards, inputs, fit, prior)
    assert (missed >= -1e-9).all()
    untrained = fit_inference_network(
        mdp, rewards[seen], inputs[seen], n_hidden=8, temperature=ALPHA, action_prior=prior, max_iter=0, random_state=0
    )
    at_first = gaps(mdp, rewards, inputs, untrained, prior)
    assert missed[seen].mean() < 0.1
    assert missed[[2, 4]].max() < 0.3 < 1.0 < at_first[[2, 4]].min()


def test_one_task_with_free_inputs_reaches_its_exact_answer():
    """With one input per state the network is a table, and the bound is attained."""
    problem = problem_of_kind("discounted, masked", 0)
    mdp = MDP(problem.P, **problem.keywords())
    reward = np.random.default_rng(0).normal(size=problem.shape)
    fit = fit_inference_network(
        mdp,
        reward[None],
        3 * np.eye(mdp.n_states)[None],
        n_hidden=12,
        temperature=ALPHA,
        penalty=0.0,
        tol=1e-6,
        max_iter=2000,
        random_state=0,
    )
    exact = soft_value_iteration(mdp, reward, temperature=ALPHA)
    assert_allclose(fit.bounds[0], problem.initial @ exact.V, atol=1e-4)
    assert_allclose(fit.network.policy(3 * np.eye(mdp.n_states)), exact.policy, atol=0.02)


def test_the_gradient_of_the_weights_is_that_of_the_bound(monkeypatch):
    """Handed to the optimiser: value and gradient agree with differences at a random point."""
    from scipy.optimize import OptimizeResult, check_grad

    from maxent_irl.control import amortised_inference

    mdp, rewards, inputs = corridor(4, 3)
    seen = {}

    def probe(loss, start, **_):
        x = start + 0.3 * np.random.default_rng(0).normal(size=len(start))
        seen["error"] = check_grad(lambda w: loss(w)[0], lambda w: loss(w)[1], x)
        seen["size"] = np.linalg.norm(loss(x)[1])
        return OptimizeResult(x=x, nit=0)

    monkeypatch.setattr(amortised_inference, "minimize", probe)
    for stationary in (False, True):
        x = inputs[:, 0] if stationary else inputs
        fit_inference_network(mdp, rewards, x, n_hidden=5, temperature=ALPHA, random_state=0)
        assert seen["error"] < 1e-5 * max(1.0, seen["size"])
        assert seen["size"] > 1e-2


def test_inputs_of_wrong_shape_are_named():
    mdp, rewards, inputs = corridor()
    with pytest.raises(ValueError, match=r"inputs must have shape \(K, 7, D\) or \(K, 6, 7, D\)"):
        fit_inference_network(mdp, rewards, inputs[:, :2])
    with pytest.raises(ValueError, match="rewards must hold one reward for each of the 7 tasks"):
        fit_inference_network(mdp, rewards[:2], inputs)
    fit = fit_inference_network(mdp, rewards, inputs, max_iter=0, n_hidden=2, random_state=0)
    assert not fit.converged
    with pytest.raises(ValueError, match=r"inputs must have shape \(7, 5\) or \(T, 7, 5\); got \(7, 2\)"):
        fit.network.policy(np.zeros((7, 2)))
