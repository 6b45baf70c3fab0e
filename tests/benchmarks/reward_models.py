"""What learning a reward costs against a linear fit on the same world: ``python tests/benchmarks/reward_models.py``.

Process time in seconds, one thread. Set OPENBLAS_NUM_THREADS=1 and OMP_NUM_THREADS=1.
"""

from __future__ import annotations

import time
import warnings
from collections.abc import Callable
from importlib.util import find_spec
from typing import Any

import numpy as np

from maxent_irl import (
    BoostedIRL,
    GaussianProcessIRL,
    MaxEntIRL,
    NetworkIRL,
    sample_demonstrations,
    soft_value_iteration,
)
from maxent_irl.worlds import GridWorld, ObjectWorld


def seconds(call: Callable[[], Any], repeats: int = 1) -> float:
    """Process time of one call, the mean of some."""
    start = time.process_time()
    for _ in range(repeats):
        call()
    return (time.process_time() - start) / repeats


def boosting() -> None:
    """One stage of boosting, and a linear fit with 8 features, on 64 x 64 cells."""
    world = GridWorld(64, discount=0.95)
    features = world.features("smooth", n_features=8)
    reward = features @ np.random.default_rng(0).normal(size=8) / 2
    policy = soft_value_iteration(world.mdp, reward).policy
    paths = sample_demonstrations(world.mdp, policy, 200, max_steps=30, random_state=0)
    linear = seconds(lambda: MaxEntIRL(world.mdp, features, objective="likelihood", l2=1.0).fit(paths), 3)
    many, one = (
        seconds(lambda n=n: BoostedIRL(world.mdp, features, n_estimators=n, validation_fraction=None).fit(paths))
        for n in (11, 1)
    )
    stage = (many - one) / 10
    print(f"64 x 64: linear fit {linear:.3f}, one stage of boosting {stage:.3f} ({stage / linear:.2f} linear fits)")


def processes_and_networks() -> None:
    """A Gaussian process with 200 inducing inputs, and 200 epochs of a network, on 32 x 32 cells."""
    world = ObjectWorld(32, random_state=0)
    inputs = np.minimum(world.features(), 12.0)
    policy = 0.7 * soft_value_iteration(world.mdp, world.reward, temperature=0.0).policy + 0.3 / world.mdp.n_actions
    paths = sample_demonstrations(world.mdp, policy, 128, max_steps=8, random_state=0)
    linear = seconds(lambda: MaxEntIRL(world.mdp, inputs, objective="likelihood", l2=0.1).fit(paths), 5)
    process = seconds(lambda: GaussianProcessIRL(world.mdp, inputs, random_state=0).fit(paths))
    print(f"32 x 32: linear fit {linear:.3f}, Gaussian process {process:.2f} ({process / linear:.0f} linear fits)")
    if find_spec("torch") is None:
        print("no network: torch is not installed")
        return
    import torch
    from torch import nn

    torch.set_num_threads(1)
    module = nn.Sequential(nn.Linear(4, 64), nn.ReLU(), nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, 1))
    options = {"max_epochs": 200, "validation_fraction": None, "patience": 1000, "random_state": 0}
    network = seconds(lambda: NetworkIRL(world.mdp, inputs, module, **options).fit(paths))
    print(f"32 x 32: network, 200 epochs {network:.1f}")


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    boosting()
    processes_and_networks()
