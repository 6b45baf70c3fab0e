"""Recovering a reward while somebody watches: the ascent step by step, then Newton's method with errors and what is unknown."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from ...demonstrations import Demonstrations
from ...estimators import MaxEntIRL
from ...mdp import MDP
from ...uncertainty import identifiability, reward_map
from ..fields import BadRequest, State
from .chapter import Answer, Emit, number, numbers

MOST_ITERATIONS = 300
MOST_SECONDS = 20.0
WITH_ERRORS = 700  # coefficients; with more, standard errors and identifiability take seconds
MOST_NAMED = 4  # undetermined directions that are spelt out


class Enough(Exception):
    """Raised inside a fit to stop it: it has been watched long enough, or nobody watches any more."""


@dataclass(frozen=True)
class Task:
    """What a reward is recovered from.

    Attributes
    ----------
    mdp : MDP
    features : (S, K) array, dense or sparse
    names : tuple of K str
    demonstrations : Demonstrations or None
        None: there are none yet.
    l2 : float
    objective : str
    """

    mdp: MDP
    features: NDArray | sparse.sparray
    names: tuple[str, ...]
    demonstrations: Demonstrations | None
    l2: float
    objective: str

    def estimator(self, **options: Any) -> MaxEntIRL:
        """The estimator, not fitted yet."""
        return MaxEntIRL(
            self.mdp,
            self.features,
            l2=self.l2,
            objective=self.objective,
            feature_names=self.names,
            **options,
        )

    def required(self) -> Demonstrations:
        """The demonstrations; BadRequest where there are none."""
        if self.demonstrations is None:
            raise BadRequest("there is no demonstration yet: draw one, or sample some")
        return self.demonstrations


def ascend(task: Task, start: list[float], emit: Emit) -> None:
    """Climb the likelihood by gradient ascent, and emit the reward after every step.

    Parameters
    ----------
    task : Task
    start : list of K floats
        Coefficients to begin with; empty, or of another length: zero.
    emit : callable
    """
    demonstrations, began = task.required(), time.monotonic()

    def watched(progress: Any) -> None:
        emit(
            {
                "iteration": progress.iteration,
                "objective": number(-progress.loss),
                "gradient": number(progress.gradient),
                "coef": numbers(progress.coef),
                "gap": numbers(progress.feature_gap),
                "reward": numbers(task.features @ progress.coef),
            }
        )
        if time.monotonic() - began > MOST_SECONDS:
            raise Enough

    estimator = task.estimator(solver="gradient-ascent", max_iter=MOST_ITERATIONS, tol=1e-4, callback=watched)
    fitting = np.array(start) if len(start) == task.features.shape[1] else None
    try:
        estimator.fit(demonstrations, coef_init=fitting)
    except Enough:
        emit({"done": True, "converged": False, "n_iter": None})
    else:
        emit({"done": True, "converged": bool(estimator.converged_), "n_iter": estimator.n_iter_})


def newton(task: Task) -> tuple[Answer, MaxEntIRL]:
    """Recover the reward by Newton's method, with standard errors and the sentence of the identifiability report."""
    demonstrations = task.required()
    estimator = task.estimator().fit(demonstrations)
    answer: Answer = {
        "coef": numbers(estimator.coef_),
        "names": list(task.names),
        "reward": numbers(estimator.reward_),
        "policy": numbers(estimator.policy_),
        "gap": numbers(estimator.feature_gap_),
        "n_iter": estimator.n_iter_,
        "converged": bool(estimator.converged_),
        "log_likelihood": number(estimator.log_likelihood_ / estimator.n_decisions_),
        "uniform": number(uniform_per_decision(task.mdp, demonstrations)),
        "error": None,
        "standard_errors": None,
        "report": None,
    }
    if task.features.shape[1] <= WITH_ERRORS:
        drawn = reward_map(estimator)
        report = identifiability(estimator)
        silent = [flat.direction for flat in report.directions if flat.kind == "never demonstrated"]
        silence = np.sum([np.zeros(len(task.names)), *silent], axis=0)
        answer |= {
            "estimate": numbers(drawn.estimate),
            "error": numbers(drawn.standard_error),
            "standard_errors": numbers(estimator.standard_errors_),
            "unseen": numbers(np.abs(task.features @ silence) > 0),
            "report": {
                "coefficients": report.n_coefficients,
                "rank": report.rank,
                "identified": report.identified,
                "flat": [
                    {"name": flat.name, "kind": flat.kind, "explanation": flat.explanation}
                    for flat in report.directions[:MOST_NAMED]
                ],
                "more": max(0, len(report.directions) - MOST_NAMED),
                "remark": report.remark,
            },
        }
    return answer, estimator


def uniform_per_decision(mdp: MDP, demonstrations: Demonstrations) -> float:
    """Mean log-likelihood per decision of choosing among the available actions at random, nats."""
    choices = mdp.available.sum(axis=1)[demonstrations.states]
    return float(-np.log(choices).mean())


def listed(demonstrations: Demonstrations, labels: list[str], removed: list[int], most: int = 60) -> list[Answer]:
    """What the page shows of each demonstration: its name, its states, and whether it is left out."""
    left_out = set(removed)
    rows = []
    for i, (a, b) in enumerate(zip(demonstrations.offsets[:most], demonstrations.offsets[1:], strict=False)):
        states = demonstrations.states[a:b].tolist()
        final = int(demonstrations.final_states[i])
        rows.append({"label": labels[i], "states": states + [final] * (final >= 0), "removed": i in left_out})
    return rows


def kept(demonstrations: Demonstrations | None, removed: list[int]) -> Demonstrations | None:
    """Demonstrations without those that were removed; None if nothing is left."""
    if demonstrations is None:
        return None
    stays = np.setdiff1d(np.arange(len(demonstrations)), removed)
    return demonstrations[stays] if len(stays) else None


def start_of(state: State) -> list[float]:
    """Coefficients that the page holds already."""
    return state.get("start", [])
