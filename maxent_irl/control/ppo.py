r"""Policy gradient with PPO's clipped surrogate, for reward with a KL penalty: the optimiser of RLHF.

Each iteration samples trajectories from the current policy. The net reward of a decision is :math:`r - \beta
\log(\pi_\text{old} / \pi_\text{ref})`. Its advantage A is the net return from there minus the mean return from its state. A
few gradient steps increase

.. math::

    E \bigl[ \min \bigl( \rho A, \; \operatorname{clip}(\rho, 1 - \epsilon, 1 + \epsilon) A \bigr) \bigr], \qquad
    \rho = \pi(a \mid s) / \pi_\text{old}(a \mid s) ,

in the logits of a tabular policy. The objective is the ELBO with prior :math:`\pi_\text{ref}`, whose maximum
`soft_value_iteration` computes exactly. Three details matter where beta is small:

- The gradient of each logit is divided by the number of times its action was sampled. Up to sampling noise this is the natural
  gradient, proportional to A(s,a). The plain gradient has a factor :math:`\pi(a \mid s)` and hardly changes rare actions.
- No step changes a logit by more than epsilon. In the first step of an iteration every ratio is 1, so the surrogate does not
  clip, and one large step can give the best action almost no probability.
- The price of divergence in the advantages is annealed. It starts at the standard deviation of the returns of the first
  sample and falls geometrically to beta over the first half of the iterations. With beta from the start, the policy can
  concentrate on the best completions sampled so far and stop sampling others.

Completions that are very rare under the reference may not be sampled, and then they are not found.

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

from .._checks import check_count, check_interval, check_positive, check_temperature
from ..demonstrations import Demonstrations
from ..demonstrations.draws import generator
from ..demonstrations.sampling import sample_demonstrations
from ..inference.backup import soft_maximum
from ..mdp import MDP
from ..mdp.process import check_reward
from ._averaging import Averaged
from ._requirements import check_reference, require_episodes


@dataclass(frozen=True, eq=False)
class PolicyGradientRun:
    """Where policy gradient ended.

    Attributes
    ----------
    policy : (S, A) array
        Softmax of the logits, averaged over the iterations at temperature beta.
    converged : bool
        Whether the sampled objective changed by at most `tol`. This does not prove that the policy is optimal: actions that the
        reference takes less than about once per sample may never have been sampled. Then raise `n_trajectories`.
    n_iter : int
    n_samples : int
        Number of trajectories sampled.
    residual : float
        Change of the mean sampled objective from the second-last to the last tenth of the run.
    objective_curve : (n_iter,) array
        Reward minus beta times the log-ratio log pi / reference, mean over the trajectories of each iteration.
    divergence_curve : (n_iter,) array
        The log-ratio log pi / reference, mean over the trajectories of each iteration.
    clipped_curve : (n_iter,) array
        Share of the decisions without a gradient because of the clip, in the last epoch of each iteration.
    """

    policy: NDArray  # (S, A)
    converged: bool
    n_iter: int
    n_samples: int
    residual: float
    objective_curve: NDArray  # (n_iter,)
    divergence_curve: NDArray  # (n_iter,)
    clipped_curve: NDArray  # (n_iter,)


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
    """Maximise reward minus temperature times divergence from a reference policy, from sampled trajectories.

    Parameters
    ----------
    mdp : MDP
        Undiscounted, and every trajectory ends, as in the `mdp` of a `TokenTree`.
    reward : (S,) or (S, A) array
        Reward of each decision.
    reference : (A,) or (S, A) array
        The policy at the start, from which the divergence is measured.
    temperature : float > 0
        beta, the price of a nat of divergence. The price falls to it over the first half of the iterations.
    clip : float in (0, 1)
        epsilon.
    n_trajectories : int
        Trajectories sampled in each iteration.
    n_iterations : int
    n_epochs : int
        Gradient steps on the sample of each iteration.
    learning_rate : float > 0
        A step moves a logit by ``learning_rate * advantage / price``, but by no more than `clip`. In iteration k the rate is
        divided by ``1 + k / 20``.
    tol : float
        Largest `PolicyGradientRun.residual` that counts as converged, in units of reward.
    random_state : None, int, numpy Generator, or numpy RandomState

    Returns
    -------
    PolicyGradientRun

    Raises
    ------
    ValueError
        For a discount, a horizon, or arguments out of range.
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
    """Net return from each decision to the end, minus the mean net return from its state; (N,)."""
    so_far = np.cumsum(net)
    to_end = np.repeat(so_far[batch.offsets[1:] - 1], batch.lengths) - so_far + net
    visits = np.bincount(batch.states, minlength=n_states)
    baseline = np.bincount(batch.states, to_end, minlength=n_states) / np.maximum(1, visits)
    return to_end - baseline[batch.states]


class _Surrogate:
    """The clipped surrogate of one sample, and its gradient in the logits.

    Parameters
    ----------
    mdp : MDP
    batch : Demonstrations
        N decisions.
    advantage : (N,) array
    old : (N,) array
        Probability of each decision under the policy that was sampled.
    clip : float
    """

    def __init__(self, mdp: MDP, batch: Demonstrations, advantage: NDArray, old: NDArray, clip: float) -> None:
        self.shape = (mdp.n_actions, mdp.n_states)
        self.actions, self.states = batch.actions, batch.states
        self.advantage, self.old, self.clip = advantage, old, clip
        A, S = self.shape
        pairs = batch.actions * S + batch.states
        self.visits = np.maximum(1, np.bincount(pairs, minlength=A * S)).reshape(A, S)

    def value(self, policy: NDArray) -> float:
        """The surrogate of a policy (A, S), summed over decisions."""
        ratio = policy[self.actions, self.states] / self.old
        clipped = np.clip(ratio, 1.0 - self.clip, 1.0 + self.clip)
        terms = np.minimum(ratio * self.advantage, clipped * self.advantage)
        return float(terms.sum())

    def gradient(self, policy: NDArray) -> tuple[NDArray, float]:
        """Gradient (A, S), and the share of decisions that the clip leaves without a gradient."""
        ratio = policy[self.actions, self.states] / self.old
        beyond = np.where(self.advantage > 0, ratio > 1.0 + self.clip, ratio < 1.0 - self.clip)
        A, S = self.shape
        weight = np.where(beyond, 0.0, ratio * self.advantage)
        pull = np.bincount(self.actions * S + self.states, weight, minlength=A * S).reshape(A, S)
        return pull - policy * pull.sum(axis=0), float(beyond.mean())
