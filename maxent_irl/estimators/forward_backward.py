r"""Hidden Markov chains behind sequences of different lengths, in log space: pure functions of arrays.

With the log-probability :math:`b_t(z)` of what is seen at step t if the hidden state is z, initial probabilities and a transition
matrix :math:`A`, both in logs,

.. math:: a_1 = \pi + b_1, \quad a_{t+1}(j) = b_{t+1}(j) + \log\sum_i \exp(a_t(i) + A_{ij}), \qquad
    \beta_T = 0, \quad \beta_t(i) = \log\sum_j \exp(A_{ij} + b_{t+1}(j) + \beta_{t+1}(j)).

Sequences lie end to end; step t of all that are long enough is one operation.

Source: Rabiner, L. R. (1989), A tutorial on hidden Markov models, Proceedings of the IEEE 77(2), 257-286.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray


class Posterior(NamedTuple):
    """What is known of the hidden states once everything is seen; n sequences, N steps in all, C hidden states."""

    log_likelihoods: NDArray  # (n,)
    states: NDArray  # (N, C) probability of each hidden state at each step
    moves: NDArray  # (C, C) expected number of moves, sequences by their weight
    filtered: NDArray  # (N, C) log-probability of each hidden state given what was seen before, this step not included


def forward(log_start: NDArray, log_moves: NDArray, log_b: NDArray, offsets: NDArray) -> NDArray:
    """The messages a, (N, C): joint log-probability of what was seen up to a step and of the hidden state at it."""
    a = np.empty_like(log_b)
    for t, here in _steps(offsets):
        arriving = log_start if t == 0 else _log_sum(a[here - 1][:, :, None] + log_moves, axis=1)
        a[here] = arriving + log_b[here]
    return a


def backward(log_moves: NDArray, log_b: NDArray, offsets: NDArray) -> NDArray:
    """The messages beta, (N, C): log-probability of what is seen after a step given the hidden state at it."""
    beta = np.zeros_like(log_b)
    for t, here in reversed(list(_steps(offsets))):
        if t:
            ahead = log_b[here] + beta[here]
            beta[here - 1] = _log_sum(log_moves + ahead[:, None, :], axis=2)
    return beta


def smooth(
    log_start: NDArray, log_moves: NDArray, log_b: NDArray, offsets: NDArray, weights: NDArray | None = None
) -> Posterior:
    """Forwards and backwards.

    Parameters
    ----------
    log_start : (C,) array
    log_moves : (C, C) array
        Row: from.
    log_b : (N, C) array
    offsets : (n + 1,) int array
        Sequence i is ``[offsets[i], offsets[i + 1])``.
    weights : (n,) array, optional
        Of the sequences in `moves`.
    """
    a, beta = forward(log_start, log_moves, log_b, offsets), backward(log_moves, log_b, offsets)
    lengths = np.diff(offsets)
    total = _log_sum(a[offsets[1:] - 1], axis=1)
    of_step = np.repeat(total, lengths)[:, None]
    states = np.exp(a + beta - of_step)
    later = np.ones(len(log_b), dtype=bool)
    later[offsets[:-1]] = False
    later = np.flatnonzero(later)
    joint = a[later - 1][:, :, None] + log_moves + (log_b + beta)[later][:, None, :] - of_step[later][:, :, None]
    weight = np.ones(len(later)) if weights is None else np.repeat(weights, lengths)[later]
    filtered = np.empty_like(log_b)
    filtered[offsets[:-1]] = log_start
    arriving = _log_sum(a[later - 1][:, :, None] + log_moves, axis=1)
    filtered[later] = arriving - _log_sum(arriving, axis=1)[:, None]
    return Posterior(total, states, np.einsum("n,nij->ij", weight, np.exp(joint)), filtered)


def most_likely_path(
    log_start: NDArray, log_moves: NDArray, log_b: NDArray, offsets: NDArray
) -> tuple[NDArray, NDArray]:
    """Viterbi: the joint log-probability of the best hidden path of each sequence, (n,), and the paths, (N,) int."""
    best, came = np.empty_like(log_b), np.zeros(log_b.shape, dtype=np.int64)
    steps = list(_steps(offsets))
    for t, here in steps:
        if t == 0:
            best[here] = log_start + log_b[here]
            continue
        arriving = best[here - 1][:, :, None] + log_moves
        came[here] = arriving.argmax(axis=1)
        best[here] = arriving.max(axis=1) + log_b[here]
    path = np.empty(len(log_b), dtype=np.int64)
    last = offsets[1:] - 1
    path[last] = best[last].argmax(axis=1)
    for t, here in reversed(steps):
        if t:
            path[here - 1] = came[here, path[here]]
    return best[last].max(axis=1), path


def _steps(offsets: NDArray) -> Iterator[tuple[int, NDArray]]:
    """Each step, and where it lies in all sequences that have it."""
    lengths = np.diff(offsets)
    order = np.argsort(-lengths, kind="stable")
    first, alive = offsets[:-1][order], lengths[order]
    for t in range(int(alive[0])):
        yield t, first[: np.searchsorted(-alive, -t, side="left")] + t


def _log_sum(values: NDArray, axis: int) -> NDArray:
    """``log sum exp`` that stays -inf where everything is."""
    top = values.max(axis=axis, keepdims=True)
    top = np.where(np.isfinite(top), top, 0.0)
    with np.errstate(divide="ignore"):
        return np.log(np.exp(values - top).sum(axis=axis)) + np.squeeze(top, axis)
