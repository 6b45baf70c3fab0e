"""The demonstrations of chapter 7: the user's own table, the mice, or a built-in set, and where their states are drawn."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csgraph
from sklearn.manifold import smacof

from ..datasets import DATA_VARIABLE, load_gridworld, load_mouse_labyrinth
from ..demonstrations import Demonstrations
from ..mdp import MDP

MICE = (
    "Thirsty mice walk in the dark; water is at one dead end. No mouse was ever recorded to stay at a dead end, so what draws it "
    "in is credited to the fork before."
)
MOST_STATES = 600  # more places than a screen has room for; `maxent-irl recover` takes any number


@dataclass(frozen=True)
class Recording:
    """Demonstrations with a problem and a drawing.

    Attributes
    ----------
    source : str
        Where they came from, in words.
    demonstrations : Demonstrations
    mdp : MDP
    labels : tuple of S str
    layout : dict
        Rows, columns and states of a grid, or positions and edges of a graph; JSON.
    python : str
        Python that makes `demonstrations` and `mdp`.
    actions : tuple of A str
    note : str
        What to know when looking at the result.
    """

    source: str
    demonstrations: Demonstrations
    mdp: MDP
    labels: tuple[str, ...]
    layout: dict[str, Any]
    python: str
    actions: tuple[str, ...] = ()
    note: str = ""


def from_csv(
    path: Path, columns: dict[str, str], grid: tuple[int, int] | None, delimiter: str | None = None
) -> Recording:
    """Read a table with one decision per row; the dynamics are counted.

    Parameters
    ----------
    path : Path
    columns : dict
        Names of the columns: id, state, action, and perhaps time and next_state.
    grid : (rows, columns), optional
        States are cells, numbered 0, 1, ... row by row.
    delimiter : str, optional
        As for `Demonstrations.from_csv`.

    Raises
    ------
    ValueError
        For what `Demonstrations.from_csv` refuses; for more states than can be drawn; for a state off the grid.
    """
    demonstrations = Demonstrations.from_csv(path, delimiter=delimiter, **columns)
    mdp = MDP.from_demonstrations(demonstrations, discount=0.9)
    if mdp.n_states > MOST_STATES:
        raise ValueError(
            f"{path} has {mdp.n_states} states, and the page draws at most {MOST_STATES}: use `maxent-irl recover {path}`"
        )
    labels = tuple(map(str, demonstrations.state_labels or range(mdp.n_states)))
    actions = tuple(map(str, demonstrations.action_labels or range(mdp.n_actions)))
    layout = graph_layout(mdp) if grid is None else grid_layout(labels, grid)
    options = columns if delimiter is None else {"delimiter": delimiter, **columns}
    given = ", ".join(f"{key}={value!r}" for key, value in options.items())
    python = (
        "from maxent_irl import MDP, Demonstrations\n\n"
        f"demonstrations = Demonstrations.from_csv({str(path)!r}, {given})\n"
        "mdp = MDP.from_demonstrations(demonstrations, discount={gamma!r})\n"
    )
    return Recording(f"your table {path.name}", demonstrations, mdp, labels, layout, python, actions)


def mice() -> Recording:
    """Ten mice in a labyrinth, from the folder that the environment variable MAXENT_IRL_DATA names."""
    data = load_mouse_labyrinth()
    world = data.world
    python = (
        "from maxent_irl.datasets import load_mouse_labyrinth\n\n"
        "data = load_mouse_labyrinth(discount={gamma!r})\ndemonstrations, mdp = data.demonstrations, data.mdp\n"
    )
    labels = tuple(_node_label(node, data.water) for node in range(world.n_states))
    layout = {"positions": world.positions.tolist(), "edges": edges_of(world.mdp)}
    return Recording("ten mice in a labyrinth", data.demonstrations, data.mdp, labels, layout, python, note=MICE)


def _node_label(node: int, water: int) -> str:
    return {0: "node 0, home", water: f"node {water}, water"}.get(node, f"node {node}")


def built_in() -> Recording:
    """The walks through rooms that ship with the package."""
    data = load_gridworld()
    world = data.world
    python = (
        "from maxent_irl.datasets import load_gridworld\n\n"
        "data = load_gridworld()\ndemonstrations, mdp = data.demonstrations, data.mdp.replace(discount={gamma!r})\n"
    )
    labels = tuple(f"cell ({row}, {column})" for row, column in world.cells.tolist())
    layout = {"rows": world.shape[0], "columns": world.shape[1], "states": world.states.tolist()}
    actions = ("right", "down", "left", "up", "stay")
    return Recording("built-in walks through rooms", data.demonstrations, data.mdp, labels, layout, python, actions)


def best_available() -> Recording:
    """The mice where their data are, otherwise the built-in set."""
    if os.environ.get(DATA_VARIABLE):
        try:
            return mice()
        except FileNotFoundError:
            pass
    return built_in()


def grid_layout(labels: tuple[str, ...], grid: tuple[int, int]) -> dict[str, Any]:
    """Rows, columns and the state of every cell, -1 where no demonstration was."""
    rows, columns = grid
    states = np.full(rows * columns, -1)
    for state, label in enumerate(labels):
        if not label.isdecimal() or int(label) >= rows * columns:
            raise ValueError(
                f"state {label!r} is no cell of a {rows} x {columns} grid: cells are 0..{rows * columns - 1}"
            )
        states[int(label)] = state
    return {"rows": rows, "columns": columns, "states": states.reshape(rows, columns).tolist()}


def edges_of(mdp: MDP) -> list[list[int]]:
    """Pairs of different states that some action connects, each once."""
    pairs = mdp.transitions.tocoo()
    ends = np.sort(np.stack([pairs.coords[0] % mdp.n_states, pairs.coords[1]], axis=1), axis=1)
    return np.unique(ends[ends[:, 0] != ends[:, 1]], axis=0).tolist()


def graph_layout(mdp: MDP) -> dict[str, Any]:
    """Positions at which drawn distances are near the numbers of steps between states, and edges."""
    edges = edges_of(mdp)
    S = mdp.n_states
    steps = np.full((S, S), np.inf)
    np.fill_diagonal(steps, 0.0)
    for a, b in edges:
        steps[a, b] = steps[b, a] = 1.0
    distances = csgraph.shortest_path(np.where(np.isinf(steps), 0.0, steps), directed=False, unweighted=True)
    far = distances[np.isfinite(distances)].max(initial=1.0)
    distances[np.isinf(distances)] = far + 2.0
    return {"positions": _positions(distances).tolist(), "edges": edges}


def _positions(distances: NDArray) -> NDArray:
    """Multidimensional scaling of distances (S, S) to the plane, (S, 2)."""
    if len(distances) == 1:
        return np.zeros((1, 2))
    first = np.random.default_rng(0).normal(size=(len(distances), 2))
    return smacof(distances, n_components=2, init=first, n_init=1, max_iter=300)[0]
