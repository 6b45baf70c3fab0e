r"""Demonstrations as the prior: imitation, improved by a reward.

Let the action prior be what demonstrators did, and the evidence a reward r of one's own. The variational policy then stays
near the demonstrators where r does not matter and leaves them where it pays: policy improvement that starts from imitation, as
:math:`E_\pi[r] \ge E_p[r]` for the objective :math:`E_\pi[r] - \alpha \, \mathrm{KL}(\pi \,\|\, p)` is 0 + E_p[r] at p itself.
The temperature says how many nats of imitation a unit of reward is worth: infinite, and the result is imitation.

If the demonstrators are themselves soft optimal, for a reward :math:`r_d` at the same temperature, then
:math:`\alpha \log p(a \mid s) = r_d + \gamma E[V_d(s')] - V_d(s)` is their reward, shaped by a potential, and

.. math::

    \pi_{p,\, r} = \pi_{r_d + r}, \qquad V_{p,\, r} = V_{r_d + r} - V_d ,

(with the policy and V of a problem without prior on the right): to take somebody's policy for a prior is to add the reward that
inverse reinforcement learning would find in it.

Sources: Levine, S. (2018), Reinforcement learning and control as probabilistic inference, arXiv:1805.00909, section 2.3 (the
action prior as a reward); Ng, A. Y., Harada, D., & Russell, S. (1999), Policy invariance under reward transformations, ICML,
278-287 (potentials); Ziebart, B. D., Bagnell, J. A., & Dey, A. K. (2010), Modeling interaction via the principle of maximum
causal entropy, ICML, 1255-1262 (the demonstrators).
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from .._labelled import as_demonstrations
from .._validation import check_positive
from ..mdp import MDP, check_mdp


def demonstrated_prior(mdp: MDP, demonstrations: Any, *, pseudo_count: float = 1.0) -> NDArray:
    """Return what demonstrators did as an action prior: shares of each state's actions, drawn towards uniform.

    Pass it as ``action_prior=`` to `soft_value_iteration` and to every member of the family that takes a prior, or as the
    ``reference`` of KL control and `ppo`.

    Parameters
    ----------
    mdp : MDP
    demonstrations : Demonstrations, or what its constructor takes
        Trajectories by their weight.
    pseudo_count : float > 0
        So many decisions, spread evenly over the available actions, are added to those seen in each state (the posterior mean
        under a Dirichlet prior). Large: nearly uniform. Small: what was not seen costs many nats, but is never impossible.

    Returns
    -------
    (S, A) array
        Uniform over the available actions in states nobody visited; rows of terminal states are zero.

    Raises
    ------
    ValueError
        For trajectories that cannot happen in the MDP, naming trajectory and step, and for trajectories with goals of their
        own, whose choices in one state mean different things.

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
            "trajectories with goals have no common policy: take those of one goal, and mdp.with_goal(goal)"
        )
    counts = demos.state_action_counts(mdp.n_states, mdp.n_actions)
    n_available = np.maximum(1, mdp.available.sum(axis=1, keepdims=True))
    smoothed = counts + pseudo_count * mdp.available / n_available
    return smoothed / np.maximum(smoothed.sum(axis=1, keepdims=True), np.finfo(float).tiny)
