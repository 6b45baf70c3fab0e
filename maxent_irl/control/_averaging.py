"""Weighted averages of iterates, which reduce the noise of stochastic approximation.

Source: Shamir, O., & Zhang, T. (2013), Stochastic gradient descent for non-smooth optimization: convergence results and optimal
averaging schemes, ICML, PMLR 28(1), 71-79.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray


class Averaged:
    r"""Average of iterates with weights proportional to :math:`t^3`, so that the later half dominates.

    Attributes
    ----------
    value : array
        The average so far, of the shape of the iterates; 0 before the first one.
    count : int
        Number of iterates seen.
    """

    def __init__(self) -> None:
        self.count = 0
        self.value: NDArray = np.zeros(())

    def add(self, iterate: ArrayLike) -> None:
        """Include one more iterate."""
        self.count += 1
        weight = 4.0 / (self.count + 3.0)
        self.value = (1.0 - weight) * self.value + weight * np.asarray(iterate)
