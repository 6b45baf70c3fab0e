"""What the oracles make, as maxent_irl takes it, and back."""

import numpy as np
from oracles import Demo, Problem, costly_features, problem_of_kind, random_prior

from maxent_irl import MDP
from maxent_irl.demonstrations import Demonstrations


def as_mdp(problem: Problem) -> MDP:
    return MDP(problem.P, **problem.keywords())


def as_demonstrations(demos: list[Demo]) -> Demonstrations:
    paths = [(demo.states + ([demo.final] if demo.final >= 0 else []), demo.actions) for demo in demos]
    weights = [demo.weight for demo in demos]
    return Demonstrations(paths, weights=weights, terminated=[demo.terminated for demo in demos])


def as_demos(demonstrations: Demonstrations) -> list[Demo]:
    return [
        Demo(path.states[: len(path.actions)].tolist(), path.actions.tolist(), int(final), path.terminated, path.weight)
        for path, final in zip(demonstrations, demonstrations.final_states, strict=True)
    ]


def posed(kind: str, *, seed: int = 0, with_prior: bool = False, **changes):
    """A problem of this kind, a reward for which it has a finite value, and a prior or None."""
    problem = problem_of_kind(kind, seed, **changes)
    rng = np.random.default_rng(seed)
    features, coef = costly_features(rng, problem)
    return problem, features @ coef, random_prior(rng, problem) if with_prior else None
