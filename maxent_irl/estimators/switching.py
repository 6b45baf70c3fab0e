r"""A demonstrator whose intent changes along the way: a hidden Markov chain of rewards.

The intent :math:`z_t` follows a Markov chain, and decision t follows the soft-optimal policy of the reward of :math:`z_t` (as
if that intent lasted). Forward-backward gives the probability of each intent at each decision; the M-step fits each reward to
the decisions, weighted by these.

Source: Ke, J., Wu, F., Wang, J., Markowitz, J. and Wu, A. (2025), Inverse reinforcement learning with switching rewards and
history dependency for characterizing animal behaviors, ICML (arXiv:2501.12633).
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import KW_ONLY, dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator
from sklearn.cluster import KMeans
from sklearn.exceptions import ConvergenceWarning
from sklearn.utils import check_random_state
from sklearn.utils.validation import check_is_fitted

from .._checks import check_count, check_distribution, check_max_iter, check_numbers, check_positive
from ..demonstrations import Demonstrations
from ..demonstrations.history import History, with_history
from ..demonstrations.intents import sample_switching
from ..demonstrations.labelled import as_demonstrations
from ..likelihood import TaskObjective
from ..likelihood.objective import ObjectivePoint
from ..likelihood.statistics import decision_statistics
from ..mdp import MDP, check_mdp
from ..rewards import SmoothRewardModel
from .fit import Fit
from .forward_backward import Posterior, most_likely_path, smooth
from .maxent import MaxEntIRL
from .weighted_fits import WeightedFits

STEPS_OF_A_FIT = 2  # iterations within an M-step; more would be lost on probabilities that change
STEPS_OF_A_START = 10  # iterations that all starts get before the best go on
KEPT = 0.9  # probability to keep an intent, to start from
STRETCHES = (5, 10, 20, 40, 80)  # mean numbers of decisions that are of one intent at a start
DIRECTIONS = 20  # of the coefficients in which these are told apart
SURVIVORS = 4  # one start in so many goes on to the end


@dataclass
class _State:
    """Where a run stands."""

    points: list[ObjectivePoint]  # C
    log_start: NDArray  # (C,)
    log_moves: NDArray  # (C, C)
    posterior: Posterior
    value: float  # penalised log-likelihood, nats
    curve: list[float]
    gain: float = np.inf  # of the last round, per decision


@dataclass(eq=False, repr=False)
class SwitchingIRL(BaseEstimator):
    r"""Recover the rewards between which a demonstrator switches, and when it does.

    In the manner of hmmlearn. The objective is the likelihood of the decisions.

    Parameters
    ----------
    n_states : int
        C, the number of intents.
    mdp : MDP
    features : as for `MaxEntIRL`; with `history`, a row per pair (`maxent_irl.demonstrations.history.with_history`)
    history : bool
        Whether rewards are of pairs (previous state, state). The first decision of every trajectory is then left out. With a
        reward per pair (no features) each step has a reward of its own. For choices that differ by where one came from give
        features per pair and action, (S', A, K).
    stickiness : float >= 0
        Prior of the transition matrix: so many imaginary decisions at which each intent was kept.
    temperature, action_prior, inference, l2, feature_names
        As for `MaxEntIRL`.
    startprob, transmat : (C,), (C, C) arrays, optional
        Chain to start from. None: equal, and as sticky as the stretches of a start are
        long.
    n_init : int
        Starts, in turn from stretches of trajectories that are alike and from random ones. All get a few rounds, the best
        quarter goes on, and the best of these is kept.
    max_iter : int
        Rounds of expectation-maximisation.
    tol : float
        Gain of the log-likelihood per decision below which a fit has converged.
    random_state : int, RandomState or None

    Attributes
    ----------
    startprob_ : (C,) array
    transmat_ : (C, C) array
        Row: from. Intents are ordered by how many decisions they take, the most first.
    coefs_ : (C, K) array
    shares_ : (C,) array
        Of the decisions.
    components_ : list of C Fit
        Each solves, predicts and draws as a fitted reward does.
    log_likelihood_ : float
        Of all decisions, nats.
    log_likelihood_curve_ : list of float
        Mean penalised log-likelihood per decision after each round of the best start.
    start_values_ : (n_init,) array
        The last of it for each start, those that did not go on included.
    n_iter_, converged_ : int, bool
    history_ : History or None

    Raises
    ------
    ValueError
        For rows of `transmat` that do not sum to 1, demonstrations with goals, and bad input as `MaxEntIRL`.

    Warns
    -----
    ConvergenceWarning
        If the best start did not converge.
    """

    n_states: int
    mdp: MDP
    features: Any = None
    _: KW_ONLY
    history: bool = False
    stickiness: float = 0.0
    temperature: float = 1.0
    action_prior: ArrayLike | None = None
    inference: str = "variational"
    l2: float = 0.0
    startprob: ArrayLike | None = None
    transmat: ArrayLike | None = None
    n_init: int = 4
    max_iter: int = 200
    tol: float = 1e-6
    random_state: Any = None
    feature_names: Any = None

    def fit(self, X: Any, y: None = None, *, coefs_init: ArrayLike | None = None) -> SwitchingIRL:
        """Recover intents and their rewards.

        Parameters
        ----------
        X : Demonstrations, or anything its constructor takes
        y : ignored
        coefs_init : (C, K) array, optional
            Coefficients to start from, in one run, in place of the random starts.

        Returns
        -------
        self
        """
        C = check_count("n_states", self.n_states)
        check_count("n_init", self.n_init)
        check_max_iter(self.max_iter, 0)
        check_positive("tol", self.tol)
        check_positive("stickiness", self.stickiness, or_zero=True)
        check_mdp(self.mdp)
        with np.errstate(divide="ignore"):
            chain = tuple(np.log(part) for part in self._chain(C))
        self.history_ = with_history(self.mdp) if self.history else None
        demonstrations = self._with_history(as_demonstrations(X), self.history_)
        if demonstrations.goals is not None:
            raise ValueError("SwitchingIRL does not take demonstrations with goals: drop them, or use MixtureIRL")
        posed = self._one_intent().posed(demonstrations)
        _ = posed.objective  # names what is impossible, by trajectory and step
        statistics = decision_statistics(posed.agent.mdp, demonstrations)
        objective = TaskObjective(posed.agent, posed.reward_model, statistics)
        fits = WeightedFits(posed, objective, l2=self.l2, tol=1e-7)
        first = objective.at(np.zeros(posed.reward_model.n_parameters))
        runs = self._starts(fits, first, chain, coefs_init)
        runs.sort(key=lambda run: -run.value)
        best = runs[: max(1, len(runs) // SURVIVORS)]
        for run in best:
            while len(run.curve) < self.max_iter and run.gain > self.tol:
                self._improve(fits, run)
        self.start_values_ = np.sort([run.value for run in runs])[::-1] / objective.total_weight
        self._flat = fits.flat.shape[1]
        self._store(max(best, key=lambda run: run.value), posed)
        return self

    def _chain(self, C: int) -> tuple[NDArray, NDArray]:
        """Initial probabilities and transition matrix to start from."""
        start = (
            np.full(C, 1 / C)
            if self.startprob is None
            else check_distribution("startprob", self.startprob, C, what="intent")
        )
        if self.transmat is None:
            return start, _sticky(C, KEPT)
        moves = check_numbers("transmat", self.transmat)
        if moves.shape != (C, C):
            raise ValueError(f"transmat must have shape ({C}, {C}), a row per intent; got {moves.shape}")
        return start, np.stack(
            [check_distribution(f"transmat[{i}]", row, C, what="intent") for i, row in enumerate(moves)]
        )

    def _one_intent(self) -> MaxEntIRL:
        names = ("temperature", "action_prior", "inference", "l2", "feature_names")
        mdp = self.mdp if self.history_ is None else self.history_.mdp
        return MaxEntIRL(mdp, self.features, objective="likelihood", **{name: getattr(self, name) for name in names})

    def _with_history(self, demonstrations: Demonstrations, history: History | None) -> Demonstrations:
        demonstrations.validate_against(self.mdp)
        return demonstrations if history is None else history.demonstrations(demonstrations)

    # One run.

    def _starts(
        self, fits: WeightedFits, first: ObjectivePoint, chain: tuple[NDArray, NDArray], coefs_init: ArrayLike | None
    ) -> list[_State]:
        """Runs after a few rounds."""
        C, random = self.n_states, check_random_state(self.random_state)
        runs = []
        if coefs_init is not None:
            coefs = check_numbers("coefs_init", coefs_init)
            if coefs.shape != (C, len(first.theta)) or not np.isfinite(coefs).all():
                raise ValueError(
                    f"coefs_init must be ({C}, {len(first.theta)}) finite numbers; got shape {coefs.shape}"
                )
            return [self._expected(fits, [fits.objective.at(coef) for coef in coefs], *chain, [])]
        pooled = fits.maximise(np.ones(fits.posed.demonstrations.n_decisions), first, STEPS_OF_A_START)
        for k in range(self.n_init if C > 1 else 1):
            length = int(random.choice(STRETCHES))
            weights = self._start(fits, pooled, random, length, scored=k % 2 == 0)
            if self.transmat is None:
                chain = chain[0], np.log(_sticky(C, 1.0 - 1.0 / length))
            points = [fits.maximise(weights[:, c], pooled, STEPS_OF_A_FIT) for c in range(C)]
            run = self._expected(fits, points, *chain, [])
            while len(run.curve) < min(self.max_iter, STEPS_OF_A_START) and run.gain > self.tol:
                self._improve(fits, run)
            runs.append(run)
        return runs

    def _start(
        self, fits: WeightedFits, pooled: ObjectivePoint, random: np.random.RandomState, length: int, *, scored: bool
    ) -> NDArray:
        """Probabilities of the intents to start from, (N, C), the same along stretches of about `length` decisions.

        (Drawn decision by decision they would make all intents alike.) The stretches are grouped by what they say about the
        coefficients, if `scored`, and otherwise at random.
        """
        C, data = self.n_states, fits.posed.demonstrations
        starts = (data.times == 0) | (random.random_sample(data.n_decisions) < 1.0 / length)
        stretch = np.cumsum(starts) - 1
        n = int(stretch[-1]) + 1
        if not scored or n < C or not isinstance(fits.posed.reward_model, SmoothRewardModel):
            return random.dirichlet(np.ones(C), size=n)[stretch]
        by_stretch = TaskObjective(
            fits.posed.agent, fits.posed.reward_model, fits.objective.statistics.grouped(stretch)
        )
        scores = by_stretch.at(pooled.theta, start=pooled.values, hessian=True).unit_scores()
        scores /= np.sqrt(np.bincount(stretch))[:, None]
        values, vectors = np.linalg.eigh(scores.T @ scores / n)
        if not values.max() > 0.0:  # nothing is said about the coefficients
            return random.dirichlet(np.ones(C), size=n)[stretch]
        kept = np.flatnonzero(values > 1e-8 * values.max())[-DIRECTIONS:]
        found = KMeans(C, n_init=1, random_state=random).fit_predict(scores @ vectors[:, kept] / np.sqrt(values[kept]))
        return (0.1 / C + 0.9 * np.eye(C)[found])[stretch]

    def _expected(
        self,
        fits: WeightedFits,
        points: Sequence[ObjectivePoint],
        log_start: NDArray,
        log_moves: NDArray,
        curve: list[float],
    ) -> _State:
        """The E-step."""
        data = fits.posed.demonstrations
        log_b = np.stack([_log_probabilities(point, data) for point in points], axis=1)
        posterior = smooth(log_start, log_moves, log_b, data.offsets, data.weights)
        value = float(np.where(data.weights > 0, posterior.log_likelihoods, 0.0) @ data.weights)
        value -= 0.5 * self.l2 * sum(float(point.theta @ point.theta) for point in points)
        if self.stickiness:
            value += self.stickiness * float(np.diag(log_moves).sum())
        return _State(list(points), log_start, log_moves, posterior, value, curve)

    def _improve(self, fits: WeightedFits, run: _State) -> None:
        """One round of expectation-maximisation, in place."""
        data, posterior = fits.posed.demonstrations, run.posterior
        points = [fits.maximise(posterior.states[:, c], point, STEPS_OF_A_FIT) for c, point in enumerate(run.points)]
        moves = posterior.moves + self.stickiness * np.eye(self.n_states)
        left = moves.sum(axis=1, keepdims=True)
        start = data.weights @ posterior.states[data.offsets[:-1]]
        with np.errstate(divide="ignore"):
            log_moves = np.where(left > 0, np.log(moves / np.where(left > 0, left, 1.0)), run.log_moves)
            log_start = np.log(start / start.sum())
        new = self._expected(fits, points, log_start, log_moves, run.curve)
        total = fits.objective.total_weight
        new.gain = (new.value - run.value) / total
        run.curve.append(new.value / total)
        run.__dict__.update(new.__dict__)

    def _store(self, run: _State, posed: Fit) -> None:
        data = posed.demonstrations
        order = np.argsort(-(data.weights[data.trajectory_ids] @ run.posterior.states), kind="stable")
        points = [run.points[c] for c in order]
        self.components_ = [
            replace(posed, theta=p.theta, solution=p.solution.released(), start=p.values) for p in points
        ]
        self.coefs_ = np.stack([point.theta for point in points])
        self.startprob_ = np.exp(run.log_start[order])
        self.transmat_ = np.exp(run.log_moves[np.ix_(order, order)])
        self.shares_ = (
            data.weights[data.trajectory_ids] @ run.posterior.states[:, order] / (data.weights @ data.lengths)
        )
        self.demonstrations_ = data
        self.log_likelihood_ = float(data.weights @ run.posterior.log_likelihoods)
        self.log_likelihood_curve_ = run.curve
        self.n_iter_, self.converged_ = len(run.curve), run.gain <= self.tol
        self.n_decisions_, self.n_trajectories_ = data.n_decisions, len(data)
        if not self.converged_:
            warnings.warn(
                f"the fit did not converge: after {self.n_iter_} rounds the log-likelihood per decision still increased by "
                f"{run.gain:.3g}, more than tol={self.tol:.3g}. Raise max_iter or tol, or add l2 if some coefficients run away",
                ConvergenceWarning,
                stacklevel=3,
            )

    # Other demonstrations.

    def _read(self, X: Any) -> Demonstrations:
        check_is_fitted(self)
        given = as_demonstrations(X)
        demonstrations = self._with_history(given, self.history_)
        return self.components_[0].read(demonstrations)

    def _log_b(self, demonstrations: Demonstrations) -> NDArray:
        self.components_[0].check_possible(demonstrations)
        return np.stack([fit.log_probabilities(demonstrations) for fit in self.components_], axis=1)

    @property
    def _log_chain(self) -> tuple[NDArray, NDArray]:
        with np.errstate(divide="ignore"):
            return np.log(self.startprob_), np.log(self.transmat_)

    def _posterior(self, X: Any) -> tuple[Posterior, Demonstrations]:
        demonstrations = self._read(X)
        return smooth(*self._log_chain, self._log_b(demonstrations), demonstrations.offsets), demonstrations

    def score_samples(self, X: Any) -> NDArray:
        """Log-likelihood of each trajectory, (n,), nats: each decision is predicted from those before it alone."""
        return self._posterior(X)[0].log_likelihoods

    def score(self, X: Any, y: None = None) -> float:
        """Mean log-likelihood per decision, nats, each decision weighing its trajectory's weight."""
        log_likelihood, N = self._log_likelihood(X)
        return log_likelihood / N

    def _log_likelihood(self, X: Any) -> tuple[float, float]:
        """Of all decisions by their weight, and how many these are."""
        posterior, data = self._posterior(X)
        return float(data.weights @ posterior.log_likelihoods), float(data.weights @ data.lengths)

    def predict_proba(self, X: Any) -> NDArray:
        """Probability of each intent at every decision given all decisions of the trajectory, (N, C)."""
        return self._posterior(X)[0].states

    def decode(self, X: Any) -> tuple[float, NDArray]:
        """The most likely path of intents: its log-probability, summed over trajectories, and the intents, (N,) int."""
        demonstrations = self._read(X)
        best, path = most_likely_path(*self._log_chain, self._log_b(demonstrations), demonstrations.offsets)
        return float(best.sum()), path

    def predict(self, X: Any) -> NDArray:
        """Intent at every decision on the most likely path, (N,)."""
        return self.decode(X)[1]

    def sample(
        self, n_trajectories: int, *, max_steps: int, random_state: Any = None
    ) -> tuple[Demonstrations, NDArray]:
        """Draw trajectories from the demonstrated first states, and the intent of every decision, (N,).

        With history their states are pairs (previous, now): positions in ``history_``.
        """
        check_is_fitted(self)
        fit = self.components_[0]
        mdp = fit.agent.mdp.replace(initial=fit.first_states)
        policies = [component.solve().policy for component in self.components_]
        chain = (self.startprob_, self.transmat_)
        return sample_switching(mdp, policies, *chain, n_trajectories, max_steps=max_steps, random_state=random_state)

    @property
    def n_parameters_(self) -> int:
        """Coefficients that the data determine, and free probabilities of the chain."""
        check_is_fitted(self)
        return self.n_states * (self.coefs_.shape[1] - self._flat) + self.n_states**2 - 1

    def aic(self, X: Any) -> float:
        """Akaike's criterion, less is better: ``2 k - 2 l``."""
        return 2 * self.n_parameters_ - 2 * self._log_likelihood(X)[0]

    def bic(self, X: Any) -> float:
        """Schwarz's criterion, less is better: ``k log N - 2 l`` with N decisions."""
        log_likelihood, N = self._log_likelihood(X)
        return float(np.log(N)) * self.n_parameters_ - 2 * log_likelihood


def _log_probabilities(point: ObjectivePoint, data: Demonstrations) -> NDArray:
    return point.solution.log_probabilities(data.states, data.actions, data.times)  # type: ignore[attr-defined]


def _sticky(C: int, kept: float) -> NDArray:
    """A transition matrix that keeps an intent with this probability, (C, C)."""
    if C == 1:
        return np.ones((1, 1))
    others = (1.0 - kept) / (C - 1)
    return others + (kept - others) * np.eye(C)
