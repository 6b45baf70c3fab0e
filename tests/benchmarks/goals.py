"""What a goal costs: one value, gradient and Hessian, and a whole fit, with 1 to 1,000 goals on one network.

python tests/benchmarks/goals.py            osm_porto, ten trips to each goal
python tests/benchmarks/goals.py monaco     another network
"""

from __future__ import annotations

import resource
import sys
import time
import warnings

import numpy as np
from reporting import begin, table, verdict
from road_problems import road_problem

from maxent_irl import MaxEntIRL, SoftAgent, soft_value_iteration
from maxent_irl.rewards import LinearReward
from maxent_irl.routes.objective import objective_of

GOALS = (1, 10, 100, 1000)
TRIPS_PER_GOAL = 10


def main() -> None:
    """Print the table."""
    place = sys.argv[1] if len(sys.argv) > 1 else "porto"
    begin(
        f"Goals: osm_{place}, states are links, 5 features, {TRIPS_PER_GOAL} trips to each goal, processor times of one thread"
    )
    rows, fits = [], {}
    for n_goals in GOALS:
        problem = road_problem(place, TRIPS_PER_GOAL * n_goals, n_goals)
        mdp, model = problem.world.mdp, LinearReward(problem.world.mdp, problem.features)
        objective = objective_of(SoftAgent(mdp), model, problem.trips, "feature-matching")
        start = time.process_time()
        _ = objective.at(problem.coef, hessian=True).hessian
        once = time.process_time() - start
        start = time.process_time()
        fit = MaxEntIRL(mdp, problem.features).fit(problem.trips)
        fits[n_goals] = time.process_time() - start
        gigabytes = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (1e6 if sys.platform != "darwin" else 1e9)
        distance = float(np.abs(fit.coef_ - problem.coef).max())
        rows.append(
            (n_goals, once, once / n_goals, fits[n_goals], fit.n_iter_, fits[n_goals] / fits[1], distance, gigabytes)
        )
    start = time.process_time()
    goal = int(problem.trips.goals[0])
    soft_value_iteration(mdp.with_goal(goal), problem.features @ problem.coef)
    alone = time.process_time() - start
    header = (
        "goals",
        "once (s)",
        "per goal (s)",
        "fit (s)",
        "steps",
        "fits with one goal",
        "from the truth",
        "peak GB so far",
    )
    table(header, rows)
    print(f"soft_value_iteration for one goal by itself, without any derivative: {alone:.3g} s\n")
    verdict("a fit with 100 goals, in fits with one", fits[100] / fits[1], most=60)


if __name__ == "__main__":
    warnings.simplefilter("error")
    main()
