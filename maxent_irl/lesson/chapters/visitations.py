"""Chapter 4: where the agent goes, in expectation and in samples."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...demonstrations.sampling import sample_demonstrations
from ...inference import expected_visitations, soft_value_iteration
from ..fields import Drawing, State, Whole
from .chapter import Answer, Chapter, Exercise, number, numbers
from .grids import ALPHA, GAMMA, SLIP, layout_of, python_of, tile_rewards, world_of

MAP = "S....#..../...m.#..f./.m...#..../....mm..../.##.....#./....f...#G/........#."
MOST_SHOWN = 24  # paths that are sent to be animated

FIELDS = (
    Drawing("grid", MAP),
    *tile_rewards(goal=2.0, mud=-2.0, flowers=0.5),
    SLIP,
    ALPHA,
    GAMMA,
    Whole("paths", 20, "sampled paths", low=1, high=1000),
    Whole("seed", 0, "seed", "Another seed draws other paths.", low=0, high=9999),
)

CODE = """\
import numpy as np
from maxent_irl import expected_visitations, sample_demonstrations, soft_value_iteration
from maxent_irl.worlds import GridWorld

{world}
solution = soft_value_iteration(world.mdp, world.reward, temperature={alpha!r})
visits = expected_visitations(world.mdp, solution.policy).sum(axis=1)

demonstrations = sample_demonstrations(
    world.mdp, solution.policy, {paths!r}, max_steps={steps!r}, random_state={seed!r}
)
counts = demonstrations.state_action_counts(world.n_states, world.n_actions, discount=world.mdp.discount)
sampled = counts.sum(axis=1) / len(demonstrations)

print("expected visits, in all", visits.sum())
print(world.to_grid(visits).round(2))
print("largest difference from the sampled ones", np.abs(visits - sampled).max())
"""


def steps_of(gamma: float) -> int:
    """Decisions after which less than a thousandth of the discounted time is left, at most 200."""
    return 1 if gamma == 0.0 else int(min(200, np.ceil(np.log(1e-3) / np.log(gamma))))


def expected_of(state: State) -> tuple[NDArray, NDArray]:
    """Policy (S, A) and expected visits (S,)."""
    world = world_of(state)
    solution = soft_value_iteration(world.mdp, world.reward, temperature=state["alpha"])
    return solution.policy, expected_visitations(world.mdp, solution).sum(axis=1)


def solve(state: State) -> Answer:
    """Expected visits, discounted, beside those of sampled paths."""
    world = world_of(state)
    policy, visits = expected_of(state)
    steps = steps_of(state["gamma"])
    drawn = sample_demonstrations(world.mdp, policy, state["paths"], max_steps=steps, random_state=state["seed"])
    counts = drawn.state_action_counts(world.n_states, world.n_actions, discount=state["gamma"])
    sampled = counts.sum(axis=1) / len(drawn)
    largest = []
    for n in sorted({1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, state["paths"]}):
        if n <= state["paths"]:
            some = drawn[:n].state_action_counts(world.n_states, world.n_actions, discount=state["gamma"])
            largest.append([n, number(np.abs(visits - some.sum(axis=1) / n).max())])
    shown = [
        [*drawn.states[a:b].tolist(), int(drawn.final_states[i])]
        for i, (a, b) in enumerate(zip(drawn.offsets[:MOST_SHOWN], drawn.offsets[1 : MOST_SHOWN + 1], strict=False))
    ]
    return {
        "layout": layout_of(world),
        "expected": numbers(visits),
        "sampled": numbers(sampled),
        "policy": numbers(policy),
        "total": number(visits.sum()),
        "sampled_total": number(sampled.sum()),
        "difference": number(np.abs(visits - sampled).max()),
        "differences": largest,
        "steps": steps,
        "paths": shown,
    }


def check(state: State, answer: Any) -> tuple[bool, str]:
    """Check the predicted total of the expected visits at gamma = 0.9."""
    first = {field.name: field.default for field in FIELDS}
    total = float(expected_of({**first, "gamma": 0.9})[1].sum())
    said = f"They sum to {total:.2f}, which is 1 / (1 − γ)."
    if abs(answer - total) <= 0.25:
        return (
            True,
            f"{said} Visit t counts γ to the power t, and nothing ends here. The sum is the same for every policy.",
        )
    if abs(answer - 1.0) <= 0.05:
        return (
            False,
            f"{said} It would be 1 if each visit counted as a share of the time. Here they are numbers of visits.",
        )
    return False, f"{said} Decision 0 counts 1, decision 1 counts 0.9, decision 2 counts 0.81: add them up."


def code(state: State) -> str:
    """Python of the screen."""
    return CODE.format(**{**state, "world": python_of(state), "steps": steps_of(state["gamma"])})


CHAPTER = Chapter(
    name="visits",
    title="Where the agent goes",
    question="A policy is a table of probabilities. Where will somebody who follows it be found?",
    fields=FIELDS,
    exercise=Exercise(
        "Suppose γ = 0.9. Add up the expected discounted visits of all cells. What is the sum?",
        "number",
        check,
        low=0.0,
        high=20.0,
        step=0.5,
    ),
    operations={"solve": solve},
    code=code,
)
