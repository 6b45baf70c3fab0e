"""A town of two-way streets on a rectangular grid of crossings."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..demonstrations.draws import generator


def town(
    shape: int | tuple[int, int], irregularity: float, random_state: Any
) -> tuple[NDArray, NDArray, NDArray, NDArray]:
    """Tail and head of each link, positions of the crossings and lengths of the links; see `RoadNetwork.grid`."""
    rows, columns = (shape, shape) if isinstance(shape, int) else shape
    crossing = np.arange(rows * columns).reshape(rows, columns)
    streets = [(crossing[:, :-1], crossing[:, 1:]), (crossing[:-1], crossing[1:])]
    one_way = np.concatenate([np.stack(street, axis=-1).reshape(-1, 2) for street in streets])
    tail, head = np.concatenate([one_way, one_way[:, ::-1]]).T
    positions = np.column_stack([crossing.ravel() % columns, -(crossing.ravel() // columns)]).astype(float)
    positions += irregularity * generator(random_state).normal(size=positions.shape)
    return tail, head, positions, np.linalg.norm(positions[head] - positions[tail], axis=1)
