"""The context of an event: rank of its peak, typical value, edge of the normal band."""

import numpy as np
import pytest

from anomaly_detection import Detection
from events.context import BLOCK, MAX_CYCLES, EventContext
from events.wording import context_remark, explanation, rounded
from timeseries import Series

HOURS = np.datetime64("2026-01-01T00:00", "ms") + np.arange(24 * 41) * np.timedelta64(1, "h")


def daily(peak=500, value=90.0):
    values = 20.0 + np.arange(24 * 41) % 24
    values[peak] = value
    return Series(HOURS, values)


def remark(series, peak, direction="above", expected=25.0, margin=2.4, period=24):
    return context_remark(EventContext(series, period).describe(peak, direction, expected, margin), direction)


def test_a_remark_has_rank_typical_value_and_edge():
    assert remark(daily(), 500) == (
        "Highest of the 41 days; the typical value at this time of day is 40; would be normal below 27.4."
    )


def test_a_second_highest_value_is_highest_for_some_time():
    series = daily()
    series.values[20 * 24] = 100.0
    assert remark(series, 500).startswith("The typical")  # highest for 20 hours only: not remarkable
    series.values[20 * 24], series.values[48] = 20.0, 100.0
    assert remark(series, 500).startswith("Highest for 19 days;")
    series.values[48], series.values[700] = 20.0, 100.0
    assert remark(series, 500).startswith("Highest so far;")


def test_low_values_mirror_high_ones():
    sentence = remark(daily(value=-9.0), 500, "below")
    assert sentence.startswith("Lowest of the 41 days;")
    assert sentence.endswith("would be normal above 22.6.")


def test_the_remark_on_a_shape_is_the_typical_value():
    assert remark(daily(), 500, "shape") == "The typical value at this time of day is 40."
    assert remark(daily(), 500, "shape", period=None) == ""


def test_gaps_do_not_shift_the_time_of_day():
    series = daily()
    present = np.r_[0:100, 107:984]
    cut = Series(series.times[present], series.values[present])
    assert "the typical value at this time of day is 40" in remark(cut, 493)


def test_without_times_points_are_counted():
    values = np.tile(np.arange(10.0), 50)
    values[321] = 77.0
    sentence = remark(Series(None, values), 321, period=10)
    assert (
        sentence
        == "Highest of the 500 points; the typical value at this phase of the cycle is 1; would be normal below 27.4."
    )


@pytest.mark.parametrize("at", [5, BLOCK - 1, BLOCK, 2 * BLOCK + 17])
def test_the_last_equally_high_value_may_lie_in_another_block(at):
    values = np.zeros(3 * BLOCK)
    values[at], values[3 * BLOCK - 2], values[3 * BLOCK - 1] = 8.0, 7.0, 9.0
    sentence = remark(Series(None, values), 3 * BLOCK - 2, period=None)
    assert sentence.startswith(f"Highest for {3 * BLOCK - 1 - at} points;")


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_unknown_edges_are_left_out(bad):
    assert "normal" not in remark(daily(), 500, margin=bad)


def test_missing_values_and_tiny_series_are_described():
    series = daily()
    series.values[::3] = np.nan
    series.values[500] = 90.0
    assert remark(series, 500).startswith("Highest of the 41 days")
    assert remark(Series(None, np.array([1.0])), 0, period=None) == "Would be normal below 27.4."


def test_numbers_are_rounded_to_the_scale_of_the_band():
    assert [rounded(27.4123, scale) for scale in (2.5, 0.025, 300.0, 0.0, np.nan)] == [
        "27.4", "27.412", "30", "27.4123", "27.4123",
    ]  # fmt: skip


def test_an_explanation_ends_with_its_remark():
    series = daily()
    score = np.abs(series.values - 31.5)
    result = Detection(series, np.full(984, 31.5), np.full(984, 14.0), score, 14.0, period=24)
    [event] = result.events
    assert explanation(event) == (
        "90 is 186 % above the expected 31.5, 4.18 times the distance allowed; lasts 1 point. "
        "Highest of the 41 days; the typical value at this time of day is 40; would be normal below 46."
    )


def test_even_and_uneven_times_have_the_same_typical_value():
    points, period = 6_000, 5
    values = np.random.default_rng(0).normal(0, 1, points).cumsum()
    times = np.datetime64("2026-01-01", "ms") + np.timedelta64(1, "m") * np.arange(points)
    uneven = times.copy()
    uneven[1] += np.timedelta64(1, "ms")
    for peak in (0, 3, 2_500, 2_999, 5_998):
        one, other, bare = (EventContext(Series(each, values), period) for each in (times, uneven, None))
        assert (one.even, other.even) == (True, False)
        same = one._at_same_phase(peak)
        np.testing.assert_array_equal(same, bare._at_same_phase(peak))
        np.testing.assert_array_equal(same, other._at_same_phase(peak))
        neighbours = np.arange(peak % period, points, period)
        neighbours = neighbours[(np.abs(neighbours - peak) <= MAX_CYCLES * period) & (neighbours != peak)]
        np.testing.assert_array_equal(same, values[neighbours])
