"""What every objective provides: its value and derivatives at a parameter vector, in units of reward.

Optimisers, standard errors and resampling are written against these two protocols. An objective of another kind (many goals, a
receding horizon) is one more class with these attributes.
"""

from __future__ import annotations

from copy import copy
from typing import Any, Protocol, Self

from numpy.typing import NDArray

from ..inference.agent import SoftAgent
from ..rewards import Features, RewardModel


class ObjectivePoint(Protocol):
    """An objective at one parameter vector; everything beyond the value is computed when first asked for.

    Attributes
    ----------
    theta : (K,) array
    value : float
        L, in units of reward.
    gradient : (K,) array
    mass : array in the shape of the reward
        Derivative of L with respect to the reward.
    hessian : (K, K) array
        Exact for linear rewards and for reward models with `curvature`; Gauss-Newton otherwise.
    step_hessian : (K, K) array
        The Hessian to the digits that a step of an optimiser needs, which may cost less.
    score_outer_product : (K, K) array
        Sum over decisions of the outer products of their scores, in squared units of reward.
    reach_moment : (K, K) array
        Like minus the Hessian, with weight 1 on every decision that can follow a demonstrated state.
    features : Features
        Derivative of the reward with respect to the parameters.
    values : Any
        V, in the form that `Objective.at` takes as a start.
    """

    theta: NDArray

    @property
    def value(self) -> float:
        """L."""

    @property
    def gradient(self) -> NDArray:
        """(K,)."""

    @property
    def mass(self) -> NDArray:
        """Derivative of L with respect to the reward."""

    @property
    def hessian(self) -> NDArray:
        """(K, K)."""

    @property
    def step_hessian(self) -> NDArray:
        """(K, K)."""

    @property
    def score_outer_product(self) -> NDArray:
        """(K, K)."""

    @property
    def reach_moment(self) -> NDArray:
        """(K, K)."""

    @property
    def features(self) -> Features:
        """Derivative of the reward."""

    @property
    def values(self) -> Any:
        """V."""

    def hessian_product(self, vector: NDArray, *, rtol: float = 1e-13) -> NDArray:
        """Product of the Hessian with a vector, (K,)."""

    def unit_scores(self) -> NDArray:
        """Derivative of each unit's share of L, (n_units, K), in the order of the statistics' rows."""

    def start_for(self, theta: NDArray) -> Any:
        """A start for V at other parameters nearby."""

    def reweighted(self, weights: NDArray) -> ObjectivePoint:
        """The objective with other weights of its units at the same parameters."""

    def moved(self, theta: NDArray, last: Any) -> ObjectivePoint:
        """The objective at other parameters, near those of `last`, reusing what was factorised here."""


class Objective(Protocol):
    """The objective of some demonstrations.

    Attributes
    ----------
    agent : SoftAgent
        Finite positive temperature.
    reward_model : RewardModel
    total_weight : float
        Weight of all decisions.
    log_prior : float
        Log action prior of all decisions by their weight, a constant of the log-likelihood.
    weighting : str
        "likelihood" or "feature-matching".
    information_equality : bool
        Whether the objective is the log-likelihood of what was seen, so that its curvature is the variance of its gradient.
    uncorrelated : bool
        Whether the scores of a trajectory's decisions are uncorrelated under the model.
    iterates : bool
        Whether values are found by iteration, which a start nearby shortens.
    """

    agent: SoftAgent
    reward_model: RewardModel
    total_weight: float
    log_prior: float

    @property
    def weighting(self) -> str:
        """Of decisions."""

    @property
    def information_equality(self) -> bool:
        """Of Fisher."""

    @property
    def uncorrelated(self) -> bool:
        """Of scores."""

    @property
    def iterates(self) -> bool:
        """Towards V."""

    def at(self, theta: NDArray, *, start: Any = None, hessian: bool = False) -> ObjectivePoint:
        """Evaluate at parameters (K,).

        Parameters
        ----------
        theta : (K,) array
        start : values of a point nearby, optional
        hessian : bool
            Whether the Hessian will be asked for: what is factorised is chosen accordingly.
        """

    def reweighted(self, weights: NDArray) -> Self:
        """The same objective with unit i of the statistics counting ``weights[i]`` times as much; everything else is shared."""


def with_reward_model(objective: Objective, model: RewardModel) -> Objective:
    """The same objective of another reward model; statistics are shared."""
    new = copy(objective)
    new.reward_model = model
    return new
