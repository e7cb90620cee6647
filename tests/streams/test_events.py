"""The events of a stream: listed, returned when they change; a repeated request reads only new points."""

import numpy as np
import pytest

from events.policy import Policy, replay
from streams import changed_since
from streams.events import EventLog
from tests.streams.conftest import NOW_MS, fit, seasonal, times

MINUTE = 60_000


@pytest.fixture
def pushed(streams):
    """A stream of 40 points, a minute apart."""
    streams.put("s", "robust_zscore")
    push(streams, 40)
    return streams


def push(streams, n, faults=()):
    """Pushes n more points, of which those at `faults` (cursors) are outliers."""
    first = streams.get("s").cursor
    values = seasonal(first + n)
    values[[at - 1 for at in faults]] += 100
    streams.push("s", times(n, first), values[first:].tolist())


def test_an_event_is_listed_while_it_is_open_and_when_it_is_over(pushed):
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


def test_events_are_newest_first_and_follow_the_policy(pushed):
    push(pushed, 60, [50, 70, 71, 72, 90])
    assert [event.start for event in pushed.events("s", Policy())[0]] == [90, 70, 50]
    assert [event.start for event in pushed.events("s", Policy(min_points=2))[0]] == [70]
    assert pushed.events("s", Policy(direction="below"))[0] == []
    assert len(pushed.events("s", Policy(cool_down=1000))[0]) == 3  # a cool-down suppresses messages, not events


def test_a_repeated_request_reads_only_new_points(pushed, monkeypatch):
    push(pushed, 60, [50])
    pushed.events("s", Policy())
    lengths = []
    extend = EventLog.extend
    monkeypatch.setattr(EventLog, "extend", lambda log, points: lengths.append(len(points)) or extend(log, points))
    pushed.events("s", Policy())
    assert lengths == []
    push(pushed, 7, [103])
    assert len(pushed.events("s", Policy())[0]) == 2
    assert lengths == [7]


def test_the_events_are_those_of_a_replay_whatever_was_requested_in_between(pushed, monkeypatch):
    monkeypatch.setattr("streams.events.READ_POINTS", 17)
    rng = np.random.default_rng(3)
    for _ in range(20):
        n = int(rng.integers(1, 40))
        first = pushed.get("s").cursor
        push(pushed, n, [at for at in range(first + 1, first + n + 1) if rng.random() < 0.1])
        if rng.random() < 0.5:
            pushed.events("s", Policy())
    closed = [event for event in pushed.events("s", Policy())[0] if not event.open]
    notices = replay(Policy(), pushed.read("s", 0, 10_000))
    over = [notice.event for notice in notices if notice.status == "resolved"]
    assert len(over) > 5
    assert [(e.start, e.stop - 1, e.peak) for e in closed[::-1]] == [(e.start, e.stop - 1, e.peak) for e in over]


def test_a_silence_is_listed_as_changed_without_a_point(pushed, clock):
    _, before = pushed.events("s", Policy())
    clock.ms += 6 * MINUTE
    pushed.tick()
    events, seen = pushed.events("s", Policy())
    [event] = changed_since(events, before)
    assert (event.kind, event.open, event.start, event.stop_time) == ("silence", True, 40, None)
    assert event.start_time == times(40)[-1].astype(int)
    clock.ms += MINUTE
    push(pushed, 1)
    pushed.tick()
    [event] = changed_since(pushed.events("s", Policy())[0], seen)
    assert (event.open, event.stop_time) == (False, NOW_MS + 7 * MINUTE)
    assert event.explanation.endswith("It lasted 7 minutes.")
    assert event.seconds == 7 * 60


def test_a_recreated_stream_has_no_events(pushed):
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
