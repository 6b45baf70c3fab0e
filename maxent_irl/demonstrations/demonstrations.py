"""Demonstrations: trajectories in every format people have them, held as flat arrays.

Fitting never loops over trajectories, so they are stored end to end: one array of states and one of actions, with offsets.
Lists, episodes and tables are read into that form in `formats`, `episodes` and `tables`.
"""

from __future__ import annotations

import os
from collections.abc import Collection, Iterable, Iterator, Sequence
from functools import cached_property
from typing import Any, Self, overload

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import sparse

from ..mdp import MDP, html
from .cells import MISSING, check_missing
from .changes import concatenate, pick, same, selection, summary, take
from .episodes import read_episodes
from .feasibility import check_feasible, check_range
from .files import read_npz, write_npz
from .flat import Flat, Trajectory, read_only
from .formats import read_state_paths, read_trajectories
from .row_order import Ties
from .table_sources import FileTable, Names, Roles, columns_of
from .tables import Reading, Short, read_table

__all__ = ["Demonstrations", "Trajectory"]

SHOWN_IN_NOTEBOOKS = 5  # trajectories


class Demonstrations(Flat, Sequence[Trajectory]):
    """What somebody was seen to do: an immutable sequence of trajectories, each a path of states and actions.

    It can be indexed like a list, so scikit-learn's cross-validation takes it as it is.

    Parameters
    ----------
    trajectories : sequence
        One entry per trajectory, all of one kind:

        - a (T, 2) array, columns state and action;
        - a tuple ``(states, actions)``, the states possibly one longer: then the last one is the final state;
        - a list of ``(state, action)`` steps;
        - a `Trajectory`, as iterating over and indexing a Demonstrations gives; or a whole Demonstrations.

        Integers are indices and stay as they are. Any other hashable values (strings, tuples, ...) are labels.
    goals : sequence of n states, optional
        The state (index or label) that is terminal for each trajectory's own task, as a destination is for a trip.
    weights : (n,) array, optional
        How much each trajectory counts. Default 1.
    terminated : (n,) bool array, optional
        Whether each episode ended with its last action, so that nothing is earned after it. Default: only where the final
        state is the goal; all others were merely cut, and the value of their final state still counts.
    ids : sequence of n names, optional
        What each trajectory is called in messages. Default: 0 to n - 1. They are kept when trajectories are selected, joined,
        saved and pickled, and do not count when demonstrations are compared.
    state_labels, action_labels : sequence of labels, optional
        All labels, in the order of the MDP's indices. Default: those that occur, sorted if they can be.

    Attributes
    ----------
    states, actions : (N,) int64 arrays
        All decisions, one trajectory after another.
    offsets : (n + 1,) int64 array
        Trajectory i is ``[offsets[i], offsets[i + 1])``.
    final_states : (n,) int64 array
        State after the last action, -1 where unknown.
    terminated : (n,) bool array
    weights : (n,) float64 array
    goals : (n,) int64 array or None
    ids : tuple of n names
    state_labels, action_labels : tuple, or None where the input was integer
    lengths : (n,) int64 array
        Number of decisions of each trajectory.
    trajectory_ids : (N,) int64 array
        Position of the trajectory that each decision belongs to.
    times : (N,) int64 array
        Step of each decision within its trajectory, from 0.
    next_states : (N,) int64 array
        State after each decision, -1 where unknown.

    Raises
    ------
    ValueError
        If there are no trajectories, or one has no decisions, lengths that do not fit, missing values, negative or fractional
        states or actions, if weights are negative, not finite or all zero, or a label is none of those given: naming it.

    Examples
    --------
    >>> from maxent_irl import Demonstrations
    >>> demos = Demonstrations([(["home", "road", "work"], ["go", "go"]), (["home", "home"], ["stay"])])
    >>> demos
    <Demonstrations: 2 trajectories, 3 decisions, 3 distinct states, 2 distinct actions, lengths 1/1.5/2 (min/median/max)>
    >>> demos.state_labels
    ('home', 'road', 'work')
    """

    def __init__(
        self,
        trajectories: Iterable[Any],
        *,
        goals: Sequence[Any] | None = None,
        weights: ArrayLike | None = None,
        terminated: ArrayLike | None = None,
        ids: Sequence[Any] | None = None,
        state_labels: Iterable[Any] | None = None,
        action_labels: Iterable[Any] | None = None,
    ) -> None:
        labels = {"state_labels": state_labels, "action_labels": action_labels}
        self.__dict__.update(read_trajectories(trajectories, goals, weights, terminated, ids, labels).fields())

    # Other ways in.

    @classmethod
    def from_table(
        cls,
        frame: Any,
        *,
        id: Names,
        state: Names,
        action: Names | None = None,
        time: str | None = None,
        next_state: Names | None = None,
        goal: Names | None = None,
        weight: str | None = None,
        terminated: str | None = None,
        mdp: MDP | None = None,
        n_states: int | None = None,
        n_actions: int | None = None,
        time_format: str | None = None,
        ties: Ties = "error",
        missing: Collection[str] = MISSING,
        short: Short = "error",
    ) -> Self:
        """Read a long table, one decision per row; rows of different trajectories may be interleaved.

        Where an MDP or `n_states` says how many states there are, integers are their indices. Otherwise the states are those that
        occur, and integers are names: their order is that of the labels. The same holds for actions. In files, integers are cells
        that are all exact decimals of themselves; anything else is text as written.

        Parameters
        ----------
        frame : data frame of pandas, polars or pyarrow, dict of columns, or structured array
        id : str or list of str
            Column that names the trajectory of each row, or several that do together, as animal and session.
        state : str or list of str
            Column of the state, or several that are one label together.
        action : str or list of str, optional
            Column of the action taken in the state. The last row of a trajectory may lack it; its state is then the final one.
            None: the action is which neighbour was entered. With `mdp` it is the only action that can lead there. Otherwise
            action k leads to the k-th, in the order of the states, of those that the table ever shows to follow.
        time : str, optional
            Column that orders the rows of a trajectory: numbers, dates, or ISO 8601 of one shape. None: they come in order.
        next_state : str or list of str, optional
            Column of the state that followed. It must agree with the next row and gives the final state; the last row of a
            trajectory may lack it.
        goal, weight : str, optional
            Columns that are the same on all rows of a trajectory.
        terminated : str, optional
            Column that is true on the last row of a trajectory that ended, or on all of its rows.
        mdp, n_states, n_actions : optional
            What integers are indices of.
        time_format : str, optional
            How times are written, in the codes of `datetime.strptime`: ``"%d/%m/%Y %H:%M"``.
        ties : "error" or "file-order"
            What to do with rows of a trajectory that have the same time.
        missing : list of str
            Words that mean a missing value. Missing numbers, NaN and None always are.
        short : "error" or "drop"
            What to do with trajectories of a single place, and with those that never leave their goal.

        Raises
        ------
        ValueError
            For missing columns and values, duplicate times, and a `next_state` that disagrees with the following row, naming
            trajectory, step and row (counted from 0) or, for files, line.
        """
        roles: Roles = {"id": id, "state": state, "action": action, "time": time, "next_state": next_state}
        roles |= {"goal": goal, "weight": weight, "terminated": terminated}
        how = Reading(mdp, n_states, n_actions, time_format, ties, short)
        table = columns_of(frame, roles, check_missing(missing))
        return cls.from_fields(read_table(table, roles, how).fields())

    @classmethod
    def from_csv(cls, path: str | os.PathLike, *, delimiter: str | None = None, **columns: Any) -> Self:
        """Read a long table from a text file with a header, such as CSV; gzip is unpacked, lines that begin with # are comments.

        Files that end in ``.parquet`` or ``.feather`` are read too, with pyarrow.

        Parameters
        ----------
        path : path
        delimiter : str, optional
            Between columns. Default: a tab in ``.tsv`` files, otherwise a comma.
        **columns
            Names of the columns and options as for `from_table`: ``id=`` and ``state=`` are required.

        Raises
        ------
        ValueError
            For ragged, truncated or undecodable files, naming the line, and for all that `from_table` refuses.
        """
        return cls.from_table(FileTable(path, delimiter), **columns)

    @classmethod
    def from_episodes(cls, episodes: Iterable[Any]) -> Self:
        """Read episode objects of discrete environments by their attributes, or mappings by their keys.

        Parameters
        ----------
        episodes : iterable
            With ``observations``, ``actions`` and ``terminations`` (a minari dataset is one such iterable) or ``terminated``
            (d3rlpy), or with ``obs``, ``acts`` and ``terminal`` (imitation). Observations hold T or T + 1 entries. Rows of
            several integers become tuples, and so do the entries of Tuple and Dict spaces, in the order of the sorted keys.
            Episodes that are not terminated count as cut.

        Raises
        ------
        ValueError
            For other objects, for continuous observations or actions, and for lengths that do not fit, naming the episode.
        """
        return cls.from_fields(read_episodes(episodes).fields())

    @classmethod
    def from_state_paths(
        cls,
        paths: Iterable[Any],
        mdp: MDP,
        *,
        goals: Sequence[Any] | None = None,
        weights: ArrayLike | None = None,
        ids: Sequence[Any] | None = None,
    ) -> Self:
        """Read paths of states alone, inferring each action from the dynamics.

        Parameters
        ----------
        paths : iterable of integer sequences, two or more states each
        mdp : MDP
            An action fits a step if it is available and gives the next state positive probability.
        goals, weights, ids
            As for the constructor.

        Raises
        ------
        ValueError
            If no action fits a step, or more than one does, naming trajectory, step, states and candidates.
        """
        return cls.from_fields(read_state_paths(paths, mdp, goals, weights, ids).fields())

    # A sequence of trajectories.

    def __len__(self) -> int:
        return len(self.final_states)

    def __iter__(self) -> Iterator[Trajectory]:
        return map(self._trajectory, range(len(self)))

    @overload
    def __getitem__(self, key: int | np.integer) -> Trajectory: ...
    @overload
    def __getitem__(self, key: slice | ArrayLike) -> Self: ...
    def __getitem__(self, key: Any) -> Trajectory | Self:
        """A `Trajectory` for an integer; a Demonstrations for a slice, a sequence of integers or a boolean mask."""
        n = len(self)
        if isinstance(key, int | np.integer) and not isinstance(key, bool):
            if not -n <= key < n:
                raise IndexError(f"there is no trajectory {key}: there are {n}")
            return self._trajectory(int(key) % n)
        return take(self, selection(key, n))

    def _trajectory(self, i: int) -> Trajectory:
        visits, first = self._visits
        return pick(self, i, visits[first[i] : first[i + 1]])

    @cached_property
    def _visits(self) -> tuple[NDArray, NDArray]:
        """States with the final ones where they are known, and where each trajectory starts among them."""
        known = self.final_states >= 0
        visits = np.insert(self.states, self.offsets[1:][known], self.final_states[known])
        return read_only(visits), self.offsets + np.concatenate([[0], np.cumsum(known)])

    def __add__(self, other: object) -> Self:
        """All trajectories of both; their labels must agree, and both have goals or neither."""
        if not isinstance(other, Demonstrations):
            return NotImplemented
        return concatenate(self, other)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Demonstrations):
            return NotImplemented
        return same(self, other)

    __hash__ = None  # type: ignore[assignment]

    def __setattr__(self, name: str, value: Any) -> None:
        raise AttributeError(f"demonstrations are immutable: build new ones to change {name}")

    def __reduce__(self) -> tuple:
        return self.from_fields, (self.fields(),)

    def __repr__(self) -> str:
        return f"<Demonstrations: {summary(self)}>"

    def _repr_html_(self) -> str:
        shown = [
            (i, f"{len(path.actions):,}", _first(path), "yes" if path.terminated else "no")
            for i, path in zip(range(SHOWN_IN_NOTEBOOKS), self, strict=False)
        ]
        more = [] if len(self) == len(shown) else [("…", "", f"and {len(self) - len(shown):,} more", "")]
        table = html.columns(("trajectory", "decisions", "states", "terminated"), [*shown, *more])
        return html.facts("Demonstrations", [("", summary(self))]) + table

    # What follows from the arrays.

    @property
    def n_decisions(self) -> int:
        """Number of decisions N of all trajectories."""
        return len(self.states)

    def state_action_counts(self, n_states: int, n_actions: int, *, discount: float = 1.0) -> NDArray:
        """How often each action was taken in each state, trajectories by their weight.

        Parameters
        ----------
        n_states, n_actions : int
        discount : float in [0, 1]
            Decision t of a trajectory counts ``discount ** t``.

        Returns
        -------
        (n_states, n_actions) float64 array, Fortran order

        Raises
        ------
        ValueError
            If a state, goal or action lies outside, naming trajectory and step.
        """
        weights = np.repeat(self.weights, self.lengths)
        if discount != 1.0:
            weights *= float(discount) ** self.times
        counts = np.bincount(self._rows(n_states, n_actions), weights, n_states * n_actions)
        return counts.reshape(n_actions, n_states).T

    def transition_counts(self, n_states: int, n_actions: int) -> sparse.csr_array:
        """How often each transition was seen, trajectories by their weight; decisions with unknown next state do not count.

        Returns
        -------
        csr_array of shape (n_actions * n_states, n_states), row ``a * n_states + s``, without explicit zeros

        Raises
        ------
        ValueError
            If a state, goal or action lies outside, naming trajectory and step.
        """
        rows = self._rows(n_states, n_actions)
        known = self.next_states >= 0
        entries = (np.repeat(self.weights, self.lengths)[known], (rows[known], self.next_states[known]))
        counts = sparse.csr_array(sparse.coo_array(entries, shape=(n_actions * n_states, n_states)))
        counts.eliminate_zeros()
        return counts

    def _rows(self, n_states: int, n_actions: int) -> NDArray:
        check_range(self, n_states, n_actions)
        return self.actions * n_states + self.states

    def validate_against(self, mdp: MDP) -> None:
        """Check that all this could have happened in the MDP.

        Raises
        ------
        ValueError
            Naming trajectory, step, state and action (with their labels) and what to do, for: a state, action or goal outside
            the MDP; fewer labels than it has states or actions; an action taken in a terminal state, in the trajectory's goal,
            or where it is not available; a transition of probability 0; an end where the MDP does not end (terminated
            trajectories may end wherever ``mdp.ending`` is positive); more decisions than the horizon.
        """
        check_feasible(self, mdp)

    # Files.

    def save(self, path: str | os.PathLike) -> None:
        """Write to an ``.npz`` file of plain arrays, labels as JSON, nothing pickled; `load` reads it.

        Raises
        ------
        ValueError
            For labels that JSON cannot hold (strings, numbers and tuples of these it can).
        """
        write_npz(self, path)

    @classmethod
    def load(cls, path: str | os.PathLike) -> Self:
        """Read what `save` wrote; nothing in the file is executed.

        Raises
        ------
        ValueError
            For truncated files and files of another kind, naming the file.
        """
        return cls.from_fields(read_npz(path).fields())


def _first(path: Trajectory) -> str:
    """The first states of a trajectory, by their labels where there are any."""
    states = path.states[:8].tolist()
    named = states if path.state_labels is None else [path.state_labels[s] for s in states]
    return " → ".join(map(str, named)) + (" → …" if len(path.states) > len(states) else "")
