"""warm_start=True on another problem: the fit starts from the old coefficients, and the old values only where they fit."""

import numpy as np
import pytest

from maxent_irl import Demonstrations, MaxEntIRL, RecedingHorizonIRL, sample_demonstrations, soft_value_iteration
from maxent_irl.worlds import GridWorld, RoadNetwork

STEPS = [[([0, 1, 2, 7], [0, 0, 1]), ([5, 6, 7], [0, 0])], [([12, 11, 10], [2, 2]), ([24, 23], [2])]]


def world(discount=0.9, horizon=None):
    return GridWorld(5, discount=discount, horizon=horizon)


def with_goals(goals):
    """Paths along the first row, each to a goal of its own."""
    return Demonstrations([(list(range(g + 1)), [0] * g) for g in goals], goals=goals)


PLAIN = Demonstrations(STEPS[0] + STEPS[1])
CASES = {
    "the same again": ({}, PLAIN, {}, PLAIN),
    "more goals": ({}, with_goals([2, 3]), {}, with_goals([1, 2, 3, 4])),
    "fewer goals": ({}, with_goals([1, 2, 3, 4]), {}, with_goals([2, 3])),
    "other goals": ({}, with_goals([1, 2]), {}, with_goals([3, 4])),
    "goals, then none": ({}, with_goals([2, 3]), {}, PLAIN),
    "none, then goals": ({}, PLAIN, {}, with_goals([2, 3])),
    "another horizon": ({"horizon": 6}, PLAIN, {"horizon": 9}, PLAIN),
    "a horizon, then none": ({"horizon": 6}, PLAIN, {}, PLAIN),
    "no horizon, then one": ({}, PLAIN, {"horizon": 6}, PLAIN),
    "another discount": ({"discount": 0.5}, PLAIN, {"discount": 0.95}, PLAIN),
}


@pytest.mark.parametrize("objective", ["likelihood", "feature-matching"])
@pytest.mark.parametrize("case", CASES)
def test_the_second_fit_is_as_good_as_a_first(case, objective):
    first, before, second, after = CASES[case]
    features = world().features("smooth", n_features=2)
    options = {"objective": objective, "tol": 1e-8, "l2": 0.1}
    model = MaxEntIRL(world(**first).mdp, features, warm_start=True, **options).fit(before)
    model.set_params(mdp=world(**second).mdp).fit(after)
    fresh = MaxEntIRL(world(**second).mdp, features, **options).fit(after)
    np.testing.assert_allclose(model.coef_, fresh.coef_, atol=1e-5)
    assert model.converged_


def test_another_map_and_another_number_of_features():
    model = MaxEntIRL(world().mdp, world().features("smooth", n_features=2), warm_start=True, l2=0.1).fit(PLAIN)
    larger = GridWorld(6, discount=0.9)
    features = larger.features("smooth", n_features=3)
    paths = [([0, 1, 2, 8], [0, 0, 1]), ([5, 4], [2])]
    again = model.set_params(mdp=larger.mdp, features=features).fit(paths).coef_
    np.testing.assert_allclose(again, MaxEntIRL(larger.mdp, features, l2=0.1).fit(paths).coef_, atol=1e-5)


def test_the_same_again_takes_no_step():
    features = world().features("smooth", n_features=2)
    model = MaxEntIRL(world().mdp, features, warm_start=True, l2=0.1).fit(PLAIN)
    assert model.n_iter_ > 0
    assert model.fit(PLAIN).n_iter_ == 0


def test_receding_horizons_with_more_goals():
    network = RoadNetwork(
        [0, 1, 2, 3, 0, 2], [1, 2, 3, 0, 2, 0], attributes={"length": [1, 1, 1, 1, 1.5, 1.5]}, states="nodes"
    )
    trips = [([0, 2], [1]), ([0, 1, 2, 3], [0, 0, 0]), ([3, 0, 1], [0, 0])]
    features = network.features("length")
    model = RecedingHorizonIRL(network.mdp, features, planning_horizon=2, warm_start=True)
    model.fit(Demonstrations(trips[:2], goals=[2, 3]))
    warm = model.fit(Demonstrations(trips, goals=[2, 3, 1])).coef_
    cold = (
        RecedingHorizonIRL(network.mdp, features, planning_horizon=2).fit(Demonstrations(trips, goals=[2, 3, 1])).coef_
    )
    np.testing.assert_allclose(warm, cold, atol=1e-4)


def test_scores_of_single_trajectories():
    features = world().features("smooth", n_features=2)
    policy = soft_value_iteration(world().mdp, features @ [1.0, -1.0]).policy
    demos = sample_demonstrations(world().mdp, policy, 30, max_steps=10, random_state=0)
    weighted = Demonstrations(demos, weights=np.linspace(0.0, 2.0, 30))
    fits = {
        "plain": (MaxEntIRL(world().mdp, features, objective="likelihood").fit(demos), weighted),
        "horizon": (MaxEntIRL(world(horizon=10).mdp, features, objective="likelihood").fit(demos), weighted),
        "goals": (
            MaxEntIRL(world().mdp, features, objective="likelihood").fit(with_goals([2, 3])),
            with_goals([4, 1, 2]),
        ),
    }
    for name, (fit, data) in fits.items():
        scores = fit.score_samples(data)
        for i, score in enumerate(scores):
            one = data[[i]]
            goals = None if data.goals is None else int(data.goals[i])
            p = fit.predict_proba(one.states, one.times, goals=goals)[np.arange(one.n_decisions), one.actions]
            assert score == pytest.approx(np.log(p).sum(), rel=1e-9), name
        assert fit.score(data) == pytest.approx(scores @ data.weights / (data.lengths @ data.weights), rel=1e-12)
