"""Chapter 7: real demonstrations in the view of chapter 5."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy import sparse

from ..fields import Choice, Number, Places, State, Vector, Whole
from ..recording import Recording
from .chapter import Answer, Chapter, Emit, Exercise, numbers
from .learning import Task, ascend, kept, listed, newton, start_of

CODE = """\
import numpy as np
from maxent_irl import MaxEntIRL
from maxent_irl.uncertainty import identifiability, reward_map
{data}
kept = np.setdiff1d(np.arange({used!r}), {removed!r})
model = MaxEntIRL(mdp, objective={objective!r}, l2={l2!r}).fit(demonstrations[kept])

best = np.argsort(model.reward_)[::-1][:10]
errors = reward_map(model)
for state in best:
    print(state, errors.estimate[state].round(2), "standard error", errors.standard_error[state].round(2))
"""


def chapter(recording: Recording) -> Chapter:
    """The chapter about one recording."""
    total = len(recording.demonstrations)
    screen = _Screen(recording)
    fields = (
        Number("gamma", 0.7, "discount γ", "How much later rewards count.", low=0.0, high=0.99, step=0.01),
        Number(
            "l2", 1.0, "prior precision", "How strongly coefficients are drawn to 0.", low=0.01, high=10.0, step=0.01
        ),
        Choice(
            "objective",
            "likelihood",
            "objective",
            "",
            options=(("feature-matching", "feature matching"), ("likelihood", "likelihood")),
        ),
        Whole("used", min(total, 200), "demonstrations used", "The first so many.", low=1, high=total),
        Places("removed", [], "left out"),
        Vector("start", [], "where the ascent begins"),
    )
    exercise = Exercise(
        "Which place has the largest reward? Look at where they went, click that place, then check.",
        "place",
        screen.check,
    )
    return Chapter(
        name="data",
        title="Real data",
        question="The same equation on recorded behaviour. What was it that they wanted?",
        fields=fields,
        exercise=exercise,
        operations={"solve": screen.solve, "newton": screen.fit},
        streams={"ascend": screen.climb},
        code=screen.code,
        facts={"source": recording.source, "labels": list(recording.labels), "note": recording.note},
    )


class _Screen:
    """What can be computed about one recording."""

    def __init__(self, recording: Recording) -> None:
        self.recording = recording

    def task(self, state: State) -> Task:
        mdp = self.recording.mdp.replace(discount=state["gamma"])
        used = self.recording.demonstrations[: state["used"]]
        return Task(
            mdp,
            sparse.eye_array(mdp.n_states, format="csr"),
            self.recording.labels,
            kept(used, [i for i in state["removed"] if i < state["used"]]),
            state["l2"],
            state["objective"],
        )

    def solve(self, state: State) -> Answer:
        task = self.task(state)
        counted = task.demonstrations
        visits = np.zeros(task.mdp.n_states)
        if counted is not None:
            visits = counted.state_action_counts(task.mdp.n_states, task.mdp.n_actions).sum(axis=1)
        used = self.recording.demonstrations[: min(state["used"], 60)]
        return {
            "layout": self.recording.layout,
            "demonstrations": listed(used, [f"sequence {name}" for name in used.ids], state["removed"]),
            "count": 0 if counted is None else len(counted),
            "decisions": 0 if counted is None else counted.n_decisions,
            "visits": numbers(visits),
            "names": list(self.recording.labels),
            "hidden": None,
        }

    def fit(self, state: State) -> Answer:
        return newton(self.task(state))[0]

    def climb(self, state: State, emit: Emit) -> None:
        ascend(self.task(state), start_of(state), emit)

    def check(self, state: State, answer: Any) -> tuple[bool, str]:
        task, labels = self.task(state), self.recording.labels
        reward = task.estimator().fit(task.required()).reward_
        if answer >= len(reward):
            return False, f"There are {len(reward)} places, and {answer} is none of them."
        order = np.argsort(-reward)
        best, rank = int(order[0]), int(np.flatnonzero(order == answer)[0]) + 1
        said = f"The largest recovered reward is {reward[best]:.2f}, at {labels[best]}."
        if answer == best:
            return True, f"{said} The estimator saw only the paths."
        return False, (
            f"{said} The place that you chose, {labels[answer]}, has {reward[answer]:.2f}, rank {rank} of {len(reward)}. "
            "Places on the way are visited often too, but it takes no reward to explain them."
        )

    def code(self, state: State) -> str:
        data = self.recording.python.replace("{gamma!r}", repr(state["gamma"]))
        return CODE.format(**{**state, "data": data})
