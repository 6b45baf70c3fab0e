"""Long tables, one decision per row, turned into flat arrays."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from .._checks import check_count
from ..mdp import MDP
from .cells import flags, is_number, numbers
from .flat import Flat, check_lengths, flatten
from .labels import Labels, encode, first_missing, missing, named, shown
from .neighbours import entered_neighbours, inferred_actions
from .row_order import Ties, first_seen, row_order
from .table_sources import Roles, Table

Short = Literal["error", "drop"]
STATES = ("state", "next_state", "goal")  # roles of columns that hold states


@dataclass(frozen=True)
class Reading:
    """How a table is to be read, besides which columns: options of `Demonstrations.from_table`."""

    mdp: MDP | None = None
    n_states: int | None = None
    n_actions: int | None = None
    time_format: str | None = None
    ties: Ties = "error"
    short: Short = "error"

    def __post_init__(self) -> None:
        if self.short not in ("error", "drop"):
            raise ValueError(f"short must be 'error' or 'drop'; got {self.short!r}")
        for name in ("n_states", "n_actions"):
            given = getattr(self, name)
            if given is not None:
                check_count(name, given)
            if self.mdp is not None:
                if given not in (None, getattr(self.mdp, name)):
                    raise ValueError(f"{name}={given}, but the MDP has {getattr(self.mdp, name)}: leave {name}= out")
                object.__setattr__(self, name, getattr(self.mdp, name))


@dataclass(frozen=True)
class Rows:
    """Rows of a table in the order of trajectories and of time."""

    table: Table
    ids: list[Any]  # n names of trajectories
    source: NDArray  # (rows,) int: where each row stands in the table
    trajectory: NDArray  # (rows,) int: which trajectory each belongs to, ascending
    columns: dict[str, NDArray]  # role -> (rows,)

    @property
    def sizes(self) -> NDArray:
        """(n,) rows of each trajectory."""
        return np.bincount(self.trajectory, minlength=len(self.ids))

    @property
    def last(self) -> NDArray:
        """(n,) last row of each trajectory."""
        return np.cumsum(self.sizes) - 1

    @property
    def goes_on(self) -> NDArray:
        """(rows,) bool: whether a row of the same trajectory follows."""
        mask = np.ones(len(self.source), dtype=bool)
        mask[self.last] = False
        return mask

    def place(self, k: int) -> str:
        """Where row k is: ``trajectory 'B9', step 3 (line 17)``."""
        i = self.trajectory[k]
        step = k - (self.last[i] - self.sizes[i] + 1)
        return f"trajectory {shown(self.ids[i])}, step {step} ({self.table.place(self.source[k])})"

    def kept(self, wanted: NDArray) -> Rows:
        """The rows of the trajectories that are wanted, (n,) bool."""
        rows = wanted[self.trajectory]
        number = np.cumsum(wanted) - 1
        return Rows(
            self.table,
            [name for name, keep in zip(self.ids, wanted, strict=True) if keep],
            self.source[rows],
            number[self.trajectory[rows]],
            {role: values[rows] for role, values in self.columns.items()},
        )


def read_table(table: Table, roles: Roles, how: Reading) -> Flat:
    """Flat arrays of a long table: rows grouped by id in the order the ids first appear, and sorted by time within.

    `roles` names the columns for id, state, action, time, next_state, weight, goal and terminated, None where there is none.
    """
    rows = _ordered(table, roles, how)
    if roles["action"] is None:
        deciding = rows.goes_on | _has(rows, "next_state")
    else:
        deciding = _rows_with_an_action(rows, roles)
    if how.short == "drop":
        wanted = _longer(rows, deciding)
        if not wanted.any():
            raise ValueError("no trajectory has a decision, so that short='drop' leaves nothing")
        deciding, rows = deciding[wanted[rows.trajectory]], rows.kept(wanted)
    chosen = np.flatnonzero(deciding)
    lengths = np.bincount(rows.trajectory[chosen], minlength=len(rows.ids))
    _check_lengths(lengths, rows)

    states, following, goals, state_labels = _states(rows, roles, how)
    final_states = np.where(deciding[rows.last], following[rows.last], states[rows.last])
    actions, action_labels = _actions(rows, chosen, states, following, state_labels, how)
    return flatten(
        states[chosen],
        actions,
        lengths,
        final_states,
        terminated=None if "terminated" not in rows.columns else _terminated(rows, chosen, roles),
        weights=None if "weight" not in rows.columns else numbers(*_constant(rows, "weight", roles)),
        goals=goals,
        ids=rows.ids,
        state_labels=state_labels,
        action_labels=action_labels,
    )


def _ordered(table: Table, roles: Roles, how: Reading) -> Rows:
    for role in ("id", "state"):
        if roles[role] is None:
            what = "trajectory of each row" if role == "id" else "state"
            raise ValueError(f"{role}=None: name the column that holds the {what}")
    for role in ("time", "weight", "terminated"):
        if isinstance(roles[role], list):
            raise ValueError(f"{role}={roles[role]!r}: give one column")
    if table.n_rows == 0:
        raise ValueError("the table has no rows: demonstrations need at least one trajectory")
    named_things = [("id",), ("action",), STATES]
    columns: dict[str, NDArray] = {}
    for kind in named_things:
        columns |= table.identifiers({role: roles[role] for role in kind})
    columns |= {
        role: table.columns[roles[role]] for role in ("time", "weight", "terminated") if roles[role] is not None
    }
    trajectory, ids = first_seen(columns.pop("id"), roles["id"], table.place)
    order = row_order(
        trajectory,
        ids,
        columns.pop("time", None),
        roles["time"],
        table.place,
        time_format=how.time_format,
        ties=how.ties,
    )
    return Rows(table, ids, order, trajectory[order], {role: values[order] for role, values in columns.items()})


def _has(rows: Rows, role: str) -> NDArray:
    """(rows,) bool: which have a value in this column."""
    if role not in rows.columns:
        return np.zeros(len(rows.source), dtype=bool)
    return ~missing(rows.columns[role])


def _rows_with_an_action(rows: Rows, roles: Roles) -> NDArray:
    """(rows,) bool; only the last row of a trajectory may lack an action: its state is then the final state."""
    present = _has(rows, "action")
    lacking = ~present & (rows.goes_on | ("next_state" in rows.columns))
    if lacking.any():
        k = int(np.flatnonzero(lacking)[0])
        why = "only the last row of a trajectory may lack one, its state being the final state"
        if "next_state" in rows.columns:
            why = "with a next_state column every row is a decision"
        raise ValueError(f"column {roles['action']!r} is missing at {rows.place(k)}: {why}")
    return present


def _longer(rows: Rows, deciding: NDArray) -> NDArray:
    """(n,) bool: which trajectories decide something, and are not at their goal all along."""
    wanted = np.bincount(rows.trajectory[deciding], minlength=len(rows.ids)) > 0
    if "goal" in rows.columns:
        away = np.asarray(rows.columns["state"] != rows.columns["goal"], dtype=bool)
        wanted &= np.bincount(rows.trajectory[away], minlength=len(rows.ids)) > 0
    return wanted


def _check_lengths(lengths: NDArray, rows: Rows) -> None:
    try:
        check_lengths(lengths, rows.ids)
    except ValueError as error:
        n = int((lengths == 0).sum())
        raise ValueError(f"{error}; short='drop' leaves out all {n} such trajectories") from None


def _states(rows: Rows, roles: Roles, how: Reading) -> tuple[NDArray, NDArray, NDArray | None, Labels | None]:
    """Indices of the state of each row, of the one after it (-1 where unknown), and of each goal; and the labels."""
    n, last = len(rows.source), rows.last
    gap = first_missing(rows.columns["state"])
    if gap is not None:
        raise ValueError(
            f"the state at {rows.place(gap)} is missing: fill it in, or leave the row out; missing= says which words mean that"
        )
    successors = np.flatnonzero(_has(rows, "next_state"))
    parts, sources = [rows.columns["state"]], [np.arange(n)]  # the row that each encoded state stands in
    if "next_state" in rows.columns:
        parts.append(rows.columns["next_state"][successors])
        sources.append(successors)
    if "goal" in rows.columns:
        parts.append(_constant(rows, "goal", roles)[0])
        sources.append(last)
    source = np.concatenate(sources)
    codes, labels = _encoded(parts, "state", lambda k: rows.place(source[k]), how.n_states)
    states = codes[:n]
    following = np.full(n, -1, dtype=np.int64)
    if "next_state" in rows.columns:
        following[successors] = codes[n : n + len(successors)]
        _check_successors(rows, states, following, roles)
    else:
        following[:-1] = np.where(rows.goes_on[:-1], states[1:], -1)
    return states, following, codes[len(codes) - len(last) :] if "goal" in rows.columns else None, labels


def _encoded(
    parts: list[NDArray], what: str, place: Callable[[int], str], n: int | None
) -> tuple[NDArray, Labels | None]:
    """Indices and labels; integers are indices where it is known how many there are, and names of what occurs elsewhere."""
    codes, labels = encode(parts, what, place)
    if labels is not None:
        if n is not None and all(isinstance(label, str) and is_number(label) for label in labels):
            raise ValueError(
                f"the {what} at {place(0)} is {shown(labels[codes[0]])}, and {what}s are 0..{n - 1}: write plain integers, such "
                "as 7, neither 7.0 nor 07; numbers as text would be ordered by the alphabet"
            )
        return codes, labels
    if n is None:
        return named(codes)
    if (codes >= n).any():
        k = int(np.flatnonzero(codes >= n)[0])
        raise ValueError(
            f"the {what} at {place(k)} is {codes[k]}, but {what}s are 0..{n - 1}: integers are indices of these"
        )
    return codes, None


def _actions(
    rows: Rows, chosen: NDArray, states: NDArray, following: NDArray, state_labels: Labels | None, how: Reading
) -> tuple[NDArray, Labels | None]:
    if "action" in rows.columns:
        column = rows.columns["action"][chosen]
        return _encoded([column], "action", lambda k: rows.place(chosen[k]), how.n_actions)
    steps = states[chosen], following[chosen]
    if how.mdp is None:
        return entered_neighbours(*steps), None
    if max(int(array.max()) for array in steps) >= how.mdp.n_states:
        raise ValueError(
            f"the table names {max(int(array.max()) for array in steps) + 1} states, and the MDP has {how.mdp.n_states}: give "
            "states by their index in the MDP, or an action column"
        )
    return inferred_actions(*steps, how.mdp, lambda k: rows.place(chosen[k]), state_labels), None


def _check_successors(rows: Rows, states: NDArray, following: NDArray, roles: Roles) -> None:
    wrong = np.zeros(len(states), dtype=bool)
    wrong[:-1] = rows.goes_on[:-1] & (following[:-1] != states[1:])
    if not wrong.any():
        return
    k, name = int(np.flatnonzero(wrong)[0]), roles["next_state"]
    if following[k] < 0:
        raise ValueError(
            f"column {name!r} is missing at {rows.place(k)}: only the last row of a trajectory may lack it"
        )
    says, comes = rows.columns["next_state"].tolist()[k], rows.columns["state"].tolist()[k + 1]
    hint = ""
    if (
        isinstance(says, str)
        and isinstance(comes, str)
        and says != comes
        and says.removesuffix(".0") == comes.removesuffix(".0")
    ):
        hint = "; one is written with a fraction, as pandas writes integers among which one is missing: write both as integers"
    raise ValueError(
        f"column {name!r} is {says!r} at {rows.place(k)}, but the state of the next row is {comes!r}: "
        f"correct one of them, sort with time=, or give the rows after a gap an id of their own{hint}"
    )


def _constant(rows: Rows, role: str, roles: Roles) -> tuple[NDArray, Callable[[int], str]]:
    """The value of each trajectory, and what names its place; raise where it changes or is missing."""
    values, name = rows.columns[role], roles[role]
    gap = first_missing(values)
    if gap is not None:
        raise ValueError(f"column {name!r} is missing at {rows.place(gap)}: fill it in on every row")
    first = np.repeat(rows.last - rows.sizes + 1, rows.sizes)
    changed = np.asarray(values != values[first], dtype=bool)
    if changed.any():
        k = int(np.flatnonzero(changed)[0])
        raise ValueError(
            f"column {name!r} changes from {values.tolist()[first[k]]!r} to {values.tolist()[k]!r} at {rows.place(k)}: "
            "it must be the same on all rows of a trajectory"
        )
    return values[rows.last], lambda i: f"column {name!r} must hold numbers at {rows.place(rows.last[i])}"


def _terminated(rows: Rows, chosen: NDArray, roles: Roles) -> NDArray:
    """(n,) bool: the flag of the last decision, or of the row of the final state; or the same on all rows."""
    name = roles["terminated"]
    marked = flags(rows.columns["terminated"], lambda k: f"column {name!r} at {rows.place(k)}")
    n_marked = np.bincount(rows.trajectory[marked], minlength=len(rows.ids))
    everywhere = n_marked == rows.sizes
    late = np.zeros(len(marked), dtype=bool)
    late[rows.last] = True
    late[chosen[np.append(rows.trajectory[chosen][1:] != rows.trajectory[chosen][:-1], True)]] = True
    early = marked & ~late & ~everywhere[rows.trajectory]
    if early.any():
        k = int(np.flatnonzero(early)[0])
        raise ValueError(
            f"column {name!r} marks an end at {rows.place(k)}, but the trajectory goes on after it: give what follows an id of "
            "its own, or mark the last row alone, or all rows"
        )
    return n_marked > 0
