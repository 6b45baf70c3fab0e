r"""Counterfactuals: what would be done if the reward, the features, the dynamics or the discount were different.

The agent is solved before and after the change, for the estimated coefficients and for draws from their normal distribution
:math:`N(\hat\theta, \mathrm{Cov}(\hat\theta))`; quantiles over the draws carry the uncertainty through everything nonlinear in
between. Differences are taken draw by draw, so that what before and after have in common cancels.

Source: Krinsky, I. & Robb, A. L. (1986), On approximating the statistical properties of elasticities, Review of Economics and
Statistics 68(4).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
from joblib import Parallel, delayed
from numpy.typing import ArrayLike, NDArray
from sklearn.utils.validation import check_is_fitted

from .._checks import check_count, check_n_jobs, check_numbers
from ..demonstrations.draws import generator
from ..inference.agent import SoftAgent
from ..inference.brief_repr import BriefRepr
from ..inference.cycles import ImproperProblemError
from ..inference.visitations import expected_visitations
from ..mdp import MDP
from ..mdp.html import ShownAsText
from ..rewards import LinearReward, RewardModel


@dataclass(frozen=True, eq=False, repr=False)
class Behaviour(BriefRepr):
    """What an agent does, as a point or as one end of intervals.

    Attributes
    ----------
    policy : (S, A) or (T, S, A) array
    visitations : (S, A) or (T, S, A) array
        Expected (discounted) visitations from the initial distribution.
    choice_shares : (A,) array
        Share of each action among all decisions taken, each visited state-action pair by its visitations.
    value : (S,) or (T + 1, S) array
        Soft value.
    mean_value : float
        Soft value of the initial distribution.
    """

    policy: NDArray
    visitations: NDArray
    choice_shares: NDArray
    value: NDArray
    mean_value: NDArray


@dataclass(frozen=True, eq=False)
class Change:
    """A quantity with its pointwise interval, each a `Behaviour`."""

    estimate: Behaviour
    lower: Behaviour
    upper: Behaviour


@dataclass(frozen=True, eq=False)
class Counterfactual(ShownAsText):
    """Behaviour before and after a change, and the difference.

    Attributes
    ----------
    before, after, difference : Change
    n_draws : int
        Draws with a finite soft value both before and after, over which the intervals are taken.
    level : float
    """

    before: Change
    after: Change
    difference: Change
    n_draws: int
    level: float

    def __str__(self) -> str:
        rows = [["share of", "before", "after", "difference"]]
        quantities = [(f"action {a}", "choice_shares", a) for a in range(len(self.before.estimate.choice_shares))]
        for label, name, at in [*quantities, ("mean value", "mean_value", ())]:
            rows.append([label, *(_cell(change, name, at) for change in (self.before, self.after, self.difference))])
        width = max(len(cell) for row in rows for cell in row[1:]) + 2
        lines = [f"{row[0]:<12}" + "".join(f"{cell:>{width}}" for cell in row[1:]) for row in rows]
        return "\n".join([*lines, f"{100 * self.level:g}% intervals from {self.n_draws} draws of the coefficients"])


def _cell(change: Change, name: str, at: Any) -> str:
    value, low, high = (getattr(part, name)[at] for part in (change.estimate, change.lower, change.upper))
    return f"{value:.4g} [{low:.4g}, {high:.4g}]"


def counterfactual(
    estimator: Any,
    *,
    coef: Mapping[str, float] | Callable[[NDArray], ArrayLike] | None = None,
    features: Any = None,
    mdp: MDP | None = None,
    discount: float | None = None,
    initial: ArrayLike | None = None,
    goal: int | None = None,
    level: float = 0.95,
    n_draws: int = 200,
    kind: str | None = None,
    groups: ArrayLike | None = None,
    n_jobs: int | None = None,
    random_state: Any = None,
) -> Counterfactual:
    """Predict behaviour under a change, with intervals carried from the covariance of the coefficients.

    Parameters
    ----------
    estimator : fitted MaxEntIRL
    coef : dict from name of a feature to its new coefficient, or a function of the coefficients (K,), optional
        A function is applied to every draw: ``lambda c: c * [1, 1, 2]`` doubles the third one whatever it is.
    features : as for `MaxEntIRL`, optional
        Features after the change; the coefficients keep their meaning.
    mdp : MDP, optional
        Dynamics after the change, with the same actions. With other states than before, only choice shares and the mean value
        can be compared, so the rest of `difference` is NaN.
    discount : float, optional
        Discount after the change.
    initial : (S,) array, optional
        Distribution of the first state. None: that of the MDP if it has one, otherwise the first states of the
        demonstrations.
    goal : int, optional
        State that ends the task, where demonstrations had goals.
    level : float
        Coverage of the intervals, pointwise.
    n_draws : int
    kind, groups
        Which covariance, as for `MaxEntIRL.coefficient_covariance`.
    n_jobs : int, optional
        Processes, as joblib understands it. The draws do not depend on it.
    random_state : None, int, numpy Generator, or numpy RandomState

    Returns
    -------
    Counterfactual

    Raises
    ------
    ValueError
        If nothing is changed, for unknown features, coefficients that are no numbers, an MDP with other actions, and if the
        estimate has no finite soft value after the change.
    """
    check_is_fitted(estimator)
    if coef is None and features is None and mdp is None and discount is None:
        raise ValueError("nothing is changed: give coef, features, mdp or discount")
    if mdp is not None and (not isinstance(mdp, MDP) or mdp.n_actions != estimator.mdp.n_actions):
        got = f"one with {mdp.n_actions}" if isinstance(mdp, MDP) else type(mdp).__name__
        raise ValueError(f"mdp must be an MDP with the same {estimator.mdp.n_actions} actions as before; got {got}")
    check_count("n_draws", n_draws, at_least=2)
    check_n_jobs(n_jobs)
    if not 0 < level < 1:
        raise ValueError(f"level is the coverage of the intervals, between 0 and 1; got {level!r}")
    covariance = estimator.coefficient_covariance(kind, groups).matrix
    if not np.isfinite(covariance).all():
        raise ValueError("the fit has no covariance (it is not at a maximum), so nothing can be said about uncertainty")
    estimator.fit_.check_goal(goal)
    before = _Setting(estimator, estimator.mdp, estimator.features, lambda c: c, initial, goal)
    changed = estimator.mdp if mdp is None else mdp
    if discount is not None:
        changed = changed.replace(discount=discount)
    after_features = estimator.features if features is None else features
    after = _Setting(estimator, changed, after_features, _change_of(coef, estimator), initial, goal)
    estimates = before(estimator.coef_), after(estimator.coef_)
    values, vectors = np.linalg.eigh(covariance)
    noise = generator(random_state).normal(size=(n_draws, len(values)))
    draws = estimator.coef_ + (noise * np.sqrt(np.maximum(values, 0.0))) @ vectors.T
    pairs = Parallel(n_jobs=n_jobs)(delayed(_both)(before, after, draw) for draw in draws)
    pairs = [pair for pair in pairs if pair is not None]
    if len(pairs) < 2:
        raise ValueError("hardly any draw of the coefficients has a finite soft value: they are too uncertain for this")
    return Counterfactual(
        before=_summary(estimates[0], [one for one, _ in pairs], level),
        after=_summary(estimates[1], [other for _, other in pairs], level),
        difference=_summary(_minus(estimates[1], estimates[0]), [_minus(other, one) for one, other in pairs], level),
        n_draws=len(pairs),
        level=level,
    )


class _Setting:
    """An agent in its world, as a function of the coefficients."""

    def __init__(self, estimator: Any, mdp: MDP, features: Any, change: Any, initial: Any, goal: int | None) -> None:
        self.mdp = mdp if goal is None else mdp.with_goal(goal)
        self.model: RewardModel = features if isinstance(features, RewardModel) else LinearReward(mdp, features)
        self.change = change
        if self.model.n_parameters != len(estimator.coef_):
            raise ValueError(
                f"features must have {len(estimator.coef_)} columns, as before; got {self.model.n_parameters}"
            )
        agent = estimator.fit_.agent
        self.agent = SoftAgent(self.mdp, agent.temperature, agent.action_prior, agent.inference)
        if initial is None and mdp.initial is None and mdp.n_states == estimator.mdp.n_states:
            initial = estimator.fit_.first_states
        self.initial = self.mdp.initial_distribution if initial is None else np.asarray(initial, dtype=float)

    def __call__(self, coef: NDArray) -> Behaviour:
        reward = self.model(np.asarray(self.change(coef), dtype=float))
        solution = self.agent.solve(reward if reward.ndim == 1 else np.swapaxes(reward, -1, -2))
        visitations = expected_visitations(self.mdp, solution, initial=self.initial)
        shares = visitations.reshape(-1, visitations.shape[-1]).sum(axis=0)
        first = solution.V if solution.V.ndim == 1 else solution.V[0]
        started = self.initial > 0
        mean = np.array(self.initial[started] @ first[started])
        return Behaviour(solution.policy, visitations, shares / shares.sum(), solution.V, mean)


def _change_of(coef: Any, estimator: Any) -> Callable[[NDArray], NDArray]:
    if coef is None:
        return lambda c: c
    if callable(coef):
        return lambda c: _changed(coef(c), len(estimator.coef_))
    if not isinstance(coef, Mapping):
        raise ValueError(
            f"coef must be a dict from names of features to new coefficients, or a function of all; got {coef!r:.60}"
        )
    names = estimator.fit_.names
    unknown = [name for name in coef if name not in names]
    if unknown:
        raise ValueError(f"there is no feature {unknown[0]!r}; there are {', '.join(names[:20])}")
    index, value = [names.index(name) for name in coef], check_numbers("coef", list(coef.values()))

    def change(c: NDArray) -> NDArray:
        out = np.array(c, dtype=float)
        out[index] = value
        return _changed(out, len(names))

    return change


def _changed(coef: ArrayLike, n: int) -> NDArray:
    out = check_numbers("the coefficients after the change", coef)
    if out.shape != (n,) or not np.isfinite(out).all():
        raise ValueError(f"the coefficients after the change must be {n} finite numbers; got {out}")
    return out


def _both(before: _Setting, after: _Setting, coef: NDArray) -> tuple[Behaviour, Behaviour] | None:
    """Behaviour before and after for one draw; None where it has no finite soft value."""
    try:
        return before(coef), after(coef)
    except ImproperProblemError:
        return None


def _minus(after: Behaviour, before: Behaviour) -> Behaviour:
    with np.errstate(invalid="ignore"):  # dead ends: -inf minus -inf
        return Behaviour(*(_difference(getattr(after, f.name), getattr(before, f.name)) for f in fields(Behaviour)))


def _difference(after: NDArray, before: NDArray) -> NDArray:
    return after - before if after.shape == before.shape else np.full(after.shape, np.nan)


def _summary(estimate: Behaviour, draws: list[Behaviour], level: float) -> Change:
    ends = [
        np.quantile(
            [getattr(draw, f.name) for draw in draws], [(1 - level) / 2, (1 + level) / 2], axis=0, method="nearest"
        )
        for f in fields(Behaviour)
    ]
    return Change(estimate, Behaviour(*(end[0] for end in ends)), Behaviour(*(end[1] for end in ends)))
