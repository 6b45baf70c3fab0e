r"""DPO, IPO and KTO: fitting the policy to preferences directly, without a reward model.

The posterior :math:`\pi(y) \propto \pi_\text{ref}(y) \exp(r(y) / \beta)` can be solved for the reward. Every policy is
optimal for its implied reward, :math:`\hat r(y) = \beta \log \pi(y) / \pi_\text{ref}(y)`, up to a constant per prompt. Let h
be the implied reward of the preferred completion minus that of the other, in units of beta. The losses are

.. math::

    \text{DPO:} \; -\log \sigma(\beta h), \qquad
    \text{IPO:} \; \bigl( h - \tfrac{1}{2 \tau} \bigr)^2, \qquad
    \text{KTO:} \; \lambda_y - \lambda_y \, \sigma\bigl( \pm \beta (\log \pi(y) / \pi_\text{ref}(y) - z_0) \bigr) .

KTO's loss is that of a single completion labelled desirable (+) or not (-). Its :math:`z_0 = \mathrm{KL}(\pi \,\|\,
\pi_\text{ref})` is a constant in the gradient. On a tree that can represent every policy, the minima are these posteriors:

- DPO, with Bradley-Terry preferences of a reward r: reward r and temperature beta, which is the optimum of RLHF.
- IPO: the reward is the probability that y is preferred to a completion drawn like its opponents, the temperature is tau. The
  minimum is finite even where preferences are certain.
- KTO, with one label per completion and beta <= 1: the reference conditioned on "desirable". The evidence is the label itself.
  This assumes that completions are rated in proportion to the reference.

Sources: Rafailov, R., et al. (2023), Direct preference optimization: your language model is secretly a reward model, NeurIPS
36; Azar, M. G., et al. (2024), A general theoretical paradigm to understand learning from human preferences, AISTATS, PMLR 238,
4447-4455; Ethayarajh, K., et al. (2024), KTO: model alignment as prospect theoretic optimization, ICML, PMLR 235, 12634-12651.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.optimize import minimize
from scipy.special import expit

from .._checks import check_count, check_positive, check_temperature
from .bradley_terry import PreferenceCounts
from .token_tree import TokenTree


@dataclass(frozen=True, eq=False)
class AlignedPolicy:
    """A policy fitted to preferences.

    Attributes
    ----------
    policy : (S, A) array
    log_ratio : (n,) array
        log pi(y) / pi_ref(y) of every completion.
    implied_reward : (n,) array
        Temperature times `log_ratio`; only differences between completions of one prompt are identified.
    loss : float
        Mean over preferences.
    loss_curve : (n_iter + 1,) array
        The loss at the start and after each iteration. KTO's uses the z0 of the round; where two rounds meet, that of the
        later one.
    converged : bool
    n_iter : int
    residual : float
        Largest component of the gradient in the logits; KTO: or the last change of z0, if that is larger.
    """

    policy: NDArray  # (S, A)
    log_ratio: NDArray  # (n,)
    implied_reward: NDArray  # (n,)
    loss: float
    loss_curve: NDArray  # (n_iter + 1,)
    converged: bool
    n_iter: int
    residual: float


def direct_preference_optimisation(
    tree: TokenTree,
    reference: ArrayLike,
    preferences: ArrayLike,
    *,
    temperature: float = 1.0,
    tol: float = 1e-7,
    max_iter: int = 5000,
) -> AlignedPolicy:
    """Fit a policy to preferences by DPO.

    Parameters
    ----------
    tree : TokenTree
    reference : (S, A) array
    preferences : (m, 2) int array
        Pairs of completions, the preferred first.
    temperature : float > 0
        beta.
    tol : float
        The fit has converged when no component of the gradient exceeds `tol`.
    max_iter : int

    Returns
    -------
    AlignedPolicy
        If a completion won or lost all its comparisons, no finite reward is optimal. Its implied reward then grows until the
        gradient is below `tol`.
    """
    beta = check_temperature(temperature, finite_positive=True)
    return _fit_pairs(
        tree,
        reference,
        preferences,
        beta,
        lambda h: (np.logaddexp(0.0, -beta * h), -beta * expit(-beta * h)),
        tol,
        max_iter,
    )


def identity_preference_optimisation(
    tree: TokenTree,
    reference: ArrayLike,
    preferences: ArrayLike,
    *,
    temperature: float = 1.0,
    tol: float = 1e-7,
    max_iter: int = 5000,
) -> AlignedPolicy:
    """Fit a policy to preferences by IPO.

    It regresses differences of log-ratios on ``1 / (2 temperature)``, so they stay finite even where preferences are certain.
    Parameters are those of `direct_preference_optimisation`; the temperature is tau.
    """
    tau = check_temperature(temperature, finite_positive=True)
    margin = 0.5 / tau
    return _fit_pairs(
        tree, reference, preferences, tau, lambda h: ((h - margin) ** 2, 2.0 * (h - margin)), tol, max_iter
    )


def _fit_pairs(
    tree: TokenTree,
    reference: ArrayLike,
    preferences: ArrayLike,
    temperature: float,
    loss_of: Callable[[NDArray], tuple[NDArray, NDArray]],
    tol: float,
    max_iter: int,
) -> AlignedPolicy:
    """Minimise the mean of a loss of the differences of log-ratios; `loss_of` returns its values and derivatives, (m,) each."""
    tol, max_iter = check_positive("tol", tol), check_count("max_iter", max_iter, at_least=0)
    seen = PreferenceCounts.of(preferences, tree.n_completions)
    crossed = np.flatnonzero(tree.prompt_of[seen.winners] != tree.prompt_of[seen.losers])
    if len(crossed):
        a, b = tree.completions[seen.winners[crossed[0]]], tree.completions[seen.losers[crossed[0]]]
        raise ValueError(f"completions {a!r} and {b!r} have different prompts: give pairs of one prompt")
    share = seen.counts / seen.counts.sum()
    n = tree.n_completions

    def loss(log_ratio: NDArray) -> tuple[float, NDArray]:
        value, slope = loss_of(log_ratio[seen.winners] - log_ratio[seen.losers])
        pull = np.bincount(seen.winners, share * slope, n) - np.bincount(seen.losers, share * slope, n)
        return float(share @ value), pull

    return _descend(tree, reference, temperature, loss, tol, max_iter)


def kahneman_tversky_optimisation(
    tree: TokenTree,
    reference: ArrayLike,
    completions: ArrayLike,
    desirable: ArrayLike,
    *,
    temperature: float = 0.1,
    desirable_weight: float = 1.0,
    undesirable_weight: float = 1.0,
    tol: float = 1e-5,
    max_iter: int = 5000,
    max_rounds: int = 100,
) -> AlignedPolicy:
    """Fit a policy to completions labelled desirable or undesirable, by KTO.

    The constant z0 is the divergence of the policy from the reference, averaged over prompts. It is updated after each round of
    minimisation, until it changes by at most `tol`.

    Parameters
    ----------
    tree : TokenTree
    reference : (S, A) array
    completions : (m,) int array
    desirable : (m,) bool array
    temperature : float > 0
        beta; above 1 the loss has several minima.
    desirable_weight, undesirable_weight : float > 0
        lambda of the desirable and of the undesirable completions.
    tol : float
        The fit has converged when no component of the gradient and no change of z0 exceeds `tol`. The probability of undesirable
        completions falls more and more slowly, so tight tolerances may not be reached.
    max_iter : int
        Cap on the iterations of each round.
    max_rounds : int

    Returns
    -------
    AlignedPolicy
    """
    beta = check_temperature(temperature, finite_positive=True)
    weights = [
        check_positive("desirable_weight", desirable_weight),
        check_positive("undesirable_weight", undesirable_weight),
    ]
    tol, max_iter = check_positive("tol", tol), check_count("max_iter", max_iter, at_least=0)
    max_rounds = check_count("max_rounds", max_rounds)
    y, good = np.asarray(completions), np.asarray(desirable)
    if y.ndim != 1 or y.shape != good.shape or good.dtype != bool or y.dtype.kind not in "iu" or not len(y):
        raise ValueError(
            f"completions must be m integers and desirable m booleans; got {y.dtype} {y.shape}, {good.dtype} {good.shape}"
        )
    if (y < 0).any() or (y >= tree.n_completions).any():
        worst = int(np.argmax((y < 0) | (y >= tree.n_completions)))
        raise ValueError(f"completions are 0..{tree.n_completions - 1}; entry {worst} is {y[worst]}")
    n = tree.n_completions
    share = np.array(weights)[:, None] * [
        np.bincount(y[good], minlength=n) / len(y),
        np.bincount(y[~good], minlength=n) / len(y),
    ]
    sign = np.array([1.0, -1.0])[:, None]
    prompts = len(tree.prompts)

    def loss_at(z0: float) -> Callable[[NDArray], tuple[float, NDArray]]:
        def loss(log_ratio: NDArray) -> tuple[float, NDArray]:
            value = expit(sign * beta * (log_ratio - z0))
            slope = -(share * sign * beta * value * (1.0 - value)).sum(axis=0)
            return float((share * (1.0 - value)).sum()), slope

        return loss

    z0, n_iter = 0.0, 0
    start: NDArray | None = None
    curve: list[float] = []
    for _ in range(max_rounds):
        # A longer step can take a desirable completion to zero probability together with others of the same prefix. The gradient
        # vanishes there, so it would not return.
        fit = _descend(tree, reference, beta, loss_at(z0), tol, max_iter, start=start, reach=1.0)
        chance = np.exp(tree.log_probabilities(fit.policy))
        divergence = float((chance * np.where(chance > 0, fit.log_ratio, 0.0)).sum() / prompts)
        # The last point of a round is the first of the next, where its loss is computed with the new z0.
        curve, n_iter, start = [*curve[:-1], *fit.loss_curve], n_iter + fit.n_iter, fit.policy
        moved, z0 = abs(divergence - z0), divergence
        if moved <= tol and fit.converged:
            break
    return replace(
        fit,
        loss_curve=np.array(curve),
        converged=fit.converged and moved <= tol,
        n_iter=n_iter,
        residual=max(fit.residual, moved),
    )


def _descend(
    tree: TokenTree,
    reference: ArrayLike,
    temperature: float,
    loss: Callable[[NDArray], tuple[float, NDArray]],
    tol: float,
    max_iter: int,
    *,
    start: NDArray | None = None,
    reach: float = math.inf,
) -> AlignedPolicy:
    """Minimise a loss of the log-ratios over the logits of the policy, starting at the reference or at `start`.

    `loss` returns its value and its derivatives, (n,). No logit moves by more than `reach`.
    """
    log_reference = tree.log_probabilities(reference)
    unlikely = np.flatnonzero(~np.isfinite(log_reference))
    if len(unlikely):
        raise ValueError(
            f"the reference gives completion {tree.completions[unlikely[0]]!r} no probability, so no ratio to it exists: "
            "use a reference that is positive everywhere"
        )
    A, S, n_inner = tree.mdp.n_actions, tree.mdp.n_states, len(tree.prefixes)

    def policy_of(x: NDArray) -> NDArray:
        logits = np.zeros((S, A))
        logits[:n_inner] = x.reshape(n_inner, A)
        return tree.softmax(logits)

    def objective(x: NDArray) -> tuple[float, NDArray]:
        policy = policy_of(x)
        value, pull = loss(tree.log_probabilities(policy) - log_reference)
        mass = (tree.paths.T @ pull).reshape(A, S).T
        gradient = mass - policy * mass.sum(axis=1, keepdims=True)
        return value, gradient[:n_inner].ravel()

    with np.errstate(divide="ignore"):
        first = np.log(np.asarray(reference if start is None else start)[:n_inner]).ravel()
    first = np.maximum(first, -700.0)  # for probabilities that have underflowed to 0
    curve = [objective(first)[0]]
    result = minimize(
        objective,
        first,
        jac=True,
        method="L-BFGS-B",
        bounds=None if reach == math.inf else np.column_stack([first - reach, first + reach]),
        callback=lambda intermediate_result: curve.append(float(intermediate_result.fun)),
        options={"gtol": tol, "ftol": 0.0, "maxiter": max_iter, "maxfun": 2 * max_iter, "maxcor": 30},
    )
    policy = policy_of(result.x)
    log_ratio = tree.log_probabilities(policy) - log_reference
    residual = float(np.abs(result.jac).max())
    return AlignedPolicy(
        policy,
        log_ratio,
        temperature * log_ratio,
        float(result.fun),
        np.array(curve),
        residual <= tol,
        int(result.nit),
        residual,
    )
