"""How a fit walks through the code, and what it computes on the way: files entered, deepest stack, Hessians, factorisations.

python tests/benchmarks/calls.py
"""

import sys
from collections import Counter
from pathlib import Path
from types import FrameType
from typing import Any

import reporting
from problems import grid_problem

import maxent_irl
from maxent_irl import MaxEntIRL, sample_demonstrations, soft_value_iteration
from maxent_irl.uncertainty import bootstrap
from maxent_irl.worlds import GridWorld

PACKAGE = str(Path(maxent_irl.__file__).parent)


def walk(work: Any) -> tuple[Any, Counter, int]:
    """Run `work`; return its result, how often each (file, function) of the package was entered, and the deepest stack."""
    entered: Counter = Counter()
    deepest = depth = 0

    def profile(frame: FrameType, event: str, _: Any) -> None:
        nonlocal depth, deepest
        if event not in ("call", "return") or not frame.f_code.co_filename.startswith(PACKAGE):
            return
        if event == "return":
            depth -= 1
            return
        depth += 1
        deepest = max(deepest, depth)
        entered[frame.f_code.co_filename, frame.f_code.co_qualname] += 1

    sys.setprofile(profile)
    try:
        result = work()
    finally:
        sys.setprofile(None)
    return result, entered, deepest


def calls_of(entered: Counter, name: str) -> int:
    """How often functions of this qualified name were entered."""
    return sum(n for (_, function), n in entered.items() if function == name)


def main() -> None:
    """Print the tables."""
    reporting.begin("How a fit walks through the code")
    problem = grid_problem(16, discount=0.95, slip=0.1)
    rows = []
    for solver in ("newton", "lbfgs", "gradient-ascent"):
        model = MaxEntIRL(problem.mdp, problem.features, solver=solver)
        fit, entered, deepest = walk(lambda model=model: model.fit(problem.demonstrations))
        files = {file for file, _ in entered}
        hessians = calls_of(entered, "TaskPoint._second_moment")
        rows.append((solver, len(files), len(entered), deepest, fit.n_iter_, hessians))
        if solver == "newton":
            walked = files
    reporting.table(
        ("fit of a 16 x 16 grid", "files entered", "functions", "deepest stack", "steps", "Hessians formed"), rows
    )
    for file in sorted(walked):
        print("   ", Path(file).relative_to(Path(PACKAGE).parent))
    reporting.verdict("files entered by a fit", rows[0][1], most=16)
    reporting.verdict("deepest stack of a fit", rows[0][3], most=14)
    # One Hessian per step and none where it stops, besides the one that looks for undetermined directions.
    reporting.verdict("Hessians formed, less the steps", rows[0][5] - rows[0][4], most=1)
    rays = calls_of(
        walk(lambda: MaxEntIRL(problem.mdp, problem.features).fit(problem.demonstrations))[1], "pairs_in_reach"
    )
    reporting.verdict("rays followed by a fit whose features were all demonstrated", rays, most=0)
    world = GridWorld(5, slip=0.1, discount=0.9)
    features = world.features("smooth", n_features=3)
    policy = soft_value_iteration(world.mdp, features @ [1.0, -0.5, 0.0]).policy
    demonstrations = sample_demonstrations(world.mdp, policy, 400, max_steps=20, random_state=3)
    small = MaxEntIRL(world.mdp, features, objective="feature-matching").fit(demonstrations)
    few, many = (
        calls_of(walk(lambda n=n: bootstrap(small, n, random_state=0, progress=False))[1], "_factorise")
        for n in (2, 22)
    )
    reporting.verdict("factorisations of 20 more bootstrap replicates", many - few, most=4)


if __name__ == "__main__":
    main()
