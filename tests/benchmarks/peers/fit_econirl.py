"""econirl: MCEIRLEstimator with a linear reward of the states and default settings, standard errors switched off."""

import jax.numpy as jnp
import numpy as np
from econirl.core.types import DDCProblem, Panel, Trajectory
from econirl.estimation.mce_irl import MCEIRLConfig, MCEIRLEstimator
from econirl.preferences.reward import LinearReward
from exchange import Task, run


def fit(task: Task) -> tuple[np.ndarray, str]:
    """Fit; evaluations of the reward are where the clock is read."""
    S, K = task.features.shape

    class TimedReward(LinearReward):
        def compute(self, params):
            task.tick(lambda: task.features @ np.asarray(params, dtype=float))
            return super().compute(params)

    reward = TimedReward(jnp.asarray(task.features), [f"feature {k}" for k in range(K)], n_actions=task.n_actions)
    following = np.column_stack([task.states[:, 1:], task.final_states])
    paths = [
        Trajectory(states=jnp.asarray(s), actions=jnp.asarray(a), next_states=jnp.asarray(n), individual_id=i)
        for i, (s, a, n) in enumerate(zip(task.states, task.actions, following, strict=True))
    ]
    problem = DDCProblem(num_states=S, num_actions=task.n_actions, discount_factor=task.discount)
    transitions = jnp.asarray(task.dense("asn"))
    estimator = MCEIRLEstimator(config=MCEIRLConfig(compute_se=False))
    task.start()
    result = estimator.estimate(Panel(trajectories=paths), reward, problem, transitions)
    status = "converged" if result.converged else "its optimiser reports failure"
    return task.features @ np.asarray(result.parameters, dtype=float), status


run(fit)
