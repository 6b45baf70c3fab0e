"""Inverse reinforcement learning with a reward that is a sum of regression trees."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from dataclasses import KW_ONLY, dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import sparse
from sklearn.base import clone, is_regressor
from sklearn.exceptions import ConvergenceWarning
from sklearn.tree import DecisionTreeRegressor
from sklearn.utils import check_random_state
from sklearn.utils.validation import check_is_fitted, has_fit_parameter

from .._checks import check_count, check_interval, check_positive
from ..demonstrations import Demonstrations
from ..likelihood.objective import Objective, with_reward_model
from ..likelihood.task import at_same_reward
from ..rewards import BoostedReward, Features, Inputs, LinearReward
from ..rewards.stages import OffsetReward, Stage
from ..routes.objective import objective_of, task_points
from .fit import Fit, keep
from .held_out import Patience, log_likelihood_per_decision, split
from .learned import LearnedReward, best_constant
from .newton import damped_newton
from .optimisers import Loss, Progress

LEAF_TOLERANCE = 1e-10  # largest gradient component per decision at which the values of leaves are final


class Boosting:
    """The sum so far, and how to add to it.

    Parameters
    ----------
    objective : Objective
        Of the trajectories that are fitted.
    inputs : Inputs
    l2 : float
        Precision of the prior of each leaf's value.
    newton_steps : int
        Per stage.
    """

    def __init__(self, objective: Objective, inputs: Inputs, l2: float, newton_steps: int) -> None:
        self.objective, self.inputs, self.l2, self.newton_steps = objective, inputs, l2, newton_steps
        self.constant, self.point = best_constant(objective, inputs, l2)
        self.occupancy = self._occupancy()

    def _occupancy(self) -> NDArray:
        """How often a decision is expected at each entry of the reward after the demonstrated decisions, (rows,)."""
        total = np.zeros(self.inputs.shape)
        for each in task_points(self.point):
            L = len(each.policy)
            source = np.zeros((each.linear.n_value_times, each.policy.shape[-1]))
            source[:L] = each.objective.pairs.dense(each.policy.shape).sum(axis=1)
            visits = each.linear.flow(source)[:L, None, :] * each.policy
            total += visits.sum(axis=tuple(range(3 - total.ndim))) if total.ndim < 3 else visits
        return total.ravel()

    @property
    def reward(self) -> NDArray:
        """In the shape of the objective."""
        return self.point.objective.reward_model(self.point.theta)

    def add(self, regressor: Any, learning_rate: float) -> tuple[Stage, float]:
        """Fit a regressor to the functional gradient, and its values to the objective; the largest gradient of a value."""
        weight, mass = self.inputs.gathered(self.occupancy), self.inputs.gathered(self.point.mass.ravel())
        rows = self.inputs.read & (weight > 0)
        table = self.inputs.table[rows]
        regressor.fit(table, mass[rows] / weight[rows], sample_weight=weight[rows] / weight[rows].mean())
        stage = Stage(regressor, self.inputs.table)
        return stage, self.use(stage, learning_rate)

    def use(self, stage: Stage, learning_rate: float | None) -> float:
        """Add a stage; None: with the values that it has."""
        features = Features.of_rows(stage.columns(self.inputs.table)[self.inputs.index], self.inputs.shape)
        objective = with_reward_model(self.objective, OffsetReward(self.reward, features))
        largest = 0.0
        if learning_rate is not None:
            loss = Loss(objective, self.l2, self.point.values)
            start = loss.holding(at_same_reward(objective, np.zeros(features.n_features), self.point))
            fit = damped_newton(
                loss, start, lambda point: point.hessian, tol=LEAF_TOLERANCE, max_iter=self.newton_steps
            )
            stage.coef, largest = learning_rate * fit.point.coef, start.gradient_norm
        self.point = objective.at(stage.coef, start=self.point.values)
        return largest


@dataclass(eq=False, repr=False)
class BoostedIRL(LearnedReward):
    """Recover a reward that is a sum of regression trees of inputs, by gradient boosting of the likelihood.

    Each stage fits a tree to the derivative of the log-likelihood with respect to the reward, weighted by how often each input
    is expected. The values of its leaves are then found by damped Newton steps on the likelihood, and shrunk.

    Parameters
    ----------
    mdp : MDP
    inputs : (S, D) or (S, A, D) array
        What the reward is a function of.
    estimator : scikit-learn regressor, optional
        Takes ``sample_weight``. None: `DecisionTreeRegressor` of depth 4. Of regressors without leaves one number is fitted
        per stage, the factor of its prediction.
    n_estimators : int
        Largest number of stages.
    learning_rate : float in (0, 1]
        By which the values of each stage are shrunk.
    newton_steps : int
        Largest number of Newton steps for the values of a stage.
    l2 : float >= 0
        Precision of a zero-mean Gaussian prior on each value of a stage.
    validation_fraction : float in (0, 1) or None
        Of the trajectories that are held out to say when to stop. None: all stages are used, unless `fit` is given
        ``validation=``.
    n_iter_no_change : int
        Stages without a better held-out likelihood after which the fit stops. It then goes back to the best stage.
    transformer, temperature, action_prior, inference, covariance, callback, n_jobs
        As for `GaussianProcessIRL`. The callback is called after each stage.
    warm_start : bool
        Keep the stages of the previous fit, and add to them.
    random_state : int, RandomState or None
        For the trees and for what is held out.

    Attributes
    ----------
    regressor_ : BoostedReward
        The reward as a fitted regressor of (transformed) inputs, for `sklearn.inspection`.
    feature_importances_ : (D,) array
    n_estimators_ : int
        Stages that are used.
    loss_curve_ : list of float
        Mean negative log-likelihood per decision before each stage and after the last.
    validation_scores_ : list of float
        Held-out log-likelihood per decision, likewise; empty if nothing is held out.
    coef_ : (K,) array
        The constant, then the values of all leaves; `fit_` takes the trees as given. So do standard errors.
    reward_, policy_, value_, visitations_, log_likelihood_, converged_, n_iter_, ...
        As of `MaxEntIRL`. `converged_` says whether the held-out likelihood stopped the fit, or, with nothing held out, whether
        all stages were added.

    Raises
    ------
    ValueError
        For bad input, naming the offender.

    Warns
    -----
    ConvergenceWarning
        If the held-out likelihood was still increasing at the last stage.

    References
    ----------
    Friedman, J. H. (2001). Greedy function approximation: a gradient boosting machine. Annals of Statistics 29(5), 1189-1232.
    Ratliff, N., Silver, D. and Bagnell, J. A. (2009). Learning to search: functional gradient techniques for imitation learning.
    Autonomous Robots 27, 25-53.
    """

    estimator: Any = None
    _: KW_ONLY
    n_estimators: int = 200
    learning_rate: float = 0.1
    newton_steps: int = 1
    l2: float = 1.0
    validation_fraction: float | None = 0.2
    n_iter_no_change: int = 10

    def fit(self, X: Any, y: None = None, *, groups: ArrayLike | None = None, validation: Any = None) -> BoostedIRL:
        """Recover the reward from demonstrations.

        Parameters
        ----------
        X : Demonstrations, or anything its constructor takes
        y : ignored
        groups : (n,) array of labels, optional
            For ``covariance="clustered"``.
        validation : Demonstrations, optional
            To be held out in place of a share of X.
        """
        given, inputs = self._read(X)
        random = check_random_state(self.random_state)
        kept, held_out = split(
            given, self.mdp, validation, self.validation_fraction, random.randint(np.iinfo(np.int32).max)
        )
        demonstrations = given[kept]
        placeholder = OffsetReward(
            np.zeros(inputs.shape), Features.of_rows(np.ones((len(inputs.index), 1)), inputs.shape)
        )
        new = self._posed(given, placeholder, ["constant"], self.l2, groups)
        labels = None if new.groups is None else new.groups[kept]
        objective = objective_of(new.agent, placeholder, demonstrations, "likelihood", n_jobs=self.n_jobs)
        judge = None
        if held_out is not None:
            judge = objective_of(new.agent, placeholder, held_out, "likelihood", n_jobs=self.n_jobs)

        boosting = Boosting(objective, inputs, self.l2, self.newton_steps)
        stages = self._kept_stages(boosting)
        self.loss_curve_: list[float] = []
        self.validation_scores_: list[float] = []
        patience = Patience(self.n_iter_no_change)
        self._note(boosting, judge, patience, 0.0)
        first, best = len(stages), boosting.point
        while len(stages) < self.n_estimators and not (judge is not None and patience.exhausted):
            stage, gradient = boosting.add(self._regressor(random), self.learning_rate)
            stages.append(stage)
            if self._note(boosting, judge, patience, gradient) or judge is None:
                best = boosting.point
        if judge is not None:
            stages = stages[: first + patience.best]
        self.converged_ = judge is None or patience.exhausted or not self.n_estimators
        self.n_iter_ = len(self.loss_curve_) - 1
        self._store(stages, boosting, best, inputs, new, demonstrations, labels)
        if not self.converged_:
            warnings.warn(
                f"the held-out likelihood was best at stage {len(stages)} of {self.n_estimators}, less than "
                f"n_iter_no_change={self.n_iter_no_change} stages before the last: raise n_estimators or learning_rate",
                ConvergenceWarning,
                stacklevel=2,
            )
        return self

    def _check_parameters(self) -> None:
        super()._check_parameters()
        if self.estimator is not None and not (
            is_regressor(self.estimator) and has_fit_parameter(self.estimator, "sample_weight")
        ):
            raise ValueError(
                f"estimator must be a scikit-learn regressor whose fit takes sample_weight; got {self.estimator!r}"
            )
        check_count("n_estimators", self.n_estimators, at_least=0)
        check_count("newton_steps", self.newton_steps)
        check_count("n_iter_no_change", self.n_iter_no_change)
        check_interval("learning_rate", self.learning_rate, 0.0, 1.0, closed="right")
        check_positive("l2", self.l2, or_zero=True)

    def _regressor(self, random: np.random.RandomState) -> Any:
        regressor = DecisionTreeRegressor(max_depth=4) if self.estimator is None else clone(self.estimator)
        if "random_state" in regressor.get_params():
            regressor.set_params(random_state=random.randint(np.iinfo(np.int32).max))
        return regressor

    def _kept_stages(self, boosting: Boosting) -> list[Stage]:
        """With `warm_start` those of the previous fit, added to the sum."""
        if not (self.warm_start and hasattr(self, "stages_")):
            return []
        if self.n_features_in_ != boosting.inputs.n_columns:
            raise ValueError(
                f"warm_start keeps stages of {self.n_features_in_} inputs and there are {boosting.inputs.n_columns}: use "
                "warm_start=False"
            )
        if self.n_estimators < len(self.stages_):
            raise ValueError(
                f"n_estimators={self.n_estimators} is less than the {len(self.stages_)} stages that warm_start keeps"
            )
        for stage in self.stages_:
            boosting.use(stage, None)
        return list(self.stages_)

    def _note(self, boosting: Boosting, judge: Objective | None, patience: Patience, gradient: float) -> bool:
        """Take down how good the sum is; return whether it is the best so far, by what is held out."""
        objective = boosting.objective
        log_likelihood = boosting.point.value / objective.agent.temperature + objective.log_prior
        self.loss_curve_.append(-log_likelihood / objective.total_weight)
        self.largest_gradient_ = gradient
        if self.callback is not None:
            self.callback(Progress(len(self.loss_curve_) - 1, self.loss_curve_[-1], gradient))
        if judge is None:
            return False
        self.validation_scores_.append(log_likelihood_per_decision(judge, boosting.point))
        return patience.note(self.validation_scores_[-1])

    def _store(
        self,
        stages: list[Stage],
        boosting: Boosting,
        best: Any,
        inputs: Inputs,
        new: Fit,
        demonstrations: Demonstrations,
        groups: NDArray | None,
    ) -> None:
        self.inputs_, self.stages_, self.constant_ = inputs, stages, boosting.constant
        self.n_estimators_, self.n_features_in_ = len(stages), inputs.n_columns
        self.regressor_ = BoostedReward.of(stages, inputs.table.shape[1], boosting.constant)
        columns = [sparse.csr_array(np.ones((len(inputs.table), 1)))] + [s.columns(inputs.table) for s in stages]
        coef = np.concatenate([[boosting.constant]] + [stage.coef for stage in stages])
        names = ["constant"] + [f"stage {m}, leaf {k}" for m, s in enumerate(stages) for k in range(len(s.coef))]
        model = LinearReward(self.mdp, sparse.csr_array(sparse.hstack(columns, format="csr")[inputs.index]))
        fitted = replace(new, reward_model=model, names=names, theta=coef, demonstrations=demonstrations, groups=groups)
        keep(self, fitted, fitted.objective.at(coef, start=best.values))

    def _predicted(self, rows: NDArray, shape: tuple[int, ...], return_std: bool) -> tuple[NDArray, NDArray | None]:
        if return_std:
            raise ValueError(
                "boosted trees have no standard deviation of the reward: use GaussianProcessIRL, or refit on "
                "resampled trajectories"
            )
        return self.regressor_.predict(rows), None

    @property
    def reward_description_(self) -> str:
        """The form of the reward in a few words, for reports."""
        check_is_fitted(self)
        return f"{self.n_estimators_} boosted regressors of {self.n_features_in_} inputs"

    @property
    def feature_importances_(self) -> NDArray:
        """(D,): mean of the importances of the trees, summing to 1."""
        check_is_fitted(self)
        return self.regressor_.feature_importances_

    def staged_predict_reward(self, inputs: Any) -> Iterator[NDArray]:
        """The reward at other inputs after no stage, after the first, and so on; as `predict_reward`."""
        check_is_fitted(self)
        rows, shape = self.inputs_.elsewhere(inputs)
        for reward in self.regressor_.staged_predict(rows):
            yield reward.reshape(shape)
