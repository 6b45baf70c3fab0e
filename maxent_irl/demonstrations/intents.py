"""Draw demonstrations of somebody whose intent switches: a Markov chain of intents, each with a policy of its own."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .._checks import check_count, check_distribution
from ..mdp.policies import check_policy
from .demonstrations import Demonstrations
from .draws import generator
from .sampling import draw_actions, walk

if TYPE_CHECKING:
    from ..mdp import MDP


def sample_switching(
    mdp: MDP,
    policies: Sequence[ArrayLike],
    startprob: ArrayLike,
    transmat: ArrayLike,
    n_trajectories: int,
    *,
    max_steps: int,
    random_state: Any = None,
) -> tuple[Demonstrations, NDArray]:
    """Draw trajectories and the intents behind them.

    Parameters
    ----------
    mdp : MDP
    policies : C arrays (S, A), or (T, S, A) with a horizon T
    startprob, transmat : (C,), (C, C) arrays
    n_trajectories, max_steps : int
    random_state : as for `sample_demonstrations`

    Returns
    -------
    demonstrations : Demonstrations
    intents : (N,) int array
        Of every decision.
    """
    n, limit = check_count("n_trajectories", n_trajectories), check_count("max_steps", max_steps)
    checked, C = [check_policy(mdp, policy) for policy in policies], len(policies)
    start = check_distribution("startprob", startprob, C, what="intent")
    moves = np.stack([check_distribution(f"transmat[{i}]", row, C, what="intent") for i, row in enumerate(transmat)])  # type: ignore[arg-type]
    rng = generator(random_state)
    initial = np.where(mdp.terminal, 0.0, mdp.initial_distribution)
    first = rng.choice(mdp.n_states, size=n, p=initial / initial.sum())
    now = draw_actions(np.tile(start, (n, 1)), rng.random(n))  # (n,)
    seen: list[NDArray] = []

    def choose(path: NDArray, s: NDArray, t: int, u: NDArray) -> NDArray:
        if t:
            now[path] = draw_actions(moves[now[path]], rng.random(len(path)))
        seen.append(now.copy())
        action = np.empty(len(s), dtype=np.int64)
        for c, policy in enumerate(checked):
            mine = now[path] == c
            rows = policy[:, s[mine]] if policy.ndim == 2 else policy[t][:, s[mine]]
            action[mine] = draw_actions(rows.T, u[mine])
        return action

    limit = limit if mdp.horizon is None else min(limit, mdp.horizon)
    drawn = walk(mdp, first, choose, rng, goals=None, limit=limit, check=lambda *_: None)
    return drawn, np.stack(seen)[drawn.times, drawn.trajectory_ids]
