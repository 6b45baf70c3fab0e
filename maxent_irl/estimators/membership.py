"""Which class a unit belongs to, before its decisions are seen: shares, or a multinomial logit on covariates of the unit."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from scipy import special
from sklearn.linear_model import LogisticRegression


@dataclass(frozen=True, eq=False)
class Membership:
    """Log-odds of the classes, linear in covariates; class 0 is the reference.

    Attributes
    ----------
    n_classes : int
        C.
    names : tuple of p - 1 str
        The covariates.
    coef : (C, p) array
        Intercept first; row 0 is zero.
    """

    n_classes: int
    names: tuple[str, ...] = ()
    coef: NDArray = field(default_factory=lambda: np.zeros((0, 0)))

    @property
    def n_parameters(self) -> int:
        """(C - 1) p."""
        return (self.n_classes - 1) * (1 + len(self.names))

    @cached_property
    def parameter_names(self) -> list[str]:
        """Of the free log-odds, class by class."""
        terms = ("constant", *self.names)
        return [f"log odds of class {c}: {term}" for c in range(1, self.n_classes) for term in terms]

    def log_weights(self, design: NDArray) -> NDArray:
        """Log-probability of each class for units with these covariates (U, p), (U, C)."""
        with np.errstate(invalid="ignore"):  # a class without members has log-odds of -inf, which no covariate changes
            odds = design @ self.coef.T
        odds[:, np.isneginf(self.coef[:, 0])] = -np.inf
        return odds - special.logsumexp(odds, axis=1, keepdims=True)

    def fitted(self, design: NDArray, responsibilities: NDArray, weights: NDArray) -> Membership:
        """The most likely odds for units that belong to the classes with these probabilities (U, C)."""
        shares = weights @ responsibilities
        with np.errstate(divide="ignore"):
            constant = np.log(shares / shares.sum())
        coef = np.zeros((self.n_classes, design.shape[1]))
        coef[:, 0] = constant - constant[0]
        if design.shape[1] > 1 and self.n_classes > 1:
            coef = self._logit(design, responsibilities, weights)
        return Membership(self.n_classes, self.names, coef)

    def _logit(self, design: NDArray, responsibilities: NDArray, weights: NDArray) -> NDArray:
        U, C = responsibilities.shape
        unit = np.abs(design).max(axis=0)
        model = LogisticRegression(C=np.inf, tol=1e-10, max_iter=1000, fit_intercept=False)
        rows, classes = np.repeat(design / unit, C, axis=0), np.tile(np.arange(C), U)
        model.fit(rows, classes, sample_weight=(weights[:, None] * responsibilities).ravel())
        found = np.vstack([np.zeros_like(model.coef_), model.coef_]) if C == 2 else model.coef_
        return (found - found[0]) / unit

    def with_parameters(self, parameters: NDArray) -> Membership:
        """The same with other log-odds, ((C - 1) p,)."""
        if self.n_classes == 1:
            return self
        free = parameters.reshape(self.n_classes - 1, -1)
        return Membership(self.n_classes, self.names, np.vstack([np.zeros((1, free.shape[1])), free]))

    @property
    def parameters(self) -> NDArray:
        """The free log-odds, ((C - 1) p,)."""
        return self.coef[1:].ravel()

    def scores(self, design: NDArray) -> NDArray:
        """Derivative of a unit's log-weight of each class with respect to the parameters, (U, C, (C - 1) p)."""
        w = np.exp(self.log_weights(design))  # (U, C)
        inner = np.eye(self.n_classes)[None, :, 1:] - w[:, None, 1:]  # (U, C, C - 1)
        return (inner[..., None] * design[:, None, None, :]).reshape(*w.shape, -1)

    def information(self, design: NDArray, weights: NDArray) -> NDArray:
        """Minus the second derivative of the log-weights, summed over units, ((C - 1) p,) squared."""
        w = np.exp(self.log_weights(design))[:, 1:]
        spread = np.einsum("uc,cd->ucd", w, np.eye(w.shape[1])) - w[:, :, None] * w[:, None, :]
        size = w.shape[1] * design.shape[1]
        return np.einsum("u,ucd,ui,uj->cidj", weights, spread, design, design).reshape(size, size)

    def shares(self, design: NDArray, weights: NDArray) -> tuple[NDArray, NDArray]:
        """Mean weight of each class over the units, (C,), and its derivative with respect to the parameters."""
        w, share = np.exp(self.log_weights(design)), weights / weights.sum()
        return share @ w, np.einsum("u,uc,ucp->cp", share, w, self.scores(design))
