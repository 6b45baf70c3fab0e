"""Arcidiacono & Miller (2011), Table 1: bus engines of two types that nobody sees, the discount estimated too.

Design: mileage x in 0, .125, ..., 25 and the route's z in .25, .26, ..., 1.25 (uniform over buses); with each period x grows by an
exponential amount of rate z, rounded down to the grid and cut at 25; replacing first sets x to 0. Keeping pays
``2 - .15 x + 1 s``, replacing 0; the type s is 0 or 1, each with probability 1/2, the discount .9. 1000 buses start at x = 0 and run for
30 periods, of which the last 20 are kept. The type's probability given the first mileage seen and z is a logit.

Full information: maximum likelihood with every Bellman equation solved, here by `MixtureIRL` with a shared mileage coefficient and
`estimate_discount`. With the type seen the two types are two copies of the states.

    python tests/benchmarks/bus_types.py 50          # data sets
    python tests/benchmarks/bus_types.py 50 observed
"""

from __future__ import annotations

import sys
import time
import warnings

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from maxent_irl import MDP, Demonstrations, MaxEntIRL, MixtureIRL, soft_value_iteration
from maxent_irl.estimators.discount import estimate_discount

MILEAGE = np.arange(0, 25.0001, 0.125)
ROUTES = np.round(np.arange(0.25, 1.2501, 0.01), 2)
TRUTH = {"theta0": 2.0, "theta1": -0.15, "theta2": 1.0, "discount": 0.9}
PUBLISHED = {
    "unobserved": {"theta0": (2.0186, 0.1185), "theta1": (-0.1504, 0.0091), "theta2": (1.0073, 0.0919), "discount": (0.9004, 0.0473)},
    "observed": {"theta0": (2.0100, 0.0405), "theta1": (-0.1488, 0.0074), "theta2": (0.9945, 0.0611), "discount": (0.9102, 0.0411)},
}  # fmt: skip
BUSES, PERIODS, DROPPED = 1000, 30, 10
X = len(MILEAGE)


def growth(z: float) -> NDArray:
    """(X, X): where mileage is a period later."""
    ahead = MILEAGE[None] - MILEAGE[:, None]
    P = np.where(ahead > -1e-9, np.exp(-z * np.maximum(ahead, 0)) - np.exp(-z * (np.maximum(ahead, 0) + 0.125)), 0.0)
    P[:, -1] = 1.0 - P[:, :-1].sum(axis=1)
    return P


def build(discount: float, copies: int = 1) -> MDP:
    """Actions replace, keep; state ``(copy * 101 + route) * 201 + mileage``."""
    blocks = [growth(z) for z in ROUTES] * copies
    keep = sparse.block_diag([sparse.csr_array(P) for P in blocks], format="csr")
    replace = sparse.block_diag([sparse.csr_array(np.tile(P[0], (X, 1))) for P in blocks], format="csr")
    return MDP([replace, keep], discount=discount)


def draw(mdp: MDP, policies: list[NDArray], rng: np.random.Generator) -> tuple[NDArray, NDArray, NDArray, NDArray]:
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


def unobserved(mdp: MDP, features: NDArray, states: NDArray, actions: NDArray, types: NDArray) -> dict[str, float]:
    columns = {"first": states[:, 0] % X * 0.125, "route": ROUTES[states[:, 0] // X]}
    demos = Demonstrations(list(zip(states, actions, strict=True)), trajectory_columns=columns)
    names = ["keep", "mileage"]
    model = MixtureIRL(
        2,
        mdp,
        features,
        feature_names=names,
        shared=["mileage"],
        covariates=["first", "route"],
        n_init=1,
        tol=1e-5,
        random_state=0,
    )
    found = estimate_discount(model, demos, bounds=(0.5, 0.995))
    low, high = np.sort(found.coefs[:, 0])
    return {"theta0": low, "theta1": found.coefs[0, 1], "theta2": high - low, "discount": found.discount}


def observed(mdp: MDP, features: NDArray, states: NDArray, actions: NDArray, types: NDArray) -> dict[str, float]:
    half = mdp.n_states // 2
    demos = Demonstrations(list(zip(states + half * types[:, None], actions, strict=True)))
    model = MaxEntIRL(mdp, features, objective="likelihood", tol=1e-5)
    found = estimate_discount(model, demos, bounds=(0.5, 0.995))
    return dict(zip(TRUTH, [*found.coefs, found.discount], strict=True))


def main() -> None:
    n_sets, kind = int(sys.argv[1]), sys.argv[2] if len(sys.argv) > 2 else "unobserved"
    copies = 2 if kind == "observed" else 1
    mdp = build(TRUTH["discount"])
    reward = np.zeros((2, mdp.n_states, 2))
    features = np.zeros((mdp.n_states, 2, 2))
    features[:, 1, 0], features[:, 1, 1] = 1.0, np.tile(MILEAGE, len(ROUTES))
    for s in (0, 1):
        reward[s] = features @ [TRUTH["theta0"] + s * TRUTH["theta2"], TRUTH["theta1"]]
    policies = [soft_value_iteration(mdp, r).policy for r in reward]
    if copies == 2:
        known = np.zeros((2, *features.shape[:2], 3))
        known[..., :2] = features
        known[1, :, 1, 2] = 1.0
        features = known.reshape(-1, 2, 3)
    problem = build(0.88, copies)
    rows, start = [], time.time()
    for i in range(n_sets):
        states, actions, types, _ = draw(mdp, policies, np.random.default_rng(i))
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
        print(
            f"{name:<10}{TRUTH[name]:>8}{values.mean():>9.4f}{spread:>9.4f}{mean:>11.4f} ({sd:.4f}){(values.mean() - mean) / error:>40.2f}"
        )


if __name__ == "__main__":
    main()
