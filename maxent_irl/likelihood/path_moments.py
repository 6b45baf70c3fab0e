r"""The Hessian with a horizon, where nothing is left to chance and features do not depend on the action.

The expected features of the rest of a path, :math:`D_t = \partial V_t = \phi + \gamma\, \pi_t P\, D_{t+1}`, then tell everything.
With visitations :math:`d_t` and their sources :math:`b_t`, the sum over actions of :math:`\mu_t\, (\partial Q - \partial V)^2`
telescopes in time to second moments of D,

.. math:: \alpha \nabla^2 L = \Phi^\top C + C^\top \Phi - \Phi^\top \operatorname{diag}(\textstyle\sum_t d_t) \Phi -
    \sum_t D_t^\top \operatorname{diag}((1 - \gamma)\, d_t + \gamma\, b_t)\, D_t, \qquad C = \sum_t d_t D_t .

No array of all actions by all features is touched, which makes it several times faster than `TaskPoint.hessian`. The price is
that second moments of whole paths cancel: they lose digits as the features of a path, squared, outweigh those of a step. Enough
are left for a step of an optimiser; standard errors should not come from here.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from ..mdp import MDP


def path_moments(mdp: MDP, policy: NDArray, features: NDArray, flow: NDArray, source: NDArray) -> NDArray:
    """``alpha`` times the Hessian, (K, K).

    Parameters
    ----------
    mdp : MDP
        With a horizon and deterministic dynamics.
    policy : (T, A, S) array
    features : (S, K) array
    flow, source : (T + 1, S) arrays
        d and b.
    """
    S, gamma = mdp.n_states, mdp.discount
    pair = np.flatnonzero(np.diff(mdp.transitions.indptr))
    order = np.argsort(pair % S, kind="stable")
    pair, after = pair[order], mdp.transitions.indices[order]
    rows = np.searchsorted(pair % S, np.arange(S + 1)).astype(after.dtype)
    phi = np.where((mdp.terminal | ~mdp.available.any(axis=1))[:, None], 0.0, features)
    entered = np.asarray(source.any(axis=1))
    D, C, visited = np.zeros_like(phi), np.zeros_like(phi), np.empty_like(phi)
    M = np.zeros((phi.shape[1],) * 2)
    step = sparse.csr_array(
        (np.empty(len(pair)), after, rows), shape=(S, S)
    )  # to make one anew costs as much as to use it
    for t in range(len(policy) - 1, -1, -1):
        policy[t].ravel().take(pair, out=step.data, mode="clip")  # "raise" would go through a buffer
        D = step @ D
        if gamma != 1.0:
            D *= gamma
        D += phi
        np.multiply(flow[t][:, None], D, out=visited)
        C += visited
        if gamma != 1.0:
            M -= (1.0 - gamma) * (D.T @ visited)
        if entered[t]:
            M -= gamma * (D.T @ (source[t][:, None] * D))
    cross = phi.T @ C
    return M + cross + cross.T - phi.T @ (flow[:-1].sum(axis=0)[:, None] * phi)
