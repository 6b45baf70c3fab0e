"""What estimators share that learn a reward as a function of inputs: Gaussian processes, boosted trees, networks."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable
from dataclasses import KW_ONLY, dataclass, field
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import clone
from sklearn.utils.validation import check_is_fitted

from .._checks import INFERENCES, check_choice, check_n_jobs, check_temperature
from ..demonstrations import Demonstrations
from ..demonstrations.labelled import as_demonstrations
from ..inference.agent import SoftAgent
from ..likelihood.information import COVARIANCES
from ..mdp import MDP, check_mdp
from ..rewards import Inputs, RewardModel
from .base import RewardEstimator
from .fit import Fit
from .optimisers import Progress


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
        transformer = None if self.transformer is None else clone(self.transformer)
        return demonstrations, Inputs(self.mdp, self.inputs, transformer)

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
        mean, std = self._predicted(rows, return_std)
        if not return_std:
            return mean.reshape(shape)
        assert std is not None
        return mean.reshape(shape), std.reshape(shape)

    @abstractmethod
    def _predicted(self, rows: NDArray, return_std: bool) -> tuple[NDArray, NDArray | None]:
        """Reward (n,) at transformed inputs (n, D'), and its standard deviation if that is asked for."""
