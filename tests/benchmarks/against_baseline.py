"""The fit against fifty lines of scipy (baseline.py) for the same objective, data and tolerance.

python tests/benchmarks/against_baseline.py
"""

from __future__ import annotations

import warnings

import baseline
import numpy as np
from problems import Problem, grid_problem, unused
from reporting import begin, table, timed, verdict

from maxent_irl import MaxEntIRL, SoftAgent
from maxent_irl.likelihood import TaskObjective
from maxent_irl.likelihood.statistics import sufficient_statistics
from maxent_irl.rewards import LinearReward

SIDES, DISCOUNTS, SLIP = (10, 32, 64, 256), (0.95, 0.999), 0.1
GRADIENT = 1e-6  # largest component per decision
PATIENCE = 40  # the baseline is stopped once it has taken so many times as long as the package


def gradient_norm(problem: Problem, coef: np.ndarray) -> float:
    """Largest gradient component per decision at coefficients, whoever found them."""
    statistics = sufficient_statistics(problem.mdp, problem.demonstrations, "feature-matching")
    model = LinearReward(problem.mdp, problem.features)
    task = TaskObjective(SoftAgent(problem.mdp), model, statistics)
    return float(np.abs(task.at(coef).gradient).max() / problem.demonstrations.n_decisions)


def compare(problem: Problem) -> tuple[float, list[tuple]]:
    """Return how many times faster the package is, at least, and a row of the table for each."""

    def package() -> MaxEntIRL:
        return MaxEntIRL(unused(problem.mdp), problem.features, objective="feature-matching", tol=GRADIENT).fit(
            problem.demonstrations
        )

    def scipy() -> tuple[np.ndarray, int]:
        mdp = problem.mdp
        arguments = (mdp.transitions, problem.features, mdp.discount, problem.demonstrations)
        return baseline.fit(*arguments, horizon=mdp.horizon, gradient=GRADIENT, limit=limit)

    ours, model = timed(package)
    limit = max(PATIENCE * ours, 10.0)
    finished = True

    def scipy_until_the_limit() -> tuple[np.ndarray, int]:
        nonlocal finished
        try:
            return scipy()
        except baseline.TimeUp as stopped:
            finished = False
            return stopped.args

    theirs, (coef, n_evaluations) = timed(scipy_until_the_limit)
    distance = float(np.abs(coef - model.coef_).max())
    times = f"{theirs / ours:.3g}" if finished else f"> {theirs / ours:.3g}"
    rows = [
        ("maxent_irl", ours, "", f"{model.n_iter_} steps", gradient_norm(problem, model.coef_), ""),
        (
            "scipy baseline",
            theirs,
            times,
            f"{n_evaluations} evaluations" + ("" if finished else ", stopped"),
            gradient_norm(problem, coef),
            distance,
        ),
    ]
    return theirs / ours, rows


def main() -> None:
    """Print the table and what of it is wanted."""
    begin(
        f"Against fifty lines of scipy: 8 smooth features, slip {SLIP:g}, 200 demonstrations, gradient below {GRADIENT:g}"
    )
    cases = [[(f"{side} x {side}", side, d, SLIP, None) for side in SIDES] for d in DISCOUNTS]
    cases.append([("32 x 32, horizon 64", 32, d, 0.0, 64) for d in (0.95, 1.0)])
    ratios = {}
    for group in cases:
        rows = []
        for name, side, discount, slip, horizon in group:
            problem = grid_problem(side, discount=discount, slip=slip, horizon=horizon)
            ratios[name, discount], pair = compare(problem)
            rows += [(name, discount, *row) for row in pair]
        table(("grid", "discount", "program", "seconds", "times ours", "work", "gradient", "coefficients apart"), rows)
    for side in (64, 256):
        for discount, least in ((0.95, 3), (0.999, 30)):
            name = f"{side} x {side}"
            verdict(f"{name}, discount {discount:g}: times faster than scipy", ratios[name, discount], least=least)
    for discount in (0.95, 1.0):
        ratio = ratios["32 x 32, horizon 64", discount]
        verdict(f"32 x 32, horizon 64, discount {discount:g}: times faster than scipy", ratio, least=1)


if __name__ == "__main__":
    warnings.simplefilter("error")
    main()
