r"""Standard errors that hold the uncertainty of estimated dynamics too.

Where the transitions were estimated, in parameters :math:`\psi`, from the same demonstrations, the coefficients inherit their
error. Maximum likelihood of both together has the information of all scores: those of a decision,

.. math:: \frac{\partial \log \pi(a \mid s)}{\partial \theta}, \qquad
    \frac{\partial \log \pi(a \mid s)}{\partial \psi} + \frac{\partial \log P(s' \mid s, a)}{\partial \psi},

with outer products summed over decisions, inverted, and cut down to :math:`\theta`. The value depends on :math:`\psi` through
:math:`\partial V = (I - \gamma P_\pi)^{-1} \gamma \sum_a \pi\, (\partial P_a) V`, one more linear solve per parameter.

Source: Rust, J. (1987), Optimal replacement of GMC bus engines, Econometrica 55(5), section 4 (the full likelihood); Murphy, K.
M. & Topel, R. H. (1985), Estimation and inference in two-step econometric models, Journal of Business & Economic Statistics 3(4).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from sklearn.utils.validation import check_is_fitted

from ..likelihood.information import Covariance
from ..likelihood.task import value_sensitivity


def covariance_with_estimated_dynamics(
    estimator: Any, derivatives: Sequence[Any], transition_scores: NDArray
) -> Covariance:
    """Covariance of the coefficients when the transitions were estimated from the same demonstrations.

    Parameters
    ----------
    estimator : fitted MaxEntIRL
        With ``objective="likelihood"``, variational inference, an infinite horizon, no `l2` and no goals.
    derivatives : sequence of M sparse or dense (A * S, S) arrays
        Derivative of ``mdp.transitions`` (row ``a * S + s``) with respect to each free parameter of the dynamics. For bus
        engines: `BusEngine.usage_derivatives` and, as scores, `BusEngine.usage_scores`.
    transition_scores : (N, M) array
        Derivative of the log probability of each decision's transition with respect to the parameters, in the order of the
        demonstrations' decisions; 0 where the transition was not observed.

    Returns
    -------
    Covariance
        (K, K), of the coefficients alone; from outer products of the scores of decisions.

    Raises
    ------
    ValueError
        For fits of another kind and for shapes that do not fit.
    """
    check_is_fitted(estimator)
    mdp, data = estimator.mdp, estimator.fit_.demonstrations
    plain = estimator.objective == "likelihood" and estimator.inference == "variational" and not estimator.fit_.l2
    if not plain or mdp.horizon is not None or data.goals is not None:
        raise ValueError(
            'errors with estimated dynamics need objective="likelihood", inference="variational", l2=0, an infinite horizon '
            "and demonstrations without goals"
        )
    S, A, N, M = mdp.n_states, mdp.n_actions, data.n_decisions, len(derivatives)
    transition_scores = np.asarray(transition_scores, dtype=float)
    if transition_scores.shape != (N, M):
        raise ValueError(f"transition_scores must have shape ({N}, {M}); got {transition_scores.shape}")
    wrong = [d.shape for d in derivatives if d.shape != (A * S, S)]
    if wrong:
        raise ValueError(f"derivatives of the transitions must have shape ({A * S}, {S}); got {wrong[0]}")
    features, solution = estimator.fit_.point.features, estimator.fit_.solve()
    linear = solution.linearisation
    V = np.where(np.isfinite(solution.V), solution.V, 0.0)
    moved = np.stack(
        [mdp.discount * (sparse.csr_array(d) @ V).reshape(A, S) for d in derivatives], axis=-1
    )  # (A, S, M)
    gain = linear.average(moved[None])
    d_psi = np.concatenate([value_sensitivity(solution, features), linear.accumulate(gain)], axis=2)
    expected, d_psi = linear.expect(d_psi)[0], d_psi[0]
    a, s = data.actions, data.states
    scores = expected[a, s] - d_psi[s]
    own, K = features.of_pairs(a, s), features.n_features
    scores[:, :K] += own.toarray() if sparse.issparse(own) else own
    scores[:, K:] += moved[a, s]
    scores /= estimator.temperature
    scores[:, K:] += transition_scores
    weight = data.weights[data.trajectory_ids]
    joint = np.linalg.inv(scores.T @ (weight[:, None] * scores))
    what = f"inverse outer product of the scores of decisions, jointly with {M} parameters of the dynamics"
    return Covariance(joint[:K, :K], "opg", np.zeros((K, 0)), estimator.information_.size, what)
