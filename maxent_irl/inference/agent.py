"""The maximum-entropy agent, and the solution of its soft Bellman equation.

`SoftAgent` holds what an agent is, apart from its reward: the MDP, the temperature, the action prior and the kind of inference.
Everything forward and inverse takes one.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from copy import copy
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import sparse

from .._checks import INFERENCES, check_choice, check_max_iter, check_positive, check_temperature
from ..mdp import MDP, check_mdp
from ..mdp.process import check_action_prior, check_reward
from .backup import SoftBackup
from .brief_repr import BriefRepr
from .linearisation import Linearisation, Stationary
from .solver import Solved, solve_backward, solve_stationary

METHODS = ("auto", "value-iteration", "policy-iteration")


@dataclass(frozen=True, eq=False)
class SoftAgent:
    """A maximum-entropy agent without its reward.

    The arguments are checked once, here. Objects that are given an agent need not check them again.

    Parameters
    ----------
    mdp : MDP
    temperature : float >= 0
        alpha, in units of reward. 0 is the hard Bellman backup (ties share the probability). ``math.inf`` is the prior policy
        (uniform without a prior), with V its mean return.
    action_prior : (A,) or (S, A) array, optional
        p(a|s), rows sum to 1. None: p = 1, the usual soft value. It differs from the uniform prior by the constant
        ``alpha log A`` per step.
    inference : "variational" or "exact"
        "variational": plans with the true dynamics. "exact": plans with dynamics tilted towards good outcomes. The two agree
        where dynamics are deterministic.

    Raises
    ------
    ValueError
        For arguments of wrong shape or value, naming the entry.

    Examples
    --------
    >>> from maxent_irl import MDP, SoftAgent
    >>> agent = SoftAgent(MDP.from_successors([[1, 1], [-1, -1]], terminal=[1]))
    >>> agent.solve([[1.0, 0.0], [0.0, 0.0]]).policy[0].round(4)
    array([0.7311, 0.2689])
    """

    mdp: MDP
    temperature: float = 1.0
    action_prior: ArrayLike | None = field(default=None, repr=False)  # (A,) or (S, A)
    inference: str = "variational"

    def __post_init__(self) -> None:
        check_mdp(self.mdp)
        check_choice("inference", self.inference, INFERENCES)
        object.__setattr__(self, "temperature", check_temperature(self.temperature))
        _ = self.log_prior

    @cached_property
    def log_prior(self) -> NDArray | None:
        """(A, S) array: log p(a|s), -inf where an action is unavailable; None without a prior."""
        return check_action_prior(self.mdp, self.action_prior)

    def with_goal(self, goal: int) -> SoftAgent:
        """The same agent in an MDP in which the state `goal` is terminal as well."""
        return self.in_mdp(self.mdp.with_goal(goal))

    def in_mdp(self, mdp: MDP) -> SoftAgent:
        """The same agent in an MDP with the same states and actions. The prior is not checked against it."""
        agent = copy(self)
        object.__setattr__(agent, "mdp", mdp)
        return agent

    def solve(
        self,
        reward: ArrayLike,
        *,
        method: str = "auto",
        tol: float = 1e-10,
        max_iter: int | None = None,
        start: ArrayLike | None = None,
        reuse: SoftSolution | None = None,
    ) -> SoftSolution:
        """Solve the soft Bellman equation for a reward.

        Parameters
        ----------
        reward : (S,) or (S, A) array, or (T, S, A) with a horizon T
        method, tol, max_iter
            As for `soft_value_iteration`.
        start : (S,) array, optional
            Values to start from (infinite horizon).
        reuse : SoftSolution, optional
            For the same MDP and a similar reward (infinite horizon). If its linearisation has been factorised, that
            factorisation serves in place of new ones where it is close enough.

        Raises
        ------
        ImproperProblemError
            If an undiscounted problem has no finite value.
        ValueError
            For a reward of wrong shape or value, naming the entry.
        """
        check_choice("method", method, METHODS)
        if self.mdp.endless:
            raise ValueError(
                "nothing ends this undiscounted problem: solve it for one of its goals, mdp.with_goal(state), or give "
                "the demonstrations goals="
            )
        r = check_reward(self.mdp, reward)
        newton = method != "value-iteration"
        tol, cap = check_positive("tol", tol, or_zero=True), None if max_iter is None else check_max_iter(max_iter, 0)
        stationary = self.mdp.horizon is None
        near = reuse.linearisation.system if reuse is not None and isinstance(reuse.linearisation, Stationary) else None
        backup = SoftBackup(self.mdp, r, self.temperature, self.log_prior, self.inference, near)
        if stationary:
            solved = solve_stationary(backup, start, tol=tol, max_iter=cap, newton=newton)
            method = "policy-iteration" if newton else "value-iteration"
        else:
            solved, method = solve_backward(backup), "backward"
        message = "converged" if solved.converged else f"max_iter={cap} iterations were not enough"
        return SoftSolution.of(self, solved, method, message)


@dataclass(frozen=True, eq=False, repr=False)
class SoftSolution(BriefRepr):
    """The solution of the soft Bellman equation, with its certificate.

    Attributes
    ----------
    V : (S,) array, or (T + 1, S) with a horizon T
        Soft value, in units of reward; 0 in terminal states, -inf in dead ends.
    Q : (S, A) array, or (T, S, A)
        Soft action value; -inf where an action is unavailable.
    policy : (S, A) array, or (T, S, A)
        The action posterior; rows sum to 1, and to 0 in terminal states and dead ends.
    converged : bool
    n_iter : int
        Sweeps or Newton steps.
    residual : float
        Largest change one more backup makes, ``max |TV - V|``.
    message : str
        Why the solver stopped.
    agent : SoftAgent
        Whose equation was solved.
    method : str
        How it was solved.
    """

    V: NDArray  # (S,) or (T + 1, S)
    policy: NDArray  # (S, A) or (T, S, A)
    converged: bool
    n_iter: int
    residual: float
    message: str
    agent: SoftAgent
    method: str
    _solved: Solved = field(repr=False)  # the same, action-major, with what was learnt on the way

    @classmethod
    def of(cls, agent: SoftAgent, solved: Solved, method: str, message: str) -> SoftSolution:
        """Present what a solver found."""
        policy = np.swapaxes(solved.policy, -1, -2)
        return cls(solved.V, policy, solved.converged, solved.n_iter, solved.residual, message, agent, method, solved)

    def arrays(self) -> dict[str, Any]:
        """The solution as plain arrays and values, from which `from_arrays` makes it again to the last bit."""
        kept = self._solved
        found = {"V": kept.V, "policy": kept.policy, "converged": kept.converged, "n_iter": kept.n_iter}
        found |= {"residual": kept.residual, "message": self.message, "method": self.method}
        return found if kept.Q is None else found | {"Q": kept.Q}

    @classmethod
    def from_arrays(cls, agent: SoftAgent, reward: ArrayLike, arrays: Mapping[str, Any]) -> SoftSolution:
        """The solution of an agent's equation for a reward, from the arrays that it was written as."""
        backup = SoftBackup(
            agent.mdp, check_reward(agent.mdp, reward), agent.temperature, agent.log_prior, agent.inference, None
        )
        V, policy = (np.asarray(arrays[key]) for key in ("V", "policy"))
        counts = bool(arrays["converged"]), int(arrays["n_iter"]), float(arrays["residual"])
        solved = Solved(backup, V, policy, *counts, arrays.get("Q"))
        return cls.of(agent, solved, str(arrays["method"]), str(arrays["message"]))

    def released(self) -> SoftSolution:
        """The same without factorisations, which take memory and can be made again."""
        self._solved.backup.release()
        return SoftSolution.of(self.agent, replace(self._solved), self.method, self.message)

    @property
    def mdp(self) -> MDP:
        """The agent's MDP."""
        return self.agent.mdp

    @property
    def temperature(self) -> float:
        """The agent's temperature."""
        return self.agent.temperature

    @property
    def inference(self) -> str:
        """The agent's kind of inference."""
        return self.agent.inference

    @cached_property
    def Q(self) -> NDArray:
        """(S, A) array, or (T, S, A): soft action value; -inf where an action is unavailable."""
        if self._solved.Q is not None:
            return self._solved.Q.T
        Q = np.empty(self._solved.policy.shape)
        for t, V_next in enumerate(self.V[1:]):
            Q[t] = self._solved.backup.action_values(V_next, t)
        return np.swapaxes(Q, -1, -2)

    @property
    def error_bound(self) -> float:
        """What the residual implies for ``max |V - V*|``: ``residual * discount / (1 - discount)``.

        With discount 1 it is the residual times the longest expected time to the end under `policy`, to first order. With a
        horizon it is zero, up to rounding.
        """
        return self._solved.error_bound

    def log_probabilities(self, states: NDArray, actions: NDArray, times: NDArray | None = None) -> NDArray:
        """Log-probability of actions in states, (n,), finite wherever the action was possible.

        Parameters
        ----------
        states, actions : (n,) int arrays
        times : (n,) int array, optional
            Steps already taken; needed, and only used, with a horizon.
        """
        if self.mdp.horizon is not None and times is None:
            raise ValueError("with a finite horizon the policy depends on time: pass times=, the steps already taken")
        at: Any = (states,) if self.mdp.horizon is None else (times, states)
        p = self.policy[(*at, actions)]
        with np.errstate(divide="ignore"):
            out = np.log(p)
        rare = np.flatnonzero(p < np.finfo(float).tiny)
        if rare.size and 0.0 < self.temperature < math.inf:
            # exp() underflowed: the difference of values still tells how improbable these were.
            where = tuple(index[rare] for index in at)
            Q, V = self.Q[(*where, actions[rare])], self.V[where]
            prior = 0.0 if self.agent.log_prior is None else self.agent.log_prior[actions[rare], states[rare]]
            possible = np.isfinite(Q) & np.isfinite(V)
            log_p = (np.where(possible, Q, 0.0) - np.where(possible, V, 0.0)) / self.temperature + prior
            out[rare] = np.where(possible, log_p, -math.inf)
        return out

    @property
    def linearisation(self) -> Linearisation:
        """The soft Bellman equation linearised here: one factorisation for visitations, gradients and sensitivities."""
        return self._solved.linearisation

    @property
    def transitions(self) -> sparse.csr_array | list[sparse.csr_array]:
        """Dynamics of the trajectory posterior, CSR (A * S, S), row ``a * S + s``; with a horizon a list of T of them.

        Variational inference keeps the true dynamics. Exact inference tilts them, ``P(s'|s,a) exp(V(s') / alpha)`` normalised:
        the posterior acts as if the agent chose the outcomes too (Levine 2018, section 2.4). Where the episode may end with an
        action the rows sum to less than 1, as in the MDP.
        """
        matrices = [system.P for system, _, _ in reversed(self.linearisation.stages())]
        return matrices[0] if self.mdp.horizon is None else matrices
