"""Maximum-entropy inverse reinforcement learning with a reward linear in features."""

from __future__ import annotations

import warnings
from collections import Counter
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator
from sklearn.exceptions import ConvergenceWarning
from sklearn.utils.validation import check_is_fitted

from .._labelled import as_demonstrations, demonstrations_for
from .._validation import (
    INFERENCES,
    check_choice,
    check_indices,
    check_max_iter,
    check_n_jobs,
    check_numbers,
    check_positive,
    check_temperature,
)
from ..demonstrations import Demonstrations
from ..goal_likelihood import likelihood_of, log_prior_of
from ..goal_policies import GoalPolicies
from ..inference import SoftSolution, soft_value_iteration
from ..information import COVARIANCES
from ..mdp import MDP, check_mdp
from ..rewards import LinearReward
from ..sufficient_statistics import OBJECTIVES, check_possible
from ..task_sums import Likelihood
from . import _precision
from ._one_policy import OnePolicy
from ._solvers import SOLVERS, Loss, Progress, minimise
from ._standard_errors import StandardErrors


class MaxEntIRL(OnePolicy, StandardErrors, BaseEstimator):
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
    objective : "feature-matching" or "likelihood"
        Whether decision t weighs ``discount ** t``, so that expected features equal demonstrated ones, or 1.
    l2 : float >= 0
        Precision of a zero-mean Gaussian prior on each coefficient: ``l2 / 2 * |coef|^2`` is taken from the total
        log-likelihood (a sum over decisions, not a mean).
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

    def __init__(
        self,
        mdp: MDP,
        features: ArrayLike | None = None,
        *,
        temperature: float = 1.0,
        action_prior: ArrayLike | None = None,
        inference: str = "variational",
        objective: str = "feature-matching",
        l2: float = 0.0,
        solver: str = "auto",
        tol: float = 1e-6,
        max_iter: int | None = None,
        warm_start: bool = False,
        covariance: str = "observed",
        feature_names: Any = None,
        record_iterates: bool = False,
        callback: Callable[[Progress], None] | None = None,
        n_jobs: int | None = None,
    ) -> None:
        self.mdp = mdp
        self.features = features
        self.temperature = temperature
        self.action_prior = action_prior
        self.inference = inference
        self.objective = objective
        self.l2 = l2
        self.solver = solver
        self.tol = tol
        self.max_iter = max_iter
        self.warm_start = warm_start
        self.covariance = covariance
        self.feature_names = feature_names
        self.record_iterates = record_iterates
        self.callback = callback
        self.n_jobs = n_jobs

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
            Coefficients to start from. None: the previous ones with `warm_start`, otherwise zero; where the soft value is
            infinite at zero (undiscounted problems), costs as equal as the features allow. Under exact inference with chance,
            the objective "likelihood" has plateaus: a climb that ends on one starts again from such costs.

        Returns
        -------
        self
        """
        self._check_parameters()
        demonstrations = as_demonstrations(X)
        demonstrations.validate_against(self.mdp)
        model = LinearReward(self.mdp, self.features)
        if isinstance(self.feature_names, str):
            raise ValueError(f"feature_names must be a list of names; got the text {self.feature_names!r}")
        if self.feature_names is not None and len(self.feature_names) != model.n_features:
            raise ValueError(f"feature_names has {len(self.feature_names)} names for {model.n_features} features")
        repeated = [
            name for name, n in Counter(() if self.feature_names is None else self.feature_names).items() if n > 1
        ]
        if repeated:
            raise ValueError(f"feature_names has {repeated[0]!r} more than once: give every feature a name of its own")
        self._remember(demonstrations, groups)
        likelihood = self._likelihood(demonstrations, model)
        warm = self.warm_start and hasattr(self, "coef_") and len(self.coef_) == model.n_features
        coef = self.coef_ if warm else np.zeros(model.n_features)
        if coef_init is not None:
            coef = check_numbers("coef_init", coef_init).copy()
            if coef.shape != (model.n_features,) or not np.isfinite(coef).all():
                raise ValueError(f"coef_init must be {model.n_features} finite numbers; got {coef_init!r}")
        values = self._values if warm and len(self._values) == len(likelihood.tasks) else None
        size = _precision.feature_size(model, self.mdp, self.temperature, likelihood.total_weight)
        unit = _precision.gradient_unit(size, likelihood.total_weight)
        loss = Loss(
            likelihood,
            self.l2,
            log_prior_of(self.mdp, self.action_prior, demonstrations, likelihood.tasks),
            values,
            unit,
        )
        undetermined, coef = _precision.ignore_undetermined(loss, coef, size)
        options = {name: getattr(self, name) for name in ("solver", "tol", "max_iter", "callback", "record_iterates")}
        fit = minimise(loss, coef, **options)
        if self.inference == "exact" and self.objective == "likelihood" and not self.mdp.structure.deterministic:
            fit = _precision.leave_plateau(fit, size, undetermined, lambda start: minimise(loss, start, **options))
        self._store(fit, model, demonstrations)
        unheld = _precision.without_maximum(loss, self.coef_, demonstrations, undetermined, self.inference)
        names, state_rewards = self._coefficient_names(), self.features is None
        _precision.warn_of_silence(
            undetermined, size, unheld, names, self.mdp, state_rewards=state_rewards, stacklevel=2
        )
        if not fit.converged:
            warnings.warn(
                f"the fit did not converge: after {fit.n_iter} iterations the largest gradient component per decision is "
                f"{fit.point.gradient_norm:.3g}, not {self.tol:.3g} ({fit.message}). Raise max_iter, loosen tol, scale the "
                "features to similar size, or add l2 if some coefficients run away",
                ConvergenceWarning,
                stacklevel=2,
            )
        return self

    def score(self, X: Any, y: None = None) -> float:
        """Mean log-likelihood per decision, nats, each decision weighing its trajectory's weight."""
        check_is_fitted(self)
        demonstrations = demonstrations_for(self, X)
        s, a, t = demonstrations.states, demonstrations.actions, demonstrations.times
        if demonstrations.goals is not None:
            log_p = self.goal_policies().log_probabilities(s, a, demonstrations.goals[demonstrations.trajectory_ids], t)
            for i in np.unique(demonstrations.trajectory_ids[np.isneginf(log_p)])[:1]:
                trip = demonstrations[[i]]
                check_possible(self.mdp.with_goal(int(trip.goals[0])), trip, self.inference)
        else:
            self._check_goal(None, "demonstrations with theirs, Demonstrations(..., goals=...)")
            check_possible(self.mdp, demonstrations, self.inference)
            policy = self.solve().policy
            with np.errstate(divide="ignore"):
                log_p = np.log(policy[(s, a) if policy.ndim == 2 else (t, s, a)])
        return _weighted_sum(demonstrations, log_p) / float(demonstrations.weights @ demonstrations.lengths)

    def predict_proba(
        self, states: ArrayLike, times: ArrayLike | None = None, *, goals: ArrayLike | None = None
    ) -> NDArray:
        """Probability of each action in the given states, (n, A).

        Parameters
        ----------
        states : (n,) int array
        times : (n,) int array, optional
            Steps already taken; needed, and only used, with a finite horizon.
        goals : int or (n,) int array, optional
            The goal on the way to which each decision is taken; any state, whether or not a demonstration had it. Needed where
            the demonstrations had goals.
        """
        check_is_fitted(self)
        if goals is not None:
            return self.goal_policies().probabilities(states, goals, times)
        self._check_goal(goals, "goals=, one or one per state")
        states = check_indices("states", states, self.mdp.n_states)
        if self.mdp.horizon is None:
            return np.ascontiguousarray(self.policy_[states])
        if times is None:
            raise ValueError("with a finite horizon the policy depends on time: pass times=, the steps already taken")
        times = check_indices("times", times, self.mdp.horizon, n_entries=len(states))
        return np.ascontiguousarray(self.policy_[times, states])

    def predict(self, states: ArrayLike, times: ArrayLike | None = None, *, goals: ArrayLike | None = None) -> NDArray:
        """Most likely action in the given states, (n,); -1 where none is taken: in terminal states, goals and dead ends."""
        probabilities = self.predict_proba(states, times, goals=goals)
        return np.where(probabilities.any(axis=1), probabilities.argmax(axis=1), -1)

    def goal_policies(self) -> GoalPolicies:
        """The fitted reward's policies towards any goals: choices, trips, and the base of `maxent_irl.routes`."""
        check_is_fitted(self)
        if self._goal_policies is None:
            self._goal_policies = self._make_policies()
        return self._goal_policies

    def _make_policies(self) -> GoalPolicies:
        return GoalPolicies(
            self.mdp,
            self.reward_,
            temperature=self.temperature,
            action_prior=self.action_prior,
            inference=self.inference,
            n_jobs=self.n_jobs,
        )

    def solve(self, goal: int | None = None) -> SoftSolution:
        """Solution of the fitted model: V, Q and policy; on the way to a goal, needed where the demonstrations had goals."""
        check_is_fitted(self)
        self._check_goal(goal, "goal=")
        return soft_value_iteration(
            self.mdp if goal is None else self.mdp.with_goal(goal),
            self.reward_,
            temperature=self.temperature,
            action_prior=self.action_prior,
            inference=self.inference,
            # On the edge of what is proper, only a start at the solution is sure to find it again.
            initial_values=self.value_ if goal is None and self.mdp.horizon is None else None,
        )

    def _check_parameters(self) -> None:
        check_mdp(self.mdp)
        check_choice("inference", self.inference, INFERENCES)
        check_choice("objective", self.objective, OBJECTIVES)
        check_choice("solver", self.solver, SOLVERS)
        check_choice("covariance", self.covariance, COVARIANCES)
        check_temperature(self.temperature, finite_positive=True)
        check_positive("l2", self.l2, or_zero=True)
        check_positive("tol", self.tol)
        check_max_iter(self.max_iter, 0)
        check_n_jobs(self.n_jobs)
        if self.callback is not None and not callable(self.callback):
            raise ValueError(f"callback must be a function that takes a Progress, or None; got {self.callback!r}")

    def _likelihood(self, demonstrations: Demonstrations, model: LinearReward) -> Likelihood:
        return likelihood_of(
            self.mdp,
            model,
            demonstrations,
            objective=self.objective,
            temperature=self.temperature,
            action_prior=self.action_prior,
            inference=self.inference,
            n_jobs=self.n_jobs,
        )

    def _store(self, fit: Any, model: LinearReward, demonstrations: Demonstrations) -> None:
        inner = fit.point.inner
        self.coef_ = inner.coef.copy()
        reward = model(self.coef_)
        self.reward_ = reward if model.per_state else reward.T
        self.loss_curve_ = fit.loss_curve
        if self.record_iterates:
            self.coef_path_ = np.array(fit.coef_path)
        self.n_iter_, self.converged_ = fit.n_iter, fit.converged
        self.n_features_in_ = model.n_features
        counted = demonstrations.weights > 0
        self.n_decisions_, self.n_trajectories_ = int(demonstrations.lengths[counted].sum()), int(counted.sum())
        self.largest_gradient_ = fit.point.gradient_norm
        self.feature_gap_ = inner.gradient / fit.point.loss.scale
        self._values = [point.values for point in inner.points]
        self._goal_policies = None
        self._of_all = {}
        if demonstrations.goals is None:
            solution = inner.points[0].solution
            self._of_all = {"value_": solution.V, "policy_": solution.policy}
            # Not by `score`, which solves again: on the edge of what is proper that may fail.
            at = (demonstrations.states, demonstrations.actions)
            with np.errstate(divide="ignore"):
                log_p = np.log(self.policy_[at if self.policy_.ndim == 2 else (demonstrations.times, *at)])
            self.log_likelihood_ = _weighted_sum(demonstrations, log_p)
        else:
            self.log_likelihood_ = self.score(demonstrations) * float(demonstrations.weights @ demonstrations.lengths)


def _weighted_sum(demonstrations: Demonstrations, log_p: NDArray) -> float:
    """Total log-probability of the decisions by the weight of their trajectories; a weight of zero forgives the impossible."""
    weights = demonstrations.weights[demonstrations.trajectory_ids]
    return float(weights @ np.where(weights > 0, log_p, 0.0))
