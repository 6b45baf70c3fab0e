r"""The third stage of RLHF: PPO with a value function, a per-token penalty on divergence, and pretraining gradients.

Each iteration draws completions from the current policy. The reward of a token is :math:`-\beta \log (\pi / \pi_\text{ref})`,
and the last one's also the reward model's score; a value function gives advantages by generalised advantage estimation
(discount 1), and a few epochs of minibatches climb

.. math::

    E \bigl[ \min \bigl( \rho A, \; \operatorname{clip}(\rho, 1 - \epsilon, 1 + \epsilon) A \bigr) \bigr]
    + \gamma_\text{ptx} \, E_\text{corpus} \log \pi(y) , \qquad \rho = \pi / \pi_\text{old} .

What is maximised, without the corpus term, is :math:`E r - \beta \, \mathrm{KL}(\pi \,\|\, \pi_\text{ref})`; its maximum over all
policies is :math:`\beta \log E_\text{ref} \exp(r / \beta)`, reached by the posterior. On a tree both are sums over all
completions, so that what PPO misses is known exactly, and `converged` says no less than that.

What differs from the paper: recurrent networks of a few thousand parameters; the value function starts from the supervised
model and not from the reward model's last layer; the learning rate falls to 0; there is no clipping of the value function. And
the penalty may start higher and fall to beta over the first half of the iterations (``anneal``): a policy that is cold at once
settles on the best of what it has seen, and what it then no longer writes it never sees.

Sources: Ouyang, L., et al. (2022), Training language models to follow instructions with human feedback, NeurIPS 35; Schulman,
J., Wolski, F., Dhariwal, P., Radford, A., & Klimov, O. (2017), Proximal policy optimization algorithms, arXiv:1707.06347;
Schulman, J., et al. (2016), High-dimensional continuous control using generalized advantage estimation, ICLR; Stiennon, N., et
al. (2020), Learning to summarize from human feedback, NeurIPS 33 (the penalty by token).
"""

from __future__ import annotations

import copy
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ..._checks import check_count, check_interval, check_temperature
from .language_model import Enumeration, PrefixNetwork


@dataclass(frozen=True, eq=False)
class FineTuned:
    """A language model after PPO, with what can be known exactly about it.

    Attributes
    ----------
    policy : PrefixNetwork
    temperature : float
        beta.
    log_probabilities : (n,) tensor
        log pi(y | prompt) of every completion.
    objective, best : float
        Expected score less beta times divergence, exact, of the policy and of the posterior.
    gain : float
        What the posterior gains over the reference.
    divergence : float
        KL(policy || reference), exact, nats, mean over prompts.
    converged : bool
        Whether at most `tol` times the gain is missed.
    objective_curve, divergence_curve : (n_iterations,) arrays
        Exact, before each iteration.
    clipped_curve : (n_iterations,) array
        Share of the decisions in the last minibatch of each iteration whose gradient the clip removed.
    """

    policy: PrefixNetwork
    temperature: float
    log_probabilities: Tensor
    objective: float
    best: float
    gain: float
    divergence: float
    converged: bool
    objective_curve: NDArray
    divergence_curve: NDArray
    clipped_curve: NDArray

    @property
    def missed(self) -> float:
        """Share of the gain that the policy misses."""
        return (self.best - self.objective) / self.gain


def posterior(completions: Enumeration, reference: Tensor, scores: Tensor, temperature: float) -> Tensor:
    """Log-probabilities (n,) of the posterior, by prompt, for log-probabilities (n,) of the reference."""
    logits = reference + scores / temperature
    log_z = torch.stack([logits[completions.prompt_of == p].logsumexp(0) for p in range(len(completions.tree.prompts))])
    return logits - log_z[completions.prompt_of]


def exact_objective(
    completions: Enumeration, log_policy: Tensor, reference: Tensor, scores: Tensor, temperature: float
) -> tuple[float, float]:
    """Objective and divergence (nats) of log-probabilities (n,), means over prompts."""
    divergence = completions.expectation(log_policy, torch.where(log_policy > -torch.inf, log_policy - reference, 0.0))
    return float(completions.expectation(log_policy, scores) - temperature * divergence), float(divergence)


def fine_tune(
    supervised: PrefixNetwork,
    completions: Enumeration,
    scores: Tensor,
    *,
    temperature: float,
    corpus: Tensor | None = None,
    ptx: float = 0.0,
    clip: float = 0.2,
    gae: float = 0.95,
    anneal: float = 1.0,
    n_iterations: int = 100,
    n_trajectories: int = 1024,
    n_epochs: int = 4,
    n_minibatches: int = 1,
    learning_rate: float = 5e-3,
    tol: float = 0.05,
    seed: int = 0,
) -> FineTuned:
    """Fine-tune a language model by PPO.

    Parameters
    ----------
    supervised : PrefixNetwork
        Where the policy starts, and the reference; not changed.
    completions : Enumeration
    scores : (n,) tensor
        The reward model's, of every completion; only those of completions drawn are used.
    temperature : float > 0
        beta, price of a nat of divergence.
    corpus : (m,) int tensor, optional
        Completions whose likelihood enters with weight `ptx`.
    ptx : float >= 0
        gamma of PPO-ptx, in units of score per nat.
    clip : float in (0, 1)
        epsilon.
    gae : float in [0, 1]
        lambda of generalised advantage estimation.
    anneal : float > 0
        Price that the penalty starts with, if that is above `temperature`; it falls geometrically over the first half.
    n_iterations, n_trajectories, n_epochs, n_minibatches : int
    learning_rate : float > 0
        Of Adam, for policy and value function.
    tol : float
        Share of the gain that may be missed.
    seed : int
    """
    beta = check_temperature(temperature, finite_positive=True)
    clip, gae = check_interval("clip", clip, 0.0, 1.0), check_interval("gae", gae, 0.0, 1.0)
    if ptx > 0 and corpus is None:
        raise ValueError("ptx weighs the likelihood of a corpus: give corpus=, completions as ints")
    counts = (n_iterations, n_trajectories, n_epochs, n_minibatches)
    names = ("n_iterations", "n_trajectories", "n_epochs", "n_minibatches")
    n_iterations, n_trajectories, n_epochs, n_minibatches = map(check_count, names, counts)

    generator = torch.Generator().manual_seed(seed)
    policy, critic = copy.deepcopy(supervised), supervised.with_new_head(1, seed=seed)
    optimisers = [torch.optim.Adam(net.parameters(), lr=learning_rate) for net in (policy, critic)]
    schedules = [torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, n_iterations) for optimiser in optimisers]
    share = None
    if corpus is not None:
        share = torch.bincount(corpus, minlength=len(scores)) / len(corpus)
    with torch.no_grad():
        reference = supervised().log_softmax(dim=1)
        reference_of = completions.log_probabilities(supervised().double())
    curves = []
    for iteration in range(n_iterations):
        fallen = min(1.0, 2.0 * iteration / n_iterations)
        price = max(beta, anneal) * (beta / max(beta, anneal)) ** fallen
        with torch.no_grad():
            old_logits = policy()
            old = old_logits.log_softmax(dim=1)
            known = completions.log_probabilities(old_logits.double())
            drawn = completions.draw(old_logits, n_trajectories, generator)
            s, a, real = completions.states[drawn], completions.actions[drawn], completions.real[drawn]
            rewards = -price * (old[s, a] - reference[s, a]) * real
            last = completions.lengths[drawn].long() - 1
            rewards[torch.arange(n_trajectories), last] += scores[drawn].float()
            advantages, returns = _advantages(critic()[:, 0][s], rewards, real, gae)
        scale = advantages[real > 0].std()
        centred = (advantages - advantages[real > 0].mean()) / scale
        for _ in range(n_epochs):
            for rows in torch.randperm(n_trajectories, generator=generator).chunk(n_minibatches):
                taken = real[rows] > 0
                where, what = s[rows][taken], a[rows][taken]
                logits = policy()
                ratio = (logits.log_softmax(dim=1)[where, what] - old[where, what]).exp()
                advantage = centred[rows][taken]
                bounded = ratio.clamp(1.0 - clip, 1.0 + clip) * advantage
                loss = -torch.minimum(ratio * advantage, bounded).mean()
                if share is not None:
                    loss = loss - ptx / scale * (share * completions.log_probabilities(logits)).sum()
                value_loss = (critic()[:, 0][where] - returns[rows][taken]).square().mean()
                for optimiser, own_loss in zip(optimisers, (loss, value_loss), strict=True):
                    optimiser.zero_grad()
                    own_loss.backward()
                    optimiser.step()
        clipped = float((bounded < ratio * advantage).double().mean())
        for schedule in schedules:
            schedule.step()
        curves.append((*exact_objective(completions, known, reference_of, scores, beta), clipped))
    with torch.no_grad():
        final = completions.log_probabilities(policy().double())
    objective, divergence = exact_objective(completions, final, reference_of, scores, beta)
    ideal = posterior(completions, reference_of, scores, beta)
    best = exact_objective(completions, ideal, reference_of, scores, beta)[0]
    gain = best - float(completions.expectation(reference_of, scores))
    objectives, divergences, shares = np.array(curves).T
    return FineTuned(
        *(policy, beta, final, objective, best, gain, divergence, best - objective <= tol * gain),
        *(objectives, divergences, shares),
    )


def _advantages(values: Tensor, rewards: Tensor, real: Tensor, gae: float) -> tuple[Tensor, Tensor]:
    """Advantages and the returns that the value function regresses on, (k, L) each."""
    values = values * real
    following = torch.cat([values[:, 1:], torch.zeros_like(values[:, :1])], dim=1)
    surprise = (rewards + following - values) * real
    advantages = torch.zeros_like(surprise)
    running = torch.zeros(len(surprise))
    for t in reversed(range(surprise.shape[1])):
        running = surprise[:, t] + gae * running
        advantages[:, t] = running
    return advantages, advantages + values
