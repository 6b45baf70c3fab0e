r"""DPO, IPO and KTO with shared parameters: a language model fitted to preferences, held against the posterior.

With h the log-ratio to the reference of the preferred completion less that of the other, the losses are

.. math::

    \text{DPO:} \; -(1 - \epsilon) \log \sigma(\beta h) - \epsilon \log \sigma(-\beta h), \qquad
    \text{IPO:} \; \bigl( h - \tfrac{1}{2 \tau} \bigr)^2, \qquad
    \text{KTO:} \; 1 - \sigma\bigl( \pm \beta (\log \pi(y) / \pi_\text{ref}(y) - z_0) \bigr) .

Over all policies, and with as many preferences as one likes of pairs that cover all completions, DPO without label smoothing
(:math:`\epsilon = 0`) ends at the posterior of the hidden reward; IPO, with pairs from the reference, at that of the chance of
being `preferred` to a completion of the reference; KTO at the reference given that a completion is called desirable more often
than not (`ideal_kto`).
A network that shares its parameters between prefixes generalises from the pairs seen to all others, and errs where they say
little: at small beta the posterior sits on completions that the reference hardly ever writes.

KTO's loss is flat at both ends. A desirable completion that loses its probability along with undesirable ones of the same
beginning stays lost, however long one trains.

With ``length_average`` each log-ratio is divided by its number of tokens (SimPO's and the length-normalised DPO's choice). The
policy that then minimises the loss is another: long completions may differ more from the reference for the same reward.

What differs from the papers: the whole data set in each step, in place of minibatches; KTO's reference point z0 is the exact
divergence from the reference and not an estimate from mismatched pairs; all examples weigh the same.

Sources: Rafailov, R., et al. (2023), Direct preference optimization, NeurIPS 36; Azar, M. G., et al. (2024), A general
theoretical paradigm to understand learning from human preferences, AISTATS, PMLR 238, 4447-4455; Ethayarajh, K., et al. (2024),
KTO: model alignment as prospect theoretic optimization, ICML, PMLR 235, 12634-12651; Mitchell, E. (2023), A note on DPO with
noisy preferences and relationship to IPO (label smoothing); Meng, Y., Xia, M., & Chen, D. (2024), SimPO: simple preference
optimization with a reference-free reward, NeurIPS 37 (length averages).
"""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import dataclass

import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from ..._checks import check_count, check_positive, check_temperature
from .language_model import Enumeration, PrefixNetwork, descend


@dataclass(frozen=True, eq=False)
class Aligned:
    """A language model fitted to preferences.

    Attributes
    ----------
    policy : PrefixNetwork
    log_probabilities : (n,) tensor
        log pi(y | prompt) of every completion.
    loss_curve : (n_steps,) array
    """

    policy: PrefixNetwork
    log_probabilities: Tensor
    loss_curve: NDArray


def direct_preference_optimisation(
    supervised: PrefixNetwork,
    completions: Enumeration,
    pairs: Tensor,
    *,
    temperature: float,
    label_smoothing: float | Tensor = 0.0,
    length_average: bool = False,
    n_steps: int = 500,
    learning_rate: float = 1e-2,
) -> Aligned:
    """Fit the policy to preferences by DPO.

    Parameters
    ----------
    supervised : PrefixNetwork
        Where the policy starts, and the reference; not changed.
    completions : Enumeration
    pairs : (m, 2) int tensor
        Completions of one prompt, the preferred first.
    temperature : float > 0
        beta.
    label_smoothing : float in [0, 1], or (m,) tensor of them
        epsilon, the chance that a preference was written down the wrong way round; of each pair, if a tensor: preferences without
        sampling noise are pairs in any order with the chance that the second is preferred.
    length_average : bool
        Divide log-ratios by the number of tokens.
    n_steps : int
        Of Adam, on all pairs.
    learning_rate : float > 0
    """
    beta = check_temperature(temperature, finite_positive=True)
    wrong = _chances(label_smoothing, len(pairs))

    def loss(h: Tensor) -> Tensor:
        # -(1 - epsilon) log sigma(beta h) - epsilon log sigma(-beta h)
        return functional.binary_cross_entropy_with_logits(beta * h, 1.0 - wrong, reduction="none")

    return _fit_pairs(supervised, completions, pairs, loss, length_average, n_steps, learning_rate)


def identity_preference_optimisation(
    supervised: PrefixNetwork,
    completions: Enumeration,
    pairs: Tensor,
    *,
    temperature: float,
    label_smoothing: float | Tensor = 0.0,
    length_average: bool = False,
    n_steps: int = 500,
    learning_rate: float = 1e-2,
) -> Aligned:
    """Fit the policy to preferences by IPO; the temperature is tau, the rest as for `direct_preference_optimisation`."""
    tau = check_temperature(temperature, finite_positive=True)
    wrong = _chances(label_smoothing, len(pairs))

    def loss(h: Tensor) -> Tensor:
        # Multiplied by tau^2, which keeps the gradients of one size.
        return (1.0 - wrong) * (tau * h - 0.5).square() + wrong * (tau * h + 0.5).square()

    return _fit_pairs(supervised, completions, pairs, loss, length_average, n_steps, learning_rate)


def kahneman_tversky_optimisation(
    supervised: PrefixNetwork,
    completions: Enumeration,
    rated: Tensor,
    desirable: Tensor,
    *,
    temperature: float,
    length_average: bool = False,
    n_steps: int = 500,
    learning_rate: float = 1e-2,
) -> Aligned:
    """Fit the policy to completions that were called desirable or not, by KTO.

    Parameters
    ----------
    rated : (m,) int tensor
        Completions.
    desirable : (m,) bool tensor
    supervised, completions, temperature, length_average, n_steps, learning_rate
        As for `direct_preference_optimisation`.
    """
    beta = check_temperature(temperature, finite_positive=True)
    n = len(completions.lengths)
    good = torch.bincount(rated[desirable], minlength=n) / len(rated)
    bad = torch.bincount(rated[~desirable], minlength=n) / len(rated)

    def loss(log_policy: Tensor, log_ratio: Tensor) -> Tensor:
        with torch.no_grad():
            z0 = completions.expectation(log_policy, log_ratio).clamp(min=0.0)
        gap = beta * (log_ratio - z0)
        return (good * torch.sigmoid(-gap) + bad * torch.sigmoid(gap)).sum()

    return _fit(supervised, completions, loss, length_average, n_steps, learning_rate)


def _chances(label_smoothing: float | Tensor, n: int) -> Tensor:
    """Chance that each of n preferences is the wrong way round, (n,)."""
    wrong = torch.as_tensor(label_smoothing, dtype=torch.float32).expand(n)
    if not ((wrong >= 0) & (wrong <= 1)).all():
        raise ValueError("label_smoothing holds chances, from 0 to 1")
    return wrong


def _fit_pairs(
    supervised: PrefixNetwork,
    completions: Enumeration,
    pairs: Tensor,
    loss_of: Callable[[Tensor], Tensor],
    length_average: bool,
    n_steps: int,
    learning_rate: float,
) -> Aligned:
    crossed = (completions.prompt_of[pairs[:, 0]] != completions.prompt_of[pairs[:, 1]]).nonzero()
    if len(crossed):
        raise ValueError(f"pair {int(crossed[0])} holds completions of two prompts, which cannot be compared")
    better, worse = pairs.T

    def loss(_: Tensor, log_ratio: Tensor) -> Tensor:
        return loss_of(log_ratio[better] - log_ratio[worse]).mean()

    return _fit(supervised, completions, loss, length_average, n_steps, learning_rate)


def _fit(
    supervised: PrefixNetwork,
    completions: Enumeration,
    loss_of: Callable[[Tensor, Tensor], Tensor],
    length_average: bool,
    n_steps: int,
    learning_rate: float,
) -> Aligned:
    policy = copy.deepcopy(supervised)
    with torch.no_grad():
        reference = completions.log_probabilities(supervised())

    def loss() -> Tensor:
        log_policy = completions.log_probabilities(policy())
        log_ratio = log_policy - reference
        return loss_of(log_policy, log_ratio / completions.lengths if length_average else log_ratio)

    curve = descend(
        policy.parameters(), loss, check_count("n_steps", n_steps), check_positive("learning_rate", learning_rate)
    )
    with torch.no_grad():
        return Aligned(policy, completions.log_probabilities(policy().double()), curve)


def preferred(completions: Enumeration, reference: Tensor, reward: Tensor) -> Tensor:
    """Chance of each completion to be preferred to one drawn from the reference, (n,).

    Parameters
    ----------
    completions : Enumeration
    reference : (n,) tensor
        Log-probabilities.
    reward : (n,) tensor
        Hidden; Bradley and Terry's chances at temperature 1.
    """
    wins = torch.zeros_like(reward)
    for prompt in range(len(completions.tree.prompts)):
        own = completions.prompt_of == prompt
        wins[own] = torch.sigmoid(reward[own][:, None] - reward[own]) @ reference[own].exp()
    return wins


def ideal_kto(completions: Enumeration, reference: Tensor, desirable: Tensor) -> Tensor:
    """Where KTO ends over all policies: log-probabilities (n,) of the reference given that a completion is desirable.

    Parameters
    ----------
    completions : Enumeration
    reference : (n,) tensor
        Log-probabilities.
    desirable : (n,) bool tensor
        Whether a completion is called desirable more often than not.
    """
    kept = torch.where(desirable, reference, -torch.inf)
    mass = torch.stack([kept[completions.prompt_of == p].logsumexp(0) for p in range(len(completions.tree.prompts))])
    return kept - mass[completions.prompt_of]


def total_variation(completions: Enumeration, log_policy: Tensor, log_other: Tensor) -> float:
    """Total variation between two distributions over completions, mean over prompts."""
    return float((log_policy.exp() - log_other.exp()).abs().sum() / 2 / len(completions.tree.prompts))
