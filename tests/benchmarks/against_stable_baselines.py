"""Soft actor-critic on Pendulum-v1 beside that of stable-baselines3: returns of both after the same number of transitions.

    python tests/benchmarks/against_stable_baselines.py [STEPS [SEED]]

Needs ``pip install 'maxent-irl[torch]' stable-baselines3``. Both learn on one thread. Returns are those of the stochastic actors
over the same 200 starts, beside the exact soft policy's at our final temperature. The other has learning rate 1e-3, as in its
zoo, networks of 64 units a layer, as ours, and its defaults otherwise.
"""

from __future__ import annotations

import sys
from time import perf_counter

import gymnasium
import numpy as np
import torch
from numpy.typing import NDArray
from stable_baselines3 import SAC

from maxent_irl.control.deep import pendulum_returns, soft_actor_critic, solve_pendulum


def main(n_steps: int = 20_000, seed: int = 0) -> None:
    """Print one row for each."""
    torch.set_num_threads(1)
    start = perf_counter()
    ours = soft_actor_critic(gymnasium.make("Pendulum-v1"), n_steps=n_steps, random_state=seed)
    own_seconds = perf_counter() - start
    start = perf_counter()
    theirs = SAC("MlpPolicy", "Pendulum-v1", learning_rate=1e-3, policy_kwargs={"net_arch": [64, 64]}, seed=seed)
    theirs.learn(n_steps)
    their_seconds = perf_counter() - start

    draws = np.random.default_rng(seed)

    def own(observations: NDArray) -> NDArray:
        return ours.act(observations, random_state=int(draws.integers(2**31)))

    def their(observations: NDArray) -> NDArray:
        return theirs.predict(observations.astype(np.float32), deterministic=False)[0].astype(float)

    exact = solve_pendulum(ours.temperature).actor(np.random.default_rng(seed))
    print(f"{'after ' + str(n_steps) + ' transitions':28} {'return':>8} {'error':>6} {'seconds':>8}")
    for name, actor, seconds in (
        ("exact soft policy", exact, 0.0),
        ("maxent_irl", own, own_seconds),
        ("stable-baselines3", their, their_seconds),
    ):
        returns = pendulum_returns(actor, 200)
        print(f"{name:28} {returns.mean():8.1f} {returns.std() / 200**0.5:6.1f} {seconds:8.1f}")


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
