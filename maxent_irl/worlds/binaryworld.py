"""Binaryworld: a grid of blue and other cells whose reward counts the blue cells around each cell."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from ._grid_map import checked_shape
from .gridworld import GridWorld

_GOOD, _BAD = 4, 5  # blue cells among the nine of a patch that pay +1 and -1


class BinaryWorld(GridWorld):
    """Test problem for rewards that depend on many inputs together: each single input hardly predicts the reward.

    Each cell is blue with probability 1/2. A cell pays +1 if exactly 4 of the 9 cells around it (itself included) are blue, -1 if
    exactly 5 are, and 0 otherwise. Cells off the grid count as not blue. Moves are those of `GridWorld`, without walls, goals or
    tiles.

    Parameters
    ----------
    shape : (int, int) or int
        Rows and columns; one number makes a square.
    slip, discount, horizon
        As for `GridWorld`. By default moves are deterministic.
    random_state : int, `numpy.random.Generator` or None
        Determines which cells are blue.

    Attributes
    ----------
    blue : (S,) bool array
        Whether each cell is blue.
    mdp, reward, shape, cells, ...
        As of `GridWorld`.

    References
    ----------
    Wulfmeier, M., Ondruska, P. and Posner, I. (2015). Maximum entropy deep inverse reinforcement learning. arXiv:1507.04888,
    section 4.2.

    Examples
    --------
    >>> world = BinaryWorld(8, random_state=0)
    >>> world.features().shape
    (64, 9)
    >>> sorted(set(world.reward.tolist()))
    [-1.0, 0.0, 1.0]
    """

    blue: NDArray  # (S,) bool

    def __init__(
        self,
        shape: int | tuple[int, int] = 32,
        *,
        slip: float = 0.0,
        discount: float = 0.9,
        horizon: int | None = None,
        random_state: int | np.random.Generator | None = None,
    ) -> None:
        rows, columns = checked_shape(shape)
        blue = np.random.default_rng(random_state).integers(0, 2, (rows, columns))
        padded = np.pad(blue, 1)
        around = sum(padded[i : i + rows, j : j + columns] for i in range(3) for j in range(3))
        rewards = np.where(around == _GOOD, 1.0, np.where(around == _BAD, -1.0, 0.0))
        super().__init__((rows, columns), rewards=rewards, slip=slip, discount=discount, horizon=horizon)
        self.blue = self.from_grid(blue == 1)
        self.blue.flags.writeable = False

    def features(self, kind: str = "patches", *, n_features: int = 8) -> NDArray | sparse.csr_array:
        """Which of the nine cells around each cell are blue, or any kind of `GridWorld.features`.

        Parameters
        ----------
        kind : {"patches", "indicators", "coordinates", "smooth"}
            - "patches": 9 columns of 0 and 1, whether each cell of the 3 x 3 patch around the state is blue. They go row by row,
              from the cell above and to the left of the state. Cells off the grid are 0.
            - the others as for `GridWorld`.

        Returns
        -------
        (S, K) float array, or sparse ``csr_array`` for "indicators"
        """
        return self.patches(self.blue) if kind == "patches" else super().features(kind, n_features=n_features)

    def feature_names(self, kind: str = "patches", *, n_features: int = 8) -> tuple[str, ...]:
        """Names of the columns of ``features(kind)``, a tuple of K strings."""
        return self.patch_names(["blue"]) if kind == "patches" else super().feature_names(kind, n_features=n_features)
