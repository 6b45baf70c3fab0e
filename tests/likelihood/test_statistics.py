"""Demonstrations reduced to counts: by hand on small paths, and in total on random ones."""

import numpy as np
import pytest
from oracles import problem_of_kind, random_demos

from maxent_irl import MDP, SoftAgent
from maxent_irl.demonstrations import Demonstrations
from maxent_irl.likelihood import TaskObjective
from maxent_irl.likelihood.statistics import (
    MATRICES,
    SufficientStatistics,
    check_possible,
    sufficient_statistics,
)
from maxent_irl.rewards import LinearReward


@pytest.fixture
def cycle() -> MDP:
    """0 -> 1 -> 2 -> 0 by action 0, staying by action 1."""
    return MDP.from_successors([[1, 0], [2, 1], [0, 2]], discount=0.5)


def tables(statistics, mdp, i=0):
    """Counts of trajectory i as (S, A), (S, A), (S,) arrays, with leading time where there is a horizon."""
    lead = () if mdp.horizon is None else (mdp.horizon,)
    shape = (*lead, mdp.n_actions, mdp.n_states)
    after = () if mdp.horizon is None else (mdp.horizon + 1,)
    pairs, continued = (
        np.swapaxes(x[[i]].toarray().reshape(shape), -1, -2) for x in (statistics.pairs, statistics.continued)
    )
    return pairs, continued, statistics.states[[i]].toarray().reshape(*after, mdp.n_states)


def test_likelihood_counts_every_decision_once(cycle):
    demos = Demonstrations([([0, 1, 1, 2], [0, 1, 0])], weights=[2.0])
    n, m, b = tables(sufficient_statistics(cycle, demos, "likelihood"), cycle)
    np.testing.assert_array_equal(n, [[2, 0], [2, 2], [0, 0]])
    np.testing.assert_array_equal(m, n)
    np.testing.assert_array_equal(b, [-2, -4, 0])


@pytest.mark.parametrize(
    ("path", "terminated", "continued", "states"),
    [
        (([0, 1, 1, 2], [0, 1, 0]), False, np.zeros((3, 2)), [-1, 0, 0.125]),  # cut, final state known
        (([0, 1, 1], [0, 1, 0]), False, [[0, 0], [0.25, 0], [0, 0]], [-1, 0, 0]),  # cut, final state unknown
        (([0, 1, 1], [0, 1, 0]), True, np.zeros((3, 2)), [-1, 0, 0]),  # ended
        (([0, 1, 1, 2], [0, 1, 0]), True, np.zeros((3, 2)), [-1, 0, 0]),
    ],
)
def test_feature_matching_keeps_discounted_counts_and_both_ends(cycle, path, terminated, continued, states):
    demos = Demonstrations([path], terminated=[terminated])
    n, m, b = tables(sufficient_statistics(cycle, demos, "feature-matching"), cycle)
    np.testing.assert_array_equal(n, [[1, 0], [0.25, 0.5], [0, 0]])
    np.testing.assert_array_equal(m, continued)
    np.testing.assert_array_equal(b, states)


def test_a_path_that_returns_to_its_start_cancels_what_does_not_lie_between():
    mdp = MDP.from_successors([[1, 0], [0, 1]], horizon=2)
    demos = Demonstrations([([0, 1, 0], [0, 0])])
    n, m, b = tables(sufficient_statistics(mdp, demos, "feature-matching"), mdp)
    np.testing.assert_array_equal(n, [[[1, 0], [0, 0]], [[0, 0], [1, 0]]])
    assert not m.any()
    np.testing.assert_array_equal(b, [[-1, 0], [0, 0], [1, 0]])  # V of state 0 at time 2 and at time 0 are not the same


def test_with_a_horizon_everything_has_its_time(cycle):
    mdp = cycle.replace(horizon=4)
    demos = Demonstrations([([0, 1, 1], [0, 1, 0])])
    n, m, b = tables(sufficient_statistics(mdp, demos, "feature-matching"), mdp)
    assert n.shape == (4, 3, 2)
    assert (n[0, 0, 0], n[1, 1, 1], n[2, 1, 0]) == (1.0, 0.5, 0.25)
    assert n.sum() == 1.75
    assert m[2, 1, 0] == m.sum() == 0.25
    assert b[0, 0] == b.sum() == -1.0


@pytest.mark.parametrize("kind", ["discounted", "finite", "finite, everything", "undiscounted, terminal", "discount 0"])
@pytest.mark.parametrize("name", ["likelihood", "feature-matching"])
def test_rows_are_trajectories_and_totals_their_sums(kind, name):
    rng = np.random.default_rng(3)
    problem = problem_of_kind(kind)
    mdp = MDP(problem.P, **problem.keywords())
    demos = random_demos(rng, problem, 8, 4)
    paths = [(demo.states + ([demo.final] if demo.final >= 0 else []), demo.actions) for demo in demos]
    options = {"weights": [demo.weight for demo in demos], "terminated": [demo.terminated for demo in demos]}
    everything = sufficient_statistics(mdp, Demonstrations(paths, **options), name)
    for i, path in enumerate(paths):
        one = {key: value[i : i + 1] for key, value in options.items()}
        alone = sufficient_statistics(mdp, Demonstrations([path], **one), name)
        for field in ("pairs", "continued", "states"):
            np.testing.assert_array_equal(
                getattr(everything, field)[[i]].toarray(), getattr(alone, field).toarray(), err_msg=field
            )
    total = everything.total()
    assert len(total) == 1
    for field in MATRICES:
        np.testing.assert_allclose(
            getattr(total, field).toarray()[0], getattr(everything, field).toarray().sum(axis=0), atol=1e-12
        )


@pytest.fixture
def two_parts(cycle):
    """Statistics of five trajectories, of the first two and of the last three."""
    paths = [([0, 1, 1], [0, 1, 0]), ([1, 1], [1]), ([0, 0], [0]), ([1, 0, 1], [0, 0]), ([0], [1])]
    return [sufficient_statistics(cycle, Demonstrations(part), "likelihood") for part in (paths, paths[:2], paths[2:])]


def assert_equal(one, other):
    assert (one.weighting, one.shape, one.units) == (other.weighting, other.shape, other.units)
    for field in MATRICES:
        np.testing.assert_allclose(getattr(one, field).toarray(), getattr(other, field).toarray(), atol=1e-12)


def test_parts_add_up_to_the_whole(two_parts):
    whole, first, second = two_parts
    assert_equal(first + second, whole)
    assert_equal(first.total() + second.total(), whole.total())
    animals = ["B1", "B2", "B1", "B3", "B2"]
    assert (whole.grouped(animals)).units == ("B1", "B2", "B3")
    assert_equal(first.grouped(animals[:2]) + second.grouped(animals[2:]), whole.grouped(animals))


def test_a_total_fits_as_the_trajectories_do(two_parts, cycle):
    whole = two_parts[0]
    model, coef = LinearReward(cycle), np.array([0.3, -0.1, 0.2])
    by_trajectory, added = (TaskObjective(SoftAgent(cycle), model, part).at(coef) for part in (whole, whole.total()))
    assert added.value == pytest.approx(by_trajectory.value, rel=1e-13)
    np.testing.assert_allclose(added.hessian, by_trajectory.hessian, rtol=1e-12)
    np.testing.assert_allclose(added.unit_scores()[0], by_trajectory.unit_scores().sum(axis=0), rtol=1e-9)


def test_what_does_not_add_up_is_named(two_parts, cycle):
    whole, first, second = two_parts
    other = sufficient_statistics(cycle, Demonstrations([([0, 1], [0])]), "feature-matching")
    with pytest.raises(ValueError, match="weighting likelihood and feature-matching do not add up"):
        _ = whole + other
    with pytest.raises(ValueError, match=r"use total\(\) or grouped\(\) on both"):
        _ = first + second.total()
    with pytest.raises(ValueError, match="one label per unit, 5 in all; got 2"):
        whole.grouped(["a", "b"])


@pytest.mark.parametrize("horizon", [None, 1, 4])
def test_statistics_survive_a_file(cycle, horizon, tmp_path):
    mdp = cycle.replace(horizon=horizon)
    paths = [([0, 1], [0]), ([1], [1])]
    for statistics in (
        sufficient_statistics(mdp, Demonstrations(paths), "feature-matching"),
        sufficient_statistics(mdp, Demonstrations(paths), "likelihood").grouped([("a", 1), "b"]),
    ):
        statistics.save(tmp_path / "counts.npz")
        assert_equal(SufficientStatistics.load(tmp_path / "counts.npz"), statistics)


def test_damaged_statistics_are_refused(cycle, tmp_path):
    path = tmp_path / "counts.npz"
    sufficient_statistics(cycle, Demonstrations([([0, 1], [0])]), "likelihood").save(path)
    with np.load(path) as file:
        arrays = dict(file)
    for change in ({"shape": np.array([1, 2, 4])}, {"pairs.indices": np.array([77])}, {"discount": np.array("x")}):
        np.savez(path, **{**arrays, **change})
        with pytest.raises(ValueError, match="counts.npz is damaged"):
            SufficientStatistics.load(path)
    del arrays["format"]
    np.savez(path, **arrays)
    with pytest.raises(ValueError, match="holds no statistics"):
        SufficientStatistics.load(path)


def test_decisions_that_run_into_dead_ends_are_named():
    mdp = MDP.from_successors([[0, 1], [2, 2], [-1, -1]], discount=0.9)
    fine, doomed = ([0, 0], [0]), ([0, 0, 1], [0, 1])
    check_possible(mdp, Demonstrations([fine]), "variational")
    with pytest.raises(ValueError, match="trajectory 1, step 1: action 1 in state 0"):
        check_possible(mdp, Demonstrations([fine, doomed]), "variational")
    near = mdp.replace(horizon=3)
    check_possible(near, Demonstrations([([0, 0, 0, 1], [0, 0, 1])]), "variational")  # too late to be stuck
    with pytest.raises(ValueError, match="trajectory 0, step 0"):
        check_possible(near, Demonstrations([([0, 1], [1])]), "variational")
