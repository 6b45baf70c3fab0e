r"""
Hidden states: memory by expectation-maximisation
=================================================

**Question.** In a maze where places look alike, how much memory does an agent need?

In McCallum's cheese maze only the walls around a cell can be seen. A controller has nodes of memory; actions depend on the
node, and observations move it. EM maximises the likelihood of reward over all tables of the controller at once. The belief MDP
is exact here, because only 16 beliefs can be reached.

**What the figure shows.** Left: the maze; equal colours look alike. Middle: the value that EM reaches with 1 to 8 nodes, best of
ten starts, and all starts as dots, against the belief MDP. Right: the four nodes of the best controller, where they are used, and
their actions.

Sources: Toussaint, M., Harmeling, S., & Storkey, A. (2006), technical report EDI-INF-RR-0934; McCallum, R. A. (1993), ICML.
"""

import matplotlib.pyplot as plt
import numpy as np

from maxent_irl.control import cheese_maze, em_controller, solve_beliefs

maze = cheese_maze()
exact = solve_beliefs(maze)
print(f"belief MDP: {exact.value:.4f} over {len(exact.beliefs)} beliefs")

# %%
# EM with 1 to 8 nodes.

nodes = (1, 2, 3, 4, 5, 6, 8)
plans = {n: em_controller(maze, n, random_state=0) for n in nodes}
for n, plan in plans.items():
    print(f"{n} nodes: {plan.value:.4f}")

figure, axes = plt.subplots(1, 3, figsize=(12.5, 3.9), layout="constrained", width_ratios=[1, 1.2, 1.4])
place = {
    0: (0, 0),
    1: (0, 1),
    2: (0, 2),
    3: (0, 3),
    4: (0, 4),
    5: (1, 0),
    6: (1, 2),
    7: (1, 4),
    8: (2, 0),
    9: (2, 2),
    10: (2, 4),
}
look = maze.observations.argmax(axis=1)
for s, (row, col) in place.items():
    axes[0].add_patch(plt.Rectangle((col - 0.5, row - 0.5), 1, 1, facecolor=f"C{look[s]}", alpha=0.6, edgecolor="0.3"))
axes[0].text(2, 2, "cheese", ha="center", va="center", fontsize=9)
axes[0].set(xlim=(-0.7, 4.7), ylim=(2.7, -0.7), aspect="equal", xticks=[], yticks=[], title="Equal colours look alike")
for n, plan in plans.items():
    axes[1].plot(np.full(len(plan.values), n), plan.values, ".", color="0.6", markersize=4)
axes[1].plot(nodes, [plan.value for plan in plans.values()], "o-", color="C0", label="EM, best of ten starts")
axes[1].axhline(exact.value, color="0.3", linestyle="--", label="belief MDP")
axes[1].set(xlabel="nodes of memory", ylabel="value of the first belief", title="Four nodes are enough")
axes[1].legend(frameon=False, loc="lower right")
axes[1].spines[["top", "right"]].set_visible(False)

# %%
# Where each node of the best controller is used: visits of node and state.

controller = plans[4].controller
by = np.einsum("sat,ty,nym,na->nsmt", maze.transitions, maze.observations, controller.moves, controller.actions)
flow = by.reshape(44, 44)
start = np.outer(controller.first, maze.mdp.initial_distribution).ravel()
visits = np.linalg.solve(np.eye(44) - 0.95 * flow.T, start).reshape(4, 11)
arrows = ("↑", "→", "↓", "←")
image = axes[2].imshow(np.sqrt(visits), cmap="viridis", aspect="auto")
figure.colorbar(image, ax=axes[2], label="square root of visits")
labels = [" ".join(f"{arrows[a]} {p:.2f}" for a, p in enumerate(row) if p > 0.005) for row in controller.actions]
axes[2].set(
    xticks=range(11),
    yticks=range(4),
    yticklabels=labels,
    xlabel="cell (9: cheese)",
    title="Node by action, cell by cell",
)
plt.show()
# sphinx_gallery_thumbnail_path = 'images/thumbnails/plot_37.png'
