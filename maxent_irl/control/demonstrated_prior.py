r"""Demonstrations as the action prior: policy improvement that starts from imitation.

Let the action prior be the demonstrators' choices, and let r be a reward of your own. The variational policy maximises
:math:`E_\pi[r] - \alpha \, \mathrm{KL}(\pi \,\|\, p)`, which equals :math:`E_p[r]` at the prior itself. So it earns at least
as much as the demonstrators, :math:`E_\pi[r] \ge E_p[r]`. It stays near them where r does not distinguish the actions. The
larger the temperature, the closer it stays; at infinity it is the prior.

Suppose that the demonstrators are soft optimal themselves, for a reward :math:`r_d` at the same temperature. Then
:math:`\alpha \log p(a \mid s) = r_d + \gamma E[V_d(s')] - V_d(s)` is their reward, shaped by a potential, and

.. math::

    \pi_{p,\, r} = \pi_{r_d + r}, \qquad V_{p,\, r} = V_{r_d + r} - V_d ,

where the right-hand sides belong to problems without a prior. Using a policy as the prior therefore adds the reward that inverse
reinforcement learning would recover from it.

Sources: Levine, S. (2018), Reinforcement learning and control as probabilistic inference, arXiv:1805.00909, section 2.3 (the
action prior as a reward); Ng, A. Y., Harada, D., & Russell, S. (1999), Policy invariance under reward transformations, ICML,
278-287 (potentials); Ziebart, B. D., Bagnell, J. A., & Dey, A. K. (2010), Modeling interaction via the principle of maximum
causal entropy, ICML, 1255-1262 (the demonstrators).
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from .._checks import check_positive
from ..demonstrations.labelled import as_demonstrations
from ..mdp import MDP, check_mdp


def demonstrated_prior(mdp: MDP, demonstrations: Any, *, pseudo_count: float = 1.0) -> NDArray:
    """Estimate an action prior from demonstrations: the share of each action in each state, smoothed towards uniform.

    Pass it as ``action_prior=`` to `soft_value_iteration` and to every member of the family that takes a prior. It can also be
    the ``reference`` of KL control and `ppo`.

    Parameters
    ----------
    mdp : MDP
    demonstrations : Demonstrations, or what its constructor takes
        Each trajectory counts by its weight.
    pseudo_count : float > 0
        Number of decisions added in each state, spread evenly over the available actions: the posterior mean under a Dirichlet
        prior. With a large number the result is nearly uniform. With a small one, unseen actions get little probability, never 0.

    Returns
    -------
    (S, A) array
        Uniform over the available actions in unvisited states; rows of terminal states are zero.

    Raises
    ------
    ValueError
        For trajectories that cannot happen in the MDP, naming trajectory and step. For trajectories with goals, because the
        policy then depends on the goal.

    Examples
    --------
    >>> from maxent_irl import MDP
    >>> from maxent_irl.control import demonstrated_prior
    >>> choice = MDP.from_successors([[1, 1], [-1, -1]], terminal=[1])
    >>> demonstrated_prior(choice, [([0, 1], [0])] * 8 + [([0, 1], [1])]).round(2)
    array([[0.85, 0.15],
           [0.  , 0.  ]])
    """
    check_mdp(mdp)
    pseudo_count = check_positive("pseudo_count", pseudo_count)
    demos = as_demonstrations(demonstrations)
    demos.validate_against(mdp)
    if demos.goals is not None:
        raise ValueError(
            "trajectories with goals have no common policy: select those of one goal, and use mdp.with_goal(goal)"
        )
    counts = demos.state_action_counts(mdp.n_states, mdp.n_actions)
    n_available = np.maximum(1, mdp.available.sum(axis=1, keepdims=True))
    smoothed = counts + pseudo_count * mdp.available / n_available
    return smoothed / np.maximum(smoothed.sum(axis=1, keepdims=True), np.finfo(float).tiny)
