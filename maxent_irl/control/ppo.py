r"""Policy gradient with PPO's clipped surrogate, for reward with a KL penalty: RLHF's optimiser.

Trajectories are sampled from the current policy; the reward of a decision is :math:`r - \beta \log(\pi_\text{old} /
\pi_\text{ref})`, its advantage A the return from there less the mean return from its state, and a few gradient steps climb

.. math::

    E \bigl[ \min \bigl( \rho A, \; \operatorname{clip}(\rho, 1 - \epsilon, 1 + \epsilon) A \bigr) \bigr], \qquad
    \rho = \pi(a \mid s) / \pi_\text{old}(a \mid s) ,

in the logits of a tabular policy. The gradient of each logit is divided by how often its action was sampled, which up to
sampling makes it the natural gradient, :math:`\propto A(s,a)`: the plain one carries a factor :math:`\pi(a \mid s)`, and where
beta is small the optimum is full of rare actions. The clip keeps the policy near the data, and no step moves a logit further
than epsilon: the first step of an iteration, where every ratio is 1, is not clipped, and one large step can end in a policy that
no longer tries what is best. What is being maximised is the ELBO with prior pi_ref, whose maximum `soft_value_iteration` gives
exactly.

A policy that is cold at once settles on the best of what it has seen, and what it then no longer does it never sees. So the
price of divergence in the advantages is annealed: it starts at the deviation of the rewards of the first sample, where the
optimum is still wide, and falls geometrically to beta over the first half of the iterations. What hardly ever occurs in a sample
from the reference may not be found even so.

Sources: Schulman, J., Wolski, F., Dhariwal, P., Radford, A., & Klimov, O. (2017), Proximal policy optimization algorithms,
arXiv:1707.06347; Ouyang, L., et al. (2022), Training language models to follow instructions with human feedback, NeurIPS 35;
Ziegler, D. M., et al. (2019), Fine-tuning language models from human preferences, arXiv:1909.08593 (the penalty as a reward);
Kakade, S. (2001), A natural policy gradient, NeurIPS 14; Kirkpatrick, S., Gelatt, C. D., & Vecchi, M. P. (1983), Optimization
by simulated annealing, Science 220(4598), 671-680.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .._draws import generator
from .._numerics import soft_maximum
from .._validation import check_count, check_interval, check_positive, check_reward, check_temperature
from ..demonstrations import Demonstrations
from ..mdp import MDP
from ..sampling import sample_demonstrations
from ._averaging import Averaged
from ._requirements import check_reference, require_episodes


@dataclass(frozen=True, eq=False)
class PolicyGradientRun:
    """Where policy gradient ended.

    Attributes
    ----------
    policy : (S, A) array
        Of the logits, averaged over the iterations at the wanted temperature.
    converged : bool
        Whether the sampled objective had come to rest: it says that more iterations would change little, not that the answer is
        right. What the reference does less than about once in a sample may never have been seen (raise `n_trajectories`).
    n_iter : int
    n_samples : int
        Trajectories.
    residual : float
        Change of the sampled objective between the last two tenths of the run.
    objective_curve, divergence_curve : (n_iter,) arrays
        Means over the trajectories of each iteration of reward less penalty at beta, and of log pi / reference.
    clipped_curve : (n_iter,) array
        Share of the decisions whose gradient the clip removed in the last epoch of each iteration.
    """

    policy: NDArray
    converged: bool
    n_iter: int
    n_samples: int
    residual: float
    objective_curve: NDArray
    divergence_curve: NDArray
    clipped_curve: NDArray


def ppo(
    mdp: MDP,
    reward: ArrayLike,
    reference: ArrayLike,
    *,
    temperature: float = 1.0,
    clip: float = 0.2,
    n_trajectories: int = 1000,
    n_iterations: int = 200,
    n_epochs: int = 8,
    learning_rate: float = 0.05,
    tol: float = 0.02,
    random_state: Any = None,
) -> PolicyGradientRun:
    """Maximise reward less divergence from a reference policy, from sampled trajectories.

    Parameters
    ----------
    mdp : MDP
        Undiscounted; every trajectory ends. A `TokenTree`'s, for one.
    reward : (S,) or (S, A) array
        What each decision pays.
    reference : (A,) or (S, A) array
        Where the policy starts, and what it is charged for leaving.
    temperature : float > 0
        beta, price of a nat of divergence; approached from above in the first half of the iterations.
    clip : float in (0, 1)
        epsilon.
    n_trajectories : int
        Sampled per iteration.
    n_iterations, n_epochs : int
        Iterations, and gradient steps on the sample of each.
    learning_rate : float > 0
        A step moves a logit by ``learning_rate * advantage / price``; iteration k has ``learning_rate / (1 + k / 20)``.
        No step moves a logit further than `clip`.
    tol : float
        Change of the sampled objective at which the run counts as converged, in units of reward.
    random_state : None, int, numpy Generator, or numpy RandomState

    Returns
    -------
    PolicyGradientRun

    Raises
    ------
    ValueError
        For a discount, a horizon, or options out of range.
    """
    require_episodes(mdp, "ppo()")
    beta = check_temperature(temperature, finite_positive=True)
    n_iterations, n_epochs = check_count("n_iterations", n_iterations), check_count("n_epochs", n_epochs)
    learning_rate = check_positive("learning_rate", learning_rate)
    clip, tol = check_interval("clip", clip, 0.0, 1.0), check_positive("tol", tol, or_zero=True)
    rng = generator(random_state)
    r = np.broadcast_to(check_reward(mdp, reward), (mdp.n_actions, mdp.n_states))
    log_reference = check_reference(mdp, reference)
    logits, average = np.array(log_reference), Averaged()
    allowed = np.isfinite(logits)
    curves, annealed = [], n_iterations // 2
    for iteration in range(n_iterations):
        policy = soft_maximum(logits, None, 1.0)[1]
        batch = sample_demonstrations(mdp, policy.T, n_trajectories, random_state=rng)
        a, s = batch.actions, batch.states
        log_ratio = np.log(policy[a, s]) - log_reference[a, s]
        if iteration == 0:
            hottest = max(beta, float(np.add.reduceat(r[a, s], batch.offsets[:-1]).std()))
        price = beta * (hottest / beta) ** max(0.0, 1.0 - iteration / max(1, annealed))
        advantage = _advantages(batch, r[a, s] - price * log_ratio, mdp.n_states)
        surrogate = _Surrogate(mdp, batch, advantage, policy[a, s], clip)
        rate = learning_rate / price / (1.0 + iteration / 20.0)
        for _ in range(n_epochs):
            gradient, clipped = surrogate.gradient(soft_maximum(logits, None, 1.0)[1])
            step = np.clip(rate * gradient / surrogate.visits, -clip, clip)
            logits = np.where(allowed, logits + step, -np.inf)
        if iteration >= annealed:
            average.add(np.where(allowed, logits, 0.0))
        objective = (r[a, s] - beta * log_ratio).sum() / n_trajectories
        curves.append((objective, log_ratio.sum() / n_trajectories, clipped))
    objective, divergence, clipped = np.array(curves).T
    tenth = max(1, n_iterations // 10)
    residual = abs(objective[-tenth:].mean() - objective[-2 * tenth : -tenth].mean()) if n_iterations > 1 else np.inf
    final = soft_maximum(np.where(allowed, average.value, -np.inf), None, 1.0)[1].T
    n_samples = n_iterations * n_trajectories
    return PolicyGradientRun(
        final, bool(residual <= tol), n_iterations, n_samples, float(residual), objective, divergence, clipped
    )


def _advantages(batch: Demonstrations, net: NDArray, n_states: int) -> NDArray:
    """Return from each decision to the end, less the mean return from its state; (N,)."""
    so_far = np.cumsum(net)
    to_end = np.repeat(so_far[batch.offsets[1:] - 1], batch.lengths) - so_far + net
    visits = np.bincount(batch.states, minlength=n_states)
    baseline = np.bincount(batch.states, to_end, minlength=n_states) / np.maximum(1, visits)
    return to_end - baseline[batch.states]


class _Surrogate:
    """The clipped surrogate of one sample, and its gradient in the logits."""

    def __init__(self, mdp: MDP, batch: Demonstrations, advantage: NDArray, old: NDArray, clip: float) -> None:
        self.shape = (mdp.n_actions, mdp.n_states)
        self.actions, self.states = batch.actions, batch.states
        self.advantage, self.old, self.clip = advantage, old, clip
        A, S = self.shape
        pairs = batch.actions * S + batch.states
        self.visits = np.maximum(1, np.bincount(pairs, minlength=A * S)).reshape(A, S)

    def value(self, policy: NDArray) -> float:
        """Sum over decisions."""
        ratio = policy[self.actions, self.states] / self.old
        clipped = np.clip(ratio, 1.0 - self.clip, 1.0 + self.clip)
        terms = np.minimum(ratio * self.advantage, clipped * self.advantage)
        return float(terms.sum())

    def gradient(self, policy: NDArray) -> tuple[NDArray, float]:
        """(A, S), and the share of decisions that the clip leaves without one."""
        ratio = policy[self.actions, self.states] / self.old
        beyond = np.where(self.advantage > 0, ratio > 1.0 + self.clip, ratio < 1.0 - self.clip)
        A, S = self.shape
        weight = np.where(beyond, 0.0, ratio * self.advantage)
        pull = np.bincount(self.actions * S + self.states, weight, minlength=A * S).reshape(A, S)
        return pull - policy * pull.sum(axis=0), float(beyond.mean())
