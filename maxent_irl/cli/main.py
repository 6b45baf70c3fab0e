"""The command line: ``maxent-irl recover`` reads demonstrations, recovers the reward, and writes and draws it."""

from __future__ import annotations

import argparse
import shlex
import sys
import warnings
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

from sklearn.exceptions import ConvergenceWarning

from .._checks import INFERENCES
from ..cli import recovery as _recovery
from ..datasets import BUILT_IN
from ..estimators import MaxEntIRL
from ..estimators.optimisers import SOLVERS, Progress
from ..inference.cycles import ImproperProblemError
from ..lesson import arguments as lesson
from ..likelihood.statistics import OBJECTIVES

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
  maxent-irl recover log.csv --mdp mdp.npz --features features.csv --objective likelihood
"""

OUTCOME = """\
writes into DIR: reward.csv, coefficients.csv (with standard errors), policy.csv,
  model.npz (arrays, no pickle) and reward.png
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
    recover.register("action", None, _Once)
    recover.add_argument("source", metavar="SOURCE", help="name of a built-in set, or path of a table")
    recover.add_argument("--out", metavar="DIR", type=Path, default=Path("maxent-irl-out"), help="default: %(default)s")
    recover.add_argument("--report", metavar="FILE", type=Path, help="also write one self-contained HTML report")

    table = recover.add_argument_group(
        "columns of the table",
        "Cells are text as written. Where all are integers, they number the states of --mdp or of --grid, and are names\n"
        "otherwise. --id, --state, --action, --next-state and --goal may be repeated: the columns are one name together.",
    )
    for name, meaning in (
        ("id", "trajectory of each row; default: 'id'"),
        ("state", "state; default: 'state'"),
        ("action", "action; default: 'action' if there, otherwise which neighbour was entered"),
        ("next-state", "state that followed; default: 'next_state' if there"),
        ("goal", "state at which the trajectory's own task ends"),
    ):
        table.add_argument(f"--{name}", metavar="COLUMN", action="append", help=meaning)
    for name, meaning in (
        ("time", "orders the rows of a trajectory; default: 'time' if there"),
        ("weight", "weight of the trajectory"),
        ("terminated", "true on the last row of a trajectory that ended, or on all its rows"),
    ):
        table.add_argument(f"--{name}", metavar="COLUMN", help=meaning)
    table.add_argument(
        "--time-format", metavar="FORMAT", help="how times are written, '%%d/%%m/%%Y %%H:%%M' say; default: ISO 8601"
    )
    table.add_argument("--ties", choices=("error", "file-order"), help="rows of one time; default: error")
    table.add_argument("--short", choices=("error", "drop"), help="trajectories without a decision; default: error")
    table.add_argument(
        "--missing",
        metavar="WORD",
        action="append",
        help="means a missing value; repeat for more; default: blank, NA, nan, ...",
    )
    table.add_argument(
        "--delimiter",
        metavar="CHAR",
        type=_one_character,
        help="between columns, ';' say; default: ',', or a tab in .tsv",
    )
    table.add_argument(
        "--grid",
        metavar="ROWSxCOLUMNS",
        type=_rows_and_columns,
        help="states are cells of a grid, numbered 0, 1, ... row by row: draw maps",
    )

    problem = recover.add_argument_group("problem")
    problem.add_argument("--mdp", metavar="FILE.npz", type=Path, help="dynamics written by MDP.save")
    problem.add_argument("--features", metavar="FILE.csv", type=Path, help="columns: state[, action], then features")
    problem.add_argument("--discount", type=float, help="default 0.95, or that of --mdp or of the built-in set")
    problem.add_argument("--horizon", type=int, help="number of decisions; default: infinite, or that of --mdp")
    problem.add_argument("--smoothing", type=float, help="pseudo-count for estimated dynamics; default 0")
    problem.add_argument("--temperature", type=float, default=1.0, help="alpha, in units of reward; default 1")
    problem.add_argument("--inference", choices=INFERENCES, default="variational", help="default: %(default)s")

    fit = recover.add_argument_group("fit")
    fit.add_argument("--objective", choices=OBJECTIVES, default="feature-matching", help="default: %(default)s")
    fit.add_argument(
        "--l2", type=float, help="prior precision of coefficients; default 0, or 0.1 for a reward per state"
    )
    fit.add_argument("--solver", choices=SOLVERS, default="auto", help="default: %(default)s")
    fit.add_argument("--tol", type=float, default=1e-6, help="largest gradient per decision; default 1e-6")
    fit.add_argument("--max-iter", type=int, help="default: the solver's own")
    return top


class _Once(argparse.Action):
    """Store the value of an option that has one; the option may not be repeated."""

    def __call__(
        self,
        parser: argparse.ArgumentParser,
        namespace: argparse.Namespace,
        values: Any,
        option_string: str | None = None,
    ) -> None:
        given = namespace.__dict__.setdefault("given", set())
        if self.dest in given:
            parser.error(f"{option_string} is given twice, and takes one value")
        given.add(self.dest)
        setattr(namespace, self.dest, values)


def _one_character(text: str) -> str:
    text = {"\\t": "\t", "tab": "\t"}.get(text, text)
    if len(text) != 1:
        raise argparse.ArgumentTypeError(f"one character, or 'tab'; got {text!r}")
    return text


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
        return recover(options, command)
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
    )
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        estimator.fit(problem.demonstrations)
    print()
    print(_recovery.outcome(estimator, problem))
    for warning in caught:
        if not issubclass(warning.category, ConvergenceWarning):
            print(f"warning   {warning.message}")
    written = _recovery.write(estimator, problem, options.out)
    if options.report is not None:
        said = [str(warning.message) for warning in caught]
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
