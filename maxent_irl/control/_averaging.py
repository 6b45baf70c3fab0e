"""Averages of iterates: what takes the noise out of stochastic approximation.

Source: Shamir, O., & Zhang, T. (2013), Stochastic gradient descent for non-smooth optimization: convergence results and optimal
averaging schemes, ICML, PMLR 28(1), 71-79.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


class Averaged:
    r"""Average of iterates with weights like :math:`t^3`: at any time mostly over the later half (Shamir & Zhang 2013)."""

    def __init__(self) -> None:
        self.count, self.value = 0, None

    def add(self, iterate: NDArray) -> None:
        """Take in one more iterate."""
        self.count += 1
        weight = 4.0 / (self.count + 3.0)
        self.value = np.array(iterate) if self.count == 1 else (1.0 - weight) * self.value + weight * iterate
