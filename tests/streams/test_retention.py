"""Points are forgotten for their age, where a stream says so."""

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
    """Points and bytes of the rows of all streams' points."""
    with streams._store.database.read() as connection:
        found = connection.exec_driver_sql("SELECT points, length(data) FROM chunk ORDER BY last").all()
    return [tuple(row) for row in found]


def test_points_older_than_a_stream_keeps_them_are_forgotten_to_the_point(streams, clock):
    streams.put("s", "rolling_zscore", keep_days=1)
    streams.push("s", hours(100), np.arange(100.0).tolist())
    streams._aging.look()
    told, kept = streams.get("s"), streams.read("s", 0, 1000)
    assert (told.points, told.cursor, told.keep_days) == (25, 100, 1.0)
    assert kept.values.tolist() == np.arange(75.0, 100).tolist()
    assert rows(streams) == [(25, 25 * POINT.itemsize)]
    clock.ms += 10 * 60 * MINUTE
    streams._aging.look()
    assert streams.read("s", 0, 1000).values.tolist() == np.arange(85.0, 100).tolist()
    assert streams.read("s").values.tolist() == np.arange(85.0, 100).tolist()
    clock.ms += 2 * DAY_MS
    streams._aging.look()
    assert (streams.get("s").points, streams.get("s").cursor, len(streams.read("s")), rows(streams)) == (0, 100, 0, [])
    judged = streams.push("s", (ago(0) + np.timedelta64(clock.ms - NOW_MS, "ms")), [7.0])
    assert (judged.cursor, streams.read("s").values.tolist()) == (101, [7.0])


def test_a_stream_is_not_looked_at_more_often_than_a_hundred_times_in_what_it_keeps(streams, clock):
    streams.put("s", "rolling_zscore", keep_days=1)
    streams.push("s", hours(48), [1.0] * 48)
    streams._aging.look()
    clock.ms += DAY_MS // 100 - 1
    streams._aging.look()
    assert streams.get("s").points == 25
    clock.ms += 1
    streams._aging.look()
    assert streams.get("s").points == 24


def test_a_shorter_age_holds_at_once_and_none_again_brings_nothing_back(streams):
    streams.put("s", "rolling_zscore")
    streams.push("s", hours(48), [1.0] * 48)
    assert (streams.put("s").keep_days, streams.put("s").points) == (None, 48)
    assert streams.put("s", keep_days=0.5).points == 13
    assert (streams.put("s", capacity=50).keep_days, streams.put("s", keep_days=None).keep_days) == (0.5, None)
    streams._aging.look()
    assert streams.get("s").points == 13


def test_what_is_kept_and_what_is_forgotten_survive_a_restart(streams, open_streams):
    streams.put("s", "rolling_zscore", keep_days=1)
    streams.push("s", hours(48), seasonal(48).tolist())
    streams._aging.look()
    before = streams.read("s", 0)
    streams.stop()
    again = open_streams()
    told = again.get("s")
    assert (told.points, told.cursor, told.keep_days) == (25, 48, 1.0)
    assert_same(again.read("s", 0), before)


def test_rows_that_were_cut_are_not_merged_again_and_again(streams, monkeypatch):
    monkeypatch.setattr("streams.streams.PIECES", 4)
    streams.put("s", "rolling_zscore", keep_days=1)
    streams.push("s", hours(5000, 1), [1.0] * 5000)
    streams._aging.look()
    assert [points for points, _ in rows(streams)] == [24]
    for n in range(12):
        streams.push("s", ago(50 - n), [2.0])
    assert rows(streams)[0][0] == 24
    assert sum(points for points, _ in rows(streams)) == streams.get("s").points == 36
    assert len(rows(streams)) <= 5
    assert streams.read("s", 0).values.tolist() == [1.0] * 24 + [2.0] * 12


def test_late_points_that_are_too_old_are_told_and_not_kept(streams):
    streams.put("s", "rolling_zscore", keep_days=1)
    streams.push("s", ago(120, 0), [1.0, 2.0])
    judged = streams.push("s", ago(3000, 2000, 1430, 120, 60), [3.0, 4.0, 5.0, 9.0, 6.0])
    told = {repair.code: (repair.count, repair.lines) for repair in judged.repairs}
    assert told == {"already_there": (1, (3,)), "late_points": (2, (2, 4)), "beyond_age": (2, (0, 1))}
    assert streams.read("s", 0).values.tolist() == [1.0, 2.0, 5.0, 6.0]


def test_a_late_point_leaves_with_those_that_came_before_it(streams, clock):
    streams.put("s", "rolling_zscore", keep_days=1)
    streams.push("s", ago(0), [1.0])
    streams.push("s", ago(1000), [2.0])
    clock.ms += DAY_MS // 2
    streams._aging.look()
    assert streams.get("s").points == 2
    clock.ms += DAY_MS // 2 + 1
    streams._aging.look()
    assert streams.get("s").points == 0


def test_events_of_what_is_forgotten_are_not_told(streams):
    values = seasonal(300)
    values[[100, 290]] = 1e6
    streams.put("s", "robust_zscore")
    streams.push("s", hours(300), values.tolist())
    assert len(streams.events("s", Policy())[0]) == 2
    streams.put("s", keep_days=2)
    assert [each.start for each in streams.events("s", Policy())[0]] == [291]


def test_too_few_points_are_no_history_to_fit_on(streams):
    streams.put("s", "subspace", keep_days=1)
    streams.push("s", hours(300), seasonal(300).tolist())
    streams._aging.look()
    fit(streams, "s")
    streams.push("s", ago(-1), [5.0])
    assert streams.get("s").points == 26


def test_only_times_have_an_age(streams):
    streams.put("counted", "rolling_zscore")
    streams.push("counted", None, [1.0])
    for call in (
        lambda: streams.put("counted", keep_days=1),
        lambda: streams.put("demo", keep_days=1),
        lambda: streams.push("timed", None, [1.0]),
    ):
        streams.put("timed", "rolling_zscore", keep_days=1)
        with pytest.raises(BadInput):
            call()
    for days in (0, -1, 1e6, float("nan")):
        with pytest.raises(BadParameter, match="keep_days"):
            streams.put("timed", keep_days=days)
    assert streams.get("counted").keep_days is None


def test_it_is_looked_again_and_again_whatever_a_look_did(open_streams, clock, monkeypatch):
    limited, failed = RetentionStore.with_retention, []

    def once(*told):
        if not failed:
            failed.append(told)
            raise RuntimeError("a slip")
        return limited(*told)

    monkeypatch.setattr("streams.retention.EACH_SECONDS", 0.01)
    monkeypatch.setattr(RetentionStore, "with_retention", once)
    streams = open_streams()
    until(lambda: failed)
    streams.put("s", "rolling_zscore", keep_days=1)
    streams.push("s", hours(48), [1.0] * 48)
    clock.ms += DAY_MS // 100  # it may have been looked at just before the push
    until(lambda: streams.get("s").points == 24)


def test_an_old_name_is_no_other_stream(streams):
    streams.put("s", "rolling_zscore", keep_days=1)
    gone = streams._store.stream("s").id
    streams.delete("s")
    streams.put("s", "rolling_zscore")
    streams.push("s", hours(48), [1.0] * 48)
    streams._aging.forget(gone, "s", 0)
    assert streams.get("s").points == len(streams.read("s", 0)) == 48
