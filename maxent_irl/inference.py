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
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import sparse
from scipy.sparse import csgraph

from ._linear_systems import TYPICAL_RATE, SingularPolicyError, Staged, Stationary
from ._numerics import Iterated, iterate, soft_maximum
from ._validation import (
    INFERENCES,
    ImproperProblemError,
    check_action_prior,
    check_choice,
    check_reward,
    check_temperature,
)
from .mdp import MDP

METHODS = ("auto", "value-iteration", "policy-iteration")
FORCING = 1e-2  # relative accuracy of an inner Krylov solve; the outer loop corrects what is left


@dataclass(frozen=True, eq=False)
class SoftSolution:
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
    """

    V: NDArray
    Q: NDArray
    policy: NDArray
    converged: bool
    n_iter: int
    residual: float
    mdp: MDP
    temperature: float
    inference: str
    method: str
    krylov_rate: float = TYPICAL_RATE

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
        time_left = self.linearisation.accumulate(self.policy.sum(axis=1))
        return self.residual * float(time_left.max(initial=1.0))

    @cached_property
    def linearisation(self) -> Stationary | Staged:
        """The soft Bellman equation linearised here: one factorisation for visitations, gradients and sensitivities."""
        policy = np.ascontiguousarray(np.swapaxes(self.policy, -1, -2))
        if self.mdp.horizon is None:
            return Stationary(self.mdp, policy, self._tilt(self.V), self.krylov_rate)
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
    tol : float
        Wanted bound on the error of V, relative to ``max(1, |V|)``. Never more is asked for than floating point can give;
        the certificate in the result is the one that was reached.
    max_iter : int, optional
        Default 200 Newton steps, or 1,000,000 sweeps.
    initial_values : (S,) array, optional
        Warm start for V (infinite horizon).

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
    alpha = check_temperature(temperature)
    r = check_reward(mdp, reward)
    log_prior = check_action_prior(mdp, action_prior)
    backup = SoftBackup(mdp, r, alpha, log_prior, inference)
    if mdp.horizon is not None:
        return _backward(backup)
    method = "policy-iteration" if method == "auto" else method
    per_step = 1.0 - mdp.discount if mdp.discount < 1.0 else 1.0
    reward_scale = float(np.abs(r).max(initial=0.0))

    def tolerance(V: NDArray) -> float:
        size = float(np.abs(V, where=backup.alive, out=np.zeros(mdp.n_states)).max())
        floor = 8.0 * np.finfo(float).eps * (size + reward_scale)  # a backup itself is not more exact
        return max(tol * per_step * max(1.0, size), floor)

    newton = method == "policy-iteration"
    cap = max_iter if max_iter is not None else (200 if newton else 1_000_000)
    done = iterate(
        backup.start(initial_values),
        measure=backup.measure if newton else backup.measure_value,
        advance=backup.newton_step if newton else backup.sweep,
        tolerance=tolerance,
        max_iter=cap,
    )
    if mdp.discount == 1.0:
        _check_proper(backup, done, capped=max_iter is not None)
    _, V, Q, pi = done.measured
    if pi is None:
        V, pi = soft_maximum(Q, log_prior, alpha)
        V[mdp.terminal] = 0.0
    certificate = (done.converged, done.n_iter, done.residual)
    return SoftSolution(V, Q.T, pi.T, *certificate, mdp, alpha, inference, method, backup.krylov_rate)


class SoftBackup:
    """One soft Bellman backup of a given problem, and the two solver steps built on it.

    Parameters
    ----------
    mdp : MDP
    reward : (S,) or (A, S) array
    alpha : float
    log_prior : (A, S) array or None
    inference : str
    """

    def __init__(self, mdp: MDP, reward: NDArray, alpha: float, log_prior: NDArray | None, inference: str) -> None:
        self.mdp, self.reward, self.alpha, self.log_prior, self.inference = (
            mdp,
            reward,
            alpha,
            log_prior,
            inference,
        )
        self.krylov_rate = TYPICAL_RATE
        usable = mdp.structure.usable(inference)
        self.usable = None if usable.all() else usable
        self.alive = usable.any(axis=0) | mdp.terminal

    def start(self, initial_values: ArrayLike | None) -> NDArray:
        """Values to start from: given ones, minus the shortest-path cost (undiscounted, deterministic, r <= 0), or 0."""
        S = self.mdp.n_states
        if initial_values is None:
            V = np.zeros(S)
            if self.mdp.discount == 1.0 and self.mdp.structure.deterministic and (self.reward <= 0).all():
                V = shortest_path_values(self.mdp, self.reward)
        else:
            V = np.array(initial_values, dtype=float)
            if V.shape != (S,):
                raise ValueError(f"initial_values must have shape ({S},); got {V.shape}")
            V[~np.isfinite(V)] = 0.0
        V[~self.alive] = -math.inf
        V[self.mdp.terminal] = 0.0
        return V

    def action_values(self, V: NDArray) -> NDArray:
        """Q of shape (A, S) from V of the next states, (S,); -inf where an action cannot be chosen."""
        Q = self.continuation(V)
        Q += self.reward
        return self.masked(Q)

    def continuation(self, V: NDArray) -> NDArray:
        """``discount * E[V]``, or ``discount * alpha log E[exp(V / alpha)]`` under exact inference; (A, S)."""
        mdp = self.mdp
        shape = (mdp.n_actions, mdp.n_states)
        if self.inference == "exact" and self.alpha != math.inf:
            return mdp.discount * _certainty_equivalent(mdp, V, self.alpha).reshape(shape)
        out = mdp.transitions @ V
        out *= mdp.discount
        return out.reshape(shape)

    def masked(self, Q: NDArray) -> NDArray:
        """Q with -inf where an action cannot be chosen, in place."""
        if self.usable is not None:
            Q[~self.usable] = -math.inf
        return Q

    def __call__(self, V: NDArray, *, policy: bool = True) -> tuple[NDArray, NDArray, NDArray | None]:
        """Return TV, Q and the policy."""
        Q = self.action_values(V)
        TV, pi = soft_maximum(Q, self.log_prior, self.alpha, policy=policy)
        TV[self.mdp.terminal] = 0.0
        return TV, Q, pi

    def _difference(self, TV: NDArray, V: NDArray) -> NDArray:
        return np.subtract(TV, V, where=self.alive, out=np.zeros_like(V))

    def measure(self, V: NDArray, *, policy: bool = True) -> tuple[tuple, float]:
        """Return (TV - V, TV, Q, policy) and the residual ``max |TV - V|`` over states that are not dead."""
        TV, Q, pi = self(V, policy=policy)
        change = self._difference(TV, V)
        return (change, TV, Q, pi), float(np.abs(change).max())

    def measure_value(self, V: NDArray) -> tuple[tuple, float]:
        """`measure` without the policy, which a sweep does not need."""
        return self.measure(V, policy=False)

    def sweep(self, V: NDArray, measured: tuple) -> NDArray:
        """Advance by one sweep of value iteration."""
        return measured[1]

    def newton_step(self, V: NDArray, measured: tuple) -> NDArray:
        """Advance by one step of policy iteration: solve the equation linearised at the current policy."""
        change, _, _, pi = measured
        tilt = tilted_probabilities(self.mdp, V, self.alpha) if self.inference == "exact" else None
        system = Stationary(self.mdp, pi, tilt)
        try:
            step = system.solve(change, rtol=FORCING)
        except SingularPolicyError:  # the policy never ends: V has grown until no exit is worth a rounding error
            return np.full_like(V, math.nan)
        self.krylov_rate = system.krylov_rate
        new = np.where(self.alive, V + step, V)
        new[self.mdp.terminal] = 0.0
        return new


def _certainty_equivalent(mdp: MDP, V: NDArray, alpha: float) -> NDArray:
    """``alpha log E[exp(V(s') / alpha)]`` for every row of the transitions, (A * S,); the largest V for alpha = 0."""
    P = mdp.transitions
    lengths = np.diff(P.indptr)
    filled = np.flatnonzero(lengths > 0)
    out = np.full(P.shape[0], -math.inf)
    ending = np.zeros(P.shape[0]) if mdp.ending is None else mdp.ending.T.ravel()
    out[ending > 0] = 0.0  # an episode that ends has value 0 from then on
    if len(filled) == 0:
        return out
    V_next = V[P.indices]
    starts = P.indptr[:-1][filled]
    top = np.maximum(np.maximum.reduceat(V_next, starts), out[filled])
    if alpha == 0.0:
        out[filled] = top
        return out
    shift = np.where(np.isfinite(top), top, 0.0)
    mass = np.add.reduceat(P.data * np.exp((V_next - np.repeat(shift, lengths[filled])) / alpha), starts)
    mass += ending[filled] * np.exp(-np.maximum(shift, 0.0) / alpha)  # shift >= 0 wherever ending > 0
    with np.errstate(divide="ignore"):
        out[filled] = np.where(np.isfinite(top), shift + alpha * np.log(mass), -math.inf)
    return out


def tilted_probabilities(mdp: MDP, V: NDArray, alpha: float) -> NDArray | None:
    """Successor probabilities given optimality, ``P(s'|s,a) exp(V(s') / alpha)`` normalised, (nnz,); None at alpha = inf."""
    if alpha == math.inf:
        return None
    P = mdp.transitions
    normaliser = np.repeat(_certainty_equivalent(mdp, V, alpha), np.diff(P.indptr))
    if alpha == 0.0:  # the most fortunate outcomes, in proportion to their probability
        best = np.where(V[P.indices] == normaliser, P.data, 0.0)
        starts = P.indptr[:-1][np.diff(P.indptr) > 0]
        total = np.repeat(np.add.reduceat(best, starts), np.diff(P.indptr)[np.diff(P.indptr) > 0])
        return np.divide(best, total, out=np.zeros_like(best), where=total > 0)
    normaliser[~np.isfinite(normaliser)] = 0.0  # a row all of whose successors are dead: exp(-inf) is 0 either way
    return P.data * np.exp((V[P.indices] - normaliser) / alpha)


def _backward(backup: SoftBackup) -> SoftSolution:
    """Solve a finite horizon by one backward recursion, exact up to rounding."""
    mdp = backup.mdp
    T, S, A = mdp.horizon, mdp.n_states, mdp.n_actions
    V = np.zeros((T + 1, S))
    Q, policy = np.empty((T, A, S)), np.empty((T, A, S))
    for t in range(T - 1, -1, -1):
        V[t], Q[t], policy[t] = backup(V[t + 1])
    swap = (0, 2, 1)
    return SoftSolution(
        V,
        Q.transpose(swap),
        policy.transpose(swap),
        True,
        T,
        0.0,
        mdp,
        backup.alpha,
        backup.inference,
        "backward",
    )


def shortest_path_values(mdp: MDP, reward: NDArray) -> NDArray:
    """Minus the cheapest cost to an end, (S,), for rewards <= 0 on deterministic dynamics; -inf where there is no way.

    A lower bound on the soft value without a prior, and a start from which Newton's method needs 6 to 8 steps.
    """
    P, S, A = mdp.transitions, mdp.n_states, mdp.n_actions
    cost = -np.broadcast_to(reward, (A, S))
    row = np.repeat(np.arange(A * S), np.diff(P.indptr))
    exits = np.flatnonzero(mdp.terminal)
    sources, targets, costs = (
        [row % S, exits],
        [P.indices, np.full(len(exits), S)],
        [cost.ravel()[row], np.zeros(len(exits))],
    )
    if mdp.ending is not None:
        a, s = np.nonzero(mdp.ending.T)
        sources.append(s), targets.append(np.full(len(s), S)), costs.append(cost[a, s])
    edges = np.concatenate(sources), np.concatenate(targets), np.concatenate(costs)
    # csgraph reads a stored zero as "no edge" and adds up parallel ones: keep the cheapest, and shift zeros off zero.
    order = np.lexsort((edges[2], edges[1], edges[0]))
    s, t, c = (edge[order] for edge in edges)
    first = np.ones(len(s), dtype=bool)
    first[1:] = (s[1:] != s[:-1]) | (t[1:] != t[:-1])
    graph = sparse.csr_array((np.maximum(c[first], 1e-300), (t[first], s[first])), shape=(S + 1, S + 1))
    return -csgraph.dijkstra(graph, indices=S)[:S]


def _check_proper(backup: SoftBackup, done: Iterated, *, capped: bool) -> None:
    """Raise if an undiscounted solution is infinite: it diverged, or it is larger than 1e10 decisions can add up to."""
    mdp = backup.mdp
    top = float(np.max(done.state, where=backup.alive & ~mdp.terminal, initial=-math.inf))
    gain = float(np.abs(backup.reward).max(initial=0.0))
    if 0 < backup.alpha < math.inf:
        gain += backup.alpha * math.log(mdp.n_actions)
    if done.converged and top <= 1e10 * max(gain, 1e-300):
        return
    if capped and not done.converged and math.isfinite(done.residual) and top <= 1e10 * gain:
        return
    raise ImproperProblemError(
        f"no finite soft value was found in {done.n_iter} steps (residual {done.residual:.3g}, largest value {top:.3g}). "
        "Likely causes: (a) cycles pay more than they cost: with temperature alpha every choice among n actions is worth up "
        "to alpha * log n, so costs must exceed that; make them larger or the temperature smaller; "
        "(b) the goal cannot be reached from some state by any policy worth following; (c) max_iter is too small"
    )
