"""Chapter 1: one decision between two actions, the lesson's worked example."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np

from ...inference import SoftSolution, soft_value_iteration
from ...mdp import MDP
from ..fields import Number, State
from .chapter import Answer, Chapter, Exercise, number, numbers

FIELDS = (
    Number("r1", 1.0, "reward of action 1", low=-5.0, high=5.0, step=0.1),
    Number("r2", 0.0, "reward of action 2", low=-5.0, high=5.0, step=0.1),
    Number("alpha", 1.0, "temperature α", "how sharply reward drives the choice", low=0.01, high=100.0, scale="log"),
)
CURVE = np.logspace(-2, 2, 81)

CODE = """\
import numpy as np
from maxent_irl import MDP, soft_value_iteration

mdp = MDP.from_successors([[1, 1], [-1, -1]], terminal=[1])  # state 0 decides once, state 1 is the end
reward = np.array([[{r1!r}, {r2!r}], [0.0, 0.0]])
solution = soft_value_iteration(mdp, reward, temperature={alpha!r})

print("V =", solution.V[0])
print("probabilities =", solution.policy[0])
"""


def decision(r1: float, r2: float, alpha: float) -> SoftSolution:
    """The solved problem: state 0 decides, state 1 is the end."""
    mdp = MDP.from_successors([[1, 1], [-1, -1]], terminal=[1])
    return soft_value_iteration(mdp, np.array([[r1, r2], [0.0, 0.0]]), temperature=alpha)


@lru_cache(maxsize=64)
def curve(r1: float, r2: float) -> tuple[float, ...]:
    """Probability of action 1 at the temperatures of `CURVE`."""
    return tuple(float(decision(r1, r2, float(alpha)).policy[0, 0]) for alpha in CURVE)


def solve(state: State) -> Answer:
    """Value and probabilities at this temperature, at its two limits, and along a curve between them."""
    r1, r2 = state["r1"], state["r2"]
    solution, cold, hot = (decision(r1, r2, alpha) for alpha in (state["alpha"], 0.0, np.inf))
    return {
        "V": number(solution.V[0]),
        "Q": numbers(solution.Q[0]),
        "policy": numbers(solution.policy[0]),
        "cold": {"V": number(cold.V[0]), "policy": numbers(cold.policy[0])},
        "hot": {"policy": numbers(hot.policy[0])},
        "curve": {"alpha": CURVE.tolist(), "policy": list(curve(r1, r2))},
    }


def check(state: State, answer: Any) -> tuple[bool, str]:
    """Check the predicted probability of action 1 at rewards 1 and 0 and temperature 100."""
    hot, warm = decision(1.0, 0.0, 100.0).policy[0, 0], decision(1.0, 0.0, 1.0).policy[0, 0]
    truth = f"At α = 100 it is {hot:.4f}."
    if abs(answer - hot) <= 0.02:
        return True, f"{truth} The rewards differ by 1, a hundredth of the temperature, so they hardly matter."
    if answer > 0.9:
        return (
            False,
            f"{truth} A certain choice is the other limit, α → 0. A high temperature makes rewards matter less.",
        )
    if abs(answer - warm) <= 0.05:
        return (
            False,
            f"{truth} You gave the answer for α = 1, {warm:.4f}. Rewards count in units of α: 1 / 100 is almost 0.",
        )
    if answer < 0.48:
        return False, f"{truth} The action with the larger reward is never the less probable one, at any temperature."
    return False, f"{truth} Only (r₁ − r₂) / α matters. Here it is 0.01, so both actions are almost equally probable."


CHAPTER = Chapter(
    name="decision",
    title="One decision",
    question="Two actions, two rewards, one choice. What does it mean to act optimally, if optimality is inferred?",
    fields=FIELDS,
    exercise=Exercise(
        "Rewards are 1 and 0. At α = 1 action 1 has probability 0.731. Which probability does it have at α = 100?",
        "number",
        check,
    ),
    operations={"solve": solve},
    code=lambda state: CODE.format(**state),
)
