"""Where nodes and places lie, estimated from the lengths of the links between them, or from the number of moves."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import sparse, spatial
from scipy.sparse import csgraph

from ..mdp import MDP

N_LANDMARKS = 64
LEAST_LIKELY = 0.1  # probability from which a move joins two places
MOST_CROWDED = 0.45  # least distance between places, in units of the side of a square with room for one
GOLDEN = np.pi * (3 - np.sqrt(5))  # radians


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


def place_positions(distances: ArrayLike) -> NDArray:
    """Lay places out in the plane so that their distances on paper are near the given ones.

    Multidimensional scaling by majorisation (`sklearn.manifold.smacof`) from the classical solution, so that the same distances
    give the same picture. Places that would cover each other are then moved apart.

    Parameters
    ----------
    distances : (N, N) symmetric array
        Infinite between places that are not connected: those are put a little farther apart than the farthest connected ones.

    Returns
    -------
    (N, 2) array, its width the larger side

    References
    ----------
    Borg, I. & Groenen, P. (2005), Modern multidimensional scaling, Springer.
    """
    from sklearn.manifold import smacof

    D = np.array(distances, dtype=float)
    n = len(D)
    if D.shape != (n, n) or not np.array_equal(D, D.T):
        raise ValueError(f"distances must be a symmetric (N, N) array; got shape {D.shape}")
    if n < 3:
        return np.stack([np.arange(n, dtype=float), np.zeros(n)], axis=1)
    finite = np.isfinite(D)
    D[~finite] = 1.2 * D[finite].max() + 1.0
    squared = D**2
    centred = squared - squared.mean(axis=0) - squared.mean(axis=1)[:, None] + squared.mean()
    values, vectors = np.linalg.eigh(-0.5 * centred)
    start = vectors[:, [-1, -2]] * np.sqrt(np.maximum(values[[-1, -2]], 1e-12))
    start *= np.where(
        start[np.abs(start).argmax(axis=0), [0, 1]] < 0, -1.0, 1.0
    )  # eigenvectors have no sign of their own
    placed, _ = smacof(D, n_components=2, init=start, n_init=1, max_iter=200, normalized_stress=False)
    placed = _apart(placed, MOST_CROWDED * np.sqrt(np.prod(np.ptp(placed, axis=0) + 1e-9) / n))
    return placed if np.ptp(placed[:, 0]) >= np.ptp(placed[:, 1]) else placed[:, ::-1]


def _apart(positions: NDArray, gap: float) -> NDArray:
    """Push places apart that are nearer to one another than `gap`, in at most 60 rounds."""
    positions = positions.copy()
    for _ in range(60):
        pairs = spatial.cKDTree(positions).query_pairs(gap, output_type="ndarray")
        if not len(pairs):
            break
        apart = positions[pairs[:, 0]] - positions[pairs[:, 1]]
        length = np.linalg.norm(apart, axis=1)
        turn = GOLDEN * pairs[:, 0]  # where two lie on one point, any direction serves
        way = np.where(
            length[:, None] > 1e-9 * gap,
            apart / np.maximum(length, 1e-300)[:, None],
            np.stack([np.cos(turn), np.sin(turn)], axis=1),
        )
        step = 0.3 * (gap - length)[:, None] * way
        np.add.at(positions, pairs[:, 0], step)
        np.add.at(positions, pairs[:, 1], -step)
    return positions


def step_distances(mdp: MDP) -> tuple[NDArray, NDArray]:
    """How many moves apart the states of an MDP are, and between which neighbours moves lead.

    A move counts in both directions, and only if some action makes it with a probability of at least 0.1, or with none larger.

    Returns
    -------
    distances : (S, S) array, infinite between parts that are not connected
    edges : (E, 2) int array, the smaller state first
    """
    S, A = mdp.n_states, mdp.n_actions
    moves = mdp.transitions.tocoo()
    largest = np.zeros(A * S)
    np.maximum.at(largest, moves.row, moves.data)
    likely = (moves.data >= np.minimum(LEAST_LIKELY, largest[moves.row])) & (moves.data > 0)
    pairs = np.stack([moves.row % S, moves.col], axis=1)[likely]
    pairs = np.unique(np.sort(pairs[pairs[:, 0] != pairs[:, 1]], axis=1), axis=0)
    graph = sparse.csr_array((np.ones(len(pairs)), (pairs[:, 0], pairs[:, 1])), shape=(S, S))
    return csgraph.shortest_path(graph, directed=False, unweighted=True), pairs
