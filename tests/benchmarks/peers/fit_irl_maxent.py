"""irl-maxent: maximum causal entropy, its planning, visitations and optimiser, on a world that never ends.

Its `irl_causal` needs terminal states, because it does not discount visitations. The loop below is that function's with the
discounted counts in their place: the discount goes into the transition matrix that visitations see. A terminal reward far
below every value, which no state ever takes, is what lets its planning start from finite values.
"""

import numpy as np
from exchange import Task, run
from irl_maxent import maxent, optimizer

TERMINAL_REWARD = -1e3
STEP = 0.05  # the best of 0.05, 0.2, 0.5 and 1 on the smallest grid


def fit(task: Task) -> tuple[np.ndarray, str]:
    """Climb until no coefficient changes by more than 1e-4, the default."""
    S, K = task.features.shape
    P = task.dense("sna")
    discounted = task.discount * P
    terminal = np.full(S, TERMINAL_REWARD)
    demonstrated, initial = task.discounted_features(), task.initial()
    coef = np.zeros(K)
    climb = optimizer.Sga(lr=optimizer.linear_decay(lr0=STEP))
    climb.reset(coef)
    task.start()
    change = np.inf
    while change > 1e-4:
        before = coef.copy()
        policy = maxent.local_causal_action_probabilities(P, terminal, task.features @ coef, task.discount)
        visits = maxent.expected_svf_from_policy(discounted, initial, [], policy)
        climb.step(demonstrated - visits @ task.features)
        change = np.abs(coef - before).max()
        task.tick(task.features @ coef)
    return task.features @ coef, "converged"


run(fit)
