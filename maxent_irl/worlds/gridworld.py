"""Rectangular grids with walls, goals and tiles, drawn as text.

    S....#G
    ..mm...        S start, G goal, # wall, . floor, lower-case letters name tile types
    ..mm.#.

Only free cells are states; they are numbered row by row. `GridWorld.to_grid` puts one value per state on the (rows, columns)
grid.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import sparse

from ..mdp import MDP
from ..worlds import _grid_features, _grid_map, _grid_patches, _grid_rewards
from ._grid_map import FLOOR, GOAL, START, WALL
from ._grid_moves import ACTIONS, transitions
from .geometry import GridGeometry

Cells = Iterable[tuple[int, int]] | NDArray
_MAX_DRAWN = (60, 110)  # rows and columns up to which the repr contains the map


class GridWorld:
    """A grid on which one step moves to a neighbouring free cell.

    The five actions are right, down, left, up, stay, in this order. With probability `slip` one of the four moves happens
    instead of the chosen action, each with equal probability. A move into a wall or off the grid leads back to the same cell.

    Parameters
    ----------
    shape : (int, int) or int
        Rows and columns; one number makes a square.
    walls, goals, starts : iterables of (row, column), or (rows, columns) bool arrays
        Walls are no states. Episodes begin at one of the starts with equal probability. Without starts they begin at any cell
        that is not a terminal goal.
    tiles : (rows, columns) array of single characters, optional
        Type of every cell: "." for floor, or a lower-case letter.
    rewards : mapping or (rows, columns) array, optional
        Reward of every cell. Keys of a mapping are cells ``(row, column)``, tile letters, and ``"G"`` for all goals. Where
        several keys apply, the cell comes before "G", and "G" before the letter. Cells without a key have reward 0.
    slip : float
        Probability in [0, 1] that a random move replaces the chosen action.
    discount : float
        In [0, 1], as for `MDP`.
    horizon : int, optional
        Number of decisions of an episode.
    terminal_goals : bool
        Whether goals end the episode. Nothing is earned after the end, so the value of a terminal goal is 0.
    reward_on : {"state", "next_state"}
        Whether the reward of a cell is paid for each decision taken in it, or for each entry. No decision is taken in a
        terminal goal, so with "state" a nonzero reward there is an error.

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
    slip, terminal_goals, reward_on
        As given.

    Raises
    ------
    ValueError
        For a goal or start on a wall or off the grid, an unknown character, and a reward that is never earned, naming the cell.

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

    mdp: MDP
    reward: NDArray  # (S,) or (S, A) float
    cell_rewards: NDArray  # (S,) float
    shape: tuple[int, int]
    n_states: int
    n_actions: int
    cells: NDArray  # (S, 2) int, row and column
    states: NDArray  # (rows, columns) int, -1 at walls
    goals: NDArray  # (G,) int states
    starts: NDArray  # int states
    tiles: NDArray  # (S,) single characters
    slip: float
    terminal_goals: bool
    reward_on: Literal["state", "next_state"]

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
        self.cell_rewards = _frozen(_grid_rewards.cell_rewards(self, rewards))
        if reward_on == "next_state":
            self.reward = _frozen(self.arrival(self.cell_rewards))
        else:
            _grid_rewards.check_earned(self, self.cell_rewards, terminal)
            self.reward = self.cell_rewards

    @classmethod
    def from_text(cls, text: str, **options: Any) -> GridWorld:
        """Build a world from a drawing.

        Parameters
        ----------
        text : str
            One line per row, all equally long: ``S`` start, ``G`` goal, ``#`` wall, ``.`` floor, lower-case letters for tile
            types. Common indentation and empty lines around the drawing are ignored.
        **options
            As for `GridWorld`: rewards, slip, discount, horizon, terminal_goals, reward_on.

        Raises
        ------
        ValueError
            For a line that is too long or too short, naming its row, and for an unknown character, naming row and column.
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
        """State index of the cell at (row, column); `ValueError` where that is a wall or off the grid."""
        return _grid_map.state_at(self, row, column)

    def to_grid(self, values: ArrayLike, fill: Any = np.nan) -> NDArray:
        """Put one value per state on the grid.

        Parameters
        ----------
        values : (S, ...) array
        fill : scalar
            Value at walls. With NaN the result is a float array.

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
            - "indicators": one column per state, a sparse identity matrix: one reward per cell.
            - "coordinates": row and column of the cell, as fractions of the grid from 0 to 1.
            - "distances": steps around walls to the nearest tile of each type and to the nearest goal.
            - "tiles": one 0/1 column per tile type and one for goals; plain floor is all zeros.
            - "smooth": the `n_features` lowest-frequency cosines of the grid without the constant, in [-1, 1].
        n_features : int
            Number of columns of "smooth".

        Returns
        -------
        (S, K) float array, or sparse ``csr_array`` for "indicators"

        See Also
        --------
        feature_names : the names of the columns.
        arrival : the same features of the next state, for rewards paid on arrival.
        patches : what lies around each cell, for rewards that are not linear.
        """
        return _grid_features.build(self, kind, n_features)[0]

    def feature_names(self, kind: str = "indicators", *, n_features: int = 8) -> tuple[str, ...]:
        """Names of the columns of ``features(kind)``, a tuple of K strings."""
        return _grid_features.build(self, kind, n_features)[1]

    def patches(self, values: ArrayLike, radius: int = 1, *, outside: float = 0.0) -> NDArray:
        """Values of all cells around each cell: inputs for a reward that depends on the neighbourhood.

        Parameters
        ----------
        values : (S,) or (S, C) array
            One value, or C values (channels), per state, such as ``features("tiles")``.
        radius : int >= 0
            A patch has 2 radius + 1 rows and as many columns, with the cell itself in the middle.
        outside : float
            Value of walls and of cells off the grid.

        Returns
        -------
        (S, (2 radius + 1)^2 C) array, in the units of `values`
            Row s is the patch around state s. Columns go through the patch row by row, from the cell above and to the left of
            the state to the cell below and to the right; the channels of a cell are next to each other.

        Examples
        --------
        >>> world = GridWorld((2, 3))
        >>> world.patches([0, 1, 2, 3, 4, 5], outside=-1)[0].reshape(3, 3)
        array([[-1., -1., -1.],
               [-1.,  0.,  1.],
               [-1.,  3.,  4.]])
        """
        return _grid_patches.patches(self, values, radius, outside)

    def patch_names(self, names: Sequence[str], radius: int = 1) -> tuple[str, ...]:
        """Names of the columns of `patches`, "tile m at (-1, +0)": the channel and the (row, column) offset from the cell.

        Parameters
        ----------
        names : sequence of C strings
            Names of the channels, such as ``feature_names("tiles")``.
        radius : int >= 0
        """
        return _grid_patches.patch_names(names, radius)

    def arrival(self, features: NDArray | sparse.sparray) -> NDArray | sparse.coo_array:
        """Features of the next state, expected over the dynamics: with them a reward is paid for entering a cell.

        Parameters
        ----------
        features : (S,) or (S, K) array, or sparse (S, K)

        Returns
        -------
        (S, A) or (S, A, K) array; for sparse features a sparse ``coo_array`` of shape (S, A, K)
            Zero in terminal states, where no action is available.
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
        """The map as text, one line per row, as `from_text` reads it."""
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


def _frozen(array: NDArray) -> NDArray:
    array.flags.writeable = False
    return array
