"""Remake the figures of the members with networks in demos/images; some minutes on one core.

python tests/benchmarks/deep_figures.py [rlhf] [preferences] [pendulum] [modes]
"""

from __future__ import annotations

import math
import sys
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import torch
from numpy.typing import NDArray

from maxent_irl.control.deep import direct_preference_optimisation, draw_rankings, fine_tune, fit_reward_model
from maxent_irl.control.deep.members import (
    BETAS,
    SQL_ALPHA,
    multigoal_run,
    pendulum_run,
    pretrained,
    sampled_cells,
    use_one_thread,
)
from maxent_irl.control.deep.multigoal import action_cells
from maxent_irl.control.deep.pendulum import pendulum_returns, solve_pendulum
from maxent_irl.control.deep.preference_losses import total_variation
from maxent_irl.control.deep.reward_model import ranked_pairs
from maxent_irl.control.deep.rlhf import exact_objective, posterior

LOW_BETAS = (0.1, 0.05, 0.01)
IMAGES = Path(__file__).parents[2] / "demos" / "images"


def rlhf() -> None:
    """True reward against divergence: the exact frontier, learnt rewards optimised exactly, and PPO on them."""
    task, _, model, reference = pretrained(0)
    betas = np.geomspace(0.01, 20.0, 40)

    def curve(scores: torch.Tensor) -> NDArray:
        points = []
        for beta in betas:
            ideal = posterior(task.completions, reference, scores, beta)
            objective, divergence = exact_objective(task.completions, ideal, reference, task.reward, beta)
            points.append((divergence, objective + beta * divergence))
        return np.array(points).T

    figure, ax = plt.subplots(figsize=(8.0, 5.0), layout="constrained")
    ax.plot(*curve(task.reward), color="k", label="hidden reward, exact frontier")
    for color, n in zip(("C0", "C1"), (50, 20_000), strict=True):
        rankings = draw_rankings(task.completions, reference, task.reward, n, seed=0)
        scores = fit_reward_model(model, task.completions, rankings).scores
        ax.plot(*curve(scores), color=color, label=f"reward model of {n:,} rankings, optimised exactly")
        for beta in BETAS:
            tuned = fine_tune(model, task.completions, scores, temperature=beta)
            true = float(task.completions.expectation(tuned.log_probabilities, task.reward))
            print(
                f"{n} rankings, beta {beta}: KL {tuned.divergence:.2f}, true reward {true:.3f}, missed {tuned.missed:.4f}"
            )
            ax.plot(tuned.divergence, true, "o", color=color, label="the same by PPO" if beta == BETAS[0] else None)
            ax.annotate(f" {beta:g}", (tuned.divergence, true), color=color, fontsize="small", va="top")
    ax.set(xlabel="KL from the reference, nats", ylabel="expected hidden reward (deviation 1)")
    figure.legend(frameon=False, fontsize="small", loc="outside lower center", ncols=2)
    _save(figure, "deep_over_optimisation")


def preferences() -> None:
    """Distance of DPO from the posterior over beta, by what the pairs cover and whether preferences are sampled."""
    task, _, model, reference = pretrained(0)
    tuned = posterior(task.completions, reference, task.reward, 0.1)
    covering = torch.logaddexp(reference, tuned) - math.log(2.0)
    distances_of = {}
    for name, drawn_from, exact, averaged in (
        ("pairs of the reference, preferences drawn", reference, False, False),
        ("pairs of the reference, preferences exact", reference, True, False),
        ("half of the pairs fine-tuned, drawn", covering, False, False),
        ("half of the pairs fine-tuned, exact", covering, True, False),
        ("the same with length averages", covering, True, True),
    ):
        pairs = ranked_pairs(draw_rankings(task.completions, drawn_from, task.reward, 30_000, n_ranked=2))
        wrong = torch.sigmoid(task.reward[pairs[:, 1]] - task.reward[pairs[:, 0]]) if exact else 0.0
        distances = []
        for beta in LOW_BETAS:
            fit = direct_preference_optimisation(
                *(model, task.completions, pairs),
                temperature=beta,
                label_smoothing=wrong,
                length_average=averaged,
                n_steps=800 if exact else 300,
                learning_rate=1e-2 if beta >= 0.1 else 3e-2,
            )
            ideal = posterior(task.completions, reference, task.reward, beta)
            distances.append(total_variation(task.completions, fit.log_probabilities, ideal))
        print(name, np.round(distances, 3), flush=True)
        distances_of[name] = distances
    draw_preferences(distances_of)


def draw_preferences(distances_of: dict[str, list[float]]) -> None:
    """Draw total variations at beta .1, .05 and .01, by the name of the data."""
    figure, ax = plt.subplots(figsize=(6.4, 5.4), layout="constrained")
    for name, distances in distances_of.items():
        ax.semilogx(LOW_BETAS, distances, "o-", label=name)
    ax.set(xlabel="beta", ylabel="total variation to the posterior", ylim=(0, 1.02))
    ax.set_xticks((0.01, 0.05, 0.1), ("0.01", "0.05", "0.1"), minor=False)
    figure.legend(frameon=False, fontsize="small", loc="outside lower center", ncols=2)
    _save(figure, "deep_preferences")


def pendulum() -> None:
    """Returns while soft actor-critic learns, and the exact soft policy's."""
    runs = [pendulum_run(seed) for seed in range(3)]
    exact = pendulum_returns(solve_pendulum(runs[0].temperature).actor(np.random.default_rng(0)), 200).mean()
    curves = [(run.steps_curve, run.return_curve, run.tuning_steps, run.temperature_curve) for run in runs]
    draw_pendulum(curves, float(exact))


def draw_pendulum(curves: list[tuple[NDArray, NDArray, NDArray, NDArray]], exact: float) -> None:
    """Draw returns, means of ten episodes, and temperatures, against transitions."""
    figure, (left, right) = plt.subplots(1, 2, figsize=(10, 4), layout="constrained")
    for run, (steps, returns, tuning_steps, temperatures) in enumerate(curves, start=1):
        smooth = np.convolve(returns, np.ones(10) / 10, mode="valid")
        left.plot(steps[9:], smooth, label=f"run {run}")
        right.semilogy(tuning_steps, temperatures)
    left.axhline(exact, color="k", linestyle=":", label="exact soft policy, mean")
    left.set(xlabel="transitions", ylabel="return, mean of ten episodes", title="Pendulum-v1")
    left.legend(frameon=False)
    right.set(xlabel="transitions", ylabel="temperature, units of reward", title="Tuned to an entropy of -1 nat")
    _save(figure, "deep_pendulum")


def modes() -> None:
    """Chances of actions in the middle of the square: exact, by the energy, and by the sampler."""
    exact, learnt = multigoal_run(0)
    middle = np.zeros(2)
    tables = {
        "exact": action_cells(exact.action_value, middle, SQL_ALPHA),
        "learnt energy": action_cells(learnt.action_value, middle, SQL_ALPHA),
        "learnt sampler": sampled_cells(learnt, middle),
    }
    figure, axes = plt.subplots(1, 3, figsize=(10, 3.4), layout="constrained")
    for ax, (name, table) in zip(axes, tables.items(), strict=True):
        image = ax.imshow(table.T, origin="lower", extent=(-1, 1, -1, 1), vmin=0, vmax=tables["exact"].max())
        ax.set(title=name, xlabel="action, component 1", ylabel="action, component 2")
    figure.colorbar(image, ax=axes, label="chance of a cell")
    _save(figure, "deep_modes")


def _save(figure: plt.Figure, name: str) -> None:
    for ax in figure.axes:
        ax.spines[["top", "right"]].set_visible(False)
    figure.savefig(IMAGES / f"{name}.png", dpi=110)


if __name__ == "__main__":
    use_one_thread()
    for wanted in sys.argv[1:] or ("rlhf", "preferences", "pendulum", "modes"):
        {"rlhf": rlhf, "preferences": preferences, "pendulum": pendulum, "modes": modes}[wanted]()
