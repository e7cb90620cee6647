"""What happened in a stream is listed, and heard of again when it changes; asked again, only what is new is read."""

import numpy as np
import pytest

from events.policy import Policy, replay
from streams import changed_since
from tests.streams.conftest import NOW_MS, fit, seasonal, times

MINUTE = 60_000


@pytest.fixture
def pushed(streams, monkeypatch):
    """A stream of 40 points, a minute apart; nobody looks for silences but the test."""
    monkeypatch.setattr("streams.silence_monitor.EACH_SECONDS", 1e6)
    streams.put("s", "robust_zscore")
    push(streams, 40)
    return streams


def push(streams, n, faults=()):
    """n more points, of which those at `faults` (cursors) are far off."""
    first = streams.get("s").cursor
    values = seasonal(first + n)
    values[[at - 1 for at in faults]] += 100
    streams.push("s", times(n, first), values[first:].tolist())


def test_an_event_is_listed_while_it_lasts_and_when_it_is_over(pushed):
    assert pushed.events("s", Policy())[0] == []
    push(pushed, 3, [42, 43])
    [event], seen = pushed.events("s", Policy())
    assert (event.id, event.kind, event.open, event.start, event.stop, event.anomalies) == (
        *("anomaly-42", "anomaly", True, 42, 44),
        2,
    )
    assert event.start_time == times(1, 41)[0].astype(int)
    assert event.stop_time == times(1, 42)[0].astype(int)
    assert event.peak in (42, 43)
    assert (event.direction, event.severity > 1) == ("above", True)
    assert "above the expected" in event.explanation
    assert changed_since([event], seen) == []
    push(pushed, 5)
    [event], later = pushed.events("s", Policy())
    assert (event.id, event.open) == ("anomaly-42", False)
    assert changed_since([event], seen) == [event]
    assert changed_since([event], later) == []


def test_the_newest_comes_first_and_the_policy_decides(pushed):
    push(pushed, 60, [50, 70, 71, 72, 90])
    assert [event.start for event in pushed.events("s", Policy())[0]] == [90, 70, 50]
    assert [event.start for event in pushed.events("s", Policy(min_points=2))[0]] == [70]
    assert pushed.events("s", Policy(direction="below"))[0] == []
    assert len(pushed.events("s", Policy(cool_down=1000))[0]) == 3  # a cool-down keeps back messages, not events


def test_asked_again_only_what_is_new_is_read(pushed, monkeypatch):
    push(pushed, 60, [50])
    pushed.events("s", Policy())
    asked, read = [], pushed._events._read
    monkeypatch.setattr(pushed._events, "_read", lambda *facts: asked.append(facts) or read(*facts))
    pushed.events("s", Policy())
    assert asked == []
    push(pushed, 7, [103])
    assert len(pushed.events("s", Policy())[0]) == 2
    assert asked == [("s", 100, 7)]


def test_whatever_was_asked_between_the_events_are_those_of_a_replay(pushed, monkeypatch):
    monkeypatch.setattr("streams.events.AT_ONCE", 17)
    rng = np.random.default_rng(3)
    for _ in range(20):
        n = int(rng.integers(1, 40))
        first = pushed.get("s").cursor
        push(pushed, n, [at for at in range(first + 1, first + n + 1) if rng.random() < 0.1])
        if rng.random() < 0.5:
            pushed.events("s", Policy())
    found = [event for event in pushed.events("s", Policy())[0] if not event.open]
    notices = replay(Policy(), pushed.read("s", 0, 10_000))
    over = [notice.event for notice in notices if notice.status == "resolved"]
    assert len(over) > 5
    assert [(e.start, e.stop - 1, e.peak) for e in found[::-1]] == [(e.start, e.last, e.peak) for e in over]


def test_a_silence_is_listed_and_heard_of_though_no_point_came(pushed, clock):
    _, before = pushed.events("s", Policy())
    clock.ms += 6 * MINUTE
    pushed._quiet.look()
    found, seen = pushed.events("s", Policy())
    [event] = changed_since(found, before)
    assert (event.kind, event.open, event.start, event.stop_time) == ("silent", True, 40, None)
    assert event.start_time == times(40)[-1].astype(int)
    clock.ms += MINUTE
    push(pushed, 1)
    pushed._quiet.look()
    [event] = changed_since(pushed.events("s", Policy())[0], seen)
    assert (event.open, event.stop_time) == (False, NOW_MS + 7 * MINUTE)
    assert event.explanation.endswith("It lasted 7 minutes.")
    assert event.seconds == 7 * 60


def test_a_stream_that_was_made_again_has_no_events(pushed):
    push(pushed, 60, [50])
    assert len(pushed.events("s", Policy())[0]) == 1
    pushed.delete("s")
    pushed.put("s", "robust_zscore")
    push(pushed, 120)
    assert pushed.events("s", Policy())[0] == []


def test_the_demo_stream_has_events(streams, clock):
    fit(streams, "demo")
    first, _ = streams.events("demo", Policy())
    clock.ms += 60_000
    second, seen = streams.events("demo", Policy())
    assert first
    assert {event.id for event in first} <= {event.id for event in second}
    assert seen.cursor == clock.ms // 100
