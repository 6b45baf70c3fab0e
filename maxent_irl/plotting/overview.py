"""The figure that shows a fit at a glance: the reward, the visits and the policy on maps, or the reward by state."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from .axes import fit_page
from .coefficients import CoefficientsDisplay
from .comparison import RewardComparisonDisplay
from .convergence import ConvergenceDisplay
from .layouts import is_stacked, layout_of, panel_of
from .quantities import estimator_map
from .state_rewards import StateRewardsDisplay


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

    On a map: the true reward where it is known and the recovered one on the same colour scale, the expected visits, and on a grid
    the policy as arrows. Without a map: the reward by state, the coefficients if they are not that already, and how the fit
    converged.

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
    `RewardComparisonDisplay` behind two maps in ``comparison``
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
    layout = layout_of(world)
    displays: dict[str, Any] = {}
    scale = comparison = None
    if true_reward is not None:
        comparison = RewardComparisonDisplay.from_estimator(estimator, true_reward, world, remove=remove)
        displays["true"], displays["recovered"], scale = comparison.maps()
    else:
        displays["recovered"] = estimator_map(estimator, layout)
    one_policy = not estimator.fit_.has_goals
    if one_policy or layout.sums_goals:
        displays["visitations"] = estimator_map(estimator, layout, show="visitations")
    if one_policy:
        policy = layout.policy(estimator.policy_, steps, title="Recovered policy")
        displays |= {} if policy is None else {"policy": policy}
    width, height = panel_of(displays["recovered"])
    columns = 1 if is_stacked(displays["recovered"]) else 2 if len(displays) == 4 else len(displays)
    rows = len(displays) // columns
    figure = _page(figure, (width * columns, height * rows))
    axes = figure.subplots(rows, columns, squeeze=False).ravel()
    for i, (name, display) in enumerate(displays.items()):
        # One key explains all maps.
        options = {"scale": scale if name in ("true", "recovered") else None, "key": i == 0}
        display.plot(axes[i], **({} if name == "policy" else options))
    figure.displays, figure.comparison = displays, comparison
    return figure


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
        rows, heights = [("reward", "comparison")], [max(heights[0], 4.6)]
    if getattr(estimator, "features", None) is not None:
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
