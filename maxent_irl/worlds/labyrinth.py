"""A labyrinth in the form of a binary tree, which an animal explores from its home cage."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import sparse

from ..demonstrations import Demonstrations
from ..mdp import MDP
from .geometry import TreeGeometry

ACTION_NAMES = ("in, turning left", "in, turning right", "out, turning right", "out, turning left")


class Labyrinth:
    """A binary tree of corridors in which an animal walks from fork to fork.

    Node 0 is the entrance, next to the home cage. The children of node n are 2 n + 1 and 2 n + 2; the last level is dead ends.
    A table says where each action leads. An action that is not possible at a node stays there.

    Parameters
    ----------
    next_node : (S, A) int array
        Node that each action leads to.
    discount, horizon
        As for `MDP`.

    Attributes
    ----------
    mdp : MDP
        Deterministic; episodes begin at home.
    features : sparse (S, S) identity
        One reward per node.
    feature_names : tuple of S strings
    next_node : (S, A) int array
    levels : (S,) int array, number of corridors between the node and home
    positions : (S, 2) float array
        x and y (upwards) of every node for drawing, in lengths of the shortest corridor. They form an H-tree: corridors are
        straight and do not cross. Turns agree with the action names if the animal enters heading east.
    n_states, n_actions : int
    home : int

    Raises
    ------
    ValueError
        For a table that is no binary tree, naming the node.

    References
    ----------
    Rosenberg, M., Zhang, T., Perona, P. and Meister, M. (2021). Mice in a labyrinth show rapid learning,
    sudden insight, and efficient exploration. eLife 10, e66175.
    """

    mdp: MDP
    features: sparse.csr_array  # (S, S) identity
    feature_names: tuple[str, ...]
    next_node: NDArray  # (S, A) int
    levels: NDArray  # (S,) int
    positions: NDArray  # (S, 2) float
    n_states: int
    n_actions: int
    home: int = 0

    def __init__(self, next_node: ArrayLike, *, discount: float = 0.9, horizon: int | None = None) -> None:
        self.next_node = np.array(next_node, dtype=int)
        self.n_states, self.n_actions = self.next_node.shape
        self.levels = np.log2(np.arange(1, self.n_states + 1)).astype(int)
        self._check_tree()
        self.positions = h_tree(self.n_states)
        initial = np.zeros(self.n_states)
        initial[self.home] = 1
        self.mdp = MDP.from_successors(self.next_node, initial=initial, discount=discount, horizon=horizon)
        self.features = sparse.eye_array(self.n_states, format="csr")
        self.feature_names = tuple(f"node {node}" for node in range(self.n_states))

    @classmethod
    def from_table(cls, node: ArrayLike, action: ArrayLike, next_node: ArrayLike, **options: Any) -> Labyrinth:
        """Build a labyrinth from a long table with one row per (node, action).

        Parameters
        ----------
        node, action, next_node : (N,) int arrays
        **options
            discount, horizon.

        Raises
        ------
        ValueError
            For a node and action that the table lacks or contains several times, naming them.
        """
        nodes, actions, reached = (np.asarray(column, dtype=int) for column in (node, action, next_node))
        table = np.full((nodes.max() + 1, actions.max() + 1), -1)
        times = np.zeros_like(table)
        np.add.at(times, (nodes, actions), 1)
        if (times != 1).any():
            n, a = np.argwhere(times != 1)[0]
            raise ValueError(f"node {n}, action {a} occurs {times[n, a]} times in the table; it must occur once")
        table[nodes, actions] = reached
        return cls(table, **options)

    @property
    def geometry(self) -> TreeGeometry:
        """Where the nodes lie, for a map."""
        parents = (np.arange(self.n_states) - 1) // 2  # -1 at home
        return TreeGeometry(parents, self.positions, self.feature_names)

    def demonstrations(
        self, sequence: ArrayLike, time: ArrayLike, node: ArrayLike, action: ArrayLike, *, skip: int = 1
    ) -> Demonstrations:
        """Turn a long table of visits into one demonstration per sequence.

        Parameters
        ----------
        sequence : (N,) array
            Which sequence the row is about.
        time, node, action : (N,) int arrays
            Step within the sequence, node of the animal, and action it takes there. Rows may come in any order.
        skip : int
            Time of the first step that is kept of each sequence. 1 drops the first step where times start at 0.

        Returns
        -------
        Demonstrations
            In the order in which the sequences first appear. The sequences are cut, not ended. The node after the last action
            follows from the table of the labyrinth.

        Raises
        ------
        ValueError
            For an action that does not lead to the node that follows, naming sequence and step.
        """
        sequence, time = np.asarray(sequence), np.asarray(time)
        node, action = np.asarray(node, dtype=int), np.asarray(action, dtype=int)
        for name, values, bound in (("node", node, self.n_states), ("action", action, self.n_actions)):
            wrong = np.flatnonzero((values < 0) | (values >= bound))
            if len(wrong):
                row = wrong[0]
                raise ValueError(f"sequence {sequence[row]}, step {time[row]}: there is no {name} {values[row]}")
        kept = time >= skip
        columns = {"sequence": sequence, "time": time, "node": node, "action": action}
        columns["reached"] = self.next_node[node, action]
        return Demonstrations.from_table(
            {name: values[kept] for name, values in columns.items()},
            id="sequence",
            time="time",
            state="node",
            action="action",
            next_state="reached",
            mdp=self.mdp,
        )

    def _check_tree(self) -> None:
        parent = (np.arange(self.n_states) - 1) // 2
        parent[self.home] = self.home
        for node, reached in enumerate(self.next_node.tolist()):
            children = {child for child in (2 * node + 1, 2 * node + 2) if child < self.n_states}
            if set(reached) - {node} != (children | {int(parent[node])}) - {node}:
                raise ValueError(
                    f"node {node} leads to {sorted(set(reached))}; in a binary tree it must lead to its "
                    f"parent {parent[node]} and its children {sorted(children)}, and may stay"
                )

    def __repr__(self) -> str:
        return (
            f"Labyrinth {self.n_states} nodes on {self.levels.max() + 1} levels, {self.n_actions} actions, "
            f"discount {self.mdp.discount:g}"
        )


def h_tree(n_nodes: int) -> NDArray:
    """Positions of the nodes of a binary tree, as an H-tree in a square: at each fork the corridors turn by a right angle.

    Of the children of node n, 2 n + 1 lies above or to the left of it, and 2 n + 2 below or to the right.

    Parameters
    ----------
    n_nodes : int

    Returns
    -------
    (n_nodes, 2) float array, x and y, with node 0 in the origin and the shortest corridors 1 long
    """
    levels = np.log2(np.arange(1, n_nodes + 1)).astype(int)
    deepest = levels.max()
    positions = np.zeros((n_nodes, 2))
    for node in range(1, n_nodes):
        axis = levels[node] % 2  # the first fork is vertical (y)
        # Corridors halve in length every second level, so that branches do not meet.
        length = 2.0 ** ((deepest - levels[node]) // 2)
        direction = 1 if (node % 2 == 1) == (axis == 1) else -1
        positions[node] = positions[(node - 1) // 2]
        positions[node, axis] += direction * length
    return positions
