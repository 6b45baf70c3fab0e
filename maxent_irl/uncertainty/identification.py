r"""What these demonstrations cannot tell: directions of coefficient space along which nothing that can follow depends.

Along a direction v the odds of no reachable decision change if and only if the reward of v is potential shaping there,

.. math:: \phi(s,a)^\top v = h(s) - \gamma\, E_{s'}[h(s')], \qquad h = \partial V\, v ,

for then Q and V move together. Constants, features that cancel and features out of reach are special cases. Finding these
directions is therefore linear algebra: the null space of the squared derivatives of log odds, summed over reachable decisions.

Besides, a feature that no demonstration has may have no best coefficient: the objective then rises for ever as it is made worse.
`maxent_irl.likelihood.separation` says when, and why not where a risk of it was taken or a path was cut in front of it.

Sources: Ng, A. Y., Harada, D. & Russell, S. (1999), Policy invariance under reward transformations, ICML; Cao, H., Cohen, S. N. &
Szpruch, L. (2021), Identifiability in inverse reinforcement learning, NeurIPS; Rothenberg, T. J. (1971), Identification in
parametric models, Econometrica 39(3).
"""

from __future__ import annotations

import textwrap
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from sklearn.utils.validation import check_is_fitted

from ..likelihood.separation import never_demonstrated, unbounded
from ..mdp.html import ShownAsText
from ..rewards.linear import complement, describe_direction, readable_directions

NOTABLE = 100.0  # condition number (standard errors ten times as large) below which no combination is worth a word
SAME = 1e-7  # relative to the largest feature, below which rewards are equal

EXPLANATIONS = {
    "zero": "it is zero wherever anything is decided",
    "cancel": "these features add up to nothing everywhere: one of them is a copy or a combination of the others",
    "out of reach": "its reward lies only where no demonstration can lead",
    "constant": "it adds the same to every reward, and all paths last equally long (or for ever), so no choice depends on it",
    "action-constant": "its reward does not depend on the action, and what follows does not depend on the choice",
    "shaping": "it is potential shaping: what it pays on the way it takes back at the end, so no choice depends on it",
    "never demonstrated": "no demonstration has it, though some could: the worse it is made, the greater the objective",
}


@dataclass(frozen=True, eq=False)
class FlatDirection:
    """A direction of coefficient space on which the demonstrations are silent.

    Attributes
    ----------
    direction : (K,) array
        Largest entry 1.
    name : str
        The direction in terms of the features, such as ``"water - 0.5 grass"``.
    kind : str
        "zero", "cancel", "out of reach", "constant", "action-constant", "shaping" or "never demonstrated".
    potential : (S,) or (T + 1, S) array, or None
        h with ``reward = h(s) - discount * E[h(s')]`` wherever demonstrations can lead (for the first goal, if there are
        goals); None for "never demonstrated".
    """

    direction: NDArray
    name: str
    kind: str
    potential: NDArray | None

    @property
    def explanation(self) -> str:
        """Why nothing can be learnt about it."""
        return EXPLANATIONS[self.kind]


@dataclass(frozen=True, eq=False)
class IdentifiabilityReport(ShownAsText):
    """What demonstrations can and cannot tell about the coefficients.

    Attributes
    ----------
    n_coefficients, rank : int
        The rank counts what the demonstrations determine in principle: all but the flat directions.
    condition : float
        Of the information on the other directions, each coefficient in its own unit: how much better the best-known combination
        is known than the worst-known one, squared.
    directions : list of FlatDirection
    weakest : (K,) array or None
        The worst-known combination that is not flat, largest entry 1.
    weakest_name : str
    weakest_error : float
        Its standard error, from the scores of single decisions (a sandwich where the objective is no likelihood).
    """

    n_coefficients: int
    rank: int
    condition: float
    directions: list[FlatDirection]
    weakest: NDArray | None
    weakest_name: str
    weakest_error: float

    @property
    def identified(self) -> bool:
        """Whether there are no flat directions."""
        return not self.directions

    @property
    def remark(self) -> str:
        """A sentence about what is determined least, empty where that would say nothing."""
        if self.weakest is None or self.rank < 2:
            return ""
        if self.condition < NOTABLE:
            return f"No combination of coefficients is much less certain than they are (condition number {self.condition:.3g})."
        return (
            f"The least certain of what they determine is the combination {self.weakest_name}, with standard error "
            f"{self.weakest_error:.3g} (condition number {self.condition:.3g}"
            + (": some combinations are hardly known)." if self.condition > 1e6 else ").")
        )

    def __str__(self) -> str:
        if self.identified:
            text = [f"The demonstrations determine all {self.n_coefficients} coefficients."]
        else:
            text = [
                f"The demonstrations determine {self.rank} of {self.n_coefficients} directions of the coefficients. "
                "They say nothing about:"
            ]
            text += [f"  {i}. {flat.name}: {flat.explanation}." for i, flat in enumerate(self.directions, 1)]
        if self.remark:
            text.append(self.remark)
        return "\n".join(textwrap.fill(line, 100, subsequent_indent="     ") for line in text)


def identifiability(estimator: Any) -> IdentifiabilityReport:
    """Say which directions of the coefficients the demonstrations of a fit cannot tell, and why.

    Parameters
    ----------
    estimator : fitted MaxEntIRL
        With or without `l2`: the report is about the data, not about the penalty.

    Returns
    -------
    IdentifiabilityReport
        Print it for a plain-language report.
    """
    check_is_fitted(estimator)
    information = estimator.information_
    names = estimator.fit_.names
    problem = _Problem(estimator)
    found = [
        FlatDirection(v, describe_direction(v, names), kind, problem.potential(v))
        for kind, v in problem.sorted_by_kind(information.undetermined)
    ]
    for k in problem.never_demonstrated():
        direction = np.eye(len(names))[k]
        found.append(FlatDirection(direction, names[k], "never demonstrated", None))
    basis = [flat.direction for flat in found]
    rank = len(names) - (np.linalg.matrix_rank(np.array(basis)) if basis else 0)
    variance = information.curvature if information.equality else information.outer_product
    weakest, error, condition = _weakest(information.curvature, variance, np.array(basis).reshape(-1, len(names)))
    name = "" if weakest is None else describe_direction(weakest, names)
    return IdentifiabilityReport(len(names), int(rank), condition, found, weakest, name, error)


def _weakest(curvature: NDArray, variance: NDArray, flat: NDArray) -> tuple[NDArray | None, float, float]:
    """Worst-known direction outside the flat ones, its standard error, and the condition of the information there.

    `variance` is that of the gradient: the curvature itself where the information equality holds.
    """
    unit = np.sqrt(np.maximum(np.diag(curvature), 0.0))
    unit[unit == 0] = 1.0
    scaled = curvature / np.outer(unit, unit)
    kept = complement(np.linalg.qr((flat * unit).T)[0]) if len(flat) else np.eye(len(unit))
    if not kept.shape[1]:
        return None, float("nan"), float("nan")
    values, vectors = np.linalg.eigh(kept.T @ scaled @ kept)
    if values[0] <= 0:
        return None, float("nan"), float("inf")
    direction = kept @ vectors[:, 0] / unit
    direction /= direction[np.abs(direction).argmax()]
    direction[np.abs(direction) < 1e-3] = 0.0
    error = np.sqrt(direction @ variance @ direction) / (direction @ curvature @ direction)
    return direction, float(error), float(values[-1] / values[0])


class _Problem:
    """A fitted problem, reduced to the rewards that can be earned after some demonstrated state."""

    def __init__(self, estimator: Any) -> None:
        self.fit, self.mdp = estimator.fit_, estimator.fit_.agent.mdp
        self.features = self.fit.point.features
        reachable, _ = self.fit.pairs_in_reach
        self.states = np.nonzero(reachable)[1]
        self.anywhere = self._features(np.ascontiguousarray(self.mdp.available.T))
        self.reachable = self._features(reachable)
        self.size = _largest(self.anywhere)
        self.unit = np.where(self.size > 0, self.size, 1.0)

    def _features(self, pairs: NDArray) -> Any:
        """Features of the pairs marked in an (A, S) array, a row each."""
        return self.features.of_pairs(*np.nonzero(pairs))

    def sorted_by_kind(self, basis: NDArray) -> Iterator[tuple[str, NDArray]]:
        """Readable directions that span the basis (K, q), the specially simple ones first, with the kind of each."""
        chosen: list[NDArray] = []
        for kind, subspace in self._subspaces(basis):
            for v in readable_directions(subspace, self.unit) if subspace.shape[1] else ():
                if len(chosen) < basis.shape[1] and _is_new(v * self.unit, chosen):
                    chosen.append(v * self.unit)
                    yield kind, v

    def _subspaces(self, basis: NDArray) -> Iterator[tuple[str, NDArray]]:
        """The parts of a space of flat directions in which the reward has a certain form, a basis (K, q) each."""
        reached = self.reachable @ basis
        yield "zero", np.eye(len(self.size))[:, self.size == 0]
        yield "cancel", self._where_zero(basis, self.anywhere @ basis)
        yield "out of reach", self._where_zero(basis, reached)
        yield "constant", self._where_zero(basis, reached - reached.mean(axis=0))
        if not self.features.per_state or self.mdp.discount == 0 or self.mdp.horizon == 1:
            counts = np.bincount(self.states, minlength=self.mdp.n_states)[:, None]
            totals = np.zeros((self.mdp.n_states, basis.shape[1]))
            np.add.at(totals, self.states, reached)
            yield "action-constant", self._where_zero(basis, reached - (totals / np.maximum(counts, 1))[self.states])
        yield "shaping", basis

    def _where_zero(self, basis: NDArray, rewards: NDArray) -> NDArray:
        """Part of a basis (K, q) whose rewards, given as (n, q), vanish."""
        if not basis.shape[1] or not len(rewards):
            return basis
        unit = np.abs(basis * self.unit[:, None]).max(axis=0)
        scaled = rewards / unit
        values, vectors = np.linalg.eigh(scaled.T @ scaled / len(scaled))
        return basis @ (vectors[:, values <= SAME**2] / unit[:, None])

    def never_demonstrated(self) -> NDArray:
        """Positions of the features that no demonstrated decision has and whose coefficients nothing holds."""
        fit = self.fit
        signs = never_demonstrated(self.features, self.mdp, fit.demonstrations, fit.agent.inference)
        if not signs.any():
            return np.zeros(0, dtype=np.int64)
        return np.flatnonzero(unbounded(fit.objective, fit.theta, signs, self.size, fit.information.undetermined))

    def potential(self, direction: NDArray) -> NDArray:
        """h with ``reward = h(s) - discount * E[h(s')]`` for a flat direction: its discounted sum along the policy."""
        goals = self.fit.demonstrations.goals
        solution = self.fit.solve(None if goals is None else int(goals.min()))
        linear = solution.linearisation
        rewards = np.broadcast_to(self.features.rewards(direction), linear.policy.shape)
        return linear.accumulate(linear.average(rewards)).reshape(solution.V.shape)


def _largest(rows: Any) -> NDArray:
    """Largest absolute value in each column of a dense or sparse matrix."""
    if not rows.shape[0]:
        return np.zeros(rows.shape[1])
    columns = abs(rows).max(axis=0)
    return columns.toarray().ravel() if sparse.issparse(columns) else columns


def _is_new(vector: NDArray, others: list[NDArray]) -> bool:
    """Whether a vector is no combination of others."""
    if not others:
        return True
    span = np.linalg.qr(np.array(others).T)[0]
    return bool(np.linalg.norm(vector - span @ (span.T @ vector)) > 1e-6 * np.linalg.norm(vector))
