r"""A reward model fitted to K-wise rankings: the second stage of RLHF.

For one prompt K completions are drawn and ranked, the chance of a ranking being Plackett and Luce's with the hidden reward r:
again and again the next best is chosen with probability proportional to :math:`\exp r`. Its pairwise chances are those of
Bradley and Terry, so that the loss of Ouyang et al. (2022, equation 1),

.. math::

    -\frac{1}{\binom{K}{2}} \, E \sum_{i < j} \log \sigma \bigl( \hat r(y_{(i)}) - \hat r(y_{(j)}) \bigr) ,

is proper: with enough rankings and capacity it ends at r, up to a constant per prompt. The model is a recurrent network that
starts from the supervised one, with a new last layer, so it generalises from the completions that were ranked to all others,
and where none were drawn it may be wrong: what a policy then finds and exploits.

Sources: Ouyang, L., et al. (2022), Training language models to follow instructions with human feedback, NeurIPS 35; Plackett,
R. L. (1975), The analysis of permutations, Applied Statistics 24(2), 193-202.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from ..._checks import check_count, check_positive
from .language_model import Enumeration, PrefixNetwork, descend


@dataclass(frozen=True, eq=False)
class RewardModel:
    """Scores fitted to rankings.

    Attributes
    ----------
    network : PrefixNetwork
        Its output at the last prefix of a completion for the last token is the completion's score.
    scores : (n,) tensor
        Of every completion, less the mean under the policy that the rankings were drawn from, by prompt.
    loss_curve : (n_steps,) array
    accuracy : float
        Share of the held-out pairs ordered as they were ranked; the ranking itself being random, 1 is out of reach.
    """

    network: PrefixNetwork
    scores: Tensor
    loss_curve: NDArray
    accuracy: float


def draw_rankings(
    completions: Enumeration,
    log_probabilities: Tensor,
    reward: Tensor,
    n_rankings: int,
    *,
    n_ranked: int = 4,
    seed: int = 0,
) -> Tensor:
    """Draw rankings of completions of one prompt, the best first; (n_rankings, n_ranked) ints.

    Parameters
    ----------
    completions : Enumeration
    log_probabilities : (n,) tensor
        Of the policy that writes the completions, by prompt; what it never writes is not covered by the rankings.
    reward : (n,) tensor
        Hidden; ranks by Plackett and Luce's chances at temperature 1.
    n_rankings, n_ranked : int
    seed : int
    """
    n, K = check_count("n_rankings", n_rankings), check_count("n_ranked", n_ranked, at_least=2)
    generator = torch.Generator().manual_seed(seed)
    chance = log_probabilities.exp()
    prompts = torch.randint(len(completions.tree.prompts), (n,), generator=generator)
    drawn = torch.empty((n, K), dtype=torch.long)
    for prompt in range(len(completions.tree.prompts)):
        asked = prompts == prompt
        own = torch.where(completions.prompt_of == prompt, chance, 0.0)
        drawn[asked] = torch.multinomial(own, int(asked.sum()) * K, replacement=True, generator=generator).view(-1, K)
    # Sorting by reward plus Gumbel noise draws from Plackett and Luce's distribution.
    gumbel = -torch.empty((n, K), dtype=torch.float64).exponential_(generator=generator).log()
    return drawn.gather(1, (reward[drawn] + gumbel).argsort(dim=1, descending=True))


def ranked_pairs(rankings: Tensor) -> Tensor:
    """All pairs of each ranking, the better first, without pairs of a completion with itself; (m, 2) ints."""
    i, j = np.triu_indices(rankings.shape[1], k=1)
    pairs = torch.stack([rankings[:, i], rankings[:, j]], dim=-1).reshape(-1, 2)
    return pairs[pairs[:, 0] != pairs[:, 1]]


def fit_reward_model(
    supervised: PrefixNetwork,
    completions: Enumeration,
    rankings: Tensor,
    *,
    held_out: float = 0.1,
    n_steps: int = 200,
    learning_rate: float = 5e-3,
    weight: float = 0.0,
    seed: int = 0,
) -> RewardModel:
    """Fit a reward model to rankings, from the supervised model's memory.

    Parameters
    ----------
    supervised : PrefixNetwork
        Not changed.
    completions : Enumeration
    rankings : (m, K) int tensor
        The best first.
    held_out : float in (0, 1)
        Share of the rankings, the last ones, that measure `accuracy` and do not enter the fit.
    n_steps : int
        Of Adam, on all pairs.
    learning_rate : float > 0
    weight : float >= 0
        Of a penalty on squared scores of the completions ranked, which a few certain rankings would make infinite.
    seed : int
        Of the new last layer.
    """
    network = supervised.with_new_head(supervised.n_actions, seed=seed)
    first_held = int(round((1.0 - held_out) * len(rankings)))
    winners, losers = ranked_pairs(rankings[:first_held]).T

    def scores() -> Tensor:
        return network()[completions.last_state, completions.last_action]

    def loss() -> Tensor:
        given = scores()
        misfit = -functional.logsigmoid(given[winners] - given[losers]).mean()
        return misfit + weight * given[rankings[:first_held]].square().mean()

    curve = descend(
        network.parameters(), loss, check_count("n_steps", n_steps), check_positive("learning_rate", learning_rate)
    )
    with torch.no_grad():
        final = scores().double()
        chance = completions.log_probabilities(supervised().double()).exp()
        means = torch.zeros(len(completions.tree.prompts), dtype=torch.float64)
        means.index_add_(0, completions.prompt_of, chance * final)
        final = final - means[completions.prompt_of]
        better, worse = ranked_pairs(rankings[first_held:]).T
        accuracy = float((final[better] > final[worse]).double().mean())
    return RewardModel(network, final, curve, accuracy)
