"""Route choice at the size of a city and of a country: are the coefficients recovered, how fast, in how much memory.

python tests/benchmarks/roads.py                     both networks, each in a process of its own
python tests/benchmarks/roads.py porto 2000 200 2    one: place, trips, destinations, workers
"""

from __future__ import annotations

import json
import resource
import subprocess
import sys
import time
import warnings

import numpy as np
from reporting import begin, one_thread, table, verdict
from road_problems import COEF, road_problem

from maxent_irl import MaxEntIRL

RUNS = (("porto", 2000, 200), ("andorra", 200, 20))
WORKERS = (1, 2)


def measure(place: str, n_trips: int, n_goals: int, n_jobs: int) -> dict:
    """Fit once from nothing; wall time, and the memory of this process."""
    one_thread()
    start = time.perf_counter()
    problem = road_problem(place, n_trips, n_goals)
    built, worked = time.perf_counter(), time.process_time()
    model = MaxEntIRL(problem.world.mdp, problem.features, n_jobs=n_jobs).fit(problem.trips)
    fitted, worked = time.perf_counter(), time.process_time() - worked
    errors = model.standard_errors_
    return {
        "place": place,
        "pairs": problem.n_link_pairs,
        "trips": n_trips,
        "decisions": problem.trips.n_decisions,
        "goals": n_goals,
        "workers": n_jobs,
        "build": built - start,
        "fit": fitted - built,
        "processor": worked,
        "errors": time.perf_counter() - fitted,
        "steps": model.n_iter_,
        "gigabytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (1e6 if sys.platform != "darwin" else 1e9),
        "coef": model.coef_.tolist(),
        "standard_errors": errors.tolist(),
        "z": ((model.coef_ - problem.coef) / errors).tolist(),
    }


def measured_apart(place: str, n_trips: int, n_goals: int, n_jobs: int) -> dict:
    """`measure` in a process of its own, so that its memory is its own too."""
    command = [sys.executable, __file__, place, str(n_trips), str(n_goals), str(n_jobs), "--json"]
    return json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)


def report(found: list[dict]) -> None:
    """Print the table of times, that of the coefficients, and what of it is wanted."""
    shown = {
        "place": "network",
        "pairs": "link pairs",
        **{name: name for name in ("trips", "decisions", "goals", "workers")},
        "build": "build (s)",
        "fit": "fit (s)",
        "processor": "its processor time (s)",
        "errors": "errors (s)",
        "steps": "steps",
        "gigabytes": "peak GB",
    }
    table(tuple(shown.values()), [[run[name] for name in shown] for run in found])
    rows = [
        (run["place"], run["workers"], name, true, run["coef"][k], run["standard_errors"][k], run["z"][k])
        for run in found
        for k, (name, true) in enumerate(COEF.items())
    ]
    table(("network", "workers", "feature", "true", "fitted", "standard error", "z"), rows)
    for run in found:
        place, workers = run["place"], f"{run['workers']} worker{'s' * (run['workers'] > 1)}"
        verdict(f"{place}, {workers}: minutes to fit", run["fit"] / 60, most=10)
        verdict(f"{place}, {workers}: gigabytes", run["gigabytes"], most=8)
        verdict(
            f"{place}, {workers}: largest |z| of a coefficient against the truth", float(np.abs(run["z"]).max()), most=3
        )


def main() -> None:
    """Print the tables."""
    arguments = [argument for argument in sys.argv[1:] if argument != "--json"]
    if arguments:
        place, *numbers = arguments
        found = measure(place, *map(int, numbers))
        if "--json" in sys.argv:
            print(json.dumps(found))
            return
        begin("Route choice")
        report([found])
        return
    begin("Route choice: five features of link pairs, synthetic trips, wall times")
    report([measured_apart(*run, n_jobs) for run in RUNS for n_jobs in WORKERS])


if __name__ == "__main__":
    warnings.simplefilter("error")
    main()
