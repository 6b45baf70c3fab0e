import os
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal

from maxent_irl import soft_value_iteration
from maxent_irl.worlds import BusEngine, bus_demonstrations, usage_frequencies

REAL_DATA = os.environ.get("MAXENT_IRL_DATA")
needs_real_data = pytest.mark.skipif(not REAL_DATA, reason="MAXENT_IRL_DATA is not set")


@settings(max_examples=50, deadline=None)
@given(
    weights=st.lists(st.floats(0, 10), min_size=1, max_size=6).filter(lambda weights: sum(weights) > 0.1),
    n_states=st.integers(1, 8),
)
def test_transitions_month_by_month(weights, n_states):
    usage = np.array(weights) / sum(weights)
    P = np.zeros((2, n_states, n_states))
    for x in range(n_states):
        for bins, probability in enumerate(usage):
            P[0, x, min(x + bins, n_states - 1)] += probability
            P[1, x, min(bins, n_states - 1)] += probability
    engine = BusEngine(usage, n_states=n_states)
    assert_allclose(engine.mdp.transitions.toarray(), P.reshape(-1, n_states), atol=1e-15)
    assert engine.features.shape == (n_states, 2, 2)
    assert engine.mdp.initial[0] == 1


def test_reward_is_minus_the_cost():
    engine = BusEngine(replacement_cost=10, maintenance_cost=2)
    x = np.arange(90)
    assert_allclose(engine.reward, np.stack([-0.002 * x, np.full(90, -10.0)], axis=1))
    assert_allclose(engine.features @ engine.coef, engine.reward)
    assert len(engine.feature_names) == len(engine.coef)


def test_default_usage_is_that_of_group_4():
    assert_allclose(BusEngine().usage_probabilities, np.array([1682, 2555, 55]) / 4292)
    assert repr(BusEngine()) == (
        "BusEngine 90 states, usage (0.392, 0.595, 0.0128), discount 0.9999, replacement cost 10.075, "
        "maintenance cost 2.293"
    )


def test_usage_frequencies_count_months():
    assert_allclose(usage_frequencies([np.nan, 0, 1, 1, 3, np.nan]), [0.25, 0.5, 0, 0.25])


def test_demonstrations_are_sorted_and_begin_after_period_0():
    demonstrations = bus_demonstrations(
        bus=["b", "a", "a", "b", "a"],
        period=[1, 2, 0, 0, 1],
        state=[5, 2, 0, 4, 1],
        replaced=[0, 1, 1, 0, 0],
    )
    assert_array_equal(demonstrations.states, [1, 2, 5])
    assert_array_equal(demonstrations.actions, [0, 1, 0])
    assert_array_equal(demonstrations.offsets, [0, 2, 3])
    assert_array_equal(demonstrations.final_states, [-1, -1])
    assert not demonstrations.terminated.any()


@pytest.mark.parametrize(
    ("table", "message"),
    [
        (([7, 7, 7], [0, 1, 3], [0, 0, 0], [0, 0, 0]), "bus 7: period 1 is followed by 3"),
        (([7, 7, 7], [0, 1, 1], [0, 0, 0], [0, 0, 0]), "trajectory 7 has period=1 twice"),
        (([7, 7, 8], [0, 1, 0], [0, 0, 0], [0, 2, 0]), "bus 7, period 1: replaced must be 0 or 1, got 2"),
        (([7, 8], [0, 0], [0, 0], [0, 0]), "the table has no rows"),
    ],
)
def test_wrong_tables_say_where(table, message):
    with pytest.raises(ValueError, match=message):
        bus_demonstrations(*table)


@pytest.mark.parametrize(
    ("build", "message"),
    [
        (lambda: BusEngine([0.5, 0.4]), "probabilities that sum to 1"),
        (lambda: BusEngine([1.5, -0.5]), "probabilities that sum to 1"),
        (lambda: BusEngine([[1.0]]), "probabilities that sum to 1"),
        (lambda: BusEngine([np.nan, 1.0]), "probabilities that sum to 1"),
        (lambda: BusEngine(n_states=0), "n_states must be positive, got 0"),
        (lambda: usage_frequencies([0, 1.5]), "entry 1 is 1.5"),
        (lambda: usage_frequencies([np.nan]), "no month to count"),
    ],
)
def test_wrong_arguments_say_what(build, message):
    with pytest.raises(ValueError, match=message):
        build()


@needs_real_data
def test_reference_tables_of_another_implementation():
    folder = Path(REAL_DATA) / "bus_engine_reference"
    engine = BusEngine([0.2, 0.3, 0.15, 0.35], discount=0.9999, replacement_cost=10, maintenance_cost=2)
    keep = engine.mdp.transitions[:90]
    assert_allclose(keep.toarray(), np.loadtxt(folder / "trans_mat.txt"), atol=1e-12)
    assert_allclose(-engine.reward, np.loadtxt(folder / "myop_cost.txt"), atol=1e-12)
    solution = soft_value_iteration(engine.mdp, engine.reward)
    assert_allclose(keep @ solution.V, np.loadtxt(folder / "fixp.txt"), atol=1e-6)
    assert_allclose(solution.policy, np.loadtxt(folder / "choice_prob.txt"), atol=1e-10)
