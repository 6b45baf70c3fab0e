"""Slow and obviously right: what the fast code is compared with. numpy only, nothing of maxent_irl.

Three oracles, none of which knows the others: `enumerate_paths` lists every path of a tiny problem (exponential), from which
messages, posteriors, visitations and likelihoods are plain sums; `soft_bellman` sweeps the dense soft Bellman equation; and
`complex_step` differentiates any of it to the last digit, because the dense code is analytic and takes complex rewards.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Problem:
    """A dense MDP: every array in the order its name says, P[s, a, s']; what the constructor of an MDP takes."""

    P: NDArray  # (S, A, S)
    initial: NDArray  # (S,)
    discount: float = 1.0
    horizon: int | None = None
    terminal: NDArray | None = None  # (S,) bool
    available: NDArray | None = None  # (S, A) bool
    ending: NDArray | None = None  # (S, A)

    @property
    def shape(self) -> tuple[int, int]:
        return self.P.shape[:2]

    @property
    def over(self) -> NDArray:
        """(S,) bool: terminal states."""
        return np.zeros(self.shape[0], dtype=bool) if self.terminal is None else self.terminal

    @property
    def open(self) -> NDArray:
        """(S, A) bool: actions that can be taken."""
        mask = np.ones(self.shape, dtype=bool) if self.available is None else self.available
        return mask & ~self.over[:, None]

    @property
    def stop(self) -> NDArray:
        """(S, A): probability that the episode ends with the action."""
        return np.zeros(self.shape) if self.ending is None else self.ending

    def keywords(self) -> dict[str, Any]:
        """Arguments of the constructor beside the transitions."""
        keys = ("initial", "discount", "horizon", "terminal", "available", "ending")
        return {key: getattr(self, key) for key in keys}

    def with_(self, **changes: Any) -> Problem:
        return replace(self, **changes)


# Makers ---------------------------------------------------------------------------------------------------------------

KINDS = {
    "discounted": {"discount": 0.9},
    "discounted, terminal": {"discount": 0.85, "terminal": True},
    "discounted, ending": {"discount": 0.8, "ending": True},
    "discounted, masked": {"discount": 0.8, "masked": True},
    "discount 0": {"discount": 0.0},
    "finite": {"horizon": 5},
    "finite, discounted": {"horizon": 4, "discount": 0.7},
    "finite, everything": {"horizon": 4, "discount": 0.9, "terminal": True, "ending": True, "masked": True},
    "horizon 1": {"horizon": 1},
    "undiscounted, terminal": {"terminal": True},
    "undiscounted, ending": {"ending": True},
    "undiscounted, masked": {"terminal": True, "masked": True, "ending": True},
    "deterministic": {"discount": 0.85, "deterministic": True},
    "deterministic, undiscounted": {"terminal": True, "deterministic": True},
    "deterministic, finite": {"horizon": 5, "deterministic": True, "masked": True},
    "deterministic, finite, discounted": {"horizon": 5, "discount": 0.8, "deterministic": True, "terminal": True},
}


def random_problem(
    rng: np.random.Generator,
    *,
    n_states: int = 4,
    n_actions: int = 3,
    discount: float = 1.0,
    horizon: int | None = None,
    deterministic: bool = False,
    terminal: bool = False,
    ending: bool = False,
    masked: bool = False,
    n_successors: int = 3,
) -> Problem:
    """A random problem. With `terminal` the last state is the end, and action 0 of state s leads to s + 1 (with noise)."""
    S, A = n_states, n_actions
    P = np.zeros((S, A, S))
    for s in range(S):
        for a in range(A):
            where = rng.choice(S, size=1 if deterministic else min(n_successors, S), replace=False)
            P[s, a, where] = rng.dirichlet(np.ones(len(where)))
        if terminal:
            forward = np.eye(S)[min(s + 1, S - 1)]
            P[s, 0] = forward if deterministic else 0.7 * forward + 0.3 * P[s, 0]
    over = np.zeros(S, dtype=bool)
    over[-1] = terminal
    initial = rng.dirichlet(np.ones(S))
    initial[over] = 0.0
    stop = None
    if ending:
        stop = np.where(rng.random((S, A)) < 0.7, 0.2 + 0.6 * rng.random((S, A)), 0.0)
        stop[:, 0] = np.maximum(stop[:, 0], 0.1)
        P = P * (1 - stop)[:, :, None]
    can = None
    if masked:
        can = rng.random((S, A)) < 0.6
        can[:, 0] = True
        P = np.where(can[:, :, None], P, 0.0)
        stop = None if stop is None else np.where(can, stop, 0.0)
    return Problem(P, initial / initial.sum(), discount, horizon, over if terminal else None, can, stop)


def problem_of_kind(kind: str, seed: int = 0, **changes: Any) -> Problem:
    return random_problem(np.random.default_rng([sum(map(ord, kind)), seed]), **{**KINDS[kind], **changes})


def random_prior(rng: np.random.Generator, problem: Problem) -> NDArray:
    """A random action prior p[s, a], zero where the action cannot be taken."""
    weight = np.where(problem.open, rng.gamma(1.0, size=problem.shape) + 0.05, 0.0)
    total = weight.sum(axis=1, keepdims=True)
    return np.divide(weight, total, out=np.zeros_like(weight), where=total > 0)


def costly_features(rng: np.random.Generator, problem: Problem, n_features: int = 3, *, per_state: bool = False):
    """Features (S, A, K) or (S, K), and coefficients under which acting costs enough for any undiscounted problem.

    The first feature is constant 1, its coefficient low: with temperature alpha <= 1 and A <= 3 actions, a reward below
    -alpha log A makes every row of exp(r / alpha) P sum to less than 1, so that all values are finite.
    """
    S, A = problem.shape
    features = rng.normal(size=(S, n_features) if per_state else (S, A, n_features))
    features[..., 0] = 1.0
    coef = 0.2 * rng.normal(size=n_features)
    coef[0] = -2.2 - np.abs(features[..., 1:] @ coef[1:]).max()
    return features, coef


# Enumeration ----------------------------------------------------------------------------------------------------------


class Path(NamedTuple):
    """One way things can go: the decisions, the probability of the successors, and where it stopped."""

    states: tuple[int, ...]  # decided in
    actions: tuple[int, ...]
    luck: float  # product of the transition (and ending) probabilities
    final: int  # state after the last decision, -1 where the episode ended
    done: bool  # the episode is over


def enumerate_paths(problem: Problem, start: int, n_steps: int) -> Iterator[Path]:
    """Every path of positive probability from a state: `n_steps` decisions, fewer where the episode is over before.

    A path that is stuck (a dead end with decisions still to make) is no path and is left out.
    """
    can, stop, over = problem.open, problem.stop, problem.over

    def extend(states, actions, luck, s):
        if over[s] or len(actions) == n_steps:
            yield Path(states, actions, luck, s, bool(over[s]))
            return
        for a in np.flatnonzero(can[s]):
            grown = (*states, s), (*actions, int(a))
            if stop[s, a] > 0:
                yield Path(*grown, luck * stop[s, a], -1, True)
            for t in np.flatnonzero(problem.P[s, a]):
                yield from extend(*grown, luck * problem.P[s, a, t], int(t))

    yield from extend((), (), 1.0, start)


class Enumerated(NamedTuple):
    """Sums over all paths from every state: V (S,), Q (S, A), policy (S, A) of the first decision."""

    V: NDArray
    Q: NDArray
    policy: NDArray


def path_weight(path: Path, reward: NDArray, alpha: float, prior: NDArray | None) -> float:
    """Unnormalised posterior of a path given its start: prior of actions, luck, exp of return / alpha."""
    s, a = list(path.states), list(path.actions)
    chosen = 1.0 if prior is None else prior[s, a].prod()
    return path.luck * chosen * np.exp(reward[s, a].sum() / alpha)


def enumerated_messages(
    problem: Problem, reward: NDArray, n_steps: int, *, alpha: float = 1.0, prior: NDArray | None = None
) -> Enumerated:
    """Backward messages by their definition: log of the summed weight of all paths of up to `n_steps` decisions.

    Undiscounted. This is exact inference; on deterministic dynamics it is the variational one too.
    """
    S, A = problem.shape
    total, first = np.zeros(S), np.zeros((S, A))
    for s in range(S):
        for path in enumerate_paths(problem, s, n_steps):
            weight = path_weight(path, reward, alpha, prior)
            total[s] += weight
            if path.actions:
                first[s, path.actions[0]] += weight
    with np.errstate(divide="ignore", invalid="ignore"):
        choice = np.ones((S, A)) if prior is None else prior
        Q = np.where(first > 0, alpha * np.log(first / choice), -np.inf)
        policy = np.where(first > 0, first / total[:, None], 0.0)
        return Enumerated(alpha * np.log(total), Q, policy)


def enumerated_visitations(problem: Problem, n_steps: int, weight_of: Callable[[Path], float]) -> NDArray:
    """Expected visitations (T, S, A) from `problem.initial` when paths from each start have the given relative weights."""
    out = np.zeros((n_steps, *problem.shape))
    for s in np.flatnonzero(problem.initial):
        here, total = np.zeros_like(out), 0.0
        for path in enumerate_paths(problem, s, n_steps):
            weight = weight_of(path)
            total += weight
            for t, (state, action) in enumerate(zip(path.states, path.actions, strict=True)):
                here[t, state, action] += weight * problem.discount**t
        out += problem.initial[s] * here / total
    return out


# Dense equations ------------------------------------------------------------------------------------------------------


def soft_sum(weights: NDArray, values: NDArray, alpha: float) -> NDArray:
    """alpha log sum_i weights[..., i] exp(values[..., i] / alpha) over the last axis; -inf for an empty sum.

    Complex values are welcome. (-inf is kept out of complex arithmetic, which turns it into NaN.)
    """
    used = (weights > 0) & np.isfinite(values.real)
    finite = np.where(used, values, 0.0)
    shift = np.max(np.where(used, finite.real, -np.inf), axis=-1, keepdims=True)
    shift = np.where(np.isfinite(shift), shift, 0.0)
    total = np.where(used, weights * np.exp(np.where(used, finite - shift, 0.0) / alpha), 0.0).sum(axis=-1)
    empty = total.real <= 0
    return np.where(empty, -np.inf, shift[..., 0] + alpha * np.log(np.where(empty, 1.0, total)))


def continuation(problem: Problem, V: NDArray, alpha: float, inference: str) -> NDArray:
    """C(V), (S, A): discounted value of what follows, -inf where it leads to certain (variational: possible) death."""
    S, A = problem.shape
    chances = np.concatenate([problem.P, problem.stop[:, :, None]], axis=2)
    after = np.broadcast_to(np.append(V, 0.0), (S, A, S + 1))
    if inference == "exact":
        worth = soft_sum(chances, after, alpha)
    else:
        worth = np.where(chances > 0, chances * np.where(np.isfinite(after), after, 0.0), 0.0).sum(axis=2)
        worth = np.where(((chances > 0) & ~np.isfinite(after)).any(axis=2), -np.inf, worth)
    return np.where(np.isfinite(worth), problem.discount * np.where(np.isfinite(worth), worth, 0.0), -np.inf)


def backup(problem: Problem, reward: NDArray, V: NDArray, alpha: float, prior: NDArray | None, inference: str):
    """One soft Bellman backup: (V, Q, policy)."""
    choice = problem.open * (1.0 if prior is None else prior)
    ahead = continuation(problem, V, alpha, inference)
    can = problem.open & np.isfinite(ahead)
    Q = np.where(can, reward + np.where(can, ahead, 0.0), -np.inf)
    V = soft_sum(choice, Q, alpha)
    likely = (choice > 0) & can & np.isfinite(V)[:, None]
    relative = np.where(likely, Q, 0.0) - np.where(np.isfinite(V), V, 0.0)[:, None]
    policy = np.where(likely, choice * np.exp(np.where(likely, relative, 0.0) / alpha), 0.0)
    return np.where(problem.over, 0.0, V), Q, policy


def soft_bellman(
    problem: Problem,
    reward: NDArray,
    *,
    alpha: float = 1.0,
    prior: NDArray | None = None,
    inference: str = "variational",
    sweeps: int = 4000,
) -> tuple[NDArray, NDArray, NDArray]:
    """(V, Q, policy) by plain sweeps to the last digit: (S,), (S, A), (S, A), with a leading axis of time for a horizon.

    `reward` is (S,), (S, A) or, with a horizon, (T, S, A).
    """
    if np.ndim(reward) < 3:
        reward = np.broadcast_to(reward if np.ndim(reward) == 2 else np.reshape(reward, (-1, 1)), problem.shape)
    if problem.horizon is not None:
        V, Q, policy = [np.zeros(problem.shape[0])], [], []
        for t in range(problem.horizon - 1, -1, -1):
            now = reward if np.ndim(reward) == 2 else reward[t]
            v, q, pi = backup(problem, now, V[0], alpha, prior, inference)
            V.insert(0, v), Q.insert(0, q), policy.insert(0, pi)
        return np.array(V), np.array(Q), np.array(policy)
    V, before = np.zeros(problem.shape[0]), None
    for _ in range(sweeps):
        new, Q, policy = backup(problem, reward, V, alpha, prior, inference)
        if np.array_equal(new, V) or (before is not None and np.array_equal(new, before)):  # or the last bit alternates
            break
        V, before = new, V
    return new, Q, policy


def dense_visitations(problem: Problem, policy: NDArray, initial: NDArray | None = None) -> NDArray:
    """Expected discounted visitations (S, A) of a stationary policy, by one dense solve."""
    flow = np.einsum("sa,sat->st", policy, problem.P)
    start = problem.initial if initial is None else initial
    d = np.linalg.solve(np.eye(len(start)) - problem.discount * flow.T, start)
    return d[:, None] * policy


class Demo(NamedTuple):
    """One demonstration: decisions, the state after them (-1: unknown or ended), whether the episode ended, weight."""

    states: list[int]
    actions: list[int]
    final: int
    terminated: bool
    weight: float = 1.0


def random_demos(rng: np.random.Generator, problem: Problem, n: int, n_steps: int) -> list[Demo]:
    """Demonstrations of a random policy: some end, some are cut with the last state known, some without it."""
    demos = []
    alive = problem.open.any(axis=1)
    while len(demos) < n:
        s, states, actions, over = int(rng.choice(len(alive), p=problem.initial)), [], [], False
        length = int(rng.integers(1, n_steps + 1)) if problem.horizon is None else min(n_steps, problem.horizon)
        while len(actions) < length and not over and alive[s]:
            a = int(rng.choice(np.flatnonzero(problem.open[s])))
            states.append(s), actions.append(a)
            chances = np.append(problem.P[s, a], problem.stop[s, a])
            s = int(rng.choice(len(chances), p=chances / chances.sum()))
            over = s == len(alive)
        if not actions or (not over and not alive[s] and not problem.over[s]):
            continue
        known = not over and (len(demos) % 3 != 2 or problem.over[s])
        final = s if known else -1
        demos.append(Demo(states, actions, final, over or bool(problem.over[s]), float(rng.integers(1, 4))))
    return demos


def objective(
    problem: Problem,
    reward: NDArray,
    demos: list[Demo],
    kind: str,
    *,
    alpha: float = 1.0,
    prior: NDArray | None = None,
    inference: str = "variational",
) -> float | complex:
    """L, in units of reward, walking along every demonstration: sum of alpha log pi / p, or of what telescopes."""
    V, Q, _ = soft_bellman(problem, reward, alpha=alpha, prior=prior, inference=inference)
    total = 0.0
    for demo in demos:
        for t, (s, a) in enumerate(zip(demo.states, demo.actions, strict=True)):
            now = (s,) if problem.horizon is None else (t, s)
            weight = demo.weight * (1.0 if kind == "likelihood" else problem.discount**t)
            if kind == "likelihood":
                total += weight * (Q[(*now, a)] - V[now])
                continue
            # Feature matching: what came next as it came, not as it was expected to come.
            T = t + 1
            if T < len(demo.states):
                after = problem.discount * V[demo.states[T] if problem.horizon is None else (T, demo.states[T])]
            elif demo.terminated:
                after = 0.0
            elif demo.final >= 0:
                after = problem.discount * V[demo.final if problem.horizon is None else (T, demo.final)]
            else:  # not recorded: as expected
                ahead = V if problem.horizon is None else V[T]
                after = continuation(problem, ahead, alpha, inference)[s, a]
            own = reward[{1: (s,), 2: (s, a), 3: (t, s, a)}[np.ndim(reward)]]
            total += weight * (own + after - V[now])
    return total


# Derivatives ----------------------------------------------------------------------------------------------------------


def complex_step(function: Callable[[NDArray], complex], at: NDArray) -> NDArray:
    """Gradient of an analytic function, exact to rounding: Im f(x + ih) / h without any subtraction."""
    h = 1e-30
    return np.array([np.imag(function(at + 1j * h * unit)) / h for unit in np.eye(len(at))])


def difference_jacobian(function: Callable[[NDArray], NDArray], at: NDArray, step: float = 1e-5) -> NDArray:
    """Jacobian (n, K) by central differences, error about step**2."""
    columns = [(function(at + step * unit) - function(at - step * unit)) / (2 * step) for unit in np.eye(len(at))]
    return np.array(columns).T
