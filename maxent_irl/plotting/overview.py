"""The figure that shows a fit at a glance: what was seen, what was recovered, how sure that is, and what it predicts."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from .axes import fit_page
from .coefficients import CoefficientsDisplay
from .comparison import RewardComparisonDisplay
from .convergence import ConvergenceDisplay
from .fitted import has_errors
from .keys import key_above, title_above
from .kinds import Kind, finding, kind_patches, kinds_of, truth_of
from .layouts import Layout, is_stacked, layout_of, panel_of
from .quantities import estimator_map
from .state_rewards import StateRewardsDisplay
from .style import dress, house_style

MANY_COLUMNS, SMALLER = 3, 0.78
SHORT_LABELS = {"error": "standard error", "visitations": "expected visits per demonstration"}
LIKELY = "longer arrows: more probable moves"


@house_style()
def plot_recovery(
    estimator: Any,
    world: Any = None,
    *,
    true_reward: ArrayLike | None = None,
    state_names: Sequence[Any] | None = None,
    action_names: Sequence[Any] | None = None,
    steps: ArrayLike | None = None,
    remove: str = "auto",
    figure: Any = None,
) -> Any:
    """Draw what a fit recovered on one figure.

    On a map: the demonstrations, the recovered reward with its standard error beside it, and what the fit predicts: expected
    visits, on a grid with the policy as arrows. Where the true reward is known: that too, on the colour scale of the recovered
    one, and how far off the recovered one is. Without a map: the reward by state, the coefficients if they are not that already,
    and how the fit converged.

    Parameters
    ----------
    estimator : fitted MaxEntIRL
    world : GridWorld, shape (rows, columns), bool array of free cells, RoadNetwork, Labyrinth or `MapLayout`, optional
        None: there is no map.
    true_reward : (S,) or (S, A) array, optional
        Default: the world's `reward`, if it has one that is not zero everywhere.
    state_names : sequence of S labels, optional
        Names of states where there is no map. Default: the labels that the demonstrations were read with.
    action_names : sequence of A labels, optional
        Names of actions where there is no map and each has a reward of its own. Default: the labels of the demonstrations.
    steps : (A, 2) array, optional
        Row and column step of each action of the grid. Default: those of the world.
    remove : "auto", "constant", "shaping" or "nothing"
        What is removed from the recovered reward before it is compared with the true one, as for
        `RewardComparisonDisplay.from_rewards`.
    figure : matplotlib Figure, optional
        Where to draw; default a new pyplot figure. Pass ``matplotlib.figure.Figure()`` to write a file without a window.

    Returns
    -------
    matplotlib Figure, its axes filled; the displays are in its attribute ``displays``, a dict by panel, and the
    `RewardComparisonDisplay` behind the maps of rewards in ``comparison``
    """
    if world is None:
        return _without_map(estimator, true_reward, state_names, action_names, remove, figure)
    if true_reward is None:
        true_reward = getattr(world, "reward", None)
        if true_reward is not None and not np.any(true_reward):
            true_reward = None
    return _with_maps(estimator, world, true_reward, steps, remove, figure)


def _with_maps(
    estimator: Any, world: Any, true_reward: ArrayLike | None, steps: ArrayLike | None, remove: str, figure: Any
) -> Any:
    layout, kinds = layout_of(world), kinds_of(estimator)
    displays: dict[str, Any] = {"seen": layout.demonstrations(estimator.fit_.demonstrations, estimator.mdp)}
    scale = comparison = None
    if true_reward is not None:
        comparison = RewardComparisonDisplay.from_estimator(estimator, true_reward, world, remove=remove)
        true, displays["recovered"], scale = comparison.maps()
    else:
        displays["recovered"] = estimator_map(estimator, layout)
    if has_errors(estimator):
        displays["error"] = estimator_map(estimator, layout, show="standard_error")
    one_policy = not estimator.fit_.has_goals
    if one_policy or layout.sums_goals:
        displays["visitations"] = estimator_map(estimator, layout, show="visitations")
    if comparison is not None:
        displays["true"] = true
        displays["difference"] = _difference(comparison, kinds)
    figure, axes = _panels(figure, displays)
    for name, label in SHORT_LABELS.items():
        if hasattr(displays.get(name), "label"):
            displays[name].label = label
    for name, ax in axes.items():
        if name != "difference":
            # One key explains the marks on all maps.
            keyed = name == "seen" or (name == "recovered" and (layout.rings or (not kinds and _lacks(displays[name]))))
            options = {"scale": scale if name in ("true", "recovered") else None, "key": keyed}
            displays[name].plot(ax, **({} if name == "seen" else options))
        else:
            displays[name].plot(ax)
            if kinds and layout.numbered:  # as tall as the maps beside it
                ax.set_box_aspect(axes["recovered"].dataLim.height / axes["recovered"].dataLim.width)
    if one_policy and (policy := layout.policy(estimator.policy_, steps, title="")) is not None:
        displays["policy"] = policy.plot(axes["visitations"], note=False)
        for mark in getattr(displays["visitations"], "marks_", {}).values():
            mark.set_zorder(5)  # above the arrows
    _say(displays, axes, layout, estimator, comparison, kinds)
    figure.displays, figure.comparison = displays, comparison
    return figure


def _lacks(display: Any) -> bool:
    """Whether a map has places without a value, which its key explains."""
    values = getattr(display, "values", None)
    return values is not None and not np.isfinite(values).all()


def _difference(comparison: RewardComparisonDisplay, kinds: Sequence[Kind]) -> Any:
    """How far off the recovered reward is: kind by kind where there are kinds, otherwise place by place."""
    if not kinds:
        return RewardComparisonDisplay(comparison.aligned)
    return CoefficientsDisplay.from_values(
        [kind.reward for kind in kinds],
        [kind.error for kind in kinds],
        names=[kind.name for kind in kinds],
        truth=truth_of(kinds, comparison.aligned.true if comparison.aligned.true.ndim == 1 else _rows(comparison)),
        label="reward per decision",
    )


def _rows(comparison: RewardComparisonDisplay) -> Any:
    assert comparison.layout is not None
    return comparison.layout.per_place(comparison.aligned.true)


def _panels(figure: Any, displays: dict[str, Any]) -> tuple[Any, dict[str, Any]]:
    """The figure, and axes by name of the panel, in the order of the displays."""
    width, height = panel_of(displays["recovered"])
    n = len(displays)
    columns = 1 if is_stacked(displays["recovered"]) else MANY_COLUMNS if n > 4 else 2 if n == 4 else n
    rows = -(-n // columns)
    if (
        columns == MANY_COLUMNS
    ):  # smaller maps, so that words are large enough when the page is shrunk to a column of text
        width, height = max(SMALLER * width, 3.8), SMALLER * height + 0.2
    figure = _page(figure, (width * columns, (height + 0.25) * rows))
    axes = figure.subplots(rows, columns, squeeze=False).ravel()
    for ax in axes:
        dress(ax)
    for ax in axes[n:]:
        ax.remove()
    return figure, dict(zip(displays, axes, strict=False))


def _say(
    displays: dict[str, Any],
    axes: dict[str, Any],
    layout: Layout,
    estimator: Any,
    comparison: RewardComparisonDisplay | None,
    kinds: Sequence[Kind],
) -> None:
    """Write titles in plain words over the panels, and name the kinds of places in the colours of their rewards."""
    data = estimator.fit_.demonstrations
    far = "" if comparison is None else comparison.distance if kinds else comparison.verdict.replace("; ", "\n")
    many = "s" if len(data) != 1 else ""
    shown = f"how often each {layout.unit} is expected to be {layout.words.verb}"
    words = {
        "seen": ("What was seen", f"{len(data):,} demonstration{many} with {data.n_decisions:,} decisions"),
        "recovered": (
            finding(kinds) or "What is sought and avoided",
            "recovered reward" + " with 95% margin" * bool(kinds),
        ),
        "error": ("How sure that is", "standard error; most true values lie within twice this"),
        "visitations": ("What it predicts", LIKELY if "policy" in displays else shown),
        "true": ("The true reward", "known here, for comparison"),
        "difference": ("How far off", far),
    }
    for name, (title, below) in words.items():
        if name not in axes:
            continue
        ax, key = axes[name], getattr(displays[name], "key_", None)
        if layout.numbered and name != "difference":
            ax.set(xticks=[], yticks=[], xlabel="", ylabel="")
        if name == "recovered" and kinds:
            mappable = displays[name].colour_bar_.mappable
            patches = kind_patches(kinds, {"cmap": mappable.cmap, "norm": mappable.norm})
            key = key_above(ax, patches, handlelength=1.0, handletextpad=0.4, columnspacing=1.0)
        title_above(ax, title, key, below=below)


def _without_map(
    estimator: Any,
    true_reward: ArrayLike | None,
    state_names: Sequence[Any] | None,
    action_names: Sequence[Any] | None,
    remove: str,
    figure: Any,
) -> Any:
    reward = StateRewardsDisplay.from_estimator(estimator, names=state_names, action_names=action_names)
    displays: dict[str, Any] = {"reward": reward}
    rows: list[tuple[str, ...]] = [("reward",)]
    heights = [reward.height]
    if true_reward is not None:
        displays["comparison"] = RewardComparisonDisplay.from_estimator(estimator, true_reward, remove=remove)
        rows, heights = [("reward", "comparison")], [max(heights[0], 5.4)]
    if estimator.features is not None:
        displays["coefficients"] = CoefficientsDisplay.from_estimator(estimator)
        rows.append(("coefficients",))
        heights.append(displays["coefficients"].height)
    displays["convergence"] = ConvergenceDisplay.from_estimator(estimator)
    rows.append(("convergence",))
    heights.append(3.6)
    figure = _page(figure, (10.0, sum(heights)))
    bands = figure.subfigures(len(rows), 1, height_ratios=heights, squeeze=False).ravel()
    for band, names in zip(bands, rows, strict=True):
        for part, name in zip(band.subfigures(1, len(names), squeeze=False).ravel(), names, strict=True):
            displays[name].plot(part)
    figure.displays = displays
    return figure


def _page(figure: Any, size: tuple[float, float]) -> Any:
    if figure is None:
        import matplotlib.pyplot as plt

        figure = plt.figure()
    fit_page(figure, size)
    return figure
