r"""A small autoregressive language model whose every completion can be enumerated.

A recurrent network (a GRU) reads a prompt and then tokens; a linear layer turns its memory into outputs for what may follow.
All prefixes of a `TokenTree` share its parameters, and one pass over the tree, level by level, gives the outputs at every
prefix: the exact distribution over completions, its divergences and its expected rewards need no sampling.

The same network with other outputs is the policy, the value function and the reward model, as in Ouyang et al. (2022), where all
three start from one pretrained transformer.

Sources: Cho, K., et al. (2014), Learning phrase representations using RNN encoder-decoder, EMNLP, 1724-1734 (the GRU); Ouyang,
L., et al. (2022), Training language models to follow instructions with human feedback, NeurIPS 35.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterable
from typing import Self

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from ..._checks import check_count, check_positive
from ..token_tree import TokenTree


class PrefixNetwork(nn.Module):
    """Outputs at every prefix of a tree, from one recurrent network.

    Parameters
    ----------
    tree : TokenTree
    n_hidden : int
        Units of the memory, and of the embeddings of prompts and tokens.
    n_outputs : int, optional
        At each prefix; default one per action, token or end.
    seed : int
        Of the initial parameters.
    """

    def __init__(self, tree: TokenTree, *, n_hidden: int = 32, n_outputs: int | None = None, seed: int = 0) -> None:
        super().__init__()
        self.n_prompts, self.n_tokens, self.n_prefixes = len(tree.prompts), len(tree.tokens), len(tree.prefixes)
        self.n_actions = tree.mdp.n_actions
        with torch.random.fork_rng():
            torch.manual_seed(seed)
            self.prompts = nn.Embedding(self.n_prompts, n_hidden)
            self.tokens = nn.Embedding(self.n_tokens, n_hidden)
            self.memory = nn.GRUCell(n_hidden, n_hidden)
            self.head = nn.Linear(n_hidden, self.n_actions if n_outputs is None else n_outputs)

    def forward(self) -> Tensor:
        """Outputs (n_prefixes, n_outputs), in the order of the tree's states."""
        level = self.prompts.weight.tanh()
        levels, found = [level], len(level)
        while found < self.n_prefixes:  # the tree numbers its prefixes level by level, a parent's children by token
            parents = level.repeat_interleave(self.n_tokens, dim=0)
            level = self.memory(self.tokens.weight.repeat(len(level), 1), parents)
            levels.append(level)
            found += len(level)
        return self.head(torch.cat(levels))

    def with_new_head(self, n_outputs: int, *, seed: int = 0) -> Self:
        """Return a copy that keeps what the memory has learnt, with a fresh last layer."""
        other = copy.deepcopy(self)
        with torch.random.fork_rng():
            torch.manual_seed(seed)
            other.head = nn.Linear(self.head.in_features, n_outputs)
        return other


class Enumeration:
    """The completions of a tree as index arrays, so that sums over them are differentiable.

    Parameters
    ----------
    tree : TokenTree

    Attributes
    ----------
    states, actions : (n, L) int tensors
        The decisions of each completion, padded by repeating the last.
    real : (n, L) float tensor
        1 for decisions, 0 for padding.
    lengths : (n,) float tensor
        Decisions of each completion.
    prompt_of : (n,) int tensor
    """

    def __init__(self, tree: TokenTree) -> None:
        S = tree.mdp.n_states
        paths = tree.paths.tocsr()
        counts = np.diff(paths.indptr)
        position = np.arange(len(paths.indices)) - np.repeat(paths.indptr[:-1], counts)
        row = np.repeat(np.arange(len(counts)), counts)
        order = np.lexsort((paths.indices % S, row))  # along a path the states' numbers increase
        pairs = np.empty((len(counts), counts.max()), dtype=int)
        pairs[:] = paths.indices[order][paths.indptr[1:] - 1][:, None]
        pairs[row, position] = paths.indices[order]
        self.tree = tree
        self.states, self.actions = torch.from_numpy(pairs % S), torch.from_numpy(pairs // S)
        self.real = torch.from_numpy((np.arange(counts.max()) < counts[:, None]).astype(np.float32))
        self.lengths = torch.from_numpy(counts.astype(np.float32))
        self.prompt_of = torch.from_numpy(tree.prompt_of)
        self.last_state, self.last_action = self.states[:, -1], self.actions[:, -1]

    def log_probabilities(self, logits: Tensor, completions: Tensor | None = None) -> Tensor:
        """log pi(y | prompt) of completions (m,), or of all, for logits (n_prefixes, A)."""
        log_policy = logits.log_softmax(dim=1)
        rows = slice(None) if completions is None else completions
        return (log_policy[self.states[rows], self.actions[rows]] * self.real[rows]).sum(dim=1)

    def policy(self, logits: Tensor) -> NDArray:
        """The policy (S, A) as the rest of the package reads it."""
        table = np.zeros((self.tree.mdp.n_states, self.tree.mdp.n_actions), order="F")
        table[: len(logits)] = logits.detach().double().softmax(dim=1).numpy()
        return table

    def expectation(self, log_probabilities: Tensor, values: Tensor) -> Tensor:
        """Mean over prompts of the expected value (n,) of a completion."""
        return (log_probabilities.exp() * values).sum() / len(self.tree.prompts)

    def draw(self, logits: Tensor, n: int, generator: torch.Generator) -> Tensor:
        """Draw n completions, each for a prompt drawn uniformly; (n,) ints."""
        chance = self.log_probabilities(logits.detach().double()).exp()
        return torch.multinomial(chance, n, replacement=True, generator=generator)


def descend(
    parameters: Iterable[nn.Parameter], loss: Callable[[], Tensor], n_steps: int, learning_rate: float
) -> NDArray:
    """Minimise a loss by Adam with a learning rate that falls to 0 along a cosine; return the losses, (n_steps,)."""
    optimiser = torch.optim.Adam(parameters, lr=learning_rate)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, n_steps)
    curve = []
    for _ in range(n_steps):
        optimiser.zero_grad()
        value = loss()
        value.backward()
        optimiser.step()
        schedule.step()
        curve.append(value.item())
    return np.array(curve)


def fit_supervised(
    model: PrefixNetwork,
    completions: Enumeration,
    corpus: Tensor,
    *,
    n_steps: int = 300,
    learning_rate: float = 1e-2,
) -> NDArray:
    """Fit a language model to a corpus by maximum likelihood: the supervised stage.

    Parameters
    ----------
    model : PrefixNetwork
        One output per action; changed in place.
    completions : Enumeration
    corpus : (m,) int tensor
        Completions, of all prompts.
    n_steps : int
        Of Adam, each on the whole corpus.
    learning_rate : float > 0

    Returns
    -------
    (n_steps,) array
        Mean negative log-likelihood of a completion at each step, nats.
    """
    share = torch.bincount(corpus, minlength=len(completions.lengths)) / len(corpus)
    return descend(
        model.parameters(),
        lambda: -(share * completions.log_probabilities(model())).sum(),
        check_count("n_steps", n_steps),
        check_positive("learning_rate", learning_rate),
    )
