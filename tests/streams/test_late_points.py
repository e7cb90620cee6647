"""Late points: kept in the order of arrival, judged in their place in time, and no verdict given before changes."""

import numpy as np
import pytest

from detectors import find_detector
from events.policy import Policy, replay
from streams.registry import NO_POINTS
from tests.streams.conftest import assert_same, fit, repair_counts, seasonal, stored_fit, times
from timeseries import Series

SPIKE = 500.0


@pytest.fixture
def pushed(streams):
    """A stream that has every point of 0 to 99 but 30, 31, 32 and 60."""
    streams.put("s", "rolling_zscore", {"window": 20})
    keep = np.setdiff1d(np.arange(100), [30, 31, 32, 60])
    return streams, streams.push("s", times(100)[keep], seasonal(100)[keep].tolist())


def push(streams, positions, values=None):
    sent = seasonal(200)[positions] if values is None else np.asarray(values, float)
    return streams.push("s", times(200)[positions], sent.tolist())


def test_they_are_kept_with_the_next_cursor_and_told(pushed):
    streams, before = pushed
    late = push(streams, [31, 60, 98])
    assert repair_counts(late) == {"late_points": 2, "already_there": 1}
    assert (late.cursor, late.late.tolist()) == (98, [True, True, False])
    assert_same(late.part(2, 3), before.part(94, 95))
    kept = streams.read("s", 0)
    assert_same(kept.part(0, 96), before)
    assert_same(kept.part(96, 98), late.part(0, 2))
    assert streams.read("s", 96).times.tolist() == times(100)[[31, 60]].tolist()
    assert not kept.late[:96].any()


def test_they_are_judged_as_if_they_had_come_in_time(pushed):
    streams, _ = pushed
    push(streams, [31])
    late = push(streams, [30, 32, 60], [5.0, SPIKE, 5.5])
    detector = find_detector("rolling_zscore").fit(NO_POINTS, window=20)
    values = seasonal(100)
    values[[30, 32, 60]] = [5.0, SPIKE, 5.5]
    whole = detector.detect(Series(times(100), values))
    np.testing.assert_array_equal(late.score, whole.score[[30, 32, 60]])
    np.testing.assert_array_equal(late.is_anomaly, [False, True, False])
    assert set(late.judged_by) == {"rolling_zscore"}


def test_later_points_are_judged_with_them_in_their_place(open_streams):
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


def test_they_come_with_new_ones_in_one_push(pushed):
    streams, _ = pushed
    both = push(streams, [60, 100, 101])
    assert (both.cursor, both.late.tolist(), repair_counts(both)) == (99, [True, False, False], {"late_points": 1})
    assert_same(both, streams.read("s", 96))


def test_one_that_is_sent_again_is_there_already(pushed):
    streams, _ = pushed
    first = push(streams, [30, 60])
    again = push(streams, [30, 60], [1.0, 2.0])
    assert repair_counts(again) == {"already_there": 2}
    assert_same(again, first)
    assert again.late.all()
    assert again.cursor == 98


def test_they_neither_open_nor_close_an_event(pushed):
    streams, _ = pushed
    push(streams, [100], [SPIKE])
    assert streams.get("s").state == "anomalous"
    push(streams, [30, 31, 32, 60], [5.0, 5.0, 5.0, SPIKE])
    assert streams.get("s").state == "anomalous"
    kept = streams.read("s", 96)
    assert kept.is_anomaly.tolist() == [True, False, False, False, True]
    assert [notice.at for notice in replay(Policy(recovery_points=2), kept)] == [97]
    push(streams, [101, 102, 103, 104], [5.0, 5.0, 5.0, 5.0])
    assert streams.get("s").state == "normal"


def test_a_fit_learns_from_them_in_the_order_of_time(streams):
    values = seasonal(400)
    for name in ("in time", "late"):
        streams.put(name, "seasonal_naive")
    streams.push("in time", times(400), values.tolist())
    streams.push("late", times(200, 200), values[200:].tolist())
    streams.push("late", times(200), values[:200].tolist())
    for name in ("in time", "late"):
        fit(streams, name)
    states = [stored_fit(streams, name).state for name in ("in time", "late")]
    assert states[0]["threshold"] == pytest.approx(states[1]["threshold"], rel=0.3)  # the verdicts left out may differ
    assert states[0]["period"] == states[1]["period"] == 48


def test_history_may_come_after_the_first_live_points(streams):
    streams.put("s", "rolling_zscore", capacity=100)
    push(streams, [150, 151])
    history = push(streams, np.arange(140))
    assert repair_counts(history) == {"late_points": 98, "beyond_capacity": 42}
    assert not history.late[:42].any()
    assert history.judged_by[41] is None
    assert streams.get("s").points == 100
    kept = streams.read("s", 0)
    assert sorted(kept.times) == list(times(200)[[*range(42, 140), 150, 151]])


def test_what_was_forgotten_and_is_sent_again_pushes_nothing_out(streams):
    streams.put("s", "rolling_zscore", capacity=100)
    for first in range(0, 1000, 50):
        streams.push("s", times(50, first), seasonal(1000)[first : first + 50].tolist())
    before = streams.read("s", 0)
    again = streams.push("s", times(1000), seasonal(1000).tolist())
    assert repair_counts(again) == {"beyond_capacity": 900, "already_there": 100}
    assert_same(streams.read("s", 0), before)


def test_points_without_times_are_never_late(streams):
    streams.put("s", "rolling_zscore")
    for _ in range(3):
        judged = streams.push("s", None, [1.0, 2.0])
    assert (judged.cursor, judged.late.tolist(), judged.repairs) == (6, [False, False], ())


def test_a_shuffled_history_is_kept_whole_whatever_the_batches(streams):
    streams.put("s", "rolling_zscore", {"window": 20})
    rng = np.random.default_rng(0)
    order = rng.permutation(2000)
    at = 0
    while at < len(order):
        part = np.sort(order[at : (at := at + int(rng.integers(1, 40)))])
        streams.push("s", times(2000)[part], seasonal(2000)[part].tolist())
    kept = streams.read("s", 0, 3000)
    assert kept.cursor == len(kept) == 2000
    by_time = np.argsort(kept.times)
    np.testing.assert_array_equal(kept.times[by_time], times(2000))
    np.testing.assert_array_equal(kept.values[by_time], seasonal(2000))
    np.testing.assert_array_equal(kept.late, kept.times < np.maximum.accumulate(kept.times))
    again = streams.push("s", times(2000), seasonal(2000).tolist())
    assert repair_counts(again) == {"already_there": 2000}
