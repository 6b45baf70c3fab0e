r"""Second and third derivatives of the objective in the space of rewards, along given directions.

With columns :math:`\phi_k` of a feature matrix, x_k the derivative of V along them and
:math:`\delta_k(s,a) = \phi_k + \gamma P x_k - x_k(s)`,

.. math::

    \langle \phi_k, \nabla_r^2 L\, \phi_l \rangle = \frac{1}{\alpha} \sum_{s,a} d\, \pi\, \delta_k \delta_l +
    \frac{\gamma}{\alpha} \sum_{s,a} (\mu + m)\, \mathrm{Cov}_{s' \sim \tilde P}(x_k, x_l) .

The second sum is there under exact inference only. Its derivative with respect to the reward follows from
:math:`d\pi = \pi\, \delta_\rho / \alpha` and :math:`d\tilde P = \tilde P\, (x_\rho(s') - \tilde P x_\rho) / \alpha` by the
adjoint method. It takes one solve per column beyond the sensitivities, which the second derivative takes as well.
"""

from __future__ import annotations

from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from .task import CACHED_SIZE, TaskPoint

BLOCK = 64 * CACHED_SIZE  # numbers of a temporary array (L, A, S, k)


class RewardCurvature:
    """How L curves in the space of rewards at one point, along the columns of the features.

    Parameters
    ----------
    point : TaskPoint
        Its reward model gives dense features.
    """

    def __init__(self, point: TaskPoint) -> None:
        self.point, self.linear, self.policy = point, point.linear, point.policy
        self.exact = point.objective.agent.inference == "exact"
        L, A, S = self.policy.shape
        self.features = point.features
        shape = (1,) * (3 - len(self.features.shape)) + self.features.shape
        self._phi = np.asarray(self.features.matrix).reshape(*shape, -1)  # (1 or L, 1 or A, S, K)
        self._flow = point.flow[:L, None, :] * self.policy  # (L, A, S)
        self._moves = self._flow + point._continued  # (L, A, S): mu + m
        self._block = max(1, BLOCK // (L * A * S))

    def _gains(self, x: NDArray, phi: NDArray) -> NDArray:
        """delta, (L, A, S, k)."""
        return self.linear.expect(x) + phi - x[: len(self.policy), None]

    def _tilt(self, weights: NDArray, x: NDArray) -> NDArray:
        """Adjoint of ``discount * Cov(., x)`` under the tilted dynamics, by weights (L, A, S[, k]); (L', S, k)."""
        columns = weights if weights.ndim == 4 else weights[..., None]
        back = np.zeros_like(x)
        for system, now, after in self.linear.stages():
            mean = (system.P @ x[after]).reshape(*self.policy.shape[1:], -1)
            back[after] += x[after] * system.expect_adjoint(columns[now]) - system.expect_adjoint(columns[now] * mean)
        return back

    @cached_property
    def _reached(self) -> NDArray:
        """zeta: how the flow answers to each column, times alpha; (L', S, K)."""
        x = self.point.sensitivity
        if self._telescopes:
            return self.linear.flow(self._telescoped_source(x[0])[None])
        source = np.empty_like(x)
        for block in self._blocks(x.shape[-1]):
            delta = self._gains(x[..., block], self._phi[..., block])
            source[..., block] = self.linear.expect_adjoint(self._flow[..., None] * delta)
            if self.exact:
                source[..., block] += self._tilt(self._moves, x[..., block])
        return self.linear.flow(source)

    @property
    def _telescopes(self) -> bool:
        """Whether rewards per state and fixed dynamics let sums over actions be taken once, in an (S, S) matrix."""
        stationary = self.point.objective.agent.mdp.horizon is None
        return stationary and self.features.per_state and not self.exact

    def _telescoped_source(self, x: NDArray) -> NDArray:
        """``gamma P' (d pi delta)`` with ``delta = phi - x(s) + gamma P x``, (S, K), without an array per action."""
        system, _, _ = self.linear.stages()[0]
        gamma, P = self.point.objective.agent.mdp.discount, system.P
        now = self.point.flow[0][:, None] * (np.asarray(self.features.matrix) - x)
        both = P.T @ (sparse.diags_array(self._flow[0].ravel()) @ P)
        return now - system.matrix.T @ now + gamma**2 * (both @ x)

    def _blocks(self, K: int) -> list[slice]:
        return [slice(k, k + self._block) for k in range(0, K, self._block)]

    @cached_property
    def response(self) -> NDArray:
        """Second derivative of L times the features, (rows, K): how the mass changes along each column."""
        x, zeta, L = self.point.sensitivity, self._reached, len(self.policy)
        if self._telescopes:  # the mean of delta over actions is zero
            return self.policy[0].sum(axis=0)[:, None] * zeta[0] / self.point.objective.agent.temperature
        out = np.empty((self.features.matrix.shape[0], x.shape[-1]))
        for block in self._blocks(x.shape[-1]):
            delta = self._gains(x[..., block], self._phi[..., block])
            moved = self.policy[..., None] * (self._flow_per_action(delta) + zeta[:L, None, :, block])
            out[:, block] = self._collected(moved).reshape(len(out), -1)
        return out / self.point.objective.agent.temperature

    def _flow_per_action(self, delta: NDArray) -> NDArray:
        return self.point.flow[: len(self.policy), None, :, None] * delta

    def _collected(self, mass: NDArray) -> NDArray:
        """Add up (L, A, S[, k]) to the shape of the reward."""
        axes = {1: (0, 1), 2: (0,), 3: ()}[len(self.features.shape)]
        return mass.sum(axis=axes) if axes else mass

    def trace_gradient(self, root: NDArray) -> NDArray:
        """Derivative with respect to the reward of ``trace(C H)``, in the shape of the reward.

        Parameters
        ----------
        root : (K, q) array
            C = R R' weighs the second derivatives along the columns of the features, which are held fixed.
        """
        alpha, gamma = self.point.objective.agent.temperature, self.point.objective.agent.mdp.discount
        pi, L = self.policy, len(self.policy)
        squares, mixed = np.zeros(pi.shape), np.zeros(pi.shape)
        x_squares, tilt = np.zeros(self.point.sensitivity.shape[:2]), np.zeros(self.point.sensitivity.shape[:2])
        for block in self._blocks(root.shape[1]):
            part = root[:, block]
            x, zeta, phi = (array @ part for array in (self.point.sensitivity, self._reached, self._phi))
            delta = self._gains(x, phi)
            squares += np.einsum("...k,...k->...", delta, delta)
            mixed += np.einsum("...k,...k->...", delta, zeta[:L, None])
            if self.exact:
                mean = np.empty_like(delta)
                for system, now, after in self.linear.stages():
                    mean[now] = (system.P @ x[after]).reshape(mean[now].shape)
                    square = (system.P @ (x[after] ** 2).sum(axis=-1)).reshape(squares[now].shape)
                    squares[now] += gamma * (square - (mean[now] ** 2).sum(axis=-1))
                weights = self._flow[..., None] * delta + pi[..., None] * zeta[:L, None] - self._moves[..., None] * mean
                tilt += 2 * self._tilt(weights, x).sum(axis=-1)
                x_squares += (x**2).sum(axis=-1)
        ahead = self.linear.accumulate(np.einsum("las,las->ls", pi, squares))
        if self.exact:
            tilt += self._tilt(self._moves, (ahead + x_squares)[..., None])[..., 0]
        change = pi * (self.point.flow[:L, None, :] * (squares + self.linear.expect(ahead)) + 2 * mixed)
        source = self.linear.expect_adjoint(change) + tilt
        source[:L] -= change.sum(axis=1)
        answer = self.linear.flow(source)
        return self._collected(change + pi * answer[:L, None, :]) / alpha**2
