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
from scipy.special import ndtr, ndtri

from .._version import __version__
from . import _pictures
from ._page import Section, element, facts, paragraph, table

MOST_ROWS = 60
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
    steps: ArrayLike

    @cached_property
    def feature_names(self) -> list[str]:
        """One name per coefficient."""
        names = self.estimator.feature_names
        if names is not None:
            return [str(name) for name in names]
        if self.estimator.features is None and self.state_names is not None:
            return [f"reward of {name}" for name in self.state_names]
        what = "reward of state" if self.estimator.features is None else "feature"
        return [f"{what} {k}" for k in range(len(self.estimator.coef_))]

    @cached_property
    def log_likelihood(self) -> float:
        """Per decision, nats."""
        return float(self.estimator.score(self.demonstrations))

    @cached_property
    def uniform(self) -> float:
        """Log-likelihood per decision of choosing at random among the available actions."""
        demos = self.demonstrations
        weights = demos.weights[demos.trajectory_ids]
        choices = self.estimator.mdp.available.sum(axis=1)[demos.states]
        return -float(weights @ np.log(choices) / weights.sum())

    @property
    def has_map(self) -> bool:
        """Whether states lie on a grid."""
        return self.world is not None

    @property
    def has_one_policy(self) -> bool:
        """Whether all demonstrations follow one policy: not where each has its own goal."""
        return hasattr(self.estimator, "policy_")


def sections(fit: Fit) -> list[Section]:
    """All sections of the report, in order."""
    return [
        at_a_glance(fit),
        what_was_read(fit),
        model(fit),
        result(fit),
        coefficients(fit),
        convergence(fit),
        warned(fit),
        repeat(fit),
    ]


def number(value: float) -> str:
    """A number for people: six digits, a real minus sign."""
    return f"{value:.6g}".replace("-", "\N{MINUS SIGN}")


def count(n: int) -> str:
    """A count with thousands apart."""
    return f"{n:,}"


def at_a_glance(fit: Fit) -> Section:
    """The outcome in three sentences."""
    estimator = fit.estimator
    gap = float(np.abs(estimator.feature_gap_).max())
    if estimator.converged_:
        state = paragraph(f"The fit converged in {estimator.n_iter_} iterations.", kind="good")
    else:
        state = paragraph(
            f"The fit did not converge in {estimator.n_iter_} iterations: numbers below are where it stopped, not estimates. "
            f"The largest feature gap per decision is {gap:.2g}, the tolerance {estimator.tol * estimator.temperature:.2g}.",
            kind="bad",
        )
    gain = 1.0 - fit.log_likelihood / fit.uniform if fit.uniform < 0 else 0.0
    return Section(
        "glance",
        "At a glance",
        [
            state,
            paragraph(
                f"A reward with {count(len(estimator.coef_))} coefficients was recovered from "
                f"{count(estimator.n_decisions_)} decisions in {count(estimator.n_trajectories_)} demonstrations. It predicts a "
                f"decision with a log-likelihood of {number(fit.log_likelihood)} nats on average, against "
                f"{number(fit.uniform)} for choosing at random: {gain:.1%} of the uncertainty is explained "
                "(McFadden's R\N{SUPERSCRIPT TWO})."
            ),
        ],
    )


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
    if fit.has_map and hasattr(fit.estimator, "reward_standard_errors_"):
        parts.append(_pictures.standard_errors(fit))
    return Section("reward", "Recovered reward", parts)


def coefficients(fit: Fit) -> Section:
    """The table of coefficients, with errors where they are known."""
    coef = np.asarray(fit.estimator.coef_)
    errors = getattr(fit.estimator, "standard_errors_", None)
    shown = np.arange(len(coef))
    caption = "Estimates"
    if len(coef) > MOST_ROWS:
        shown = np.sort(np.argsort(-np.abs(coef), kind="stable")[:MOST_ROWS])
        caption += f": the {MOST_ROWS} farthest from zero of {count(len(coef))}"
    if errors is None:
        rows = [(fit.feature_names[k], number(coef[k])) for k in shown]
        made = table(caption, ("Coefficient", "Estimate"), rows)
        return Section("coefficients", "Coefficients", [made])
    errors = np.asarray(errors, dtype=float)
    with np.errstate(divide="ignore", invalid="ignore"):
        z = coef / errors
    margin = ndtri(0.975) * errors
    rows = [
        (
            fit.feature_names[k],
            number(coef[k]),
            number(errors[k]),
            f"{z[k]:.2f}".replace("-", "\N{MINUS SIGN}"),
            f"{2 * ndtr(-abs(z[k])):.3g}",
            f"{number(coef[k] - margin[k])} to {number(coef[k] + margin[k])}",
        )
        for k in shown
    ]
    header = ("Coefficient", "Estimate", "Standard error", "z", "p", "95% interval")
    made = table(f"{caption}; standard errors: {fit.estimator.covariance}", header, rows)
    return Section("coefficients", "Coefficients", [made, _pictures.coefficients(fit)])


def convergence(fit: Fit) -> Section:
    """How the fit went, and whether its predictions are calibrated."""
    parts = [_pictures.convergence(fit)]
    if fit.has_one_policy:
        parts.append(_pictures.calibration(fit))
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
