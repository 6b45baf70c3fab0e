"""Grids as the chapters draw them: fields, worlds, priors, and the Python that rebuilds them."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from ...mdp import MDP
from ...worlds import GridWorld
from ..fields import BadRequest, Choice, Field, Number, State
from .chapter import Answer

RIGHT, DOWN, LEFT, UP, STAY = range(5)
LETTERS = {"goal": "G", "mud": "m", "flowers": "f", "cliff": "c"}
PRIORS = {
    "none": "none, p = 1",
    "uniform": "uniform",
    "stay": "mostly stays",
    "right": "leans to the right",
}

ALPHA = Number(
    "alpha",
    1.0,
    "temperature α",
    "How sharply rewards drive choices. It divides every Q.",
    low=0.01,
    high=100.0,
    scale="log",
)
GAMMA = Number(
    "gamma",
    0.95,
    "discount γ",
    "How much later rewards count. It multiplies the value of what follows.",
    low=0.0,
    high=0.999,
    step=0.001,
)
SLIP = Number("slip", 0.0, "slip", "Chance that a random move happens instead.", low=0.0, high=0.9)
PRIOR = Choice(
    "prior",
    "none",
    "prior p(a|s)",
    "What the agent does where all rewards are equal.",
    options=tuple(PRIORS.items()),
)


def tile_rewards(goal: float = 10.0, mud: float = -2.0, flowers: float = 1.0) -> tuple[Field, ...]:
    """Fields of the rewards of the tiles."""
    return (
        Number("goal", goal, "goal", low=-20.0, high=20.0, step=0.5),
        Number("mud", mud, "mud", low=-20.0, high=20.0, step=0.5),
        Number("flowers", flowers, "flowers", low=-20.0, high=20.0, step=0.5),
    )


def world_of(state: State) -> GridWorld:
    """The grid of a state: goals do not end episodes, and a cell pays for each decision taken in it."""
    rewards = tuple(state.get(name, 0.0) for name in ("goal", "mud", "flowers"))
    return _world(state["grid"], rewards, state.get("slip", 0.0), state["gamma"])


@lru_cache(maxsize=64)
def _world(drawing: str, rewards: tuple[float, ...], slip: float, gamma: float) -> GridWorld:
    paid = dict(zip(("G", "m", "f"), rewards, strict=True))
    return GridWorld.from_text(
        drawing.replace("/", "\n"),
        rewards={letter: value for letter, value in paid.items() if letter in drawing},
        slip=slip,
        discount=gamma,
        terminal_goals=False,
    )


def python_of(state: State) -> str:
    """Python that makes `world_of(state)`, as text."""
    rows = "\n".join(f"    {row}" for row in state["grid"].split("/"))
    paid = {LETTERS[name]: state[name] for name in ("goal", "mud", "flowers") if name in state}
    kept = {letter: value for letter, value in paid.items() if letter in state["grid"]}
    return (
        f'world = GridWorld.from_text("""\n{rows}\n""",\n    rewards={kept!r},\n    slip={state.get("slip", 0.0)!r},\n'
        f"    discount={state['gamma']!r},\n    terminal_goals=False,\n)\n"
    )


def prior_of(mdp: MDP, kind: str) -> NDArray | None:
    """The action prior of a kind in `PRIORS`, (A,), or None."""
    if kind == "none":
        return None
    prior = np.full(mdp.n_actions, 1.0 / mdp.n_actions)
    if kind != "uniform":
        prior = np.full(mdp.n_actions, 0.1)
        prior[STAY if kind == "stay" else RIGHT] = 0.6
    return prior


def prior_python(kind: str) -> str:
    """Python text of `prior_of`: actions are right, down, left, up, stay."""
    shares = {
        "none": "None",
        "uniform": "[0.2, 0.2, 0.2, 0.2, 0.2]",
        "stay": "[0.1, 0.1, 0.1, 0.1, 0.6]",
        "right": "[0.6, 0.1, 0.1, 0.1, 0.1]",
    }
    return shares[kind]


def layout_of(world: GridWorld) -> Answer:
    """Where the states are: rows, columns, and the state of every cell, -1 at walls."""
    return {"rows": world.shape[0], "columns": world.shape[1], "states": world.states.tolist()}


def selected(world: GridWorld, cell: str) -> int:
    """State of the selected cell, or the first start, or the first state, where none is selected.

    Raises
    ------
    BadRequest
        For a cell that is a wall or off the grid.
    """
    if not cell:
        return int(world.starts[0]) if len(world.starts) else 0
    row, column = map(int, cell.split("."))
    try:
        return world.state(row, column)
    except ValueError as error:
        raise BadRequest(f"cell: {error}") from error
