r"""
The optimism problem: the value of exact inference, which no policy attains
===========================================================================

**Question.** If the dynamics are stochastic, is the action posterior given optimality a good policy?

Exact inference conditions actions and transitions on optimality. Variational inference uses the true dynamics:

.. math::

    Q(s,a) = r(s,a) + \gamma \, \alpha \log E_{s'}[e^{V(s') / \alpha}] \quad \text{(exact)}, \qquad
    Q(s,a) = r(s,a) + \gamma \, E_{s'}[V(s')] \quad \text{(variational)} .

Three values measure the difference in every state: that of exact inference, that of its policy, and that of the best policy. The
second is the evidence lower bound of the policy under the true dynamics. The third is the variational V.

**What the figure shows.** A slippery grid with a path along a row of mud. The exact policy goes along the edge, because its
dynamics give slips into the mud little probability. The variational policy keeps a distance. The gap grows with the slip and
vanishes without it.

Source: Levine, S. (2018), arXiv:1805.00909, sections 2.4 and 3.
"""

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.patheffects import withStroke

from maxent_irl.control import compare_inference
from maxent_irl.plotting import GridMapDisplay, PolicyDisplay
from maxent_irl.plotting.style import HOUSE_STYLE
from maxent_irl.worlds import GridWorld

plt.style.use(HOUSE_STYLE)

MAP = """
    .........
    .........
    S.......G
    mmmmmmmmm
"""


def cliff(slip):
    return GridWorld.from_text(
        MAP, rewards={"G": 4.0, "m": -4.0}, slip=slip, discount=0.95, terminal_goals=False, reward_on="next_state"
    )


world = cliff(0.3)
both = compare_inference(world.mdp, world.reward, temperature=1.0)
start = world.starts[0]
print(
    f"value at the start: exact inference {both.exact.V[start]:.2f}, its policy {both.earned[start]:.2f}, "
    f"best policy {both.variational.V[start]:.2f}"
)

# %%
# The three values at the start, for several probabilities of a slip.

slips = np.linspace(0.0, 0.6, 13)
gaps = [compare_inference(cliff(slip).mdp, cliff(slip).reward, temperature=1.0) for slip in slips]

figure = plt.figure(figsize=(10.5, 6.6), layout="constrained")
maps, line = figure.subfigures(1, 2, width_ratios=[1.5, 1])
above, below = maps.subplots(2, 1)
GridMapDisplay.from_values(
    both.variational.V,
    world,
    label="variational value",
    title="Variational: keeps a distance from the mud",
    signed=False,
).plot(above)
PolicyDisplay.from_policy(both.variational.policy, world).plot(above)
GridMapDisplay.from_values(
    both.optimism,
    world,
    label="exact value − its policy's",
    title="Exact: along the edge, and its value is too high",
    from_zero=True,
).plot(below, key=False)
PolicyDisplay.from_policy(both.exact.policy, world).plot(below)
for ax in (above, below):
    for column in range(9):
        edge = [withStroke(linewidth=2, foreground="white")]
        ax.text(column, 3.46, "mud", fontsize="small", ha="center", va="bottom", path_effects=edge)

ax = line.subplots()
ax.plot(slips, [gap.exact.V[start] for gap in gaps], "o-", label="value of exact inference")
ax.plot(slips, [gap.variational.V[start] for gap in gaps], "s-", color="0.4", label="value of the best policy")
ax.plot(slips, [gap.earned[start] for gap in gaps], "^-", color="C1", label="value of the exact policy")
ax.axvline(world.slip, color="0.7", linestyle=":", label="the maps")
ax.set(xlabel="probability of a slip", ylabel="soft value at the start", title="No slip, no gap")
ax.legend(frameon=False)
ax.spines[["top", "right"]].set_visible(False)
plt.show()

# sphinx_gallery_thumbnail_path = 'images/thumbnails/plot_04.png'
