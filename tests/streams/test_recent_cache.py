"""The cache of the newest points returns what the store has."""

import numpy as np
import pytest

from detectors import find_detector
from events.scored_points import unscored
from store import Stream
from streams import recent_cache
from streams.recent_cache import RecentCache
from streams.registry import NO_POINTS
from streams.stream_state import StreamState
from tests.streams.conftest import assert_same, times


@pytest.fixture(autouse=True)
def small(monkeypatch):
    monkeypatch.setattr(recent_cache, "CACHED_POINTS", 20)
    monkeypatch.setattr("streams.streams.CACHED_POINTS", 20)


def stored(streams, name, after, limit):
    return streams.store.read(streams.store.stream(name), after, limit)


def forbid_reads(monkeypatch, streams):
    def fail(*arguments):
        raise AssertionError("the store was read")

    monkeypatch.setattr(streams.store, "read", fail)
    monkeypatch.setattr(streams.store, "stream", fail)


def test_cached_points_are_those_of_the_store(streams):
    rng = np.random.default_rng(0)
    streams.put("s", "rolling_zscore")
    at = 0
    for size in rng.integers(1, 30, 60).tolist():
        streams.push("s", times(size, at), rng.normal(size=size).tolist())
        at += size
        for after in (at, at - 1, max(at - 15, 0), max(at - 40, 0)):
            for limit in (1, 7, 1000):
                assert_same(streams.read("s", after, limit), stored(streams, "s", after, limit))


def test_polling_reads_no_store(streams, monkeypatch):
    streams.put("s", "rolling_zscore")
    streams.push("s", times(100), [1.0] * 100)
    streams.read("s", 100)
    with monkeypatch.context() as patch:
        forbid_reads(patch, streams)
        assert len(streams.read("s", 100)) == 0
        assert len(streams.read("s", 90, 3)) == 3
    streams.push("s", times(3, 100), [1.0, 2.0, 3.0])
    forbid_reads(monkeypatch, streams)
    assert streams.read("s", 100).values.tolist() == [1.0, 2.0, 3.0]


def test_points_that_are_not_durable_are_not_read(streams, monkeypatch, caplog):
    streams.put("s", "rolling_zscore")
    streams.push("s", times(30), [1.0] * 30)
    streams.read("s", 30)

    def full(appends):
        raise OSError("No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(streams.store, "append", full)
        with pytest.raises(Exception, match="could not be written"):
            streams.push("s", times(5, 30), [1.0] * 5)
    assert streams.read("s", 30).cursor == 30


def test_points_beyond_the_capacity_are_not_read(streams):
    streams.put("s", "rolling_zscore", capacity=5)
    for k in range(30):
        streams.push("s", times(1, k), [float(k)])
        streams.read("s", k)
    assert streams.read("s", 12).values.tolist() == [25.0, 26.0, 27.0, 28.0, 29.0]


def test_a_recreated_stream_is_empty(streams):
    streams.put("s", "rolling_zscore")
    streams.push("s", times(30), [1.0] * 30)
    streams.read("s", 29)
    streams.delete("s")
    streams.put("s", "rolling_zscore")
    streams.push("s", times(2), [5.0, 6.0])
    assert streams.read("s", 29).values.tolist() == [5.0, 6.0]


def test_the_least_recently_read_stream_is_dropped(monkeypatch):
    monkeypatch.setattr(recent_cache, "MAX_STREAMS", 2)
    no_points = unscored(None, np.empty(0), 0)
    fallback = find_detector("robust_zscore").fit(NO_POINTS)
    states = [StreamState(Stream(k, name, "lstm", {}, 10), no_points, fallback) for k, name in enumerate("abc")]
    cache = RecentCache()
    for state in states[:2]:
        cache.put(state, no_points)
    cache.read(states[0], 0, 1)
    cache.put(states[2], no_points)
    assert cache.names() == ["a", "c"]


def test_a_stream_that_was_read_while_it_was_empty_has_times(streams):
    streams.put("s", "rolling_zscore")
    assert streams.read("s", 0).times is None  # not known before the first point
    streams.push("s", times(3), [1.0, 2.0, 3.0])
    streams.push("s", times(1, 3), [4.0])
    assert streams.read("s", 0).times.tolist() == times(4).astype("datetime64[ms]").tolist()
