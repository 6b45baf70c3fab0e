r"""Over-relaxed EM for likelihoods whose parameters are probabilities.

Let the likelihood L be a polynomial with positive coefficients in the probabilities :math:`\theta` of hidden choices, and let
:math:`g = \partial L / \partial \theta`. Then :math:`\theta g / L` is the expected number of times that a choice was taken. EM
and over-relaxed EM step to

.. math::

    \theta_\text{new} \propto \theta \, g , \qquad \theta_\text{new} \propto \theta \, g^\eta .

The power :math:`\eta` doubles while L rises. Where L falls, the step is taken back and :math:`\eta` returns to 1, at which no
step lowers L.

Source: Salakhutdinov, R., & Roweis, S. (2003), Adaptive overrelaxed bound optimization methods, ICML, 664-671. The factor 2 is
ours.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..inference.solver import Iterated, iterate

LARGEST_POWER = 1e4
ROUNDING = 1e-13  # relative; a fall of L below this is none

Tables = tuple[NDArray, ...]  # each of probabilities that sum to 1 over the last axis


class Progress(NamedTuple):
    """Where EM stands: the logarithms of the tables, the next power, and the likelihoods so far."""

    logits: Tables
    power: float
    curve: tuple[float, ...]
    gradients: Tables

    @property
    def tables(self) -> Tables:
        """The tables of probabilities."""
        return tuple(np.exp(logits) for logits in self.logits)


def maximise_likelihood(
    evaluate: Callable[[Tables], tuple[float, Tables]],
    start: Tables,
    *,
    accelerate: bool,
    tol: float,
    max_iter: int,
) -> Iterated[Progress, None]:
    """Maximise a likelihood over tables of probabilities.

    Parameters
    ----------
    evaluate : callable
        Likelihood > 0 of the tables, and its gradient, >= 0, in each of them.
    start : tuple of arrays
        Zeros stay zero.
    accelerate : bool
        False: eta stays 1, which is plain EM.
    tol : float
        Of the residual: the first-order gain in log L from moving every row of the tables to its best entry.
    max_iter : int

    Returns
    -------
    Iterated
        Its state has the tables, and the likelihood before every iteration and at the end.
    """

    def at(logits: Tables, power: float, curve: tuple[float, ...]) -> Progress:
        likelihood, gradients = evaluate(tuple(np.exp(table) for table in logits))
        return Progress(logits, power, (*curve, likelihood), gradients)

    def residual(now: Progress) -> tuple[None, float]:
        gains = [(g.max(axis=-1) - (t * g).sum(axis=-1)).sum() for t, g in zip(now.tables, now.gradients, strict=True)]
        return None, float(sum(gains)) / now.curve[-1]

    def advance(now: Progress, _: None) -> Progress:
        moved = at(_reweighted(now, now.power), now.power, now.curve)
        if now.power > 1.0 and not moved.curve[-1] >= now.curve[-1] * (1.0 - ROUNDING):
            moved = at(_reweighted(now, 1.0), 0.5, now.curve)
        power = min(2.0 * moved.power, LARGEST_POWER) if accelerate else 1.0
        return moved._replace(power=power)

    with np.errstate(divide="ignore"):
        first = at(tuple(np.log(table) for table in start), 1.0, ())
    return iterate(first, measure=residual, advance=advance, tolerance=lambda _: tol, max_iter=max_iter)


def _reweighted(now: Progress, power: float) -> Tables:
    """Logarithms of the tables ``theta g ** power``, normalised; rows without a positive gradient keep theirs."""
    moved = []
    for logits, gradient in zip(now.logits, now.gradients, strict=True):
        with np.errstate(divide="ignore"):
            new = logits + power * np.log(np.maximum(gradient, 0.0))
        top = new.max(axis=-1, keepdims=True)
        possible = np.isfinite(top)
        shifted = np.where(possible, new - np.where(possible, top, 0.0), -math.inf)
        with np.errstate(divide="ignore"):
            total = np.log(np.exp(shifted).sum(axis=-1, keepdims=True))
        moved.append(np.where(possible, shifted - np.where(possible, total, 0.0), logits))
    return tuple(moved)
