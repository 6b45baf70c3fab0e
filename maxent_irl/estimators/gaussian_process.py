"""Inverse reinforcement learning with a Gaussian process as the prior of the reward."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from dataclasses import KW_ONLY, dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import optimize
from sklearn.base import clone
from sklearn.cluster import KMeans
from sklearn.exceptions import ConvergenceWarning
from sklearn.gaussian_process.kernels import ConstantKernel, Kernel, Matern
from sklearn.utils import check_random_state
from sklearn.utils.validation import check_is_fitted

from .._checks import check_count, check_finite, check_max_iter, check_numbers, check_positive
from ..inference.cycles import ImproperProblemError
from ..likelihood.evidence import Evidence, laplace_evidence
from ..likelihood.objective import Objective, with_reward_model
from ..rewards import GaussianProcessReward, Inputs
from .fit import Fit, keep
from .learned import LearnedReward, constant_matters
from .optimisers import Loss, Optimum, Progress
from .posterior_mode import posterior_mode

OPTIMIZER = "fmin_l_bfgs_b"  # scikit-learn's word
LENGTH_SCALES = (0.1, 10.0)  # bounds of the default kernel, in standard deviations of an input
VARIANCES = (1e-3, 1e4)
MAX_ITER = 100
SEARCH_TOLERANCE = 1e-4  # of the maximum for kernels on the way
PRIOR_START = 1e-3  # weight of the norm when weights are found for the reward of the kernel before


@dataclass(frozen=True)
class Trial:
    """The maximum of the posterior for one kernel, and its evidence."""

    optimum: Optimum
    model: GaussianProcessReward
    evidence: Evidence


class EvidenceOfKernels:
    """The evidence as a function of hyperparameters; each maximum starts from the reward of the one before."""

    def __init__(
        self,
        objective: Objective,
        inputs: Inputs,
        inducing: NDArray,
        kernel: Kernel,
        tol: float,
        max_iter: int,
        callback: Callable[[Progress], None] | None = None,
    ) -> None:
        self.objective, self.inputs, self.inducing, self.kernel = objective, inputs, inducing, kernel
        self.tol, self.max_iter, self.callback = tol, max_iter, callback
        self.reward: NDArray | None = None  # where the next maximum starts
        self.values: Any = None
        self.best: Trial | None = None
        self.n_evaluations = 0

    def at(self, hyperparameters: NDArray) -> Trial:
        """Find the maximum of the posterior, and the evidence there."""
        kernel = self.kernel.clone_with_theta(hyperparameters)
        model = GaussianProcessReward(kernel, self.inputs, self.inducing)
        objective = with_reward_model(self.objective, model)
        weights = np.zeros(model.n_parameters)
        if self.reward is not None:
            phi = np.asarray(model.features.matrix)
            gram = phi.T @ phi
            gram[np.diag_indices_from(gram)] += PRIOR_START * max(1.0, float(np.trace(gram)) / len(gram))
            weights = np.linalg.solve(gram, phi.T @ self.reward.ravel())
        loss = Loss(objective, 1.0, self.values)
        optimum, curvatures = posterior_mode(loss, weights, tol=self.tol, max_iter=self.max_iter)
        point = optimum.point.inner
        assert point is not None
        mass = sum((curvature.point.mass for curvature in curvatures), np.zeros(self.inputs.shape))
        trial = Trial(optimum, model, laplace_evidence(objective, point, curvatures, mass))
        self.n_evaluations += 1
        self.reward, self.values = model(point.theta), point.values
        if self.callback is not None:
            loss_per_decision = -trial.evidence.value / objective.total_weight
            self.callback(Progress(self.n_evaluations - 1, loss_per_decision, optimum.point.gradient_norm))
        if self.best is None or trial.evidence.value > self.best.evidence.value:
            self.best = trial
        return trial

    def loss(self, hyperparameters: NDArray, eval_gradient: bool = True) -> Any:
        """Minus the evidence and its gradient, as scikit-learn's optimisers of kernels take them."""
        try:
            trial = self.at(hyperparameters)
        except (ImproperProblemError, ValueError):
            if self.best is None:
                raise
            trial = None
        if trial is None or not np.isfinite(trial.evidence.value):
            assert self.best is not None
            value, gradient = 1e10 * (1 + abs(self.best.evidence.value)), np.zeros(len(hyperparameters))
        else:
            value, gradient = -trial.evidence.value, -trial.model.pulled_back(trial.evidence.gradient)
        return (value, gradient) if eval_gradient else value


@dataclass(eq=False, repr=False)
class GaussianProcessIRL(LearnedReward):
    r"""Recover a reward that is a smooth, unknown function of inputs, with errors.

    The prior of the reward is a Gaussian process. For given hyperparameters the estimate is the exact maximum of the posterior.
    The hyperparameters maximise Laplace's approximation to the evidence. The posterior is Gaussian at any inputs, those of
    another world included.

    Parameters
    ----------
    mdp : MDP
    inputs : (S, D) or (S, A, D) array
        What the reward is a function of.
    kernel : sklearn.gaussian_process.kernels.Kernel, optional
        Its hyperparameters are starts, with bounds; those that are "fixed" stay. None: a constant times a
        `Matern` kernel (``nu=1.5``) with a length scale per input that starts at the standard deviation of the input.
    inducing : int or (m, D) array
        Number of inducing inputs, found by k-means among the inputs; all distinct inputs if there are no more. Or the inputs
        themselves.
    optimizer : "fmin_l_bfgs_b", callable or None
        As for `sklearn.gaussian_process.GaussianProcessRegressor`. None: hyperparameters stay.
    n_restarts_optimizer : int
        Further starts of the hyperparameters, log-uniform within the bounds.
    max_iter_hyperparameters : int
        Largest number of iterations of "fmin_l_bfgs_b" per start.
    tol : float
        Of the maximum of the posterior: largest gradient component per decision.
    max_iter : int, optional
        Largest number of Newton steps towards each maximum.
    transformer : scikit-learn transformer, optional
        Applied to the inputs first, such as ``StandardScaler()`` or a pipeline.
    temperature, action_prior, inference, covariance, callback, n_jobs
        As for `MaxEntIRL`. The callback is called for every kernel that is tried. Its loss is minus the evidence per decision.
    warm_start : bool
        Start from the previous fit's `kernel_` and reward.
    random_state : int, RandomState or None
        For k-means and restarts.

    Attributes
    ----------
    kernel_ : Kernel
        With the fitted hyperparameters. A length scale at its upper bound says that an input does not matter.
    log_marginal_likelihood_ : float
        The evidence (Laplace), nats.
    inducing_inputs_ : (m, D') array
        Transformed.
    coef_ : (m,) array
        Weights w of ``r = Phi w``.
    reward_ : (S,), (S, A) or (T, S, A) array
        Posterior mean.
    reward_std_ : like `reward_`
        Posterior standard deviation. Where demonstrations cannot determine a constant that is added to all rewards, that of the
        reward less its mean over the world.
    constant_determined_ : bool
        Whether they can.
    policy_, value_, visitations_, log_likelihood_, converged_, n_iter_, fit_, ...
        As of `MaxEntIRL`.

    Raises
    ------
    ValueError
        For bad input, naming the offender.

    Warns
    -----
    ConvergenceWarning
        If a maximum or the search for hyperparameters did not converge.

    References
    ----------
    Levine, S., Popović, Z. and Koltun, V. (2011). Nonlinear inverse reinforcement learning with Gaussian processes. Advances in
    Neural Information Processing Systems 24, 19-27. There the hyperparameters are found together with the rewards; here the
    rewards are integrated out.
    """

    kernel: Any = None
    _: KW_ONLY
    inducing: Any = 200
    optimizer: str | Callable | None = OPTIMIZER
    n_restarts_optimizer: int = 0
    max_iter_hyperparameters: int = 50
    tol: float = 1e-6
    max_iter: int | None = None
    l2: float = field(default=1.0, init=False)  # weights have the prior N(0, I)

    def fit(self, X: Any, y: None = None, *, groups: ArrayLike | None = None) -> GaussianProcessIRL:
        """Recover the reward from demonstrations.

        Parameters
        ----------
        X : Demonstrations, or anything its constructor takes
        y : ignored
        groups : (n,) array of labels, optional
            For ``covariance="clustered"``.
        """
        demonstrations, inputs = self._read(X)
        random = check_random_state(self.random_state)
        kernel = self._kernel(inputs)
        inducing = self._inducing_inputs(inputs, random)
        model = GaussianProcessReward(kernel, inputs, inducing)
        names = [f"weight {k}" for k in range(model.n_parameters)]
        new = self._posed(demonstrations, model, names, 1.0, groups)
        cap = check_max_iter(self.max_iter, MAX_ITER)
        search = EvidenceOfKernels(
            new.objective, inputs, inducing, kernel, max(self.tol, SEARCH_TOLERANCE), cap, self.callback
        )
        if self.warm_start and hasattr(self, "fit_") and np.shape(self.reward_) == np.shape(new.reward):
            search.reward = self.fit_.reward_model(self.fit_.theta)
        self._search(search, random)
        assert search.best is not None
        best = search.best
        if best.optimum.point.gradient_norm > self.tol:
            search.tol, search.reward = self.tol, best.model(best.optimum.point.coef)
            best = search.at(best.model.kernel.theta)
        self._store(best, replace(new, reward_model=best.model), inputs, search)
        return self

    def _check_parameters(self) -> None:
        super()._check_parameters()
        if self.kernel is not None and not isinstance(self.kernel, Kernel):
            raise ValueError(
                f"kernel must be one of sklearn.gaussian_process.kernels, or None for the default; got {self.kernel!r}"
            )
        for hyperparameter in () if self.kernel is None else self.kernel.hyperparameters:
            bounds = hyperparameter.bounds
            if not hyperparameter.fixed and not (np.isfinite(bounds).all() and (np.asarray(bounds) > 0).all()):
                raise ValueError(
                    f"the kernel's {hyperparameter.name} has the bounds {bounds.tolist()}: give it finite bounds > 0, or "
                    f'{hyperparameter.name}_bounds="fixed"'
                )
        if self.optimizer not in (None, OPTIMIZER) and not callable(self.optimizer):
            raise ValueError(f"optimizer must be {OPTIMIZER!r}, a function, or None; got {self.optimizer!r}")
        check_count("n_restarts_optimizer", self.n_restarts_optimizer, at_least=0)
        check_count("max_iter_hyperparameters", self.max_iter_hyperparameters)
        check_positive("tol", self.tol)
        check_max_iter(self.max_iter, 0)
        if np.ndim(self.inducing) == 0:
            check_count("inducing", self.inducing)

    def _kernel(self, inputs: Inputs) -> Kernel:
        if self.warm_start and hasattr(self, "kernel_"):
            return clone(self.kernel_)
        D = inputs.table.shape[1]
        if self.kernel is None:
            scale = inputs.table[inputs.read].std(axis=0)
            scale = np.where(scale > 0, scale, 1.0)
            return ConstantKernel(1.0, VARIANCES) * Matern(scale, scale[:, None] * LENGTH_SCALES, nu=1.5)
        kernel = clone(self.kernel)
        try:
            kernel(inputs.table[:1])
        except ValueError as error:
            raise ValueError(f"the kernel does not fit inputs of {D} columns: {error}") from None
        return kernel

    def _inducing_inputs(self, inputs: Inputs, random: np.random.RandomState) -> NDArray:
        if np.ndim(self.inducing):
            given = check_numbers("inducing", self.inducing)
            check_finite("inducing", given, ("row", "column")[: given.ndim])
            return inputs.elsewhere(given)[0]
        rows = inputs.table[inputs.read]
        if len(rows) <= self.inducing:
            return rows
        scale = rows.std(axis=0)
        scale = np.where(scale > 0, scale, 1.0)
        found = KMeans(self.inducing, n_init=1, random_state=random).fit(rows / scale)
        return found.cluster_centers_ * scale

    def _search(self, search: EvidenceOfKernels, random: np.random.RandomState) -> None:
        """Maximise the evidence over the hyperparameters; `search` keeps the best."""
        kernel = search.kernel
        if self.optimizer is None or kernel.n_dims == 0:
            search.at(kernel.theta)
            return
        bounds = kernel.bounds
        starts = [kernel.theta] + [random.uniform(*bounds.T) for _ in range(self.n_restarts_optimizer)]
        for start in starts:
            if callable(self.optimizer):
                self.optimizer(search.loss, start, bounds)
                continue
            options = {"maxiter": self.max_iter_hyperparameters, "ftol": 1e-5, "gtol": 1e-2}
            result = optimize.minimize(search.loss, start, jac=True, method="L-BFGS-B", bounds=bounds, options=options)
            if result.status == 1:
                warnings.warn(
                    f"the search for hyperparameters did not converge in {self.max_iter_hyperparameters} iterations; raise "
                    "max_iter_hyperparameters, or narrow the bounds of the kernel",
                    ConvergenceWarning,
                    stacklevel=3,
                )

    def _store(self, best: Trial, new: Fit, inputs: Inputs, search: EvidenceOfKernels) -> None:
        optimum = best.optimum
        self.inputs_, self.kernel_, self.inducing_inputs_ = inputs, best.model.kernel, search.inducing
        self.log_marginal_likelihood_ = best.evidence.value
        self.n_evaluations_ = search.n_evaluations
        self.n_features_in_ = inputs.n_columns
        keep(self, new, optimum.point.inner)
        self.loss_curve_, self.n_iter_, self.converged_ = optimum.loss_curve, optimum.n_iter, optimum.converged
        self.largest_gradient_ = optimum.point.gradient_norm
        self.posterior_covariance_ = best.evidence.covariance
        self.constant_determined_ = constant_matters(optimum.point.inner)
        std = inputs.spread(self._deviation(inputs.table))
        self.reward_std_ = std if std.ndim == 1 else np.swapaxes(std, -1, -2)
        if not optimum.converged:
            warnings.warn(
                f"the fit did not converge: after {optimum.n_iter} iterations the largest gradient component per decision is "
                f"{optimum.point.gradient_norm:.3g}, not {self.tol:.3g} ({optimum.message}). Raise max_iter, or loosen tol",
                ConvergenceWarning,
                stacklevel=3,
            )

    @property
    def reward_description_(self) -> str:
        """The form of the reward in a few words, for reports."""
        check_is_fitted(self)
        return f"Gaussian process of {self.n_features_in_} inputs, {len(self.coef_):,} inducing inputs"

    def log_marginal_likelihood(
        self, theta: ArrayLike | None = None, eval_gradient: bool = False
    ) -> float | tuple[float, NDArray]:
        """The evidence of other hyperparameters for the demonstrations of the fit, as scikit-learn's Gaussian processes give it.

        Parameters
        ----------
        theta : (P,) array, optional
            Logarithms of the free hyperparameters, as ``kernel_.theta``. None: the fitted ones.
        eval_gradient : bool
            Return the derivative with respect to `theta` too.
        """
        check_is_fitted(self)
        cap = check_max_iter(self.max_iter, MAX_ITER)
        inducing, kernel = self.inducing_inputs_, self.kernel_
        search = EvidenceOfKernels(self.fit_.objective, self.inputs_, inducing, kernel, self.tol, cap)
        search.reward = self.fit_.reward_model(self.coef_)
        trial = search.at(kernel.theta if theta is None else np.asarray(theta, dtype=float))
        if not eval_gradient:
            return trial.evidence.value
        return trial.evidence.value, trial.model.pulled_back(trial.evidence.gradient)

    def _predicted(self, rows: NDArray, shape: tuple[int, ...], return_std: bool) -> tuple[NDArray, NDArray | None]:
        model = self.fit_.reward_model
        assert isinstance(model, GaussianProcessReward)
        return model.basis(rows) @ self.coef_, self._deviation(rows) if return_std else None

    def _deviation(self, rows: NDArray) -> NDArray:
        """(n,): posterior standard deviation at transformed inputs."""
        model = self.fit_.reward_model
        assert isinstance(model, GaussianProcessReward)
        phi = model.basis(rows)
        if not self.constant_determined_:
            table, index = self.inputs_.table, self.inputs_.index
            entries = np.bincount(index, minlength=len(table)) * self.inputs_.read
            phi = phi - (entries / entries.sum()) @ model.basis(table)
        variance = np.einsum("nk,kl,nl->n", phi, self.posterior_covariance_, phi, optimize=True)
        return np.sqrt(np.maximum(variance, 0.0) + model.left_out(rows))
