"""What orders the rows of a table: numbers and times that mean one thing, and errors that say how to tell otherwise."""

import datetime

import numpy as np
import pytest

from maxent_irl import Demonstrations

ROLES = {"id": "id", "state": "s", "action": "a", "time": "t"}


def order_of(times, **options):
    """Positions of the rows in time, by a state that names each row."""
    table = {"id": [1] * len(times), "s": list(range(len(times))), "a": [0] * len(times), "t": times}
    return Demonstrations.from_table(table, **ROLES, n_states=len(times), **options).states.tolist()


@pytest.mark.parametrize(
    "times",
    [
        ["2019-09-29T23:30", "2019-09-30T00:00", "2019-10-01T00:30"],
        ["2019-09-29 23:30:59", "2019-09-30 00:00:00", "2019-10-01 00:30:00"],
        ["2019-09-29", "2019-09-30", "2019-10-01"],
        ["2019-09-30T02:00+02:00", "2019-09-30T01:00Z", "2019-09-29T22:00-05:00"],
        ["2019-09-30T00:00:00.999999999", "2019-09-30T00:00:01.0000000001", "2019-09-30T00:00:01.0000000002"],
        ["9", "10", "1e3"],
        ["-1.5", "0", ".25"],
        ["1700000000000000000", "1700000000000000001", "1700000000000000002"],  # nanoseconds: more digits than a float
        [datetime.date(2019, 9, 30), datetime.date(2019, 10, 1), datetime.date(2020, 1, 1)],
        np.array(["2019-09-29", "2019-09-30", "2019-10-01"], dtype="datetime64[D]"),
    ],
)
def test_times_order_the_rows(times):
    assert order_of(times) == [0, 1, 2]
    assert order_of(np.array(times)[[2, 0, 1]].tolist()) == [1, 2, 0]


@pytest.mark.parametrize(
    ("times", "written"),
    [
        (["29/09/2019 23:30", "30/09/2019 00:00", "01/10/2019 00:30"], "%d/%m/%Y %H:%M"),
        (["9:30", "10:15", "11:00"], "%H:%M"),
        (["Sep 29 2019", "Sep 30 2019", "Oct 1 2019"], "%b %d %Y"),
    ],
)
def test_other_ways_to_write_times_have_to_be_said(times, written):
    with pytest.raises(
        ValueError, match=rf"column 't' holds '{times[0]}' in row 0, neither a number nor .* time_format="
    ):
        order_of(times)
    assert order_of(times, time_format=written) == [0, 1, 2]
    assert order_of(times[::-1], time_format=written) == [2, 1, 0]


@pytest.mark.parametrize(
    ("times", "options", "message"),
    [
        (["t9", "t10", "t11"], {}, "column 't' holds 't9' in row 0, neither a number"),
        (["a", "b", "c"], {}, "column 't' holds 'a' in row 0"),
        (["0", "1", "x2"], {}, "column 't' holds '0' in row 0, beside numbers such as '0'|'x2' in row 2, beside numbers"),
        (["2019-09-29", "2019-09-30T00:00", "2019-10-01"], {}, "two shapes, '2019-09-29' and '2019-09-30T00:00' .in row 1"),
        (["2019-09-29T10:00", "2019-09-29T10:01:00", "2019-09-29T11:00"], {}, "times of two shapes"),
        (["2019-09-29T10:00", "2019-09-29T10:01Z", "2019-09-29T11:00"], {}, "times of two shapes"),
        (["2019-02-28", "2019-02-29", "2019-03-01"], {}, "holds '2019-02-29' in row 1, which is no time: day is out of range"),
        (["2019-09-29T25:00", "2019-09-29T10:01", "2019-09-29T11:00"], {}, "which is no time: hour must be in"),
        (["29/09/2019", "31/09/2019", "1/10/2019"], {"time_format": "%d/%m/%Y"}, "'31/09/2019' in row 1, which is not written"),
        ([1, 2, 3], {"time_format": "%d"}, "holds int64, not text: leave time_format= out|holds int, not text"),
        ([1, "2", 3], {}, "column 't' holds text such as '2' and int: give one kind"),
        (["1", "2", "1"], {}, "trajectory 1 has t='1' twice, in row 0 and row 2: .* say ties='file-order'"),
        (["2019-09-30T00:00Z", "2019-09-30T02:00+02:00", "2019-09-30T03:00Z"], {}, "has t='2019-09-30T00:00Z' twice"),
        (["1", "1.0", "2"], {}, "trajectory 1 has t='1' twice, in row 0 and row 1"),
        (["1", "2", "1"], {"ties": "first"}, "ties must be 'error' or 'file-order'; got 'first'"),
        (["1", "NA", "3"], {}, r"column 't' is missing in row 1 \(trajectory 1\)"),
    ],
)  # fmt: skip
def test_times_that_are_refused(times, options, message):
    with pytest.raises(ValueError, match=message):
        order_of(times, **options)


def test_rows_of_one_time_stay_in_their_order_if_told_so():
    assert order_of(["2", "1", "1"], ties="file-order") == [1, 2, 0]
    without = {role: column for role, column in ROLES.items() if role != "time"}
    with pytest.raises(ValueError, match="are about a column of times: say which with time="):
        Demonstrations.from_table({"id": [1], "s": [0], "a": [0]}, **without, ties="file-order")
