r"""Amortised inference: one network that maps a task to its posterior policy, trained on the lower bound of the evidence.

Messages solve one task at a time. An inference network :math:`q_\phi(a \mid s, \text{task})` is trained once, on the mean lower
bound of many tasks,

.. math::

    \max_\phi \; \frac1K \sum_k \mathrm{ELBO}_k(q_\phi) , \qquad
    \log p(O \mid k) - \mathrm{ELBO}_k(q_\phi) / \alpha = \mathrm{KL}(q_\phi(\tau) \,\|\, p(\tau \mid O, k)) ,

and then answers new tasks at the cost of a forward pass. The second equation holds under deterministic dynamics: the gap is the
divergence from the posterior that messages compute.

What this network is: one hidden layer of tanh units in numpy, whose input the caller describes per state and task. Its training
is exact: the bound and its gradient are sums over all paths, and no trajectory is sampled. Levine (2018) means deep networks
and sampled gradients; the bound that is maximised is the same.

Sources: Levine, S. (2018), Reinforcement learning and control as probabilistic inference: tutorial and review, arXiv:1805.00909
(structured variational inference); Gershman, S. J., & Goodman, N. D. (2014), Amortized inference in probabilistic reasoning,
CogSci, 517-522.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.optimize import minimize
from scipy.special import softmax

from .._checks import check_count, check_finite, check_numbers, check_positive
from ..demonstrations.draws import generator
from ..mdp import MDP, check_mdp
from .elbo import LowerBound


@dataclass(frozen=True, eq=False)
class InferenceNetwork:
    """Inputs to action probabilities: a hidden layer of tanh units, and a softmax over the available actions.

    Attributes
    ----------
    hidden : (D + 1, H) array
        Weights of the hidden units, the last row for the constant.
    output : (H + 1, A) array
    available : (S, A) bool array
        Of the MDP that the network was trained in.
    """

    hidden: NDArray  # (D + 1, H)
    output: NDArray  # (H + 1, A)
    available: NDArray  # (S, A)

    def policy(self, inputs: ArrayLike) -> NDArray:
        """Policy of one task from its inputs (S, D) or (T, S, D); (S, A) or (T, S, A)."""
        x = check_numbers("inputs", inputs)
        D, S = len(self.hidden) - 1, len(self.available)
        if x.ndim not in (2, 3) or x.shape[-2:] != (S, D):
            raise ValueError(f"inputs must have shape ({S}, {D}) or (T, {S}, {D}); got {x.shape}")
        return _forward(self.hidden, self.output, x, self.available)[1]


@dataclass(frozen=True, eq=False)
class AmortisedFit:
    """A trained inference network.

    Attributes
    ----------
    network : InferenceNetwork
    bounds : (K,) array
        Lower bound of each training task from the initial distribution, in units of reward.
    converged : bool
        Whether the gradient of the mean bound is within `tol`. The bound is not concave in the weights.
    n_iter : int
    residual : float
        Largest entry of the gradient.
    """

    network: InferenceNetwork
    bounds: NDArray  # (K,)
    converged: bool
    n_iter: int
    residual: float


def fit_inference_network(
    mdp: MDP,
    rewards: ArrayLike,
    inputs: ArrayLike,
    *,
    n_hidden: int = 32,
    temperature: float = 1.0,
    action_prior: ArrayLike | None = None,
    penalty: float = 1e-4,
    tol: float = 1e-4,
    max_iter: int = 500,
    random_state: Any = None,
) -> AmortisedFit:
    """Train a network on the lower bounds of several tasks, which differ in their rewards.

    Parameters
    ----------
    mdp : MDP
        Shared by the tasks; discounted or with a horizon T.
    rewards : (K, S) or (K, S, A) array
    inputs : (K, S, D) array, or (K, T, S, D) with a horizon
        What the network sees of each task in each state (and at each time, if the policy may depend on it). Of order 1.
    n_hidden : int
    temperature, action_prior
        As for `evidence_lower_bound`.
    penalty : float >= 0
        Of half the sum of squared weights, against overfitting to the training tasks.
    tol : float
    max_iter : int
    random_state : None, int, numpy Generator, or numpy RandomState
        Of the weights at the start.

    Returns
    -------
    AmortisedFit

    Raises
    ------
    ValueError
        For shapes that disagree.
    """
    check_mdp(mdp)
    H, tol = check_count("n_hidden", n_hidden), check_positive("tol", tol)
    max_iter, penalty = check_count("max_iter", max_iter, at_least=0), check_positive("penalty", penalty, or_zero=True)
    x, rewards = check_numbers("inputs", inputs), check_numbers("rewards", rewards)
    S, A, T = mdp.n_states, mdp.n_actions, mdp.horizon
    lead: tuple[int, ...] = (S,) if T is None or x.ndim == 3 else (T, S)
    if x.ndim < 3 or x.shape[1:-1] != lead or not len(x):
        by_time = "" if T is None else f" or (K, {T}, {S}, D)"
        raise ValueError(f"inputs must have shape (K, {S}, D){by_time}, K tasks by D numbers; got {x.shape}")
    if rewards.ndim < 2 or len(rewards) != len(x):
        raise ValueError(f"rewards must hold one reward for each of the {len(x)} tasks of inputs; got {rewards.shape}")
    check_finite("inputs", x.reshape(-1, x.shape[-1]), ("row", "column"))
    tasks = [LowerBound(mdp, reward, temperature, action_prior) for reward in rewards]
    source = np.zeros(S) if T is None else np.zeros((T + 1, S))
    source[... if T is None else 0] = mdp.initial_distribution
    D, split = x.shape[-1], (x.shape[-1] + 1) * H
    open_actions = tasks[0].open.T
    bounds = np.zeros(len(tasks))

    def loss(weights: NDArray) -> tuple[float, NDArray]:
        hidden, output = weights[:split].reshape(D + 1, H), weights[split:].reshape(H + 1, A)
        units, policies = _forward(hidden, output, x, open_actions)
        pull = np.empty_like(policies)
        for k, (task, policy) in enumerate(zip(tasks, policies, strict=True)):
            table = np.swapaxes(policy, -1, -2)
            if T is not None and table.ndim == 2:
                table = np.broadcast_to(table, (T, A, S))
            bounds[k], derivative, _ = task.gradient(np.ascontiguousarray(table), source)
            derivative = np.swapaxes(derivative, -1, -2)
            pull[k] = derivative.sum(axis=0) if derivative.ndim > policy.ndim else derivative
        flat_units, flat_pull = units.reshape(-1, H + 1), pull.reshape(-1, A)
        by_output = flat_units.T @ flat_pull
        back = (flat_pull @ output[:-1].T) * (1.0 - flat_units[:, :-1] ** 2)
        by_hidden = _with_constant(x).reshape(-1, D + 1).T @ back
        gradient = np.concatenate([by_hidden.ravel(), by_output.ravel()]) / len(tasks)
        value = bounds.mean() - 0.5 * penalty * weights @ weights
        return -float(value), penalty * weights - gradient

    rng = generator(random_state)
    start = np.concatenate([rng.normal(size=(D + 1) * H) / np.sqrt(D + 1), 0.1 * rng.normal(size=(H + 1) * A)])
    result = minimize(
        loss, start, jac=True, method="L-BFGS-B", options={"maxiter": max_iter, "gtol": tol, "ftol": 0.0, "maxcor": 30}
    )
    _, gradient = loss(result.x)
    residual = float(np.abs(gradient).max())
    network = InferenceNetwork(result.x[:split].reshape(D + 1, H), result.x[split:].reshape(H + 1, A), open_actions)
    return AmortisedFit(network, bounds, residual <= tol, int(result.nit), residual)


def _with_constant(x: NDArray) -> NDArray:
    """Append a last component 1."""
    return np.concatenate([x, np.ones((*x.shape[:-1], 1))], axis=-1)


def _forward(hidden: NDArray, output: NDArray, x: NDArray, allowed: NDArray) -> tuple[NDArray, NDArray]:
    """Hidden units with the constant (..., S, H + 1), and probabilities (..., S, A), 0 where there is no action."""
    units = _with_constant(np.tanh(_with_constant(x) @ hidden))
    acts = allowed.any(axis=1, keepdims=True)
    logits = np.where(allowed | ~acts, units @ output, -np.inf)
    return units, np.where(allowed, softmax(logits, axis=-1), 0.0)
