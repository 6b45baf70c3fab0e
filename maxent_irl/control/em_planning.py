r"""Planning by expectation-maximisation (EM): an infinite horizon as a mixture of finite-time problems.

Scale the reward to :math:`\hat r \in [0, 1]` and read it as the probability of a binary event R. The event is observed once, at
the last step T of an episode, which is drawn from :math:`p(T) = (1 - \gamma) \gamma^T`. Its likelihood is the discounted return,

.. math::

    L(\pi) = \sum_T (1 - \gamma) \gamma^T \, p(R = 1 \mid T; \pi)
    = (1 - \gamma) \, E_\pi \Bigl[ \sum_t \gamma^t \hat r(s_t, a_t) \Bigr] ,

so planning maximises a likelihood with hidden variables, which EM does. The messages of the E-step, summed over the mixture, are
the state visitations :math:`d(s)` and :math:`\hat Q(s,a) = \hat r(s,a) + \gamma E[\hat V(s')]`. Both are linear solves. The
M-step is

.. math::

    \pi_\text{new}(a \mid s) \propto \pi(a \mid s) \, \hat Q(s, a) \quad \text{(the full M-step)}, \qquad
    \pi_\text{new}(s) \in \arg\max_a \hat Q(s, a) \quad \text{(greedy)} .

Neither M-step lowers the likelihood. The greedy M-step is policy iteration and ends after a few iterations. The full M-step
converges linearly to the same value. An iteration multiplies the odds of two actions by the ratio of their :math:`\hat Q`. That
ratio is close to 1 if the discount is. There is no temperature: the fixed point is that of the hard Bellman equation.

The accelerated M-step is the full one over-relaxed,

.. math::

    \pi_\text{new}(a \mid s) \propto \pi(a \mid s) \, \hat Q(s, a)^\eta , \qquad \eta = 1, 2, 4, \dots

Over-relaxed EM may lower a likelihood in general. Here it does not, for any :math:`\eta > 0`: weights that increase with
:math:`\hat Q` raise its mean in every state, so every value rises by the policy improvement theorem.

What differs from the paper: the messages are summed by linear solves. `time_mixture` computes them one by one, as published, and
for time priors that are not geometric. The accelerated M-step is not in the paper.

Sources: Toussaint, M., & Storkey, A. (2006), Probabilistic inference for solving discrete and continuous state Markov decision
processes, ICML, 945-952. The proportional M-step also: Dayan, P., & Hinton, G. E. (1997), Using expectation-maximization for
reinforcement learning, Neural Computation 9(2), 271-278. Over-relaxation: Salakhutdinov, R., & Roweis, S. (2003), Adaptive
overrelaxed bound optimization methods, ICML, 664-671.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .._checks import check_choice, check_count, check_positive
from ..inference.backup import soft_maximum
from ..inference.linearisation import PolicySystem
from ..inference.solver import iterate
from ..mdp import MDP
from ..mdp.policies import check_policy
from ..mdp.process import check_reward
from ._requirements import require_discounted
from .limits import can_end, reward_range, uniform_prior

M_STEPS = ("accelerated", "full", "greedy")
LARGEST_POWER = 2.0**40  # eta stops doubling here, where logits are still far from overflow


@dataclass(frozen=True, eq=False)
class EMPlan:
    """The policy that EM ended with.

    Attributes
    ----------
    policy : (S, A) array
    V : (S,) array
        Value of the policy, in units of reward.
    Q : (S, A) array
        Action value of the policy; -inf where an action is unavailable.
    likelihood : float
        p(R = 1; policy), in [0, 1].
    likelihood_curve : (n_iter + 1,) array
        The likelihood before each iteration and at the end; never decreasing.
    converged : bool
    n_iter : int
    residual : float
        ``max_s (max_a Q(s, a) - V(s))``, the gain from choosing one decision greedily.
    error_bound : float
        Upper bound on the distance from the optimal value: ``residual / (1 - discount)``.
    message : str
        Why the iteration stopped, and what to do where it did not converge.
    """

    policy: NDArray  # (S, A)
    V: NDArray  # (S,)
    Q: NDArray  # (S, A)
    likelihood: float
    likelihood_curve: NDArray  # (n_iter + 1,)
    converged: bool
    n_iter: int
    residual: float
    error_bound: float
    message: str


def em_planning(
    mdp: MDP,
    reward: ArrayLike,
    *,
    m_step: str = "accelerated",
    tol: float = 1e-6,
    max_iter: int = 100_000,
) -> EMPlan:
    """Plan by maximising the likelihood of reward.

    Parameters
    ----------
    mdp : MDP
        Infinite horizon, discount < 1. After the end of an episode every reward is 0.
    reward : (S,) or (S, A) array
    m_step : "accelerated", "full" or "greedy"
        "full" is the published M-step. It needs about ``V / (Q(best) - Q(second best))`` iterations per factor of e, values
        measured from the lowest reward: at discount .99 often more than `max_iter`. "accelerated" has the same fixed points and
        needs tens of iterations at any discount.
    tol : float
        Wanted `EMPlan.error_bound`, in units of reward.
    max_iter : int

    Returns
    -------
    EMPlan

    Raises
    ------
    ValueError
        For a horizon or discount 1, where p(T) is not defined.
    """
    check_choice("m_step", m_step, M_STEPS)
    max_iter = check_count("max_iter", max_iter, at_least=0)
    problem = Mixture(mdp, reward)
    start = check_policy(mdp, uniform_prior(mdp))
    with np.errstate(divide="ignore"):
        logits = np.log(start)
    curve: list[float] = []

    def e_step(at: _Iterate) -> tuple[tuple[NDArray, NDArray], float]:
        V, Q, likelihood = problem.e_step(at.policy)
        curve.append(likelihood)
        gain = np.where(mdp.terminal, 0.0, Q.max(axis=0) - V)
        return (V, Q), float(gain.max(initial=0.0))

    def advance(at: _Iterate, measured: tuple[NDArray, NDArray]) -> _Iterate:
        if m_step == "greedy":
            return at._replace(policy=soft_maximum(measured[1], None, 0.0)[1])
        logits = problem.reweighted(at.logits, measured[1], at.power)
        power = min(2.0 * at.power, LARGEST_POWER) if m_step == "accelerated" else 1.0
        return _Iterate(soft_maximum(logits, None, 1.0)[1], logits, power)

    wanted = check_positive("tol", tol) * (1.0 - mdp.discount)
    first = _Iterate(start, logits, 1.0)
    done = iterate(first, measure=e_step, advance=advance, tolerance=lambda _: wanted, max_iter=max_iter)
    V, Q = done.measured
    message = "converged" if done.converged else f"max_iter={max_iter} iterations were not enough"
    if m_step == "full" and not done.converged:
        message += (
            f": the value may still be {done.residual / (1.0 - mdp.discount):.2g} too low. The full M-step is slow where scaled "
            "values of actions are nearly equal, as they are at high discounts: use m_step='accelerated', which has the same "
            "fixed points"
        )
    return EMPlan(
        done.state.policy.T,
        V,
        Q.T,
        curve[-1],
        np.array(curve),
        done.converged,
        done.n_iter,
        done.residual,
        done.residual / (1.0 - mdp.discount),
        message,
    )


class _Iterate(NamedTuple):
    """A policy, its logits (which do not underflow), and the power of the next M-step."""

    policy: NDArray  # (A, S)
    logits: NDArray  # (A, S)
    power: float


class Mixture:
    """The mixture of finite-time problems: reward as a probability, E-step and M-step."""

    def __init__(self, mdp: MDP, reward: ArrayLike) -> None:
        require_discounted(mdp, "a mixture of finite-time problems")
        self.mdp, self.available = mdp, mdp.available.T
        self.reward = np.broadcast_to(check_reward(mdp, reward), self.available.shape)
        self.low, high = reward_range(mdp, self.reward[self.available])
        self.span = (high - self.low) or 1.0
        self.scaled_reward = (self.reward - self.low) / self.span
        self.scaled_zero = -self.low / self.span if can_end(mdp) else 0.0

    def scaled(self, value: NDArray) -> NDArray:
        """Convert a sum of discounted rewards to the scale of the likelihood."""
        return (value - self.low / (1.0 - self.mdp.discount)) / self.span

    def e_step(self, policy: NDArray) -> tuple[NDArray, NDArray, float]:
        """V (S,), Q (A, S) and the likelihood of a policy (A, S)."""
        system = PolicySystem(self.mdp, policy)
        V = system.solve(system.average(self.reward))
        Q = np.where(self.available, self.reward + system.expect(V), -math.inf)
        return V, Q, float((1.0 - self.mdp.discount) * (self.mdp.initial_distribution @ self.scaled(V)))

    def reweighted(self, logits: NDArray, Q: NDArray, power: float) -> NDArray:
        """Logits of ``policy * scaled(Q) ** power``, normalised; all arrays (A, S)."""
        with np.errstate(divide="ignore"):
            new = logits + power * np.log(np.maximum(self.scaled(np.where(self.available, Q, self.low)), 0.0))
        top = new.max(axis=0)
        # Where only the lowest reward can follow, the likelihood does not depend on the policy, which is kept.
        possible = np.isfinite(top)
        return np.where(possible, new - np.where(possible, top, 0.0), logits)
