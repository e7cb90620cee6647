"""Silences begin and end once, whatever happens between: restarts, crashes, deletion; they are found cheaply."""

import pytest

from store import Silences
from tests.streams.conftest import seasonal, times
from tests.waiting import until

MINUTE = 60_000


@pytest.fixture
def by_hand(monkeypatch):
    """Nobody looks but the test."""
    monkeypatch.setattr("streams.silence_monitor.EACH_SECONDS", 1e6)


@pytest.fixture
def pushed(by_hand, streams):
    """A stream of 40 points, a minute apart: it may be quiet for some five minutes."""
    streams.put("s", "rolling_zscore")
    streams.push("s", times(40), seasonal(40).tolist())
    return streams


def silences(streams, name="s"):
    store = streams._store
    return [(each.number, each.cursor, each.stop) for each in Silences(store.database).of(store.stream(name).id)]


def look(streams):
    streams._quiet.look()


def test_a_silence_begins_once_and_ends_with_the_next_point(pushed, clock):
    came = clock.ms
    clock.ms += 5 * MINUTE
    look(pushed)
    assert (silences(pushed), pushed.get("s").state) == ([], "normal")
    clock.ms += MINUTE
    assert pushed.get("s").state == "silent"
    for _ in range(3):
        look(pushed)
    assert silences(pushed) == [(1, 40, None)]
    [kept] = Silences(pushed._store.database).of(1 + 1)
    assert (kept.last_arrival, kept.noticed, kept.last_time) == (came, clock.ms, times(40)[-1].astype(int))
    pushed.push("s", times(1, first=40), [5.0])
    assert pushed.get("s").state == "normal"
    look(pushed)
    assert silences(pushed) == [(1, 40, clock.ms)]
    clock.ms += 6 * MINUTE
    look(pushed)
    assert silences(pushed) == [(2, 41, None), (1, 40, clock.ms - 6 * MINUTE)]


def test_a_silence_lasts_over_a_restart_and_ends_after_it(pushed, open_streams, clock):
    clock.ms += 6 * MINUTE
    look(pushed)
    pushed.stop()
    again = open_streams()
    assert again.get("s").state == "silent"
    look(again)
    assert silences(again) == [(1, 40, None)]
    again.push("s", times(1, first=40), [5.0])
    look(again)
    assert silences(again) == [(1, 40, clock.ms)]


def test_an_end_that_a_crash_kept_from_the_store_is_made_up_for(pushed, open_streams, clock):
    clock.ms += 6 * MINUTE
    look(pushed)
    pushed.push("s", times(1, first=40), [5.0])  # and no look after it
    came = clock.ms
    pushed.stop()
    clock.ms += 2 * MINUTE
    again = open_streams()
    look(again)
    assert silences(again) == [(1, 40, came)]
    assert again.get("s").state == "normal"


def test_the_time_in_which_the_service_was_away_is_no_silence(pushed, open_streams, clock):
    pushed.stop()
    clock.ms += 24 * 60 * MINUTE
    again = open_streams()
    look(again)
    clock.ms += 4 * MINUTE
    look(again)
    assert (silences(again), again.get("s").state) == ([], "normal")
    clock.ms += 2 * MINUTE
    look(again)  # nobody asked for the stream: those that stay away are looked for by themselves
    assert silences(again) == [(1, 40, None)]


def test_a_rhythm_of_arrivals_is_known_after_a_restart(by_hand, streams, open_streams, clock):
    streams.put("s", "rolling_zscore")
    for _ in range(30):
        clock.ms += MINUTE
        streams.push("s", None, [1.0])
    streams.stop()
    clock.ms += 60 * MINUTE
    again = open_streams()
    again.push("s", None, [1.0])
    clock.ms += 5 * MINUTE
    look(again)
    assert silences(again) == []
    clock.ms += 2 * MINUTE
    look(again)
    assert silences(again) == [(1, 31, None)]


def test_a_point_between_the_look_and_its_writing_ends_the_silence(pushed, clock, monkeypatch):
    clock.ms += 6 * MINUTE
    begin = Silences.begin

    def slow(self, found):
        pushed.push("s", times(1, first=40), [5.0])
        return begin(self, found)

    monkeypatch.setattr(Silences, "begin", slow)
    look(pushed)
    assert pushed.get("s").state == "normal"
    look(pushed)
    assert silences(pushed) == [(1, 40, clock.ms)]


def test_a_deleted_stream_is_silent_no_longer(pushed, clock):
    clock.ms += 6 * MINUTE
    look(pushed)
    pushed.delete("s")
    pushed.put("s", "rolling_zscore")
    look(pushed)
    assert pushed.get("s").state == "warming_up"
    assert silences(pushed) == []


def test_streams_without_a_rhythm_and_the_demo_are_never_silent(by_hand, streams, clock):
    streams.put("few")
    streams.push("few", times(5), [1.0] * 5)
    streams.put("none")
    clock.ms += 10**9
    look(streams)
    assert Silences(streams._store.database).open() == {}


def test_a_look_asks_the_store_nothing_of_streams_in_their_rhythm(pushed, monkeypatch):
    look(pushed)
    asked = []
    with monkeypatch.context() as patched:
        for way in ("read", "write"):
            patched.setattr(type(pushed._store.database), way, lambda *_: asked.append(1))
        look(pushed)
    assert asked == []


def test_the_thread_looks_by_itself_and_outlives_a_failure(streams, clock, monkeypatch, caplog):
    monkeypatch.setattr("streams.silence_monitor.EACH_SECONDS", 0.01)
    streams.put("s", "rolling_zscore")
    streams.push("s", times(40), seasonal(40).tolist())
    clock.ms += 6 * MINUTE
    begin, failures = Silences.begin, [1]

    def failing(self, found):
        if failures:
            raise OSError(f"disk full {failures.pop()}")
        return begin(self, found)

    monkeypatch.setattr(Silences, "begin", failing)
    until(lambda: silences(streams))
    assert silences(streams) == [(1, 40, None)]
    assert caplog.text.count("OSError: disk full") == 1
