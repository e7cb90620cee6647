"""The newest points are held in memory for pages that ask again: never others than those the store has."""

import numpy as np
import pytest

from streams import recent_cache
from tests.streams.conftest import assert_same, times


@pytest.fixture(autouse=True)
def small(monkeypatch):
    monkeypatch.setattr(recent_cache, "KEPT", 20)
    monkeypatch.setattr("streams.streams.KEPT", 20)


def stored(streams, name, after, limit):
    return streams._store.read(streams._store.stream(name), after, limit)


def forbid(monkeypatch, streams):
    def unread(*arguments):
        raise AssertionError("the store was read")

    monkeypatch.setattr(streams._store, "read", unread)
    monkeypatch.setattr(streams._store, "stream", unread)


def test_what_is_held_is_what_the_store_has(streams):
    rng = np.random.default_rng(0)
    streams.put("s", "rolling_zscore")
    at = 0
    for size in rng.integers(1, 30, 60).tolist():
        streams.push("s", times(size, at), rng.normal(size=size).tolist())
        at += size
        for after in (at, at - 1, max(at - 15, 0), max(at - 40, 0)):
            for limit in (1, 7, 1000):
                assert_same(streams.read("s", after, limit), stored(streams, "s", after, limit))


def test_a_page_that_asks_again_reads_no_store(streams, monkeypatch):
    streams.put("s", "rolling_zscore")
    streams.push("s", times(100), [1.0] * 100)
    streams.read("s", 100)
    with monkeypatch.context() as patch:
        forbid(patch, streams)
        assert len(streams.read("s", 100)) == 0
        assert len(streams.read("s", 90, 3)) == 3
    streams.push("s", times(3, 100), [1.0, 2.0, 3.0])
    forbid(monkeypatch, streams)
    assert streams.read("s", 100).values.tolist() == [1.0, 2.0, 3.0]


def test_points_that_are_not_durable_are_not_told(streams, monkeypatch, caplog):
    streams.put("s", "rolling_zscore")
    streams.push("s", times(30), [1.0] * 30)
    streams.read("s", 30)

    def full(appends):
        raise OSError("No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(streams._store, "append", full)
        with pytest.raises(Exception, match="could not be written"):
            streams.push("s", times(5, 30), [1.0] * 5)
    assert streams.read("s", 30).cursor == 30


def test_forgotten_points_are_not_told(streams):
    streams.put("s", "rolling_zscore", capacity=5)
    for k in range(30):
        streams.push("s", times(1, k), [float(k)])
        streams.read("s", k)
    assert streams.read("s", 12).values.tolist() == [25.0, 26.0, 27.0, 28.0, 29.0]


def test_a_stream_made_again_starts_anew(streams):
    streams.put("s", "rolling_zscore")
    streams.push("s", times(30), [1.0] * 30)
    streams.read("s", 29)
    streams.delete("s")
    streams.put("s", "rolling_zscore")
    streams.push("s", times(2), [5.0, 6.0])
    assert streams.read("s", 29).values.tolist() == [5.0, 6.0]


def test_few_streams_are_held(streams, monkeypatch):
    monkeypatch.setattr(recent_cache, "MOST", 2)
    for name in ("a", "b", "c"):
        streams.put(name, "rolling_zscore")
        streams.push(name, times(3), [1.0, 2.0, 3.0])
        streams.read(name, 3)
    assert [live.stream.name for live in streams._recent._held] == ["b", "c"]


def test_a_stream_that_was_looked_at_while_it_was_empty_has_times(streams):
    streams.put("s", "rolling_zscore")
    assert streams.read("s", 0).times is None  # nobody knows yet whether its points will have any
    streams.push("s", times(3), [1.0, 2.0, 3.0])
    streams.push("s", times(1, 3), [4.0])
    assert streams.read("s", 0).times.tolist() == times(4).astype("datetime64[ms]").tolist()
