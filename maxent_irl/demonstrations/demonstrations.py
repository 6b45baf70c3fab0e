"""Demonstrations: trajectories in every format people have them, held as flat arrays.

Fitting never loops over trajectories, so they are stored end to end: one array of states and one of actions, with offsets.
What turns lists, episodes and tables into that form is in ``_trajectory_formats.py`` and ``_trajectory_tables.py``.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any, overload

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import sparse

from .columns import Columns
from .feasibility import check_feasible, check_range
from .files import read_npz, write_npz
from .flat import Flat, Trajectory, concatenate, pick, same, selection, summary, take
from .formats import read_episodes, read_state_paths, read_trajectories
from .labels import Labels
from .tables import Roles, kept_roles, read_csv, read_table

if TYPE_CHECKING:
    from ..mdp import MDP

__all__ = ["Demonstrations", "Trajectory"]


class Demonstrations(Sequence):
    """What somebody was seen to do: an immutable sequence of trajectories, each a path of states and actions.

    From the data that people have (formats, labels, weights, cut and terminated episodes) to the counts that estimators need. It
    can be indexed like a list, so scikit-learn's cross-validation takes it as it is.

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
    state_labels, action_labels : sequence of labels, optional
        All labels, in the order of the MDP's indices. Default: those that occur, sorted if they can be.
    decision_columns : dict of (N,) arrays, optional
        A value per decision, by name: a clock, a date. They are added to those that the trajectories bring.
    trajectory_columns : dict of (n,) arrays, optional
        A value per trajectory, by name: an animal, an age.

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
    state_labels, action_labels : tuple, or None where the input was integer
    columns : Columns
        The named columns: ``.decisions`` and ``.trajectories``.

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

    states: NDArray
    actions: NDArray
    offsets: NDArray
    final_states: NDArray
    terminated: NDArray
    weights: NDArray
    goals: NDArray | None
    state_labels: Labels | None
    action_labels: Labels | None
    columns: Columns

    def __init__(
        self,
        trajectories: Iterable[Any],
        *,
        goals: Sequence[Any] | None = None,
        weights: ArrayLike | None = None,
        terminated: ArrayLike | None = None,
        state_labels: Sequence[Any] | None = None,
        action_labels: Sequence[Any] | None = None,
        decision_columns: Mapping[str, ArrayLike] | None = None,
        trajectory_columns: Mapping[str, ArrayLike] | None = None,
    ) -> None:
        labels = {"state_labels": state_labels, "action_labels": action_labels}
        given = trajectories._flat if isinstance(trajectories, Demonstrations) else trajectories
        flat = read_trajectories(given, goals, weights, terminated, labels)
        if decision_columns is not None or trajectory_columns is not None:
            columns = Columns.checked(
                {**flat.columns.decisions, **(decision_columns or {})},
                {**flat.columns.trajectories, **(trajectory_columns or {})},
                len(flat.weights),
                len(flat.states),
            )
            flat = flat._replace(columns=columns)
        self._fill(flat)

    def _fill(self, flat: Flat) -> Demonstrations:
        for name, value in flat._asdict().items():
            if isinstance(value, np.ndarray):
                value = value.view()
                value.flags.writeable = False
            self.__dict__[name] = value
        return self

    @classmethod
    def _from_flat(cls, *fields: Any) -> Demonstrations:
        return cls.__new__(cls)._fill(Flat(*fields))

    @property
    def _flat(self) -> Flat:
        return Flat(*(self.__dict__[name] for name in Flat._fields))

    # Other ways in.

    @classmethod
    def from_table(
        cls,
        frame: Any,
        *,
        id: str,
        state: str,
        action: str,
        time: str | None = None,
        next_state: str | None = None,
        weight: str | None = None,
        goal: str | None = None,
        decision_columns: Sequence[str] = (),
        trajectory_columns: Sequence[str] = (),
    ) -> Demonstrations:
        """Read a long table, one decision per row; rows of different trajectories may be interleaved.

        Parameters
        ----------
        frame : data frame of pandas, polars or pyarrow, dict of columns, or structured array
        id : str
            Column that names the trajectory of each row. Trajectories come in the order in which their ids first appear.
        state, action : str
            Columns of the state and of the action taken in it: integers, or labels of any kind. The last row of a trajectory
            may lack an action; its state is then the final state.
        time : str, optional
            Column that orders the rows of a trajectory: numbers, dates or strings. None: they come in order.
        next_state : str, optional
            Column of the state that followed. It must agree with the next row and gives the final state; the last row of a
            trajectory may lack it.
        weight, goal : str, optional
            Columns that are the same on all rows of a trajectory.
        decision_columns, trajectory_columns : sequence of str
            Columns to keep by name, a value per decision or one that is the same on all rows of a trajectory.

        Raises
        ------
        ValueError
            For missing columns and values, duplicate times, and a `next_state` that disagrees with the following row, naming
            trajectory, step and row (counted from 0).
        """
        roles: Roles = {"id": id, "state": state, "action": action, "time": time}
        roles |= {"next_state": next_state, "weight": weight, "goal": goal}
        roles |= kept_roles(decision_columns, trajectory_columns)
        return cls._from_flat(*read_table(frame, roles))

    @classmethod
    def from_csv(
        cls,
        path: str | os.PathLike,
        *,
        delimiter: str = ",",
        decision_columns: Sequence[str] = (),
        trajectory_columns: Sequence[str] = (),
        **columns: str | None,
    ) -> Demonstrations:
        """Read a long table from a CSV file with a header; ``.csv.gz`` is unpacked.

        A column in which every value is an integer holds integers, otherwise numbers or strings; blank means missing.

        Parameters
        ----------
        path, delimiter, decision_columns, trajectory_columns, **columns
            Names of the columns as for `from_table`: ``id=``, ``state=`` and ``action=`` are required.

        Raises
        ------
        ValueError
            For ragged, truncated or undecodable files, naming the line, and for all that `from_table` refuses.
        """
        kept = {"decision_columns": decision_columns, "trajectory_columns": trajectory_columns}
        return cls.from_table(read_csv(path, {**columns, **kept_roles(**kept)}, delimiter), **columns, **kept)

    @classmethod
    def from_episodes(cls, episodes: Iterable[Any]) -> Demonstrations:
        """Read episode objects of discrete environments by their attributes.

        Parameters
        ----------
        episodes : iterable
            Objects with ``.observations``, ``.actions`` and ``.terminations`` (a minari dataset is one such iterable) or
            ``.obs``, ``.acts`` and ``.terminal`` (imitation). Observations hold T or T + 1 entries; rows of several integers
            become tuples. Episodes that are not terminated (truncated ones) count as cut.

        Raises
        ------
        ValueError
            For other objects, for continuous observations or actions, and for lengths that do not fit, naming the episode.
        """
        return cls._from_flat(*read_episodes(episodes))

    @classmethod
    def from_state_paths(
        cls, paths: Iterable[Any], mdp: MDP, *, goals: Sequence[Any] | None = None, weights: ArrayLike | None = None
    ) -> Demonstrations:
        """Read paths of states alone, inferring each action from the dynamics.

        Parameters
        ----------
        paths : iterable of integer sequences, two or more states each
        mdp : MDP
            An action fits a step if it is available and gives the next state positive probability.
        goals, weights
            As for the constructor.

        Raises
        ------
        ValueError
            If no action fits a step, or more than one does, naming trajectory, step, states and candidates.
        """
        return cls._from_flat(*read_state_paths(paths, mdp, goals, weights))

    # A sequence of trajectories.

    def __len__(self) -> int:
        return len(self.final_states)

    def __iter__(self) -> Iterator[Trajectory]:
        return map(self._trajectory, range(len(self)))

    @overload
    def __getitem__(self, key: int | np.integer) -> Trajectory: ...
    @overload
    def __getitem__(self, key: slice | ArrayLike) -> Demonstrations: ...
    def __getitem__(self, key):
        """A `Trajectory` for an integer; a Demonstrations for a slice, a sequence of integers or a boolean mask."""
        n = len(self)
        if isinstance(key, int | np.integer) and not isinstance(key, bool):
            if not -n <= key < n:
                raise IndexError(f"there is no trajectory {key}: there are {n}")
            return self._trajectory(int(key) % n)
        return self._from_flat(*take(self._flat, selection(key, n)))

    def _trajectory(self, i: int) -> Trajectory:
        visits, first = self._visits
        return pick(self._flat, i, visits[first[i] : first[i + 1]])

    @cached_property
    def _visits(self) -> tuple[NDArray, NDArray]:
        """States with the final ones where they are known, and where each trajectory starts among them."""
        known = self.final_states >= 0
        visits = np.insert(self.states, self.offsets[1:][known], self.final_states[known])
        visits.flags.writeable = False
        return visits, self.offsets + np.concatenate([[0], np.cumsum(known)])

    def __add__(self, other: object) -> Demonstrations:
        """All trajectories of both; their labels must agree, and both have goals or neither."""
        if not isinstance(other, Demonstrations):
            return NotImplemented
        return self._from_flat(*concatenate(self._flat, other._flat))

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Demonstrations):
            return NotImplemented
        return same(self._flat, other._flat)

    __hash__ = None  # type: ignore[assignment]

    def __setattr__(self, name: str, value: Any) -> None:
        raise AttributeError(f"demonstrations are immutable: build new ones to change {name}")

    def __reduce__(self) -> tuple:
        return self._from_flat, tuple(self._flat)

    def __repr__(self) -> str:
        return f"<Demonstrations: {summary(self._flat)}>"

    # What follows from the arrays.

    @property
    def n_decisions(self) -> int:
        """Number of decisions N of all trajectories."""
        return len(self.states)

    @cached_property
    def lengths(self) -> NDArray:
        """(n,) int64: number of decisions of each trajectory."""
        return _locked(np.diff(self.offsets))

    @cached_property
    def trajectory_ids(self) -> NDArray:
        """(N,) int64: position of the trajectory that each decision belongs to."""
        return _locked(np.repeat(np.arange(len(self)), self.lengths))

    @cached_property
    def times(self) -> NDArray:
        """(N,) int64: step of each decision within its trajectory, from 0."""
        return _locked(np.arange(self.n_decisions) - np.repeat(self.offsets[:-1], self.lengths))

    @cached_property
    def next_states(self) -> NDArray:
        """(N,) int64: state after each decision, -1 where unknown."""
        following = np.empty_like(self.states)
        following[:-1] = self.states[1:]
        following[self.offsets[1:] - 1] = self.final_states
        return _locked(following)

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
        write_npz(self._flat, path)

    @classmethod
    def load(cls, path: str | os.PathLike) -> Demonstrations:
        """Read what `save` wrote; nothing in the file is executed.

        Raises
        ------
        ValueError
            For truncated files and files of another kind, naming the file.
        """
        return cls._from_flat(*read_npz(path))


def _locked(array: NDArray) -> NDArray:
    array.flags.writeable = False
    return array
