"""Points older than the retention of their stream are deleted."""

import numpy as np
import pytest

from errors import BadInput, BadParameter
from events.policy import Policy
from store import RetentionStore
from store.codec import POINT
from streams.stream_info import DAY_MS
from tests.streams.conftest import NOW_MS, assert_same, fit, seasonal
from tests.waiting import until

MINUTE = 60_000


def ago(*minutes):
    """Times so many minutes before the present."""
    return np.array([NOW_MS - round(each * MINUTE) for each in minutes]).astype("datetime64[ms]")


def hours(n, newest=0.0):
    """n times an hour apart, the last so many hours ago."""
    return ago(*(60 * (newest + np.arange(n)[::-1])))


def rows(streams):
    """(points, bytes) of all stored rows of points."""
    with streams.store.database.read() as connection:
        rows = connection.exec_driver_sql("SELECT points, length(data) FROM chunk ORDER BY last").all()
    return [tuple(row) for row in rows]


def test_points_older_than_the_retention_are_deleted_to_the_point(streams, clock):
    streams.put("s", "rolling_zscore", retention_days=1)
    streams.push("s", hours(100), np.arange(100.0).tolist())
    streams.tick()
    info = streams.get("s")
    assert (info.points, info.cursor, info.retention_days) == (25, 100, 1.0)
    assert streams.read("s", 0, 1000).values.tolist() == np.arange(75.0, 100).tolist()
    assert rows(streams) == [(25, 25 * POINT.itemsize)]
    clock.ms += 10 * 60 * MINUTE
    streams.tick()
    assert streams.read("s", 0, 1000).values.tolist() == np.arange(85.0, 100).tolist()
    assert streams.read("s").values.tolist() == np.arange(85.0, 100).tolist()
    clock.ms += 2 * DAY_MS
    streams.tick()
    assert (streams.get("s").points, streams.get("s").cursor, len(streams.read("s")), rows(streams)) == (0, 100, 0, [])
    scored = streams.push("s", (ago(0) + np.timedelta64(clock.ms - NOW_MS, "ms")), [7.0])
    assert (scored.cursor, streams.read("s").values.tolist()) == (101, [7.0])


def test_a_stream_is_checked_a_hundred_times_within_its_retention(streams, clock):
    streams.put("s", "rolling_zscore", retention_days=1)
    streams.push("s", hours(48), [1.0] * 48)
    streams.tick()
    clock.ms += DAY_MS // 100 - 1
    streams.tick()
    assert streams.get("s").points == 25
    clock.ms += 1
    streams.tick()
    assert streams.get("s").points == 24


def test_a_shorter_retention_applies_immediately_and_removing_it_restores_nothing(streams):
    streams.put("s", "rolling_zscore")
    streams.push("s", hours(48), [1.0] * 48)
    assert (streams.put("s").retention_days, streams.put("s").points) == (None, 48)
    assert streams.put("s", retention_days=0.5).points == 13
    assert (streams.put("s", capacity=50).retention_days, streams.put("s", retention_days=None).retention_days) == (
        0.5,
        None,
    )
    streams.tick()
    assert streams.get("s").points == 13


def test_retention_and_deleted_points_survive_a_restart(streams, open_streams):
    streams.put("s", "rolling_zscore", retention_days=1)
    streams.push("s", hours(48), seasonal(48).tolist())
    streams.tick()
    before = streams.read("s", 0)
    streams.stop()
    restarted = open_streams()
    info = restarted.get("s")
    assert (info.points, info.cursor, info.retention_days) == (25, 48, 1.0)
    assert_same(restarted.read("s", 0), before)


def test_rows_that_were_cut_are_not_merged_repeatedly(streams, monkeypatch):
    monkeypatch.setattr("streams.pipeline.CHUNKS_PER_MERGE", 4)
    streams.put("s", "rolling_zscore", retention_days=1)
    streams.push("s", hours(5000, 1), [1.0] * 5000)
    streams.tick()
    assert [points for points, _ in rows(streams)] == [24]
    for n in range(12):
        streams.push("s", ago(50 - n), [2.0])
    assert rows(streams)[0][0] == 24
    assert sum(points for points, _ in rows(streams)) == streams.get("s").points == 36
    assert len(rows(streams)) <= 5
    assert streams.read("s", 0).values.tolist() == [1.0] * 24 + [2.0] * 12


def test_late_points_older_than_the_retention_are_reported_and_not_stored(streams):
    streams.put("s", "rolling_zscore", retention_days=1)
    streams.push("s", ago(120, 0), [1.0, 2.0])
    scored = streams.push("s", ago(3000, 2000, 1430, 120, 60), [3.0, 4.0, 5.0, 9.0, 6.0])
    repairs = {repair.code: (repair.count, repair.lines) for repair in scored.repairs}
    assert repairs == {"already_there": (1, (3,)), "late_points": (2, (2, 4)), "beyond_age": (2, (0, 1))}
    assert streams.read("s", 0).values.tolist() == [1.0, 2.0, 5.0, 6.0]


def test_a_late_point_is_deleted_with_those_that_arrived_before_it(streams, clock):
    streams.put("s", "rolling_zscore", retention_days=1)
    streams.push("s", ago(0), [1.0])
    streams.push("s", ago(1000), [2.0])
    clock.ms += DAY_MS // 2
    streams.tick()
    assert streams.get("s").points == 2
    clock.ms += DAY_MS // 2 + 1
    streams.tick()
    assert streams.get("s").points == 0


def test_events_of_deleted_points_are_not_listed(streams):
    values = seasonal(300)
    values[[100, 290]] = 1e6
    streams.put("s", "robust_zscore")
    streams.push("s", hours(300), values.tolist())
    assert len(streams.events("s", Policy())[0]) == 2
    streams.put("s", retention_days=2)
    assert [each.start for each in streams.events("s", Policy())[0]] == [291]


def test_a_detector_is_not_fitted_on_too_few_points(streams):
    streams.put("s", "subspace", retention_days=1)
    streams.push("s", hours(300), seasonal(300).tolist())
    streams.tick()
    fit(streams, "s")
    streams.push("s", ago(-1), [5.0])
    assert streams.get("s").points == 26


def test_retention_needs_times(streams):
    streams.put("counted", "rolling_zscore")
    streams.push("counted", None, [1.0])
    for call in (
        lambda: streams.put("counted", retention_days=1),
        lambda: streams.put("demo", retention_days=1),
        lambda: streams.push("timed", None, [1.0]),
    ):
        streams.put("timed", "rolling_zscore", retention_days=1)
        with pytest.raises(BadInput):
            call()
    for days in (0, -1, 1e6, float("nan")):
        with pytest.raises(BadParameter, match="retention_days"):
            streams.put("timed", retention_days=days)
    assert streams.get("counted").retention_days is None


def test_the_thread_ticks_and_outlives_a_failure(open_streams, clock, monkeypatch):
    limited = RetentionStore.with_retention
    failed = []

    def failing_once(self):
        if not failed:
            failed.append(True)
            raise RuntimeError("a defect")
        return limited(self)

    monkeypatch.setattr("streams.retention.CHECK_SECONDS", 0.01)
    monkeypatch.setattr(RetentionStore, "with_retention", failing_once)
    streams = open_streams(periodic=True)
    until(lambda: failed)
    streams.put("s", "rolling_zscore", retention_days=1)
    streams.push("s", hours(48), [1.0] * 48)
    clock.ms += DAY_MS // 100  # it may have been checked just before the push
    until(lambda: streams.get("s").points == 24)


def test_a_new_stream_of_the_same_name_has_no_retention(streams, monkeypatch):
    streams.put("s", "rolling_zscore", retention_days=1)
    limited = RetentionStore(streams.store.database).with_retention()
    streams.delete("s")
    streams.put("s", "rolling_zscore")
    streams.push("s", hours(48), [1.0] * 48)
    monkeypatch.setattr(RetentionStore, "with_retention", lambda _: limited)  # as read before the deletion
    streams.tick()
    assert streams.get("s").points == len(streams.read("s", 0)) == 48
