r"""Maximum-entropy policy gradient from sampled trajectories.

The lower bound on the evidence (`elbo`) is a function of the policy's parameters. Its derivative is an expectation over the
policy's own trajectories,

.. math::

    \nabla \mathrm{ELBO} = E \Bigl[ \sum_t \nabla \log \pi(a_t \mid s_t) \Bigl( \sum_{t' \ge t} \Bigl( r(s_{t'}, a_{t'}) -
    \alpha \log \frac{\pi(a_{t'} \mid s_{t'})}{p(a_{t'} \mid s_{t'})} \Bigr) - b(s_t) \Bigr) \Bigr] ,

for any baseline b that does not depend on the actions. It is REINFORCE with a penalty on the log-policy in the return. The
gradient of the penalty itself has mean 0. A discount is an end after every decision with probability :math:`1 - \gamma`
(`discounted_posterior.terminating`), so that trajectories are undiscounted.

The policy is a table of logits, moved by Adam. The baseline is an average of returns from earlier samples, so that the estimate
stays unbiased.

Sources: Levine, S. (2018), Reinforcement learning and control as probabilistic inference: tutorial and review, arXiv:1805.00909
(maximum-entropy policy gradients); Williams, R. J. (1992), Simple statistical gradient-following algorithms for connectionist
reinforcement learning, Machine Learning 8, 229-256; Kingma, D. P., & Ba, J. (2015), Adam: a method for stochastic optimization,
ICLR.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .._checks import check_count, check_finite, check_numbers, check_positive, check_temperature
from ..demonstrations.draws import generator
from ..demonstrations.sampling import sample_demonstrations
from ..inference.backup import soft_maximum
from ..mdp import MDP, check_mdp
from ..mdp.policies import check_policy
from ..mdp.process import check_action_prior, check_reward
from ._averaging import Averaged
from ._requirements import require_episodes
from .discounted_posterior import terminating
from .limits import uniform_prior

MEMORY = 0.1  # weight of the newest returns in the baseline


@dataclass(frozen=True, eq=False)
class GradientEstimate:
    """The gradient of the lower bound from one sample.

    Attributes
    ----------
    gradient : (S, A) array
        In the logits of a softmax policy.
    objective : float
        The lower bound from the initial distribution, mean over the sample; in units of reward.
    returns : (S,) array
        Mean return from each state to the end, penalty included; 0 where no trajectory came.
    visits : (S,) array
        Number of decisions in each state.
    """

    gradient: NDArray  # (S, A)
    objective: float
    returns: NDArray  # (S,)
    visits: NDArray  # (S,)


@dataclass(frozen=True, eq=False)
class GradientAscent:
    """Where the ascent ended.

    Attributes
    ----------
    policy : (S, A) array
        Softmax of the logits, averaged over the second half of the run.
    converged : bool
        Whether the sampled objective changed by at most `tol`. It does not bound the distance from the maximum.
    n_iter : int
    n_samples : int
        Number of trajectories.
    residual : float
        Change of the mean sampled objective from the second-last to the last tenth of the run.
    objective_curve : (n_iter,) array
    """

    policy: NDArray  # (S, A)
    converged: bool
    n_iter: int
    n_samples: int
    residual: float
    objective_curve: NDArray  # (n_iter,)


class _Episodes:
    """The problem as undiscounted episodes."""

    def __init__(self, mdp: MDP, reward: ArrayLike, temperature: float, action_prior: ArrayLike | None) -> None:
        check_mdp(mdp)
        if mdp.discount < 1.0 and mdp.horizon is None:
            mdp = terminating(mdp)
        require_episodes(mdp, "the maximum-entropy policy gradient")
        self.mdp, self.alpha = mdp, check_temperature(temperature, finite_positive=True)
        self.reward = np.broadcast_to(check_reward(mdp, reward), (mdp.n_actions, mdp.n_states))
        log_prior = check_action_prior(mdp, action_prior)
        self.allowed = mdp.available.T if log_prior is None else np.isfinite(log_prior)
        self.log_prior = np.zeros(self.reward.shape) if log_prior is None else np.where(self.allowed, log_prior, 0.0)

    def estimate(self, policy: NDArray, baseline: NDArray, n: int, rng: np.random.Generator) -> GradientEstimate:
        """Sample n trajectories of a policy (A, S)."""
        A, S = policy.shape
        batch = sample_demonstrations(self.mdp, policy.T, n, random_state=rng)
        a, s = batch.actions, batch.states
        net = self.reward[a, s] - self.alpha * (np.log(policy[a, s]) - self.log_prior[a, s])
        so_far = np.cumsum(net)
        to_end = np.repeat(so_far[batch.offsets[1:] - 1], batch.lengths) - so_far + net
        pull = np.bincount(a * S + s, to_end - baseline[s], minlength=A * S).reshape(A, S) / n
        visits = np.bincount(s, minlength=S)
        returns = np.bincount(s, to_end, minlength=S) / np.maximum(1, visits)
        return GradientEstimate((pull - policy * pull.sum(axis=0)).T, float(net.sum() / n), returns, visits)


def estimate_gradient(
    mdp: MDP,
    reward: ArrayLike,
    policy: ArrayLike,
    *,
    temperature: float = 1.0,
    action_prior: ArrayLike | None = None,
    baseline: ArrayLike | None = None,
    n_trajectories: int = 1000,
    random_state: Any = None,
) -> GradientEstimate:
    """Estimate the gradient of the lower bound in the logits of a policy, without bias.

    Parameters
    ----------
    mdp : MDP
        Discounted, or with episodes that end.
    reward : (S,) or (S, A) array
    policy : (S, A) array
    temperature : float > 0
    action_prior : (A,) or (S, A) array, optional
        None: p = 1.
    baseline : (S,) array, optional
        Subtracted from the returns. It changes the noise and not the mean. None: 0.
    n_trajectories : int
    random_state : None, int, numpy Generator, or numpy RandomState

    Returns
    -------
    GradientEstimate
    """
    problem, n = _Episodes(mdp, reward, temperature, action_prior), check_count("n_trajectories", n_trajectories)
    b = np.zeros(mdp.n_states) if baseline is None else check_numbers("baseline", baseline)
    if b.shape != (mdp.n_states,):
        raise ValueError(f"baseline must have shape ({mdp.n_states},), one number per state; got {b.shape}")
    check_finite("baseline", b, ("state",))
    return problem.estimate(check_policy(mdp, policy), b, n, generator(random_state))


def maximum_entropy_policy_gradient(
    mdp: MDP,
    reward: ArrayLike,
    *,
    temperature: float = 1.0,
    action_prior: ArrayLike | None = None,
    n_trajectories: int = 200,
    n_iterations: int = 1000,
    learning_rate: float = 0.1,
    tol: float = 0.02,
    random_state: Any = None,
) -> GradientAscent:
    """Maximise expected reward plus entropy by stochastic gradient ascent on sampled trajectories.

    Parameters
    ----------
    mdp, reward, temperature, action_prior
        As for `estimate_gradient`. The ascent starts from the uniform policy.
    n_trajectories : int
        Trajectories sampled in each iteration.
    n_iterations : int
    learning_rate : float > 0
        Step size of Adam in the first iteration. It falls like one over the square root of the iteration.
    tol : float
        Largest `GradientAscent.residual` that counts as converged, in units of reward.
    random_state : None, int, numpy Generator, or numpy RandomState

    Returns
    -------
    GradientAscent

    Raises
    ------
    ValueError
        For a horizon, or episodes that need not end.
    """
    problem, rng = _Episodes(mdp, reward, temperature, action_prior), generator(random_state)
    n_trajectories, n_iterations = (
        check_count("n_trajectories", n_trajectories),
        check_count("n_iterations", n_iterations),
    )
    rate, tol = check_positive("learning_rate", learning_rate), check_positive("tol", tol, or_zero=True)
    start = np.where(problem.allowed, uniform_prior(mdp).T, 0.0)
    with np.errstate(divide="ignore"):
        logits = np.log(start)
    baseline, average, adam = np.zeros(mdp.n_states), Averaged(), _Adam(logits.shape)
    objective = np.empty(n_iterations)
    for k in range(n_iterations):
        found = problem.estimate(soft_maximum(logits, None, 1.0)[1], baseline, n_trajectories, rng)
        objective[k] = found.objective
        step = adam(found.gradient.T, rate / np.sqrt(1.0 + k / 10.0))
        logits = np.where(problem.allowed, logits + step, -np.inf)
        baseline = np.where(found.visits > 0, baseline + MEMORY * (found.returns - baseline), baseline)
        if k >= n_iterations // 2:
            average.add(np.where(problem.allowed, logits, 0.0))
    tenth = max(1, n_iterations // 10)
    residual = abs(objective[-tenth:].mean() - objective[-2 * tenth : -tenth].mean()) if n_iterations > 1 else np.inf
    final = soft_maximum(np.where(problem.allowed, average.value, -np.inf), None, 1.0)[1]
    return GradientAscent(
        final.T, bool(residual <= tol), n_iterations, n_iterations * n_trajectories, float(residual), objective
    )


class _Adam:
    """Steps of Adam, uphill."""

    def __init__(self, shape: tuple[int, ...]) -> None:
        self.mean, self.square, self.count = np.zeros(shape), np.zeros(shape), 0

    def __call__(self, gradient: NDArray, rate: float) -> NDArray:
        self.count += 1
        self.mean += 0.1 * (gradient - self.mean)
        self.square += 0.001 * (gradient**2 - self.square)
        mean, square = self.mean / (1.0 - 0.9**self.count), self.square / (1.0 - 0.999**self.count)
        return rate * mean / (np.sqrt(square) + 1e-8)
