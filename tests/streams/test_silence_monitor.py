"""Silences begin and end once, whatever happens in between: restarts, crashes, deletion; checks read nothing."""

import pytest

from store import Silences
from tests.streams.conftest import seasonal, times
from tests.waiting import until

MINUTE = 60_000


@pytest.fixture
def pushed(streams):
    """A stream of 40 points, a minute apart: it is silent after some five minutes without one."""
    streams.put("s", "rolling_zscore")
    streams.push("s", times(40), seasonal(40).tolist())
    return streams


def silences(streams, name="s"):
    """(number, cursor, stop) of the stored silences of a stream, the newest first."""
    store = streams.store
    return [(each.number, each.cursor, each.stop) for each in Silences(store.database).of(store.stream(name).id)]


def test_a_silence_begins_one_time_and_ends_with_the_next_point(pushed, clock):
    last_arrival = clock.ms
    clock.ms += 5 * MINUTE
    pushed.tick()
    assert (silences(pushed), pushed.get("s").state) == ([], "normal")
    clock.ms += MINUTE
    assert pushed.get("s").state == "silent"
    for _ in range(3):
        pushed.tick()
    assert silences(pushed) == [(1, 40, None)]
    [stored] = Silences(pushed.store.database).of(1 + 1)
    assert (stored.last_arrival, stored.noticed, stored.last_time) == (
        last_arrival,
        clock.ms,
        times(40)[-1].astype(int),
    )
    pushed.push("s", times(1, first=40), [5.0])
    assert pushed.get("s").state == "normal"
    pushed.tick()
    assert silences(pushed) == [(1, 40, clock.ms)]
    clock.ms += 6 * MINUTE
    pushed.tick()
    assert silences(pushed) == [(2, 41, None), (1, 40, clock.ms - 6 * MINUTE)]


def test_the_time_of_a_tick_can_be_passed(pushed, clock):
    pushed.tick((clock.ms + 6 * MINUTE) / 1000)
    assert silences(pushed) == [(1, 40, None)]


def test_a_silence_stays_open_over_a_restart_and_ends_after_it(pushed, open_streams, clock):
    clock.ms += 6 * MINUTE
    pushed.tick()
    pushed.stop()
    restarted = open_streams()
    assert restarted.get("s").state == "silent"
    restarted.tick()
    assert silences(restarted) == [(1, 40, None)]
    restarted.push("s", times(1, first=40), [5.0])
    restarted.tick()
    assert silences(restarted) == [(1, 40, clock.ms)]


def test_an_end_that_was_not_stored_before_a_crash_is_stored_after_it(pushed, open_streams, clock):
    clock.ms += 6 * MINUTE
    pushed.tick()
    pushed.push("s", times(1, first=40), [5.0])  # and no tick after it
    arrival = clock.ms
    pushed.stop()
    clock.ms += 2 * MINUTE
    restarted = open_streams()
    restarted.tick()
    assert silences(restarted) == [(1, 40, arrival)]
    assert restarted.get("s").state == "normal"


def test_the_downtime_of_the_service_is_not_a_silence(pushed, open_streams, clock):
    pushed.stop()
    clock.ms += 24 * 60 * MINUTE
    restarted = open_streams()
    restarted.tick()
    clock.ms += 4 * MINUTE
    restarted.tick()
    assert (silences(restarted), restarted.get("s").state) == ([], "normal")
    clock.ms += 2 * MINUTE
    restarted.tick()  # loads streams that no request has named
    assert silences(restarted) == [(1, 40, None)]


def test_arrival_intervals_are_known_after_a_restart(streams, open_streams, clock):
    streams.put("s", "rolling_zscore")
    for _ in range(30):
        clock.ms += MINUTE
        streams.push("s", None, [1.0])
    streams.stop()
    clock.ms += 60 * MINUTE
    restarted = open_streams()
    restarted.push("s", None, [1.0])
    clock.ms += 5 * MINUTE
    restarted.tick()
    assert silences(restarted) == []
    clock.ms += 2 * MINUTE
    restarted.tick()
    assert silences(restarted) == [(1, 31, None)]


def test_a_point_that_arrives_while_a_silence_is_stored_ends_it(pushed, clock, monkeypatch):
    clock.ms += 6 * MINUTE
    begin = Silences.begin

    def begin_after_push(self, silences):
        pushed.push("s", times(1, first=40), [5.0])
        return begin(self, silences)

    monkeypatch.setattr(Silences, "begin", begin_after_push)
    pushed.tick()
    assert pushed.get("s").state == "normal"
    pushed.tick()
    assert silences(pushed) == [(1, 40, clock.ms)]


def test_a_deleted_stream_is_not_silent(pushed, clock):
    clock.ms += 6 * MINUTE
    pushed.tick()
    pushed.delete("s")
    pushed.put("s", "rolling_zscore")
    pushed.tick()
    assert pushed.get("s").state == "warming_up"
    assert silences(pushed) == []


def test_short_streams_and_the_demo_are_never_silent(streams, clock):
    streams.put("few")
    streams.push("few", times(5), [1.0] * 5)
    streams.put("none")
    clock.ms += 10**9
    streams.tick()
    assert Silences(streams.store.database).open() == {}


def test_a_check_of_streams_within_their_limits_reads_nothing(pushed, monkeypatch):
    pushed.tick()
    accesses = []
    monkeypatch.setattr("streams.retention.Retention.check", lambda *_: None)
    with monkeypatch.context() as patched:
        for access in ("read", "write"):
            patched.setattr(type(pushed.store.database), access, lambda *_: accesses.append(1))
        pushed.tick()
    assert accesses == []


def test_the_thread_ticks_and_outlives_a_failure(open_streams, clock, monkeypatch, caplog):
    monkeypatch.setattr("streams.silence_monitor.CHECK_SECONDS", 0.01)
    streams = open_streams(periodic=True)
    streams.put("s", "rolling_zscore")
    streams.push("s", times(40), seasonal(40).tolist())
    begin = Silences.begin
    failures = [1]

    def failing_once(self, silences):
        if failures:
            raise OSError(f"disk full {failures.pop()}")
        return begin(self, silences)

    monkeypatch.setattr(Silences, "begin", failing_once)
    clock.ms += 6 * MINUTE
    until(lambda: silences(streams))
    assert silences(streams) == [(1, 40, None)]
    assert caplog.text.count("OSError: disk full") == 1
