"""Chapter 5: draw demonstrations and watch the reward grow."""

from __future__ import annotations

from typing import Any

import numpy as np

from ...demonstrations import Demonstrations
from ...demonstrations.sampling import sample_demonstrations
from ...inference import soft_value_iteration
from ...metrics import align_rewards, expected_value_difference
from ...uncertainty import identifiability
from ...worlds import GridWorld
from ..fields import MOVES, BadRequest, Choice, Drawing, Flag, Number, Paths, Places, State, Vector, Whole
from .chapter import Answer, Chapter, Emit, Exercise, number, numbers
from .grids import GAMMA, layout_of, world_of
from .learning import Task, ascend, kept, listed, newton, start_of

MAP = ".......f./........./.mm....../.mm...#../......#../..f...#../......#G./........."
SECRETS = (
    {"goal": 2.0, "mud": -1.5, "flowers": 0.7},
    {"goal": -1.0, "mud": 1.5, "flowers": 0.5},
    {"goal": 0.5, "mud": -0.5, "flowers": 2.0},
    {"goal": 1.0, "mud": 1.0, "flowers": -2.0},
)
SAMPLE_STEPS = 25
PLAIN = {"tile m": "mud", "tile f": "flowers"}

FIELDS = (
    Drawing("grid", MAP),
    Choice(
        "features",
        "tiles",
        "one reward",
        "",
        options=(("tiles", "per kind of tile"), ("indicators", "per cell")),
    ),
    Choice(
        "objective",
        "feature-matching",
        "objective",
        "",
        options=(("feature-matching", "feature matching"), ("likelihood", "likelihood")),
    ),
    GAMMA.__class__("gamma", 0.9, GAMMA.label, GAMMA.help, low=0.0, high=0.99, step=0.01),
    Number("l2", 0.1, "prior precision", "How strongly coefficients are drawn to 0.", low=0.0, high=10.0, step=0.1),
    Paths("drawn", "", "drawn"),
    Whole("sampled", 0, "sampled demonstrations", "Drawn from the hidden reward.", low=0, high=200),
    Whole("secret", 0, "hidden reward", "", low=0, high=len(SECRETS) - 1),
    Places("removed", [], "left out"),
    Flag("reveal", False, "show the hidden reward"),
    Vector("start", [], "where the ascent begins"),
)

CODE = """\
import numpy as np
from maxent_irl import Demonstrations, MaxEntIRL, sample_demonstrations, soft_value_iteration
from maxent_irl.uncertainty import identifiability, reward_map
from maxent_irl.worlds import GridWorld

world = GridWorld.from_text(\"\"\"
{rows}
\"\"\",
    rewards={rewards!r},  # the hidden ones: the estimator does not see them
    discount={gamma!r},
    terminal_goals=False,
)
{demonstrations}
model = MaxEntIRL(
    world.mdp,
    world.features({features!r}),
    feature_names={names},
    objective={objective!r},
    l2={l2!r},
).fit(demonstrations)

print(world.to_grid(model.reward_).round(2))
print(world.to_grid(reward_map(model).standard_error).round(2))
print(identifiability(model))
"""


def hidden(state: State) -> GridWorld:
    """The world with its hidden reward."""
    return world_of({**state, **SECRETS[state["secret"]]})


def drawn_paths(world: GridWorld, text: str) -> list[tuple[list[int], list[int]]]:
    """States, one longer, and actions of every drawn path.

    Raises
    ------
    BadRequest
        For a path that starts on a wall or off the grid, or walks into one, naming demonstration and step.
    """
    paths = []
    for number_, path in enumerate(text.split(";") if text else ()):
        cell = path.rstrip(MOVES)
        row, column = map(int, cell.split("."))
        steps = {"r": (0, 1), "d": (1, 0), "l": (0, -1), "u": (-1, 0), "s": (0, 0)}
        states, actions = [_state(world, row, column, number_, 0)], []
        for step, move in enumerate(path[len(cell) :]):
            row, column = row + steps[move][0], column + steps[move][1]
            states.append(_state(world, row, column, number_, step))
            actions.append(MOVES.index(move))
        paths.append((states, actions))
    return paths


def _state(world: GridWorld, row: int, column: int, path: int, step: int) -> int:
    inside = 0 <= row < world.shape[0] and 0 <= column < world.shape[1]
    if not inside or world.states[row, column] < 0:
        where = "a wall" if inside else "off the grid"
        raise BadRequest(f"demonstration {path}, step {step}: cell ({row}, {column}) is {where}")
    return int(world.states[row, column])


def all_of(state: State) -> tuple[GridWorld, Demonstrations | None, list[str]]:
    """World, all demonstrations, drawn ones first, and their names."""
    world = hidden(state)
    paths = drawn_paths(world, state["drawn"])
    labels = [f"drawn {i + 1}" for i in range(len(paths))]
    found = Demonstrations(paths) if paths else None
    if state["sampled"]:
        policy = soft_value_iteration(world.mdp, world.reward).policy
        sampled = sample_demonstrations(world.mdp, policy, state["sampled"], max_steps=SAMPLE_STEPS, random_state=1)
        labels += [f"sampled {i + 1}" for i in range(len(sampled))]
        found = sampled if found is None else found + sampled
    return world, found, labels


def names_of(world: GridWorld, kind: str) -> tuple[str, ...]:
    """What the coefficients are called on the page."""
    return tuple(PLAIN.get(name, name) for name in world.feature_names(kind))


def task_of(state: State) -> Task:
    """What the reward is recovered from."""
    world, found, _ = all_of(state)
    kind = state["features"]
    if kind == "tiles" and not any(letter in state["grid"] for letter in "Gmf"):
        raise BadRequest("the map has no tiles to be rewarded: paint some, or choose one number per cell")
    return Task(
        world.mdp,
        world.features(kind),
        names_of(world, kind),
        kept(found, state["removed"]),
        state["l2"],
        state["objective"],
    )


def solve(state: State) -> Answer:
    """The map, the demonstrations, how often they visit each cell, and the hidden reward if it is revealed."""
    world, found, labels = all_of(state)
    counted = kept(found, state["removed"])
    visits = np.zeros(world.n_states)
    if counted is not None:
        visits = counted.state_action_counts(world.n_states, world.n_actions).sum(axis=1)
    task_of(state)
    return {
        "layout": layout_of(world),
        "demonstrations": [] if found is None else listed(found, labels, state["removed"]),
        "count": 0 if counted is None else len(counted),
        "decisions": 0 if counted is None else counted.n_decisions,
        "visits": numbers(visits),
        "names": list(names_of(world, state["features"])),
        "hidden": numbers(world.reward) if state["reveal"] else None,
    }


def fit(state: State) -> Answer:
    """Newton's method, and how good the answer is if the hidden reward is revealed."""
    task = task_of(state)
    answer, estimator = newton(task)
    if state["reveal"]:
        world = hidden(state)
        aligned = align_rewards(world.reward, estimator.reward_, world.mdp, remove="constant")
        answer["quality"] = {
            "correlation": number(aligned.correlation),
            "value_difference": number(
                expected_value_difference(world.mdp, world.reward, estimator.policy_, temperature=1.0)
            ),
        }
    return answer


def climb(state: State, emit: Emit) -> None:
    """Gradient ascent, step by step."""
    ascend(task_of(state), start_of(state), emit)


def check(state: State, answer: Any) -> tuple[bool, str]:
    """Check whether the demonstrations on the screen leave a coefficient of the tiles undetermined."""
    task = task_of({**state, "features": "tiles"})
    if task.demonstrations is None:
        return False, "There is no demonstration yet. Draw one: press on a cell and move."
    report = identifiability(task.estimator().fit(task.demonstrations))
    if report.identified:
        return False, (
            f"These demonstrations determine all {report.n_coefficients} coefficients. Each kind of tile has been entered or "
            "its neighbours passed by. Leave out the demonstrations that enter one kind."
        )
    flat = report.directions[0]
    return True, (
        f"They determine {report.rank} of {report.n_coefficients} directions. They say nothing about {flat.name}: "
        f"{flat.explanation}."
    )


def code(state: State) -> str:
    """Python of the screen."""
    rewards = {
        letter: SECRETS[state["secret"]][name] for letter, name in (("G", "goal"), ("m", "mud"), ("f", "flowers"))
    }
    lines = []
    world = hidden(state)
    paths = drawn_paths(world, state["drawn"])
    if paths:
        drawn = ",\n".join(f"    ({states}, {actions})" for states, actions in paths)
        lines.append(f"drawn = Demonstrations([  # states, actions\n{drawn},\n])")
    if state["sampled"]:
        lines.append(
            "policy = soft_value_iteration(world.mdp, world.reward).policy\n"
            f"sampled = sample_demonstrations(world.mdp, policy, {state['sampled']}, max_steps={SAMPLE_STEPS}, random_state=1)"
        )
    given = [name for name, there in (("drawn", paths), ("sampled", state["sampled"])) if there]
    if not given:
        raise BadRequest("there is no demonstration yet, and so nothing to recover a reward from")
    lines.append(f"demonstrations = {' + '.join(given)}")
    if state["removed"]:
        lines.append(
            f"kept = np.setdiff1d(np.arange(len(demonstrations)), {state['removed']})\ndemonstrations = demonstrations[kept]"
        )
    per_tile = state["features"] == "tiles"
    return CODE.format(
        **{
            **state,
            "rows": "\n".join(f"    {row}" for row in state["grid"].split("/")),
            "rewards": {letter: value for letter, value in rewards.items() if letter in state["grid"]},
            "demonstrations": "\n".join(lines),
            "names": list(names_of(world, "tiles")) if per_tile else 'world.feature_names("indicators")',
        }
    )


CHAPTER = Chapter(
    name="inverse",
    title="The inverse problem",
    question="We see what somebody does. Which reward makes it likely?",
    fields=FIELDS,
    exercise=Exercise(
        "Fool it: make a set of demonstrations that leaves the reward of one kind of tile undetermined. Then check.",
        "check",
        check,
    ),
    operations={"solve": solve, "newton": fit},
    streams={"ascend": climb},
    code=code,
)
