"""Maximum-entropy inverse reinforcement learning: the reward that makes demonstrations most likely."""

from __future__ import annotations

import warnings
from collections import Counter
from collections.abc import Callable
from dataclasses import KW_ONLY, dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.exceptions import ConvergenceWarning
from sklearn.utils.validation import check_is_fitted

from .._checks import (
    INFERENCES,
    check_choice,
    check_max_iter,
    check_n_jobs,
    check_numbers,
    check_positive,
    check_temperature,
    column_names,
)
from ..demonstrations import Demonstrations
from ..demonstrations.feasibility import check_feasible
from ..inference.agent import SoftAgent
from ..likelihood.information import COVARIANCES
from ..likelihood.objective import ObjectivePoint
from ..likelihood.statistics import OBJECTIVES, check_choices
from ..mdp import MDP, check_mdp
from ..rewards import LinearReward, RewardModel
from .base import RewardEstimator
from .evidence import CHOICES_OF_L2, choose_l2
from .fit import Fit, keep
from .optimisers import SOLVERS, Loss, Optimum, Progress, features_of, minimise
from .undetermined import (
    feature_size,
    gradient_unit,
    ignore_undetermined,
    leave_plateau,
    recession_at,
    warn_of_silence,
    with_features,
    without_maximum,
)


@dataclass(eq=False, repr=False)
class MaxEntIRL(RewardEstimator):
    r"""Recover the reward under which demonstrations are a maximum-entropy agent's behaviour.

    The agent acts by the soft policy of ``reward = features @ coef``; `fit` climbs the likelihood of its decisions. With
    ``objective="feature-matching"`` the gradient is "demonstrated minus expected feature counts" (Ziebart et al. 2008, 2010);
    with ``objective="likelihood"`` the estimator is that of dynamic discrete choice (Rust 1987) and of the recursive logit
    (Fosgerau et al. 2013). `maxent_irl.likelihood` derives both as one.

    Parameters
    ----------
    mdp : MDP
    features : (S, K) or (S, A, K) array, dense or sparse, optional
        None: one indicator per state, so that `coef_` is one reward per state.
    temperature : float > 0
        alpha, in units of reward. Only reward / alpha is identified; it sets the unit of `coef_`.
    action_prior : (A,) or (S, A) array, optional
        p(a|s). None: p = 1.
    inference : "variational" or "exact"
        Whether the demonstrator takes chance as it is, or counts on luck too; the same without chance.
    objective : "likelihood" or "feature-matching"
        Whether every decision weighs 1, or decision t ``discount ** t``, so that expected features equal demonstrated ones. With
        "feature-matching" a trajectory counts as ``1 / (1 - discount)`` decisions at most, however long it is.
    l2 : float >= 0, or "evidence"
        Precision of a zero-mean Gaussian prior on each coefficient: ``l2 / 2 * |coef|^2`` is taken from the total
        log-likelihood (a sum over decisions, not a mean). "evidence" chooses the precision under which the demonstrations are
        most probable; with more than 1,024 coefficients, the one that predicts held-out trajectories best. `l2_` is what was
        used.
    solver : "auto", "newton", "lbfgs" or "gradient-ascent"
        "auto" is "newton": trust-region steps with the exact Hessian, or products with it when there are many features.
    tol : float
        Largest gradient component per decision at which the fit has converged: nats per unit of coefficient, or per as much of
        it as changes some reward by a temperature, if that is more (of a feature that is nowhere as large as that).
    max_iter : int, optional
        Default 200 ("newton"), 1000 ("lbfgs") or 2000 ("gradient-ascent").
    warm_start : bool
        Start from the previous fit's `coef_` and `value_`.
    covariance : "observed", "opg", "robust" or "clustered"
        Which covariance of the coefficients `covariance_` is: inverse curvature, inverse outer product of the scores of
        decisions, sandwich with the scores of trajectories, or of groups of them (``fit(X, groups=...)``). Feature matching
        with a discount is an M-estimator, for which the first two become sandwiches too: see `Information.covariance`.
    feature_names : sequence of K str, optional
        None: the columns of `features`, if it is a data frame.
    record_iterates : bool
        Keep the coefficients of every iteration in `coef_path_`.
    callback : callable, optional
        Called with a `Progress` (iteration, loss, gradient) after every iteration.
    n_jobs : int, optional
        Workers among which the goals of demonstrations are divided, as joblib counts them: threads, or what
        ``joblib.parallel_config`` names: processes ("loky"), or the machines of a dask cluster ("dask", with the extra
        ``[distributed]``). When a worker is lost, its share is computed again.

    Attributes
    ----------
    coef_ : (K,) array
    reward_ : (S,) array, or (S, A) for features per action
    policy_ : (S, A) or (T, S, A) array
    value_ : (S,) or (T + 1, S) array
        Soft value.
    visitations_ : (S, A) or (T, S, A) array
        Expected visitations of `policy_` from the demonstrated first states, per trajectory, computed when first asked for.
        These three are not there where the demonstrations have goals, as each goal has a policy of its own: ask `solve`,
        `goal_policies` and `predict_proba`, which take any goal.
    l2_ : float
        Precision of the prior that was used.
    feature_gap_ : (K,) array
        Demonstrated minus expected features per decision: the gradient of the mean log-likelihood, times alpha.
    largest_gradient_ : float
        Largest component of the gradient of the penalised loss per decision, to be compared with `tol`.
    log_likelihood_ : float
        Of all decisions, weighted, nats.
    loss_curve_ : list of float
        Mean negative penalised objective per decision, at the start and after each iteration (unchanged by steps taken back).
    coef_path_ : (steps + 1, K) array
        With `record_iterates`.
    n_iter_, converged_ : int, bool
    n_decisions_, n_trajectories_ : int
        Of weight above zero.
    covariance_ : (K, K) array
    standard_errors_ : (K,) array
    information_ : Information
        These three are computed when first asked for, from the exact Hessian and the demonstrations of the fit.

    Raises
    ------
    ValueError
        For bad input, naming the offending state, action, trajectory and step.

    Warns
    -----
    ConvergenceWarning
        If the fit did not converge; attributes are set all the same.
    IdentifiabilityWarning
        If the demonstrations leave directions of the coefficients undetermined, naming them; `coef_` is then the answer of
        least norm. Or if they never show a feature that could have followed, and the worse it is made, the greater the
        objective, so that there is no maximum. Looked at without `l2` and for up to 256 features. Not warned of, because rewards
        per state (``features=None``) always have them: the constant, and the rewards of states in which nothing is decided.

    References
    ----------
    Ziebart, Maas, Bagnell & Dey (2008), Maximum entropy inverse reinforcement learning, AAAI. Ziebart, Bagnell & Dey (2010),
    Modeling interaction via the principle of maximum causal entropy, ICML.
    """

    mdp: MDP
    features: Any = None
    _: KW_ONLY
    temperature: float = 1.0
    action_prior: ArrayLike | None = None
    inference: str = "variational"
    objective: str = "likelihood"
    l2: float | str = 0.0
    solver: str = "auto"
    tol: float = 1e-6
    max_iter: int | None = None
    warm_start: bool = False
    covariance: str = "observed"
    feature_names: Any = None
    record_iterates: bool = False
    callback: Callable[[Progress], None] | None = None
    n_jobs: int | None = None

    def fit(
        self, X: Any, y: None = None, *, groups: ArrayLike | None = None, coef_init: ArrayLike | None = None
    ) -> MaxEntIRL:
        """Recover the reward from demonstrations.

        Parameters
        ----------
        X : Demonstrations, or anything its constructor takes, such as a list of (T, 2) arrays or (states, actions) pairs
        y : ignored
        groups : (n,) array of labels, optional
            What each trajectory belongs to, such as an animal: for ``covariance="clustered"``. The fit does not depend on it.
        coef_init : (K,) array, optional
            Coefficients to start from. None: the previous ones with `warm_start`, otherwise zero. Where the soft value is
            infinite at zero (undiscounted problems) the start is costs as equal as the features allow. Under exact inference
            with stochastic dynamics, the objective "likelihood" has plateaus: a fit that ends on one starts again from such
            costs.

        Returns
        -------
        self
        """
        new = self.posed(X, groups)
        demonstrations = new.demonstrations
        previous: Fit | None = getattr(self, "fit_", None) if self.warm_start else None
        coef, start = self._start(new, previous, coef_init)
        loss, size = self._loss(new, coef, start)
        undetermined, coef = ignore_undetermined(loss, coef, size)
        if isinstance(self.l2, str):
            new = replace(new, l2=self._chosen_l2(new, loss, coef))
            loss.penalise(new.l2)
        options = {name: getattr(self, name) for name in ("solver", "tol", "max_iter", "callback", "record_iterates")}
        optimum = self._minimise(loss, coef, **options)
        if self.inference == "exact" and self.objective == "likelihood" and not self.mdp.structure.deterministic:
            optimum = leave_plateau(optimum, size, undetermined, lambda start: minimise(loss, start, **options))
        self._store(optimum, new)
        recession = recession_at(optimum, size, undetermined)
        unheld = without_maximum(loss, self.coef_, demonstrations, undetermined)
        if len(unheld):
            recession = with_features(recession, unheld, self.coef_, undetermined)
        self.fit_ = replace(self.fit_, recession=recession)
        warn_of_silence(
            undetermined if not new.l2 else undetermined[:, :0],  # a prior is a choice among these
            size,
            unheld,
            recession,
            new.names,
            self.mdp,
            state_rewards=self.features is None,
            stacklevel=2,
        )
        if not optimum.converged:
            warnings.warn(
                f"the fit did not converge: after {optimum.n_iter} iterations the largest gradient component per decision is "
                f"{optimum.point.gradient_norm:.3g}, not {self.tol:.3g} ({optimum.message}). Raise max_iter, loosen tol, "
                "scale the features to similar size, or add l2 if some coefficients run away",
                ConvergenceWarning,
                stacklevel=2,
            )
        return self

    def _chosen_l2(self, new: Fit, loss: Loss, coef: NDArray) -> float:
        """The precision of greatest evidence; of the decisions, where the objective is no likelihood."""
        if not new.objective.information_equality:
            new = replace(new, weighting="likelihood")
            loss, size = self._loss(new, coef, None)
            _, coef = ignore_undetermined(loss, coef, size)
        return choose_l2(new, loss, coef, solver=self.solver)

    _minimise = staticmethod(minimise)

    def weighted_points(self) -> list[ObjectivePoint]:
        """Of the fit: the gradients of these objectives add up to that of the log-likelihood, in units of reward."""
        check_is_fitted(self)
        return [self.fit_.point]

    def posed(self, X: Any, groups: ArrayLike | None = None) -> Fit:
        """The problem before it is solved, everything checked: a `Fit` at zero."""
        self._check_parameters()
        demonstrations = X if isinstance(X, Demonstrations) else Demonstrations(X)
        check_feasible(demonstrations, self.mdp)
        check_choices(self.mdp, demonstrations)
        return self._posed(demonstrations, groups)

    @property
    def reward_description_(self) -> str:
        """The form of the reward in a few words, for reports."""
        check_is_fitted(self)
        return "one reward per state" if self.features is None else f"{len(self.coef_):,} features"

    def _check_parameters(self) -> None:
        check_mdp(self.mdp)
        check_choice("inference", self.inference, INFERENCES)
        check_choice("objective", self.objective, OBJECTIVES)
        check_choice("solver", self.solver, SOLVERS)
        check_choice("covariance", self.covariance, COVARIANCES)
        check_temperature(self.temperature, finite_positive=True)
        if isinstance(self.l2, str):
            check_choice("l2", self.l2, CHOICES_OF_L2)
        else:
            check_positive("l2", self.l2, or_zero=True)
        check_positive("tol", self.tol)
        check_max_iter(self.max_iter, 0)
        check_n_jobs(self.n_jobs)
        if self.callback is not None and not callable(self.callback):
            raise ValueError(f"callback must be a function that takes a Progress, or None; got {self.callback!r}")

    def _reward_model(self) -> RewardModel:
        """`features` if it is a reward model, otherwise the reward linear in these features."""
        model = self.features if isinstance(self.features, RewardModel) else LinearReward(self.mdp, self.features)
        names = self.feature_names
        if isinstance(names, str):
            raise ValueError(f"feature_names must be a list of names; got the text {names!r}")
        if names is not None and len(names) != model.n_parameters:
            raise ValueError(f"feature_names has {len(names)} names for {model.n_parameters} features")
        repeated = [name for name, n in Counter(() if names is None else names).items() if n > 1]
        if repeated:
            raise ValueError(f"feature_names has {repeated[0]!r} more than once: give every feature a name of its own")
        return model

    def _posed(self, demonstrations: Demonstrations, groups: ArrayLike | None) -> Fit:
        model = self._reward_model()
        if groups is not None:
            groups = np.asarray(groups)
            if groups.shape != (len(demonstrations),):
                raise ValueError(
                    f"groups must hold one label per trajectory, shape ({len(demonstrations)},); got shape {groups.shape}"
                )
        return self._make_fit(
            agent=SoftAgent(self.mdp, self.temperature, self.action_prior, self.inference),
            reward_model=model,
            theta=np.zeros(model.n_parameters),
            demonstrations=demonstrations,
            weighting=self.objective,
            names=self._coefficient_names(model.n_parameters, demonstrations),
            groups=groups,
            l2=0.0 if isinstance(self.l2, str) else self.l2,
            n_jobs=self.n_jobs,
        )

    def _make_fit(self, **fields: Any) -> Fit:
        return Fit(**fields)

    def _coefficient_names(self, n: int, demonstrations: Demonstrations) -> list[str]:
        names = column_names(self.features) if self.feature_names is None else self.feature_names
        if names is not None:
            return [str(name) for name in names]
        if self.features is not None:
            kind = "parameter" if isinstance(self.features, RewardModel) else "feature"
            return [f"{kind} {k}" for k in range(n)]
        labels = demonstrations.state_labels
        if labels is not None and len(labels) == n:
            return [str(label) for label in labels]
        return [f"state {s}" for s in range(n)]

    def _start(self, new: Fit, previous: Fit | None, coef_init: ArrayLike | None) -> tuple[NDArray, Any]:
        """Coefficients to start from, and values V if the previous fit was of the same problem."""
        K = new.reward_model.n_parameters
        if coef_init is not None:
            coef = check_numbers("coef_init", coef_init).copy()
            if coef.shape != (K,) or not np.isfinite(coef).all():
                raise ValueError(f"coef_init must be {K} finite numbers; got {coef_init!r}")
        else:
            coef = np.zeros(K)
        if previous is None or len(previous.theta) != K:
            return coef, None
        start = previous.start if _same_problem(previous, new) else None
        return (previous.theta if coef_init is None else coef), start

    def _loss(self, new: Fit, coef: NDArray, start: Any) -> tuple[Loss, NDArray]:
        """The loss, and what each feature could tell at most, (K,)."""
        objective = new.objective
        features = features_of(new.reward_model, coef)
        if features is None:  # nothing is known about the scale of the parameters
            return Loss(objective, new.l2, start), np.ones(len(coef))
        size = feature_size(features, self.mdp, self.temperature, objective.total_weight)
        return Loss(objective, new.l2, start, gradient_unit(size, objective.total_weight)), size

    def _store(self, optimum: Optimum, new: Fit) -> None:
        keep(self, new, optimum.point.inner)
        self.l2_ = self.fit_.l2
        self.loss_curve_ = optimum.loss_curve
        if self.record_iterates:
            self.coef_path_ = np.array(optimum.coef_path)
        self.n_iter_, self.converged_ = optimum.n_iter, optimum.converged
        self.n_features_in_ = len(self.coef_)
        self.largest_gradient_ = optimum.point.gradient_norm


def _same_problem(previous: Fit, new: Fit) -> bool:
    """Whether values of the previous fit are of the same states, horizon and goals, so that they can start the new one."""
    before, after = previous.demonstrations.goals, new.demonstrations.goals
    same_goals = before is after or (
        before is not None and after is not None and np.array_equal(np.unique(before), np.unique(after))
    )
    return previous.agent.mdp is new.agent.mdp and same_goals
