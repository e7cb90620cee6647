"""The arrays of a JSON request: good, repaired and refused ones."""

import math
from typing import Any

import numpy as np
import pytest

from errors import Ambiguous, Unreadable
from readers import read_arrays
from timeseries import format_times

MINUTES = [f"2026-03-01T00:0{i}:00Z" for i in range(3)]


@pytest.mark.parametrize(
    "times",
    [
        MINUTES,
        ["2026-03-01 00:00", "2026-03-01T00:01", "2026-03-01 00:02:00.000"],
        ["2026-03-01T02:00+02", "2026-03-01T00:01Z", "2026-03-01T01:02:00+01:00"],
        [1772323200, 1772323260, 1772323320],
        [1772323200.0, 1772323260.0, 1772323320.0],
        [1772323200000, 1772323260000, 1772323320000],
        [1772323200000000, 1772323260000000, 1772323320000000],
        [1772323200000000000, 1772323260000000000, 1772323320000000000],
    ],
)
def test_times_of_every_kind(times: list[Any]) -> None:
    table = read_arrays([1, None, 2.5], times, name="load")
    assert format_times(table.times) == MINUTES
    assert table.repairs == ()
    np.testing.assert_array_equal(table.columns["load"], [1, math.nan, 2.5])


def test_without_times() -> None:
    table = read_arrays([1, None])
    assert table.times is None and table.time_column is None
    assert list(table.columns) == ["value"]


def test_nothing_is_an_empty_series() -> None:
    assert len(read_arrays([]).series()) == 0
    assert len(read_arrays([], []).series()) == 0


def test_repairs_count_positions_from_0() -> None:
    table = read_arrays([5, 1, 2, math.inf, 10**400], [60, 0, 60, 120, 180])
    assert table.series().values.tolist()[:2] == [1, 2]
    assert np.isnan(table.series().values[2:]).all()
    repairs = {repair.code: (repair.count, repair.lines) for repair in table.repairs}
    assert repairs == {"infinite_value": (2, (3, 4)), "rows_sorted": (1, (1,)), "duplicate_times": (1, (0,))}


@pytest.mark.parametrize(
    ("values", "times", "detail", "words"),
    [
        ([1, "2"], None, {"name": "values", "index": 1}, "not a number"),
        ([1, True], None, {"name": "values", "index": 1}, "not a number"),
        ([[1], [2]], None, {"name": "values", "index": 0}, "not a number"),
        ([1, 2], [1], {"name": "times"}, "1 times for 2 values"),
        ([1, 2], ["2026-03-01", "soon"], {"name": "times", "index": 1}, "'soon'"),
        ([1, 2], ["2026-03-01", ""], {"name": "times", "index": 1}, "not a time"),
        ([1, 2], [1, None], {"name": "times", "index": 1}, "one kind"),
        ([1, 2], [1, "2026-03-01"], {"name": "times", "index": 1}, "one kind"),
        ([1, 2], [1, math.nan], {"name": "times", "index": 1}, "not a time"),
        ([1, 2], [1, 10**30], {"name": "times", "index": 1}, "not a time"),
        ([1, 2], ["2026-03-01", "2026-03-02\0"], {"name": "times", "index": 1}, "not a time"),
        ([1, 2], ["2026-03-01", "9999-12-31T23:59:59-14:00"], {"name": "times", "index": 1}, "not a time"),
        ([1, 2], ["0001-01-01T00:00:00+01:00", "2026-03-01"], {"name": "times", "index": 0}, "not a time"),
        ([1, 2], ["2026-03-01", "2026-03-01T10:15:60Z"], {"name": "times", "index": 1}, "not a time"),
        ([1, 2], [1772362800, 1772362860000], {"name": "times", "index": 1}, "another unit"),
        ([1, 2, 3], [0, 1772362860000, 1772362800], {"name": "times", "index": 1}, "another unit"),
        ([1, 2, 3], [1772362800e6, 1772362860e6, 1772362920], {"name": "times", "index": 2}, "another unit"),
        ([1, 2], [1, 10**400], {"name": "times", "index": 1}, "not a time"),
    ],
)
def test_a_refused_value_has_its_position(values: Any, times: Any, detail: dict[str, Any], words: str) -> None:
    with pytest.raises(Unreadable) as raised:
        read_arrays(values, times)
    assert raised.value.detail == detail
    assert words in raised.value.message


def test_ambiguous_dates_are_refused_with_the_choices() -> None:
    times = ["01/02/2026", "05/02/2026", "05/07/2026"]
    with pytest.raises(Ambiguous):
        read_arrays([1, 2, 3], times)
    table = read_arrays([1, 2, 3], times, date_order="mdy")
    assert format_times(table.times)[0] == "2026-01-02T00:00:00Z"  # type: ignore[index]  # not None: the arrays have times


def repairs_of(times: list[Any]) -> dict[str, tuple[int, tuple[int, ...]]]:
    """Count and positions of each repair, by code."""
    table = read_arrays([float(i) for i in range(len(times))], times)
    return {repair.code: (repair.count, repair.lines) for repair in table.repairs}


def test_a_time_without_a_zone_among_others_is_a_repair() -> None:
    assert repairs_of([*MINUTES, "2026-03-01T00:07"]) == {"zone_assumed": (1, (3,))}


@pytest.mark.parametrize("times", [[0, 60, 120], [0, 2_678_400_000, 5_097_600_000, 10**11, 10**12], [-(10**12), 0]])
def test_numbers_that_grow_from_1970_are_in_one_unit(times: list[Any]) -> None:
    assert repairs_of(times) in ({}, {"rows_sorted": (1, (1,))})


@pytest.mark.parametrize(
    "times",
    [
        ["2026-03-01T00:00:00.000000001Z", "2026-03-01T00:00:00.0000002Z", "2026-03-01T00:01:00Z"],
        [1772323200000000001, 1772323200000000200, 1772323260000000000],
        [1772323200.0000003, 1772323200.0000005, 1772323260],
        [1772323200000.0002, 1772323200000.0005, 1772323260000],
    ],
)
def test_nanoseconds_are_a_repair_and_stay_in_order(times: list[Any]) -> None:
    cut = {"finer_than_millisecond": (2, (0, 1)), "closer_than_millisecond": (1, (0,))}
    assert repairs_of(times) == cut
    assert repairs_of([times[1], times[0], times[2]]) == {
        "rows_sorted": (1, (1,)),
        "finer_than_millisecond": (2, (0, 1)),
        "closer_than_millisecond": (1, (1,)),
    }


def test_nanoseconds_beyond_an_int64_are_read() -> None:
    assert format_times(read_arrays([1], [20 * 10**18]).times) == ["2603-10-11T11:33:20Z"]


def test_nanoseconds_are_cut_not_rounded() -> None:
    table = read_arrays([1, 2], [1772323200000000000, 1772323200999999999])
    assert format_times(table.times) == ["2026-03-01T00:00:00Z", "2026-03-01T00:00:00.999Z"]


@pytest.mark.parametrize("factor", [1, 1e3, 1e6])
def test_decimals_down_to_the_microsecond_are_not_finer(factor: float) -> None:
    micros = 1772323200_000_000 + np.random.default_rng(0).integers(0, 10**9, 5000).cumsum() * 1000
    times = [int(micro) / 1e6 * factor if factor == 1 else int(micro) / (1e6 / factor) for micro in micros]
    assert repairs_of(times) == {}
