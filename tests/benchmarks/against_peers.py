"""The fit against imitation, econirl and irl-maxent on the same gridworlds and demonstrations.

tests/benchmarks/peers/setup.sh                       once: installs them
python tests/benchmarks/against_peers.py              the whole table
python tests/benchmarks/against_peers.py 10 32        some sizes
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
from problems import Problem, grid_problem
from reporting import begin, table

from maxent_irl import soft_value_iteration

SIDES, SLIP, DISCOUNT = (10, 32, 64), 0.1, 0.95
LIMIT = 120.0  # seconds of processor time for fitting
GRACE = 10.0  # a program that has not looked at its clock after so many times the limit is killed
HERE = Path(__file__).parent / "peers"
CACHE = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "maxent_irl" / "peers"
INSTALLED = Path(os.environ.get("MAXENT_IRL_PEERS", CACHE))
OURS = ("feature-matching", "likelihood")  # the objectives; econirl climbs the second, the others the first
PEERS = ("imitation", "econirl", "irl-maxent")


def write(problem: Problem, path: Path) -> None:
    """Write the problem for `exchange.Task` to read."""
    demonstrations, P = problem.demonstrations, problem.mdp.transitions
    n = len(demonstrations)
    np.savez(
        path,
        data=P.data,
        indices=P.indices,
        indptr=P.indptr,
        n_actions=problem.mdp.n_actions,
        discount=problem.mdp.discount,
        features=problem.features,
        states=demonstrations.states.reshape(n, -1),
        actions=demonstrations.actions.reshape(n, -1),
        final_states=demonstrations.final_states,
    )


def log_likelihood(problem: Problem, reward: np.ndarray) -> float:
    """Mean over held-out decisions, nats, of the policy that a reward implies in the true dynamics."""
    policy = soft_value_iteration(problem.mdp, reward).policy
    return float(np.log(policy[problem.held_out.states, problem.held_out.actions]).mean())


def run(python: Path, script: str, source: Path, *arguments: str) -> dict[str, object] | str:
    """Run one program; what it found, or why it found nothing."""
    if not python.exists():
        return "not installed: run peers/setup.sh"
    target = source.parent / "answer.npz"
    target.unlink(missing_ok=True)
    command = [str(python), str(HERE / script), str(source), str(target), str(LIMIT), *arguments]
    one_thread = dict.fromkeys(("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"), "1")
    one_thread["XLA_FLAGS"] = "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1"
    try:
        done = subprocess.run(
            command, env=os.environ | one_thread, capture_output=True, text=True, timeout=GRACE * LIMIT
        )
        failure = done.stderr.strip().splitlines()[-1] if done.returncode else ""
    except subprocess.TimeoutExpired:
        failure = f"killed after {GRACE * LIMIT:.0f} s"
    if not target.exists():
        return failure or "no iteration within the limit"
    with np.load(target) as file:
        found = {name: file[name] for name in file.files}
    return found | {"status": failure or str(found["status"])}


def compare(problem: Problem, folder: Path) -> list[tuple]:
    """Rows of the table for one problem."""
    source = folder / "problem.npz"
    write(problem, source)
    rows: list[tuple] = [("the true reward", "", "", "", "", f"{log_likelihood(problem, problem.reward):.6f}", "")]
    runs = [(f"maxent_irl, {name}", Path(sys.executable), "fit_maxent_irl.py", name) for name in OURS]
    runs += [(name, INSTALLED / name / "bin" / "python", f"fit_{name.replace('-', '_')}.py") for name in PEERS]
    ours = np.nan
    for name, python, script, *arguments in runs:
        found = run(python, script, source, *arguments)
        if isinstance(found, str):
            rows.append((name, "", "", "", "", "", found))
            continue
        wall, processor = float(found["wall"]), float(found["processor"])
        ours = processor if script == "fit_maxent_irl.py" else ours
        times = "" if script == "fit_maxent_irl.py" else f"{processor / ours:.3g}"
        score = f"{log_likelihood(problem, found['reward']):.6f}"
        rows.append((name, wall, processor, times, int(found["iterations"]), score, found["status"]))
    uniform = -np.log(problem.mdp.n_actions)
    return [*rows, ("choosing at random", "", "", "", "", f"{uniform:.6f}", "")]


HEADER = ("program", "wall (s)", "processor (s)", "times ours", "iterations", "held out", "how it ended")


def main() -> None:
    """Print one table per size."""
    sides = [int(side) for side in sys.argv[1:]] or SIDES
    begin(
        f"Against peers: slip {SLIP:g}, discount {DISCOUNT:g}, 8 smooth features, 200 demonstrations of 100 steps\n\n"
        "Time of the fit alone, each in a process of its own with one thread, stopped after "
        f"{LIMIT:g} s of processor time.\n"
        "Times ours: processor time, in units of maxent_irl's with the likelihood as objective.\n"
        "Held-out log-likelihood per decision, nats, of the policy that the reward implies in the true dynamics."
    )
    with tempfile.TemporaryDirectory() as folder:
        for side in sides:
            problem = grid_problem(side, discount=DISCOUNT, slip=SLIP)
            print(f"{side} x {side}\n")
            table(HEADER, compare(problem, Path(folder)))


if __name__ == "__main__":
    main()
