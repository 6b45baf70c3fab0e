r"""Partially observable problems by EM: a controller with finitely many nodes of memory.

In node n the controller takes action a with probability :math:`\pi(a \mid n)`. After observation y it moves to node n' with
probability :math:`\lambda(n' \mid n, y)`. The first node is drawn from :math:`\nu`. Node and state together are a Markov chain,
and the reward event at a geometric time gives a likelihood as in `em_planning`. With the discounted visits d(n, s) and the
values V(n, s) of scaled rewards, both linear solves, the expected counts given the event are

.. math::

    \nu(n) \, g(n) &, \quad g(n) = \sum_s b_0(s) V(n, s) , \qquad
    \pi(a \mid n) \, g(n, a) , \quad g(n, a) = \sum_s d(n, s) \, Q(n, s, a) , \\
    \lambda(n' \mid n, y) \, g(n, y, n') &, \quad g(n, y, n') = \gamma \sum_{s, a, s'} d(n, s) \, \pi(a \mid n) \,
    P(s' \mid s, a) \, p(y \mid s') \, V(n', s') ,

and the M-step sets every table in proportion to its counts. EM ends at a local maximum, so it starts several times.

What differs from the paper: messages are summed by linear solves, and the M-step may be over-relaxed (`_multiplicative_em`).

Source: Toussaint, M., Harmeling, S., & Storkey, A. (2006), Probabilistic inference for solving (PO)MDPs, technical report
EDI-INF-RR-0934, University of Edinburgh.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .._checks import check_count, check_positive
from ..demonstrations.draws import generator
from ._multiplicative_em import Tables, maximise_likelihood
from .pomdp import POMDP


@dataclass(frozen=True, eq=False)
class FiniteStateController:
    """A stochastic policy with N nodes of memory.

    Attributes
    ----------
    first : (N,) array
        nu, distribution of the first node.
    actions : (N, A) array
        pi(a | n).
    moves : (N, Y, N) array
        lambda(n' | n, y).
    """

    first: NDArray  # (N,)
    actions: NDArray  # (N, A)
    moves: NDArray  # (N, Y, N)


@dataclass(frozen=True, eq=False)
class ControllerPlan:
    """The best controller of several runs of EM.

    Attributes
    ----------
    controller : FiniteStateController
    value : float
        Exact value of the controller from the first belief, in units of reward.
    V : (N, S) array
        Value of each node in each state.
    values : (n_starts,) array
        Value of the controller of each run.
    likelihood_curve : (n_iter + 1,) array
        Of the best run; never decreasing.
    converged : bool
        Whether the best run reached a stationary point, which may be a local maximum.
    n_iter : int
        Of the best run.
    residual : float
        First-order gain in the log likelihood from moving every row of the tables to its best entry.
    """

    controller: FiniteStateController
    value: float
    V: NDArray  # (N, S)
    values: NDArray  # (n_starts,)
    likelihood_curve: NDArray  # (n_iter + 1,)
    converged: bool
    n_iter: int
    residual: float


def em_controller(
    pomdp: POMDP,
    n_nodes: int,
    *,
    n_starts: int = 10,
    accelerate: bool = True,
    tol: float = 1e-4,
    max_iter: int = 1000,
    random_state: Any = None,
) -> ControllerPlan:
    """Plan for a POMDP by EM over finite-state controllers, from random starts.

    Parameters
    ----------
    pomdp : POMDP
    n_nodes : int
        N. With 1 the controller has no memory.
    n_starts : int
        Runs from random controllers; the best is returned.
    accelerate : bool
        Over-relax the M-step while the likelihood rises. False: the published M-step.
    tol : float
        Wanted `ControllerPlan.residual`.
    max_iter : int
        Of each run.
    random_state : None, int, numpy Generator, or numpy RandomState

    Returns
    -------
    ControllerPlan

    Raises
    ------
    ValueError
        If all rewards are equal, because every controller is then optimal and the event has probability 0.
    """
    N, n_starts = check_count("n_nodes", n_nodes), check_count("n_starts", n_starts)
    tol, max_iter = check_positive("tol", tol), check_count("max_iter", max_iter, at_least=0)
    rng, chain = generator(random_state), _Chain(pomdp)
    A, Y = pomdp.mdp.n_actions, pomdp.observations.shape[1]
    runs = []
    for _ in range(n_starts):
        start = (rng.dirichlet(np.ones(N)), rng.dirichlet(np.ones(A), N), rng.dirichlet(np.ones(N), (N, Y)))
        runs.append(maximise_likelihood(chain.evaluate, start, accelerate=accelerate, tol=tol, max_iter=max_iter))
    best = max(runs, key=lambda run: run.state.curve[-1])
    controller = FiniteStateController(*best.state.tables)
    V = controller_value(pomdp, controller)
    return ControllerPlan(
        controller,
        float(controller.first @ V @ pomdp.mdp.initial_distribution),
        V,
        np.array([chain.value(run.state.curve[-1]) for run in runs]),
        np.array(best.state.curve),
        best.converged,
        best.n_iter,
        best.residual,
    )


def controller_value(pomdp: POMDP, controller: FiniteStateController) -> NDArray:
    """Return the value of a controller in every node and state, in units of reward; (N, S)."""
    chain = _Chain(pomdp)
    V = chain.messages((controller.first, controller.actions, controller.moves))[0]
    return chain.low / (1.0 - chain.discount) + chain.span * V


class _Chain:
    """Node and state as one Markov chain, with rewards scaled to probabilities."""

    def __init__(self, pomdp: POMDP) -> None:
        self.discount, self.start = pomdp.mdp.discount, pomdp.mdp.initial_distribution
        self.low, self.span = float(pomdp.reward.min()), float(np.ptp(pomdp.reward))
        if not self.span > 0.0:
            raise ValueError(f"all rewards are {self.low:g}, so that every controller is optimal: give another reward")
        self.scaled = (pomdp.reward - self.low) / self.span  # (S, A)
        # P(s', y | s, a), (S, A, S, Y)
        self.outcome = pomdp.transitions[:, :, :, None] * pomdp.observations

    def value(self, likelihood: float) -> float:
        """Value of the first belief, in units of reward."""
        return (self.low + self.span * likelihood) / (1.0 - self.discount)

    def messages(self, tables: Tables) -> tuple[NDArray, NDArray, NDArray]:
        """V (N, S), Q (N, S, A) of scaled rewards and discounted visits (N, S) of a controller."""
        first, actions, moves = tables
        N, S = len(first), len(self.start)
        # by[s, a, n, s', n'] = sum over y of P(s', y | s, a) moves[n, y, n']
        by = np.tensordot(self.outcome, moves, axes=([3], [1]))  # (S, A, S, N, N)
        flow = np.einsum("na,satnm->nsmt", actions, by, optimize=True).reshape(N * S, N * S)
        system = np.eye(N * S) - self.discount * flow
        V = np.linalg.solve(system, (actions @ self.scaled.T).ravel()).reshape(N, S)
        visits = np.linalg.solve(system.T, np.outer(first, self.start).ravel()).reshape(N, S)
        Q = self.scaled + self.discount * np.einsum("satnm,mt->nsa", by, V, optimize=True)
        return V, Q, visits

    def evaluate(self, tables: Tables) -> tuple[float, Tables]:
        """The likelihood of a controller, and its gradient in the three tables."""
        first, actions, _ = tables
        V, Q, visits = self.messages(tables)
        by_first = V @ self.start
        by_action = np.einsum("ns,nsa->na", visits, Q)
        arriving = np.einsum("ns,na,saty->nyt", visits, actions, self.outcome, optimize=True)
        by_move = self.discount * arriving @ V.T  # (N, Y, N)
        scale = 1.0 - self.discount
        return float(scale * first @ by_first), (scale * by_first, scale * by_action, scale * by_move)
