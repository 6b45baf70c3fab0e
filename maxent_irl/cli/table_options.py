"""Options that say how a table is read, and the reading of a table by them."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

import numpy as np

from ..demonstrations import Demonstrations
from ..demonstrations.cells import MISSING, check_missing
from ..demonstrations.labels import shown
from ..demonstrations.table_sources import Roles, Table, read_columns
from ..estimators import MaxEntIRL

SEARCHED_COLUMNS = ("id", "state", "action", "time", "next_state")  # by these names, unless others are given
OTHER_COLUMNS = ("weight", "goal", "terminated")  # only where they are asked for
READING = ("time_format", "ties", "short")  # options of Demonstrations.from_table


class Once(argparse.Action):
    """Store the value of an option that has one; the option may not be repeated."""

    def __call__(
        self,
        parser: argparse.ArgumentParser,
        namespace: argparse.Namespace,
        values: Any,
        option_string: str | None = None,
    ) -> None:
        """Store the value, or refuse a second one."""
        given = namespace.__dict__.setdefault("given", set())
        if self.dest in given:
            parser.error(f"{option_string} is given twice, and takes one value")
        given.add(self.dest)
        setattr(namespace, self.dest, values)


def columns_of(parser: argparse.ArgumentParser) -> Any:
    """Add the options of a table to a parser; return their group."""
    parser.register("action", None, Once)
    table = parser.add_argument_group(
        "columns of the table",
        "--id, --state, --action, --next-state and --goal may be repeated: the columns are one name together",
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
        "--delimiter", metavar="CHAR", type=_one_character, help="between columns, ';' say; default: ','"
    )
    return table


def _one_character(text: str) -> str:
    text = {"\\t": "\t", "tab": "\t"}.get(text, text)
    if len(text) != 1:
        raise argparse.ArgumentTypeError(f"one character, or 'tab'; got {text!r}")
    return text


def read_options(path: Path, options: argparse.Namespace) -> tuple[Table, Roles, dict[str, Any]]:
    """The table, the column of each role, and the arguments of `Demonstrations.from_table` that the options make."""
    words = check_missing(MISSING if options.missing is None else options.missing)
    roles: Roles = {}
    table = read_columns(path, lambda header: _chosen(options, header, roles), options.delimiter, words)
    how: dict[str, Any] = {name: getattr(options, name) for name in READING if getattr(options, name) is not None}
    return table, roles, how | roles


def _chosen(options: argparse.Namespace, header: tuple[str, ...], roles: Roles) -> Roles:
    """Put into `roles`, and return, the column for each role: as asked for, or found by its name."""
    for role in (*SEARCHED_COLUMNS, *OTHER_COLUMNS):
        given = getattr(options, role)
        if isinstance(given, list) and len(given) == 1:
            (given,) = given
        found = role if role in ("id", "state") or (role in SEARCHED_COLUMNS and role in header) else None
        roles[role] = given or found
    return roles


def columns_in_words(roles: Roles, n_short: int = 0) -> str:
    """Which column was read for what, and how many trajectories without a decision were left out."""
    read = [f"{role} {' + '.join(map(repr, n if isinstance(n, list) else [n]))}" for role, n in roles.items() if n]
    words = ", ".join(read) + ("" if roles["action"] else "; no actions: an action is which neighbour was entered")
    return f"{words}; {n_short} trajectories without a decision left out" if n_short else words


def read_demonstrations(path: Path, options: argparse.Namespace, model: MaxEntIRL) -> Demonstrations:
    """Read a table in the states and actions of a fitted model."""
    if not path.exists():
        raise ValueError(f"{path} does not exist")
    known = model.fit_.demonstrations
    table, roles, how = read_options(path, options)
    if known.state_labels is None:
        return Demonstrations.from_table(table, mdp=model.mdp, **how)
    found = Demonstrations.from_table(table, **how)
    if roles["action"] is not None:
        return found
    # An action is which neighbour was entered, counted in the model: other tables may show fewer neighbours.
    labels = range(int(found.states.max()) + 1) if found.state_labels is None else found.state_labels
    index = {str(label): i for i, label in enumerate(known.state_labels)}
    paths = []
    for name, path_ in zip(found.ids, found, strict=True):
        visited = [str(labels[s]) for s in path_.states]
        unknown = next((place for place in visited if place not in index), None)
        if unknown is not None:
            raise ValueError(
                f"trajectory {shown(name)}: state {unknown!r} is none of the model's {len(index):,} states"
            )
        paths.append(np.array([index[place] for place in visited]))
    goals = None if found.goals is None else [index[str(labels[goal])] for goal in found.goals]
    return Demonstrations.from_state_paths(paths, model.mdp, goals=goals, weights=found.weights, ids=found.ids)
