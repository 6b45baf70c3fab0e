"""The one figure a user gets without asking: what was recovered, seen from four sides."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from ..worlds.gridworld import ACTIONS
from ._axes import fit_page
from ._coefficients import CoefficientsDisplay
from ._comparison import RewardComparisonDisplay
from ._convergence import ConvergenceDisplay
from ._grid import size_for
from ._grid_map import WIDE, GridMapDisplay
from ._network import map_display
from ._policy import PolicyDisplay
from ._state_rewards import StateRewardsDisplay


def plot_recovery(
    estimator: Any,
    world: Any = None,
    *,
    true_reward: ArrayLike | None = None,
    state_names: Sequence[Any] | None = None,
    action_names: Sequence[Any] | None = None,
    steps: ArrayLike = ACTIONS,
    remove: str = "auto",
    figure: Any = None,
) -> Any:
    """Draw what a fit recovered on one figure.

    On a grid: the true reward where it is known and the recovered one on the same colour scale, the expected visits, and the
    policy as arrows. On a road network: the same by link, without the policy. Elsewhere: the reward by state, the coefficients
    if they are not that already, and how the fit converged.

    Parameters
    ----------
    estimator : fitted MaxEntIRL
    world : GridWorld, shape (rows, columns), bool array of free cells, or RoadNetwork, optional
        None: there is no map.
    true_reward : (S,) or (S, A) array, optional
        Default: the world's `reward`, if it has one that is not zero everywhere.
    state_names : sequence of S labels, optional
        Names of states where there is no map.
    action_names : sequence of A labels, optional
        Names of actions where there is no map and each has a reward of its own.
    steps : (A, 2) array
        Row and column step of each action of the grid.
    remove : "auto", "constant", "shaping" or "nothing"
        What is removed from the recovered reward before it is compared with the true one, as for
        `RewardComparisonDisplay.from_rewards`.
    figure : matplotlib Figure, optional
        Where to draw; default a new pyplot figure. Pass ``matplotlib.figure.Figure()`` to write a file without a window.

    Returns
    -------
    matplotlib Figure, its axes filled; the displays are in its attribute ``displays``, a dict by panel
    """
    if world is None:
        return _without_map(estimator, true_reward, state_names, action_names, remove, figure)
    if true_reward is None:
        true_reward = getattr(world, "reward", None)
        if true_reward is not None and not np.any(true_reward):
            true_reward = None
    return _with_maps(estimator, world, true_reward, steps, remove, figure)


def _with_maps(
    estimator: Any, world: Any, true_reward: ArrayLike | None, steps: ArrayLike, remove: str, figure: Any
) -> Any:
    maps, displays, scale = map_display(world), {}, None
    if true_reward is not None:
        comparison = RewardComparisonDisplay.from_estimator(estimator, true_reward, world, remove=remove)
        displays["true"], displays["recovered"], scale = comparison.maps()
    else:
        displays["recovered"] = maps.from_estimator(estimator, world)
    on_grid = maps is GridMapDisplay
    if not on_grid or hasattr(estimator, "policy_"):  # on a grid with goals no one map of visits, and no one policy
        displays["visitations"] = maps.from_estimator(estimator, world, show="visitations")
    if on_grid and "visitations" in displays:
        displays["policy"] = PolicyDisplay.from_estimator(estimator, world, steps=steps)
    width, height, columns = (_grid_panels if on_grid else _network_panels)(displays)
    rows = len(displays) // columns
    figure = _page(figure, (width * columns, height * rows))
    axes = figure.subplots(rows, columns, squeeze=False).ravel()
    for ax, (name, display) in zip(axes, displays.items(), strict=True):
        if name == "policy":
            display.plot(ax)
        else:
            options = {"key": ax is axes[0]} if on_grid else {}
            display.plot(ax, scale=None if name == "visitations" else scale, **options)
    figure.displays = displays
    return figure


def _grid_panels(displays: dict[str, Any]) -> tuple[float, float, int]:
    """Width and height of a panel in inches, and how many stand side by side."""
    rows, columns = displays["recovered"].plan.shape
    width, height = size_for((rows, columns), longest=3.8, extra=(1.7, 1.35))
    if columns > WIDE * rows:  # one above the other, with room for the colour bars below
        return max(width, 3.4), 3.8 * rows / columns + 2.4, 1
    return max(width, 3.4), height + 0.2, 2 if len(displays) in (2, 4) else len(displays)


def _network_panels(displays: dict[str, Any]) -> tuple[float, float, int]:
    width, height = displays["recovered"].size
    return width, height + 0.5, 1 if displays["recovered"].wide else len(displays)


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
    rows = [("reward",)]
    heights = [displays["reward"].height]
    if true_reward is not None:
        displays["comparison"] = RewardComparisonDisplay.from_estimator(estimator, true_reward, remove=remove)
        rows, heights = [("reward", "comparison")], [max(heights[0], 4.6)]
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
