"""A binary-tree labyrinth that a mouse explores from its home cage."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import sparse

from ..demonstrations import Demonstrations
from ..mdp import MDP

ACTION_NAMES = ("in, turning left", "in, turning right", "out, turning right", "out, turning left")


class Labyrinth:
    """Corridors that fork again and again: a binary tree in which the animal walks from fork to fork.

    Node 0 is the entrance, where the home cage is; the children of node n are 2 n + 1 and 2 n + 2, down to
    the dead ends. Which of four actions leads where is read from a table; an action that makes no sense at a
    node stays there.

    Parameters
    ----------
    next_node : (S, A) int array
        Node that each action leads to.
    discount : float
    horizon : int, optional

    Attributes
    ----------
    mdp : MDP
        Deterministic; episodes begin at home.
    features : sparse (S, S) identity
        One reward per node.
    feature_names : tuple of S strings
    next_node : (S, A) int array
    levels : (S,) int array, forks between the node and home
    positions : (S, 2) float array
        x and y (upwards) of every node for drawing: an H-tree, in which every corridor is straight and
        corridors do not cross. Left and right turns come out as the action names say if the animal enters
        heading east.
    home : int

    Raises
    ------
    ValueError
        Naming the node where the table and the binary tree disagree.

    References
    ----------
    Rosenberg, M., Zhang, T., Perona, P. and Meister, M. (2021). Mice in a labyrinth show rapid learning,
    sudden insight, and efficient exploration. eLife 10, e66175.
    """

    home = 0

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
            Naming the node and action that the table has twice or lacks.
        """
        node, action, next_node = (np.asarray(column, dtype=int) for column in (node, action, next_node))
        table = np.full((node.max() + 1, action.max() + 1), -1)
        times = np.zeros_like(table)
        np.add.at(times, (node, action), 1)
        if (times != 1).any():
            n, a = np.argwhere(times != 1)[0]
            raise ValueError(f"node {n}, action {a} occurs {times[n, a]} times in the table; it must occur once")
        table[node, action] = next_node
        return cls(table, **options)

    def demonstrations(
        self, sequence: ArrayLike, time: ArrayLike, node: ArrayLike, action: ArrayLike, *, skip: int = 1
    ) -> Demonstrations:
        """Turn a long table of visits into one demonstration per sequence.

        Parameters
        ----------
        sequence : (N,) array
            Which sequence the row is about.
        time, node, action : (N,) int arrays
            Step within the sequence, node the animal is at, action it takes there; rows may come in any
            order.
        skip : int
            Time of the first step that is kept of each sequence; 1 leaves out the first step of sequences counted from 0.

        Returns
        -------
        Demonstrations
            In the order in which the sequences first appear. The sequences are cut, not ended; the node after the last action is
            known from the table of the labyrinth.

        Raises
        ------
        ValueError
            Naming the sequence and step where an action does not lead to the node that follows.
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
    """Positions of the nodes of a binary tree that fill a square: each fork turns by a right angle.

    Node n has the children 2 n + 1, up or to the left of it, and 2 n + 2, down or to the right.

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
        # Corridors halve every second level, which is what keeps the branches from meeting.
        length = 2.0 ** ((deepest - levels[node]) // 2)
        direction = 1 if (node % 2 == 1) == (axis == 1) else -1
        positions[node] = positions[(node - 1) // 2]
        positions[node, axis] += direction * length
    return positions
