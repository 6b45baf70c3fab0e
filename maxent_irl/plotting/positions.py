"""Where the nodes of a network lie, estimated from the lengths of its links."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import sparse
from scipy.sparse import csgraph

N_LANDMARKS = 64


def network_positions(edges: ArrayLike, lengths: ArrayLike) -> NDArray:
    """Lay a network out in the plane from the lengths of its edges alone.

    Shortest paths between far apart landmarks are embedded by classical scaling; every other node is placed by its distances
    to the landmarks. The map shows which nodes are connected, and distances roughly, as roads bend. It may be turned and
    mirrored.

    Parameters
    ----------
    edges : (E, 2) int array
    lengths : (E,) array of positive numbers

    Returns
    -------
    (N, 2) array, N one more than the largest node; NaN for nodes that cannot reach the largest connected part

    References
    ----------
    de Silva, V. & Tenenbaum, J. B. (2004), Sparse multidimensional scaling using landmark points, Stanford University.
    """
    edges, lengths = np.asarray(edges), np.asarray(lengths, dtype=float)
    if lengths.shape != (len(edges),):
        raise ValueError(f"lengths must have one entry for each of the {len(edges)} edges; got {lengths.shape}")
    n = int(edges.max()) + 1
    order = np.argsort(lengths, kind="stable")  # of parallel edges the shortest counts
    pair, first = np.unique(np.sort(edges[order], axis=1), axis=0, return_index=True)
    shortest = sparse.csr_array((lengths[order][first], (pair[:, 0], pair[:, 1])), shape=(n, n))
    _, part = csgraph.connected_components(shortest, directed=False)
    inside = np.flatnonzero(part == np.bincount(part).argmax())
    graph = shortest[inside][:, inside]
    landmark, nearest, rows = 0, np.full(len(inside), np.inf), []
    for _ in range(min(N_LANDMARKS, len(inside))):  # each new landmark is the node farthest from those before
        distance = csgraph.dijkstra(graph, directed=False, indices=landmark)
        rows.append((landmark, distance))
        nearest = np.minimum(nearest, distance)
        landmark = int(nearest.argmax())
    chosen = np.array([index for index, _ in rows])
    squared = np.array([distance for _, distance in rows]) ** 2  # (landmarks, nodes)
    between = squared[:, chosen]
    mean = between.mean(axis=1)
    gram = -0.5 * (between - mean[:, None] - mean[None, :] + mean.mean())
    values, vectors = np.linalg.eigh(gram)
    top = np.argsort(values)[::-1][:2]
    strength = np.maximum(values[top], np.finfo(float).tiny)
    placed = -0.5 * (squared - mean[:, None]).T @ (vectors[:, top] / np.sqrt(strength))
    positions = np.full((n, 2), np.nan)
    positions[inside, : placed.shape[1]] = placed
    return positions
