"""Wrong input of estimators with several, switching or drifting rewards: call, and what the error says."""

import numpy as np
from small_problems import NAN, ring

from maxent_irl import Demonstrations, DriftingIRL, MixtureIRL, SwitchingIRL

PATHS = [([0, 1, 1], [0, 1]), ([1, 2, 2], [0, 1]), ([2, 0, 0], [0, 1])]
FEATURES = np.eye(3)[:, :2]


def demos(**columns):
    return Demonstrations(PATHS, **columns)


def mixture(n=2, *, data=None, groups=None, features=FEATURES, **options):
    return MixtureIRL(n, ring(), features, l2=1.0, **options).fit(demos() if data is None else data, groups=groups)


def switching(n=2, *, data=None, coefs_init=None, **options):
    given = demos() if data is None else data
    return SwitchingIRL(n, ring(), options.pop("features", FEATURES), l2=1.0, **options).fit(
        given, coefs_init=coefs_init
    )


def drifting(*, data=None, **options):
    return DriftingIRL(ring(), FEATURES, **options).fit(demos() if data is None else data)


def clocked(values):
    return demos(decision_columns={"hour": values})


class NoJacobian:
    n_parameters = 2

    def __call__(self, theta):
        return FEATURES @ theta

    def vjp(self, theta, mass):
        return FEATURES.T @ mass


ROWS = {
    # Several.
    "no classes": (lambda: mixture(0), "n_components must be a positive integer; got 0"),
    "more classes than trajectories": (
        lambda: mixture(4),
        "n_components=4 classes need at least as many units; there are 3",
    ),
    "more classes than groups": (
        lambda: mixture(3, groups=["a", "a", "b"]),
        "n_components=3 .* there are 2: trajectories of one group are one unit",
    ),
    "mixture groups of wrong length": (
        lambda: mixture(groups=["a", "b"]),
        r"groups must hold one label per trajectory, shape \(3,\); got shape \(2,\)",
    ),
    "units that are no column": (
        lambda: mixture(units="animal", data=demos(trajectory_columns={"cage": [1, 2, 3]})),
        r"units: the demonstrations have no column 'animal' of trajectories \(they have 'cage'\): pass trajectory_columns=",
    ),
    "covariates that are no column": (
        lambda: mixture(covariates=["age"]),
        "covariates: .*no column 'age'.*they have none",
    ),
    "covariate NaN": (
        lambda: mixture(covariates=["age"], data=demos(trajectory_columns={"age": [1.0, NAN, 2.0]})),
        "covariate 'age' of trajectory 1 is nan",
    ),
    "covariate of text": (
        lambda: mixture(covariates=["age"], data=demos(trajectory_columns={"age": ["old", "new", "old"]})),
        "covariate 'age' must hold numbers",
    ),
    "covariate that differs within a unit": (
        lambda: mixture(covariates=["age"], groups=[0, 0, 1], data=demos(trajectory_columns={"age": [1.0, 2.0, 2.0]})),
        "covariate 'age' of trajectory 1 is 2 here and 1 in another trajectory of the same unit",
    ),
    "shared feature that is none": (lambda: mixture(shared=["price"]), "shared: there is no feature 'price'"),
    "shared feature out of range": (lambda: mixture(shared=[2]), r"shared: there is no feature 2; .* 0\.\.1"),
    "shared without a Jacobian": (
        lambda: mixture(shared=[0], features=NoJacobian()),
        "shared coefficients need .*jacobian",
    ),
    "unknown init": (lambda: mixture(init="kmeans"), "init must be one of 'both', 'scores', 'random'; got 'kmeans'"),
    # Switching.
    "no intents": (lambda: switching(0), "n_states must be a positive integer; got 0"),
    "transmat row that does not sum to 1": (
        lambda: switching(transmat=[[0.9, 0.1], [0.5, 0.4]]),
        r"transmat\[1\] must sum to 1; it sums to 0\.9",
    ),
    "transmat with a negative entry": (
        lambda: switching(transmat=[[1.1, -0.1], [0.5, 0.5]]),
        r"transmat\[0\] is negative at intent 1: -0\.1",
    ),
    "transmat of wrong shape": (
        lambda: switching(transmat=np.eye(3)),
        r"transmat must have shape \(2, 2\).*got \(3, 3\)",
    ),
    "startprob that does not sum to 1": (
        lambda: switching(startprob=[0.5, 0.6]),
        "startprob must sum to 1; it sums to 1.1",
    ),
    "startprob of wrong length": (lambda: switching(startprob=[1.0]), r"startprob must have shape \(2,\)"),
    "negative stickiness": (lambda: switching(stickiness=-1.0), "stickiness must be a number >= 0"),
    "coefficients to start from of wrong shape": (
        lambda: switching(coefs_init=[[0.0, 1.0]]),
        r"coefs_init must be \(2, 2\) finite numbers; got shape \(1, 2\)",
    ),
    "switching with goals": (lambda: switching(data=demos(goals=[2, 0, 1])), "does not take demonstrations with goals"),
    "history of a single decision": (
        lambda: switching(history=True, features=None, data=Demonstrations([*PATHS, ([0, 1], [0])])),
        "trajectory 3 has a single decision, and with history",
    ),
    "history with features per state": (lambda: switching(history=True), r"features must have shape \(\d+, K\)"),
    # Drifting.
    "clock that is no column": (lambda: drifting(clock="hour"), "clock='hour' is no column .*there are 'step'"),
    "clock NaN": (
        lambda: drifting(clock="hour", data=clocked([0.0, 1.0, 2.0, NAN, 4.0, 5.0])),
        "clock='hour' is nan at trajectory 1, step 1: every decision needs a time",
    ),
    "clock with a gap": (
        lambda: drifting(
            clock="day", data=demos(trajectory_columns={"day": np.array(["2020-01-01", "NaT", "2020-01-03"], "M8[D]")})
        ),
        "clock='day' is NaT at trajectory 1, step 0",
    ),
    "clock of text": (
        lambda: drifting(clock="hour", data=clocked(list("abcdef"))),
        "clock='hour' holds neither numbers nor dates, such as 'a'",
    ),
    "clock of wrong length": (lambda: clocked([0.0, 1.0]), r"column 'hour' must hold one value per decision, 6 in all"),
    "no bins": (lambda: drifting(n_bins=0), "n_bins must be a positive integer; got 0"),
    "bins that do not increase": (lambda: drifting(bins=[0, 2, 1]), "bins must be increasing edges"),
    "bins that do not hold all times": (
        lambda: drifting(bins=[0.5, 2]),
        "bins reach from 0.5 to 2, and decision 0 was taken at 0",
    ),
    "smoothness of another kind": (lambda: drifting(smoothness="smooth"), "smoothness must be 'evidence', or sigma"),
    "smoothness zero": (lambda: drifting(smoothness=0.0), "smoothness must be one number > 0, or 2 of them; got 0.0"),
    "smoothness of wrong length": (lambda: drifting(smoothness=[1.0, 1.0, 1.0]), "or 2 of them"),
    "maps without a prior": (lambda: drifting(n_maps=2, smoothness=0.1), "l2 must be a number > 0; got 0.0"),
    "maps with evidence": (lambda: drifting(n_maps=2, l2=1.0), "with n_maps, smoothness must be numbers"),
    "drifting with goals": (lambda: drifting(data=demos(goals=[2, 0, 1])), "does not take demonstrations with goals"),
}
