"""Rectangular grids with walls, goals and tiles, drawn as text.

    S....#G
    ..mm...        S start, G goal, # wall, . floor, lower-case letters name tile types
    ..mm.#.

Only free cells are states; they are numbered row by row. `GridWorld.to_grid` puts one number per state back
on the (rows, columns) grid for a picture.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import sparse

from .._validation import check_numbers
from ..mdp import MDP
from . import _grid_features, _grid_map
from ._grid_map import FLOOR, GOAL, START, WALL
from ._grid_moves import ACTIONS, transitions
from .geometry import GridGeometry

Cells = Iterable[tuple[int, int]] | NDArray
_MAX_DRAWN = (60, 110)  # rows, columns: larger maps are summarised, not drawn


class GridWorld:
    """A grid on which one step moves to a neighbouring free cell.

    Five actions, in this order: right, down, left, up, stay (`ACTIONS` holds their (row, column) steps). With
    probability `slip` the chosen action is replaced by one of the four moves, each equally likely (the chosen
    one among them). A move into a wall or off the grid stays where it is.

    Parameters
    ----------
    shape : (int, int) or int
        Rows and columns; one number makes a square.
    walls, goals, starts : iterables of (row, column), or (rows, columns) bool arrays
        Walls are no states. Episodes begin at a start, each equally likely; without starts, at any cell that
        is not a terminal goal.
    tiles : (rows, columns) array of single characters, optional
        Type of every cell: "." or a lower-case letter.
    rewards : mapping or (rows, columns) array, optional
        Reward of every cell. A mapping takes cells ``(row, column)``, tile letters, or ``"G"`` for all goals
        to numbers; a cell beats "G", which beats the cell's letter. Not named: 0.
    slip : float
        Probability in [0, 1] that a uniformly random move happens instead.
    discount : float
        In (0, 1] as for `MDP`; 0 is allowed too.
    horizon : int, optional
        Number of decisions of an episode.
    terminal_goals : bool
        Whether goals end the episode. Nothing is earned after the end, so the value of a terminal goal is 0.
    reward_on : {"state", "next_state"}
        Whether a cell pays for each decision taken in it, or for entering it. A terminal goal takes no
        decisions, so a nonzero reward on it is an error with "state"; with "next_state" it pays on arrival.

    Attributes
    ----------
    mdp : MDP
    reward : (S,) array, or (S, A) with ``reward_on="next_state"`` (expected over the next state)
    cell_rewards : (S,) array, the reward of each cell as given
    shape : (rows, columns)
    n_states, n_actions : int
    cells : (S, 2) int array, row and column of each state
    states : (rows, columns) int array, state of each cell, -1 at walls
    goals, starts : int arrays of states
    tiles : (S,) array of single characters
    slip, terminal_goals, reward_on : as given

    Raises
    ------
    ValueError
        Naming the cell: a goal or start on a wall or off the grid, an unknown character, a reward that is
        never earned.

    Examples
    --------
    >>> world = GridWorld.from_text('''
    ...     S.#G
    ...     ....
    ... ''', rewards={"G": 1.0}, reward_on="next_state")
    >>> world
    GridWorld 2 x 4, 7 states, slip 0, discount 0.95, terminal goals
    S.#G
    ....
    >>> world.to_grid(world.cell_rewards)
    array([[ 0.,  0., nan,  1.],
           [ 0.,  0.,  0.,  0.]])
    """

    def __init__(
        self,
        shape: int | tuple[int, int],
        *,
        walls: Cells = (),
        goals: Cells = (),
        starts: Cells = (),
        tiles: ArrayLike | None = None,
        rewards: Mapping[Any, float] | ArrayLike | None = None,
        slip: float = 0.0,
        discount: float = 0.95,
        horizon: int | None = None,
        terminal_goals: bool = True,
        reward_on: Literal["state", "next_state"] = "state",
    ) -> None:
        self.shape = _grid_map.checked_shape(shape)
        self.slip = _grid_map.checked_slip(slip)
        if reward_on not in ("state", "next_state"):
            raise ValueError(f'reward_on must be "state" or "next_state", got {reward_on!r}')
        self.reward_on = reward_on
        self.terminal_goals = bool(terminal_goals)

        free = ~_grid_map.cell_mask(walls, self.shape, "wall")
        if not free.any():
            raise ValueError(f"every cell of the {self.shape[0]} x {self.shape[1]} grid is a wall: no states are left")
        self.cells = _frozen(np.argwhere(free))
        self.n_states, self.n_actions = len(self.cells), len(ACTIONS)
        states = np.full(self.shape, -1)
        states[free] = np.arange(self.n_states)
        self.states = _frozen(states)
        self.goals = self._states_of(_grid_map.cell_mask(goals, self.shape, "goal"), "goal")
        self.starts = self._states_of(_grid_map.cell_mask(starts, self.shape, "start"), "start")
        self.tiles = _frozen(_grid_map.checked_tiles(tiles, self.shape)[free])

        terminal = np.zeros(self.n_states, dtype=bool)
        terminal[self.goals] = self.terminal_goals
        self.mdp = MDP.from_stacked(
            transitions(self.states, self.cells, self.slip),
            self.n_actions,
            initial=self._initial(terminal),
            discount=discount,
            horizon=horizon,
            terminal=terminal,
        )
        self.cell_rewards = _frozen(self._cell_rewards(rewards))
        if reward_on == "next_state":
            self.reward = _frozen(self.arrival(self.cell_rewards))
        else:
            self._check_earned(terminal)
            self.reward = self.cell_rewards

    @classmethod
    def from_text(cls, text: str, **options: Any) -> GridWorld:
        """Build a world from a drawing.

        Parameters
        ----------
        text : str
            One line per row, all equally long: ``S`` start, ``G`` goal, ``#`` wall, ``.`` floor, lower-case
            letters for tile types. Common indentation and empty lines around the drawing are dropped.
        **options
            As for `GridWorld`: rewards, slip, discount, horizon, terminal_goals, reward_on.

        Raises
        ------
        ValueError
            Naming row and column of a line that is too long or short, or of a character that means nothing.
        """
        drawn = _grid_map.read(text)
        return cls(
            drawn.shape,
            walls=drawn == WALL,
            goals=drawn == GOAL,
            starts=drawn == START,
            tiles=np.where(np.isin(drawn, [WALL, START, GOAL]), FLOOR, drawn),
            **options,
        )

    @property
    def geometry(self) -> GridGeometry:
        """Where the states lie, for a map."""
        return GridGeometry.of_states(self.shape, self.cells, starts=self.starts, goals=self.goals)

    def state(self, row: int, column: int) -> int:
        """State index of the cell at (row, column); a `ValueError` where that is a wall or off the grid."""
        inside = 0 <= row < self.shape[0] and 0 <= column < self.shape[1]
        state = self.states[row, column] if inside else -1
        if state < 0:
            raise ValueError(f"cell ({row}, {column}) is {'a wall' if inside else 'off the grid'}, so no state")
        return int(state)

    def to_grid(self, values: ArrayLike, fill: Any = np.nan) -> NDArray:
        """Put one value per state on the grid.

        Parameters
        ----------
        values : (S, ...) array
        fill : scalar
            What walls get; NaN makes integers and booleans floats.

        Returns
        -------
        (rows, columns, ...) array
        """
        values = np.asarray(values)
        if values.shape[:1] != (self.n_states,):
            raise ValueError(f"values must have one entry per state, ({self.n_states}, ...), got {values.shape}")
        grid = np.full(self.shape + values.shape[1:], fill, dtype=np.result_type(values, type(fill)))
        grid[self.states >= 0] = values
        return grid

    def from_grid(self, grid: ArrayLike) -> NDArray:
        """Values of the free cells of a (rows, columns, ...) array, as (S, ...): the inverse of `to_grid`."""
        grid = np.asarray(grid)
        if grid.shape[:2] != self.shape:
            raise ValueError(f"the grid must be {self.shape[0]} x {self.shape[1]}, got shape {grid.shape}")
        return grid[self.states >= 0]

    def features(self, kind: str = "indicators", *, n_features: int = 8) -> NDArray | sparse.csr_array:
        """Features of the states, for a reward that is linear in them.

        Parameters
        ----------
        kind : {"indicators", "coordinates", "distances", "tiles", "smooth"}
            - "indicators": one column per state (a sparse identity): one reward per cell.
            - "coordinates": row and column of the cell, as fractions of the grid from 0 to 1.
            - "distances": walking steps to the nearest goal and to the nearest tile of each type.
            - "tiles": one 0/1 column per tile type, one for goals; plain floor is all zeros.
            - "smooth": the `n_features` lowest-frequency cosines of the grid without the constant, in [-1,
              1].
        n_features : int
            Number of columns of "smooth".

        Returns
        -------
        (S, K) float array, or sparse ``csr_array`` for "indicators"

        See Also
        --------
        feature_names : what the columns are.
        arrival : the same features of the next state, where rewards are paid on arrival.
        """
        return _grid_features.build(self, kind, n_features)[0]

    def feature_names(self, kind: str = "indicators", *, n_features: int = 8) -> tuple[str, ...]:
        """Names of the columns of ``features(kind)``, a tuple of K strings."""
        return _grid_features.build(self, kind, n_features)[1]

    def arrival(self, features: NDArray | sparse.sparray) -> NDArray | sparse.coo_array:
        """Features of the state arrived in, expected over the next state of every action.

        With these a reward is paid for entering a cell, a terminal goal included.

        Parameters
        ----------
        features : (S,) or (S, K) array, or sparse (S, K)

        Returns
        -------
        (S, A) or (S, A, K) array; for sparse features a sparse ``coo_array`` of shape (S, A, K)
            Zero where the action is not available (at terminal states).
        """
        if features.shape[0] != self.n_states:
            raise ValueError(f"features must have {self.n_states} rows, one per state, got {features.shape}")
        expected = self.mdp.transitions @ features  # (A*S,) or (A*S, K), action-major
        if sparse.issparse(expected):
            expected = expected.tocoo()
            action, state = np.divmod(expected.coords[0], self.n_states)
            shape = (self.n_states, self.n_actions, features.shape[1])
            return sparse.coo_array((expected.data, (state, action, expected.coords[1])), shape=shape)
        expected = expected.reshape(self.n_actions, self.n_states, *features.shape[1:])
        return np.swapaxes(expected, 0, 1)

    def draw(self) -> str:
        """Draw the map as `from_text` reads it, a string of one line per row."""
        drawn = self.to_grid(self.tiles, fill=WALL)
        for states, letter in ((self.starts, START), (self.goals, GOAL)):
            rows, columns = self.cells[states].T
            drawn[rows, columns] = letter
        return "\n".join("".join(row) for row in drawn)

    def __repr__(self) -> str:
        rows, columns = self.shape
        text = f"{type(self).__name__} {rows} x {columns}, {self.n_states} states, slip {self.slip:g}"
        text += f", discount {self.mdp.discount:g}"
        if len(self.goals):
            text += f", {'terminal' if self.terminal_goals else 'non-terminal'} goals"
        drawable = rows <= _MAX_DRAWN[0] and columns <= _MAX_DRAWN[1]
        return f"{text}\n{self.draw()}" if drawable else text

    def _states_of(self, mask: NDArray, what: str) -> NDArray:
        """States of the cells where the mask holds; all of them must be free."""
        blocked = np.argwhere(mask & (self.states < 0))
        if len(blocked):
            raise ValueError(f"the {what} at cell ({blocked[0][0]}, {blocked[0][1]}) stands on a wall")
        return _frozen(self.states[mask])

    def _initial(self, terminal: NDArray) -> NDArray:
        if len(self.starts) and terminal[self.starts].all():
            raise ValueError("every start is a terminal goal: no decision would ever be taken")
        among = self.starts if len(self.starts) else np.flatnonzero(~terminal)
        if not len(among):
            raise ValueError("every free cell is a terminal goal: no decision would ever be taken")
        initial = np.zeros(self.n_states)
        initial[among] = 1 / len(among)
        return initial

    def _cell_rewards(self, rewards: Mapping[Any, float] | ArrayLike | None) -> NDArray:
        if rewards is None:
            return np.zeros(self.n_states)
        if not isinstance(rewards, Mapping):
            return self._finite(self.from_grid(check_numbers("rewards", rewards)))
        values = np.zeros(self.n_states)
        cells = {}
        for key, value in rewards.items():
            if not isinstance(key, str):
                cells[key] = value
            elif key != GOAL:
                on_tile = self.tiles == key
                if not on_tile.any():
                    present = ", ".join(repr(tile) for tile in np.unique(self.tiles).tolist())
                    raise ValueError(f"rewards names tile {key!r}, which the map does not have; it has {present}")
                values[on_tile] = value
        if GOAL in rewards:
            if not len(self.goals):
                raise ValueError('rewards names "G", but the map has no goal')
            values[self.goals] = rewards[GOAL]
        for cell, value in cells.items():
            values[self.state(*cell)] = value
        return self._finite(values)

    def _finite(self, values: NDArray) -> NDArray:
        wrong = np.flatnonzero(~np.isfinite(values))
        if len(wrong):
            row, column = self.cells[wrong[0]]
            raise ValueError(f"the reward at cell ({row}, {column}) is {values[wrong[0]]}; rewards must be finite")
        return values

    def _check_earned(self, terminal: NDArray) -> None:
        wrong = np.flatnonzero(terminal & (self.cell_rewards != 0))
        if len(wrong):
            row, column = self.cells[wrong[0]]
            raise ValueError(
                f"the reward {self.cell_rewards[wrong[0]]:g} at the terminal goal in cell ({row}, {column}) "
                'is never earned: no decision is taken there. Use reward_on="next_state" to pay it on '
                "arrival, or terminal_goals=False to let the episode go on."
            )


def _frozen(array: NDArray) -> NDArray:
    array.flags.writeable = False
    return array
