r"""KL control: a reference policy as the prior, and the trade-off of reward against divergence from it.

With prior :math:`\pi_\text{ref}` and temperature beta, the variational objective is that of fine-tuning with a KL penalty,

.. math::

    \max_\pi \; E_\pi \Bigl[ \sum_t r(s_t, a_t) \Bigr] - \beta \, \mathrm{KL}(\pi \,\|\, \pi_\text{ref}) .

``soft_value_iteration(..., temperature=beta, action_prior=reference)`` solves it. As beta falls from infinity to 0, the solutions
form the frontier of reward against divergence. At a given divergence no policy earns more. The frontier is concave and its slope
is beta. For undiscounted problems, exact inference is linear in the desirability of a state, :math:`z = \exp(V / \beta)`:

.. math::

    z(s) = \sum_a \pi_\text{ref}(a \mid s) \, e^{r(s,a) / \beta} \sum_{s'} P(s' \mid s,a) \, z(s'), \qquad
    z = 1 \text{ after the end} .

Sources: Todorov, E. (2009), Efficient computation of optimal actions, PNAS 106(28), 11478-11483; Kappen, H. J., Gomez, V., &
Opper, M. (2012), Optimal control as a graphical model inference problem, Machine Learning 87, 159-182; Ouyang, L., et al.
(2022), Training language models to follow instructions with human feedback, NeurIPS 35 (the penalty).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import sparse
from scipy.sparse.linalg import splu

from .._checks import check_temperature
from ..inference import SoftSolution, soft_value_iteration
from ..inference.cycles import ImproperProblemError
from ..inference.visitations import expected_visitations
from ..mdp import MDP, check_mdp
from ..mdp.process import check_reward
from ._requirements import check_reference, check_temperatures, require_episodes


@dataclass(frozen=True, eq=False)
class Frontier:
    """Expected reward and divergence from the reference at several temperatures.

    Attributes
    ----------
    temperatures : (K,) array
    reward : (K,) array
        Expected (discounted) reward from the initial distribution.
    divergence : (K,) array
        Expected (discounted) sum of KL(pi || reference), nats.
    solutions : tuple of K SoftSolution
    """

    temperatures: NDArray  # (K,)
    reward: NDArray  # (K,)
    divergence: NDArray  # (K,)
    solutions: tuple[SoftSolution, ...]  # K

    @property
    def objective(self) -> NDArray:
        """Soft value of the initial distribution, ``reward - temperature * divergence``; (K,)."""
        return self.reward - self.temperatures * self.divergence


def reward_divergence(mdp: MDP, reward: ArrayLike, policy: ArrayLike, reference: ArrayLike) -> tuple[float, float]:
    """Return the expected reward of a policy from the initial distribution, and the KL divergence of its trajectories, in nats.

    Parameters
    ----------
    mdp : MDP
    reward : (S,) or (S, A) array
    policy : (S, A) or (T, S, A) array
    reference : (A,) or (S, A) array
    """
    check_mdp(mdp)
    r = np.broadcast_to(check_reward(mdp, reward), (mdp.n_actions, mdp.n_states)).T
    log_reference = check_reference(mdp, reference).T
    policy = np.asarray(policy, dtype=float)
    visits = expected_visitations(mdp, policy)
    acting = visits > 0
    log_ratio = np.log(np.where(policy > 0, policy, 1.0)) - np.where(policy > 0, log_reference, 0.0)
    divergence = np.where(acting, visits * np.where(acting, log_ratio, 0.0), 0.0).sum()
    return float((visits * r).sum()), float(divergence)


def reward_kl_frontier(mdp: MDP, reward: ArrayLike, reference: ArrayLike, temperatures: ArrayLike) -> Frontier:
    """Compute the frontier of reward against divergence from a reference policy.

    Parameters
    ----------
    mdp : MDP
    reward : (S,) or (S, A) array
    reference : (A,) or (S, A) array
        The prior.
    temperatures : (K,) array of positive numbers
        beta, in units of reward per nat.

    Returns
    -------
    Frontier
    """
    betas = check_temperatures(temperatures)
    solutions = tuple(soft_value_iteration(mdp, reward, temperature=beta, action_prior=reference) for beta in betas)
    points = [reward_divergence(mdp, reward, solution.policy, reference) for solution in solutions]
    earned, divergence = np.array(points).T
    return Frontier(betas, earned, divergence, solutions)


def desirability(mdp: MDP, reward: ArrayLike, reference: ArrayLike, *, temperature: float = 1.0) -> NDArray:
    """Solve undiscounted exact inference by one linear system.

    Under deterministic dynamics this is also the variational solution, the linearly solvable problem of KL control.

    Parameters
    ----------
    mdp : MDP
        Undiscounted, infinite horizon, with terminal states or `ending`.
    reward : (S,) or (S, A) array
    reference : (A,) or (S, A) array
    temperature : float > 0

    Returns
    -------
    (S,) array
        z = exp(V / temperature); 0 where V / temperature is below about -700, the limit of floating point.

    Raises
    ------
    ImproperProblemError
        If the rewards of a cycle are so high that no finite solution exists.
    ValueError
        For a discount, with which the equation is not linear, or a horizon, with which z depends on time.
    """
    require_episodes(mdp, "desirability()")
    beta = check_temperature(temperature, finite_positive=True)
    S, A = mdp.n_states, mdp.n_actions
    with np.errstate(over="ignore"):
        weight = np.exp(check_reference(mdp, reference) + np.broadcast_to(check_reward(mdp, reward), (A, S)) / beta)
    weight *= mdp.structure.usable_exact
    if not np.isfinite(weight).all():
        raise ImproperProblemError(
            "exp(reward / temperature) overflows: make rewards smaller or the temperature larger"
        )
    tilted = sparse.vstack([sparse.diags_array(row) for row in weight], format="csr")  # (A * S, S): p exp(r / beta)
    passive = sparse.csr_array(tilted.T @ mdp.transitions)
    ended = np.zeros(S) if mdp.ending is None else (weight * mdp.ending.T).sum(axis=0)
    ended = ended + passive @ mdp.terminal.astype(float)
    going = np.flatnonzero(~mdp.terminal)
    system = sparse.eye_array(len(going), format="csc") - sparse.csc_array(passive[going][:, going])
    # All entries of (I - G)^{-1} 1 are positive exactly where the spectral radius of G is below 1.
    try:
        solved = splu(system).solve(np.column_stack([ended[going], np.ones(len(going))]))
    except RuntimeError:
        solved = np.full((len(going), 2), -1.0)
    if not (solved[:, 1] > 0).all():
        raise ImproperProblemError(
            "no finite desirability: cycles pay more than they cost; make rewards smaller or the temperature larger"
        )
    z = np.ones(S)
    z[going] = np.maximum(solved[:, 0], 0.0)
    return z
