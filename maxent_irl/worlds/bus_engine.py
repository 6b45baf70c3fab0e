"""When to replace an engine: the model of Rust (1987), the standard example of dynamic discrete choice.

Tables of months are read by ``bus_records``.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import sparse

from .._checks import check_numbers
from ..demonstrations import Demonstrations
from ..mdp import MDP

KEEP, REPLACE = 0, 1
# Monthly usage of group 4 in bins of 5,000 miles: months with 0, 1 and 2 bins.
_GROUP_4_USAGE = (1682, 2555, 55)

# Costs of keeping a machine for a month, per unit of each coefficient, at mileage x (bins) of S; what each column is called.
# The scales keep estimates on bus engines between .1 and 1000.
COSTS: dict[str, tuple[tuple[str, Callable[[NDArray, int], NDArray]], ...]] = {
    "linear": (("x / 1000", lambda x, S: x / 1e3),),
    "quadratic": (("x / 1000", lambda x, S: x / 1e3), ("x^2 / 10^5", lambda x, S: x**2 / 1e5)),
    "cubic": (
        ("x / 1000", lambda x, S: x / 1e3),
        ("x^2 / 10^5", lambda x, S: x**2 / 1e5),
        ("x^3 / 10^7", lambda x, S: x**3 / 1e7),
    ),
    "square root": (("sqrt(x) / 100", lambda x, S: np.sqrt(x) / 100),),
    "hyperbolic": (("1 / (10 (S + 1 - x))", lambda x, S: 1 / (10 * (S + 1 - x))),),
    "mixed": (
        ("sqrt(x) / 100", lambda x, S: np.sqrt(x) / 100),
        ("1 / (10 (S + 1 - x))", lambda x, S: 1 / (10 * (S + 1 - x))),
    ),
}


class EngineLogLikelihood(NamedTuple):
    """Log-likelihood of a record of machines, in nats.

    Attributes
    ----------
    choices : float
        Of the decisions to keep or to replace.
    transitions : float
        Of the monthly usage.
    """

    choices: float
    transitions: float

    @property
    def total(self) -> float:
        """Of both together: the full log-likelihood of Rust (1987)."""
        return self.choices + self.transitions


class BusEngine:
    """A machine that costs more to keep the longer it has been used, until it is replaced.

    The state x is the mileage since the last replacement, in bins. The machine is used by j bins a month with probability
    ``usage_probabilities[j]``. Keeping leads from x to min(x + j, S - 1), replacing to min(j, S - 1). The reward is minus the
    cost of the month, which is linear in the coefficients, although it need not be linear in x.

    Parameters
    ----------
    usage_probabilities : (J,) array, optional
        Probability of 0, 1, ..., J - 1 bins a month; they sum to 1. Default: the frequencies of Rust's group 4.
    n_states : int
        S, the number of mileage bins. The last one holds all mileage above.
    discount : float
        Per month.
    replacement_cost : float
        RC, the true cost of replacing, in units of the temperature. Default: Rust's estimate for group 4.
    maintenance_cost : float or (C,) array, optional
        theta11, theta12, ...: the true coefficient of each column of `cost`, in units of the temperature. Default with linear
        costs: Rust's estimate for group 4. Default with other costs: 0.
    cost : str or (S, C) array
        Cost of keeping for a month, per unit of each coefficient. Names, with x the mileage in bins:

        - "linear": x / 1000;
        - "quadratic": x / 1000 and x^2 / 10^5; "cubic": these and x^3 / 10^7;
        - "square root": sqrt(x) / 100;
        - "hyperbolic": 1 / (10 (S + 1 - x));
        - "mixed": square root and hyperbolic.

    Attributes
    ----------
    mdp : MDP
        States are mileage bins, actions are keep (0) and replace (1); every machine starts new (state 0).
    features : (S, 2, 1 + C) array
        ``reward = features @ coef``.
    feature_names, action_names : tuples of 1 + C and of 2 strings
    reward : (S, 2) array, in units of the temperature
    coef : (1 + C,) array, the replacement cost, then the maintenance costs
    usage_probabilities : (J,) array
    n_states, n_actions : int

    Raises
    ------
    ValueError
        For usage probabilities that do not sum to 1, and for costs of the wrong shape or not finite, naming the state.

    References
    ----------
    Rust, J. (1987). Optimal replacement of GMC bus engines: an empirical model of Harold Zurcher.
    Econometrica 55(5), 999-1033.

    Examples
    --------
    >>> engine = BusEngine([0.2, 0.3, 0.5], n_states=4, replacement_cost=5.0, maintenance_cost=100.0)
    >>> engine.mdp.transitions.toarray()[:4]
    array([[0.2, 0.3, 0.5, 0. ],
           [0. , 0.2, 0.3, 0.5],
           [0. , 0. , 0.2, 0.8],
           [0. , 0. , 0. , 1. ]])
    >>> engine.reward[3]
    array([-0.3, -5. ])
    """

    mdp: MDP
    features: NDArray  # (S, 2, 1 + C) float
    feature_names: tuple[str, ...]  # 1 + C
    action_names: tuple[str, str]
    reward: NDArray  # (S, 2) float
    coef: NDArray  # (1 + C,) float
    usage_probabilities: NDArray  # (J,) float
    n_states: int
    n_actions: int

    def __init__(
        self,
        usage_probabilities: ArrayLike | None = None,
        *,
        n_states: int = 90,
        discount: float = 0.9999,
        replacement_cost: float = 10.0750,
        maintenance_cost: float | ArrayLike | None = None,
        cost: str | ArrayLike = "linear",
    ) -> None:
        if usage_probabilities is None:
            usage_probabilities = np.array(_GROUP_4_USAGE) / sum(_GROUP_4_USAGE)
        usage = np.array(usage_probabilities, dtype=float)
        if usage.ndim != 1 or not (usage >= 0).all() or abs(usage.sum() - 1) > 1e-9:
            raise ValueError(f"usage_probabilities must be probabilities that sum to 1, got {usage_probabilities!r}")
        if n_states < 1:
            raise ValueError(f"n_states must be positive, got {n_states}")
        self.usage_probabilities = usage
        self.n_states, self.n_actions = int(n_states), 2
        transitions = sum(probability * self._used(bins) for bins, probability in enumerate(usage))
        initial = np.zeros(self.n_states)
        initial[0] = 1
        self.mdp = MDP.from_stacked(transitions, 2, initial=initial, discount=discount)

        costs, names = _cost_columns(cost, self.n_states)
        self.features = np.zeros((self.n_states, 2, 1 + costs.shape[1]))  # [s, a, k]
        self.features[:, REPLACE, 0] = -1
        self.features[:, KEEP, 1:] = -costs
        self.action_names = ("keep", "replace")
        self.feature_names = ("replacement cost (RC)", *names)
        if maintenance_cost is None:
            maintenance_cost = 2.2930 if isinstance(cost, str) and cost == "linear" else np.zeros(costs.shape[1])
        maintenance = np.atleast_1d(check_numbers("maintenance_cost", maintenance_cost))
        if maintenance.shape != (costs.shape[1],):
            raise ValueError(
                f"maintenance_cost must have one coefficient per column of cost, shape ({costs.shape[1]},); "
                f"got shape {maintenance.shape}"
            )
        self.coef = np.append(float(replacement_cost), maintenance)
        self.reward = self.features @ self.coef

    def log_likelihood(
        self, policy: Any, demonstrations: Demonstrations, usage: ArrayLike | None = None
    ) -> EngineLogLikelihood:
        """Log-likelihood of what was recorded: of the decisions under a policy, and of the usage under this engine.

        Parameters
        ----------
        policy : (S, 2) array, or what solve() of a fitted estimator gives
            Probability of keeping and of replacing. A solution keeps the log-probabilities of decisions too rare for an array.
        demonstrations : Demonstrations
            Machines; each counts by its weight.
        usage : (N,) array, optional
            Bins by which the mileage grew in the month before each decision, as `bus_usage` gives it; NaN where nobody knows.
            None: read from the states, which leaves out the month before the first decision of each machine.

        Returns
        -------
        EngineLogLikelihood

        Raises
        ------
        ValueError
            For usage that has probability 0 under this engine, naming the machine and its month.

        Examples
        --------
        >>> from maxent_irl import Demonstrations
        >>> engine = BusEngine([0.5, 0.5], n_states=3, discount=0.9)
        >>> months = Demonstrations([([0, 1, 1], [0, 0])])
        >>> [round(part, 4) for part in engine.log_likelihood([[0.5, 0.5]] * 3, months)]
        [-1.3863, -1.3863]
        """
        solution = policy if hasattr(policy, "log_probabilities") else None
        probabilities = check_numbers("policy", policy if solution is None else solution.policy)
        if probabilities.shape != (self.n_states, 2):
            raise ValueError(f"policy must have shape ({self.n_states}, 2); got {probabilities.shape}")
        demonstrations.validate_against(self.mdp)
        s, a = demonstrations.states, demonstrations.actions
        weight = demonstrations.weights[demonstrations.trajectory_ids]
        if solution is not None:
            choices = solution.log_probabilities(s, a)
        else:
            with np.errstate(divide="ignore"):
                choices = np.log(probabilities[s, a])
        probability, _ = self._usage_observed(demonstrations, usage)
        return EngineLogLikelihood(float(weight @ choices), float(weight @ np.log(probability)))

    def usage_derivatives(self) -> list[sparse.csr_array]:
        """Derivatives of ``mdp.transitions`` with respect to the free usage probabilities, M arrays of shape (2 S, S).

        All positive probabilities but the last are free; the last one makes them sum to 1. With `usage_scores` this is what
        `uncertainty.covariance_with_estimated_dynamics` needs.
        """
        *free, last = np.flatnonzero(self.usage_probabilities > 0).tolist()
        return [self._used(bins) - self._used(last) for bins in free]

    def usage_scores(self, demonstrations: Demonstrations, usage: ArrayLike | None = None) -> NDArray:
        """Derivatives of the log probability of each month's usage with respect to the free probabilities, (N, M).

        Rows are the decisions of the demonstrations, columns those of `usage_derivatives`. Zero where the usage is unknown.

        Parameters
        ----------
        demonstrations, usage
            As for `log_likelihood`.
        """
        probability, change = self._usage_observed(demonstrations, usage)
        *free, last = np.flatnonzero(self.usage_probabilities > 0)
        return (change[:, free] - change[:, [last]]) / probability[:, None]

    def _used(self, bins: int) -> sparse.csr_array:
        """Transitions of a month in which every machine is used by so many bins, (2 S, S)."""
        start = np.concatenate([np.arange(self.n_states), np.zeros(self.n_states, dtype=int)])  # keep, then replace
        ahead = np.minimum(start + bins, self.n_states - 1)
        rows = np.arange(2 * self.n_states)
        return sparse.csr_array((np.ones(len(rows)), (rows, ahead)), shape=(2 * self.n_states, self.n_states))

    def _usage_observed(self, demonstrations: Demonstrations, usage: ArrayLike | None) -> tuple[NDArray, NDArray]:
        """Probability of what is known of each month's usage, (N,), and its derivatives by the J usage probabilities, (N, J).

        A month of which nothing is known has probability 1.
        """
        J = len(self.usage_probabilities)
        if usage is None:
            start = np.where(demonstrations.actions == REPLACE, 0, demonstrations.states)
            reached = demonstrations.next_states
            known = reached >= 0
            ahead = np.minimum(start[:, None] + np.arange(J), self.n_states - 1)
            change = (ahead == reached[:, None]).astype(float)  # the last bin may be reached by several amounts of use
            amount = np.where(known, reached - start, 0)
        else:
            given = check_numbers("usage", usage)
            if given.shape != (demonstrations.n_decisions,):
                raise ValueError(
                    f"usage must have one entry per decision, shape ({demonstrations.n_decisions},); got {given.shape}"
                )
            known = ~np.isnan(given)
            amount = np.where(known, given, 0)
            change = (amount[:, None] == np.arange(J)).astype(float)
        probability = np.where(known, change @ self.usage_probabilities, 1.0)
        if not (probability > 0).all():
            k = int(np.flatnonzero(probability <= 0)[0])
            i = int(demonstrations.trajectory_ids[k])
            raise ValueError(
                f"trajectory {i}, step {k - demonstrations.offsets[i]}: a usage of {amount[k]:g} bins has probability 0 in "
                "this engine; give it the usage_frequencies of the months at hand"
            )
        return probability, np.where(known[:, None], change, 0.0)

    def __repr__(self) -> str:
        used = ", ".join(f"{probability:.3g}" for probability in self.usage_probabilities)
        maintenance = ", ".join(f"{coefficient:g}" for coefficient in self.coef[1:])
        return (
            f"BusEngine {self.n_states} states, usage ({used}), discount {self.mdp.discount:g}, "
            f"replacement cost {self.coef[0]:g}, maintenance cost {maintenance}"
        )


def _cost_columns(cost: str | ArrayLike, n_states: int) -> tuple[NDArray, tuple[str, ...]]:
    """Costs per unit of each coefficient, (S, C), and the C names of the coefficients."""
    if isinstance(cost, str):
        if cost not in COSTS:
            raise ValueError(f"cost must be one of {', '.join(map(repr, COSTS))}, or an array; got {cost!r}")
        x = np.arange(n_states, dtype=float)
        columns = np.stack([column(x, n_states) for _, column in COSTS[cost]], axis=1)
        if cost == "linear":
            return columns, ("maintenance cost (theta11)",)
        return columns, tuple(f"cost of {name} (theta1{k})" for k, (name, _) in enumerate(COSTS[cost], 1))
    columns = check_numbers("cost", cost)
    if columns.ndim != 2 or len(columns) != n_states or not columns.shape[1]:
        raise ValueError(
            f"cost must have one row per state and one column per coefficient, ({n_states}, C); got {columns.shape}"
        )
    wrong = np.argwhere(~np.isfinite(columns))
    if len(wrong):
        state, k = wrong[0]
        raise ValueError(f"cost of state {state}, column {k}, is {columns[state, k]}; it must be finite")
    return columns, tuple(f"maintenance cost {k} (theta1{k})" for k in range(1, columns.shape[1] + 1))
