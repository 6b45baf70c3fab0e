"""What a skilled user writes instead of this package: fifty lines of numpy and scipy for the same objective.

Value iteration inside L-BFGS-B, the gradient by iterating the adjoint recursion, sparse matrices, warm starts of both fixed
points; with a horizon the same by recursion in time. Nothing of `maxent_irl` is used, and few inputs are checked.
"""

import time

import numpy as np
from scipy import sparse
from scipy.optimize import minimize


class TimeUp(Exception):
    """The time limit was reached; `args` are the coefficients so far and the number of evaluations."""


def fit(P, features, discount, demos, *, horizon=None, gradient=1e-6, accuracy=1e-8, limit=np.inf):
    """Return coefficients (K,) and the number of evaluations.

    P is sparse, (A * S, S), row ``a * S + s``; features are (S, K); `gradient` is its largest component per decision,
    `accuracy` the largest change of a fixed point in its last sweep, `limit` the seconds it may take.
    """
    S, T, started = len(features), horizon, time.process_time()
    A = P.shape[0] // S
    rows, columns = np.tile(np.arange(S), A), np.arange(A * S)
    visited = np.bincount(demos.states, discount**demos.times, S)
    b = -np.bincount(demos.states[demos.offsets[:-1]], minlength=S).astype(float)
    if T is None:  # paths that were cut go on; with a horizon nothing comes after it
        b += np.bincount(demos.final_states, discount ** np.diff(demos.offsets), S)
    backwards = discount * P.T.tocsr()
    V, d, seen = np.zeros(S), np.zeros(S), []

    def backup(r, V):
        Q = r + discount * (P @ V).reshape(A, S)
        top = Q.max(axis=0)
        Q -= top
        np.exp(Q, out=Q)
        total = Q.sum(axis=0)
        return top + np.log(total), Q, total

    def flow_matrix(Q, total):
        policy = sparse.csr_array(((Q / total).ravel(), (rows, columns)), shape=(S, A * S))
        return discount * (policy @ P).T.tocsr()

    def fixed_point(step, x):
        while True:
            new = step(x)
            if np.abs(new - x).max() <= accuracy:
                return new
            if time.process_time() - started > limit:
                raise TimeUp(seen[-1], len(seen))
            x = new

    def loss(coef):
        nonlocal V, d
        seen.append(coef.copy())
        r = features @ coef
        if T is None:
            V = fixed_point(lambda V: backup(r, V)[0], V)
            flow = flow_matrix(*backup(r, V)[1:])
            d = expected = fixed_point(lambda d: b + flow @ d, d)
        else:
            V, policies = np.zeros(S), []
            for _ in range(T):
                V, Q, total = backup(r, V)
                policies.append(np.divide(Q, total, out=Q))
            d, expected = b, b.copy()
            for policy in policies[:0:-1]:
                d = backwards @ (policy * d).ravel()
                expected += d
        return -(visited @ r + b @ V) / len(demos.states), -features.T @ (visited + expected) / len(demos.states)

    options = {"maxiter": 1000, "maxfun": 5000, "gtol": gradient, "ftol": 0.0}
    found = minimize(loss, np.zeros(features.shape[1]), jac=True, method="L-BFGS-B", options=options)
    return found.x, len(seen)
