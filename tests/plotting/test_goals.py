"""Displays on the way to one goal: its policy, value and visits, its mark, and goals that are none."""

from types import SimpleNamespace

import numpy as np
import pytest

from maxent_irl import expected_visitations
from maxent_irl.plotting import (
    ActionValueDisplay,
    GridMapDisplay,
    GridPlan,
    NetworkMapDisplay,
    PolicyDisplay,
    StateCurveDisplay,
)


def test_a_goal_picks_its_policy_value_and_visits(towards):
    world, demonstrations, estimator = towards
    solution, goal = estimator.solve(10), tuple(world.cells[10])
    value = GridMapDisplay.from_estimator(estimator, world, show="value", goal=10).plot()
    np.testing.assert_allclose(world.from_grid(value.grid), solution.V)
    assert value.marks_["goal"].get_offsets().tolist() == [list(goal[::-1])]
    policy = PolicyDisplay.from_estimator(estimator, world, goal=10).plot()
    np.testing.assert_allclose(policy.probabilities, solution.policy)
    Q = ActionValueDisplay.from_estimator(estimator, world, goal=10).plot()
    np.testing.assert_allclose(Q.values, solution.Q)
    mine = demonstrations[np.flatnonzero(demonstrations.goals == 10)]
    first = np.bincount(mine.states[mine.offsets[:-1]], minlength=world.n_states) / len(mine)
    visits = expected_visitations(world.mdp.with_goal(10), solution, initial=first).sum(axis=1)
    shown = GridMapDisplay.from_estimator(estimator, world, show="visitations", goal=10).plot()
    np.testing.assert_allclose(world.from_grid(shown.grid), visits, atol=1e-12)
    other = GridMapDisplay.from_estimator(estimator, world, show="visitations", goal=7)  # no demonstration had it
    first = np.bincount(demonstrations.states[demonstrations.offsets[:-1]], minlength=world.n_states) / 60
    visits = expected_visitations(world.mdp.with_goal(7), estimator.solve(7), initial=first).sum(axis=1)
    np.testing.assert_allclose(world.from_grid(other.grid), visits, atol=1e-12)


@pytest.mark.parametrize(
    "make",
    [
        lambda *fit: GridMapDisplay.from_estimator(*fit, show="value"),
        lambda *fit: GridMapDisplay.from_estimator(*fit, show="visitations"),
        PolicyDisplay.from_estimator,
        ActionValueDisplay.from_estimator,
        lambda estimator, _: StateCurveDisplay.from_estimator(estimator),
    ],
)
def test_a_goal_that_is_missing_is_asked_for(towards, make):
    world, _, estimator = towards
    with pytest.raises(ValueError, match="pass goal="):
        make(estimator, world)


@pytest.mark.parametrize("goal", [11, -1, 7.5, True, "a"])
@pytest.mark.parametrize("show", ["reward", "value", "visitations"])
def test_a_goal_that_is_no_state_is_named(towards, show, goal):
    world, _, estimator = towards
    with pytest.raises(ValueError, match=rf"goal {goal!r} is no state; states are 0\.\.10"):
        GridMapDisplay.from_estimator(estimator, world, show=show, goal=goal)


@pytest.mark.parametrize("goal", [12, -1, 7.5, True, "a"])
@pytest.mark.parametrize("show", ["reward", "standard_error", "visitations", "value"])
def test_a_goal_that_is_no_state_of_a_network_is_named(travelled, show, goal):
    network, _, estimator = travelled()
    with pytest.raises(ValueError, match=rf"goal {goal!r} is no state; states are 0\.\.11"):
        NetworkMapDisplay.from_estimator(estimator, network, show=show, goal=goal)


def test_a_goal_without_a_cell_is_not_marked():
    world = SimpleNamespace(shape=(1, 2), cells=[(0, 0), (0, 1), (-1, -1)], starts=[0], goals=[1, 2])
    plan = GridPlan.of(world)
    assert plan.goals.tolist() == [[0, 1]]
    assert plan.heading_for(0).goals.tolist() == [[0, 0]]
    display = GridMapDisplay.from_values([1.0, 2.0, 3.0], plan.heading_for(2), label="x").plot()
    assert list(display.marks_) == ["start"]
