"""Forward: policy iteration against value iteration, and a sweep against the speed of memory.

python tests/benchmarks/forward.py
"""

from __future__ import annotations

import warnings
from functools import partial

import numpy as np
from problems import unused
from reporting import begin, table, timed, verdict

from maxent_irl import MDP, soft_value_iteration
from maxent_irl.inference import SoftSolution
from maxent_irl.worlds import GridWorld

SIDE, SLIP, TOLERANCE = 256, 0.3, 1e-10
LARGE_SIDE, SWEEPS = 1000, 20


def smooth_reward(world: GridWorld) -> np.ndarray:
    """Reward between about -1 and 1, (S,)."""
    features = world.features("smooth", n_features=8)
    return features @ (0.5 * np.random.default_rng(0).normal(size=8))


def policy_against_value_iteration() -> None:
    """Both methods cold, on an MDP with nothing cached, to the same certified error."""
    rows, ratios = [], {}
    for discount in (0.99, 0.999):
        world = GridWorld(SIDE, slip=SLIP, discount=discount)
        reward = smooth_reward(world)
        exact = soft_value_iteration(world.mdp, reward, tol=1e-15).V
        times = {}
        for method in ("policy-iteration", "value-iteration"):
            times[method], solution = timed(partial(solve, world.mdp, reward, method))
            error = float(np.abs(solution.V - exact).max())
            rows.append((discount, method, solution.n_iter, times[method], solution.error_bound, error))
        ratios[discount] = times["value-iteration"] / times["policy-iteration"]
    print(f"{SIDE} x {SIDE} grid, 5 actions, slip {SLIP:g}, from V = 0 to an error of {TOLERANCE:g} relative to |V|\n")
    table(("discount", "method", "steps", "seconds", "certified error", "error"), rows)
    for discount, ratio in ratios.items():
        verdict(f"policy iteration is so many times faster at discount {discount:g}", ratio, least=5)


def solve(mdp: MDP, reward: np.ndarray, method: str) -> SoftSolution:
    return soft_value_iteration(unused(mdp), reward, method=method, tol=TOLERANCE)


def sweep_against_memory() -> None:
    """Compare one sweep with reading, and with copying, the arrays of the transition matrix once."""
    world = GridWorld(LARGE_SIDE, slip=SLIP, discount=0.99)
    reward, P = smooth_reward(world), world.mdp.transitions
    arrays = (P.data, P.indices, P.indptr)
    size = sum(array.nbytes for array in arrays)
    copies = [array.copy() for array in arrays]

    def sweeps(n: int) -> None:
        soft_value_iteration(world.mdp, reward, method="value-iteration", max_iter=n)

    def read() -> None:
        for array in arrays:
            array.max()  # the plainest pass that numpy does at the speed of memory; a sum of integers converts them

    def copy() -> None:
        for array, target in zip(arrays, copies, strict=True):
            np.copyto(target, array)

    sweeps(1)
    # Everything that a call does once cancels in the difference.
    times = {
        "read the matrix": timed(read, repeat=11)[0],
        "copy the matrix": timed(copy, repeat=11)[0],
        "one sweep": (timed(lambda: sweeps(SWEEPS + 1))[0] - timed(lambda: sweeps(1))[0]) / SWEEPS,
    }
    print(f"\n{LARGE_SIDE} x {LARGE_SIDE} grid, {P.nnz:,} transitions, matrix of {size / 1e6:.0f} MB\n")
    moved = {"read the matrix": size, "copy the matrix": 2 * size}
    table(
        ("what", "milliseconds", "GB/s", "times a read", "times a copy"),
        [
            (
                name,
                1e3 * time,
                moved[name] / 1e9 / time if name in moved else "",
                time / times["read the matrix"],
                time / times["copy the matrix"],
            )
            for name, time in times.items()
        ],
    )
    verdict("one sweep in units of copying the matrix", times["one sweep"] / times["copy the matrix"], most=3)
    verdict("one sweep in units of reading the matrix", times["one sweep"] / times["read the matrix"], most=3)


if __name__ == "__main__":
    warnings.simplefilter("error")
    begin("The soft Bellman equation: policy iteration, value iteration, memory")
    policy_against_value_iteration()
    sweep_against_memory()
