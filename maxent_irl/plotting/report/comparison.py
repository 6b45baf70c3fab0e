"""A report that compares several fits of the same demonstrations: which predicts best, and where their rewards differ."""

from __future__ import annotations

from collections.abc import Mapping
from os import PathLike
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import numpy as np
from numpy.typing import NDArray

from ...demonstrations.labelled import demonstrations_for
from ..fitted import state_names, summary_of
from ..layouts import Layout, layout_of
from ..quantities import earned, reward_label
from ..side_by_side import SideBySideDisplay
from .page import Section, element, paragraph, table, whole_page
from .pictures import drawn
from .sections import number

MOST_COEFFICIENTS = 60
CLOSE = 2.0  # AIC differences below this are no evidence (Burnham & Anderson 2002)


def write_comparison_report(
    path: str | PathLike,
    models: Mapping[str, Any],
    demonstrations: Any,
    *,
    world: Any = None,
    title: str = "Comparison of models",
    command: str = "",
) -> None:
    """Write a report on several fits as one HTML file that needs no network.

    Parameters
    ----------
    path : path of the HTML file
    models : dict of name to fitted MaxEntIRL
        At least two, of MDPs with the same number of states.
    demonstrations : Demonstrations, or what their constructor takes
        On these all models are scored: best demonstrations that none was fitted to.
    world : as for `write_report`, optional
        Where the states lie; None: there are no maps.
    title : str
    command : str
        What to run to get the same again.

    Raises
    ------
    ValueError
        For fewer than two models, and for models with different numbers of states.
    OSError
        If the file cannot be written.
    """
    if len(models) < 2:
        raise ValueError(f"a comparison needs at least two models; got {len(models)}")
    sizes = {name: model.mdp.n_states for name, model in models.items()}
    if len(set(sizes.values())) > 1:
        raise ValueError(
            "the models have different numbers of states: " + ", ".join(f"{n} {s}" for n, s in sizes.items())
        )
    scores = {name: float(model.score(demonstrations_for(model, demonstrations))) for name, model in models.items()}
    sections = [
        at_a_glance(models, scores),
        criteria(models, scores),
        rewards(models, None if world is None else layout_of(world)),
        coefficients(models),
    ]
    if command:
        sections.append(Section("repeat", "How to repeat it", [element("pre", command)]))
    Path(path).write_text(whole_page(title, sections), encoding="utf-8")


def at_a_glance(models: Mapping[str, Any], scores: Mapping[str, float]) -> Section:
    """Which model predicts best, in words."""
    best, second = sorted(scores, key=lambda name: -scores[name])[:2]
    rows = [
        f"{best} predicts these demonstrations best: it gives the decisions taken a probability of {np.exp(scores[best]):.1%} "
        f"each (geometric mean), {second} gives {np.exp(scores[second]):.1%}."
    ]
    aic = {name: summary_of(model).statistics["aic"] for name, model in models.items()}
    leading, runner_up = sorted(aic, key=lambda name: aic[name])[:2]
    gap = aic[runner_up] - aic[leading]
    if np.isfinite(gap):
        verdict = "which is no evidence for either" if gap < CLOSE else f"in favour of {leading}"
        rows.append(
            f"On the demonstrations they were fitted to, {leading} and {runner_up} have the smallest AIC; it differs by "
            f"{number(gap, 3)}, {verdict}. AIC compares fits to the same demonstrations only."
        )
    failed = [name for name, model in models.items() if not model.converged_]
    warned = [paragraph(f"Not converged, so not to be compared: {', '.join(failed)}.", kind="bad")] if failed else []
    box = element("div", element("ul", *(element("li", row) for row in rows)), class_="summary")
    return Section("glance", "At a glance", [*warned, box])


def criteria(models: Mapping[str, Any], scores: Mapping[str, float]) -> Section:
    """One row per model: how well it predicts, and its size."""
    rows = []
    for name, model in models.items():
        found = summary_of(model).statistics
        rows.append(
            (
                name,
                number(scores[name]),
                number(found["log_likelihood_per_decision"]),
                number(found["degrees_of_freedom"], 4),
                number(found["aic"]),
                number(found["bic"]),
                "yes" if model.converged_ else "no",
            )
        )
    header = ("Model", "Nats per decision", "as fitted", "Degrees of freedom", "AIC", "BIC", "Converged")
    caption = "Nats per decision on the demonstrations of this report, larger is better; smaller AIC and BIC are better"
    return Section("criteria", "How well they predict", [table(caption, header, rows)])


def centred(model: Any, layout: Layout | None) -> NDArray:
    """Reward of each place or state, its mean removed so that models can be compared."""
    reward = earned(model.reward_, model.mdp)
    values = reward if layout is None and reward.ndim == 1 else None
    if values is None:
        values = np.nanmean(reward, axis=1) if layout is None else layout.per_place(reward)
    return values - np.nanmean(values)


def rewards(models: Mapping[str, Any], layout: Layout | None) -> Section:
    """Maps on one colour scale, and how the rewards correlate."""
    values = {name: centred(model, layout) for name, model in models.items()}
    parts: list[ET.Element] = []
    if layout is not None:
        parts.append(_maps(values, layout, reward_label(next(iter(models.values())).reward_, layout)))
    names = list(values)
    rows = [(a, *(number(_correlation(values[a], values[b]), 3) for b in names)) for a in names]
    parts.append(table("Correlation of the rewards over places", ("", *names), rows))
    first = next(iter(models.values()))
    places = state_names(first) if layout is None or layout.place_names is None else layout.place_names
    spread = np.nanmax(list(values.values()), axis=0) - np.nanmin(list(values.values()), axis=0)
    order = np.argsort(-np.nan_to_num(spread, nan=-1.0), kind="stable")[:MOST_COEFFICIENTS]
    rows = [(places[i], *(number(values[name][i], 3) for name in names), number(spread[i], 3)) for i in order]
    caption = "Rewards, the mean of each model removed; the places on which models differ most come first"
    parts.append(table(caption, ("Place", *names, "Difference"), rows))
    return Section("rewards", "Where the rewards differ", parts)


def _maps(values: Mapping[str, NDArray], layout: Layout, label: str) -> ET.Element:
    display = SideBySideDisplay.from_values(values, layout, label=f"{label},\nmean removed", signed=True)
    return drawn(
        display,
        alt=f"Maps of the rewards of {len(values)} models on one colour scale; the numbers are in the table.",
        caption="The rewards on one colour scale, the mean of each removed.",
        reading="The same colour means the same reward on all maps. Where the maps differ in colour, the models disagree.",
    )


def _correlation(x: NDArray, y: NDArray) -> float:
    both = np.isfinite(x) & np.isfinite(y)
    varies = both.sum() > 1 and np.ptp(x[both]) > 0 and np.ptp(y[both]) > 0
    return float(np.corrcoef(x[both], y[both])[0, 1]) if varies else float("nan")


def coefficients(models: Mapping[str, Any]) -> Section:
    """Coefficients side by side, those of one name in one row."""
    found = {name: summary_of(model).coefficients for name, model in models.items()}
    features = list(dict.fromkeys(feature for columns in found.values() for feature in columns["feature"]))
    rows = []
    for feature in features[:MOST_COEFFICIENTS]:
        row = [feature]
        for columns in found.values():
            k = columns["feature"].index(feature) if feature in columns["feature"] else None
            row.append(
                "\N{EN DASH}"
                if k is None
                else f"{number(columns['coefficient'][k], 4)} ± {number(columns['standard_error'][k], 2)}"
            )
        rows.append(tuple(row))
    caption = "Estimates ± standard errors"
    if len(features) > MOST_COEFFICIENTS:
        caption += f"; the first {MOST_COEFFICIENTS} of {len(features):,} coefficients"
    return Section("coefficients", "Coefficients", [table(caption, ("Coefficient", *found), rows)])
