"""Learning from sampled transitions: the walkers that act in an MDP, and the loop of every model-free member.

A learner sees states, actions, rewards and next states, but never the transition matrix. Many walkers simulate the MDP in
parallel, so one step of all of them is a minibatch. A walker restarts with probability ``1 - discount`` a step. The states of
the walkers are therefore distributed like the discounted visitations of their policy, as in `expected_visitations`.

Source of the step sizes: Wainwright, M. J. (2019), Stochastic approximation with cone-contractive operators: sharp l-infinity
bounds for Q-learning, arXiv:1905.06265.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .._checks import check_count, check_interval, check_positive
from ..demonstrations.draws import Outcomes, entries, generator, row_keys
from ..mdp import MDP
from ..mdp.process import check_action_prior, check_reward
from ._requirements import require_discounted

RECORDS = 100  # at most, in a learning curve


@dataclass(frozen=True, eq=False)
class SampledSolution:
    """The answer of a model-free member, and its learning curves.

    Attributes
    ----------
    V : (S,) array
        Soft value, in units of reward; 0 in terminal states.
    Q : (S, A) array
        Soft action value; -inf where an action is unavailable.
    policy : (S, A) array
    temperature : float
        As given, or as tuned.
    entropy : float
        Mean entropy of the policy over the states visited in the last tenth of the run, in nats per decision. With an action
        prior it is relative to the prior.
    converged : bool
        Whether V changed by at most `tol` over the last tenth of the run. With a tuned temperature, its relative change and the
        distance of the entropy from its target are also at most `tol`. This does not bound the distance from the exact answer.
    n_iter : int
        Number of minibatches.
    n_samples : int
        Number of transitions.
    residual : float
        Largest change of V over the last tenth of the run.
    samples_curve : (K,) array
        Number of transitions at each record; the other curves have the same records.
    value_curve : (K, S) array
        V.
    error_curve : (K,) array
        Root mean square of the temporal differences of the minibatch.
    temperature_curve : (K,) array
    entropy_curve : (K,) array
        Mean entropy of the acting policy over the walkers.
    """

    V: NDArray  # (S,)
    Q: NDArray  # (S, A)
    policy: NDArray  # (S, A)
    temperature: float
    entropy: float
    converged: bool
    n_iter: int
    n_samples: int
    residual: float
    samples_curve: NDArray  # (K,) int
    value_curve: NDArray  # (K, S)
    error_curve: NDArray  # (K,)
    temperature_curve: NDArray  # (K,)
    entropy_curve: NDArray  # (K,)


class Minibatch(NamedTuple):
    """Transitions of n walkers."""

    states: NDArray  # (n,) int
    pairs: NDArray  # (n,) int: a * S + s
    rewards: NDArray  # (n,)
    next_states: NDArray  # (n,) int, -1 where the episode ended with the action


class Problem:
    """The problem as a learner may use it: shape, allowed actions, prior and discount, but not the dynamics.

    Parameters
    ----------
    mdp : MDP
    reward : (S,) or (S, A) array
        Reward of each transition.
    action_prior : (A,) or (S, A) array, optional

    Attributes
    ----------
    shape : (A, S)
    reward : (A * S,) array
        Of each pair ``a * S + s``.
    log_prior : (A, S) array or None
    allowed : (A, S) bool array
        Actions that are available and that the prior allows.
    """

    def __init__(self, mdp: MDP, reward: ArrayLike, action_prior: ArrayLike | None) -> None:
        require_discounted(mdp, "a walker, which restarts with probability 1 - discount,")
        self.mdp = mdp
        self.shape = (mdp.n_actions, mdp.n_states)
        self.reward = np.broadcast_to(check_reward(mdp, reward), self.shape).ravel()
        self.log_prior = check_action_prior(mdp, action_prior)
        self.allowed = mdp.available.T if self.log_prior is None else np.isfinite(self.log_prior)

    def without_terminal(self, values: NDArray) -> NDArray:
        """Values (S,) with 0 in terminal states, and a last entry 0, which index -1 finds after an end; (S + 1,)."""
        return np.append(np.where(self.mdp.terminal, 0.0, values), 0.0)

    def relative_log(self, policy: NDArray) -> NDArray:
        """log pi / p, (A, S), 0 where the policy is 0."""
        log_ratio = np.log(np.where(policy > 0, policy, 1.0))
        return log_ratio if self.log_prior is None else np.where(policy > 0, log_ratio - self.log_prior, 0.0)

    def entropy(self, policy: NDArray) -> NDArray:
        """Entropy of a policy (A, S) in every state, relative to the prior if there is one; (S,), nats."""
        return -np.einsum("as,as->s", policy, self.relative_log(policy))


class Walkers:
    """Simulations of an MDP that advance together.

    Parameters
    ----------
    problem : Problem
    n_walkers : int
    exploration : float in [0, 1]
        Probability that a walker takes a uniformly random allowed action instead of the policy's.
    rng : Generator
    """

    def __init__(self, problem: Problem, n_walkers: int, exploration: float, rng: np.random.Generator) -> None:
        self.problem, self.rng = problem, rng
        self.exploration = check_interval("exploration", exploration, 0.0, 1.0, closed="both", why=", a probability")
        mdp = problem.mdp
        start = np.where(mdp.terminal, 0.0, mdp.initial_distribution)
        if not start.any():
            raise ValueError(
                "every initial state is terminal, so no decision would be sampled: give the MDP another initial="
            )
        self._start = np.cumsum(start / start.sum())
        self._outcomes = Outcomes(mdp)
        self._uniform = problem.allowed / np.maximum(1, problem.allowed.sum(axis=0))
        self.states = self._restarted(rng.random(n_walkers))

    def _restarted(self, u: NDArray) -> NDArray:
        """Initial states for uniform numbers u."""
        return np.minimum(np.searchsorted(self._start, u, side="right"), self.problem.mdp.n_states - 1)

    def step(self, policy: NDArray) -> Minibatch:
        """Let every walker take one action of the policy (A, S)."""
        mdp, s = self.problem.mdp, self.states
        A, S = self.problem.shape
        u = self.rng.random((4, len(s)))
        acting = policy if self.exploration == 0.0 else policy + self.exploration * (self._uniform - policy)
        a = entries(row_keys(acting.T), s, u[0]) - s * A
        pairs = a * S + s
        following = self._outcomes(pairs, u[1])
        over = (following < 0) | mdp.terminal[following] | (u[2] >= mdp.discount)
        self.states = np.array(following)
        self.states[over] = self._restarted(u[3, over])
        return Minibatch(s, pairs, self.problem.reward[pairs], following)


class TabularRegression:
    r"""Regress a table on targets by stochastic approximation, with a separate step size for every entry.

    The step size of the n-th target of an entry is :math:`(1 + (1 - \gamma) n)^{-\omega}`. Several targets of one minibatch
    count one after another. With step sizes 1/n, the influence of the initial value decays like :math:`n^{-(1 - \gamma)}`.
    With the factor :math:`1 - \gamma` it decays like 1/n.

    Parameters
    ----------
    size : int
        Number of entries.
    decay : float in (0.5, 1]
        omega.
    discount : float
        gamma.
    """

    def __init__(self, size: int, decay: float, discount: float) -> None:
        why = ", where stochastic approximation converges"
        self.decay = check_interval("step_decay", decay, 0.5, 1.0, closed="right", why=why)
        self.size, self.rescaling = size, 1.0 - discount
        self.seen = np.zeros(size)

    def __call__(self, table: NDArray, indices: NDArray, targets: NDArray) -> None:
        """Update a flat table (size,) in place, by targets (n,) of the entries at indices (n,)."""
        times = np.bincount(indices, minlength=self.size)
        total = np.bincount(indices, targets, minlength=self.size)
        hit = np.flatnonzero(times)
        self.seen[hit] += times[hit]
        gain = 1.0 - (1.0 - (1.0 + self.rescaling * self.seen[hit]) ** -self.decay) ** times[hit]
        table[hit] += gain * (total[hit] / times[hit] - table[hit])


class Learner(Protocol):
    """What a model-free member implements."""

    temperature: float
    target_entropy: float | None  # nats; None where the temperature is fixed

    def acting(self) -> NDArray:
        """Policy (A, S) for the next minibatch."""

    def update(self, batch: Minibatch) -> NDArray:
        """Learn from n transitions; return the temporal differences, (n,)."""

    def answer(self) -> tuple[NDArray, NDArray, NDArray, float]:
        """V (S,), Q (A, S), policy (A, S) and temperature, averaged so far."""


def learn(
    problem: Problem,
    learner: Learner,
    *,
    n_walkers: int,
    n_steps: int,
    exploration: float,
    tol: float,
    random_state: Any,
) -> SampledSolution:
    """Run a learner for `n_steps` minibatches, and record its progress at times evenly spaced on a log scale."""
    n_walkers, n_steps = check_count("n_walkers", n_walkers), check_count("n_steps", n_steps)
    tol = check_positive("tol", tol, or_zero=True)
    walkers = Walkers(problem, n_walkers, exploration, generator(random_state))
    records = set(np.geomspace(1, n_steps, RECORDS).astype(int).tolist())
    late = max(1, round(0.9 * n_steps))
    curves: list[tuple[int, NDArray, float, float, float]] = []
    visited = np.zeros(problem.mdp.n_states)
    for step in range(1, n_steps + 1):
        policy = learner.acting()
        batch = walkers.step(policy)
        errors = learner.update(batch)
        if step == late:
            V_late, *_, temperature_late = learner.answer()
        if step >= late:
            visited += np.bincount(batch.states, minlength=len(visited))
        if step in records:
            error, entropy = np.sqrt(np.mean(errors**2)), problem.entropy(policy)[batch.states].mean()
            curves.append((step * n_walkers, learner.answer()[0], float(error), learner.temperature, float(entropy)))
    V, Q, policy, temperature = learner.answer()
    residual = float(np.abs(V - V_late).max()) if late < n_steps else np.inf
    entropy = float(visited @ problem.entropy(policy) / visited.sum())
    tuned = True
    if learner.target_entropy is not None:
        tuned = max(abs(entropy - learner.target_entropy), abs(temperature / temperature_late - 1.0)) <= tol
    samples, values, errors, temperatures, entropies = (np.array(column) for column in zip(*curves, strict=True))
    return SampledSolution(
        V,
        np.where(problem.mdp.available, Q.T, -np.inf),
        policy.T,
        float(temperature),
        entropy,
        bool(residual <= tol and tuned),
        n_steps,
        n_steps * n_walkers,
        residual,
        samples,
        values,
        errors,
        temperatures,
        entropies,
    )
