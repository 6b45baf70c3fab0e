"""What a reward model must provide, and what it gets for it.

A reward model maps parameters to a reward and pulls a mass back to parameters. With these two methods it is fitted by L-BFGS, for
every horizon, both kinds of inference, and goals. With `jacobian` it is fitted by Newton's method (Gauss-Newton if it is not
linear), and has standard errors and a Hessian. With `curvature` as well the Hessian is exact.
"""

from __future__ import annotations

from typing import Protocol, runtime_checkable

from numpy.typing import NDArray

from .linear import Features


@runtime_checkable
class RewardModel(Protocol):
    """A differentiable map from K parameters to a reward.

    Attributes
    ----------
    n_parameters : int
        K.

    Methods
    -------
    __call__(theta) -> (S,), (A, S) or, with a horizon T, (T, A, S) array
        The reward, action-major.
    vjp(theta, mass) -> (K,) array
        Derivative of ``(mass * reward).sum()`` with respect to the parameters. The mass has the shape of the reward.
    jacobian(theta) -> Features, optional
        Derivative of the reward with respect to the parameters, as features.
    curvature(theta, mass) -> (K, K) array, optional
        Second derivative of ``(mass * reward).sum()``. Without it the Hessian leaves this term out (Gauss-Newton).
    """

    @property
    def n_parameters(self) -> int:
        """K."""

    def __call__(self, theta: NDArray, /) -> NDArray:
        """The reward for parameters (K,)."""

    def vjp(self, theta: NDArray, mass: NDArray, /) -> NDArray:
        """The mass pulled back to the parameters, (K,)."""


@runtime_checkable
class SmoothRewardModel(RewardModel, Protocol):
    """A reward model that gives its Jacobian."""

    def jacobian(self, theta: NDArray, /) -> Features:
        """Derivative of the reward with respect to the parameters."""
