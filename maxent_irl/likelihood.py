r"""The one objective behind every estimator, with its gradient, Hessian, and Hessian-vector product.

.. math::

    L(\theta) = \langle n, r_\theta \rangle + \langle m, C(V_\theta) \rangle + \langle b, V_\theta \rangle, \qquad
    \nabla L = \Phi^\top (n + \mu), \quad \mu(s,a) = d(s)\, \pi(a \mid s), \quad
    d = (I - \gamma P_\pi^\top)^{-1} (b + \gamma P^\top m),

.. math::

    \nabla^2 L = \frac{1}{\alpha} \sum_s d(s)\, \mathrm{Cov}_{a \sim \pi}(\partial Q(s, a)) +
    \frac{\gamma}{\alpha} \sum_{s,a} (\mu + m)(s,a)\, \mathrm{Cov}_{s' \sim \tilde P}(\partial V(s')) ,

where the second sum is there only under exact inference, whose dynamics :math:`\tilde P` are tilted; P stands for the dynamics
in force. L is in units of reward: the log-likelihood is :math:`L / \alpha` plus the log prior of the chosen actions.

Sources: Ziebart et al. (2008), Maximum entropy inverse reinforcement learning, AAAI (feature matching); Rust (1987),
Econometrica 55(5), and Fosgerau, Frejinger & Karlstrom (2013), Transportation Research B 56 (likelihood). The Hessian follows by
differentiating the soft Bellman equation twice.
"""

from __future__ import annotations

from collections.abc import Callable
from copy import copy
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from ._path_moments import path_moments, telescopes
from ._structure import reached_from
from .inference import SoftSolution, soft_value_iteration
from .mdp import MDP
from .rewards import LinearReward
from .sufficient_statistics import SparseWeights, SufficientStatistics

SOLVE_TOLERANCE = 1e-12  # of V inside a fit: finite differences of the objective then agree to 1e-8
FLOW_TOLERANCE = 1e-13
CACHED_SIZE = 1 << 16  # numbers that stay in a core's second-level cache
SENSITIVITY_TOLERANCE = 1e-10  # of dV: curvature needs fewer digits than the gradient


class TaskLikelihood:
    """The objective of the demonstrations of one MDP.

    Parameters
    ----------
    mdp : MDP
    reward_model : LinearReward
    statistics : SufficientStatistics
    temperature, action_prior, inference
        As for `soft_value_iteration`; the temperature finite and positive.

    Attributes
    ----------
    solve_tolerance : float
        Of V, relative to its size; may be loosened where less will do.
    flow_tolerance : float
        Of the flow, likewise, where it is found by iteration.
    """

    solve_tolerance = SOLVE_TOLERANCE
    flow_tolerance = FLOW_TOLERANCE

    def __init__(
        self,
        mdp: MDP,
        reward_model: LinearReward,
        statistics: SufficientStatistics,
        *,
        temperature: float,
        action_prior: NDArray | None,
        inference: str,
    ) -> None:
        self.mdp, self.reward_model = mdp, reward_model
        self._statistics, self._row_weights = statistics, None
        self.temperature, self.action_prior, self.inference = temperature, action_prior, inference
        sums = (SparseWeights(rows) for rows in (statistics.pairs, statistics.continued, statistics.states))
        self.pairs, self.continued, self.states = sums

    def at(
        self,
        coef: NDArray,
        initial_values: NDArray | None = None,
        *,
        n_columns: int = 1,
        near: SoftSolution | None = None,
    ) -> TaskPoint:
        """Solve the soft Bellman equation for these coefficients; everything else is computed when asked for.

        `n_columns` tells how many linear solves are to be expected beyond the gradient's: K if the Hessian will be formed.
        `near` is a solution for similar coefficients: see `soft_value_iteration`.
        """
        r = self.reward_model(coef)
        solution = soft_value_iteration(
            self.mdp,
            r if r.ndim == 1 else r.T,
            temperature=self.temperature,
            action_prior=self.action_prior,
            inference=self.inference,
            tol=self.solve_tolerance,
            initial_values=initial_values,
            near=near,
        )
        return TaskPoint(self, np.array(coef, dtype=float), r, solution, n_columns)

    def reweighted(self, weights: NDArray) -> TaskLikelihood:
        """The same objective with trajectory i counting ``weights[i]`` times as much; everything else is shared."""
        new, rows = copy(self), self.statistics
        sums = (SparseWeights(part, weights) for part in (rows.pairs, rows.continued, rows.states))
        new.pairs, new.continued, new.states = sums
        new._row_weights = weights if self._row_weights is None else weights * self._row_weights
        new.__dict__.pop("demonstrated_features", None)
        return new

    @cached_property
    def demonstrated_features(self) -> NDArray:
        """Features of all decisions by the weight of each, (K,): the part of the gradient that is the data's alone."""
        shape = (self.mdp.n_actions, self.mdp.n_states)
        pair = self.pairs.index % (shape[0] * shape[1])
        return self.reward_model.adjoint(np.bincount(pair, self.pairs.weight, shape[0] * shape[1]).reshape(shape))

    @property
    def statistics(self) -> SufficientStatistics:
        """Weights of the objective, a row per trajectory."""
        return self._statistics if self._row_weights is None else self._statistics.scaled(self._row_weights)


class TaskPoint:
    """The objective at one coefficient vector.

    Attributes
    ----------
    task : TaskLikelihood
    coef : (K,) array
    reward : (S,) or (A, S) array
    solution : SoftSolution
    """

    def __init__(
        self, task: TaskLikelihood, coef: NDArray, reward: NDArray, solution: SoftSolution, n_columns: int = 1
    ) -> None:
        self.task, self.coef, self.reward, self.solution, self.n_columns = task, coef, reward, solution, n_columns
        self.linear = solution.linearisation
        self.policy = self.linear.policy  # (A, S) or (T, A, S)

    @cached_property
    def value(self) -> float:
        """L, in units of reward."""
        task = self.task
        total = float(task.demonstrated_features @ self.coef) + task.states.dot(self.solution.V)
        if len(task.continued.index):
            total += task.continued.dot(np.swapaxes(self.solution.Q, -1, -2)) - task.continued.dot(self.reward)
        return total

    @cached_property
    def flow(self) -> NDArray:
        """d: discounted visitations from b and m, (S,) or (T + 1, S)."""
        source = self._source
        self.linear.prepare(self.n_columns)
        return self.linear.flow(source, rtol=self.task.flow_tolerance)

    @property
    def _source(self) -> NDArray:
        """b and what m adds to it, (S,) or (T + 1, S)."""
        source = self.task.states.dense(self.solution.V.shape)
        if len(self.task.continued.index):
            source += self.linear.expect_adjoint(self._continued)
        return source

    @property
    def _continued(self) -> NDArray:
        return self.task.continued.dense(self.policy.shape)

    @cached_property
    def visitations(self) -> NDArray:
        """mu: visitations of state-action pairs from b and m, (A, S) or (T, A, S); about minus the demonstrated ones."""
        d = self.flow if self.policy.ndim == 2 else self.flow[:-1]
        return d[..., None, :] * self.policy

    @cached_property
    def gradient(self) -> NDArray:
        """Derivative of L with respect to the coefficients, (K,)."""
        model = self.task.reward_model
        if model.per_state:  # which actions are taken makes no difference
            mass = self.flow if self.policy.ndim == 2 else self.flow[:-1].sum(axis=0)
            mass = np.where(self.task.mdp.terminal, 0.0, mass)
        else:
            mass = self._over_time(self.visitations)
        return self.task.demonstrated_features + model.adjoint(mass)

    @cached_property
    def sensitivity(self) -> NDArray:
        """Derivative of V with respect to the coefficients, (S, K) or (T + 1, S, K)."""
        return value_sensitivity(self.solution, self.task.reward_model)

    @cached_property
    def hessian(self) -> NDArray:
        """Second derivative of L, (K, K): one solve with K right-hand sides, then products."""
        weights = self.visitations + self._continued if self.task.inference == "exact" else None
        return self._second_moment(lambda now: self.flow[now] * self.policy[now], weights) / self.task.temperature

    @cached_property
    def step_hessian(self) -> NDArray:
        """The Hessian, to the digits that a step of an optimiser needs, which may cost much less."""
        model, mdp = self.task.reward_model, self.task.mdp
        if not telescopes(mdp, model.per_state) or "hessian" in self.__dict__:
            return self.hessian
        moments = path_moments(mdp, self.policy, model.of_action(0), self.flow, self._source)
        return moments / self.task.temperature

    @cached_property
    def score_outer_product(self) -> NDArray:
        r"""Sum over decisions of the outer product of their scores, (K, K), in squared units of reward.

        The score of a decision is :math:`c_t (\phi + \gamma\, \partial V(s') - \partial V(s))` with the expectation of
        :math:`\partial V(s')` in its place under "likelihood"; the outer product is averaged over s' given (s, a), which
        the model knows. Decisions are martingale differences, so this estimates the variance of `gradient`.
        """
        statistics, shape = self.task.statistics, self.policy.shape
        pairs = statistics.squared_pairs.sum(axis=0).reshape(shape)
        if not statistics.squared_moves.nnz:
            return self._second_moment(pairs.__getitem__, None)
        moves = statistics.squared_moves.sum(axis=0).reshape(shape)
        return self._second_moment(pairs.__getitem__, self.task.mdp.discount * moves)

    def reweighted(self, weights: NDArray) -> TaskPoint:
        """The objective with other weights of its trajectories at the same coefficients: nothing is solved again."""
        point = TaskPoint(self.task.reweighted(weights), self.coef, self.reward, self.solution, self.n_columns)
        point.__dict__["sensitivity"] = self.sensitivity
        return point

    def moved(self, coef: NDArray, last: TaskPoint) -> TaskPoint:
        """The objective at other coefficients not far away, near those of `last`: what is solved and factorised here serves."""
        return self.task.at(coef, last.values + self.sensitivity @ (coef - last.coef), near=self.solution)

    @cached_property
    def reachable(self) -> NDArray:
        """Which state-action pairs can happen after some demonstrated state, bool, shape of the policy."""
        usable = np.swapaxes(np.isfinite(self.solution.Q), -1, -2)
        pattern, S = self.task.mdp.transitions, usable.shape[-1]
        visited = np.zeros(usable.shape, dtype=bool)
        visited.ravel()[self.task.pairs.index] = True
        if usable.ndim == 2:
            return usable & reached_from(pattern, usable, visited.any(axis=0))
        out, reached = np.empty_like(usable), np.zeros(S, dtype=bool)
        for t, here in enumerate(usable):
            reached |= visited[t].any(axis=0)
            out[t] = here & reached
            reached = pattern.T @ out[t].ravel().astype(float) > 0
        return out

    @cached_property
    def reach_moment(self) -> NDArray:
        """Like minus the Hessian, with weight 1 on every reachable pair, (K, K).

        A direction in its null space changes no probability that matters, whatever the coefficients and the amount of data.
        """
        pairs = self.reachable.astype(float)
        return self._second_moment(pairs.__getitem__, pairs if self.task.inference == "exact" else None)

    def _second_moment(self, pairs: Callable[[int | slice], NDArray], moves: NDArray | None) -> NDArray:
        """Weighted sums of ``(dQ - dV)^2`` over pairs and of the discounted variance of dV(s') over moves, (K, K)."""
        model, gamma = self.task.reward_model, self.task.mdp.discount
        dV = self.sensitivity if self.policy.ndim == 2 or "sensitivity" in self.__dict__ else None
        M = np.zeros((model.n_features, model.n_features))
        here = np.zeros((self.policy.shape[-1], model.n_features))
        for stage, now, after in self.linear.stages():
            # With a horizon dV comes from the same expectations: not to keep it is faster than to find room for it.
            ahead = here if dV is None else np.ascontiguousarray(dV[after])
            dQ = stage.expect(ahead)
            # All actions in one product while they fit a core's cache, which is where the calls would cost more than the work.
            blocks = [slice(None)] if dQ.size <= CACHED_SIZE else range(len(dQ))
            for a in blocks:
                dQ[a] += model.dense if dQ.size <= CACHED_SIZE else model.of_action(a)
            here, weights = stage.average(dQ) if dV is None else np.ascontiguousarray(dV[now]), pairs(now)
            for a in blocks:
                dQ[a] -= here
                flat, weight = dQ[a].reshape(-1, model.n_features), weights[a].reshape(-1, 1)
                M += flat.T @ (weight * flat)
            if moves is not None:
                w = moves[now].ravel()
                mean = stage.P @ ahead
                M += gamma * (ahead.T @ ((stage.P.T @ w)[:, None] * ahead) - mean.T @ (w[:, None] * mean))
        return (M + M.T) / 2

    def hessian_product(self, vector: NDArray, *, rtol: float = 1e-13) -> NDArray:
        """Product of the Hessian with a vector, (K,): two linear solves whatever K is."""
        model, alpha, gamma = self.task.reward_model, self.task.temperature, self.task.mdp.discount
        pi = self.policy
        gain = np.broadcast_to(model(vector), pi.shape)
        dV = self.linear.accumulate(self.linear.average(gain), rtol=rtol)
        expected = self.linear.expect(dV)
        now = slice(None) if pi.ndim == 2 else slice(0, -1)
        d_policy = pi * (gain + expected - dV[now][..., None, :]) / alpha
        moved = self.flow[now][..., None, :] * d_policy
        source = self.linear.expect_adjoint(moved)
        if self.task.inference == "exact":
            weights = self.visitations + self._continued
            for stage, here, after in self.linear.stages():
                w, ahead = weights[here].ravel(), dV[after]
                source[after] += (gamma / alpha) * ((stage.P.T @ w) * ahead - stage.P.T @ (w * (stage.P @ ahead)))
        d_flow = self.linear.flow(source, rtol=rtol)
        return model.adjoint(self._over_time(d_flow[now][..., None, :] * pi + moved))

    def _over_time(self, mass: NDArray) -> NDArray:
        return mass if mass.ndim == 2 else mass.sum(axis=0)

    def trajectory_scores(self) -> NDArray:
        """Derivative of each trajectory's share of L, (n_trajectories, K); they add up to `gradient`."""
        statistics, model, dV = self.task.statistics, self.task.reward_model, self.sensitivity
        A, S = self.policy.shape[-2:]
        scores = statistics.states @ dV.reshape(-1, model.n_features)
        for stage, now, after in self.linear.stages():
            t = 0 if self.policy.ndim == 2 else now
            expected = stage.expect(np.ascontiguousarray(dV[after])) if statistics.continued.nnz else None
            for a in range(A):
                columns = slice((t * A + a) * S, (t * A + a + 1) * S)
                scores += statistics.pairs[:, columns] @ model.of_action(a)
                if expected is not None:
                    scores += statistics.continued[:, columns] @ expected[a]
        return scores

    @property
    def values(self) -> NDArray:
        """V, from which a solution nearby can start."""
        return self.solution.V

    def predicted_values(self, coef: NDArray) -> NDArray:
        """V at other coefficients, to first order if the sensitivity is at hand."""
        if "sensitivity" in self.__dict__:
            return self.values + self.sensitivity @ (coef - self.coef)
        return self.values


def value_sensitivity(solution: SoftSolution, model: LinearReward) -> NDArray:
    """Derivative of V with respect to the coefficients of a reward model, (S, K) or (T + 1, S, K)."""
    linear = solution.linearisation
    if linear.policy.ndim == 2:
        return linear.accumulate(model.averaged(linear.policy), rtol=SENSITIVITY_TOLERANCE)
    return linear.accumulate(np.stack([model.averaged(pi) for pi in linear.policy]))
