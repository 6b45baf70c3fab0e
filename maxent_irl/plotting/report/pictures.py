"""The figures of a report, each with a text that says what it shows to those who cannot see it."""

from __future__ import annotations

from io import BytesIO
from typing import Any
from xml.etree import ElementTree as ET

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..calibration import CalibrationDisplay
from ..coefficients import CoefficientsDisplay
from ..comparison import RewardComparisonDisplay
from ..convergence import ConvergenceDisplay
from ..layouts import Layout
from ..overview import plot_recovery
from ..quantities import estimator_map
from ..state_rewards import StateRewardsDisplay
from .page import element, fold_out, picture
from .subject import Subject

DOTS_PER_INCH = 144
CSS_PIXELS_PER_INCH = 96


def drawn(display: Any, *, alt: str, caption: str, reading: str) -> ET.Element:
    """Draw a display on a figure of its own, without a window."""
    from matplotlib.figure import Figure

    figure = Figure()
    display.plot(figure)
    return embedded(figure, alt=alt, caption=caption, reading=reading)


def embedded(figure: Any, *, alt: str, caption: str, reading: str) -> ET.Element:
    """A drawn figure as an element of the page, with a text that opens and says how to read it."""
    file = BytesIO()
    small = page_image(figure)
    small.save(file, format="png", optimize=True)
    width = round(figure.get_size_inches()[0] * CSS_PIXELS_PER_INCH)
    made = picture(file.getvalue(), width, alt=alt, caption=caption)
    return element("div", made, fold_out("How to read this", reading))


def page_image(figure: Any) -> Any:
    """A figure as an image of 256 colours, which takes a third of the space of one in full colour."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from PIL import Image

    figure.set_dpi(DOTS_PER_INCH)
    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    return Image.fromarray(np.asarray(canvas.buffer_rgba())).convert("RGB").quantize(256, dither=Image.Dither.NONE)


def draw_reward_by_state(subject: Subject) -> ET.Element:
    """The reward where there is no map."""
    display = StateRewardsDisplay.from_estimator(
        subject.estimator, names=subject.state_names, action_names=subject.action_names
    )
    return drawn(
        display,
        alt="Recovered reward by state. " + extremes(display.values, display.names),
        caption="Recovered reward of every state" + (", by action." if display.values.shape[1] > 1 else "."),
        reading="Being in a state with a high reward is sought, in one with a low reward avoided. Compare states with each "
        "other: where episodes do not end by themselves, the level common to all means nothing.",
    )


def draw_comparison(subject: Subject, true_reward: ArrayLike) -> ET.Element:
    """True against recovered reward where there is no map."""
    display = RewardComparisonDisplay.from_estimator(subject.estimator, true_reward)
    return drawn(
        display,
        alt=f"Recovered over true reward: {display.verdict}.",
        caption=f"The recovered reward against the true one ({display.aligned.note}).",
        reading="Each point is one state, or one state and action. On the diagonal the recovered reward is the true one.",
    )


def draw_overview(subject: Subject, layout: Layout) -> ET.Element:
    """The maps: the reward, the true one beside it where it is known, visits, and on a grid the policy."""
    from matplotlib.figure import Figure

    figure = plot_recovery(
        subject.estimator, subject.world, true_reward=subject.true_reward, steps=subject.steps, figure=Figure()
    )
    shown = figure.displays
    alt = "Map of the recovered reward. " + extremes_on(shown["recovered"], subject)
    parts = ["What was seen", "the recovered reward"]
    reading = ["Orange places are sought, blue places are avoided, white ones are neither; the darker, the more."]
    if "error" in shown:
        parts.append("its standard error")
        reading.append(
            "Purple says how uncertain the reward is: where it is dark, do not rely on the colours of the reward."
        )
    if "visitations" in shown:
        parts.append(f"how often each {layout.unit} is expected to be visited")
        reading.append("Green says where the model expects visits.")
    if "policy" in shown:
        parts.append("the policy, its arrows as long as the moves are probable")
    if "true" in shown:
        alt += f" Compared with the true reward: {figure.comparison.verdict}."
        parts.append("the true reward on the same colour scale")
    return embedded(figure, alt=alt, caption="; ".join(parts) + ".", reading=" ".join(reading))


def draw_demonstrations(subject: Subject, layout: Layout) -> ET.Element:
    """Where the demonstrations went on the map."""
    data, mdp, unit = subject.demonstrations, subject.estimator.mdp, layout.unit
    display = layout.demonstrations(data, mdp)
    counts = layout.per_place(data.state_action_counts(mdp.n_states, mdp.n_actions), total=True)
    return drawn(
        display,
        alt=f"Map of how often {len(data)} demonstrations {layout.words.verb} each {unit}; {int((counts > 0).sum())} {unit}s "
        "were used.",
        caption=f"Where the demonstrations went: {int((counts > 0).sum()):,} {unit}s were used.",
        reading=getattr(display, "reading", "The darker, the more decisions were seen."),
    )


def draw_coefficients(subject: Subject) -> ET.Element:
    """Coefficients with their intervals."""
    display = CoefficientsDisplay.from_estimator(subject.estimator)
    return drawn(
        display,
        alt=f"Estimates of {len(display.estimates)} coefficients as dots on lines; the numbers are in the table.",
        caption="Coefficients, with 95% intervals where standard errors are known. "
        "The demonstrations do not determine the grey ones."
        if display.determined is not None and not display.determined.all()
        else "Coefficients, with 95% intervals where standard errors are known.",
        reading="A dot is an estimate. The line around it holds the true value in 95 of 100 such studies. If it lies on one "
        "side of zero, the feature is known to be sought (right) or avoided (left).",
    )


def draw_standard_errors(subject: Subject, layout: Layout) -> ET.Element:
    """Map of the standard error of the reward."""
    display = estimator_map(subject.estimator, layout, show="standard_error")
    return drawn(
        display,
        alt="Map of the standard error of the recovered reward. " + extremes_on(display, subject),
        caption=f"Where the reward is well known ({layout.words.low}) and where it is not ({layout.words.high}).",
        reading="The true reward lies within twice the standard error of the recovered one at about 95 of 100 places.",
    )


def draw_convergence(subject: Subject) -> ET.Element:
    """Log-likelihood over the steps, and the gap that is left."""
    display = ConvergenceDisplay.from_estimator(subject.estimator)
    first, last = display.log_likelihood[[0, -1]]
    return drawn(
        display,
        alt=f"The objective rises from {first:.4f} to {last:.4f} nats per decision; the largest feature gap left is "
        f"{np.abs(display.gap).max():.1e}.",
        caption="Left: the objective at each step of the fit. Right: demonstrated minus expected features, per decision, "
        + (
            "which a converged fit brings within the tolerance."
            if display.tol
            else "which the penalty keeps from zero."
        ),
        reading="The curve must have become flat. On the right, a model that has found its maximum expects each feature as "
        "often as it was seen, up to the penalty.",
    )


def draw_calibration(subject: Subject) -> ET.Element:
    """Predicted probabilities against what was chosen."""
    display = CalibrationDisplay.from_estimator(subject.estimator, subject.demonstrations)
    worst = float(np.abs(display.predicted - display.observed).max())
    return drawn(
        display,
        alt=f"Shares of choices over predicted probabilities in {len(display.counts)} bins; "
        f"the largest difference is {worst:.3f}.",
        caption="On the demonstrations that were fitted: points on the diagonal mean that actions predicted with "
        "probability p are chosen in a share p of the decisions.",
        reading="Points on the diagonal: what the model calls 30% probable happened in 30% of the cases. Points far from it: "
        "the model lacks something.",
    )


def extremes(values: NDArray, names: Any) -> str:
    """Smallest and largest value and where they are, in words."""
    values = np.asarray(values, dtype=float)
    rows = values.reshape(len(values), -1) if values.ndim == 2 and len(names) == len(values) else values.reshape(-1, 1)
    finite = np.isfinite(rows)
    if not finite.any():
        return "No state has a value."
    low = int(np.where(finite, rows, np.inf).min(axis=1).argmin())
    high = int(np.where(finite, rows, -np.inf).max(axis=1).argmax())
    return (
        f"It is lowest at {names[low]} ({np.nanmin(rows[low]):.3g}) and highest at {names[high]} "
        f"({np.nanmax(rows[high]):.3g})."
    )


def extremes_on(display: Any, subject: Subject) -> str:
    """Smallest and largest value of a map and where they are, in words."""
    values = getattr(display, "values", None)  # displays of others need not have them
    return "" if values is None else extremes(values, subject.place_names)
