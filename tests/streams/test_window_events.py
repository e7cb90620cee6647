"""The events of a window equal those of the complete stream."""

import numpy as np
import pytest

from anomaly_detection import DEFAULT_MERGE_GAP
from events.scored_points import concatenate
from streams.window_events import window_events
from tests.streams.conftest import fit, seasonal, times
from timeseries.intervals import runs

FAULTS = (50, 52, 70, 71, 72, 76, 90, 100)


@pytest.fixture
def pushed(streams):
    """A stream of 100 points, a minute apart, of which those at FAULTS (cursors) are outliers."""
    streams.put("s", "robust_zscore")
    values = seasonal(100)
    values[[at - 1 for at in FAULTS]] += 100 * 2.0 ** np.arange(len(FAULTS))
    streams.push("s", times(100), values.tolist())
    assert np.flatnonzero(streams.read("s", 0).is_anomaly).tolist() == [at - 1 for at in FAULTS]
    return streams


def spans(events):
    return [(event.start, event.stop) for event in events]


def test_the_events_are_the_runs_of_anomalies(pushed):
    points, events = pushed.read_with_events("s", 0, 1000)
    assert spans(events) == [(50, 53), (70, 77), (90, 91), (100, 101)]
    assert [(start - 1, stop - 1) for start, stop in spans(events)] == runs(points.is_anomaly, DEFAULT_MERGE_GAP)
    assert [event.anomalies for event in events] == [2, 4, 1, 1]
    assert [event.open for event in events] == [False, False, False, True]
    first = events[0]
    assert first.peak == 50 + int(np.argmax(points.score[49:52]))
    assert (first.start_time, first.stop_time) == (times(1, 49)[0].astype(int), times(1, 51)[0].astype(int))
    assert first.value == points.values[first.peak - 1]
    assert first.explanation.endswith("lasts 3 points.")


def test_every_window_has_the_complete_events_that_its_points_belong_to(pushed):
    _, every = pushed.read_with_events("s", 0, 1000)
    for after in range(0, 100, 7):
        for limit in (1, 3, 20):
            points, events = pushed.read_with_events("s", after, limit)
            touched = [e for e in every if e.start <= points.cursor and e.stop + DEFAULT_MERGE_GAP > after]
            assert [vars(event) for event in events] == [vars(event) for event in touched]


def test_an_open_event_is_returned_until_it_is_over(pushed):
    _, events = pushed.read_with_events("s", 99, 10)
    assert [event.open for event in events] == [True]
    opened = []
    for k in range(6):
        pushed.push("s", times(1, 100 + k), [5.0])
        opened.append([event.open for event in pushed.read_with_events("s", 100 + k)[1]])
    assert opened == [[True], [True], [True], [False], [], []]


def test_no_points_have_no_events(pushed):
    assert pushed.read_with_events("s", 100)[1] == []
    pushed.put("empty", "robust_zscore")
    assert pushed.read_with_events("empty")[1] == []


def test_late_points_belong_to_no_event(pushed):
    points = pushed.read("s", 0, 1000)
    late = points.late.copy()
    late[[69, 70]] = True
    marked = concatenate([points])
    object.__setattr__(marked, "late", late)
    events = window_events(
        marked.part(40, 80), lambda after, limit: marked.part(after, after + limit), DEFAULT_MERGE_GAP
    )
    assert spans(events) == [(50, 53), (72, 77)]


def test_a_long_event_is_cut_at_the_farthest_point_read(pushed, monkeypatch):
    monkeypatch.setattr("streams.window_events.STEP", 2)
    monkeypatch.setattr("streams.window_events.MAX_BEYOND", 6)
    assert spans(pushed.read_with_events("s", 75, 1)[1]) == [(70, 77)]
    monkeypatch.setattr("streams.window_events.MAX_BEYOND", 2)
    assert spans(pushed.read_with_events("s", 75, 1)[1]) == [(76, 77)]


def test_events_of_the_demo_stream_are_complete(streams, clock):
    fit(streams, "demo")
    cursor = clock.ms // 100
    _, every = streams.read_with_events("demo", cursor - 5000, 5000)
    assert every
    middle = (every[1].start + every[1].stop) // 2
    _, [event] = streams.read_with_events("demo", middle, 1)
    assert event.id == every[1].id
