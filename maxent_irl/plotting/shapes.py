"""The outlines of places on a map, for drawings other than those of matplotlib."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, eq=False)
class Shapes:
    """Where places lie, and what stands around them; y grows downwards.

    Attributes
    ----------
    kind : "square", "disc" or "line"
    places : (N, 2) array of centres, or (N, 2, 2) array of ends of lines
        NaN where a place is not on the map.
    size : float
        Side of a square, diameter of a disc, or width of a line, in units of the places.
    lines : (M, 2, 2) array
        Ends of lines that join places.
    blocks : (K, 2) array
        Centres of squares without a place, such as walls.
    marks : dict of str to (n, 2) array
        Places to mark, by name.
    """

    kind: str
    places: NDArray
    size: float
    lines: NDArray = field(default_factory=lambda: np.empty((0, 2, 2)))
    blocks: NDArray = field(default_factory=lambda: np.empty((0, 2)))
    marks: dict[str, NDArray] = field(default_factory=dict)

    @property
    def box(self) -> tuple[float, float, float, float]:
        """Left, top, width and height of everything."""
        points = np.concatenate([self.places.reshape(-1, 2), self.lines.reshape(-1, 2), self.blocks])
        points = points[np.isfinite(points).all(axis=1)]
        if not len(points):
            return 0.0, 0.0, 1.0, 1.0
        low, high = points.min(axis=0) - self.size, points.max(axis=0) + self.size
        if self.kind == "square":
            low, high = low + self.size / 2, high - self.size / 2
        return float(low[0]), float(low[1]), float(high[0] - low[0]), float(high[1] - low[1])
