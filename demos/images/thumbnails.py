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


PICTURES = [
    worked_example,
    two_limits,
    messages,
    optimism,
    soft_q_learning,
    actor_and_critic,
    kl_control,
    preferences,
    the_inverse,
    gridworld,
    objectworld,
    labyrinth,
    engines,
    roads,
    model_selection,
    how_sure,
]


def main():
    plt.style.use(HOUSE_STYLE)
    for i, draw in enumerate(PICTURES, start=1):
        pair = draw is the_inverse
        figure, axes = plt.subplots(1, 2 if pair else 1, figsize=(4.0, 2.8), layout="constrained")
        draw(axes)
        for ax in np.atleast_1d(axes):
            bare(ax)
        figure.savefig(HERE / f"thumbnails/plot_{i:02d}.png", dpi=100)
        plt.close(figure)


if __name__ == "__main__":
    main()
