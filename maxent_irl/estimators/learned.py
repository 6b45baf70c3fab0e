"""What estimators share that learn a reward as a function of inputs: Gaussian processes, boosted trees, networks."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable
from dataclasses import KW_ONLY, dataclass, field
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import sparse
from sklearn.base import clone
from sklearn.utils.validation import check_is_fitted

from .._checks import INFERENCES, check_choice, check_n_jobs, check_temperature
from ..demonstrations import Demonstrations
from ..demonstrations.labelled import as_demonstrations
from ..inference.agent import SoftAgent
from ..likelihood import TaskPoint
from ..likelihood.information import COVARIANCES
from ..likelihood.objective import Objective, with_reward_model
from ..mdp import MDP, check_mdp
from ..rewards import Features, Inputs, RewardModel
from ..rewards.stages import OffsetReward
from ..routes.objective import task_points
from .base import RewardEstimator
from .fit import Fit
from .newton import damped_newton
from .optimisers import Loss, Progress, proper_start

CONSTANT_TOLERANCE, CONSTANT_STEPS = 1e-6, 50  # of the constant that learners start from
CONSTANT_CHANGE = 1e-8  # of Q - V by a constant reward of 1, above which the constant is determined


@dataclass(eq=False, repr=False)
class LearnedReward(RewardEstimator):
    """Base of the estimators that learn a reward as a function of inputs, by the likelihood of decisions.

    A subclass implements `fit` and `_predicted`.
    """

    mdp: MDP
    inputs: Any
    _: KW_ONLY
    transformer: Any = None
    temperature: float = 1.0
    action_prior: ArrayLike | None = None
    inference: str = "variational"
    objective: str = field(default="likelihood", init=False)
    covariance: str = "observed"
    warm_start: bool = False
    random_state: Any = None
    callback: Callable[[Progress], None] | None = None
    n_jobs: int | None = None

    inputs_: Inputs = field(init=False, repr=False)

    def _check_parameters(self) -> None:
        check_mdp(self.mdp)
        check_choice("inference", self.inference, INFERENCES)
        check_choice("covariance", self.covariance, COVARIANCES)
        check_temperature(self.temperature, finite_positive=True)
        check_n_jobs(self.n_jobs)
        if self.callback is not None and not callable(self.callback):
            raise ValueError(f"callback must be a function that takes a Progress, or None; got {self.callback!r}")
        if self.transformer is not None and not hasattr(self.transformer, "transform"):
            raise ValueError(
                f"transformer must be a scikit-learn transformer, such as StandardScaler(); got {self.transformer!r}"
            )

    def _read(self, X: Any) -> tuple[Demonstrations, Inputs]:
        """The demonstrations and the inputs, checked."""
        self._check_parameters()
        demonstrations = as_demonstrations(X)
        demonstrations.validate_against(self.mdp)
        return demonstrations, self._inputs()

    def _inputs(self) -> Inputs:
        return Inputs(self.mdp, self.inputs, None if self.transformer is None else clone(self.transformer))

    def _posed(
        self, demonstrations: Demonstrations, model: RewardModel, names: list[str], l2: float, groups: ArrayLike | None
    ) -> Fit:
        """The problem before it is solved: a `Fit` at zero."""
        labels = None if groups is None else np.asarray(groups)
        if labels is not None and labels.shape != (len(demonstrations),):
            raise ValueError(
                f"groups must hold one label per trajectory, shape ({len(demonstrations)},); got shape {labels.shape}"
            )
        return Fit(
            agent=SoftAgent(self.mdp, self.temperature, self.action_prior, self.inference),
            reward_model=model,
            theta=np.zeros(model.n_parameters),
            demonstrations=demonstrations,
            weighting="likelihood",
            names=names,
            groups=labels,
            l2=l2,
            n_jobs=self.n_jobs,
        )

    def predict_reward(self, inputs: Any, *, return_std: bool = False) -> NDArray | tuple[NDArray, NDArray]:
        """The learnt reward at other inputs, such as those of another world.

        Parameters
        ----------
        inputs : (..., D) array
            Columns as in the fit: (n, D) for rewards per state, (n, A, D) per state and action.
        return_std : bool
            Return the standard deviation too, where the estimator has one.

        Returns
        -------
        reward : (...) array
        std : (...) array
            With `return_std`.

        Raises
        ------
        ValueError
            For another number of columns, for inputs that are not finite, and for `return_std` without deviations.
        """
        check_is_fitted(self)
        rows, shape = self.inputs_.elsewhere(inputs)
        mean, std = self._predicted(rows, shape, return_std)
        if not return_std:
            return mean.reshape(shape)
        assert std is not None
        return mean.reshape(shape), std.reshape(shape)

    @abstractmethod
    def _predicted(self, rows: NDArray, shape: tuple[int, ...], return_std: bool) -> tuple[NDArray, NDArray | None]:
        """Reward (n,) at transformed inputs (n, D'), given as an array of this shape; its deviation if that is asked for."""


def best_constant(objective: Objective, inputs: Inputs, l2: float) -> tuple[float, Any]:
    """The constant reward under which demonstrations are most likely, and the point there; 0 where a constant changes nothing.

    Undiscounted problems have no finite value at zero reward: learners start from this constant.
    """
    ones = Features.of_rows(sparse.csr_array(np.ones((len(inputs.index), 1))), inputs.shape)
    loss = Loss(with_reward_model(objective, OffsetReward(np.zeros(inputs.shape), ones)), l2)
    loss.with_hessian = True
    start = proper_start(loss, loss.at(np.zeros(1)))
    fit = damped_newton(loss, start, lambda point: point.hessian, tol=CONSTANT_TOLERANCE, max_iter=CONSTANT_STEPS)
    return float(fit.point.coef[0]), fit.point.inner


def constant_matters(point: Any) -> bool:
    """Whether a constant that is added to all rewards changes the policy, towards some goal if there are goals."""
    return any(_constant_matters(each) for each in task_points(point))


def _constant_matters(point: TaskPoint) -> bool:
    linear, policy = point.linear, point.policy
    gain = np.ones(policy.shape)
    x = linear.accumulate(linear.average(gain))
    change = gain + linear.expect(x) - x[: len(policy), None, :]
    return bool(np.abs(np.where(policy > 0, change, 0.0)).max(initial=0.0) > CONSTANT_CHANGE)
