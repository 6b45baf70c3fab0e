"""Inputs of rewards that are not linear in them: a table of distinct rows, and which entry of the reward has which."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from .._checks import check_finite, check_numbers
from ..mdp import MDP
from .linear import Features


class Inputs:
    """Inputs per state or per state-action pair, as learners of functions take them.

    Parameters
    ----------
    mdp : MDP
    inputs : (S, D) or (S, A, D) array; (T, S, A, D) with a horizon T
        Inputs of unavailable actions and of terminal states are not read.
    transformer : scikit-learn transformer, optional
        Fitted to the inputs that are read, each state or pair once, and applied to all.

    Attributes
    ----------
    table : (U, D') array
        Distinct rows, transformed.
    index : (rows,) int array
        Row of the table for each entry of a flat reward, action-major.
    shape : tuple
        Of the reward: (S,), (A, S) or (T, A, S).
    n_columns : int
        D, before the transformer.
    read : (U,) bool array
        Rows of the table of which some entry is read.

    Raises
    ------
    ValueError
        For a shape that does not fit the MDP, and for NaN or infinite inputs, naming state, action and column.
    """

    table: NDArray  # (U, D')
    index: NDArray  # (rows,)
    shape: tuple[int, ...]
    n_columns: int
    read: NDArray  # (U,)

    def __init__(self, mdp: MDP, inputs: Any, transformer: Any = None) -> None:
        if inputs is None:
            raise ValueError("inputs must be an array of shape (S, D) or (S, A, D); got None")
        features = Features(mdp, inputs, name="inputs")
        matrix: NDArray = np.asarray(
            features.matrix if isinstance(features.matrix, np.ndarray) else features.matrix.todense()
        )
        self.shape, self.n_columns, self.transformer = features.shape, features.n_features, transformer
        used = features.rows(np.ascontiguousarray(mdp.available.T))
        if not used.any():
            raise ValueError("inputs are read nowhere: no state has an available action")
        matrix = np.where(used[:, None], matrix, matrix[used][0])  # an unread row takes part in nothing
        self.table, index = np.unique(matrix, axis=0, return_inverse=True)
        self.index = index.reshape(-1)
        self.read = np.bincount(self.index[used], minlength=len(self.table)) > 0
        if transformer is not None:
            transformer.fit(matrix[used])
            self.table = self._transformed(self.table)

    def _transformed(self, rows: NDArray) -> NDArray:
        if self.transformer is None:
            return rows
        return check_numbers("transformed inputs", self.transformer.transform(rows))

    def spread(self, values: NDArray) -> NDArray:
        """Values of the rows of the table, (U,), in the shape of the reward."""
        return values[self.index].reshape(self.shape)

    def gathered(self, mass: NDArray) -> NDArray:
        """A mass on the entries of the reward, (rows[, K]), added up by row of the table, (U[, K]): the adjoint of `spread`."""
        n = len(self.index)
        group = sparse.csr_array((np.ones(n), (self.index, np.arange(n))), shape=(len(self.table), n))
        return group @ mass

    def elsewhere(self, inputs: Any) -> tuple[NDArray, tuple[int, ...]]:
        """New inputs as rows for the learner, (n, D'), and the shape of their rewards.

        Parameters
        ----------
        inputs : (..., D) array
        """
        array = check_numbers("inputs", inputs.toarray() if sparse.issparse(inputs) else inputs)
        if array.ndim < 2 or array.shape[-1] != self.n_columns:
            raise ValueError(
                f"inputs must have {self.n_columns} columns, as those of the fit: shape (n, {self.n_columns}) or (n, A, "
                f"{self.n_columns}); got {array.shape}"
            )
        axes = ("time", "state", "action", "column")
        check_finite("inputs", array, axes[1 : array.ndim] + axes[-1:] if array.ndim < 4 else axes)
        return self._transformed(array.reshape(-1, self.n_columns)), array.shape[:-1]
