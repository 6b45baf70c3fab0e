"""Chapter 3: messages on a windy cliff, and what exact inference believes about the wind."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...control import InferenceComparison, TrajectoryPosterior, compare_inference, message_passing
from ...inference import expected_visitations
from ...mdp import MDP
from ...worlds import GridWorld
from ..fields import Cell, Choice, Drawing, Number, State, Whole
from .chapter import Answer, Chapter, Exercise, number, numbers
from .grids import DOWN, layout_of, selected

MAP = "........./........./........./S.......G/ccccccccc"

FIELDS = (
    Drawing("grid", MAP, letters=".#SGc"),
    Number("goal", 10.0, "goal", low=0.0, high=20.0, step=0.5),
    Number("cliff", -10.0, "cliff", low=-20.0, high=0.0, step=0.5),
    Number("step", 0.3, "cost of a decision", low=0.0, high=2.0, step=0.1),
    Number("wind", 0.3, "wind", "Chance that the wind also blows the agent one cell down.", low=0.0, high=0.9),
    Number("alpha", 0.5, "temperature α", "In units of reward.", low=0.05, high=20.0, scale="log"),
    Whole("horizon", 20, "decisions T", low=2, high=60),
    Whole("time", 0, "time t", low=0, high=60),
    Choice(
        "shown",
        "value",
        "maps show",
        options=(("value", "value"), ("where", "where the agent is at time t"), ("message", "message from the future")),
    ),
    Cell("cell", ""),
    Choice(
        "action",
        "0",
        "action",
        options=(("0", "right"), ("1", "down"), ("2", "left"), ("3", "up"), ("4", "stay")),
    ),
)

GIVEN = ("goal", "cliff", "step", "wind", "horizon")

CODE = """\
import numpy as np
from maxent_irl import MDP
from maxent_irl.control import compare_inference, message_passing
from maxent_irl.worlds import GridWorld

world = GridWorld.from_text(\"\"\"
{rows}
\"\"\")
S, A, down = world.n_states, world.n_actions, 1
calm = GridWorld(world.shape, walls=world.states < 0, discount=0.9).mdp.transitions  # row a * S + s
blown = calm @ calm[down * S : (down + 1) * S]
reward = np.where(world.tiles == "c", {cliff!r}, {less!r})
reward[world.goals] = {goal!r}
over = world.tiles == "c"
over[world.goals] = True
goes_on = np.tile(~over, A)[:, None]  # goal and cliff pay once, and the episode ends
mdp = MDP.from_stacked(
    ({calm_share!r} * calm + {wind!r} * blown).multiply(goes_on),
    A,
    ending=np.repeat(over[:, None], A, axis=1).astype(float),
    initial=world.mdp.initial,
    horizon={horizon!r},
)

prior = np.full(A, 1 / A)
both = compare_inference(mdp, reward, temperature={alpha!r}, action_prior=prior)
posterior = message_passing(mdp, reward, temperature={alpha!r}, action_prior=prior)
believed = posterior.posterior_dynamics({time!r})[[{action} * S + {cell}]]

print("what exact inference promises beyond what its policy earns, per state:")
print(world.to_grid(both.optimism[0]).round(2))
"""


@lru_cache(maxsize=32)
def problem(
    drawing: str, goal: float, cliff: float, step: float, wind: float, horizon: int
) -> tuple[GridWorld, MDP, NDArray]:
    """The windy cliff: world, MDP, and reward (S,). Goal and cliff pay once and end the episode.

    The reward depends on where the agent is, not on where it expects to get: paid in expectation on arrival, exact inference
    would collect it again and again while believing that it never arrives.
    """
    world = GridWorld.from_text(drawing.replace("/", "\n"))
    S, A = world.n_states, world.n_actions
    calm = GridWorld(world.shape, walls=world.states < 0, discount=0.9).mdp.transitions
    blown = calm @ calm[DOWN * S : (DOWN + 1) * S]
    over = ends(world)
    reward = np.where(world.tiles == "c", cliff, -step)
    reward[world.goals] = goal
    goes_on = np.tile(~over, A)[:, None]
    mdp = MDP.from_stacked(
        ((1.0 - wind) * calm + wind * blown).multiply(goes_on),
        A,
        ending=np.repeat(over[:, None], A, axis=1).astype(float),
        initial=world.mdp.initial,
        horizon=horizon,
    )
    return world, mdp, reward


def ends(world: GridWorld) -> NDArray:
    """Whether the episode is over after a decision in a cell, (S,): in goals and on the cliff."""
    over = world.tiles == "c"
    over[world.goals] = True
    return over


def problem_of(state: State) -> tuple[GridWorld, MDP, NDArray]:
    """The problem of a screen."""
    return problem(state["grid"], *(state[name] for name in GIVEN))


@lru_cache(maxsize=16)
def solved(
    drawing: str, goal: float, cliff: float, step: float, wind: float, horizon: int, alpha: float
) -> tuple[InferenceComparison, TrajectoryPosterior, NDArray, NDArray]:
    """Both inferences, the messages, and where exact posterior and variational agent are at every time, (T + 1, S)."""
    _, mdp, reward = problem(drawing, goal, cliff, step, wind, horizon)
    options: dict[str, Any] = {"temperature": alpha, "action_prior": np.full(mdp.n_actions, 1.0 / mdp.n_actions)}
    both = compare_inference(mdp, reward, **options)
    posterior = message_passing(mdp, reward, **options)
    return both, posterior, posterior.state_marginals, places(mdp, both.variational.policy)


def places(mdp: MDP, policy: NDArray) -> NDArray:
    """Where an agent is at every time, in the real wind, (T + 1, S)."""
    arrivals = [mdp.transitions.T @ pairs.T.ravel() for pairs in expected_visitations(mdp, policy)]
    return np.vstack([mdp.initial_distribution, *arrivals])


def solution_of(state: State) -> tuple[InferenceComparison, TrajectoryPosterior, NDArray, NDArray]:
    """`solved` for the state of a screen."""
    return solved(state["grid"], *(state[name] for name in GIVEN), state["alpha"])


def solve(state: State) -> Answer:
    """Both inferences at one time, cell by cell, and the wind as either sees it in the selected cell."""
    world, mdp, _ = problem_of(state)
    both, posterior, dreamt, true = solution_of(state)
    time = min(state["time"], state["horizon"] - 1)
    going = ~ends(world)[:, None]  # nothing is decided where the episode is over
    return {
        "layout": layout_of(world),
        "time": time,
        "exact": {
            "V": numbers(both.exact.V[time]),
            "policy": numbers(np.where(going, both.exact.policy[time], 0.0)),
            "where": numbers(dreamt[time]),
        },
        "variational": {
            "V": numbers(both.variational.V[time]),
            "policy": numbers(np.where(going, both.variational.policy[time], 0.0)),
            "where": numbers(true[time]),
        },
        "message": numbers(posterior.log_backward[time]),
        "gap": numbers(both.exact.V[time] - both.variational.V[time]),
        "optimism": numbers(both.optimism[time]),
        "regret": numbers(both.regret[time]),
        "fell": {
            "exact": number(dreamt[:, world.tiles == "c"].sum()),
            "variational": number(true[:, world.tiles == "c"].sum()),
            "earned": number(places(mdp, both.exact.policy)[:, world.tiles == "c"].sum()),
        },
        "evidence": number(posterior.log_evidence),
        "cell": wind_in(world, mdp, posterior, state, time),
    }


def wind_in(world: GridWorld, mdp: MDP, posterior: TrajectoryPosterior, state: State, time: int) -> Answer:
    """Where one action leads from the selected cell: truly, and in the posterior."""
    s, a = selected(world, state["cell"]), int(state["action"])
    row, column = world.cells[s].tolist()
    place = {"state": s, "row": row, "column": column, "action": a}
    if ends(world)[s]:
        return {**place, "outcomes": [], "over": True}
    believed = posterior.posterior_dynamics(time)
    true = mdp.transitions[[a * mdp.n_states + s]]
    outcomes = [
        {
            "state": int(next_s),
            "cell": world.cells[next_s].tolist(),
            "true": float(p),
            "believed": number(believed[a * mdp.n_states + s, next_s]),
        }
        for next_s, p in zip(true.indices.tolist(), true.data.tolist(), strict=True)
    ]
    return {**place, "outcomes": outcomes, "over": False}


def edge_shares(state: State) -> tuple[float, float]:
    """Share of the decisions beside the cliff: of the exact posterior's, and of the variational agent's."""
    world, _, _ = problem_of(state)
    _, _, dreamt, true = solution_of(state)
    edge = world.cells[:, 0] == world.cells[:, 0].max() - 1
    going = world.tiles != "c"
    going[world.goals] = False
    return tuple(float(where[:-1, edge & going].sum() / where[:-1, going].sum()) for where in (dreamt, true))  # type: ignore[return-value]


def check(state: State, answer: Any) -> tuple[bool, str]:
    """Check which inference walks along the edge, on the map as it is at first."""
    first = {field.name: field.default for field in FIELDS}
    exact, variational = edge_shares(first)
    right = 0 if exact > variational + 0.05 else 1 if variational > exact + 0.05 else 2
    said = f"Beside the cliff are {exact:.0%} of the decisions of the exact posterior, and {variational:.0%} of the agent's."
    if answer == right:
        return (
            True,
            f"{said} Exact inference conditions the wind on success, too: it believes that the wind hardly blows.",
        )
    return (
        False,
        f"{said} Exact inference takes success as given. Given success, the wind is less likely to have blown.",
    )


def code(state: State) -> str:
    """Python of the screen."""
    world, _, _ = problem_of(state)
    rows = "\n".join(f"    {row}" for row in state["grid"].split("/"))
    time = min(state["time"], state["horizon"] - 1)
    given = {**state, "rows": rows, "time": time, "cell": selected(world, state["cell"])}
    return CODE.format(**given, calm_share=1.0 - state["wind"], less=-state["step"])


CHAPTER = Chapter(
    name="optimism",
    title="Messages and optimism",
    question="If we condition on success, what do we end up believing about the wind?",
    fields=FIELDS,
    exercise=Exercise(
        "The wind blows down, towards the cliff. Who walks along the edge?",
        "choice",
        check,
        options=("exact inference", "variational inference", "both equally"),
    ),
    operations={"solve": solve},
    code=code,
)
