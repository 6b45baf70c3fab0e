import os
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal

from maxent_irl import Demonstrations, MaxEntIRL, sample_demonstrations, soft_value_iteration
from maxent_irl.datasets import load_bus_engine
from maxent_irl.worlds import BusEngine, bus_demonstrations, bus_usage, usage_frequencies

REAL_DATA = os.environ.get("MAXENT_IRL_DATA")
needs_real_data = pytest.mark.skipif(not REAL_DATA, reason="MAXENT_IRL_DATA is not set")


ENGINE = BusEngine([0.5, 0.5], n_states=3, discount=0.9)
MONTHS = Demonstrations([([0, 1], [0]), ([0, 2, 2], [0, 0])])


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


def test_usage_comes_in_the_order_of_the_decisions():
    usage = bus_usage(bus=["b", "a", "a", "b", "a"], period=[1, 2, 0, 0, 1], usage=[3, 2, np.nan, np.nan, 1])
    assert_array_equal(usage, [1, 2, 3])


@pytest.mark.parametrize(
    ("cost", "columns"),
    [
        ("linear", [lambda x: 0.001 * x]),
        ("quadratic", [lambda x: 0.001 * x, lambda x: 1e-5 * x**2]),
        ("cubic", [lambda x: 0.001 * x, lambda x: 1e-5 * x**2, lambda x: 1e-7 * x**3]),
        ("square root", [lambda x: 0.01 * x**0.5]),
        ("hyperbolic", [lambda x: 0.1 / (91 - x)]),
        ("mixed", [lambda x: 0.01 * x**0.5, lambda x: 0.1 / (91 - x)]),
    ],
)
def test_costs_that_are_not_linear(cost, columns):
    coef = np.arange(2.0, 2.0 + len(columns))
    engine = BusEngine(replacement_cost=9, maintenance_cost=coef, cost=cost)
    for x in (0, 1, 50, 89):
        assert engine.reward[x, 0] == pytest.approx(-sum(c * f(x) for c, f in zip(coef, columns, strict=True)))
        assert engine.reward[x, 1] == -9
    assert len(engine.feature_names) == len(engine.coef) == 1 + len(columns)
    assert_allclose(BusEngine(cost=cost).coef[1:], [2.2930] if cost == "linear" else np.zeros(len(columns)))


def test_costs_of_ones_own():
    table = np.array([[0.0, 1.0], [0.5, 1.0], [3.0, 1.0]])
    engine = BusEngine([1.0], n_states=3, replacement_cost=1, maintenance_cost=[2.0, 4.0], cost=table)
    assert_allclose(engine.reward, [[-4, -1], [-5, -1], [-10, -1]])


def test_a_nonlinear_cost_is_recovered():
    truth = np.array([4.0, 30.0, 40.0])
    engine = BusEngine(
        [0.2, 0.5, 0.3],
        n_states=60,
        discount=0.9,
        replacement_cost=truth[0],
        maintenance_cost=truth[1:],
        cost="quadratic",
    )
    policy = soft_value_iteration(engine.mdp, engine.reward).policy
    months = sample_demonstrations(engine.mdp, policy, 400, max_steps=120, random_state=0)
    fit = MaxEntIRL(engine.mdp, engine.features, objective="likelihood").fit(months)
    assert (np.abs(fit.coef_ - truth) < 3 * fit.coefficient_covariance().standard_errors).all()
    # The linear model is the same one without its last coefficient, so it cannot fit better.
    linear = MaxEntIRL(engine.mdp, engine.features[..., :2], objective="likelihood").fit(months)
    assert fit.log_likelihood_ > linear.log_likelihood_


def test_log_likelihood_month_by_month():
    usage = np.array([0.3, 0.5, 0.2])
    engine = BusEngine(usage, n_states=5, discount=0.9)
    policy = np.column_stack([np.linspace(0.9, 0.5, 5), np.linspace(0.1, 0.5, 5)])
    months = Demonstrations([([0, 1, 3, 4, 4], [0, 0, 0, 0]), ([2, 1, 1], [1, 0, 1])], weights=[1.0, 2.0])
    # 3 + 1 and 3 + 2 both end in the last bin, and everything does that starts there.
    first = np.log([usage[1], usage[2], usage[1] + usage[2], 1.0]).sum()
    second = np.log([usage[1], usage[0]]).sum()
    found = engine.log_likelihood(policy, months)
    assert found.transitions == pytest.approx(first + 2 * second)
    choices = np.log([0.9, 0.8, 0.6, 0.5]).sum() + 2 * np.log([policy[2, 1], policy[1, 0], policy[1, 1]]).sum()
    assert found.choices == pytest.approx(choices)
    assert found.total == pytest.approx(first + 2 * second + choices)
    given = engine.log_likelihood(policy, months, [0, np.nan, 2, 1, 1, 1, 0])
    log = np.log(usage)
    assert given.transitions == pytest.approx(log[0] + log[2] + log[1] + 2 * (2 * log[1] + log[0]))


@pytest.mark.parametrize("probabilities", [[0.3, 0.5, 0.2], [0.25, 0.0, 0.35, 0.4]])
def test_usage_derivatives_by_differences(probabilities):
    engine, h = BusEngine(probabilities, n_states=6, discount=0.9), 1e-6
    *free, last = np.flatnonzero(probabilities)
    derivatives = engine.usage_derivatives()
    assert len(derivatives) == len(free)
    policy = np.full((6, 2), 0.5)
    months = sample_demonstrations(engine.mdp, policy, 3, max_steps=8, random_state=0)
    usage = np.resize(np.flatnonzero(probabilities), months.n_decisions).astype(float)
    usage[2] = np.nan
    for recorded in (None, usage):
        scores = engine.usage_scores(months, recorded)
        assert scores.shape == (months.n_decisions, len(free))
        for k, bins in enumerate(free):
            moved = []
            for step in (h, -h):
                other = np.array(probabilities)
                other[[bins, last]] += step, -step
                moved.append(BusEngine(other, n_states=6, discount=0.9))
            up, down = moved
            difference = (up.mdp.transitions - down.mdp.transitions).toarray() / (2 * h)
            assert_allclose(derivatives[k].toarray(), difference, atol=1e-8)
            # The derivative of the log-likelihood is the sum of the scores.
            slope = up.log_likelihood(policy, months, recorded).transitions
            slope -= down.log_likelihood(policy, months, recorded).transitions
            assert scores[:, k].sum() == pytest.approx(slope / (2 * h), rel=1e-6, abs=1e-6)


@pytest.mark.parametrize(
    ("groups", "discount", "coef", "published", "choices"),
    [
        (4, 0.9999, (10.0750, 2.2930), -3304.155, -163.584284),
        (4, 0.0, (7.6358, 71.5133), -3306.028, -165.458522),
        ((1, 2, 3), 0.9999, (11.7270, 4.8259), -2708.366, -132.38862),
        # Printed as -2710.746, which is .022 lower than the choices at the maximum and the usage frequencies give.
        ((1, 2, 3), 0.0, (8.2985, 109.9031), -2710.7244, -134.74672),
        ((1, 2, 3, 4), 0.9999, (9.7558, 2.6275), -6055.250, -300.2502),
        ((1, 2, 3, 4), 0.0, (7.3055, 70.2769), -6061.641, -306.6410),
    ],
)
def test_published_estimates_and_full_log_likelihoods(groups, discount, coef, published, choices, real_data):
    """Rust (1987), table IX."""
    data = load_bus_engine(groups=groups, discount=discount)
    assert_array_equal(data.published_coef, coef)
    fit = MaxEntIRL(data.mdp, data.features, objective="likelihood", tol=1e-9).fit(data.demonstrations)
    assert_allclose(fit.coef_, coef, rtol=1e-4)
    found = data.world.log_likelihood(fit.policy_, data.demonstrations, data.usage)
    assert found.choices == pytest.approx(fit.log_likelihood_, abs=1e-9)
    assert found.choices == pytest.approx(choices, abs=6e-5)
    assert found.total == pytest.approx(published, abs=1.2e-3)


def test_published_test_that_all_groups_are_alike(real_data):
    """Rust (1987), table IX: likelihood ratio 85.46 of groups 1 to 3 against group 4, 4 degrees of freedom."""
    total, free = {}, {}
    for groups in (4, (1, 2, 3), (1, 2, 3, 4)):
        data = load_bus_engine(groups=groups)
        fit = MaxEntIRL(data.mdp, data.features, objective="likelihood").fit(data.demonstrations)
        total[groups] = data.world.log_likelihood(fit.policy_, data.demonstrations, data.usage).total
        free[groups] = len(fit.coef_) + len(data.world.usage_derivatives())
    joint = (1, 2, 3, 4)
    assert 2 * (total[4] + total[1, 2, 3] - total[joint]) == pytest.approx(85.46, abs=5e-3)
    assert free[4] + free[1, 2, 3] - free[joint] == 4


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
        (lambda: BusEngine(cost="power"), "cost must be one of 'linear', .*, or an array; got 'power'"),
        (lambda: BusEngine(cost=np.ones((3, 1))), r"one row per state.*\(90, C\); got \(3, 1\)"),
        (lambda: BusEngine(n_states=2, cost=[[1.0], [np.inf]]), "cost of state 1, column 0, is inf"),
        (lambda: BusEngine(maintenance_cost=[1.0, 2.0]), r"one coefficient per column of cost, shape \(1,\)"),
        (lambda: ENGINE.log_likelihood(np.ones((2, 2)), MONTHS), r"policy must have shape \(3, 2\); got \(2, 2\)"),
        (
            lambda: ENGINE.log_likelihood(np.ones((3, 2)), MONTHS[:1], [1, 1]),
            r"one entry per decision, shape \(1,\); got \(2,\)",
        ),
        (lambda: ENGINE.usage_scores(MONTHS), "trajectory 1, step 0: a usage of 2 bins has probability 0"),
        (lambda: ENGINE.usage_scores(MONTHS, [0, 1, 5]), "trajectory 1, step 1: a usage of 5 bins has probability 0"),
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
