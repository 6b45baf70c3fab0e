"""Objectworld: a grid with coloured objects and a reward that is not linear in the distances to them."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from scipy.spatial import cKDTree

from ._grid_map import checked_shape
from .gridworld import GridWorld

_REACH_OUTER, _REACH_INNER = 3, 2  # cells within which an object of outer colour 0, or 1, counts


class ObjectWorld(GridWorld):
    """Test problem for rewards that are not linear in the features.

    Objects lie on random cells; each has an outer and an inner colour. A cell pays +1 if an object of outer colour 0 is within 3
    cells and one of outer colour 1 is within 2 cells. It pays -1 if only the former holds, and 0 otherwise. Inner colours and
    further outer colours do not matter. Distances are Euclidean. Moves are those of `GridWorld`, without walls, goals or tiles.

    Parameters
    ----------
    shape : (int, int) or int
        Rows and columns; one number makes a square.
    n_objects : int
        Number of objects, on distinct cells.
    n_colors : int
        Number of colours, at least 2.
    slip, discount, horizon
        As for `GridWorld`.
    random_state : int, `numpy.random.Generator` or None
        Determines the cells and the colours of the objects.

    Attributes
    ----------
    objects : (n_objects, 2) int array, row and column of each object
    outer_colors, inner_colors : (n_objects,) int arrays
    mdp, reward, shape, cells, ...
        As of `GridWorld`.

    Raises
    ------
    ValueError
        For fewer than two colours, and for more objects than cells.

    References
    ----------
    Levine, S., Popović, Z. and Koltun, V. (2011). Nonlinear inverse reinforcement learning with Gaussian
    processes. Advances in Neural Information Processing Systems 24, 19-27.

    Examples
    --------
    >>> world = ObjectWorld(16, n_objects=20, random_state=0)
    >>> world.features("continuous").shape
    (256, 4)
    >>> sorted(set(world.reward.tolist()))
    [-1.0, 0.0, 1.0]
    """

    objects: NDArray  # (n_objects, 2) int, row and column
    outer_colors: NDArray  # (n_objects,) int
    inner_colors: NDArray  # (n_objects,) int
    n_colors: int

    def __init__(
        self,
        shape: int | tuple[int, int] = 32,
        *,
        n_objects: int = 50,
        n_colors: int = 2,
        slip: float = 0.3,
        discount: float = 0.9,
        horizon: int | None = None,
        random_state: int | np.random.Generator | None = None,
    ) -> None:
        rows, columns = checked_shape(shape)
        if n_colors < 2:
            raise ValueError(
                f"the reward depends on outer colours 0 and 1, so n_colors must be at least 2, got {n_colors}"
            )
        if not 1 <= n_objects <= rows * columns:
            raise ValueError(f"n_objects must lie in 1..{rows * columns}, one object per cell, got {n_objects}")
        rng = np.random.default_rng(random_state)
        placed = rng.choice(rows * columns, size=n_objects, replace=False)
        self.objects = np.stack(np.divmod(placed, columns), axis=1)
        self.n_colors = n_colors
        self.outer_colors = rng.integers(n_colors, size=n_objects)
        self.inner_colors = rng.integers(n_colors, size=n_objects)

        near_outer = self._distance_grids((rows, columns), self.outer_colors)[:2] <= [
            [[_REACH_OUTER]],
            [[_REACH_INNER]],
        ]
        rewards = np.where(near_outer[0], np.where(near_outer[1], 1.0, -1.0), 0.0)
        super().__init__((rows, columns), rewards=rewards, slip=slip, discount=discount, horizon=horizon)

    def features(self, kind: str = "continuous", *, n_features: int = 8) -> NDArray | sparse.csr_array:
        """Distances to the nearest object of each colour, or any kind of `GridWorld.features`.

        Parameters
        ----------
        kind : {"continuous", "binned", "indicators", "coordinates", "smooth"}
            - "continuous": 2 C columns, the Euclidean distance in cells to the nearest object of each outer colour, then of each
              inner colour. Where no object has a colour, its distance is the diagonal of the grid.
            - "binned": 2 C N columns of 0 and 1, N the longer side of the grid: whether each distance is below 1, 2, ..., N.
            - the others as for `GridWorld`.

        Returns
        -------
        (S, K) float array, or sparse ``csr_array`` for "indicators"
        """
        if kind not in ("continuous", "binned"):
            return super().features(kind, n_features=n_features)
        grids = [self._distance_grids(self.shape, colors) for colors in (self.outer_colors, self.inner_colors)]
        distances = self.from_grid(np.concatenate(grids).transpose(1, 2, 0))  # (S, 2C)
        if kind == "continuous":
            return distances
        return (distances[:, :, None] < np.arange(1, max(self.shape) + 1)).reshape(self.n_states, -1).astype(float)

    def feature_names(self, kind: str = "continuous", *, n_features: int = 8) -> tuple[str, ...]:
        """Names of the columns of ``features(kind)``, a tuple of K strings."""
        if kind not in ("continuous", "binned"):
            return super().feature_names(kind, n_features=n_features)
        names = [
            f"distance to {place} colour {color}" for place in ("outer", "inner") for color in range(self.n_colors)
        ]
        if kind == "continuous":
            return tuple(names)
        return tuple(f"{name} < {bound}" for name in names for bound in range(1, max(self.shape) + 1))

    def _distance_grids(self, shape: tuple[int, int], colors: NDArray) -> NDArray:
        """(n_colors, rows, columns): distance of every cell to the nearest object of each colour."""
        cells = np.indices(shape).reshape(2, -1).T
        grids = np.full((self.n_colors, *shape), np.hypot(*shape))
        for color in range(self.n_colors):
            if (colors == color).any():
                distance, _ = cKDTree(self.objects[colors == color]).query(cells)
                grids[color] = distance.reshape(shape)
        return grids
