"""When to replace an engine: the model of Rust (1987), the standard example of dynamic discrete choice."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..demonstrations import Demonstrations
from ..mdp import MDP

KEEP, REPLACE = 0, 1
# Monthly usage of group 4 in bins of 5,000 miles: months with 0, 1 and 2 bins.
_GROUP_4_USAGE = (1682, 2555, 55)
_COST_SCALE = 0.001


class BusEngine:
    """A machine that wears with use and costs more to keep the older it is, until it is replaced.

    The state x is the mileage since the last replacement, in bins. Every month the machine is used by j bins
    with probability `usage_probabilities[j]`: keep leads from x to min(x + j, S - 1), replace to min(j, S -
    1). Keeping costs 0.001 * maintenance_cost * x, replacing costs `replacement_cost`; the reward is minus
    the cost, linear in the two parameters.

    Parameters
    ----------
    usage_probabilities : (J,) array, optional
        Probability of 0, 1, ..., J - 1 bins a month; sums to 1. Default: the frequencies of Rust's group 4.
    n_states : int
        Bins of mileage; the last one holds all above.
    discount : float
        Monthly.
    replacement_cost, maintenance_cost : float
        The true parameters RC and theta11, in units of the temperature. Default: Rust's estimates for group
        4.

    Attributes
    ----------
    mdp : MDP
        States are mileage bins, actions are keep (0) and replace (1); every machine starts new (state 0).
    features : (S, 2, 2) array
        reward = features @ (replacement_cost, maintenance_cost).
    feature_names, action_names : tuples of 2 strings
    reward : (S, 2) array
    coef : (2,) array, (replacement_cost, maintenance_cost)
    usage_probabilities, n_states, n_actions

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

    def __init__(
        self,
        usage_probabilities: ArrayLike | None = None,
        *,
        n_states: int = 90,
        discount: float = 0.9999,
        replacement_cost: float = 10.0750,
        maintenance_cost: float = 2.2930,
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

        start = np.stack([np.arange(self.n_states), np.zeros(self.n_states, dtype=int)], axis=1)  # [s, a]
        transitions = np.zeros((self.n_states, 2, self.n_states))
        state, action = np.indices(start.shape)
        for bins, probability in enumerate(usage):
            # Several amounts of use may end in the last bin, so probabilities add up there.
            transitions[state, action, np.minimum(start + bins, self.n_states - 1)] += probability
        initial = np.zeros(self.n_states)
        initial[0] = 1
        self.mdp = MDP(transitions, initial=initial, discount=discount)

        self.features = np.zeros((self.n_states, 2, 2))  # [s, a, k]
        self.features[:, REPLACE, 0] = -1
        self.features[:, KEEP, 1] = -_COST_SCALE * np.arange(self.n_states)
        self.action_names = ("keep", "replace")
        self.feature_names = ("replacement cost (RC)", "maintenance cost (theta11)")
        self.coef = np.array([replacement_cost, maintenance_cost], dtype=float)
        self.reward = self.features @ self.coef

    def __repr__(self) -> str:
        used = ", ".join(f"{probability:.3g}" for probability in self.usage_probabilities)
        return (
            f"BusEngine {self.n_states} states, usage ({used}), discount {self.mdp.discount:g}, "
            f"replacement cost {self.coef[0]:g}, maintenance cost {self.coef[1]:g}"
        )


def usage_frequencies(usage: ArrayLike) -> NDArray:
    """Estimate usage probabilities: how often the mileage grew by 0, 1, 2, ... bins.

    Parameters
    ----------
    usage : (N,) array
        Bins of each month; NaN where there was no month before.

    Returns
    -------
    (J,) array that sums to 1, the maximum-likelihood estimate
    """
    usage = np.asarray(usage, dtype=float)
    usage = usage[~np.isnan(usage)]
    wrong = np.flatnonzero((usage < 0) | (usage != np.floor(usage)))
    if len(wrong):
        raise ValueError(f"usage counts bins, so whole numbers from 0 on; entry {wrong[0]} is {usage[wrong[0]]}")
    if not len(usage):
        raise ValueError("usage holds no month to count")
    return np.bincount(usage.astype(int)) / len(usage)


def bus_demonstrations(bus: ArrayLike, period: ArrayLike, state: ArrayLike, replaced: ArrayLike) -> Demonstrations:
    """Turn a table of months into one demonstration per bus.

    The decisions of period 0 are dropped, as Rust does: the usage before them is not observed.

    Parameters
    ----------
    bus : (N,) array
        Which bus the row is about, any sortable values.
    period : (N,) int array
        Month, counted from 0, without gaps within a bus; rows may come in any order.
    state, replaced : (N,) int arrays
        Mileage bin at the beginning of the month, and whether the engine was replaced in it (0 or 1).

    Returns
    -------
    Demonstrations
        Ordered by bus. The last month of a bus has no known next state: recording was cut, not ended.

    Raises
    ------
    ValueError
        Naming the bus and period where a month is missing or occurs twice, or a decision is neither 0 nor 1; if no bus
        has a month after period 0.
    """
    bus, period, state, replaced = (np.asarray(column) for column in (bus, period, state, replaced))
    wrong = np.flatnonzero((replaced != KEEP) & (replaced != REPLACE))
    if len(wrong):
        row = wrong[0]
        raise ValueError(f"bus {bus[row]}, period {period[row]}: replaced must be 0 or 1, got {replaced[row]}")
    order = np.lexsort((period, bus))
    gap = np.flatnonzero((bus[order][1:] == bus[order][:-1]) & (np.diff(period[order]) > 1))
    if len(gap):
        before, after = order[gap[0] : gap[0] + 2]
        raise ValueError(
            f"bus {bus[before]}: period {period[before]} is followed by {period[after]}; every month in between must "
            "be there, because the state moves every month"
        )
    kept = order[period[order] > 0]
    columns = {"bus": bus[kept], "period": period[kept], "state": state[kept], "replaced": replaced[kept]}
    n_states = int(np.max(columns["state"], initial=0)) + 1
    return Demonstrations.from_table(
        columns, id="bus", time="period", state="state", action="replaced", n_states=n_states, n_actions=2
    )
