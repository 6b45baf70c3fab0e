"""Draw the thumbnails of the gallery: one plain picture each, without words, that can be told from the others at 200 pixels.

Run it in the folder of the demos: ``python images/thumbnails.py``.
"""

from pathlib import Path

import numpy as np
from matplotlib import pyplot as plt

from maxent_irl import MaxEntIRL, soft_value_iteration
from maxent_irl.datasets import load_gridworld
from maxent_irl.plotting import GridMapDisplay, NetworkMapDisplay, PolicyDisplay, TreeMapDisplay, colour_scale
from maxent_irl.plotting.colours import ACCENT, CONTRAST, FAINT, INK
from maxent_irl.plotting.style import HOUSE_STYLE
from maxent_irl.worlds import GridWorld, ObjectWorld, RoadNetwork

HERE = Path(__file__).parent
WIDE = {"linewidth": 6, "solid_capstyle": "round"}


def bare(ax):
    ax.set(xticks=[], yticks=[], xlabel="", ylabel="", title="")
    return ax


def worked_example(ax):
    ax.bar([0, 1], [0.731, 0.269], color=[ACCENT, CONTRAST], width=0.7)
    ax.set_xlim(-0.8, 1.8)


def two_limits(ax):
    x = np.linspace(-2, 3, 200)
    ax.plot(x, 1 / (1 + np.exp(-(10**-x))), color=ACCENT, **WIDE)
    ax.axhline(0.5, color=FAINT, linestyle="--", linewidth=2)


def messages(ax):
    line = np.arange(41)
    ends = np.exp(-np.abs(line[:, None] - np.array([8, 30])) / 1.5).sum(axis=1)
    step = np.exp(-0.5 * (line[:, None] - line) ** 2 / 2)
    forward, backward = [np.eye(41)[18]], [ends]
    for _ in range(40):
        forward.append(forward[-1] @ step / (forward[-1] @ step).sum())
        backward.append(step @ backward[-1] / (step @ backward[-1]).sum())
    posterior = np.array(forward) * np.array(backward)[::-1]
    posterior /= posterior.sum(axis=1, keepdims=True)
    ax.imshow(np.sqrt(posterior), aspect="auto", **colour_scale(np.sqrt(posterior), signed=False))


def optimism(ax):
    x = np.linspace(0, 1, 50)
    ax.fill_between(x, 1 - 0.9 * x, 1 - 0.5 * x**1.4, color=CONTRAST, alpha=0.35)
    ax.plot(x, 1 - 0.5 * x**1.4, color=CONTRAST, **WIDE)
    ax.plot(x, 1 - 0.9 * x, color=ACCENT, **WIDE)


def soft_q_learning(ax):
    x, rng = np.linspace(0, 1, 160), np.random.default_rng(0)
    for _ in range(4):
        ax.plot(
            x, np.minimum(0, -3 * (x - 0.25)) - 0.12 * rng.normal(size=160).cumsum() * x / 6, color=ACCENT, linewidth=3
        )


def actor_and_critic(ax):
    rng = np.random.default_rng(1)
    points = rng.normal(size=(260, 2)) @ np.array([[1.0, -0.7], [0.0, 0.6]])
    ax.scatter(*points.T, 22, FAINT, alpha=0.6, linewidths=0)
    turn = np.linspace(0, 2 * np.pi, 100)
    for k in (1, 2):
        ax.plot(
            *(k * np.stack([np.cos(turn), np.sin(turn)], axis=1) @ [[1.0, -0.7], [0.0, 0.6]]).T,
            color=CONTRAST,
            linewidth=5,
        )


def kl_control(ax):
    x = np.linspace(0, 1, 100)
    ax.plot(x, np.sqrt(x), color=ACCENT, **WIDE)
    ax.scatter([0.3], [np.sqrt(0.3)], 900, CONTRAST, marker="*", edgecolors=INK, zorder=3)


def preferences(ax):
    rng = np.random.default_rng(2)
    x = rng.uniform(-1, 1, 26)
    ax.plot([-1.1, 1.1], [-1.1, 1.1], color=FAINT, linewidth=3)
    ax.scatter(x, x + 0.07 * rng.normal(size=26), 150, ACCENT, zorder=3)


def the_inverse(axes):
    world = GridWorld((12, 12), discount=0.9)
    rows, columns = np.indices((12, 12)).reshape(2, -1)
    true = np.exp(-((rows - 4) ** 2 + (columns - 2) ** 2) / 14) - np.exp(-((rows - 2) ** 2 + (columns - 8) ** 2) / 10)
    noisy = true + 0.08 * np.random.default_rng(3).normal(size=144)
    for ax, values in zip(axes, (true, noisy), strict=True):
        GridMapDisplay.from_values(values, world, label="", signed=True).plot(ax, colour_bar=False, key=False)


def gridworld(ax):
    data = load_gridworld()
    GridMapDisplay.from_values(data.true_reward, data.world, label="").plot(ax, colour_bar=False, key=False)
    policy = soft_value_iteration(data.mdp, data.true_reward).policy
    PolicyDisplay.from_policy(policy, data.world).plot(ax, note=False)


def objectworld(ax):
    world = ObjectWorld((16, 16), random_state=1)
    GridMapDisplay.from_values(world.reward, world, label="").plot(ax, colour_bar=False, key=False)


def labyrinth(ax):
    depth = np.floor(np.log2(np.arange(127) + 1))
    values = np.where(np.arange(127) == 116, 3.0, np.where(depth == 5, 1.0, -0.6)) * (0.4 + 0.1 * depth)
    TreeMapDisplay.from_values(values, label="").plot(ax, colour_bar=False)


def engines(ax):
    x = np.linspace(0, 1, 100)
    ax.fill_between(x, -0.5 * x, -1.5 * x, color=ACCENT, alpha=0.25, linewidth=0)
    ax.plot(x, -x, color=ACCENT, **WIDE)


def roads(ax):
    network = RoadNetwork.grid((9, 13), irregularity=0.25, random_state=2)
    middle = network.geometry.positions[network.geometry.edges].mean(axis=1)
    centre, size = middle.mean(axis=0), np.ptp(middle, axis=0)
    busy = np.exp(-9 * np.abs((middle - centre) / size @ [0.35, 1.0]))
    NetworkMapDisplay.from_network(network, busy, label="", root=True).plot(ax, colour_bar=False)


def model_selection(ax):
    x = np.linspace(-1, 1, 100)
    ax.plot(x, -(x**2) - 0.15 * x, color=ACCENT, **WIDE)
    ax.plot(x, 0.35 - 0.25 * (x + 1) ** 2, color=CONTRAST, linewidth=6, linestyle="--")
    ax.axvline(-0.08, color=FAINT, linewidth=3)


def how_sure(ax):
    data = load_gridworld()
    by_cell = MaxEntIRL(data.mdp, objective="likelihood", l2=1.0).fit(data.demonstrations)
    GridMapDisplay.from_estimator(by_cell, data.world, show="standard_error", title="").plot(
        ax, colour_bar=False, key=False
    )


def from_a_table(ax):
    kinds = (0, 2, 1, 0, 0, 2, 1)
    for row, kind in enumerate(kinds):
        for column, colour in enumerate((FAINT, FAINT, (ACCENT, CONTRAST, FAINT)[kind])):
            ax.add_patch(plt.Rectangle((column, row), 0.9, 0.75, facecolor=colour))
    ax.set(xlim=(-0.1, 3), ylim=(-0.2, 7))


def which_reward_model(ax):
    x = np.linspace(0, 1, 50)
    for height, fall, colour in ((0.9, 0.2, FAINT), (0.8, 1.5, CONTRAST), (0.85, 3.0, ACCENT), (0.7, 6.0, INK)):
        ax.plot(x, height * np.exp(-fall * x), color=colour, **WIDE)


def switching(ax):
    intents = np.repeat([0, 1, 0, 2, 1, 2], [9, 14, 6, 12, 10, 9])
    for intent, colour in enumerate((ACCENT, CONTRAST, FAINT)):
        ax.bar(np.arange(60), np.where(intents == intent, 1.0, 0.0), width=1.0, color=colour)


def kinds(ax):
    rng = np.random.default_rng(5)
    for centre, colour in (((-1.2, -0.6), ACCENT), ((1.2, 0.7), CONTRAST)):
        ax.scatter(*(np.array(centre)[:, None] + 0.5 * rng.normal(size=(2, 30))), 150, colour, alpha=0.8, linewidths=0)


def drift(ax):
    x = np.linspace(0, 1, 100)
    middle = np.sin(5 * x) + x
    ax.fill_between(x, middle - 0.5, middle + 0.5, color=ACCENT, alpha=0.25, linewidth=0)
    ax.plot(x, middle, color=ACCENT, **WIDE)


def discount(ax):
    ax.bar(np.arange(12), 0.8 ** np.arange(12), color=ACCENT, width=0.75)


def particles(ax):
    walks = np.random.default_rng(6).normal(size=(40, 50)).cumsum(axis=1)
    best = np.argsort(np.abs(walks[:, -1] - 8))[:5]
    ax.plot(walks.T, color=FAINT, linewidth=1.5)
    ax.plot(walks[best].T, color=ACCENT, linewidth=4)


def policy_gradient(ax):
    turn = np.linspace(0, 2 * np.pi, 100)
    for k in (1, 2, 3):
        ax.plot(k * np.cos(turn), 0.6 * k * np.sin(turn), color=FAINT, linewidth=3)
    climb = np.array([[-2.8, 1.3], [-1.6, 1.3], [-1.1, 0.6], [-0.5, 0.5], [0.0, 0.0]])
    ax.plot(*climb.T, color=CONTRAST, marker="o", markersize=11, linewidth=5)


def amortised(ax):
    turn = np.linspace(0, 2 * np.pi, 9)[:-1]
    for x, y in zip(np.cos(turn), np.sin(turn), strict=True):
        ax.plot([0, x], [0, y], color=FAINT, linewidth=5)
    ax.scatter(np.cos(turn), np.sin(turn), 260, ACCENT, zorder=3)
    ax.scatter([0], [0], 600, CONTRAST, zorder=3)
    ax.set_aspect("equal")


def one_event(ax):
    x = np.arange(9)
    ax.step(x, 1 - 0.6**x, where="post", color=ACCENT, **WIDE)
    ax.axhline(1, color=FAINT, linestyle="--", linewidth=3)


def gaussian_messages(ax):
    x = np.linspace(-4, 4, 200)
    for centre, width, colour in ((-1.5, 1.2, FAINT), (1.2, 1.0, CONTRAST), (0.2, 0.6, ACCENT)):
        ax.plot(x, np.exp(-0.5 * ((x - centre) / width) ** 2) / width, color=colour, **WIDE)


def controllers(ax):
    ax.scatter([0, 1], [0, 0], 1800, [ACCENT, CONTRAST], zorder=3)
    for start, end, bend in ((0, 1, -0.5), (1, 0, -0.5)):
        style = {"arrowstyle": "-|>", "connectionstyle": f"arc3,rad={bend}", "shrinkA": 24, "shrinkB": 24, "lw": 4}
        ax.annotate("", (end, 0), (start, 0), arrowprops={"color": INK, "mutation_scale": 26, **style})
    ax.set(xlim=(-0.5, 1.5), ylim=(-0.7, 0.7))


def sampled_improvement(ax):
    heights = np.random.default_rng(8).uniform(0.2, 1.0, 14)
    tried = np.isin(np.arange(14), (2, 5, 9, 12))
    ax.bar(np.arange(14), heights, color=np.where(tried, ACCENT, FAINT))


PICTURES = {
    1: worked_example,
    2: two_limits,
    3: messages,
    4: optimism,
    5: soft_q_learning,
    6: actor_and_critic,
    7: kl_control,
    8: preferences,
    9: the_inverse,
    10: gridworld,
    11: objectworld,
    12: labyrinth,
    13: engines,
    14: roads,
    15: model_selection,
    16: how_sure,
    17: from_a_table,
    18: which_reward_model,
    20: switching,
    21: kinds,
    22: drift,
    31: discount,
    32: particles,
    33: policy_gradient,
    34: amortised,
    35: one_event,
    36: gaussian_messages,
    37: controllers,
    38: sampled_improvement,
}


def main():
    plt.style.use(HOUSE_STYLE)
    for i, draw in PICTURES.items():
        pair = draw is the_inverse
        figure, axes = plt.subplots(1, 2 if pair else 1, figsize=(4.0, 2.8), layout="constrained")
        draw(axes)
        for ax in np.atleast_1d(axes):
            bare(ax)
        figure.savefig(HERE / f"thumbnails/plot_{i:02d}.png", dpi=100)
        plt.close(figure)


if __name__ == "__main__":
    main()
