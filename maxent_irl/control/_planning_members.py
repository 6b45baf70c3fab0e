"""Rows of the table: the posterior by other means, reward as one event (EM), and sampled policy improvement."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.stats import norm

from ..inference import soft_value_iteration
from ..mdp import MDP
from ..worlds import GridWorld
from ._member import ALPHA, Member, slippery_grid
from .amortised_inference import fit_inference_network
from .discounted_posterior import discounted_posterior, terminating
from .elbo import evidence_lower_bound
from .em_planning import em_planning
from .finite_state_controller import em_controller
from .gaussian_actor import GaussianActor
from .gaussian_messages import GaussianMixture
from .graphical_model import message_passing
from .limits import uniform_prior
from .linear_quadratic import LinearQuadratic
from .particle_posterior import particle_posterior
from .policy_gradient import maximum_entropy_policy_gradient
from .pomdp import cheese_maze, solve_beliefs
from .sampled_improvement import (
    asymptotic_variance,
    improve,
    sampled_action_weights,
    sampled_improvement,
    sampled_policy_iteration,
)
from .time_mixture import geometric_prior, growing_horizon, plan_with_time_prior


def _largest(a: NDArray, b: NDArray | float) -> float:
    """The largest absolute difference."""
    return float(np.abs(np.subtract(a, b)).max())


# The posterior by other means -----------------------------------------------------------------------------------------


def _termination(_: int) -> float:
    world, hot = slippery_grid(), 10.0  # at ALPHA the grid pays so much that no posterior exists
    ends, prior = terminating(world.mdp), uniform_prior(world.mdp)
    discounted = soft_value_iteration(world.mdp, world.reward, temperature=ALPHA)
    ended = soft_value_iteration(ends, world.reward, temperature=ALPHA)
    posterior = discounted_posterior(world.mdp, world.reward, temperature=hot, action_prior=prior)
    messages = message_passing(ends.replace(horizon=500), world.reward, temperature=hot, action_prior=prior)
    return max(
        _largest(ended.V, discounted.V),
        _largest(posterior.log_backward, messages.log_backward[0]),
        _largest(posterior.visitations, messages.pair_marginals.sum(axis=0)),
    )


def _particles(seed: int) -> float:
    world = slippery_grid()
    mdp, prior = world.mdp.replace(horizon=20, discount=1.0), uniform_prior(world.mdp)
    exact = message_passing(mdp, world.reward, temperature=ALPHA, action_prior=prior)
    found = particle_posterior(
        mdp,
        world.reward,
        50_000,
        temperature=ALPHA,
        action_prior=prior,
        values=ALPHA * exact.log_backward,
        proposal=exact.policy,
        random_state=seed,
    )
    total_variation = np.abs(found.state_marginals - exact.state_marginals).sum(axis=1).max() / 2
    return max(float(total_variation), abs(found.log_evidence - exact.log_evidence))


def _policy_gradient(seed: int) -> float:
    world, initial = slippery_grid(), slippery_grid().mdp.initial_distribution
    best = initial @ soft_value_iteration(world.mdp, world.reward, temperature=ALPHA).V
    run = maximum_entropy_policy_gradient(world.mdp, world.reward, temperature=ALPHA, random_state=seed)
    reached = initial @ evidence_lower_bound(world.mdp, world.reward, run.policy, temperature=ALPHA)
    return float((best - reached) / abs(best))


def goal_tasks(n: int = 5, horizon: int = 8) -> tuple[MDP, NDArray, NDArray]:
    """Return an n x n grid with a horizon, a reward for each cell as the goal, and what an inference network sees of each.

    The network sees the way to the goal (signs and halves of rows and columns), the walls next to the cell, and the time left.
    """
    mdp = GridWorld.from_text("\n".join(["." * n] * n), rewards={}, discount=0.9).mdp.replace(
        horizon=horizon, discount=1.0
    )
    row, col = np.divmod(np.arange(n * n), n)
    inputs = np.empty((n * n, horizon, n * n, 9))
    for k, place in enumerate((row, col)):
        way = place[:, None] - place
        inputs[..., k], inputs[..., 2 + k] = np.sign(way)[:, None], way[:, None] / 2
        inputs[..., 4 + k], inputs[..., 6 + k] = place == 0, place == n - 1
    inputs[..., 8] = (1.0 - np.arange(horizon) / horizon)[:, None]
    return mdp, np.eye(n * n), inputs


def _amortised(seed: int) -> float:
    mdp, rewards, inputs = goal_tasks()
    prior, initial = uniform_prior(mdp), mdp.initial_distribution
    order = np.random.default_rng(seed).permutation(len(rewards))
    seen, unseen = order[:17], order[17:]
    fit = fit_inference_network(
        mdp,
        rewards[seen],
        inputs[seen],
        n_hidden=16,
        temperature=ALPHA,
        action_prior=prior,
        max_iter=200,
        random_state=seed,
    )
    divergence = []
    for task in unseen:
        messages = message_passing(mdp, rewards[task], temperature=ALPHA, action_prior=prior)
        policy = fit.network.policy(inputs[task])
        bound = evidence_lower_bound(mdp, rewards[task], policy, temperature=ALPHA, action_prior=prior)
        divergence.append(initial @ (messages.log_backward[0] - bound[0] / ALPHA))
    return float(np.mean(divergence)) / len(messages.policy)


# Reward as one event --------------------------------------------------------------------------------------------------


def _em(m_step: str, discount: float = 0.9) -> float:
    world = slippery_grid()
    # The full M-step converges fastest where scaled rewards differ by large factors, so only the goal pays here.
    mdp, reward = world.mdp.replace(discount=discount), (world.reward > 0).astype(float)
    plan = em_planning(mdp, reward, m_step=m_step, tol=1e-6)
    return _largest(plan.V, soft_value_iteration(mdp, reward, temperature=0.0).V)


def _growing(_: int) -> float:
    world = slippery_grid()
    start = em_planning(world.mdp, world.reward, max_iter=0)
    step = em_planning(world.mdp, world.reward, m_step="full", max_iter=1)
    messages = growing_horizon(world.mdp, world.reward, start.policy, geometric_prior(world.mdp.discount))
    new = start.policy * messages.gradient
    return max(abs(messages.likelihood - start.likelihood), _largest(new / new.sum(axis=1, keepdims=True), step.policy))


def _time_priors(_: int) -> float:
    """Largest relative shortfall from the best policy that depends on time: a budget of 40 decisions, a deadline after 20."""
    world = slippery_grid()
    chance = (world.reward - world.reward.min()) / np.ptp(world.reward)
    shortfall = []
    for prior in (np.full(41, 1 / 41), np.eye(21)[20]):
        by_time = np.repeat(prior[:, None, None] * chance[:, None], world.mdp.n_actions, axis=2)
        finite = world.mdp.replace(horizon=len(prior), discount=1.0)
        best = soft_value_iteration(finite, by_time, temperature=0.0).V[0] @ world.mdp.initial_distribution
        found = plan_with_time_prior(world.mdp, world.reward, prior).messages.likelihood
        shortfall.append(1.0 - found / best)
    return float(max(shortfall))


REACH = 0.8  # discount of the scalar problem
SCALAR = LinearQuadratic([[1.0]], [[1.0]], [[1.0]], [[0.2]], noise=[[0.1]])  # go to 0, and hold
START, SPREAD = 1.5, 0.3


def scalar_mixture() -> GaussianMixture:
    """Return the scalar problem with a geometric time prior."""
    return GaussianMixture(SCALAR, [START], [[SPREAD]], geometric_prior(REACH, tol=1e-8))


def scalar_grid() -> tuple[NDArray, NDArray, NDArray, NDArray]:
    """Return the same on a grid: cells (n,), P(x' | x, u) (n, n, n), p(R | x, u) (n, n), distribution of the first cell (n,)."""
    x = np.linspace(-7.0, 7.0, 141)
    P = _density(x, x[:, None, None] + x[None, :, None], 0.1)
    return x, P, np.exp(-0.5 * (x[:, None] ** 2 + 0.2 * x**2)), _density(x, START, SPREAD)


def _density(x: NDArray, mean: NDArray | float, variance: float) -> NDArray:
    """Gaussian density times the size of a cell of the grid x."""
    return norm.pdf(x, mean, np.sqrt(variance)) * (x[1] - x[0])


def _gaussian_messages(_: int) -> float:
    mixture, actor = scalar_mixture(), GaussianActor(np.array([[-0.4]]), np.array([[0.5]]))
    x, P, event, start = scalar_grid()
    policy = _density(x, -0.4 * x[:, None], 0.25)
    b, likelihoods = (policy * event).sum(axis=1), []
    for _time in mixture.time_prior:
        likelihoods.append(start @ b)
        b = (policy * (P @ b)).sum(axis=1)
    return _largest(np.exp(mixture.messages(actor).log_likelihood_at) / np.array(likelihoods), 1.0)


def _gaussian_em(_: int) -> float:
    x, P, event, start = scalar_grid()
    grid = MDP(P / P.sum(axis=2, keepdims=True), initial=start / start.sum(), discount=REACH)
    best = (1.0 - REACH) * (start @ soft_value_iteration(grid, event, temperature=0.0).V)
    return float(1.0 - scalar_mixture().plan().likelihood_curve[-1] / best)


def _controller(seed: int) -> float:
    maze = cheese_maze()
    return 1.0 - em_controller(maze, 5, random_state=seed).value / solve_beliefs(maze).value


# Sampled policy improvement -------------------------------------------------------------------------------------------


def _sampled_improvement(seed: int) -> float:
    """Largest relative deviation of the mean square error from its asymptotic value, at 1000 and 10,000 samples."""
    world = slippery_grid()
    Q, prior = soft_value_iteration(world.mdp, world.reward, temperature=ALPHA).Q, uniform_prior(world.mdp)
    proposal = 0.5 * prior + 0.5 * np.eye(world.n_actions)[0]
    exact, rng = improve(prior, Q, ALPHA), np.random.default_rng(seed)
    expected = asymptotic_variance(prior, Q, temperature=ALPHA, proposal=proposal).sum()
    off = []
    for K in (1000, 10_000):
        rows = np.broadcast_to(prior, (2000, *prior.shape))
        found = sampled_improvement(rows, Q, K, temperature=ALPHA, proposal=proposal, random_state=rng)
        off.append(abs(K * ((found - exact) ** 2).mean(axis=0).sum() / expected - 1.0))
    return float(max(off))


def _sampled_iteration(seed: int) -> float:
    world, prior = slippery_grid(), uniform_prior(slippery_grid().mdp)
    exact = soft_value_iteration(world.mdp, world.reward, temperature=ALPHA, action_prior=prior).V
    return _largest(
        sampled_policy_iteration(world.mdp, world.reward, 64, temperature=ALPHA, random_state=seed).V, exact
    )


def _sampled_continuous(seed: int) -> float:
    """Mean and deviation of weighted Gaussian proposals, against the posterior of a single choice with quadratic reward."""
    best, curvature, K = 1.0, 2.0, 100_000
    closed = LinearQuadratic.single_choice([best], [[curvature]]).solve(ALPHA)
    actions = np.random.default_rng(seed).normal(0.5, 1.0, size=K)
    Q = -0.5 * curvature * (actions - best) ** 2
    weights = sampled_action_weights(np.zeros(K), norm.logpdf(actions, 0.5, 1.0), Q, temperature=ALPHA)
    mean = weights @ actions
    deviation = np.sqrt(weights @ (actions - mean) ** 2 / closed.covariance[0, 0])
    return float(max(abs(mean / closed.gain[0, 0] - 1.0), abs(deviation - 1.0)))


PLANNING_MEMBERS = (
    Member("discount as termination", "V, stationary messages and visits against long ones", 1e-8, _termination),
    Member("particle posterior", "state marginals (total variation) and log evidence", 0.1, _particles),
    Member("policy gradient", "shortfall of the objective, relative", 0.02, _policy_gradient),
    Member("amortised inference", "divergence on unseen goals, nats a decision", 0.2, _amortised),
    Member("EM planning, full", "value against the optimal one", 1e-6, lambda _: _em("full")),
    Member("EM planning, accelerated", "the same at discount 0.99", 1e-6, lambda _: _em("accelerated", 0.99)),
    Member("EM planning, greedy", "value against the optimal one", 1e-6, lambda _: _em("greedy")),
    Member("growing horizon", "likelihood and M-step against linear solves", 1e-9, _growing),
    Member("other time priors", "shortfall from the best time-dependent policy", 1e-4, _time_priors),
    Member("Gaussian messages", "likelihood at each time against a grid, relative", 1e-9, _gaussian_messages),
    Member("Gaussian EM", "shortfall from the best policy on a grid, relative", 1e-3, _gaussian_em),
    Member("finite-state controller", "shortfall from the belief MDP, relative", 1e-3, _controller),
    Member("sampled improvement", "mean square error against its asymptote, relative", 0.05, _sampled_improvement),
    Member("sampled iteration", "V against the soft value, 64 samples, max norm", 2e-3, _sampled_iteration),
    Member("sampled real actions", "mean and deviation against the posterior, relative", 0.02, _sampled_continuous),
)
