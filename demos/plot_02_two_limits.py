r"""
Two limits: hard Bellman and the prior
======================================

**Question.** How do value and policy depend on the temperature in a problem with many steps?

With a prior :math:`p(a \mid s)` (here uniform), discount :math:`\gamma` and rewards of range :math:`\Delta`,

.. math::

    0 \le V_0 - V_\alpha \le \frac{\alpha \max \log(1 / p)}{1 - \gamma}, \qquad
    \Bigl| \log \frac{\pi_\alpha}{p} \Bigr| \le \frac{\Delta}{\alpha (1 - \gamma)} .

As the temperature goes to zero, so does the first bound, and the soft Bellman equation becomes the hard one. As the temperature
goes to infinity, the second bound goes to zero, and the policy becomes the prior.

**What the figure shows.** A slippery grid, where a goal pays 1 and mud costs 1. At a low temperature the policy goes to the
goal, at a high one it is nearly uniform. Both distances stay below their bounds.

Source: Levine, S. (2018), arXiv:1805.00909; the bounds are derived in ``maxent_irl.control.limits``.
"""

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.patheffects import withStroke

from maxent_irl.control import temperature_sweep
from maxent_irl.plotting import GridMapDisplay, PolicyDisplay, colour_scale
from maxent_irl.plotting.style import HOUSE_STYLE
from maxent_irl.worlds import GridWorld

plt.style.use(HOUSE_STYLE)

world = GridWorld.from_text(
    """
    .....
    .m...
    .m.m.
    ...m.
    ....G
    """,
    rewards={"G": 1.0, "m": -1.0},
    slip=0.2,
    discount=0.9,
    terminal_goals=False,
)

# %%
# One call solves the soft Bellman equation at every temperature and at both limits, and measures the distances.

temperatures = np.logspace(-3, 3, 25)
sweep = temperature_sweep(world.mdp, world.reward, temperatures)

figure = plt.figure(figsize=(11, 8.2), layout="constrained")
maps, lines = figure.subfigures(2, 1, height_ratios=[1.25, 1])
shown = [sweep.solutions[i] for i in (4, 10, 20)]
scale = colour_scale(*(solution.V for solution in shown), signed=False)
for ax, solution, word in zip(maps.subplots(1, 3), shown, ("greedy", "in between", "nearly uniform"), strict=True):
    title = f"Temperature {round(solution.temperature, 2):g}: {word}"
    map_of_values = GridMapDisplay.from_values(solution.V, world, label="soft value", title=title)
    map_of_values.plot(ax, scale=scale, colour_bar=solution is shown[-1], key=False)
    map_of_values.marks_["goal"].remove()  # a word marks the goal, so that the policy there stays visible
    arrows = PolicyDisplay.from_policy(solution.policy, world).plot(ax)
    arrows.stays_.set_zorder(4)  # above the arrows, which are short at the goal and would cover it
    words = {"fontsize": "x-small", "va": "top", "path_effects": [withStroke(linewidth=2, foreground="white")]}
    for name, state in [("goal", world.goals[0]), *(("mud", state) for state in np.flatnonzero(world.tiles == "m"))]:
        row, column = world.cells[state]
        ax.text(column - 0.47, row - 0.46, name, **words)

cold, hot = lines.subplots(1, 2)
cold.loglog(temperatures, sweep.cold_distance, "o-", markersize=3, label="distance")
cold.loglog(temperatures, sweep.cold_bound, "--", color="0.4", label="bound")
cold.set(
    xlabel="temperature, in units of reward",
    ylabel="largest V(hard) − V(soft)",
    title="Cold: soft Bellman becomes hard Bellman",
)
hot.loglog(temperatures, sweep.hot_distance, "o-", markersize=3, label="distance")
hot.loglog(temperatures, sweep.hot_bound, "--", color="0.4", label="bound")
hot.set(
    xlabel="temperature, in units of reward",
    ylabel="largest |log π / p|, nats",
    title="Hot: the policy becomes the prior",
)
for ax in (cold, hot):
    ax.legend(frameon=False)
    ax.spines[["top", "right"]].set_visible(False)
plt.show()

# sphinx_gallery_thumbnail_path = 'images/thumbnails/plot_02.png'
