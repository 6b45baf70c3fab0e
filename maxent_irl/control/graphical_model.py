r"""The graphical model of control as inference: optimality variables, messages, and the exact posterior over trajectories.

Every decision of a finite-horizon problem has a binary variable :math:`O_t` with :math:`\log p(O_t = 1 \mid s, a) = r(s,a) /
\alpha`. Where r > 0 this is an unnormalised weight, not a probability. Observing that all of them are 1 turns planning into
inference in a hidden Markov model. Its messages, with any action prior p(a|s), are

.. math::

    \beta_t(s,a) &= p(O_{t:T} \mid s_t = s, a_t = a) = e^{r(s,a) / \alpha} \sum_{s'} P(s' \mid s,a) \, \beta_{t+1}(s'), \qquad
    \beta_t(s) = \sum_a p(a \mid s) \, \beta_t(s,a), \\
    f_{t+1}(s') &= p(s_{t+1} = s', O_{0:t}) = \sum_{s,a} f_t(s) \, p(a \mid s) \, e^{r(s,a) / \alpha} P(s' \mid s,a) .

They give the evidence :math:`p(O) = \sum_s p(s_0 = s) \beta_0(s)` and the posterior :math:`p(\tau \mid O) \propto p(\tau)
\exp(R(\tau) / \alpha)`, both exactly. :math:`\alpha \log \beta` is the soft value of exact inference. The messages are computed
by sum-product alone, so they check `soft_value_iteration` independently.

Sources: Levine, S. (2018), Reinforcement learning and control as probabilistic inference: tutorial and review,
arXiv:1805.00909, sections 2.3 and 2.4; Rabiner, L. R. (1989), A tutorial on hidden Markov models, Proceedings of the IEEE
77(2), 257-286 (forward and backward messages).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import sparse
from scipy.special import logsumexp

from .._checks import check_temperature
from ..demonstrations import Demonstrations
from ..demonstrations.labelled import as_demonstrations
from ..demonstrations.sampling import sample_demonstrations
from ..mdp import MDP, check_mdp
from ..mdp.process import check_action_prior, check_reward


@dataclass(frozen=True, eq=False)
class TrajectoryPosterior:
    """The distribution of trajectories given that every decision was optimal, p(tau | O = 1), and its messages.

    Attributes
    ----------
    log_backward : (T + 1, S) array
        log beta_t(s); 0 at the horizon and in terminal states, -inf in dead ends.
    log_backward_pairs : (T, S, A) array
        log beta_t(s, a); -inf where an action is unavailable.
    log_forward : (T + 1, S) array
        log p(s_t = s, O_0 = ... = O_{t-1} = 1). Episodes that have ended do not count.
    log_evidence : float
        log p(O = 1): the soft value of the initial distribution under exact inference, divided by the temperature.
    log_optimality : (S, A) array
        log p(O | s, a) = r(s, a) / temperature.
    log_prior : (S, A) array
        log p(a | s), 0 for no prior; -inf where an action is unavailable.
    mdp : MDP
    temperature : float
    """

    log_backward: NDArray  # (T + 1, S)
    log_backward_pairs: NDArray  # (T, S, A)
    log_forward: NDArray  # (T + 1, S)
    log_evidence: float
    log_optimality: NDArray  # (S, A)
    log_prior: NDArray  # (S, A)
    mdp: MDP
    temperature: float

    @cached_property
    def policy(self) -> NDArray:
        """Posterior of the action given the state and optimality from then on, p(a_t | s_t, O); (T, S, A)."""
        shift = np.where(np.isfinite(self.log_backward[:-1]), self.log_backward[:-1], 0.0)
        return np.exp(self.log_prior + self.log_backward_pairs - shift[:, :, None])

    @cached_property
    def state_marginals(self) -> NDArray:
        """p(s_t = s | O), (T + 1, S). Row t sums to the probability that the episode did not end before time t."""
        return np.exp(self.log_forward + self.log_backward - self.log_evidence)

    @cached_property
    def pair_marginals(self) -> NDArray:
        """p(s_t = s, a_t = a | O), the expected visitations of the posterior; (T, S, A)."""
        log_pairs = self.log_forward[:-1, :, None] + self.log_prior + self.log_backward_pairs
        return np.exp(log_pairs - self.log_evidence)

    def transition_marginals(self, time: int) -> sparse.csr_array:
        """p(s_t = s, a_t = a, s_{t+1} = s' | O) at one time, 0..T - 1; CSR of shape (A * S, S), row ``a * S + s``."""
        time = self._check_time(time)
        rows, P = self._rows, self.mdp.transitions
        logs = self._log_weights[rows] + np.log(P.data) + self.log_backward[time + 1][P.indices]
        logs += self.log_forward[time][rows % self.mdp.n_states] - self.log_evidence
        return sparse.csr_array((np.exp(logs), P.indices, P.indptr), shape=P.shape)

    def posterior_dynamics(self, time: int) -> sparse.csr_array:
        """p(s_{t+1} = s' | s_t = s, a_t = a, O) at one time, 0..T - 1; CSR like the MDP's transitions.

        Under stochastic dynamics they differ from the true ones, because outcomes of high value are given more probability.
        """
        time = self._check_time(time)
        rows, P = self._rows, self.mdp.transitions
        log_future = self.log_backward_pairs[time].T.ravel() - self.log_optimality.T.ravel()
        shift = np.where(np.isfinite(log_future), log_future, 0.0)
        logs = np.log(P.data) + self.log_backward[time + 1][P.indices] - shift[rows]
        return sparse.csr_array((np.exp(logs), P.indices, P.indptr), shape=P.shape)

    def sample(self, n_trajectories: int, *, random_state: Any = None) -> Demonstrations:
        """Draw trajectories from the posterior.

        Under stochastic dynamics the transitions are drawn from `posterior_dynamics`, which no agent can choose. For
        demonstrations that an agent could produce, use `sample_demonstrations` with a variational policy. Trajectories that
        would start in a terminal state are not drawn, because they hold no decision.

        Parameters
        ----------
        n_trajectories : int
        random_state : None, int, numpy Generator, or numpy RandomState

        Returns
        -------
        Demonstrations
        """
        S = self.mdp.n_states
        chain, policy = self._unrolled
        drawn = sample_demonstrations(chain, policy, n_trajectories, random_state=random_state)
        final = np.where(drawn.final_states < 0, -1, drawn.final_states % S)
        over = (final < 0) | self.mdp.terminal[final]  # in the unrolled chain the horizon looks like an end too
        return drawn.changed(states=drawn.states % S, final_states=final, terminated=over)

    @cached_property
    def _unrolled(self) -> tuple[MDP, NDArray]:
        """The posterior as a Markov chain over (time, state), state ``t * S + s``, and its policy ((T + 1) * S, A)."""
        mdp, T = self.mdp, self._n_decisions
        S, A = mdp.n_states, mdp.n_actions
        size = (T + 1) * S
        steps = [self.posterior_dynamics(t).tocoo() for t in range(T)]
        action, state = np.divmod(np.concatenate([step.coords[0] for step in steps]), S)
        time = np.repeat(np.arange(T), [step.nnz for step in steps])
        following = np.concatenate([step.coords[1] for step in steps])
        chain = sparse.coo_array(
            (
                np.concatenate([step.data for step in steps]),
                (action * size + time * S + state, (time + 1) * S + following),
            ),
            shape=(A * size, size),
        )
        policy = np.concatenate([self.policy.reshape(T * S, A), np.zeros((S, A))])
        ending = None
        if mdp.ending is not None:
            with np.errstate(divide="ignore"):
                future = self.log_backward_pairs - self.log_optimality
                ending = np.exp(np.log(mdp.ending) - np.where(np.isfinite(future), future, math.inf))
            ending = np.concatenate([ending.reshape(T * S, A), np.zeros((S, A))])
        terminal = np.concatenate([np.tile(mdp.terminal, T), np.ones(S, dtype=bool)])
        initial = np.concatenate([self.state_marginals[0], np.zeros(T * S)])
        initial /= initial.sum()  # the sum differs from 1 by rounding
        whole = MDP.from_stacked(
            chain.tocsr(), A, initial=initial, terminal=terminal, available=policy > 0, ending=ending
        )
        return whole, policy

    def log_probability(self, demonstrations: Any) -> NDArray:
        """Return log p(tau | O) of trajectories, (n,), in nats.

        For a trajectory cut before the horizon, this is the total probability of all its continuations. The same holds where
        the final state is unknown. A trajectory that terminated without a final state ended with its last action
        (`mdp.ending`); where that is impossible, it ended in one of the terminal states.

        Parameters
        ----------
        demonstrations : Demonstrations, or what its constructor takes

        Raises
        ------
        ValueError
            For trajectories that cannot happen in the MDP, naming trajectory and step. For trajectories with goals, because each
            goal makes another MDP.
        """
        demos = as_demonstrations(demonstrations)
        demos.validate_against(self.mdp)
        if demos.goals is not None:
            raise ValueError(
                "each goal makes another MDP: select the trajectories of one goal, and use the posterior of mdp.with_goal(goal)"
            )
        mdp, final, last = self.mdp, demos.final_states, demos.offsets[1:] - 1
        pairs, following = demos.actions * mdp.n_states + demos.states, demos.next_states
        known = following >= 0
        chance = np.ones(len(pairs))  # probability of what followed each decision
        chance[known] = mdp.transitions[pairs[known], following[known]]
        # Terminated in an unknown state: with the action where that is possible, otherwise in some terminal state.
        over = demos.terminated & ~((final >= 0) & mdp.terminal[final])
        ended = pairs[last[over]]
        with_action = np.zeros(len(ended)) if mdp.ending is None else mdp.ending.T.ravel()[ended]
        arrived = (mdp.transitions @ mdp.terminal.astype(float))[ended]
        chance[last[over]] = np.where(with_action > 0, with_action, arrived)

        future = np.zeros(len(demos))  # log probability of optimality after the recorded decisions
        cut = ~demos.terminated & (final >= 0)
        future[cut] = self.log_backward[demos.lengths[cut], final[cut]]
        vague = last[~demos.terminated & (final < 0)]
        s, a = demos.states[vague], demos.actions[vague]
        future[~demos.terminated & (final < 0)] = (
            self.log_backward_pairs[demos.times[vague], s, a] - self.log_optimality[s, a]
        )
        with np.errstate(divide="ignore"):
            steps = self._log_weights[pairs] + np.log(chance)
            first = np.log(mdp.initial_distribution[demos.states[demos.offsets[:-1]]])
        return first + np.add.reduceat(steps, demos.offsets[:-1]) + future - self.log_evidence

    def _check_time(self, time: int) -> int:
        T = self._n_decisions
        if isinstance(time, bool) or not isinstance(time, int | np.integer) or not 0 <= time < T:
            raise ValueError(f"time must be that of a decision, an integer in 0..{T - 1}; got {time!r}")
        return int(time)

    @property
    def _n_decisions(self) -> int:
        """The horizon T."""
        return len(self.log_backward_pairs)

    @cached_property
    def _rows(self) -> NDArray:
        """Row of the transition matrix of each of its entries, (nnz,)."""
        P = self.mdp.transitions
        return np.repeat(np.arange(P.shape[0]), np.diff(P.indptr))

    @cached_property
    def _log_weights(self) -> NDArray:
        """log p(a|s) + log p(O|s,a), flat (A * S,)."""
        return (self.log_prior + self.log_optimality).T.ravel()


def message_passing(
    mdp: MDP, reward: ArrayLike, *, temperature: float = 1.0, action_prior: ArrayLike | None = None
) -> TrajectoryPosterior:
    """Infer the posterior over trajectories by forward and backward messages, in log space.

    Parameters
    ----------
    mdp : MDP
        With a horizon, undiscounted. To model a discount, give the probability of ending as `ending`.
    reward : (S,) or (S, A) array
    temperature : float > 0
        alpha, in units of reward.
    action_prior : (A,) or (S, A) array, optional
        p(a|s). None: p = 1. If all states offer equally many actions, the posterior is the same as under a uniform prior.

    Returns
    -------
    TrajectoryPosterior

    Raises
    ------
    ValueError
        For an infinite horizon or a discount. If no trajectory is possible.

    References
    ----------
    See the module's docstring.

    Examples
    --------
    >>> from maxent_irl import MDP
    >>> from maxent_irl.control import message_passing
    >>> choice = MDP.from_successors([[1, 1], [-1, -1]], terminal=[1], horizon=1, initial=[1.0, 0.0])
    >>> posterior = message_passing(choice, [[1.0, 0.0], [0.0, 0.0]])
    >>> print(f"{posterior.log_evidence:.6f}", posterior.policy[0, 0].round(6))
    1.313262 [0.731059 0.268941]
    """
    check_mdp(mdp)
    if mdp.horizon is None or mdp.discount != 1.0:
        raise ValueError(
            f"messages need a finite horizon and discount 1; got horizon {mdp.horizon}, discount {mdp.discount:g}: use "
            "mdp.replace(horizon=..., discount=1.0), or soft_value_iteration for the discounted fixed point"
        )
    alpha = check_temperature(temperature, finite_positive=True)
    S, A, T = mdp.n_states, mdp.n_actions, mdp.horizon
    log_optimality = np.broadcast_to(check_reward(mdp, reward) / alpha, (A, S))
    log_prior = check_action_prior(mdp, action_prior)
    log_prior = np.where(mdp.available.T, 0.0, -math.inf) if log_prior is None else log_prior
    with np.errstate(divide="ignore"):
        log_ending = np.log(np.zeros(A * S) if mdp.ending is None else mdp.ending.T.ravel())
        log_initial = np.log(mdp.initial_distribution)

    log_backward, pairs = np.zeros((T + 1, S)), np.empty((T, A, S))
    for t in range(T - 1, -1, -1):
        future = np.logaddexp(log_product(mdp.transitions, log_backward[t + 1]), log_ending)
        pairs[t] = np.where(mdp.available.T, log_optimality + future.reshape(A, S), -math.inf)
        log_backward[t] = np.where(mdp.terminal, 0.0, logsumexp(log_prior + pairs[t], axis=0))
    log_evidence = float(logsumexp(log_initial + log_backward[0]))
    if log_evidence == -math.inf:
        raise ValueError(
            f"no trajectory from the initial distribution is possible: within {T} decisions each reaches a state that is not "
            "terminal and offers no action that the prior allows. Allow an action there, or make the state terminal"
        )
    arriving = sparse.csr_array(mdp.transitions.T)
    log_forward = np.empty((T + 1, S))
    log_forward[0] = log_initial
    for t in range(T):
        # No action is available in terminal states (log_prior is -inf there), so their mass is not passed on.
        log_forward[t + 1] = log_product(arriving, (log_forward[t] + log_prior + log_optimality).ravel())
    return TrajectoryPosterior(
        log_backward, pairs.transpose(0, 2, 1), log_forward, log_evidence, log_optimality.T, log_prior.T, mdp, alpha
    )


def log_product(matrix: sparse.csr_array, log_vector: NDArray) -> NDArray:
    """``log(matrix @ exp(log_vector))`` without overflow, row by row; -inf for empty rows."""
    out = np.full(matrix.shape[0], -math.inf)
    filled = np.flatnonzero(np.diff(matrix.indptr))
    if len(filled) == 0:
        return out
    starts = matrix.indptr[:-1][filled]
    logs = np.log(matrix.data) + log_vector[matrix.indices]
    top = np.maximum.reduceat(logs, starts)
    shift = np.where(np.isfinite(top), top, 0.0)  # -inf - -inf would be NaN
    total = np.add.reduceat(np.exp(logs - np.repeat(shift, np.diff(matrix.indptr)[filled])), starts)
    with np.errstate(divide="ignore"):
        out[filled] = shift + np.log(total)
    return out
