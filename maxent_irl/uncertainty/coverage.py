"""Do the intervals cover? A simulation: ``python -m maxent_irl.uncertainty.coverage``.

Demonstrations are drawn again and again from an agent whose coefficients are known; an honest 95% interval holds the true
coefficient in 95% of the data sets. With 200 data sets a share of exactly 95% is seen as 92% to 98% nineteen times in twenty.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from joblib import Parallel, delayed
from numpy.typing import NDArray
from scipy import special

from ..demonstrations.sampling import sample_demonstrations
from ..estimators import MaxEntIRL
from ..inference import soft_value_iteration
from ..likelihood.statistics import OBJECTIVES
from ..worlds import GridWorld
from .resampling import bootstrap

KINDS = ("observed", "robust", "bootstrap")
COEF = (0.6, -0.4, 0.5, 0.3, -0.5, 0.4, -0.3, 0.4)


@dataclass(frozen=True)
class Coverage:
    """What the simulation found.

    Attributes
    ----------
    covered : (kinds, K) array
        Share of data sets whose interval holds the true coefficient.
    size : (kinds, K) array
        Mean standard error over the standard deviation of the estimates.
    typical : (kinds, K) array
        The same with the median standard error, which data sets with a few wild replicates do not move.
    coef : (K,) array
        True coefficients.
    level : float
    n_sets : int
    """

    covered: NDArray
    size: NDArray
    typical: NDArray
    coef: NDArray
    level: float
    n_sets: int

    def __str__(self) -> str:
        """Return the table in reStructuredText."""
        header = ["coefficient", "truth", *KINDS, *(f"{kind} error" for kind in KINDS)]
        rows = [
            [f"wave {k + 1}", f"{self.coef[k]:.1f}"]
            + [f"{100 * share:.1f}%" for share in self.covered[:, k]]
            + [f"{ratio:.2f}" for ratio in self.size[:, k]]
            for k in range(len(self.coef))
        ]
        widths = [max(len(row[i]) for row in [header, *rows]) for i in range(len(header))]
        rule = "  ".join("=" * width for width in widths)
        lines = [
            "  ".join(cell.ljust(w) for cell, w in zip(row, widths, strict=True)).rstrip() for row in [header, *rows]
        ]
        return "\n".join([rule, lines[0], rule, *lines[1:], rule])


def simulate_coverage(
    *,
    objective: str = "feature-matching",
    n_sets: int = 200,
    n_trajectories: int = 400,
    n_steps: int = 50,
    n_replicates: int = 199,
    level: float = 0.95,
    interval: str = "percentile",
    side: int = 10,
    seed: int = 0,
    n_jobs: int | None = None,
) -> Coverage:
    """Fit many simulated data sets and count how often intervals hold the truth.

    A square grid with slip 0.1 and discount 0.9; the reward is linear in the 8 lowest cosine waves.

    Parameters
    ----------
    objective : "feature-matching" or "likelihood"
    n_sets : int
        Data sets.
    n_trajectories, n_steps : int
        Size of each.
    n_replicates : int
        Of the bootstrap, in each data set.
    level : float
    interval : "percentile" or "bias-corrected"
        Of the bootstrap, as for `Bootstrap.interval`.
    side : int
        Cells along a side of the grid.
    seed : int
    n_jobs : int, optional
        Processes, as joblib understands it; the result does not depend on it.
    """
    world = GridWorld(side, slip=0.1, discount=0.9)
    features, coef = world.features("smooth", n_features=len(COEF)), np.array(COEF)
    policy = soft_value_iteration(world.mdp, features @ coef).policy
    size = (n_trajectories, n_steps, n_replicates, level, interval)
    seeds = np.random.SeedSequence(seed).spawn(n_sets)
    found = Parallel(n_jobs=n_jobs)(delayed(_one)(world, features, policy, objective, size, one) for one in seeds)
    estimates, errors, lower, upper = (np.array(part) for part in zip(*found, strict=True))
    covered = ((lower <= coef) & (coef <= upper)).mean(axis=0)
    spread = estimates.std(axis=0, ddof=1)
    return Coverage(covered, errors.mean(axis=0) / spread, np.median(errors, axis=0) / spread, coef, level, n_sets)


def _one(
    world: GridWorld,
    features: NDArray,
    policy: NDArray,
    objective: str,
    size: tuple[int, int, int, float, str],
    seed: np.random.SeedSequence,
) -> tuple[NDArray, NDArray, NDArray, NDArray]:
    """Estimate, and by kind the standard errors and the ends of the intervals, of one data set."""
    n_trajectories, n_steps, n_replicates, level, interval = size
    rng = np.random.default_rng(seed)
    demos = sample_demonstrations(world.mdp, policy, n_trajectories, max_steps=n_steps, random_state=rng)
    fit = MaxEntIRL(world.mdp, features, objective=objective).fit(demos)
    errors = [fit.coefficient_covariance(kind).standard_errors for kind in KINDS[:2]]
    reach = special.ndtri(0.5 + level / 2)
    ends = [(fit.coef_ - reach * error, fit.coef_ + reach * error) for error in errors]
    resampled = bootstrap(fit, n_replicates, random_state=rng, n_jobs=1, progress=False)
    errors.append(resampled.standard_errors)
    ends.append(resampled.interval(level, method=interval))
    return fit.coef_, np.array(errors), np.array([low for low, _ in ends]), np.array([high for _, high in ends])


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the simulation for each objective and print the tables; 1 if a share lies outside 91% to 98%."""
    parser = argparse.ArgumentParser(prog="python -m maxent_irl.uncertainty.coverage", description=__doc__)
    parser.add_argument("--objective", choices=[*OBJECTIVES, "both"], default="both")
    parser.add_argument("--sets", type=int, default=200, help="data sets (200)")
    parser.add_argument("--trajectories", type=int, default=400, help="trajectories in each (400)")
    parser.add_argument("--steps", type=int, default=50, help="decisions in each trajectory (50)")
    parser.add_argument("--side", type=int, default=10, help="cells along a side of the grid (10)")
    parser.add_argument("--replicates", type=int, default=199, help="bootstrap replicates in each (199)")
    parser.add_argument(
        "--interval", choices=["percentile", "bias-corrected"], default="percentile", help="of the bootstrap"
    )
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--jobs", type=int, default=1, help="processes (1)")
    given = parser.parse_args(arguments)
    outside = False
    for objective in OBJECTIVES if given.objective == "both" else (given.objective,):
        start = time.perf_counter()
        result = simulate_coverage(
            objective=objective,
            n_sets=given.sets,
            n_trajectories=given.trajectories,
            n_steps=given.steps,
            side=given.side,
            n_replicates=given.replicates,
            interval=given.interval,
            seed=given.seed,
            n_jobs=given.jobs,
        )
        low, high = result.covered.min(), result.covered.max()
        print(
            f"{objective}: coverage of 95% intervals over {given.sets} data sets of {given.trajectories} trajectories of "
            f"{given.steps} decisions\n"
        )
        print(f"{result}\n")
        print("mean of errors over spread of estimates, and median over it, least to most of the coefficients:")
        for kind, mean, median in zip(KINDS, result.size, result.typical, strict=True):
            print(f"{kind:<10} {mean.min():.2f} to {mean.max():.2f}, median {median.min():.2f} to {median.max():.2f}")
        print(f"\nbetween {100 * low:.1f}% and {100 * high:.1f}%; {time.perf_counter() - start:.0f} s\n", flush=True)
        outside |= bool(low < 0.91 or high > 0.98)
    return int(outside)


if __name__ == "__main__":
    sys.exit(main())
