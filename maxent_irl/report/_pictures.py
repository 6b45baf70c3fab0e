"""The figures of a report, each with a text that says what it shows to those who cannot see it."""

from __future__ import annotations

from io import BytesIO
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree as ET

import numpy as np
from numpy.typing import NDArray

from ..plotting import (
    CalibrationDisplay,
    CoefficientsDisplay,
    ConvergenceDisplay,
    NetworkMapDisplay,
    PathsDisplay,
    RewardComparisonDisplay,
    StateRewardsDisplay,
    plot_recovery,
)
from ..plotting._network import map_display
from ..worlds import RoadNetwork
from ._page import picture

if TYPE_CHECKING:
    from ._sections import Fit

DOTS_PER_INCH = 150
CSS_PIXELS_PER_INCH = 96


def drawn(display: Any, *, alt: str, caption: str) -> ET.Element:
    """Draw a display on a figure of its own, without a window."""
    from matplotlib.figure import Figure

    figure = Figure()
    display.plot(figure)
    return embedded(figure, alt=alt, caption=caption)


def embedded(figure: Any, *, alt: str, caption: str) -> ET.Element:
    """A drawn figure as an element of the page."""
    file = BytesIO()
    figure.savefig(file, dpi=DOTS_PER_INCH, metadata={"Software": None})
    width = round(figure.get_size_inches()[0] * CSS_PIXELS_PER_INCH)
    return picture(file.getvalue(), width, alt=alt, caption=caption)


def reward_by_state(fit: Fit) -> ET.Element:
    """The reward where there is no map."""
    display = StateRewardsDisplay.from_estimator(fit.estimator, names=fit.state_names, action_names=fit.action_names)
    return drawn(
        display,
        alt="Recovered reward by state. " + extremes(display.values, display.names),
        caption="Recovered reward of every state" + (", by action." if display.values.shape[1] > 1 else "."),
    )


def comparison(fit: Fit) -> ET.Element:
    """True against recovered reward where there is no map."""
    display = RewardComparisonDisplay.from_estimator(fit.estimator, fit.true_reward)
    return drawn(
        display,
        alt=f"Recovered over true reward: {display.verdict}.",
        caption=f"The recovered reward against the true one, {display.aligned.note}.",
    )


def overview(fit: Fit) -> ET.Element:
    """The maps: the reward, the true one beside it where it is known, visits, and on a grid the policy."""
    from matplotlib.figure import Figure

    figure = plot_recovery(fit.estimator, fit.world, true_reward=fit.true_reward, steps=fit.steps, figure=Figure())
    shown = figure.displays
    alt = "Map of the recovered reward. " + extremes(*_places(shown["recovered"], fit))
    parts = ["Recovered reward"]
    if "true" in shown:
        alt += f" Compared with the true reward: {shown['recovered'].title.splitlines()[-1]}."
        parts = ["True and recovered reward on one colour scale"]
    if "visitations" in shown:
        parts.append(f"how often each {_unit(fit)} is expected to be visited")
    if "policy" in shown:
        parts.append("and the policy, its arrows as long as the moves are probable")
    return embedded(figure, alt=alt, caption="; ".join(parts) + ".")


def demonstrations(fit: Fit) -> ET.Element:
    """Where the demonstrations went on the map."""
    data = fit.demonstrations
    states = np.unique(data.states).size
    if isinstance(fit.world, RoadNetwork):
        flows = fit.world.link_flows(data.state_action_counts(fit.estimator.mdp.n_states, fit.estimator.mdp.n_actions))
        display = NetworkMapDisplay.from_network(
            fit.world,
            flows,
            label="times a link was entered\n(square-root scale)",
            title=f"{len(data):,} demonstrations",
            signed=False,
            root=True,
        )
        return drawn(
            display,
            alt=f"Map of how often {len(data)} demonstrations entered each link; {int((flows > 0).sum())} links were used.",
            caption="The demonstrations: the wider and darker a link, the more often it was entered.",
        )
    display = PathsDisplay.from_demonstrations(data, fit.world)
    return drawn(
        display,
        alt=f"Map of the paths of {len(display.paths)} demonstrations, which made decisions in {states} of the cells.",
        caption="The demonstrations: single paths while they are few, summed traffic when they are many.",
    )


def coefficients(fit: Fit) -> ET.Element:
    """Coefficients with their intervals."""
    found = fit.summary.coefficients
    display = CoefficientsDisplay.from_values(
        fit.estimator.coef_,
        np.where(found["determined"], found["standard_error"], np.nan),
        names=found["feature"],
    )
    return drawn(
        display,
        alt=f"Estimates of {len(display.estimates)} coefficients as dots on lines; the numbers are in the table.",
        caption="Coefficients, with 95% intervals where standard errors are known.",
    )


def standard_errors(fit: Fit) -> ET.Element:
    """Map of the standard error of the reward."""
    display = map_display(fit.world).from_estimator(fit.estimator, fit.world, show="standard_error")
    known, unknown = ("light and narrow", "dark and wide") if _unit(fit) == "link" else ("dark", "light")
    return drawn(
        display,
        alt="Map of the standard error of the recovered reward. " + extremes(*_places(display, fit)),
        caption=f"Where the reward is well known ({known}) and where it is not ({unknown}).",
    )


def convergence(fit: Fit) -> ET.Element:
    """Log-likelihood over the steps, and the gap that is left."""
    display = ConvergenceDisplay.from_estimator(fit.estimator)
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
    )


def calibration(fit: Fit) -> ET.Element:
    """Predicted probabilities against what was chosen."""
    display = CalibrationDisplay.from_estimator(fit.estimator, fit.demonstrations)
    worst = float(np.abs(display.predicted - display.observed).max())
    return drawn(
        display,
        alt=f"Shares of choices over predicted probabilities in {len(display.counts)} bins; "
        f"the largest difference is {worst:.3f}.",
        caption="On the demonstrations that were fitted: points on the diagonal mean that actions predicted with "
        "probability p are chosen in a share p of the decisions.",
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


def _unit(fit: Fit) -> str:
    return "link" if isinstance(fit.world, RoadNetwork) else "cell"


def _places(display: Any, fit: Fit) -> tuple[NDArray, list[str]]:
    """The values of a map, flat, and where each of them lies."""
    if isinstance(fit.world, RoadNetwork):
        return display.values, [f"link {link}" for link in fit.world.links]
    rows, columns = display.grid.shape
    return display.grid.ravel(), [f"row {row}, column {column}" for row in range(rows) for column in range(columns)]
