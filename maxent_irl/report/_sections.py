"""What a report says, section by section: read, model, result, certainty, convergence, warnings, how to repeat."""

from __future__ import annotations

import platform
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from importlib import metadata
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from .._version import __version__
from ..estimators.summary import FitSummary
from ..report import _pictures
from ..uncertainty import identifiability as what_is_identifiable
from ._page import Section, element, facts, paragraph, table

MOST_ROWS = 60
MOST_DIRECTIONS = 12
PACKAGES = ("numpy", "scipy", "scikit-learn", "matplotlib")


@dataclass(frozen=True, eq=False)
class Fit:
    """Everything a report is about; attributes as the arguments of `write_report`."""

    estimator: Any
    demonstrations: Any
    world: Any
    true_reward: ArrayLike | None
    source: str
    dynamics: str
    command: str
    warnings: tuple[str, ...]
    state_names: Sequence[Any] | None
    action_names: Sequence[Any] | None
    steps: ArrayLike

    @cached_property
    def summary(self) -> FitSummary:
        """Coefficients, statistics and notes of the fit."""
        return self.estimator.summary()

    @property
    def has_errors(self) -> bool:
        """Whether there are standard errors: not for very many coefficients."""
        return self.summary.statistics["covariance"] != "none"

    @property
    def has_map(self) -> bool:
        """Whether states lie on a grid or a road network."""
        return self.world is not None


def sections(fit: Fit) -> list[Section]:
    """All sections of the report, in order."""
    return [
        at_a_glance(fit),
        what_was_read(fit),
        model(fit),
        result(fit),
        coefficients(fit),
        identifiability(fit),
        convergence(fit),
        warned(fit),
        repeat(fit),
    ]


def number(value: float, digits: int = 6) -> str:
    """A number for people: so many digits, a real minus sign, a dash where there is none."""
    if np.isnan(value):
        return "\N{EN DASH}"
    return f"{value:.{digits}g}".replace("-", "\N{MINUS SIGN}")


def count(n: int) -> str:
    """A count with thousands apart."""
    return f"{n:,}"


def at_a_glance(fit: Fit) -> Section:
    """The outcome in three sentences."""
    estimator, found = fit.estimator, fit.summary.statistics
    if estimator.converged_:
        state = paragraph(f"The fit converged in {estimator.n_iter_} iterations.", kind="good")
    else:
        state = paragraph(
            f"The fit did not converge in {estimator.n_iter_} iterations: numbers below are where it stopped, not estimates. "
            f"The largest component of the gradient per decision is {found['largest_gradient']:.2g}, the tolerance "
            f"{estimator.tol:.2g}.",
            kind="bad",
        )
    outcome = paragraph(
        f"A reward with {count(found['n_coefficients'])} coefficients was recovered from {count(found['n_decisions'])} "
        f"decisions in {count(found['n_trajectories'])} demonstrations. It predicts a decision with a log-likelihood of "
        f"{number(found['log_likelihood_per_decision'])} nats on average, against {number(found['uniform_per_decision'])} for "
        f"choosing at random: {found['pseudo_r2']:.1%} of the uncertainty is explained (McFadden's R\N{SUPERSCRIPT TWO})."
    )
    return Section("glance", "At a glance", [state, outcome])


def what_was_read(fit: Fit) -> Section:
    """The demonstrations."""
    demos, mdp = fit.demonstrations, fit.estimator.mdp
    lengths = np.diff(demos.offsets)
    ended = int(demos.terminated.sum())
    rows = [
        ("Demonstrations", count(len(demos))),
        ("Decisions", count(demos.n_decisions)),
        ("Decisions per demonstration", f"{lengths.min()} to {lengths.max()}, median {np.median(lengths):g}"),
        ("States with decisions", f"{count(np.unique(demos.states).size)} of {count(mdp.n_states)}"),
        ("How they stop", f"{count(ended)} ended, {count(len(demos) - ended)} were cut off"),
    ]
    if not (demos.weights == 1).all():
        rows.append(("Weights", f"{number(demos.weights.min())} to {number(demos.weights.max())}"))
    if demos.goals is not None:
        rows.append(("Goals", f"{count(np.unique(demos.goals).size)} different ones"))
    if fit.source:
        rows.insert(0, ("Source", fit.source))
    parts = [facts("The demonstrations", rows)]
    if fit.has_map:
        parts.append(_pictures.demonstrations(fit))
    return Section("read", "What was read", parts)


def model(fit: Fit) -> Section:
    """The problem and the assumptions."""
    estimator, mdp = fit.estimator, fit.estimator.mdp
    horizon = "infinite" if mdp.horizon is None else f"{mdp.horizon} decisions"
    features = "one reward per state" if estimator.features is None else f"{count(len(estimator.coef_))} features"
    inference = {
        "variational": "variational: dynamics as they are",
        "exact": "exact: dynamics conditioned on optimality",
    }
    objective = {
        "feature-matching": "feature-matching: expected features equal demonstrated ones",
        "likelihood": "likelihood: every decision counts the same",
    }
    prior = "none" if estimator.action_prior is None else "given"
    rows = [
        ("States, actions", f"{count(mdp.n_states)}, {count(mdp.n_actions)}"),
        ("Transitions", count(mdp.transitions.nnz)),
        ("Dynamics", fit.dynamics or "given"),
        ("Terminal states", count(int(mdp.terminal.sum()))),
        ("Discount", f"{mdp.discount:g}"),
        ("Horizon", horizon),
        ("Reward", features),
        ("Objective", objective[estimator.objective]),
        ("Inference", inference[estimator.inference]),
        ("Temperature", f"{estimator.temperature:g}"),
        ("Action prior", prior),
        ("Penalty (l2)", f"{estimator.l2:g}"),
    ]
    return Section("model", "Model", [facts("The decision problem and what was assumed of the demonstrator", rows)])


def result(fit: Fit) -> Section:
    """The pictures of the reward."""
    parts = [_pictures.overview(fit) if fit.has_map else _pictures.reward_by_state(fit)]
    if not fit.has_map and fit.true_reward is not None:
        parts.append(_pictures.comparison(fit))
    if fit.has_map and fit.has_errors:
        parts.append(_pictures.standard_errors(fit))
    return Section("reward", "Recovered reward", parts)


def coefficients(fit: Fit) -> Section:
    """The table of coefficients with their errors, and a picture of it."""
    columns = fit.summary.coefficients
    rows = list(zip(*columns.values(), strict=True))
    caption = f"Standard errors: {fit.summary.statistics['covariance_description']}"
    if len(rows) > MOST_ROWS:
        farthest = np.argsort(-np.abs(fit.estimator.coef_), kind="stable")[:MOST_ROWS]
        caption = f"The {MOST_ROWS} coefficients farthest from zero of {count(len(rows))}. {caption}"
        rows = [rows[k] for k in np.sort(farthest)]
    made = table(
        caption,
        ("Coefficient", "Estimate", "Standard error", "z", "p", "95% interval"),
        [
            (
                name if determined else f"{name} (not determined)",
                number(coef),
                number(error),
                number(z, 3),
                "\N{EN DASH}" if np.isnan(p) else "< 0.001" if p < 0.001 else f"{p:.3f}",
                f"{number(low, 4)} to {number(high, 4)}",
            )
            for name, coef, error, z, p, low, high, determined in rows
        ],
    )
    return Section("coefficients", "Coefficients", [made, _pictures.coefficients(fit)])


def identifiability(fit: Fit) -> Section:
    """What the demonstrations do and do not determine."""
    notes = [paragraph(note) for note in fit.summary.notes]
    if not fit.has_errors:
        return Section("identifiability", "Identifiability", notes)
    found = what_is_identifiable(fit.estimator)
    if found.identified:
        parts = [paragraph("The demonstrations determine every coefficient.", kind="good")]
    else:
        shown = [
            element("li", element("strong", direction.name), f": {direction.explanation}.")
            for direction in found.directions[:MOST_DIRECTIONS]
        ]
        if len(found.directions) > len(shown):
            shown.append(element("li", f"and {count(len(found.directions) - len(shown))} more directions"))
        parts = [
            paragraph(
                f"The demonstrations determine {count(found.rank)} of {count(found.n_coefficients)} directions of the "
                "coefficients. They say nothing about",
                kind="bad",
            ),
            element("ul", *shown),
        ]
    if found.remark:
        parts.append(paragraph(found.remark))
    return Section("identifiability", "Identifiability", [*parts, *notes])


def convergence(fit: Fit) -> Section:
    """How the fit went, how well it predicts, and whether its predictions are calibrated."""
    found = fit.summary.statistics
    rows = [
        ("this model", number(found["log_likelihood_per_decision"])),
        ("choosing at random among the available actions", number(found["uniform_per_decision"])),
        ("choosing as often as was seen in each state: no policy fits better", number(found["empirical_per_decision"])),
    ]
    criteria = [
        ("Log-likelihood", number(found["log_likelihood"])),
        ("Degrees of freedom", number(found["degrees_of_freedom"])),
        ("AIC", number(found["aic"])),
        ("BIC", number(found["bic"])),
    ]
    parts = [
        table("Log-likelihood per decision", ("Of", "Nats"), rows),
        facts("To compare models of the same demonstrations; smaller AIC and BIC are better", criteria),
        _pictures.convergence(fit),
        _pictures.calibration(fit),
    ]
    return Section("fit", "Fit", parts)


def warned(fit: Fit) -> Section:
    """The warnings, or that there were none."""
    if not fit.warnings:
        return Section("warnings", "Warnings", [paragraph("There were none.")])
    return Section("warnings", "Warnings", [paragraph(warning, kind="bad") for warning in fit.warnings])


def repeat(fit: Fit) -> Section:
    """Command and versions."""
    rows = [("maxent_irl", __version__), ("Python", platform.python_version())]
    rows += [(name, metadata.version(name)) for name in PACKAGES]
    parts = [facts("Versions", rows)]
    if fit.command:
        parts = [paragraph("The command that made this report:"), element("pre", fit.command), *parts]
    return Section("repeat", "How to repeat it", parts)
