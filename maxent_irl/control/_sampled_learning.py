"""Learning from sampled transitions: walkers that act in an MDP, and the loop that every model-free member runs.

A learner sees states, actions, rewards and next states, never the transition matrix. Many walkers act at once, so that one step
of numpy is a minibatch. They are restarted with probability ``1 - discount`` a step, so that where they are found is where the
discounted visitations of their policy are: averages over a minibatch estimate averages under `expected_visitations`.

Source of the step sizes: Wainwright, M. J. (2019), Stochastic approximation with cone-contractive operators: sharp l-infinity
bounds for Q-learning, arXiv:1905.06265.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .._draws import Outcomes, generator, row_keys
from .._validation import check_action_prior, check_count, check_interval, check_positive, check_reward
from ..mdp import MDP
from ._requirements import require_discounted


@dataclass(frozen=True, eq=False)
class SampledSolution:
    """What a model-free member learnt, and how it got there.

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
        Mean entropy of the policy (relative to the prior where there is one) over the states met in the last tenth of the run,
        nats per decision.
    converged : bool
        Whether V had come to rest: it says that more samples would change little, not that the answer is right. With a tuned
        temperature also whether that had, at the entropy asked for.
    n_iter : int
        Minibatches.
    n_samples : int
        Transitions seen.
    residual : float
        Largest change of V over the last tenth of the run.
    samples_curve : (K,) array
        Transitions seen at each record.
    value_curve : (K, S) array
        V at each record.
    error_curve : (K,) array
        Root mean square of the temporal differences of the minibatch at each record.
    temperature_curve, entropy_curve : (K,) arrays
        Temperature, and mean entropy of the acting policy over the walkers, at each record.
    """

    V: NDArray
    Q: NDArray
    policy: NDArray
    temperature: float
    entropy: float
    converged: bool
    n_iter: int
    n_samples: int
    residual: float
    samples_curve: NDArray
    value_curve: NDArray
    error_curve: NDArray
    temperature_curve: NDArray
    entropy_curve: NDArray


class Minibatch(NamedTuple):
    """Transitions of n walkers; `pairs` are ``a * S + s``, a next state of -1 means that the episode ended."""

    states: NDArray  # (n,)
    pairs: NDArray  # (n,)
    rewards: NDArray  # (n,)
    next_states: NDArray  # (n,)


class Problem:
    """What a learner may know: how many states and actions there are, which are allowed, the prior, the discount.

    Parameters
    ----------
    mdp : MDP
    reward : (S,) or (S, A) array
        What each transition pays.
    action_prior : (A,) or (S, A) array, optional
    """

    def __init__(self, mdp: MDP, reward: ArrayLike, action_prior: ArrayLike | None) -> None:
        require_discounted(mdp, "a walker, which restarts with probability 1 - discount,")
        self.mdp = mdp
        self.shape = (mdp.n_actions, mdp.n_states)
        self.reward = np.broadcast_to(check_reward(mdp, reward), self.shape).ravel()
        self.log_prior = check_action_prior(mdp, action_prior)
        self.allowed = mdp.available.T if self.log_prior is None else np.isfinite(self.log_prior)

    def without_terminal(self, values: NDArray) -> NDArray:
        """Values (S,) with 0 in terminal states, and a last entry of 0 for "no state": what index -1 finds."""
        return np.append(np.where(self.mdp.terminal, 0.0, values), 0.0)

    def relative_log(self, policy: NDArray) -> NDArray:
        """log pi / p, (A, S), 0 where the policy does not act."""
        log_ratio = np.log(np.where(policy > 0, policy, 1.0))
        return log_ratio if self.log_prior is None else np.where(policy > 0, log_ratio - self.log_prior, 0.0)

    def entropy(self, policy: NDArray) -> NDArray:
        """Entropy of a policy (A, S) in every state, relative to the prior where there is one; (S,), nats."""
        return -np.einsum("as,as->s", policy, self.relative_log(policy))


class Walkers:
    """Walkers in an MDP, all advanced together.

    Parameters
    ----------
    problem : Problem
    n_walkers : int
    exploration : float in [0, 1]
        Probability of a uniformly random allowed action in place of the policy's.
    rng : Generator
    """

    def __init__(self, problem: Problem, n_walkers: int, exploration: float, rng: np.random.Generator) -> None:
        self.problem, self.rng = problem, rng
        self.exploration = check_interval("exploration", exploration, 0.0, 1.0, closed="both", why=", a probability")
        mdp = problem.mdp
        start = np.where(mdp.terminal, 0.0, mdp.initial_distribution)
        if not start.any():
            raise ValueError(
                "every first state is terminal, so nothing would be decided: give the MDP another initial="
            )
        self._start = np.cumsum(start / start.sum())
        self._outcomes = Outcomes(mdp)
        self._uniform = problem.allowed / np.maximum(1, problem.allowed.sum(axis=0))
        self.states = self._restarted(rng.random(n_walkers))

    def _restarted(self, u: NDArray) -> NDArray:
        return np.minimum(np.searchsorted(self._start, u, side="right"), self.problem.mdp.n_states - 1)

    def step(self, policy: NDArray) -> Minibatch:
        """Let every walker take one action of the policy (A, S)."""
        mdp, s = self.problem.mdp, self.states
        A, S = self.problem.shape
        u = self.rng.random((4, len(s)))
        u[:2] *= 1 - max(len(s), S) * A * 2.0**-52  # row + u, rounded, stays below row + 1
        acting = policy if self.exploration == 0.0 else policy + self.exploration * (self._uniform - policy)
        a = np.searchsorted(row_keys(acting.T), s + u[0], side="right") - s * A
        pairs = a * S + s
        following = self._outcomes(pairs, u[1])
        over = (following < 0) | mdp.terminal[following] | (u[2] >= mdp.discount)
        self.states = np.array(following)
        self.states[over] = self._restarted(u[3, over])
        return Minibatch(s, pairs, self.problem.reward[pairs], following)


class TabularRegression:
    r"""Regress a table on targets by stochastic approximation, with a step size of its own for every entry.

    At its n-th target an entry moves by :math:`(1 + (1 - \gamma) n)^{-\omega}` of the difference; several targets of one
    minibatch move it as if they came one after another. The factor :math:`1 - \gamma` keeps the steps large for about as many
    targets as values need to spread: with steps 1/n a first guess fades like :math:`n^{-(1 - \gamma)}`, with these like 1/n.

    Parameters
    ----------
    size : int
    decay : omega, in (1/2, 1]
    discount : gamma
    """

    def __init__(self, size: int, decay: float, discount: float) -> None:
        why = ", where stochastic approximation converges"
        self.decay = check_interval("step_decay", decay, 0.5, 1.0, closed="right", why=why)
        self.size, self.rescaling = size, 1.0 - discount
        self.seen = np.zeros(size)

    def __call__(self, table: NDArray, entries: NDArray, targets: NDArray) -> None:
        """Move `table`, flat, in place."""
        times = np.bincount(entries, minlength=self.size)
        total = np.bincount(entries, targets, minlength=self.size)
        hit = np.flatnonzero(times)
        self.seen[hit] += times[hit]
        gain = 1.0 - (1.0 - (1.0 + self.rescaling * self.seen[hit]) ** -self.decay) ** times[hit]
        table[hit] += gain * (total[hit] / times[hit] - table[hit])


class Learner(Protocol):
    """A member: how it acts, what it does with a minibatch, and what it has learnt."""

    temperature: float
    target_entropy: float | None  # nats, where the temperature is tuned

    def acting(self) -> NDArray:
        """Policy (A, S) for the next minibatch."""

    def update(self, batch: Minibatch) -> NDArray:
        """Learn; return the temporal differences."""

    def answer(self) -> tuple[NDArray, NDArray, NDArray, float]:
        """V (S,), Q (A, S), policy (A, S) and temperature, as averaged so far."""


def learn(
    problem: Problem,
    learner: Learner,
    *,
    n_walkers: int,
    n_steps: int,
    exploration: float,
    tol: float,
    random_state: Any,
    n_records: int = 100,
) -> SampledSolution:
    """Run a learner for a number of minibatches, recording its progress at times evenly spaced on a log scale."""
    n_walkers, n_steps = check_count("n_walkers", n_walkers), check_count("n_steps", n_steps)
    tol = check_positive("tol", tol, or_zero=True)
    walkers = Walkers(problem, n_walkers, exploration, generator(random_state))
    records = set(np.geomspace(1, n_steps, n_records).astype(int).tolist())
    late = max(1, round(0.9 * n_steps))
    curves: list[tuple] = []
    met = np.zeros(problem.mdp.n_states)
    for step in range(1, n_steps + 1):
        policy = learner.acting()
        batch = walkers.step(policy)
        errors = learner.update(batch)
        if step == late:
            V_late, *_, temperature_late = learner.answer()
        if step >= late:
            met += np.bincount(batch.states, minlength=len(met))
        if step in records:
            entropy = problem.entropy(policy)[batch.states].mean()
            curves.append(
                (step * n_walkers, learner.answer()[0], np.sqrt(np.mean(errors**2)), learner.temperature, entropy)
            )
    V, Q, policy, temperature = learner.answer()
    residual = float(np.abs(V - V_late).max()) if late < n_steps else np.inf
    entropy = float(met @ problem.entropy(policy) / met.sum())
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
