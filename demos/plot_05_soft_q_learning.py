r"""
Soft Q-learning: the soft backup without a model
================================================

**Question.** Does an agent that sees only transitions (s, a, r, s') learn the same soft values?

Every transition updates one entry of a table,

.. math::

    Q(s,a) \leftarrow Q(s,a) + \eta \bigl( r + \gamma V(s') - Q(s,a) \bigr), \qquad
    V(s') = \alpha \log \sum_{a'} \exp(Q(s',a') / \alpha) ,

while a thousand walkers act by the Boltzmann policy of the current Q. One action in ten is uniformly random.

**What the figure shows.** The slippery grid of the second demo. The distance from the soft values of ``soft_value_iteration``
first falls as the initial values are forgotten. Then it falls like one over the square root of the number of transitions.
After five million transitions it is about 0.01.

Source: Haarnoja, T., Tang, H., Abbeel, P., & Levine, S. (2017), Reinforcement learning with deep energy-based policies, ICML.
"""

import matplotlib.pyplot as plt
import numpy as np

from maxent_irl import soft_value_iteration
from maxent_irl.control import soft_q_learning
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
solution = soft_value_iteration(world.mdp, world.reward, temperature=0.3)

# %%
# Four runs; each result holds the learning curve of V.

runs = [soft_q_learning(world.mdp, world.reward, temperature=0.3, random_state=seed) for seed in range(4)]
last = [np.abs(run.V - solution.V).max() for run in runs]
print("largest error of V:", np.round(last, 4), "converged:", [run.converged for run in runs])

figure, (left, right) = plt.subplots(1, 2, figsize=(10, 4.3), layout="constrained", width_ratios=[1.4, 1])
for seed, run in enumerate(runs):
    error = np.abs(run.value_curve - solution.V).max(axis=1)
    left.loglog(run.samples_curve, error, color=f"C{seed}", linewidth=1.2, label=f"seed {seed}")
n = np.array([3e5, 5e6])
left.loglog(n, 0.045 * np.sqrt(n[0] / n), "--", color="0.4", label="1 / √n")
left.axhline(0.02, color="0.4", linestyle=":", label="0.02")
left.set(xlabel="transitions", ylabel="largest error of V", title="Learnt from transitions alone")
left.legend(frameon=False)

best = runs[0]
right.plot([solution.Q.min(), solution.Q.max()], [solution.Q.min(), solution.Q.max()], color="0.6", linewidth=1)
rare = solution.policy < 0.01
right.plot(solution.Q[~rare], best.Q[~rare], "o", markersize=4, label="likely actions")
right.plot(solution.Q[rare], best.Q[rare], "x", markersize=4, color="C1", label="actions below 1 %")
right.set(xlabel="soft Q by soft value iteration", ylabel="soft Q learnt", title="The same 125 numbers", aspect="equal")
right.legend(frameon=False)
for ax in (left, right):
    ax.spines[["top", "right"]].set_visible(False)
plt.show()

# sphinx_gallery_thumbnail_path = 'images/thumbnails/plot_05.png'
