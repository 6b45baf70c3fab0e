"""The command line: ``maxent-irl recover`` reads demonstrations, recovers the reward, and writes and draws it.

The other commands (`saved_models`) take the model that it saved.
"""

from __future__ import annotations

import argparse
import shlex
import sys
import warnings
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path

from sklearn.exceptions import ConvergenceWarning

from .._checks import INFERENCES
from ..cli import recovery as _recovery
from ..datasets import BUILT_IN
from ..estimators import MaxEntIRL
from ..estimators.optimisers import SOLVERS, Progress
from ..inference.cycles import ImproperProblemError
from ..lesson import arguments as lesson
from ..likelihood.statistics import OBJECTIVES
from .saved_models import add_commands
from .table_options import Once, columns_of

MOST_CELLS = 1_000_000  # about as many as a map has dots
DONE, NOT_CONVERGED, BAD_INPUT = 0, 1, 2

DESCRIPTION = "Recover rewards from demonstrations by maximum-entropy inverse reinforcement learning."

RECOVER = """\
Recover a reward from demonstrations.

SOURCE is the name of a built-in set ({builtin}), or a table with one decision
per row: which trajectory, when, in which state, which action. It may be CSV or
TSV, packed with gzip or not, parquet or feather.
Without --mdp the dynamics are estimated from the table by counting; without
--features there is one reward per state.

examples:
  maxent-irl recover gridworld --out out
  maxent-irl recover trips.csv --id trip --state link --action turn --discount 0.95
  maxent-irl recover maze.csv --id animal --id session --state place --time when
  maxent-irl recover walks.csv --grid 8x12 --report report.html
  maxent-irl recover log.csv --mdp mdp.npz --features features.csv --groups animal
  maxent-irl recover trips.csv --links links.csv --id trip --state link
"""

OUTCOME = """\
writes into DIR: reward.csv, coefficients.csv (with standard errors), policy.csv,
  model.npz (the fitted model; no pickle) and reward.png
then: maxent-irl score, predict, simulate, compare, report on model.npz
exit status: 0 done; 1 not converged, everything written all the same; 2 bad input
"""


def parser() -> argparse.ArgumentParser:
    """Build the argument parser; its help is the manual."""
    top = argparse.ArgumentParser(prog="maxent-irl", description=DESCRIPTION)
    top.add_argument("--version", action="version", version=f"%(prog)s {version('maxent-irl')}")
    commands = top.add_subparsers(dest="command", metavar="COMMAND", required=True)
    recover = commands.add_parser(
        "recover",
        help="recover a reward from demonstrations",
        description=RECOVER.format(builtin=", ".join(sorted(BUILT_IN))),
        epilog=OUTCOME,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    lesson.add_arguments(commands.add_parser("lesson", help="open the lesson in a browser"))
    recover.register("action", None, Once)
    recover.add_argument("source", metavar="SOURCE", help="name of a built-in set, or path of a CSV table")
    recover.add_argument("--out", metavar="DIR", type=Path, default=Path("maxent-irl-out"), help="default: %(default)s")
    recover.add_argument("--report", metavar="FILE", type=Path, help="also write one self-contained HTML report")

    table = columns_of(recover)
    table.add_argument(
        "--grid",
        metavar="ROWSxCOLUMNS",
        type=_rows_and_columns,
        help="states are cells of a grid, numbered 0, 1, ... row by row: draw maps",
    )

    problem = recover.add_argument_group("problem")
    problem.add_argument("--mdp", metavar="FILE.npz", type=Path, help="dynamics written by MDP.save")
    problem.add_argument("--features", metavar="FILE.csv", type=Path, help="columns: state[, action], then features")
    problem.add_argument(
        "--links",
        metavar="FILE.csv",
        type=Path,
        help="a road network, one link per row: from, to[, link], then numbers that are features; the table then has trips, "
        "its states are links (nodes with --nodes), and the last place of a trip is its goal",
    )
    problem.add_argument("--nodes", action="store_true", help="with --links: places in the table are nodes")
    problem.add_argument(
        "--gaps",
        choices=("error", "split", "drop"),
        help="with --links: trips in which some step is no link; default: error",
    )
    problem.add_argument("--discount", type=float, help="default 0.95, or that of --mdp or of the built-in set")
    problem.add_argument("--horizon", type=int, help="number of decisions; default: infinite, or that of --mdp")
    problem.add_argument("--smoothing", type=float, help="pseudo-count for estimated dynamics; default 0")
    problem.add_argument("--temperature", type=float, default=1.0, help="alpha, in units of reward; default 1")
    problem.add_argument("--inference", choices=INFERENCES, default="variational", help="default: %(default)s")

    fit = recover.add_argument_group("fit")
    fit.add_argument("--objective", choices=OBJECTIVES, default="likelihood", help="default: %(default)s")
    fit.add_argument(
        "--l2",
        type=_precision,
        help="prior precision of coefficients, or 'evidence'; default 0, or 'evidence' for a reward per state",
    )
    fit.add_argument("--solver", choices=SOLVERS, default="auto", help="default: %(default)s")
    fit.add_argument("--tol", type=float, default=1e-6, help="largest gradient per decision; default 1e-6")
    fit.add_argument("--max-iter", type=int, help="default: the solver's own")
    fit.add_argument(
        "--groups", metavar="COLUMN", help="what a trajectory belongs to, an animal say: errors between groups"
    )
    fit.add_argument("--n-jobs", metavar="N", type=int, help="workers among which goals are divided; -1: all cores")
    add_commands(commands)
    return top


def _precision(text: str) -> float | str:
    return text if text == "evidence" else float(text)


def _rows_and_columns(text: str) -> tuple[int, int]:
    sides = text.lower().split("x")
    if len(sides) != 2 or not all(side.isdecimal() and int(side) for side in sides):
        raise argparse.ArgumentTypeError(f"two numbers, such as 8x12; got {text!r}")
    rows, columns = map(int, sides)
    if rows * columns > MOST_CELLS:
        raise argparse.ArgumentTypeError(f"at most {MOST_CELLS:,} cells; got {text!r}, which is {rows * columns:,}")
    return rows, columns


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and return the exit status."""
    options = parser().parse_args(arguments)
    if options.command == "lesson":
        return lesson.run(options)
    command = shlex.join(["maxent-irl", *(sys.argv[1:] if arguments is None else arguments)])
    try:
        return recover(options, command) if options.command == "recover" else options.run(options)
    except (ValueError, OSError, ImproperProblemError) as error:
        print(f"maxent-irl: {error}", file=sys.stderr)
        return BAD_INPUT


def recover(options: argparse.Namespace, command: str) -> int:
    """Read, fit, say, write, draw."""
    problem = _recovery.read(options)
    print(f"read      {problem.source}")
    print(f"          {str(problem.demonstrations).strip('<>')}")
    if problem.columns is not None:
        print(f"columns   {problem.columns}")
    print(f"problem   {problem.mdp}, {problem.n_features} features, {problem.dynamics}")
    estimator = MaxEntIRL(
        problem.mdp,
        problem.features,
        temperature=options.temperature,
        inference=options.inference,
        objective=options.objective,
        l2=problem.l2,
        solver=options.solver,
        tol=options.tol,
        max_iter=options.max_iter,
        feature_names=problem.feature_names,
        callback=_ProgressLine(),
        covariance="observed" if problem.groups is None else "clustered",
        n_jobs=options.n_jobs,
    )
    if isinstance(problem.l2, str):
        print("prior     choosing l2, under which the demonstrations are most probable", flush=True)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        estimator.fit(problem.demonstrations, groups=problem.groups)
    print()
    print(f"errors    from the curvature in {len(estimator.coef_):,} coefficients", flush=True)
    print(_recovery.outcome(estimator, problem))
    for warning in caught:
        if not issubclass(warning.category, ConvergenceWarning):
            print(f"warning   {warning.message}")
    said = [str(warning.message) for warning in caught]
    written = _recovery.write(estimator, problem, options.out, command, said)
    if options.report is not None:
        _recovery.write_html(estimator, problem, options.report, command, said)
        written.append(options.report)
    print("wrote     " + "  ".join(map(str, written)))
    if not estimator.converged_:
        message = next(str(w.message) for w in caught if issubclass(w.category, ConvergenceWarning))
        print(f"NOT CONVERGED: {message}", file=sys.stderr)
        return NOT_CONVERGED
    return DONE


class _ProgressLine:
    """One line that rewrites itself on a terminal, a line per iteration elsewhere."""

    def __call__(self, progress: Progress) -> None:
        text = (
            f"fitting   iteration {progress.iteration:3d}   objective per decision {-progress.loss:.6f}   "
            f"largest gradient {progress.gradient:.1e}"
        )
        if sys.stdout.isatty():
            print(f"\r{text}", end="", flush=True)
        else:
            print(text, flush=True)


if __name__ == "__main__":
    sys.exit(main())
