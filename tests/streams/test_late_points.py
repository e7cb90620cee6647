"""Late points: stored in the order of arrival, scored at their place in time; earlier scores do not change."""

import numpy as np
import pytest

from detectors import find_detector
from events.policy import Policy, replay
from streams.registry import NO_POINTS
from tests.streams.conftest import (
    assert_same,
    fit,
    fitted_detector,
    repair_counts,
    residual_threshold_of,
    seasonal,
    times,
)
from timeseries import Series

SPIKE = 500.0


@pytest.fixture
def pushed(streams):
    """A stream that has every point of 0 to 99 but 30, 31, 32 and 60."""
    streams.put("s", "rolling_zscore", {"window": 20})
    present = np.setdiff1d(np.arange(100), [30, 31, 32, 60])
    return streams, streams.push("s", times(100)[present], seasonal(100)[present].tolist())


def push(streams, positions, values=None):
    sent = seasonal(200)[positions] if values is None else np.asarray(values, float)
    return streams.push("s", times(200)[positions], sent.tolist())


def test_they_are_stored_with_the_next_cursor_and_reported(pushed):
    streams, before = pushed
    late = push(streams, [31, 60, 98])
    assert repair_counts(late) == {"late_points": 2, "already_there": 1}
    assert (late.cursor, late.late.tolist()) == (98, [True, True, False])
    assert_same(late.part(2, 3), before.part(94, 95))
    stored = streams.read("s", 0)
    assert_same(stored.part(0, 96), before)
    assert_same(stored.part(96, 98), late.part(0, 2))
    assert streams.read("s", 96).times.tolist() == times(100)[[31, 60]].tolist()
    assert not stored.late[:96].any()


def test_they_are_scored_as_if_they_had_arrived_in_time(pushed):
    streams, _ = pushed
    push(streams, [31])
    late = push(streams, [30, 32, 60], [5.0, SPIKE, 5.5])
    detector = find_detector("rolling_zscore").fit(NO_POINTS, window=20)
    values = seasonal(100)
    values[[30, 32, 60]] = [5.0, SPIKE, 5.5]
    expected = detector.detect(Series(times(100), values))
    np.testing.assert_array_equal(late.score, expected.score[[30, 32, 60]])
    np.testing.assert_array_equal(late.is_anomaly, [False, True, False])
    assert set(late.judged_by) == {"rolling_zscore"}


def test_later_points_are_scored_with_them_at_their_place(open_streams):
    streams = open_streams()
    for name, order in (("in time", np.arange(100)), ("late", np.r_[0:90, 91:100, 90])):
        streams.put(name, "rolling_zscore", {"window": 20})
        for k in order:
            streams.push(name, times(1, k), [seasonal(100)[k]])
    after = [streams.push(name, times(1, 100), [7.0]) for name in ("in time", "late")]
    assert_same(*after)
    streams.stop()
    streams = open_streams()
    after = [streams.push(name, times(1, 101), [7.0]) for name in ("in time", "late")]
    assert_same(*after)


def test_one_push_may_hold_late_and_new_points(pushed):
    streams, _ = pushed
    both = push(streams, [60, 100, 101])
    assert (both.cursor, both.late.tolist(), repair_counts(both)) == (99, [True, False, False], {"late_points": 1})
    assert_same(both, streams.read("s", 96))


def test_a_late_point_sent_twice_is_one_point(pushed):
    streams, _ = pushed
    first = push(streams, [30, 60])
    repeated = push(streams, [30, 60], [1.0, 2.0])
    assert repair_counts(repeated) == {"already_there": 2}
    assert_same(repeated, first)
    assert repeated.late.all()
    assert repeated.cursor == 98


def test_they_neither_open_nor_close_an_event(pushed):
    streams, _ = pushed
    push(streams, [100], [SPIKE])
    assert streams.get("s").state == "anomalous"
    push(streams, [30, 31, 32, 60], [5.0, 5.0, 5.0, SPIKE])
    assert streams.get("s").state == "anomalous"
    stored = streams.read("s", 96)
    assert stored.is_anomaly.tolist() == [True, False, False, False, True]
    assert [notice.at for notice in replay(Policy(recovery_points=2), stored)] == [97]
    push(streams, [101, 102, 103, 104], [5.0, 5.0, 5.0, 5.0])
    assert streams.get("s").state == "normal"


def test_a_fit_uses_them_in_the_order_of_time(streams):
    values = seasonal(400)
    for name in ("in time", "late"):
        streams.put(name, "seasonal_naive")
    streams.push("in time", times(400), values.tolist())
    streams.push("late", times(200, 200), values[200:].tolist())
    streams.push("late", times(200), values[:200].tolist())
    for name in ("in time", "late"):
        fit(streams, name)
    detectors = [fitted_detector(streams, name) for name in ("in time", "late")]
    thresholds = [residual_threshold_of(detector) for detector in detectors]
    assert thresholds[0] == pytest.approx(thresholds[1], rel=0.3)  # different points may be masked
    assert [detector.model.period for detector in detectors] == [48, 48]


def test_history_may_follow_the_first_live_points(streams):
    streams.put("s", "rolling_zscore", capacity=100)
    push(streams, [150, 151])
    history = push(streams, np.arange(140))
    assert repair_counts(history) == {"late_points": 98, "beyond_capacity": 42}
    assert not history.late[:42].any()
    assert history.judged_by[41] is None
    assert streams.get("s").points == 100
    stored = streams.read("s", 0)
    assert sorted(stored.times) == list(times(200)[[*range(42, 140), 150, 151]])


def test_a_history_sent_twice_displaces_no_point(streams):
    streams.put("s", "rolling_zscore", capacity=100)
    for first in range(0, 1000, 50):
        streams.push("s", times(50, first), seasonal(1000)[first : first + 50].tolist())
    before = streams.read("s", 0)
    repeated = streams.push("s", times(1000), seasonal(1000).tolist())
    assert repair_counts(repeated) == {"beyond_capacity": 900, "already_there": 100}
    assert_same(streams.read("s", 0), before)


def test_points_without_times_are_never_late(streams):
    streams.put("s", "rolling_zscore")
    for _ in range(3):
        scored = streams.push("s", None, [1.0, 2.0])
    assert (scored.cursor, scored.late.tolist(), scored.repairs) == (6, [False, False], ())


def test_a_shuffled_history_is_stored_completely(streams):
    streams.put("s", "rolling_zscore", {"window": 20})
    rng = np.random.default_rng(0)
    order = rng.permutation(2000)
    at = 0
    while at < len(order):
        part = np.sort(order[at : (at := at + int(rng.integers(1, 40)))])
        streams.push("s", times(2000)[part], seasonal(2000)[part].tolist())
    stored = streams.read("s", 0, 3000)
    assert stored.cursor == len(stored) == 2000
    by_time = np.argsort(stored.times)
    np.testing.assert_array_equal(stored.times[by_time], times(2000))
    np.testing.assert_array_equal(stored.values[by_time], seasonal(2000))
    np.testing.assert_array_equal(stored.late, stored.times < np.maximum.accumulate(stored.times))
    repeated = streams.push("s", times(2000), seasonal(2000).tolist())
    assert repair_counts(repeated) == {"already_there": 2000}
