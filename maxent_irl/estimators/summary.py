"""The summary of a fit: a table as econometricians expect it, as text and as data."""

from __future__ import annotations

import textwrap
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import special

from ..demonstrations import Demonstrations
from ..likelihood.information import Covariance
from ..mdp import html
from ..rewards.linear import describe_direction, readable_directions

SHOWN_COEFFICIENTS = 40
NAME_WIDTHS = (20, 36)  # least and most room for the name of a coefficient


@dataclass(frozen=True)
class FitSummary:
    """What a fit found and how sure it is.

    Attributes
    ----------
    coefficients : dict of equally long lists, one entry per coefficient
        feature, coefficient, standard_error, z, p_value (two-sided, normal), lower, upper, determined (whether the data
        determine it without any convention), data_share (share of its posterior precision that comes from the data and not from
        the prior), unbounded (1 or -1 where it has no finite maximum and grows or falls without end, else 0). Where there is no
        error (too many features, no maximum, unbounded, nothing determined) the error, z, p_value and interval are NaN.
    statistics : dict
        Log-likelihood (nats) of all decisions and per decision, per decision that of the uniform and of the empirical policy,
        AIC, BIC, numbers, convergence, kind of errors, settings of the model.
    notes : list of str
        What a reader has to know to read the errors rightly.
    """

    coefficients: dict[str, list]
    statistics: dict[str, Any]
    notes: list[str]

    def to_dict(self) -> dict[str, Any]:
        """Plain Python objects, ready for JSON (NaN stays NaN)."""
        return {"coefficients": self.coefficients, "statistics": self.statistics, "notes": self.notes}

    def __str__(self) -> str:
        name = int(np.clip(max(map(len, self.coefficients["feature"])) + 1, *NAME_WIDTHS))
        width = name + 64 + 7 * (self.statistics["l2"] > 0)
        lines = _header(self.statistics, width) + _table(self.coefficients, self.statistics, name)
        notes = [textwrap.fill(note, width, initial_indent="* ", subsequent_indent="  ") for note in self.notes]
        return "\n".join(lines + notes)

    def __repr__(self) -> str:
        return str(self)

    def _repr_html_(self) -> str:
        rows = list(zip(*self.coefficients.values(), strict=True))[:SHOWN_COEFFICIENTS]
        shown = [(name, *(f"{value:.4g}" for value in values)) for name, *values, _ in rows]
        level = f"{100 * self.statistics['level']:g}%"
        header = ("", "coefficient", "standard error", "z", "P>|z|", f"{level} from", "to")
        above = ("log_likelihood_per_decision", "uniform_per_decision", "n_trajectories", "n_decisions", "converged")
        stated = [(name.replace("_", " "), self.statistics[name]) for name in above]
        stated += [("note", note) for note in self.notes]
        return html.columns(header, shown) + html.facts("Fit", stated)


def summarise(estimator: Any, *, level: float) -> FitSummary:
    """Summarise a fitted estimator.

    AIC is ``2 k - 2 l`` (Akaike 1974, IEEE Transactions on Automatic Control 19(6)) and BIC ``k log N - 2 l`` (Schwarz 1978,
    Annals of Statistics 6(2)) with N decisions and k the number of determined coefficients, or the effective degrees of
    freedom with a penalty. Both take l for a maximum; a note says so where feature matching does not maximise it. The empirical
    policy chooses as often as was seen from each state (for each goal, and at each time with a horizon): no policy fits better.
    ``pseudo_r2`` is McFadden's, ``1 - l / l_uniform`` (McFadden 1974, in Zarembka, Frontiers in econometrics).

    Parameters
    ----------
    estimator : fitted MaxEntIRL
    level : float in (0, 1)
    """
    if not 0 < level < 1:
        raise ValueError(f"level is the coverage of the intervals, between 0 and 1; got {level!r}")
    demonstrations, names = estimator.fit_.demonstrations, estimator.fit_.names
    notes: list[str] = []
    try:
        information = estimator.information_
        covariance = estimator.coefficient_covariance()
        kind, what, determined = covariance.kind, covariance.description, covariance.determined
        errors = covariance.standard_errors
        errors = np.where(~determined & (errors == 0), np.nan, errors)  # no part of these is determined
        share = information.data_share
        rank, freedom = information.rank, information.degrees_of_freedom
        notes += _reading(estimator, covariance, errors)
    except ValueError as error:
        errors = share = np.full(len(estimator.coef_), np.nan)
        kind, what, determined, rank = "none", "not computed", np.ones(len(errors), dtype=bool), len(errors)
        freedom = float(rank)
        notes.append(f"No standard errors: {error}.")
    coef, recession = estimator.coef_, estimator.fit_.recession
    with np.errstate(divide="ignore", invalid="ignore"):
        z = np.where(errors > 0, coef / errors, np.nan)
    reach = special.ndtri(0.5 + level / 2) * errors
    coefficients = {
        "feature": names,
        "coefficient": coef.tolist(),
        "standard_error": errors.tolist(),
        "z": z.tolist(),
        "p_value": (2 * special.ndtr(-np.abs(z))).tolist(),
        "lower": (coef - reach).tolist(),
        "upper": (coef + reach).tolist(),
        "determined": determined.tolist(),
        "data_share": share.tolist(),
        "unbounded": [0] * len(coef) if recession is None else recession.signs.tolist(),
    }
    N = float(demonstrations.weights @ np.diff(demonstrations.offsets))
    uniform, empirical = reference_log_likelihoods(demonstrations, estimator.mdp)
    log_likelihood = estimator.log_likelihood_
    statistics = {
        "n_states": estimator.mdp.n_states,
        "n_actions": estimator.mdp.n_actions,
        "discount": estimator.mdp.discount,
        "horizon": estimator.mdp.horizon,
        "temperature": float(estimator.temperature),
        "objective": estimator.objective,
        "inference": estimator.inference,
        "l2": float(estimator.fit_.l2),
        "n_trajectories": estimator.n_trajectories_,
        "n_decisions": estimator.n_decisions_,
        "decisions_counted": estimator.fit_.objective.total_weight,
        "n_goals": 0
        if demonstrations.goals is None
        else len(np.unique(demonstrations.goals[demonstrations.weights > 0])),
        "n_coefficients": len(coef),
        "rank": rank,
        "degrees_of_freedom": freedom,
        "log_likelihood": log_likelihood,
        "log_likelihood_per_decision": log_likelihood / N,
        "uniform_per_decision": uniform / N,
        "empirical_per_decision": empirical / N,
        "pseudo_r2": 1 - log_likelihood / uniform if uniform else float("nan"),
        "aic": 2 * freedom - 2 * log_likelihood,
        "bic": np.log(N) * freedom - 2 * log_likelihood,
        "converged": bool(estimator.converged_),
        "n_iter": int(estimator.n_iter_),
        "largest_gradient": estimator.largest_gradient_,
        "covariance": kind,
        "covariance_description": what,
        "level": float(level),
    }
    counted = statistics["decisions_counted"]
    if counted < N / 2:
        notes.append(
            f"Decisions counted: {counted:,.3g} of {N:,.6g}. Feature matching with discount {estimator.mdp.discount:g} weighs "
            'decision t of a trajectory by discount^t. objective="likelihood" counts every decision.'
        )
    if log_likelihood < uniform:
        notes.append(_worse_than_chance(estimator))
    if not estimator.converged_:
        notes.append("The fit did not converge: coefficients and errors are not those of a maximum.")
    return FitSummary(coefficients, statistics, notes)


def reference_log_likelihoods(demonstrations: Demonstrations, mdp: Any) -> tuple[float, float]:
    """Log-likelihood of all decisions under the uniform policy over available actions, and under the empirical policy."""
    weight = demonstrations.weights[demonstrations.trajectory_ids]
    uniform = -float(weight @ np.log(mdp.available.sum(axis=1)[demonstrations.states]))
    at = demonstrations.states.astype(np.int64)
    if mdp.horizon is not None:
        at = at + mdp.n_states * demonstrations.times
    if demonstrations.goals is not None:
        _, goal = np.unique(demonstrations.goals, return_inverse=True)
        at = at + (at.max() + 1) * goal[demonstrations.trajectory_ids]
    pairs, pair = np.unique(at * mdp.n_actions + demonstrations.actions, return_inverse=True)
    states, state = np.unique(pairs // mdp.n_actions, return_inverse=True)
    chosen = np.bincount(pair, weights=weight)
    visited = np.bincount(state, weights=chosen, minlength=len(states))[state]
    return uniform, float(special.xlogy(chosen, chosen / np.where(visited > 0, visited, 1.0)).sum())


def _worse_than_chance(estimator: Any) -> str:
    """What to say of coefficients that predict worse than the uniform policy, and what may be the cause."""
    text = "These coefficients predict the decisions WORSE than choosing at random does."
    if estimator.mdp.structure.deterministic:
        return text
    if estimator.objective == "likelihood" and estimator.inference == "exact":
        text += (
            " Under exact inference with chance this likelihood may have several maxima: start from other coefficients too, "
            "fit(..., coef_init=...), and keep the fit with the greatest log_likelihood_."
        )
    elif estimator.objective == "feature-matching":
        remedy = 'objective="likelihood", ' if estimator.inference == "variational" else ""
        text += (
            " Feature matching takes the luck of the demonstrations for their will: where much is left to chance and features "
            f"are many, rewards run away to match it. Take {remedy}fewer features, or a larger l2."
        )
    return text


def _reading(estimator: Any, covariance: Covariance, errors: NDArray) -> list[str]:
    """Notes on what the standard errors mean."""
    notes, recession = [], estimator.fit_.recession
    if np.isnan(covariance.matrix).any():
        notes.append("No standard errors: the curvature at the fit is not that of a maximum.")
    if recession is not None and recession.span.shape[1]:
        notes.append(
            "No finite maximum: the demonstrations become more probable without end along the direction "
            f"{recession.describe(estimator.fit_.names)}. Values marked unbounded are where the fit stopped, and have no "
            "interval. Remedies: a prior (l2), or more demonstrations."
        )
    if estimator.fit_.l2:
        if covariance.description.startswith("inverse"):
            what = "posterior standard deviations under the prior Normal(0, 1 / l2) (Laplace's approximation)"
        elif covariance.kind in ("observed", "opg"):
            what = "root mean squared errors, of spread and bias, averaged over the prior Normal(0, 1 / l2)"
        else:
            what = "the sampling spread of the penalised estimate; they do not hold its bias"
        notes.append(
            f"With l2 > 0 the coefficients are pulled towards zero. Errors are {what}. Column data: share of the posterior "
            "precision that comes from the demonstrations; the rest is the prior."
        )
    if not estimator.information_.equality:
        notes.append(
            "Feature matching does not maximise the log-likelihood of the decisions, which is what is shown: AIC and BIC are no "
            'less than those of a fit with objective="likelihood", and only those are made to choose between models by.'
        )
    n_flat, n_free = covariance.flat.shape[1], estimator.information_.undetermined.shape[1]
    silent = estimator.information_.undetermined if covariance.unbounded is not None else covariance.flat
    if silent.shape[1]:
        names, n_silent = estimator.fit_.names, silent.shape[1]
        shown = [describe_direction(v, names, most=4) for v in readable_directions(silent, covariance.size)[:3]]
        notes.append(
            f"The data determine {len(errors) - n_silent} of {len(errors)} directions; flat: "
            + "; ".join(shown)
            + ("" if n_silent <= 3 else f"; and {n_silent - 3} more")
            + ". Values and errors (marked ~) are those of the least-norm answer."
        )
    n_known = n_free + (0 if recession is None or estimator.fit_.l2 else recession.span.shape[1])
    if n_flat > n_known:
        notes.append(
            f"{n_flat - n_known} of these directions are flat only because coefficients have run so far away that nothing "
            "moves any more: the demonstrations never do what these would have to explain. Add l2, or drop the features."
        )
    return notes


def _header(statistics: dict[str, Any], width: int) -> list[str]:
    s = statistics
    end = "infinite" if s["horizon"] is None else s["horizon"]
    state = f"yes, {s['n_iter']} iterations" if s["converged"] else f"NO, {s['n_iter']} iterations"
    goals = f", {s['n_goals']} goals" if s["n_goals"] else ""
    pairs = [
        ("States, actions", f"{s['n_states']:,}, {s['n_actions']}", "Objective", s["objective"]),
        ("Discount, horizon", f"{s['discount']:g}, {end}", "Inference", s["inference"]),
        ("Temperature", f"{s['temperature']:g}", "l2", f"{s['l2']:g}"),
        ("Trajectories", f"{s['n_trajectories']:,}{goals}", "Decisions", _decisions(s)),
        ("Log-likelihood", f"{s['log_likelihood']:,.3f}", "per decision", f"{s['log_likelihood_per_decision']:.6f}"),
        ("AIC", f"{s['aic']:,.2f}", "uniform policy", f"{s['uniform_per_decision']:.6f}"),
        ("BIC", f"{s['bic']:,.2f}", "empirical policy", f"{s['empirical_per_decision']:.6f}"),
        ("Pseudo R2", f"{s['pseudo_r2']:.4f}", "Converged", state),
        (
            "Coefficients",
            f"{s['n_coefficients']} (rank {s['rank']})",
            "largest gradient",
            f"{s['largest_gradient']:.2g}",
        ),
    ]
    half = (width - 4) // 2
    lines = ["Maximum-entropy inverse reinforcement learning".center(width).rstrip(), "=" * width]
    for left, a, right, b in pairs:
        lines.append(f"{left:<18}{a:>{half - 18}}    {right:<18}{b:>{half - 18}}")
    return [*lines, f"Standard errors   {s['covariance']}: {s['covariance_description']}", "-" * width]


def _decisions(statistics: dict[str, Any]) -> str:
    """The number of decisions, and how many count where that is less than half."""
    n, counted = statistics["n_decisions"], statistics["decisions_counted"]
    return f"{n:,}" if counted >= n / 2 else f"{counted:,.3g} of {n:,} counted"


def _table(coefficients: dict[str, list], statistics: dict[str, Any], width: int) -> list[str]:
    rows = [dict(zip(coefficients, row, strict=True)) for row in zip(*coefficients.values(), strict=True)]
    interval, with_share = f"[{100 * statistics['level']:g}% interval]", statistics["l2"] > 0
    head = f"{'':<{width}}{'coef':>12}{'std err':>11}{'z':>9}{'P>|z|':>8}{interval:>24}"
    lines = [head + (f"{'data':>7}" if with_share else "")]
    for row in rows[:SHOWN_COEFFICIENTS]:
        name = row["feature"] if len(row["feature"]) < width else row["feature"][: width - 2] + "…"
        line = f"{name:<{width}}{_number(row['coefficient'], 12)}"
        if row["unbounded"]:
            line += f"{'unbounded ' + ('↑' if row['unbounded'] > 0 else '↓'):>52}"
        else:
            line += f"{_number(row['standard_error'], 10)}{' ' if row['determined'] or np.isnan(row['standard_error']) else '~'}"
            line += f"{_number(row['z'], 9, '.2f')}{_number(row['p_value'], 8, '.3f')}"
            line += f"{_number(row['lower'], 12)}{_number(row['upper'], 12)}"
        lines.append(line + (_share(row["data_share"]) if with_share else ""))
    if len(rows) > SHOWN_COEFFICIENTS:
        lines.append(f"... and {len(rows) - SHOWN_COEFFICIENTS:,} more, in summary().coefficients")
    return [*(line.rstrip() for line in lines), "-" * (width + 64 + 7 * with_share)]


def _share(share: float) -> str:
    return "" if np.isnan(share) else f"{100 * share:>6.0f}%"


def _number(value: float, width: int, form: str = "") -> str:
    """A number; blank where there is none."""
    if np.isnan(value):
        return " " * width
    if form:
        return f"{value:>{width}{form}}"
    size = abs(value)
    text = f"{value:.4f}" if size == 0 or 1e-3 <= size < 1e5 else f"{value:.3e}"
    return f"{text:>{width}}"
