"""Named columns travel with the decisions and trajectories they belong to."""

import pickle

import numpy as np
import pytest

from maxent_irl import Demonstrations

ROWS = {
    "id": ["a", "b", "a", "b", "a"],
    "t": [1, 0, 0, 1, 2],
    "s": [1, 0, 0, 1, 2],
    "a": [0, 1, 1, 0, 1],
    "hour": [11.0, 20.0, 10.0, 21.0, 12.0],
    "sex": ["f", "m", "f", "m", "f"],
}
KEPT = {"decision_columns": ["hour"], "trajectory_columns": ["sex"]}


@pytest.fixture
def demos() -> Demonstrations:
    return Demonstrations.from_table(ROWS, id="id", time="t", state="s", action="a", **KEPT)


def test_columns_follow_the_order_of_the_decisions(demos):
    np.testing.assert_array_equal(demos.columns.decisions["hour"], [10, 11, 12, 20, 21])
    np.testing.assert_array_equal(demos.columns.trajectories["sex"], ["f", "m"])


@pytest.mark.parametrize(
    "select", [lambda d: d[[1, 0]], lambda d: d[1:] + d[:1], lambda d: Demonstrations([d[1], d[0]])]
)
def test_columns_are_selected_and_joined_like_trajectories(demos, select):
    turned = select(demos)
    np.testing.assert_array_equal(turned.columns.decisions["hour"], [20, 21, 10, 11, 12])
    np.testing.assert_array_equal(turned.columns.trajectories["sex"], ["m", "f"])
    assert turned != demos
    assert select(turned) == demos


def test_columns_are_in_files_and_pickles(demos, tmp_path):
    demos.save(tmp_path / "demos.npz")
    assert Demonstrations.load(tmp_path / "demos.npz") == demos
    assert pickle.loads(pickle.dumps(demos)) == demos
    lines = [",".join(ROWS), *(",".join(map(str, row)) for row in zip(*ROWS.values(), strict=True))]
    (tmp_path / "demos.csv").write_text("\n".join(lines))
    assert Demonstrations.from_csv(tmp_path / "demos.csv", id="id", time="t", state="s", action="a", **KEPT) == demos


def test_columns_can_be_added(demos):
    more = Demonstrations(demos, trajectory_columns={"age": [3, 4]}, weights=[1, 2])
    assert list(more.columns.trajectories) == ["sex", "age"]
    assert list(more.columns.decisions) == ["hour"]
    assert demos != more
    assert Demonstrations(demos, weights=[1, 2]) != more


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (
            lambda d: Demonstrations(d, decision_columns={"day": [1, 2]}),
            r"column 'day' .* per decision, 5 in all; .*\(2,\)",
        ),
        (
            lambda d: Demonstrations(d, trajectory_columns={"age": 3}),
            r"column 'age' .* per trajectory, 2 in all; .*\(\)",
        ),
        (
            lambda d: Demonstrations(d, trajectory_columns={"hour": [1, 2]}),
            "'hour' names a column of decisions and one of",
        ),
        (
            lambda d: d + Demonstrations(d, trajectory_columns={"age": [3, 4]}),
            r"columns differ, \['hour', 'sex'\] and \['age'",
        ),
        (
            lambda d: Demonstrations.from_table(ROWS, id="id", state="s", action="a", trajectory_columns=["hour"]),
            "'hour'",
        ),
        (lambda d: Demonstrations.from_table(ROWS, id="id", state="s", action="a", decision_columns=["x"]), "'x'"),
    ],
)
def test_wrong_columns_are_named(demos, call, message):
    with pytest.raises(ValueError, match=message):
        call(demos)
