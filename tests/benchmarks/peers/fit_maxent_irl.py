"""This package, run as its peers are."""

import sys

import numpy as np
from exchange import Task, run
from scipy import sparse

from maxent_irl import MDP, MaxEntIRL


def fit(task: Task) -> tuple[np.ndarray, str]:
    """Everything at its default, but the objective."""
    S = len(task.features)
    P = sparse.csr_array((task.data, task.indices, task.indptr), shape=(task.n_actions * S, S))
    mdp = MDP.from_stacked(P, task.n_actions, discount=task.discount)
    states = np.column_stack([task.states, task.final_states])
    paths = list(zip(states, task.actions, strict=True))
    task.start()
    model = MaxEntIRL(mdp, task.features, objective=sys.argv[4]).fit(paths)
    task.iterations = model.n_iter_
    return model.reward_, "converged" if model.converged_ else "not converged"


run(fit)
