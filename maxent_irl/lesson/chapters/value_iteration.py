"""Chapter 2: soft value iteration on a grid that is painted, sweep by sweep, with Newton's method beside it."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...inference import SoftSolution, soft_value_iteration
from ...worlds import GridWorld
from ..fields import Cell, Choice, Drawing, State, Whole
from .chapter import Answer, Chapter, Exercise, number, numbers
from .grids import (
    ALPHA,
    GAMMA,
    PRIOR,
    SLIP,
    layout_of,
    prior_of,
    prior_python,
    python_of,
    selected,
    tile_rewards,
    world_of,
)

MAP = "S.......#./..mm..#.../..mm..#..G/......#.../.f......../.......mm./..##.....f/...#......"
MOST_SWEEPS = 2000
SETTLED = 1e-10  # largest change of a sweep at which nothing moves any more
MOST_ARROWS = 150  # cells of a small map: arrows in more are too small to be seen
SAMPLED_SWEEPS = tuple(sorted({round(10 ** (k / 5)) for k in range(17)}))  # 1, ..., about 1600

FIELDS = (
    Drawing("grid", MAP),
    *tile_rewards(),
    SLIP,
    ALPHA,
    GAMMA,
    PRIOR,
    Choice(
        "method",
        "newton",
        "shown",
        "",
        options=(("sweeps", "value iteration"), ("newton", "the solution")),
    ),
    Whole("sweeps", 0, "sweeps", "", low=0, high=MOST_SWEEPS),
    Cell("cell", ""),
)

CODE = """\
import numpy as np
from maxent_irl import soft_value_iteration
from maxent_irl.worlds import GridWorld

{world}
solution = soft_value_iteration(
    world.mdp,
    world.reward,
    temperature={alpha!r},
    action_prior={prior},  # right, down, left, up, stay
{how})

print("V =")
print(world.to_grid(solution.V).round(2))
print(solution.n_iter, "iterations, residual", solution.residual)
"""


def solution_of(state: State, **changes: Any) -> SoftSolution:
    """The solution on the screen; V after so many sweeps from zero where value iteration is shown."""
    state = {**state, **changes}
    world = world_of(state)
    options: dict[str, Any] = {}
    if state["method"] == "sweeps":
        # The solution holds one more backup of what the iteration ended with.
        options = {
            "method": "value-iteration",
            "initial_values": np.zeros(world.n_states),
            "max_iter": max(0, state["sweeps"] - 1),
        }
    return soft_value_iteration(
        world.mdp,
        world.reward,
        temperature=state["alpha"],
        action_prior=prior_of(world.mdp, state["prior"]),
        **options,
    )


def solve(state: State) -> Answer:
    """Value and policy of every cell, and the arithmetic of one backup in the selected cell."""
    world, solution = world_of(state), solution_of(state)
    before_any = state["method"] == "sweeps" and state["sweeps"] == 0
    V = np.zeros(world.n_states) if before_any else solution.V
    return {
        "layout": layout_of(world),
        "V": numbers(V),
        "policy": None if before_any else numbers(solution.policy),
        "reward": numbers(world.reward),
        "n_iter": 0 if before_any else solution.n_iter + (state["method"] == "sweeps"),
        "residual": number(solution.residual),
        "converged": solution.converged and not before_any,
        "cell": backup_in(world, solution, state, V),
    }


def backup_in(world: GridWorld, solution: SoftSolution, state: State, V: NDArray) -> Answer:
    """What one backup does in the selected cell, in numbers."""
    s = selected(world, state["cell"])
    mdp = world.mdp
    reward = float(world.reward[s])
    prior = prior_of(mdp, state["prior"])
    Q = solution.Q[s]
    expected = (Q - reward) / state["gamma"] if state["gamma"] else np.zeros(mdp.n_actions)
    row, column = world.cells[s].tolist()
    return {
        "state": s,
        "row": row,
        "column": column,
        "reward": reward,
        "expected": numbers(expected),
        "Q": numbers(Q),
        "prior": numbers(np.ones(mdp.n_actions) if prior is None else prior),
        "policy": numbers(solution.policy[s]),
        "V": number(solution.V[s]),
    }


def progress(state: State) -> Answer:
    """Residuals of value iteration by sweeps, and of Newton's method by steps, from the same zero."""
    world = world_of(state)
    options: dict[str, Any] = {"temperature": state["alpha"], "action_prior": prior_of(world.mdp, state["prior"])}
    newton = []
    for steps in range(31):
        solution = soft_value_iteration(
            world.mdp, world.reward, initial_values=np.zeros(world.n_states), max_iter=steps, **options
        )
        newton.append([steps + 1, number(solution.residual)])
        if solution.converged:
            break
    # The error that a residual of `SETTLED` certifies, relative to the value: what `tol` means.
    tol = SETTLED / (1.0 - state["gamma"]) / max(1.0, float(np.abs(solution.V).max()))
    V, done, sweeps = np.zeros(world.n_states), 0, []
    for wanted in SAMPLED_SWEEPS:
        solution = soft_value_iteration(
            world.mdp,
            world.reward,
            method="value-iteration",
            initial_values=V,
            max_iter=wanted - done - 1,
            tol=tol,
            **options,
        )
        V, done = solution.V, done + solution.n_iter + 1
        sweeps.append([done, number(solution.residual)])
        if solution.converged:
            break
    return {"sweeps": sweeps, "newton": newton}


def compare(state: State) -> Answer:
    """Policies with one knob turned at a time, so that temperature, discount and prior are not taken for one another."""
    other = "right" if state["prior"] != "right" else "stay"
    shorter = max(0.0, 1.0 - 4.0 * (1.0 - state["gamma"]))
    turned = (
        ("alpha", {"alpha": min(100.0, 4.0 * state["alpha"])}),
        ("gamma", {"gamma": shorter}),
        ("prior", {"prior": other}),
    )
    shown = []
    for knob, change in turned:
        solution = solution_of({**state, "method": "newton"}, **change)
        policy = numbers(solution.policy) if len(solution.V) <= MOST_ARROWS else None
        shown.append({"knob": knob, **change, "policy": policy, "V": numbers(solution.V)})
    return {"layout": layout_of(world_of(state)), "turned": shown}


CORRIDOR = "............G"


def choices_in_corridor(alpha: float, gamma: float, prior: str) -> tuple[float, float]:
    """Probability of walking towards the goal, next to it and twelve steps away."""
    state = {"grid": CORRIDOR, "goal": 10.0, "alpha": alpha, "gamma": gamma, "prior": prior, "method": "newton"}
    policy = solution_of({**state, "slip": 0.0, "sweeps": 0}).policy
    return float(policy[-2, 0]), float(policy[0, 0])


def check(state: State, answer: Any) -> tuple[bool, str]:
    """Check what makes choices far from the goal random and leaves those near it certain."""
    near, far = choices_in_corridor(1.0, 0.95, "none")
    changed = [
        choices_in_corridor(10.0, 0.95, "none"),
        choices_in_corridor(1.0, 0.5, "none"),
        choices_in_corridor(1.0, 0.95, "stay"),
    ]
    right = int(np.argmax([after_near - after_far for after_near, after_far in changed]))
    (a, b) = changed[int(answer)]
    numbers_ = (
        f"In a corridor of 13 cells the step towards the goal has probability {near:.2f} next to it and {far:.2f} twelve steps "
        f"away. After your change: {a:.2f} and {b:.2f}."
    )
    if answer == right:
        return True, f"{numbers_} γ determines how much a distant reward counts."
    if answer == 0:
        return False, f"{numbers_} α makes every choice more random, near and far alike."
    return False, f"{numbers_} The prior shifts every choice in the same way, near and far alike."


def code(state: State) -> str:
    """Python of the screen."""
    how = ""
    if state["method"] == "sweeps":
        how = (
            '    method="value-iteration",\n    initial_values=np.zeros(world.n_states),\n'
            f"    max_iter={max(0, state['sweeps'] - 1)},  # the solution holds one more sweep\n"
        )
    return CODE.format(world=python_of(state), alpha=state["alpha"], prior=prior_python(state["prior"]), how=how)


CHAPTER = Chapter(
    name="sweeps",
    title="Soft value iteration",
    question="How does reward at one cell turn into decisions everywhere else?",
    fields=FIELDS,
    exercise=Exercise(
        "Choices far from the goal should become almost random, while those next to it stay almost certain. What do you change?",
        "choice",
        check,
        options=("α: from 1 to 10", "γ: from 0.95 to 0.5", "the prior: mostly stays"),
    ),
    operations={"solve": solve, "progress": progress, "compare": compare},
    code=code,
)
