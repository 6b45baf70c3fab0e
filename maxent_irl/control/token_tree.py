r"""A language model small enough to enumerate: prefixes are states, tokens are actions, completions are terminal states.

On such a tree the quantities of fine-tuning language models can be computed exactly. A completion is a path to a leaf. Its reward
is paid once, with its last token. A per-token policy and a distribution over completions determine one another:

.. math::

    \log \pi(y) = \sum_t \log \pi(y_t \mid y_{<t}), \qquad
    \pi(y_t \mid y_{<t}) = \frac{\sum_{y' \succeq y_{\le t}} \pi(y')}{\sum_{y' \succeq y_{<t}} \pi(y')} .

With a reference model as prior, the posterior of control as inference is :math:`\pi^*(y) \propto \pi_\text{ref}(y) \exp(r(y) /
\beta)`. `soft_value_iteration` on the tree computes it token by token.

Source: Ouyang, L., et al. (2022), Training language models to follow instructions with human feedback, NeurIPS 35 (the
setting); Korbak, T., Perez, E., & Buckley, C. L. (2022), RL with KL penalties is better viewed as Bayesian inference, Findings
of EMNLP, 1083-1091 (the posterior).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import sparse

from .._checks import check_count, check_finite, check_numbers, check_positive, check_temperature
from ..demonstrations.draws import generator
from ..inference.backup import soft_maximum
from ..mdp import MDP
from ..mdp.policies import check_policy

END = "."
LARGEST = 100_000  # completions of full length
Node = tuple[int, tuple[int, ...]]  # a prompt and the tokens that follow it


class TokenTree:
    """All completions of given prompts in a small vocabulary.

    Parameters
    ----------
    tokens : sequence of str
        The vocabulary. One more action, written ".", ends the completion.
    max_length : int
        Largest number of tokens in a completion, after which it ends without the ".".
    prompts : sequence of str
        The texts that are completed, each equally likely.

    Attributes
    ----------
    mdp : MDP
        Undiscounted. Its states are the prefixes, then the completions. Its actions are the tokens, then the end.
    completions : tuple of n str
    prompt_of : (n,) int array
        Index of the prompt of each completion.
    leaves : (n,) int array
        Terminal state of each completion.
    prefixes : tuple of str
        Texts of the states in which a token is chosen.
    paths : csr_array (n, A * S)
        1 where a completion takes token a in prefix s, column ``a * S + s``.
    """

    def __init__(self, tokens: Sequence[str], max_length: int, *, prompts: Sequence[str] = ("",)) -> None:
        self.tokens, self.prompts = _strings("tokens", tokens), _strings("prompts", prompts)
        max_length = check_count("max_length", max_length)
        A = len(self.tokens) + 1
        size = len(self.prompts) * (A - 1) ** max_length
        if size > LARGEST:
            raise ValueError(
                f"{size:,} completions of full length are too many to enumerate, at most {LARGEST:,}: use a smaller max_length"
            )
        level: list[Node] = [(prompt, ()) for prompt in range(len(self.prompts))]
        inner: list[Node] = []
        for _ in range(max_length):
            inner += level
            level = [(prompt, (*prefix, token)) for prompt, prefix in level for token in range(A - 1)]
        ended: list[Node] = [(prompt, (*prefix, A - 1)) for prompt, prefix in inner]
        finished = sorted(ended + level)
        index = {node: state for state, node in enumerate(inner + finished)}
        S = len(index)
        successors = np.full((S, A), -1)
        for (prompt, prefix), state in index.items():
            if prefix:
                successors[index[prompt, prefix[:-1]], prefix[-1]] = state
        initial = np.zeros(S)
        initial[: len(self.prompts)] = 1 / len(self.prompts)
        self.leaves = np.arange(len(inner), S)
        self.mdp = MDP.from_successors(successors, terminal=self.leaves, initial=initial)
        self.prompt_of = np.array([prompt for prompt, _ in finished])
        self.prefixes = tuple(self._text(*node) for node in inner)
        self.completions = tuple(self._text(*node) for node in finished)
        steps = [
            (completion, prefix[t] * S + index[prompt, prefix[:t]])
            for completion, (prompt, prefix) in enumerate(finished)
            for t in range(len(prefix))
        ]
        rows, columns = np.array(steps).T
        self.paths = sparse.csr_array((np.ones(len(rows)), (rows, columns)), shape=(len(finished), A * S))
        self._last_pair = columns[np.append(np.flatnonzero(np.diff(rows)), len(rows) - 1)]

        texts = list(zip(self.prompt_of, self.completions, strict=True))
        if len(set(texts)) < len(texts):
            twice = next(text for (_, text), n in Counter(texts).items() if n > 1)
            raise ValueError(f"two completions read {twice!r}: tokens must not spell one another or {END!r}, the end")

    def _text(self, prompt: int, prefix: tuple[int, ...]) -> str:
        return self.prompts[prompt] + "".join((*self.tokens, END)[token] for token in prefix)

    @property
    def n_completions(self) -> int:
        """Number of completions of all prompts."""
        return len(self.completions)

    def __repr__(self) -> str:
        return (
            f"TokenTree({self.n_completions} completions, {len(self.prefixes)} prefixes, {len(self.prompts)} prompts)"
        )

    def random_policy(self, *, concentration: float = 1.0, random_state: Any = None) -> NDArray:
        """Draw a language model: Dirichlet next-token probabilities at every prefix, (S, A).

        Parameters
        ----------
        concentration : float > 0
            With a large value the policy is nearly uniform; with a small one, each prefix has one likely token.
        random_state : None, int, numpy Generator, or numpy RandomState
        """
        concentration = check_positive("concentration", concentration)
        policy = np.zeros((self.mdp.n_states, self.mdp.n_actions), order="F")
        alpha = np.full(self.mdp.n_actions, concentration)
        policy[: len(self.prefixes)] = generator(random_state).dirichlet(alpha, size=len(self.prefixes))
        return policy

    def log_probabilities(self, policy: ArrayLike) -> NDArray:
        """Return log pi(y | prompt) of every completion, (n,)."""
        with np.errstate(divide="ignore"):
            return self.paths @ np.log(check_policy(self.mdp, policy)).ravel()

    def policy_of(self, probabilities: ArrayLike) -> NDArray:
        """Return the per-token policy (S, A) of a distribution over completions, (n,); a factor per prompt has no effect.

        Raises
        ------
        ValueError
            If a prefix has probability 0, naming it: its next-token probabilities are then undefined.
        """
        probabilities = self._check_each("probabilities", probabilities)
        if (probabilities < 0).any():
            worst = int(np.argmax(probabilities < 0))
            raise ValueError(
                f"completion {self.completions[worst]!r} has probability {probabilities[worst]:g}, below 0"
            )
        mass = (self.paths.T @ probabilities).reshape(self.mdp.n_actions, -1)
        total = mass.sum(axis=0)
        empty = np.flatnonzero(~(total[: len(self.prefixes)] > 0))
        if len(empty):
            raise ValueError(
                f"prefix {self.prefixes[empty[0]]!r} has no probability, so its next token is undefined: "
                "give one of its completions a positive probability"
            )
        return np.divide(mass, total, out=np.zeros_like(mass), where=total > 0).T

    def softmax(self, logits: NDArray) -> NDArray:
        """Return the softmax policy (S, A) of logits (S, A); rows of completions are zero."""
        return soft_maximum(np.where(self.mdp.available, logits, -np.inf).T, None, 1.0)[1].T

    def reward_table(self, scores: ArrayLike) -> NDArray:
        """Return the reward (S, A) that pays the score of each completion, (n,), with its last token."""
        reward = np.zeros(self.mdp.n_actions * self.mdp.n_states)
        reward[self._last_pair] = self.check_scores(scores)
        return reward.reshape(self.mdp.n_actions, -1).T

    def check_scores(self, scores: ArrayLike) -> NDArray:
        """Return one finite score per completion, (n,); raise ValueError otherwise."""
        return self._check_each("scores", scores)

    def _check_each(self, name: str, values: ArrayLike) -> NDArray:
        array = check_numbers(name, values)
        if array.shape != (self.n_completions,):
            raise ValueError(f"{name} must have shape ({self.n_completions},), one per completion; got {array.shape}")
        check_finite(name, array, ("completion",))
        return array

    def posterior(self, reference: ArrayLike, scores: ArrayLike, temperature: float) -> NDArray:
        r"""Return the sequence-level posterior :math:`\pi_\text{ref}(y) \exp(r(y) / \beta) / Z` of every prompt, (n,).

        Parameters
        ----------
        reference : (S, A) array
        scores : (n,) array
            r(y).
        temperature : float > 0
            beta.
        """
        beta = check_temperature(temperature, finite_positive=True)
        logits = self.log_probabilities(reference) + self.check_scores(scores) / beta
        by_prompt = np.full((len(self.prompts), self.n_completions), -np.inf)
        by_prompt[self.prompt_of, np.arange(self.n_completions)] = logits
        return soft_maximum(by_prompt.T, None, 1.0)[1].sum(axis=1)

    def draw_pairs(self, policy: ArrayLike, n_pairs: int, *, random_state: Any = None) -> NDArray:
        """Draw pairs of different completions of one prompt, both from the policy; (n_pairs, 2) ints."""
        weight = np.exp(self.log_probabilities(policy))
        first, second = np.nonzero(self.prompt_of[:, None] == self.prompt_of)
        different = first != second
        first, second = first[different], second[different]
        chance = weight[first] * weight[second]
        chosen = generator(random_state).choice(
            len(first), size=check_count("n_pairs", n_pairs), p=chance / chance.sum()
        )
        return np.column_stack([first[chosen], second[chosen]])


def _strings(name: str, values: Sequence[str]) -> tuple[str, ...]:
    """Return at least one string, all different; ValueError names what is no string or occurs twice."""
    try:
        given = tuple(values)
    except TypeError:
        raise ValueError(f"{name} must be a sequence of str; got {values!r}") from None
    if not given or not all(isinstance(value, str) for value in given):
        raise ValueError(f"{name} must be a sequence of str, at least one; got {values!r}")
    if len(set(given)) < len(given):
        raise ValueError(f"{name} must differ; {next(v for v in given if given.count(v) > 1)!r} comes twice")
    return given
