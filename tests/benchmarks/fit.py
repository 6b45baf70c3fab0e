"""The whole fit: in units of one forward solve, and how its time and memory grow with the grid.

python tests/benchmarks/fit.py                 the whole table, each row in a process of its own
python tests/benchmarks/fit.py 128 0.99        one row: cells per side, discount
python tests/benchmarks/fit.py 128 0.99 3      the same with the true coefficients of another seed
"""

from __future__ import annotations

import json
import math
import resource
import subprocess
import sys
import warnings

import numpy as np
from problems import grid_problem, unused
from reporting import begin, one_thread, table, timed, verdict

from maxent_irl import MaxEntIRL, soft_value_iteration

SIDES = (32, 64, 128, 256, 512)
DISCOUNTS = (0.95, 0.99)
OTHER_SEEDS = (1, 2, 3, 4, 5)
SLIP = 0.3
GRADIENT = 1e-6  # largest component per decision


def measure(side: int, discount: float, seed: int = 0) -> dict[str, float]:
    """Time one forward solve and one fit from zero, both on an MDP with nothing cached, and this process's memory."""
    one_thread()
    problem = grid_problem(side, discount=discount, slip=SLIP, seed=seed)
    forward, _ = timed(lambda: soft_value_iteration(unused(problem.mdp), problem.reward), repeat=5)
    cached, _ = timed(lambda: soft_value_iteration(problem.mdp, problem.reward), repeat=5)

    def fit() -> MaxEntIRL:
        return MaxEntIRL(unused(problem.mdp), problem.features, objective="feature-matching", tol=GRADIENT).fit(
            problem.demonstrations
        )

    seconds, model = timed(fit, repeat=5)
    return {
        "forward": forward,
        "cached": cached,
        "fit": seconds,
        "steps": model.n_iter_,
        "gradient": float(np.abs(model.feature_gap_).max()),
        "distance": float(np.abs(model.coef_ - problem.coef).max()),
        "gigabytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (1e6 if sys.platform != "darwin" else 1e9),
    }


def measured_apart(side: int, discount: float, seed: int = 0) -> dict[str, float]:
    """`measure` in a process of its own, so that its memory is its own too."""
    command = [sys.executable, __file__, str(side), str(discount), str(seed), "--json"]
    return json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)


def exponent(found: dict[int, dict[str, float]], quantity: str) -> float:
    """Least-squares slope of log quantity in log number of states, from 64 cells per side up."""
    sides = [side for side in found if side >= 64]
    slope = np.polyfit([2 * math.log(side) for side in sides], [math.log(found[side][quantity]) for side in sides], 1)[
        0
    ]
    return float(slope)


def row(side: int, discount: float, found: dict[str, float]) -> tuple:
    """One row of the table."""
    ratios = (found["fit"] / found["forward"], found["fit"] / found["cached"])
    rest = (found["steps"], found["gradient"], found["distance"], found["gigabytes"])
    return (f"{side} x {side}", discount, found["forward"], found["fit"], *ratios, *rest)


HEADER = (
    *("grid", "discount", "solve (s)", "fit (s)", "fit / solve", "fit / solve, cached"),
    *("steps", "gradient", "from the truth", "peak GB"),
)


def main() -> None:
    """Print the table and what of it is wanted."""
    if len(sys.argv) > 1:
        numbers = [argument for argument in sys.argv[1:] if argument != "--json"]
        side, discount, seed = int(numbers[0]), float(numbers[1]), int(numbers[2]) if len(numbers) > 2 else 0
        found = measure(side, discount, seed)
        if "--json" in sys.argv:
            print(json.dumps(found))
        else:
            begin("The whole fit")
            table(HEADER, [row(side, discount, found)])
        return
    begin(f"The whole fit: 8 smooth features, slip {SLIP:g}, 200 demonstrations of 100 steps, from zero")
    measured = {d: {side: measured_apart(side, d) for side in SIDES} for d in DISCOUNTS}
    table(HEADER, [row(side, d, found) for d, of in measured.items() for side, found in of.items()])
    print("\n128 x 128, discount 0.99, other true coefficients:\n")
    others = {seed: measured_apart(128, 0.99, seed) for seed in OTHER_SEEDS}
    table(("seed", *HEADER[2:]), [(seed, *row(128, 0.99, found)[2:]) for seed, found in others.items()])
    at_128 = measured[0.99][128]
    verdict("128 x 128, discount 0.99: the fit in forward solves", at_128["fit"] / at_128["forward"], most=8)
    verdict("  the same, with the MDP's cached structure", at_128["fit"] / at_128["cached"], most=8)
    median = float(np.median([found["fit"] / found["forward"] for found in others.values()]))
    verdict("  the same for other true coefficients, median", median, most=8)
    for discount, of in measured.items():
        verdict(f"discount {discount:g}: exponent of the time in the number of states", exponent(of, "fit"), most=1.35)
        verdict(f"discount {discount:g}: exponent of the memory", exponent(of, "gigabytes"), most=1.05)
        verdict(f"discount {discount:g}: gigabytes at 512 x 512", of[512]["gigabytes"], most=6)


if __name__ == "__main__":
    warnings.simplefilter("error")
    main()
