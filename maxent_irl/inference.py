r"""Soft value iteration: inference of the optimal policy in the control-as-inference model.

With temperature :math:`\alpha`, discount :math:`\gamma` and action prior :math:`p(a \mid s)`,

.. math::

    Q(s,a) &= r(s,a) + \gamma \, E_{s'}[V(s')]                                   && \text{(variational)} \\
    Q(s,a) &= r(s,a) + \gamma \, \alpha \log E_{s'}[\exp(V(s') / \alpha)]        && \text{(exact)} \\
    V(s)   &= \alpha \log \sum_a p(a \mid s) \exp(Q(s,a) / \alpha), \qquad
    \pi(a \mid s) = p(a \mid s) \exp((Q(s,a) - V(s)) / \alpha) .

The backup is a contraction with modulus :math:`\gamma` in the maximum norm, so that a residual :math:`\|TV - V\| = \delta`
certifies :math:`\|V - V^*\| \le \delta / (1 - \gamma)`. Value iteration applies it; policy iteration solves the equation
linearised at the current policy, which is Newton's method: monotone after the first step, quadratic at the end, and needing a
handful of steps where value iteration needs about :math:`23 / (1 - \gamma)` sweeps.

Sources: Levine, S. (2018), Reinforcement learning and control as probabilistic inference, arXiv:1805.00909; Ziebart, B. D.
(2010), Modeling purposeful adaptive behavior with the principle of maximum causal entropy, PhD thesis, CMU; Rust, J. (1987),
Optimal replacement of GMC bus engines, Econometrica 55(5) (the Newton step).
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import sparse

from ._linear_systems import TYPICAL_RATE, SingularPolicyError, Staged, Stationary
from ._numerics import Iterated, iterate, soft_maximum
from ._repr import BriefRepr
from ._soft_backup import LONGEST, SoftBackup, tilted_probabilities
from ._validation import (
    INFERENCES,
    ImproperProblemError,
    check_action_prior,
    check_choice,
    check_max_iter,
    check_positive,
    check_reward,
    check_temperature,
)
from .mdp import MDP, check_mdp

METHODS = ("auto", "value-iteration", "policy-iteration")


@dataclass(frozen=True, eq=False, repr=False)
class SoftSolution(BriefRepr):
    """The solution of the soft Bellman equation, with its certificate.

    Attributes
    ----------
    V : (S,) array, or (T + 1, S) with a horizon T
        Soft value, in units of reward; 0 in terminal states, -inf in dead ends.
    Q : (S, A) array, or (T, S, A)
        Soft action value; -inf where an action is unavailable.
    policy : (S, A) array, or (T, S, A)
        The action posterior; rows sum to 1, and to 0 in terminal states and dead ends.
    converged : bool
    n_iter : int
        Sweeps or Newton steps.
    residual : float
        Largest change one more backup makes, ``max |TV - V|``.
    mdp, temperature, inference, method
        What was solved, and how.
    krylov_rate : float
        Krylov iterations per digit that its linear systems took: what later solves choose their method by.
    near : Stationary or None
        Linearisation at a similar policy, whose factorisation may serve here too.
    """

    V: NDArray
    _action_values: NDArray | SoftBackup = field(repr=False)  # Q, or where it comes from
    policy: NDArray
    converged: bool
    n_iter: int
    residual: float
    mdp: MDP
    temperature: float
    inference: str
    method: str
    krylov_rate: float = field(default=TYPICAL_RATE, repr=False)
    near: Stationary | None = field(default=None, repr=False)

    @cached_property
    def Q(self) -> NDArray:
        """(S, A) array, or (T, S, A): soft action value; -inf where an action is unavailable."""
        if isinstance(self._action_values, np.ndarray):
            return self._action_values
        Q = np.empty(np.swapaxes(self.policy, -1, -2).shape)
        for t, V_next in enumerate(self.V[1:]):
            Q[t] = self._action_values.action_values(V_next)
        return np.swapaxes(Q, -1, -2)

    @cached_property
    def error_bound(self) -> float:
        """What the residual implies for ``max |V - V*|``: ``residual * discount / (1 - discount)``.

        With discount 1 the residual times the longest expected time to the end under `policy`, to first order; with a horizon
        zero, up to rounding.
        """
        if self.mdp.horizon is not None:
            return 0.0
        if self.mdp.discount < 1.0:
            return self.residual * self.mdp.discount / (1.0 - self.mdp.discount)
        return self.residual * self._longest_time

    @cached_property
    def _longest_time(self) -> float:
        """Largest expected number of decisions until the end of an undiscounted problem under `policy`."""
        try:
            time_left = self.linearisation.accumulate(self.policy.sum(axis=1))
        except SingularPolicyError:
            return math.inf
        if not (time_left >= 0.0).all():  # singular but for rounding, which decides the sign
            return math.inf
        return float(time_left.max(initial=1.0))

    @cached_property
    def linearisation(self) -> Stationary | Staged:
        """The soft Bellman equation linearised here: one factorisation for visitations, gradients and sensitivities."""
        policy = np.ascontiguousarray(np.swapaxes(self.policy, -1, -2))
        if self.mdp.horizon is None:
            return Stationary(self.mdp, policy, self._tilt(self.V), self.krylov_rate, self.near)
        tilted = [self._tilt(V) for V in self.V[1:]] if self.inference == "exact" else None
        return Staged(self.mdp, policy, tilted)

    def _tilt(self, V_next: NDArray) -> NDArray | None:
        if self.inference != "exact":
            return None
        return tilted_probabilities(self.mdp, V_next, self.temperature)

    @property
    def transitions(self) -> sparse.csr_array | list[sparse.csr_array]:
        """Dynamics of the trajectory posterior, CSR (A * S, S), row ``a * S + s``; with a horizon a list of T of them.

        Variational inference keeps the true dynamics; exact inference tilts them, ``P(s'|s,a) exp(V(s') / alpha)``
        normalised: the posterior acts as if the agent could choose the luck too (Levine 2018, section 2.4). Where the
        episode may end with an action the rows sum to less than 1, as in the MDP.
        """
        linear = self.linearisation
        return [step.P for step in linear.steps] if isinstance(linear, Staged) else linear.P


def soft_value_iteration(
    mdp: MDP,
    reward: ArrayLike,
    *,
    temperature: float = 1.0,
    action_prior: ArrayLike | None = None,
    inference: str = "variational",
    method: str = "auto",
    tol: float = 1e-10,
    max_iter: int | None = None,
    initial_values: ArrayLike | None = None,
    near: SoftSolution | None = None,
) -> SoftSolution:
    """Solve the soft Bellman equation.

    Parameters
    ----------
    mdp : MDP
    reward : (S,) or (S, A) array
        Reward for acting in a state, or for a state-action pair; finite wherever an action is available.
    temperature : float >= 0
        alpha, in units of reward. 0 is the hard Bellman backup (ties share the probability), ``math.inf`` the prior policy
        (uniform without a prior) with V its mean return.
    action_prior : (A,) or (S, A) array, optional
        p(a|s), rows sum to 1. None: p = 1, the usual soft value; it differs from the uniform prior by the constant
        ``alpha log A`` per step.
    inference : "variational" or "exact"
        Keep the true dynamics, or condition them on optimality too (optimistic when they are stochastic).
    method : "auto", "policy-iteration" or "value-iteration"
        "auto" is policy iteration. With a horizon every method is one backward recursion.
    tol : float >= 0
        Wanted bound on the error of V, relative to ``max(1, |V|)``. Never more is asked for than floating point can give;
        the certificate in the result is the one that was reached.
    max_iter : int, optional
        Default 200 Newton steps, or 1,000,000 sweeps.
    initial_values : (S,) array, optional
        Warm start for V (infinite horizon).
    near : SoftSolution, optional
        Of the same MDP and a similar reward (infinite horizon): if its linearisation has been factorised, that serves in place
        of new factorisations as long as it is near enough.

    Returns
    -------
    SoftSolution

    Raises
    ------
    ImproperProblemError
        If an undiscounted problem has no finite value.
    ValueError
        For inputs of wrong shape or value, naming the entry.

    References
    ----------
    See the module's docstring.

    Examples
    --------
    One state, two actions that end the episode, rewards 1 and 0 (the lesson's worked example):

    >>> import numpy as np
    >>> from maxent_irl import MDP, soft_value_iteration
    >>> mdp = MDP.from_successors([[1, 1], [-1, -1]], terminal=[1])
    >>> solution = soft_value_iteration(mdp, [[1.0, 0.0], [0.0, 0.0]])
    >>> print(f"{solution.V[0]:.6f}", solution.policy[0].round(6))
    1.313262 [0.731059 0.268941]
    """
    check_choice("inference", inference, INFERENCES)
    check_choice("method", method, METHODS)
    check_mdp(mdp)
    if mdp.endless:
        raise ValueError(
            "nothing ends this undiscounted problem: solve it for one of its goals, mdp.with_goal(state), or give "
            "the demonstrations goals="
        )
    alpha = check_temperature(temperature)
    r = check_reward(mdp, reward)
    log_prior = check_action_prior(mdp, action_prior)
    newton = method != "value-iteration"
    tol, cap = check_positive("tol", tol, or_zero=True), check_max_iter(max_iter, 200 if newton else 1_000_000)
    similar = near.linearisation if near is not None and mdp.horizon is None else None
    backup = SoftBackup(mdp, r, alpha, log_prior, inference, similar)
    if mdp.horizon is not None:
        return _backward(backup)
    capped = max_iter is not None
    done, solution = _climb(backup, backup.start(initial_values), tol, cap, newton)
    if initial_values is not None and not _is_proper(backup, done, solution, tol, capped=capped):
        # From an unlucky start rounding can lose the way; from below, where policy iteration starts by itself, it does not.
        done, solution = _climb(backup, backup.start(None), tol, cap, newton)
    if not _is_proper(backup, done, solution, tol, capped=capped):
        _explain_divergence(backup, done, solution)
    return solution


def _climb(backup: SoftBackup, V: NDArray, tol: float, cap: int, newton: bool) -> tuple[Iterated, SoftSolution]:
    """Iterate from V until the certificate shows the error that `tol` allows, or as small a one as rounding does."""
    mdp, enough, spent = backup.mdp, math.inf, 0
    per_step = 1.0 - mdp.discount if mdp.discount < 1.0 else 1.0
    while True:

        def tolerance(V: NDArray, enough: float = enough) -> float:
            size = backup.size(V)
            return max(min(enough, tol * per_step * max(1.0, size)), backup.rounding(size))

        done = iterate(
            V,
            measure=backup.measure if newton else backup.measure_value,
            advance=backup.newton_step if newton else backup.sweep,
            tolerance=tolerance,
            max_iter=cap - spent,
        )
        spent += done.n_iter
        _, V, Q, pi = done.measured
        if pi is None:
            V, pi = soft_maximum(Q, backup.log_prior, backup.alpha)
            V[mdp.terminal] = 0.0
        solution = SoftSolution(
            V,
            Q.T,
            pi.T,
            done.converged,
            spent,
            done.residual,
            mdp,
            backup.alpha,
            backup.inference,
            "policy-iteration" if newton else "value-iteration",
            backup.krylov_rate,
            backup.near,
        )
        size = backup.size(done.state)
        wanted = tol * max(1.0, size)
        if (
            mdp.discount < 1.0
            or not done.converged
            or done.residual <= backup.rounding(size)
            or solution.error_bound <= wanted
        ):
            return done._replace(n_iter=spent), solution
        # Undiscounted, what a residual means depends on how long episodes take, which is known only now.
        enough, V = done.residual * max(wanted / solution.error_bound, 1e-3), done.state


def _backward(backup: SoftBackup) -> SoftSolution:
    """Solve a finite horizon by one backward recursion, exact up to rounding."""
    mdp = backup.mdp
    T, S, A = mdp.horizon, mdp.n_states, mdp.n_actions
    V, policy = np.zeros((T + 1, S)), np.empty((T, A, S))
    for t in range(T - 1, -1, -1):
        backup(V[t + 1], out=(V[t], policy[t]))
    policy = np.swapaxes(policy, -1, -2)
    return SoftSolution(V, backup, policy, True, T, 0.0, mdp, backup.alpha, backup.inference, "backward")


def _is_proper(backup: SoftBackup, done: Iterated, solution: SoftSolution, tol: float, *, capped: bool) -> bool:
    """Whether the value can be finite, which is a question of undiscounted problems only.

    It is not if the iteration diverged; if it takes more than `LONGEST` decisions to the end, or to add up to the value; and if
    the certificate is no good although the residual is as small as it gets: entropy then piles up in a cycle without end.
    """
    if backup.mdp.discount < 1.0:
        return True
    scale = backup.reward_scale + backup.entropy_scale
    finite = math.isfinite(done.residual) and _top(backup, done) <= LONGEST * scale
    if not (finite and done.converged):
        return finite and capped
    if not 0.0 < backup.alpha < math.inf:
        return True
    good = max(1e-3 * backup.alpha, tol * max(1.0, backup.size(done.state)))
    return solution._longest_time <= LONGEST and solution.error_bound <= good


def _top(backup: SoftBackup, done: Iterated) -> float:
    return float(np.max(done.state, where=backup.alive & ~backup.mdp.terminal, initial=-math.inf))


def _explain_divergence(backup: SoftBackup, done: Iterated, solution: SoftSolution) -> None:
    cycles = backup.describe_cycles(solution.policy.T)
    raise ImproperProblemError(
        f"no finite soft value was found in {done.n_iter} steps (residual {done.residual:.3g}, largest value "
        f"{_top(backup, done):.3g}){'' if cycles is None else f': {cycles}'}. "
        "Likely causes: (a) cycles pay more than they cost: with temperature alpha every choice among n actions is worth up "
        "to alpha * log n, so costs must exceed that; make them larger or the temperature smaller; "
        "(b) the goal cannot be reached from some state by any policy worth following; (c) max_iter is too small"
    )
