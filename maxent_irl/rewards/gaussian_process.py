r"""Rewards drawn from a Gaussian process, by inducing inputs: ``r = Phi w`` with w ~ N(0, I).

.. math:: \Phi = K_{nm} L^{-\top}, \qquad L L^\top = K_{mm}, \qquad \Phi \Phi^\top = K_{nm} K_{mm}^{-1} K_{mn} .

With all inputs as inducing inputs this is the process itself; with fewer it is Nystroem's approximation (Williams & Seeger 2001,
Using the Nystroem method to speed up kernel machines, NIPS). The reward is linear in w, so that the maximum of the posterior is a
linear fit with ``l2=1``.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import linalg

from .inputs import Inputs
from .linear import Features

JITTER = 1e-8  # added to the diagonal of K_mm, in units of its mean


class GaussianProcessReward:
    """A reward model for one kernel.

    Parameters
    ----------
    kernel : sklearn.gaussian_process.kernels.Kernel
    inputs : Inputs
    inducing : (m, D') array
        Inducing inputs, transformed as those of `inputs`.

    Attributes
    ----------
    features : Features
        Phi.
    n_parameters : int
        m.
    """

    features: Features
    n_parameters: int

    def __init__(self, kernel: Any, inputs: Inputs, inducing: NDArray) -> None:
        self.kernel, self.inputs, self.inducing = kernel, inputs, inducing
        self.n_parameters = len(inducing)
        K = kernel(inducing)
        K[np.diag_indices_from(K)] += JITTER * np.mean(np.diag(K))
        try:
            self._root = linalg.cholesky(K, lower=True)
        except linalg.LinAlgError:
            raise ValueError(
                f"the kernel matrix of the inducing inputs is not positive definite under {kernel}: use fewer inducing "
                "inputs, or bounds that keep length scales shorter"
            ) from None
        self.features = Features.of_rows(self.basis(inputs.table)[inputs.index], inputs.shape)

    def basis(self, rows: NDArray) -> NDArray:
        """Phi at any inputs (n, D'), (n, m)."""
        return linalg.solve_triangular(self._root, self.kernel(rows, self.inducing).T, lower=True).T

    def __call__(self, weights: NDArray) -> NDArray:
        """Reward for weights (m,)."""
        return self.features.rewards(weights)

    def vjp(self, weights: NDArray, mass: NDArray) -> NDArray:
        """(m,)."""
        return self.features.total(mass)

    def jacobian(self, weights: NDArray) -> Features:
        """Phi."""
        return self.features

    def left_out(self, rows: NDArray) -> NDArray:
        """Prior variance at inputs (n, D') that the inducing inputs do not account for, (n,)."""
        return np.maximum(self.kernel.diag(rows) - (self.basis(rows) ** 2).sum(axis=1), 0.0)

    def pulled_back(self, gradient: NDArray) -> NDArray:
        """Derivative with respect to the kernel's free hyperparameters (``kernel.theta``) of a function of ``Phi Phi'``.

        Parameters
        ----------
        gradient : (rows, m) array
            Derivative of the function with respect to the entries of Phi.

        Notes
        -----
        ``d Phi = dK_nm L^-T - Phi L^-1 dK_mm L^-T / 2`` changes ``Phi Phi'`` as the derivative of the Cholesky factor does.
        """
        gradient = self.inputs.gathered(gradient)
        phi = self.basis(self.inputs.table)
        on_inputs = linalg.solve_triangular(self._root, gradient.T, lower=True, trans=1).T
        middle = linalg.solve_triangular(self._root, phi.T @ on_inputs, lower=True, trans=1)
        m, P = len(self.inducing), len(self.kernel.theta)
        total = np.zeros(P)
        # Derivatives of scikit-learn's kernels exist for one set of inputs against itself: a block with the inducing inputs.
        # As many rows as there are inducing inputs waste least.
        for block in (slice(i, i + m) for i in range(0, len(phi), m)):
            rows = self.inputs.table[block]
            _, derivative = self.kernel(np.vstack([rows, self.inducing]), eval_gradient=True)
            total += np.einsum("nm,nmp->p", on_inputs[block], derivative[: len(rows), len(rows) :])
            if block.start == 0:
                own = derivative[len(rows) :, len(rows) :]
                jitter = JITTER * np.mean(np.diagonal(own), axis=-1)
                total -= (np.einsum("kl,klp->p", middle, own) + np.trace(middle) * jitter) / 2
        return total
