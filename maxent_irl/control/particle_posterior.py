r"""The posterior over trajectories by sequential Monte Carlo: particles that act, are weighted by reward, and are resampled.

Particles follow a proposal policy q and the true dynamics. After a decision a particle's weight is multiplied by

.. math::

    \frac{p(a \mid s)}{q(a \mid s)} \, e^{r(s,a) / \alpha} \, \frac{\psi_{t+1}(s')}{\psi_t(s)} ,

and when the effective number of particles falls, they are resampled in proportion to their weights. The target is that of
`message_passing`, p(tau | O = 1), which tilts the dynamics. The product of the mean weights estimates the evidence without bias.

With :math:`\psi = 1` particles do not see ahead: those that survive share ancestors, and early decisions rest on few of them.
:math:`\psi = \exp(V / \alpha)` with approximate values V looks ahead. With the exact backward messages, the posterior policy and
deterministic dynamics, all weights are equal.

Sources: Levine, S. (2018), Reinforcement learning and control as probabilistic inference, arXiv:1805.00909 (the target);
Gordon, N. J., Salmond, D. J., & Smith, A. F. M. (1993), Novel approach to nonlinear/non-Gaussian Bayesian state estimation, IEE
Proceedings F 140(2), 107-113; Piche, A., Thomas, V., Ibrahim, C., Bengio, Y., & Pal, C. (2019), Probabilistic planning with
sequential Monte Carlo methods, ICLR (values as look-ahead). What differs from the last: proposal and values are tables that the
caller gives, and nothing is learnt.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import logsumexp

from .._checks import check_count, check_interval, check_numbers, check_temperature
from ..demonstrations.draws import Outcomes, entries, generator, row_keys
from ..mdp import MDP, check_mdp
from ..mdp.policies import check_policy
from ..mdp.process import check_action_prior, check_reward
from .limits import uniform_prior


@dataclass(frozen=True, eq=False)
class ParticlePosterior:
    """Weighted trajectories that approximate p(tau | O = 1).

    Attributes
    ----------
    states : (T + 1, n) int array
        State of each surviving trajectory at each time; -1 once the episode is over, after an action or a terminal state.
    actions : (T, n) int array
        -1 once the episode is over.
    weights : (n,) array
        Of the trajectories; they sum to 1.
    log_evidence : float
        Estimate of log p(O = 1). Its exponential is unbiased, so that it is too low on average.
    effective_size : (T,) array
        Effective number of particles after each decision, before resampling.
    n_resampled : int
        How often particles were resampled.
    n_ancestors : (T + 1,) array
        Number of different particles of each time that surviving trajectories go through.
    """

    states: NDArray  # (T + 1, n) int
    actions: NDArray  # (T, n) int
    weights: NDArray  # (n,)
    log_evidence: float
    effective_size: NDArray  # (T,)
    n_resampled: int
    n_ancestors: NDArray  # (T + 1,) int
    n_states: int

    @property
    def state_marginals(self) -> NDArray:
        """Estimate of p(s_t = s | O), (T + 1, S). Episodes that were over before do not count."""
        out = np.zeros((len(self.states), self.n_states))
        for row, states in zip(out, self.states, strict=True):
            running = states >= 0
            row += np.bincount(states[running], self.weights[running], minlength=self.n_states)
        return out


def particle_posterior(
    mdp: MDP,
    reward: ArrayLike,
    n_particles: int,
    *,
    temperature: float = 1.0,
    action_prior: ArrayLike | None = None,
    proposal: ArrayLike | None = None,
    values: ArrayLike | None = None,
    resample_below: float = 0.5,
    random_state: Any = None,
) -> ParticlePosterior:
    """Approximate the posterior over trajectories by weighted particles.

    Parameters
    ----------
    mdp : MDP
        With a horizon T, undiscounted. For a discount, use `terminating` and a horizon.
    reward : (S,) or (S, A) array
    n_particles : int
    temperature : float > 0
    action_prior : (A,) or (S, A) array, optional
        None: p = 1.
    proposal : (S, A) or (T, S, A) array, optional
        q(a|s), positive wherever the posterior is. None: the prior, or uniform without one.
    values : (S,) or (T + 1, S) array, optional
        Approximate soft values in units of reward, for look-ahead. They change the noise and not the target. None: 0.
    resample_below : float in [0, 1]
        Resample where the effective number of particles falls below this share of them.
    random_state : None, int, numpy Generator, or numpy RandomState

    Returns
    -------
    ParticlePosterior

    Raises
    ------
    ValueError
        For an infinite horizon or a discount, for arguments out of range, and if no particle survives, naming the time.
    """
    check_mdp(mdp)
    if mdp.horizon is None or mdp.discount != 1.0:
        raise ValueError(
            f"particles need a finite horizon and discount 1; got horizon {mdp.horizon}, discount {mdp.discount:g}: use "
            "terminating(mdp).replace(horizon=...)"
        )
    n, alpha = check_count("n_particles", n_particles), check_temperature(temperature, finite_positive=True)
    share = check_interval("resample_below", resample_below, 0.0, 1.0, closed="both")
    S, A, T = mdp.n_states, mdp.n_actions, mdp.horizon
    log_prior = check_action_prior(mdp, action_prior)
    given = proposal
    if given is None:
        given = uniform_prior(mdp) if log_prior is None else np.exp(log_prior.T)
    q = np.broadcast_to(np.swapaxes(check_policy(mdp, given), -1, -2), (T, S, A))
    log_prior = np.where(mdp.available.T, 0.0, -math.inf) if log_prior is None else log_prior
    log_weight = (log_prior + np.broadcast_to(check_reward(mdp, reward), (A, S)) / alpha).T  # (S, A)
    ahead = _look_ahead(mdp, T, values, alpha)
    rng, outcomes = generator(random_state), Outcomes(mdp)

    states, actions = np.full((T + 1, n), -1), np.full((T, n), -1)
    lineage = np.tile(np.arange(n), (T + 1, 1))  # particle of each time that a surviving trajectory goes through
    states[0] = rng.choice(S, n, p=mdp.initial_distribution)
    logs = ahead[0][states[0]]
    log_evidence, n_resampled, size = 0.0, 0, np.empty(T)
    for t in range(T):
        here = states[t]
        running = np.flatnonzero((here >= 0) & ~mdp.terminal[here])
        s = here[running]
        stuck = q[t][s].sum(axis=1) <= 0.0
        logs[running[stuck]] = -math.inf
        running, s = running[~stuck], s[~stuck]
        if len(running):
            u = rng.random((2, len(running)))
            a = np.minimum(entries(row_keys(q[t]), s, u[0]) - s * A, A - 1)
            following = outcomes(a * S + s, u[1])
            actions[t, running], states[t + 1, running] = a, following
            with np.errstate(divide="ignore"):
                gain = log_weight[s, a] - np.log(q[t][s, a])
            logs[running] += gain + ahead[t + 1][following] - ahead[t][s]
        total = logsumexp(logs)
        if total == -math.inf:
            raise ValueError(
                f"no particle survives decision {t}: give more particles, or a proposal that avoids dead ends"
            )
        weights = np.exp(logs - total)
        size[t] = 1.0 / (weights**2).sum()
        if t < T - 1 and size[t] < share * n:
            log_evidence += total - math.log(n)
            kept = _systematic(weights, rng)
            states[: t + 2], actions[: t + 1] = states[: t + 2, kept], actions[: t + 1, kept]
            lineage[: t + 1] = lineage[: t + 1, kept]
            lineage[t + 1] = kept
            logs = np.zeros(n)
            n_resampled += 1
    total = logsumexp(logs)
    n_ancestors = np.array([len(np.unique(row)) for row in lineage])
    return ParticlePosterior(
        states,
        actions,
        np.exp(logs - total),
        float(log_evidence + total - math.log(n)),
        size,
        n_resampled,
        n_ancestors,
        S,
    )


def _look_ahead(mdp: MDP, T: int, values: ArrayLike | None, alpha: float) -> NDArray:
    """log psi, (T + 1, S + 1): 0 at the horizon, in terminal states, and in the last entry, which index -1 finds after an end."""
    S = mdp.n_states
    V = check_numbers("values", np.zeros(S) if values is None else values)
    if V.shape not in ((S,), (T + 1, S)):
        raise ValueError(f"values must have shape ({S},) or ({T + 1}, {S}); got {V.shape}")
    if np.isnan(V).any():
        raise ValueError(
            f"values must not be nan; it is at state {np.argwhere(np.isnan(V))[0][-1]}: use -inf for dead ends"
        )
    log_psi = np.zeros((T + 1, S + 1))
    # A dead end has value -inf; a particle that gets there dies in the next step, and may be weighted as any other until then.
    log_psi[:, :S] = np.where(np.isfinite(V) & ~mdp.terminal, V / alpha, 0.0)
    log_psi[T] = 0.0
    return log_psi


def _systematic(weights: NDArray, rng: np.random.Generator) -> NDArray:
    """Indices of n particles drawn with one uniform number: each as often as n times its weight, up to one."""
    n = len(weights)
    edges = np.cumsum(weights)
    return np.minimum(np.searchsorted(edges / edges[-1], (rng.random() + np.arange(n)) / n), n - 1)
