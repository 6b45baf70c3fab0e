"""imitation: MCEIRL with a linear reward.

It plans over a finite horizon, here the length of the demonstrations, and climbs with Adam. Its default of 1000 iterations
and its stopping rule are kept. Its training visitations come from a policy planned without the discount (version 1.0.1), so
that what it settles on is not this model's optimum; it is judged by its reward all the same.
"""

import gymnasium
import numpy as np
import torch
from exchange import Task, run
from imitation.algorithms.mce_irl import MCEIRL
from imitation.data.types import Trajectory
from imitation.rewards.reward_nets import BasicRewardNet
from seals.base_envs import TabularModelPOMDP

STEP = 0.05  # the fastest of 0.01 (the default), 0.05 and 0.2 on the smallest grid


def fit(task: Task) -> tuple[np.ndarray, str]:
    """Fit with the features as observations; the optimiser's steps are where the clock is read."""
    S, K = task.features.shape
    env = TabularModelPOMDP(
        transition_matrix=task.dense("san"),
        observation_matrix=task.features.astype(np.float32),
        reward_matrix=np.zeros(S),
        horizon=task.states.shape[1],
        initial_state_dist=task.initial(),
    )
    space = gymnasium.spaces.Box(-np.inf, np.inf, (K,), np.float32)
    net = BasicRewardNet(
        space, gymnasium.spaces.Discrete(task.n_actions), hid_sizes=[], use_action=False, use_next_state=False
    )
    observations = torch.as_tensor(task.features.astype(np.float32))

    def reward() -> np.ndarray:
        with torch.no_grad():
            return net(observations, None, None, None).squeeze().numpy()

    class Adam(torch.optim.Adam):
        def step(self, closure=None):
            super().step(closure)
            task.tick(reward)

    states = np.column_stack([task.states, task.final_states])
    paths = [
        Trajectory(obs=path, acts=actions, infos=None, terminal=True)
        for path, actions in zip(states, task.actions, strict=True)
    ]
    mce = MCEIRL(
        paths,
        env,
        net,
        np.random.default_rng(0),
        optimizer_cls=Adam,
        optimizer_kwargs={"lr": STEP},
        discount=task.discount,
        log_interval=None,
    )
    task.start()
    mce.train()
    return reward(), "all iterations done" if task.iterations == 1000 else "converged"


torch.set_num_threads(1)
run(fit)
