"""What knowing how sure costs: errors and summary in fits, bootstrap replicates in cold fits.

python tests/benchmarks/uncertainty.py
"""

from dataclasses import replace

import numpy as np
import reporting
from problems import grid_problem

from maxent_irl import MaxEntIRL
from maxent_irl.uncertainty import bootstrap, identifiability, policy_map, reward_map

KINDS = ("observed", "opg", "robust", "clustered")


def fit(problem, **options):
    """One cold fit."""
    model = MaxEntIRL(problem.mdp, problem.features, **options)
    return model.fit(problem.demonstrations, groups=np.arange(len(problem.demonstrations)) // 10)


def all_errors(model):
    """Every covariance and the summary, from nothing but the fit."""
    model.fit_ = replace(model.fit_)  # without what it has computed before
    for kind in KINDS:
        model.coefficient_covariance(kind)
    return str(model.summary())


def costs_of_errors():
    """Errors and summary of a 128 x 128 grid, and the maps and the report besides."""
    problem = grid_problem(128, discount=0.95, slip=0.1)
    seconds, model = reporting.timed(lambda: fit(problem), repeat=3)
    rows = [("one fit", seconds, 1.0)]
    tasks = {
        "four covariances and summary": lambda: all_errors(model),
        "reward map with errors": lambda: reward_map(model),
        "policy map with errors": lambda: policy_map(model),
        "identifiability report": lambda: identifiability(model),
    }
    for name, task in tasks.items():
        taken, _ = reporting.timed(task, repeat=3)
        rows.append((name, taken, taken / seconds))
    reporting.table(("128 x 128, 8 features", "seconds", "fits"), rows)
    reporting.verdict("all errors and the summary, in fits", rows[1][2], most=1.0)


def costs_of_the_bootstrap():
    """Replicates of a 32 x 32 grid in cold fits, and how far the delta method's map is from their spread."""
    problem = grid_problem(32, discount=0.95, slip=0.1)
    rows, ratios = [], []
    for round_ in range(5):  # in turn, so that a busy machine slows both alike
        one, model = reporting.timed(lambda: fit(problem), repeat=5)
        many, result = reporting.timed(
            lambda m=model, r=round_: bootstrap(m, 200, random_state=r, progress=False), repeat=1
        )
        rows.append((one, many, many / one))
        ratios.append(many / one)
    reporting.table(("one cold fit, 32 x 32 (s)", "200 replicates (s)", "cold fits"), rows)
    reporting.verdict("200 replicates, in cold fits (median)", float(np.median(ratios)), most=30.0)
    maps = [reward_map(model), reward_map(model, kind="robust"), reward_map(model, bootstrap=result)]
    spread = maps[2].standard_error
    rows = [
        (name, float((spread / one.standard_error).mean()), float(np.abs(spread / one.standard_error - 1).mean()))
        for name, one in zip(("observed", "robust"), maps[:2], strict=True)
    ]
    reporting.table(("delta-method map", "bootstrap / delta", "mean difference"), rows)
    for name, _, difference in rows:
        reporting.verdict(f"mean difference of the {name} map from the bootstrap's", difference, most=0.15)


if __name__ == "__main__":
    reporting.begin("How sure, and what it costs")
    costs_of_errors()
    costs_of_the_bootstrap()
