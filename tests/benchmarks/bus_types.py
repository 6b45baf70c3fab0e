"""Arcidiacono & Miller (2011), Table 1: bus engines of two types that nobody sees, the discount estimated too.

Design: mileage x in 0, .125, ..., 25 and the route's z in .25, .26, ..., 1.25 (uniform over buses); with each period x grows
by an exponential amount of rate z, rounded down to the grid and cut at 25; replacing first sets x to 0. Keeping pays ``2 -
.15 x + 1 s``, replacing 0; the type s is 0 or 1, each with probability 1/2 (assumed), the discount .9. 1000 buses start at x
= 0 and run for 30 periods, of which the last 20 are kept. The type's probability given the first mileage seen and z is a
logit.

Full information: maximum likelihood with every Bellman equation solved, here by `MixtureIRL` with a shared mileage
coefficient, and by `MaxEntIRL` on two copies of the states where the type is seen. The discount maximises the profile of the
likelihood.

Growth is geometric, so it is a chain of steps that go on with probability ``exp(-.125 z)``: states for these steps make the
dynamics 75 times sparser than the table of growths, and leave all choice probabilities as they are. The discount is then the
probability not to end with a decision. Every decision is a trajectory of its own, as the steps between decisions are not
decided.

    python tests/benchmarks/bus_types.py 50          # data sets
    python tests/benchmarks/bus_types.py 50 observed
"""

from __future__ import annotations

import sys
import time
import warnings
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from scipy import optimize, sparse

from maxent_irl import MDP, Demonstrations, MaxEntIRL, MixtureIRL, soft_value_iteration

Problem = Callable[[float], MDP]

MILEAGE = np.arange(0, 25.0001, 0.125)
ROUTES = np.round(np.arange(0.25, 1.2501, 0.01), 2)
TRUTH = {"theta0": 2.0, "theta1": -0.15, "theta2": 1.0, "discount": 0.9}
PUBLISHED = {  # mean and standard deviation of 50 data sets
    "unobserved": dict(
        zip(TRUTH, [(2.0186, 0.1185), (-0.1504, 0.0091), (1.0073, 0.0919), (0.9004, 0.0473)], strict=True)
    ),
    "observed": dict(
        zip(TRUTH, [(2.0100, 0.0405), (-0.1488, 0.0074), (0.9945, 0.0611), (0.9102, 0.0411)], strict=True)
    ),
}
BUSES, PERIODS, DROPPED = 1000, 30, 10
X = len(MILEAGE)


def build(discount: float, copies: int = 1) -> MDP:
    """Actions replace, keep; state ``(copy * 101 + route) * 201 + mileage``, then as many states of growth."""
    n = copies * len(ROUTES) * X
    decided = np.arange(n)
    route, x = decided // X, decided % X
    on = np.where(x < X - 1, np.exp(-0.125 * np.tile(ROUTES, copies)[route]), 0.0)
    new = n + route * X  # growth from mileage 0
    stay = np.full(n, discount)
    rows = np.concatenate([decided, 2 * n + decided, 3 * n + decided, 3 * n + decided[x < X - 1]])
    columns = np.concatenate([new, n + decided, decided, n + decided[x < X - 1] + 1])
    data = np.concatenate([stay, stay, 1.0 - on, on[x < X - 1]])
    available = np.ones((2 * n, 2), dtype=bool)
    available[n:, 0] = False
    ending = np.zeros((2 * n, 2))
    ending[:n] = 1.0 - discount
    stacked = sparse.csr_array((data, (rows, columns)), shape=(4 * n, 2 * n))
    return MDP.from_stacked(stacked, 2, discount=1.0, available=available, ending=ending)


def draw(policies: list[NDArray], rng: np.random.Generator) -> tuple[NDArray, NDArray, NDArray, NDArray]:
    """States and actions (BUSES, 20), types and routes of the buses."""
    types, routes = rng.integers(2, size=BUSES), rng.integers(len(ROUTES), size=BUSES)
    x = np.zeros(BUSES, dtype=int)
    states, actions = np.empty((2, PERIODS, BUSES), dtype=int)
    for t in range(PERIODS):
        s = routes * X + x
        keep = rng.random(BUSES) < np.where(types == 1, policies[1][s, 1], policies[0][s, 1])
        steps = np.floor(rng.exponential(1 / ROUTES[routes]) / 0.125).astype(int)
        states[t], actions[t] = s, keep
        x = np.minimum(np.where(keep, x, 0) + steps, X - 1)
    return states[DROPPED:].T, actions[DROPPED:].T, types, routes


def profiled(fit: Callable[[float], MaxEntIRL | MixtureIRL]) -> tuple[float, MaxEntIRL | MixtureIRL]:
    """The discount of greatest likelihood, and the fit there."""
    found = optimize.minimize_scalar(
        lambda discount: -fit(discount).log_likelihood_ / 1e4,
        bounds=(0.6, 0.999),
        method="bounded",
        options={"xatol": 5e-4},
    )
    return float(found.x), fit(float(found.x))


def decisions(states: NDArray, actions: NDArray) -> Demonstrations:
    """A trajectory per decision, with the bus and its covariates."""
    bus = np.repeat(np.arange(BUSES), states.shape[1])
    columns = {
        "bus": bus,
        "first": (states[:, 0] % X * 0.125)[bus],
        "route": ROUTES[states[:, 0] // X % len(ROUTES)][bus],
    }
    pairs = [([s], [a]) for s, a in zip(states.ravel(), actions.ravel(), strict=True)]
    return Demonstrations(pairs, trajectory_columns=columns)


def unobserved(
    problem: Problem, features: NDArray, states: NDArray, actions: NDArray, types: NDArray
) -> dict[str, float]:
    demos, options = (
        decisions(states, actions),
        {"covariates": ["first", "route"], "n_init": 1, "tol": 1e-5, "random_state": 0},
    )
    model = MixtureIRL(
        2,
        problem(0.9),
        features,
        feature_names=["keep", "mileage"],
        shared=["mileage"],
        units="bus",
        warm_start=True,
        **options,
    )
    discount, found = profiled(lambda discount: model.set_params(mdp=problem(discount)).fit(demos))
    low, high = np.sort(found.coefs_[:, 0])
    return {"theta0": low, "theta1": found.coefs_[0, 1], "theta2": high - low, "discount": discount}


def observed(
    problem: Problem, features: NDArray, states: NDArray, actions: NDArray, types: NDArray
) -> dict[str, float]:
    demos = decisions(states + len(ROUTES) * X * types[:, None], actions)
    model = MaxEntIRL(problem(0.9), features, objective="likelihood", tol=1e-5, warm_start=True)
    discount, found = profiled(lambda discount: model.set_params(mdp=problem(discount)).fit(demos))
    return dict(zip(TRUTH, [*found.coef_, discount], strict=True))


def main() -> None:
    n_sets, kind = int(sys.argv[1]), sys.argv[2] if len(sys.argv) > 2 else "unobserved"
    copies = 2 if kind == "observed" else 1
    one, n = build(TRUTH["discount"]), len(ROUTES) * X
    features = np.zeros((2 * n, 2, 2))
    features[:n, 1, 0], features[:n, 1, 1] = 1.0, np.tile(MILEAGE, len(ROUTES))
    by_type = [[TRUTH["theta0"] + s * TRUTH["theta2"], TRUTH["theta1"]] for s in (0, 1)]
    policies = [soft_value_iteration(one, features @ coef).policy for coef in by_type]
    if copies == 2:
        known = np.zeros((4 * n, 2, 3))
        known[: 2 * n, :, :2] = np.concatenate([features[:n], features[:n]])
        known[n : 2 * n, 1, 2] = 1.0
        features = known

    def problem(discount: float) -> MDP:
        return build(discount, copies)

    rows, start = [], time.time()
    for i in range(n_sets):
        states, actions, types, _ = draw(policies, np.random.default_rng(i))
        with warnings.catch_warnings():
            warnings.simplefilter("always")
            rows.append((unobserved if copies == 1 else observed)(problem, features, states, actions, types))
        print(i, {k: round(float(v), 4) for k, v in rows[-1].items()}, f"{time.time() - start:.0f} s", flush=True)
    print(
        f"{'':<10}{'truth':>8}{'mean':>9}{'sd':>9}{'published':>20}{'difference in standard errors of both means':>46}"
    )
    for name, (mean, sd) in PUBLISHED[kind].items():
        values = np.array([row[name] for row in rows])
        spread = values.std(ddof=1) if n_sets > 1 else np.nan
        error = np.sqrt(spread**2 / n_sets + sd**2 / 50)
        ours, theirs = f"{values.mean():>9.4f}{spread:>9.4f}", f"{mean:>11.4f} ({sd:.4f})"
        print(f"{name:<10}{TRUTH[name]:>8}{ours}{theirs}{(values.mean() - mean) / error:>40.2f}")


if __name__ == "__main__":
    main()
