r"""A language small enough to enumerate, and a hidden taste for its sentences: what fine-tuning is tried on.

Three prompts, five tokens, completions of up to five: 3,906 for each prompt. The corpus comes from a bigram language whose
statistics depend on the prompt. The hidden reward reads whole completions: each prompt has a token it likes, but not too much
of it (a quadratic), repetitions are disliked, and a fixed pair of tokens is liked. It has mean 0 and deviation 1 under the
language of the corpus, as reward models commonly do (Ziegler et al. 2019, arXiv:1909.08593).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ..token_tree import TokenTree
from .language_model import Enumeration

TOKENS, PROMPTS, LONGEST = "abcde", ("1:", "2:", "3:"), 5


@dataclass(frozen=True, eq=False)
class LanguageTask:
    """A tree of completions, the language of its corpus, and the hidden reward.

    Attributes
    ----------
    tree : TokenTree
    completions : Enumeration
    language : (S, A) array
        The policy that wrote the corpus.
    reward : (n,) tensor
        Hidden reward of each completion.
    """

    tree: TokenTree
    completions: Enumeration
    language: NDArray
    reward: Tensor

    def corpus(self, n: int, seed: int) -> Tensor:
        """Draw n completions of the language, prompts uniformly; (n,) ints."""
        chance = torch.from_numpy(np.exp(self.tree.log_probabilities(self.language)))
        return torch.multinomial(chance, n, replacement=True, generator=torch.Generator().manual_seed(seed))


def language_task(seed: int = 0) -> LanguageTask:
    """Draw a language and a hidden reward."""
    rng = np.random.default_rng(seed)
    tree = TokenTree(TOKENS, LONGEST, prompts=PROMPTS)
    language = _bigram_language(tree, rng)
    features = _features(tree)
    scores = features @ np.array([1.6, -0.45, -0.7, 0.9, 0.25])
    chance = np.exp(tree.log_probabilities(language)) / len(PROMPTS)
    mean = chance @ scores
    scores = (scores - mean) / np.sqrt(chance @ (scores - mean) ** 2)
    return LanguageTask(tree, Enumeration(tree), language, torch.from_numpy(scores))


def _bigram_language(tree: TokenTree, rng: np.random.Generator) -> NDArray:
    """Next-token probabilities (S, A) that depend on the prompt and the last token; an end is likelier after more tokens."""
    A = tree.mdp.n_actions
    start, bigram = rng.normal(size=(len(PROMPTS), A)), rng.normal(size=(len(PROMPTS), A - 1, A))
    policy = np.zeros((tree.mdp.n_states, A), order="F")
    for state, prefix in enumerate(tree.prefixes):
        prompt = PROMPTS.index(prefix[:2])
        written = prefix[2:]
        logits = (bigram[prompt, TOKENS.index(written[-1])] if written else start[prompt]).copy()
        logits[-1] += 0.5 * (len(written) - 3.0)
        policy[state] = np.exp(logits) / np.exp(logits).sum()
    return policy


def _features(tree: TokenTree) -> NDArray:
    """What the hidden reward reads of each completion, (n, 5)."""
    rows = []
    for prompt, completion in zip(tree.prompt_of, tree.completions, strict=True):
        text = completion[2:].removesuffix(".")
        liked = text.count(TOKENS[prompt])
        repeats = sum(a == b for a, b in zip(text, text[1:], strict=False))
        rows.append((liked, liked**2, repeats, text.count("de"), len(text)))
    return np.array(rows, dtype=float)
