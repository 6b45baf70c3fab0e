r"""The one objective behind every estimator, with its gradient, Hessian, and Hessian-vector product.

.. math::

    L(\theta) = \langle n, r_\theta \rangle + \langle m, C(V_\theta) \rangle + \langle b, V_\theta \rangle, \qquad
    \nabla L = J^\top (n + \mu), \quad \mu(s,a) = d(s)\, \pi(a \mid s), \quad
    d = (I - \gamma P_\pi^\top)^{-1} (b + \gamma P^\top m),

.. math::

    \nabla^2 L = \frac{1}{\alpha} \sum_s d(s)\, \mathrm{Cov}_{a \sim \pi}(\partial Q(s, a)) +
    \frac{\gamma}{\alpha} \sum_{s,a} (\mu + m)(s,a)\, \mathrm{Cov}_{s' \sim \tilde P}(\partial V(s')) +
    \sum (n + \mu)\, \nabla^2 r_\theta .

J is the Jacobian of the reward, the feature matrix if the reward is linear. The second sum is there only under exact inference,
whose dynamics :math:`\tilde P` are tilted; P stands for the dynamics in force. The third vanishes for linear rewards. L is in
units of reward: the log-likelihood is :math:`L / \alpha` plus the log prior of the chosen actions.

Time is a leading axis of all arrays (`maxent_irl.inference.linearisation.Linearisation`), of length 1 without a horizon.

Sources: Ziebart et al. (2008), Maximum entropy inverse reinforcement learning, AAAI (feature matching); Rust (1987),
Econometrica 55(5), and Fosgerau, Frejinger & Karlstrom (2013), Transportation Research B 56 (likelihood). The Hessian follows by
differentiating the soft Bellman equation twice.
"""

from __future__ import annotations

from collections.abc import Callable
from copy import copy
from functools import cached_property
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from ..demonstrations import Demonstrations
from ..inference.agent import SoftAgent, SoftSolution
from ..inference.linearisation import PolicySystem
from ..mdp.structure import reached_from
from ..rewards import Features, RewardModel, SmoothRewardModel
from .path_moments import path_moments
from .statistics import SparseWeights, SufficientStatistics, check_allowed, check_possible, sufficient_statistics

SOLVE_TOLERANCE = 1e-12  # of V inside a fit: finite differences of the objective then agree to 1e-8
FLOW_TOLERANCE = 1e-13
MOST_NUMBERS = 1 << 26  # an array of sensitivities of all actions larger than this (half a gigabyte) is not made
CACHED_SIZE = 1 << 16  # numbers that stay in a core's second-level cache
SENSITIVITY_TOLERANCE = 1e-10  # of dV: curvature needs fewer digits than the gradient


class TaskObjective:
    """The objective of demonstrations of one task; see `Objective`.

    Parameters
    ----------
    agent : SoftAgent
        Its temperature finite and positive.
    reward_model : RewardModel
    statistics : SufficientStatistics

    Attributes
    ----------
    solve_tolerance : float
        Of V, relative to its size; may be loosened where less will do.
    flow_tolerance : float
        Of the flow, likewise, where it is found by iteration.
    """

    solve_tolerance: float = SOLVE_TOLERANCE
    flow_tolerance: float = FLOW_TOLERANCE
    uncorrelated = True

    def __init__(self, agent: SoftAgent, reward_model: RewardModel, statistics: SufficientStatistics) -> None:
        self.agent, self.reward_model = agent, reward_model
        self._statistics: SufficientStatistics = statistics
        self._unit_weights: NDArray | None = None  # (n_units,)
        self._add_up(None)

    @classmethod
    def of(
        cls, agent: SoftAgent, reward_model: RewardModel, demonstrations: Demonstrations, weighting: str
    ) -> TaskObjective:
        """The objective of demonstrations without goals, already validated against the MDP.

        Raises ValueError for a decision that leads into a dead end or that the action prior forbids, naming trajectory and step.
        """
        check_possible(agent.mdp, demonstrations, agent.inference)
        check_allowed(demonstrations, agent.log_prior)
        return cls(agent, reward_model, sufficient_statistics(agent.mdp, demonstrations, weighting))

    def _add_up(self, weights: NDArray | None) -> None:
        rows = self._statistics
        self.pairs = SparseWeights(rows.pairs, weights)
        self.continued = SparseWeights(rows.continued, weights)
        self.states = SparseWeights(rows.states, weights)
        self.total_weight = float(self.pairs.weight.sum())
        self.log_prior = 0.0 if self.agent.log_prior is None else self.pairs.dot(self.agent.log_prior)

    @property
    def weighting(self) -> str:
        """How decisions count: "likelihood" or "feature-matching"."""
        return self._statistics.weighting

    @property
    def information_equality(self) -> bool:
        """Whether the objective is the log-likelihood of what was seen; see `information_equality`."""
        return information_equality(self.agent, self.weighting)

    @property
    def iterates(self) -> bool:
        """Whether values are found by iteration, and not by one recursion in time."""
        return self.agent.mdp.horizon is None

    def at(
        self, theta: NDArray, *, start: NDArray | None = None, hessian: bool = False, reuse: SoftSolution | None = None
    ) -> TaskPoint:
        """Solve the soft Bellman equation for these parameters; everything else is computed when asked for.

        `reuse` is a solution for similar parameters: see `SoftAgent.solve`.
        """
        theta = np.array(theta, dtype=float)
        reward = self.reward_model(theta)
        public = reward if reward.ndim == 1 else np.swapaxes(reward, -1, -2)
        solution = self.agent.solve(public, tol=self.solve_tolerance, start=start, reuse=reuse)
        return TaskPoint(self, theta, reward, solution, hessian)

    def reweighted(self, weights: NDArray) -> Self:
        """The same objective with unit i counting ``weights[i]`` times as much; everything else is shared."""
        new = copy(self)
        new._unit_weights = weights if self._unit_weights is None else weights * self._unit_weights
        new._add_up(new._unit_weights)
        return new

    @property
    def statistics(self) -> SufficientStatistics:
        """Weights of the objective, a row per unit."""
        return self._statistics if self._unit_weights is None else self._statistics.scaled(self._unit_weights)

    def demonstrated(self, shape: tuple[int, ...]) -> NDArray:
        """n added up to the shape of a reward: (S,), (A, S) or (T, A, S)."""
        size = int(np.prod(shape))
        return np.bincount(self.pairs.index % size, self.pairs.weight, size).reshape(shape)


class TaskPoint:
    """The objective at one parameter vector; see `ObjectivePoint`.

    Attributes
    ----------
    objective : TaskObjective
    theta : (K,) array
    reward : (S,), (A, S) or (T, A, S) array
    solution : SoftSolution
    """

    def __init__(
        self, objective: TaskObjective, theta: NDArray, reward: NDArray, solution: SoftSolution, hessian: bool = False
    ) -> None:
        self.objective, self.theta, self.reward, self.solution = objective, theta, reward, solution
        self.linear = solution.linearisation
        self.policy = self.linear.policy  # (L, A, S)
        self._n_solves = len(theta) if hessian else 1  # linear solves to expect beyond the gradient's

    @cached_property
    def value(self) -> float:
        """L, in units of reward."""
        objective = self.objective
        total = objective.pairs.dot(self.reward) + objective.states.dot(self.solution.V)
        if len(objective.continued.index):
            Q = np.swapaxes(self.solution.Q, -1, -2)
            total += objective.continued.dot(Q) - objective.continued.dot(self.reward)
        return total

    @cached_property
    def flow(self) -> NDArray:
        """d: discounted visitations from b and m, (L', S)."""
        source = self._source
        self.linear.prepare(self._n_solves)
        return self.linear.flow(source, rtol=self.objective.flow_tolerance)

    @property
    def _source(self) -> NDArray:
        """b and what m adds to it, (L', S)."""
        source = self.objective.states.dense((self.linear.n_value_times, self.policy.shape[-1]))
        if len(self.objective.continued.index):
            source += self.linear.expect_adjoint(self._continued)
        return source

    @property
    def _continued(self) -> NDArray:
        return self.objective.continued.dense(self.policy.shape)

    @cached_property
    def visitations(self) -> NDArray:
        """mu: visitations of state-action pairs from b and m, (L, A, S); about minus the demonstrated ones."""
        return self.flow[: len(self.policy), None, :] * self.policy

    @cached_property
    def mass(self) -> NDArray:
        """n + mu, in the shape of the reward: the derivative of L with respect to it."""
        demonstrated = self.objective.demonstrated(self.reward.shape)
        if self.reward.ndim == 1:  # which actions are taken makes no difference
            arriving = self.flow[: len(self.policy)].sum(axis=0)
            return demonstrated + np.where(self.objective.agent.mdp.terminal, 0.0, arriving)
        return demonstrated + self._over_time(self.visitations, self.reward)

    @cached_property
    def gradient(self) -> NDArray:
        """Derivative of L with respect to the parameters, (K,)."""
        return self.objective.reward_model.vjp(self.theta, self.mass)

    @cached_property
    def features(self) -> Features:
        """Derivative of the reward with respect to the parameters."""
        return jacobian_of(self.objective.reward_model, self.theta)

    @cached_property
    def sensitivity(self) -> NDArray:
        """Derivative of V with respect to the parameters, (L', S, K)."""
        return value_sensitivity(self.solution, self.features)

    @cached_property
    def hessian(self) -> NDArray:
        """Second derivative of L, (K, K): one solve with K right-hand sides, then products."""
        exact = self.objective.agent.inference == "exact"
        weights = self.visitations + self._continued if exact else None
        moments = self._second_moment(lambda t: self.flow[t] * self.policy[t], weights)
        return moments / self.objective.agent.temperature + self._curvature

    @property
    def _curvature(self) -> NDArray | float:
        """What the second derivative of the reward adds to the Hessian, if the reward model gives it."""
        curvature = getattr(self.objective.reward_model, "curvature", None)
        return 0.0 if curvature is None else curvature(self.theta, self.mass)

    @cached_property
    def step_hessian(self) -> NDArray:
        """The Hessian, to the digits that a step of an optimiser needs, which may cost much less."""
        mdp = self.objective.agent.mdp
        telescopes = mdp.horizon is not None and self.features.per_state and mdp.structure.deterministic
        if not telescopes or "hessian" in self.__dict__:
            return self.hessian
        moments = path_moments(mdp, self.policy, self.features.of_action(0), self.flow, self._source)
        return moments / self.objective.agent.temperature + self._curvature

    @cached_property
    def score_outer_product(self) -> NDArray:
        r"""Sum over decisions of the outer product of their scores, (K, K), in squared units of reward.

        The score of a decision is :math:`c_t (\phi + \gamma\, \partial V(s') - \partial V(s))`. Under "likelihood" the
        expectation of :math:`\partial V(s')` stands in its place. The outer product is averaged over s' given (s, a), which
        the model knows. Decisions are martingale differences, so this estimates the variance of `gradient`.
        """
        statistics, shape = self.objective.statistics, self.policy.shape
        pairs = statistics.squared_pairs.sum(axis=0).reshape(shape)
        if not statistics.squared_moves.nnz:
            return self._second_moment(pairs.__getitem__, None)
        moves = statistics.squared_moves.sum(axis=0).reshape(shape)
        return self._second_moment(pairs.__getitem__, self.objective.agent.mdp.discount * moves)

    def reweighted(self, weights: NDArray) -> TaskPoint:
        """The objective with other weights of its units at the same parameters: nothing is solved again."""
        objective = self.objective.reweighted(weights)
        point = TaskPoint(objective, self.theta, self.reward, self.solution, self._n_solves > 1)
        point.__dict__["sensitivity"] = self.sensitivity
        return point

    def moved(self, theta: NDArray, last: TaskPoint) -> TaskPoint:
        """The objective at other parameters not far away, near those of `last`: what is solved and factorised here serves."""
        start = last.values + self._first_order(theta - last.theta)
        return self.objective.at(theta, start=start, reuse=self.solution)

    def _first_order(self, change: NDArray) -> NDArray:
        return (self.sensitivity @ change).reshape(self.solution.V.shape)

    @cached_property
    def reachable(self) -> NDArray:
        """Which state-action pairs can happen after some demonstrated state, bool (L, A, S)."""
        mdp, shape = self.objective.agent.mdp, self.policy.shape
        usable = np.isfinite(np.swapaxes(self.solution.Q, -1, -2)).reshape(shape)
        visited = np.zeros(shape, dtype=bool)
        visited.ravel()[self.objective.pairs.index] = True
        if mdp.horizon is None:
            return usable & reached_from(mdp.transitions, usable[0], visited[0].any(axis=0))
        out, reached = np.empty_like(usable), np.zeros(shape[-1], dtype=bool)
        for t, here in enumerate(usable):
            reached |= visited[t].any(axis=0)
            out[t] = here & reached
            reached = mdp.transitions.T @ out[t].ravel().astype(float) > 0
        return out

    @cached_property
    def reach_moment(self) -> NDArray:
        """Like minus the Hessian, with weight 1 on every reachable pair, (K, K).

        A direction in its null space changes no probability that matters, whatever the amount of data.
        """
        pairs = self.reachable.astype(float)
        return self._second_moment(pairs.__getitem__, pairs if self.objective.agent.inference == "exact" else None)

    def _second_moment(self, pairs: Callable[[int], NDArray], moves: NDArray | None) -> NDArray:
        """Weighted sums of ``(dQ - dV)^2`` over pairs and of the discounted variance of dV(s') over moves, (K, K).

        `pairs` gives the weights (A, S) of a decision time; `moves` is an array (L, A, S).
        """
        features, gamma = self.features, self.objective.agent.mdp.discount
        K = features.n_features
        recursive = self.objective.agent.mdp.horizon is not None and "sensitivity" not in self.__dict__
        dV = None if recursive else self.sensitivity
        M, here = np.zeros((K, K)), np.zeros((self.policy.shape[-1], K))
        for system, now, after in self.linear.stages():
            # With a horizon dV comes from the same expectations: not to keep it is faster than to find room for it.
            ahead = here if dV is None else np.ascontiguousarray(dV[after])
            if dV is not None and self.policy[now].size * K > MOST_NUMBERS:
                M += self._moment_by_action(system, now, ahead, dV[now], pairs(now), moves)
                continue
            dQ, phi = system.expect(ahead), features.at(now)
            # All actions in one product while they fit a core's cache, which is where the calls would cost more than the work.
            blocks = [slice(None)] if dQ.size <= CACHED_SIZE else range(len(dQ))
            for a in blocks:
                dQ[a] += phi.dense if isinstance(a, slice) else phi.of_action(a)
            here, weights = system.average(dQ) if dV is None else np.ascontiguousarray(dV[now]), pairs(now)
            for a in blocks:
                dQ[a] -= here
                flat, weight = dQ[a].reshape(-1, K), weights[a].reshape(-1, 1)
                M += flat.T @ (weight * flat)
            if moves is not None:
                w = moves[now].ravel()
                mean = system.P @ ahead
                M += gamma * (ahead.T @ ((system.P.T @ w)[:, None] * ahead) - mean.T @ (w[:, None] * mean))
        return (M + M.T) / 2

    def _moment_by_action(
        self, system: PolicySystem, now: int, ahead: NDArray, here: NDArray, weights: NDArray, moves: NDArray | None
    ) -> NDArray:
        """What one decision time adds to `_second_moment`, one action after the other: (S, K) numbers at once, not (A, S, K)."""
        phi, gamma = self.features.at(now), self.objective.agent.mdp.discount
        M = np.zeros((ahead.shape[1],) * 2)
        for a, weight in enumerate(weights):
            expected = system.expect_of(a, ahead)
            dQ = expected + phi.of_action(a) - here
            M += dQ.T @ (weight[:, None] * dQ)
            if moves is not None and gamma:
                M -= (expected.T @ (moves[now][a][:, None] * expected)) / gamma
        if moves is not None:
            M += gamma * (ahead.T @ ((system.P.T @ moves[now].ravel())[:, None] * ahead))
        return M

    def hessian_product(self, vector: NDArray, *, rtol: float = 1e-13) -> NDArray:
        """Product of the Hessian with a vector, (K,): two linear solves whatever K is."""
        agent, L, pi = self.objective.agent, len(self.policy), self.policy
        alpha, gamma = agent.temperature, agent.mdp.discount
        gain = np.broadcast_to(self.features.rewards(vector), pi.shape)
        dV = self.linear.accumulate(self.linear.average(gain), rtol=rtol)
        d_policy = pi * (gain + self.linear.expect(dV) - dV[:L, None, :]) / alpha
        moved = self.flow[:L, None, :] * d_policy
        source = self.linear.expect_adjoint(moved)
        if agent.inference == "exact":
            weights = self.visitations + self._continued
            for system, now, after in self.linear.stages():
                w, ahead = weights[now].ravel(), dV[after]
                source[after] += (gamma / alpha) * ((system.P.T @ w) * ahead - system.P.T @ (w * (system.P @ ahead)))
        d_flow = self.linear.flow(source, rtol=rtol)
        product = self.features.total(self._over_time(d_flow[:L, None, :] * pi + moved, self.reward))
        return product if isinstance(self._curvature, float) else product + self._curvature @ vector

    def _over_time(self, mass: NDArray, reward: NDArray) -> NDArray:
        """Add up a mass (L, A, S) to the shape of the reward."""
        if reward.ndim == 3:
            return mass
        mass = mass.sum(axis=0)
        return mass if reward.ndim == 2 else mass.sum(axis=0)

    def unit_scores(self) -> NDArray:
        """Derivative of each unit's share of L, (n_units, K); they add up to `gradient`."""
        statistics, features, dV = self.objective.statistics, self.features, self.sensitivity
        _, A, S = self.policy.shape
        scores = statistics.states @ dV.reshape(-1, features.n_features)
        for system, now, after in self.linear.stages():
            ahead, phi = np.ascontiguousarray(dV[after]), features.at(now)
            for a in range(A):
                columns = slice((now * A + a) * S, (now * A + a + 1) * S)
                scores += statistics.pairs[:, columns] @ phi.of_action(a)
                if statistics.continued.nnz:
                    scores += statistics.continued[:, columns] @ system.expect_of(a, ahead)
        return scores

    @property
    def values(self) -> NDArray:
        """V, from which a solution nearby can start."""
        return self.solution.V

    def start_for(self, theta: NDArray) -> NDArray:
        """V at other parameters, to first order if the sensitivity is at hand."""
        if "sensitivity" in self.__dict__:
            return self.values + self._first_order(theta - self.theta)
        return self.values


def jacobian_of(model: RewardModel, theta: NDArray) -> Features:
    """Derivative of the reward with respect to the parameters; raise if the model does not give it."""
    if not isinstance(model, SmoothRewardModel):
        raise ValueError(
            f"{type(model).__name__} has no jacobian(theta), so there is no Hessian and there are no standard errors: "
            'add the method, or fit with solver="lbfgs" and take errors from maxent_irl.uncertainty.bootstrap'
        )
    return model.jacobian(theta)


def at_same_reward(objective: Any, theta: NDArray, point: Any) -> Any:
    """The point of an objective whose agent and reward at `theta` are those of `point`: nothing is solved twice."""
    if not (isinstance(objective, TaskObjective) and isinstance(point, TaskPoint)):
        return objective.at(theta, start=point.values)
    return TaskPoint(objective, theta, point.reward, point.solution, hessian=True)


def value_sensitivity(solution: SoftSolution, features: Features) -> NDArray:
    """Derivative of V with respect to the parameters of a reward with these features, (L', S, K)."""
    linear = solution.linearisation
    averaged = np.stack([features.at(t).averaged(pi) for t, pi in enumerate(linear.policy)])
    return linear.accumulate(averaged, rtol=SENSITIVITY_TOLERANCE)


def information_equality(agent: SoftAgent, weighting: str) -> bool:
    """Whether the objective is the log-likelihood of what was seen, so that its curvature is the variance of its gradient.

    "likelihood" is: of the actions given the states. "feature-matching" is without discount, where the next state follows
    from the action with certainty, or where it is part of what is inferred (exact inference).
    """
    certain = agent.mdp.structure.deterministic or agent.inference == "exact"
    return weighting == "likelihood" or (agent.mdp.discount == 1.0 and certain)
