"""The soft Bellman backup, the dynamics it implies, and the two solver steps built on it: a sweep and a Newton step."""

from __future__ import annotations

import math
from typing import Any, Literal, overload

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import sparse
from scipy.sparse import csgraph

from ..mdp import MDP
from .cycles import describe_cycles, describe_endless
from .linearisation import Hints, PolicySystem, SingularPolicyError

LONGEST = 1e10  # decisions: an undiscounted problem that takes more of them has no value to speak of
FORCING = 1e-2  # relative accuracy of an inner Krylov solve; the outer loop corrects what is left
BLOCK = 1 << 14  # states per block: (5 actions, 16384 states) of float64 stay in a core's second-level cache


@overload
def soft_maximum(
    Q: NDArray,
    log_prior: NDArray | None,
    temperature: float,
    *,
    policy: Literal[True] = True,
    out: tuple[NDArray, NDArray] | None = None,
) -> tuple[NDArray, NDArray]: ...
@overload
def soft_maximum(
    Q: NDArray,
    log_prior: NDArray | None,
    temperature: float,
    *,
    policy: bool,
    out: tuple[NDArray, NDArray] | None = None,
) -> tuple[NDArray, NDArray | None]: ...
def soft_maximum(
    Q: NDArray,
    log_prior: NDArray | None,
    temperature: float,
    *,
    policy: bool = True,
    out: tuple[NDArray, NDArray] | None = None,
) -> tuple[NDArray, NDArray | None]:
    """Soft maximum over actions, and the policy that attains it.

        V(s) = alpha log sum_a p(a|s) exp(Q(s,a) / alpha),     pi(a|s) = p(a|s) exp((Q(s,a) - V(s)) / alpha)

    Parameters
    ----------
    Q : (A, S) array, -inf where an action is not to be chosen
    log_prior : (A, S) array or None for p = 1
    temperature : alpha; 0 takes the maximum (ties share the probability in proportion to the prior), infinity the
        mean under the prior (uniform over the available actions when there is none).
    policy : whether to return the policy as well
    out : arrays (S,) and (A, S) to write both to

    Returns
    -------
    V : (S,) array, -inf where no action can be chosen
    pi : (A, S) array with columns that sum to 1 (to 0 where no action can be chosen), or None
    """
    A, S = Q.shape
    V, pi = (np.empty(S), np.empty((A, S)) if policy else None) if out is None else out
    rule = _limit_block if temperature in (0.0, math.inf) else _soft_block
    if S <= BLOCK:
        rule(Q, log_prior, temperature, V, pi)
        return V, pi
    for start in range(0, S, BLOCK):
        cut = slice(start, min(start + BLOCK, S))
        rule(
            Q[:, cut],
            None if log_prior is None else log_prior[:, cut],
            temperature,
            V[cut],
            None if pi is None else pi[:, cut],
        )
    return V, pi


def _soft_block(Q: NDArray, log_prior: NDArray | None, alpha: float, V: NDArray, pi: NDArray | None) -> None:
    logits = np.divide(Q, alpha, out=pi)
    if log_prior is not None:
        logits += log_prior
    top = np.maximum.reduce(logits, axis=0)
    # A state without any choosable action has top = -inf; -inf - -inf would be NaN, so it is shifted by 0 instead.
    dead = None if math.isfinite(np.add.reduce(top)) else ~np.isfinite(top)
    if dead is not None:
        top = np.where(dead, 0.0, top)
    logits -= top
    np.exp(logits, out=logits)
    total = np.add.reduce(logits, axis=0)
    if dead is not None:
        total[dead] = 1.0
    np.log(total, out=V)
    V += top
    V *= alpha
    if dead is not None:
        V[dead] = -math.inf
    if pi is not None:
        pi /= total


def _limit_block(Q: NDArray, log_prior: NDArray | None, alpha: float, V: NDArray, pi: NDArray | None) -> None:
    weight = np.isfinite(Q).astype(float) if log_prior is None else np.where(np.isfinite(Q), np.exp(log_prior), 0.0)
    if alpha == 0.0:
        best = np.where(weight > 0, Q, -math.inf).max(axis=0)
        # Actions that tie in exact arithmetic differ by rounding; without a tolerance the arrows of a symmetric map flip.
        weight = np.where(Q >= best - 1e-10 * np.maximum(1.0, np.abs(best)), weight, 0.0)
    total = weight.sum(axis=0)
    weight = np.divide(weight, total, out=np.zeros_like(weight), where=total > 0)
    if alpha == 0.0:
        V[:] = best
    else:
        V[:] = np.where(total > 0, (weight * np.where(weight > 0, Q, 0.0)).sum(axis=0), -math.inf)
    if pi is not None:
        pi[:] = weight


Measured = tuple[NDArray, NDArray, NDArray, Any]  # TV - V (S,), TV (S,), Q (A, S), policy (A, S) or None


class SoftBackup:
    """One soft Bellman backup of a given problem, and the two solver steps built on it.

    Parameters
    ----------
    mdp : MDP
    reward : (S,), (A, S) or, with a horizon T, (T, A, S) array
    alpha : float
    log_prior : (A, S) array or None
    inference : str
    near : PolicySystem, optional
        The system of a similar policy.

    Attributes
    ----------
    hints : Hints
        What the last Newton step learnt.
    """

    def __init__(
        self,
        mdp: MDP,
        reward: NDArray,
        alpha: float,
        log_prior: NDArray | None,
        inference: str,
        near: PolicySystem | None = None,
    ) -> None:
        self.mdp, self.reward, self.alpha = mdp, reward, alpha
        self.log_prior, self.inference = log_prior, inference
        self.hints = Hints(near=near)
        support = None if log_prior is None else np.isfinite(log_prior)
        usable = mdp.structure.usable(
            inference, None if support is None or (support | ~mdp.available.T).all() else support
        )
        self.usable = None if usable.all() else usable
        self._ends = np.flatnonzero(mdp.terminal)
        self.alive = usable.any(axis=0) | mdp.terminal
        self.restarted = False
        chosen = usable if support is None else usable & support
        largest = np.abs(reward).max(axis=0) if reward.ndim == 3 else np.abs(reward)
        magnitude = np.where(chosen, np.broadcast_to(largest, usable.shape), 0.0)
        self.reward_scale = float(magnitude.max(initial=0.0))
        self.entropy_scale = 0.0  # the largest alpha * |log p| there is
        if 0.0 < alpha < math.inf:
            rarest = 0.0 if log_prior is None else -float(np.min(log_prior, where=chosen, initial=0.0))
            self.entropy_scale = alpha * max(math.log(mdp.n_actions), rarest)

    def release(self) -> None:
        """Let go of the similar system, whose factorisation takes memory."""
        self.hints = self.hints._replace(near=None)

    def size(self, V: NDArray) -> float:
        """Largest finite |V|."""
        where = True if self.usable is None else self.alive
        return float(max(np.max(V, where=where, initial=0.0), -np.min(V, where=where, initial=0.0)))

    def rounding(self, size: float) -> float:
        """Residual below which a backup of V of this `size` is not exact. Actions never chosen, however bad, do not count."""
        # Chosen actions have Q close to V, so their rewards are of its size too; only a mean reads all rewards.
        other = self.reward_scale if self.alpha == math.inf else self.entropy_scale
        return 8.0 * np.finfo(float).eps * (2.0 * size + other)

    def start(self, initial_values: ArrayLike | None) -> NDArray:
        """Values to start from: given ones; 0; or, undiscounted, those of some way to the end.

        That is the shortest path where dynamics are deterministic and r <= 0, and otherwise choosing actions at random. Both
        are lower bounds (the first without a prior), and from a lower bound policy iteration only meets policies that end.
        """
        S = self.mdp.n_states
        if initial_values is None:
            V = np.zeros(S)
            if self.mdp.discount == 1.0:
                short = self.mdp.structure.deterministic and (self.reward <= 0).all()
                V = shortest_path_values(self.mdp, self.reward) if short else self.aimless_values()
        else:
            V = np.array(initial_values, dtype=float)
            if V.shape != (S,):
                raise ValueError(f"initial_values must have shape ({S},); got {V.shape}")
            V[~np.isfinite(V)] = 0.0
        V[~self.alive] = -math.inf
        V[self.mdp.terminal] = 0.0
        return V

    def describe_cycles(self, policy: NDArray) -> str | None:
        """What makes an undiscounted problem improper, by the policy (A, S) reached or, if linear in exp(V / alpha), by that."""
        mdp = self.mdp
        identity, rewards = sparse.eye_array(mdp.n_states, format="csr"), np.broadcast_to(self.reward, policy.shape)
        if not 0.0 < self.alpha < math.inf or not (mdp.structure.deterministic or self.inference == "exact"):
            chosen = policy > 0  # what is chosen earns its reward, and its surprise by the temperature
            gain = np.where(chosen, rewards, 0.0)
            if 0.0 < self.alpha < math.inf:
                prior = 0.0 if self.log_prior is None else np.where(chosen, self.log_prior, 0.0)
                gain = gain + self.alpha * (prior - np.log(np.where(chosen, policy, 1.0)))
            earned = (policy * gain).sum(axis=0)
            return describe_endless(identity - mdp.structure.evaluation_matrix(policy), earned)
        logits = rewards / self.alpha
        if self.log_prior is not None:
            logits = logits + self.log_prior
        used = mdp.available.T if self.usable is None else self.usable
        weights = np.exp(np.minimum(np.where(used, logits, -math.inf), 700.0))
        return describe_cycles(identity - mdp.structure.evaluation_matrix(weights))

    def action_values(self, V: NDArray, time: int = 0) -> NDArray:
        """Q of shape (A, S) from V of the next states, (S,); -inf where an action cannot be chosen."""
        Q = self.continuation(V)
        Q += self.reward[time] if self.reward.ndim == 3 else self.reward
        return self.masked(Q)

    def continuation(self, V: NDArray) -> NDArray:
        """``discount * E[V]``, or ``discount * alpha log E[exp(V / alpha)]`` under exact inference; (A, S)."""
        mdp = self.mdp
        if mdp.discount == 0.0:  # a dead end is one at any discount, but 0 * -inf would be NaN
            reached = np.where(np.isneginf(V), -math.inf, 0.0)
        else:
            reached = V if mdp.discount == 1.0 else mdp.discount * V
        if self.inference == "exact" and self.alpha != math.inf:
            out = _certainty_equivalent(mdp, V, self.alpha)
            out = mdp.discount * out if mdp.discount else np.where(np.isneginf(out), -math.inf, 0.0)
        elif mdp.structure.successors is not None:  # to look values up is twice as fast as to multiply with ones
            full = mdp.structure.every_action_leads_on
            out = (reached if full else np.append(reached, 0.0))[mdp.structure.successors]
        else:
            out = mdp.transitions @ reached  # discounting S values costs less than discounting A * S of them
        return out.reshape(mdp.n_actions, mdp.n_states)

    def masked(self, Q: NDArray) -> NDArray:
        """Q with -inf where an action cannot be chosen, in place."""
        if self.usable is not None:
            Q[~self.usable] = -math.inf
        return Q

    def __call__(
        self, V: NDArray, *, time: int = 0, policy: bool = True, out: tuple[NDArray, NDArray] | None = None
    ) -> tuple[NDArray, NDArray, NDArray | None]:
        """Return TV, Q and the policy; `out` are arrays for TV (S,) and the policy (A, S)."""
        Q = self.action_values(V, time)
        TV, pi = soft_maximum(Q, self.log_prior, self.alpha, policy=policy, out=out)
        TV[self._ends] = 0.0
        return TV, Q, pi

    def _difference(self, TV: NDArray, V: NDArray) -> NDArray:
        if self.usable is None:
            return TV - V
        return np.subtract(TV, V, where=self.alive, out=np.zeros_like(V))

    def measure(self, V: NDArray, *, policy: bool = True) -> tuple[Measured, float]:
        """Return (TV - V, TV, Q, policy) and the residual ``max |TV - V|`` over states that are not dead."""
        Q = self.action_values(V)
        TV, pi = soft_maximum(Q, self.log_prior, self.alpha, policy=policy)
        TV[self._ends] = 0.0
        change = self._difference(TV, V)
        return (change, TV, Q, pi), float(max(change.max(), -change.min()))

    def measure_value(self, V: NDArray) -> tuple[Measured, float]:
        """`measure` without the policy, which a sweep does not need."""
        return self.measure(V, policy=False)

    def sweep(self, V: NDArray, measured: Measured) -> NDArray:
        """Advance by one sweep of value iteration."""
        return measured[1]

    def newton_step(self, V: NDArray, measured: Measured) -> NDArray:
        """Advance by one step of policy iteration: solve the equation linearised at the current policy."""
        change, TV, _, pi = measured
        system = self._system(V, pi)
        try:
            new = self._moved(V, system.solve(change, rtol=FORCING), system)
        except SingularPolicyError:
            new = None
        if new is None:  # this policy never ends, or hardly ever: try again from one that does, then sweep by sweep
            new = TV if self.restarted else self.aimless_values()
        return new

    def _system(self, V: NDArray, pi: NDArray) -> PolicySystem:
        """The linear system of a policy (A, S), in the linearisation at V."""
        tilt = tilted_probabilities(self.mdp, V, self.alpha) if self.inference == "exact" else None
        return PolicySystem(self.mdp, pi, tilt, Hints(near=self.hints.near))

    def _moved(self, V: NDArray, step: NDArray, system: PolicySystem) -> NDArray | None:
        """V + step; None where the policy of an undiscounted problem takes too long to end for its value to be known."""
        self.hints = self.hints._replace(krylov_rate=system.krylov_rate)
        largest = LONGEST * (self.reward_scale + self.entropy_scale) + 2.0 * self.size(V)
        if self.mdp.discount == 1.0 and not self.size(step) <= largest:
            return None
        new = np.where(self.alive, V + step, V)
        new[self.mdp.terminal] = 0.0
        return new

    def aimless_values(self) -> NDArray:
        """Value of choosing by the prior, or among all usable actions alike: it ends from wherever anything does."""
        self.restarted = True
        V = np.where(self.alive, 0.0, -math.inf)
        Q = self.action_values(V)
        gain, pi = soft_maximum(np.where(np.isfinite(Q), 0.0, Q), self.log_prior, self.alpha)
        gain = np.where(self.alive, gain + (pi * np.where(pi > 0, Q, 0.0)).sum(axis=0), 0.0)
        gain[self.mdp.terminal] = 0.0
        system = self._system(V, pi)
        try:
            new = self._moved(V, system.solve(gain, rtol=FORCING), system)
        except SingularPolicyError:
            new = None
        return V if new is None else new


def _weigh_outcomes(mdp: MDP, V: NDArray, alpha: float) -> tuple[NDArray, NDArray, NDArray]:
    """Outcomes of every row of the transitions weighed by ``P(s'|s,a) exp((V(s') - shift) / alpha)``, ending with V = 0.

    Returns the weights (nnz,), the shift (A * S,) and the total weight (A * S,), the chance of ending included. The shift is the
    best value among the outcomes, -inf where all are dead. alpha = 0 keeps the best outcomes only.
    """
    P = mdp.transitions
    lengths = np.diff(P.indptr)
    filled = np.flatnonzero(lengths > 0)
    starts, V_next = P.indptr[:-1][filled], V[P.indices]
    ending = np.zeros(P.shape[0]) if mdp.ending is None else mdp.ending.T.ravel()
    shift = np.where(ending > 0, 0.0, -math.inf)  # an episode that ends has value 0 from then on
    shift[filled] = np.maximum(shift[filled], np.maximum.reduceat(V_next, starts)) if len(filled) else 0.0
    base = np.where(np.isfinite(shift), shift, 0.0)
    behind, short = V_next - np.repeat(base, lengths), np.minimum(-base, 0.0)  # base >= 0 wherever ending > 0
    if alpha == 0.0:
        weights, ended = np.where(behind == 0.0, P.data, 0.0), np.where(short == 0.0, ending, 0.0)
    else:
        weights, ended = P.data * np.exp(behind / alpha), ending * np.exp(short / alpha)
    total = ended
    total[filled] += np.add.reduceat(weights, starts) if len(filled) else 0.0
    return weights, shift, total


def _certainty_equivalent(mdp: MDP, V: NDArray, alpha: float) -> NDArray:
    """``alpha log E[exp(V(s') / alpha)]`` for every row of the transitions, (A * S,); the largest V for alpha = 0."""
    _, shift, total = _weigh_outcomes(mdp, V, alpha)
    return shift if alpha == 0.0 else shift + alpha * np.log(np.where(np.isfinite(shift), total, 1.0))


def tilted_probabilities(mdp: MDP, V: NDArray, alpha: float) -> NDArray | None:
    """Successor probabilities given optimality, ``P(s'|s,a) exp(V(s') / alpha)`` normalised, (nnz,); None at alpha = inf."""
    if alpha == math.inf:
        return None
    weights, _, total = _weigh_outcomes(mdp, V, alpha)
    total = np.repeat(total, np.diff(mdp.transitions.indptr))
    return np.divide(weights, total, out=np.zeros_like(weights), where=total > 0)  # 0 / 0: all successors are dead


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
        sources.append(s)
        targets.append(np.full(len(s), S))
        costs.append(cost[a, s])
    edges = np.concatenate(sources), np.concatenate(targets), np.concatenate(costs)
    # csgraph reads a stored zero as "no edge" and adds up parallel ones: keep the cheapest, and shift zeros off zero.
    order = np.lexsort((edges[2], edges[1], edges[0]))
    s, t, c = (edge[order] for edge in edges)
    first = np.ones(len(s), dtype=bool)
    first[1:] = (s[1:] != s[:-1]) | (t[1:] != t[:-1])
    graph = sparse.csr_array((np.maximum(c[first], 1e-300), (t[first], s[first])), shape=(S + 1, S + 1))
    return -csgraph.dijkstra(graph, indices=S)[:S]
