"""What a report says, section by section: result, certainty, convergence, what was read, model, warnings, how to repeat."""

from __future__ import annotations

import platform
from importlib import metadata
from typing import Any

import numpy as np

from ...uncertainty import identifiability as what_is_identifiable
from .explorer import explorer
from .page import Section, element, facts, paragraph, table
from .pictures import (
    draw_calibration,
    draw_coefficients,
    draw_comparison,
    draw_convergence,
    draw_demonstrations,
    draw_overview,
    draw_reward_by_state,
    draw_standard_errors,
)
from .plain_words import plain_summary
from .subject import Subject

MOST_ROWS = 60
MOST_DIRECTIONS = 12
PACKAGES = ("numpy", "scipy", "scikit-learn", "matplotlib")


def all_sections(subject: Subject) -> list[Section]:
    """All sections of the report, in order."""
    return [
        at_a_glance(subject),
        result(subject),
        coefficients(subject),
        identifiability(subject),
        convergence(subject),
        what_was_read(subject),
        model(subject),
        warned(subject),
        repeat(subject),
    ]


def number(value: float, digits: int = 6) -> str:
    """A number for people: so many digits, a real minus sign, a dash where there is none."""
    if np.isnan(value):
        return "\N{EN DASH}"
    return f"{value:.{digits}g}".replace("-", "\N{MINUS SIGN}")


def count(n: int) -> str:
    """A count with thousands apart."""
    return f"{n:,}"


def at_a_glance(subject: Subject) -> Section:
    """The outcome in plain words, and in the field's."""
    estimator, found = subject.estimator, subject.summary.statistics
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
    parts = [state, plain_summary(subject)] if not estimator.converged_ else [plain_summary(subject), state]
    return Section("glance", "At a glance", [*parts, outcome])


def what_was_read(subject: Subject) -> Section:
    """The demonstrations."""
    demos, mdp = subject.demonstrations, subject.estimator.mdp
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
    if subject.source:
        rows.insert(0, ("Source", subject.source))
    parts = [facts("The demonstrations", rows)]
    if subject.layout is not None:
        parts.append(draw_demonstrations(subject, subject.layout))
    return Section("read", "What was read", parts)


def model(subject: Subject) -> Section:
    """The problem and the assumptions."""
    estimator, mdp = subject.estimator, subject.estimator.mdp
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
        ("Dynamics", subject.dynamics or "given"),
        ("Terminal states", count(int(mdp.terminal.sum()))),
        ("Discount", f"{mdp.discount:g}"),
        ("Horizon", horizon),
        ("Reward", features),
        ("Objective", objective[estimator.objective]),
        ("Inference", inference[estimator.inference]),
        ("Temperature", f"{estimator.temperature:g}"),
        ("Action prior", prior),
        ("Penalty (l2)", f"{estimator.fit_.l2:g}"),
    ]
    return Section("model", "Model", [facts("The decision problem and what was assumed of the demonstrator", rows)])


def result(subject: Subject) -> Section:
    """The pictures of the reward."""
    if (layout := subject.layout) is None:
        parts = [draw_reward_by_state(subject)]
        if subject.true_reward is not None:
            parts.append(draw_comparison(subject, subject.true_reward))
    else:
        parts = [draw_overview(subject, layout)]
        if (map_ := explorer(subject, layout)) is not None:
            parts += [element("h3", f"Every {layout.unit} by name"), map_]
        elif subject.has_errors:
            parts.append(draw_standard_errors(subject, layout))
    return Section("reward", "Recovered reward", parts)


def coefficients(subject: Subject) -> Section:
    """The table of coefficients with their errors, and a picture of it."""
    columns = subject.summary.coefficients
    rows = [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]
    with_prior = subject.summary.statistics["l2"] > 0
    caption = f"Standard errors: {subject.summary.statistics['covariance_description']}"
    if len(rows) > MOST_ROWS:
        farthest = np.argsort(-np.abs(subject.estimator.coef_), kind="stable")[:MOST_ROWS]
        caption = f"The {MOST_ROWS} coefficients farthest from zero of {count(len(rows))}. {caption}"
        rows = [rows[k] for k in np.sort(farthest)]
    made = table(
        caption,
        (
            "Coefficient",
            "Estimate",
            "Standard error",
            "z",
            "p",
            "95% interval",
            *(("Share of data",) if with_prior else ()),
        ),
        [_coefficient(row) + ((_percent(row["data_share"]),) if with_prior else ()) for row in rows],
    )
    return Section("coefficients", "Coefficients", [made, draw_coefficients(subject)])


def _coefficient(row: dict[str, Any]) -> tuple[str, ...]:
    """Cells of one coefficient; of one without a finite maximum or without an error, blank ones."""
    mark = "" if row["determined"] or row["unbounded"] else " (not determined)"
    first = (row["feature"] + mark, number(row["coefficient"]))
    if row["unbounded"]:
        return (*first, "", "", "", f"unbounded {'above' if row['unbounded'] > 0 else 'below'}")
    if np.isnan(row["standard_error"]):
        return (*first, "", "", "", "")
    p = row["p_value"]
    shown = "" if np.isnan(p) else "< 0.001" if p < 0.001 else f"{p:.3f}"
    interval = f"{number(row['lower'], 4)} to {number(row['upper'], 4)}"
    return (*first, number(row["standard_error"]), number(row["z"], 3), shown, interval)


def _percent(share: float) -> str:
    return "" if np.isnan(share) else f"{100 * share:.0f}%"


def identifiability(subject: Subject) -> Section:
    """What the demonstrations do and do not determine."""
    notes = [paragraph(note) for note in subject.summary.notes]
    if not subject.has_errors:
        return Section("identifiability", "Identifiability", notes)
    found = what_is_identifiable(subject.estimator)
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


def convergence(subject: Subject) -> Section:
    """How the fit went, how well it predicts, and whether its predictions are calibrated."""
    found = subject.summary.statistics
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
        draw_convergence(subject),
        draw_calibration(subject),
    ]
    return Section("fit", "Fit", parts)


def warned(subject: Subject) -> Section:
    """The warnings, or that there were none."""
    if not subject.warnings:
        return Section("warnings", "Warnings", [paragraph("There were none.")])
    return Section("warnings", "Warnings", [paragraph(warning, kind="bad") for warning in subject.warnings])


def repeat(subject: Subject) -> Section:
    """Command and versions."""
    rows = [("maxent_irl", metadata.version("maxent-irl")), ("Python", platform.python_version())]
    rows += [(name, metadata.version(name)) for name in PACKAGES]
    parts = [facts("Versions", rows)]
    if subject.command:
        parts = [paragraph("The command that made this report:"), element("pre", subject.command), *parts]
    return Section("repeat", "How to repeat it", parts)
