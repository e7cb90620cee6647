"""The events of a stream: its runs of anomalies by a policy, and its silences."""

import threading
from collections import OrderedDict, deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal

from events.event import Event
from events.policy import Policy, PolicyState, advance
from events.scored_points import ScoredPoints
from events.wording import explanation, silence_explanation
from store import Silence

MAX_STREAMS = 256
"""Number of streams whose events are held; the least recently requested is dropped."""
MAX_EVENTS = 1_000
"""Number of events held of one stream: the newest."""
READ_POINTS = 10_000
"""Number of points per read."""

Read = Callable[[str, int, int], ScoredPoints]
"""Returns at most so many points of a stream after a cursor."""


@dataclass(frozen=True)
class StreamEvent:
    """An event of a stream; times are ms since 1970 UTC.

    start, stop, peak  cursors, half open; of a silence the last point before it
    start_time, stop_time, peak_time  of the first, the last and the worst anomaly, None where points are counted; of a
                       silence the last point before it and the arrival of the next, None while it is open
    seconds            from the first anomaly to the last, None where points are counted; of a silence from arrival to
                       arrival, whatever the times of the points, None while it is open
    direction, severity, value, expected  of the worst anomaly; None of a silence
    changed            more than the `EventCursor` of any time before the last change
    """

    kind: Literal["anomaly", "silence"]
    open: bool
    start: int
    stop: int
    peak: int
    start_time: int | None
    stop_time: int | None
    peak_time: int | None
    seconds: float | None
    direction: str | None
    severity: float | None
    value: float | None
    expected: float | None
    anomalies: int
    explanation: str
    changed: int

    @property
    def id(self) -> str:
        """Unique within its stream; stays the same while the event changes."""
        return f"{self.kind}-{self.start}"


@dataclass(frozen=True)
class EventCursor:
    """The events that a reader has seen: up to the point with this cursor, and up to this change of silences."""

    cursor: int
    silences: int


@dataclass
class EventLog:
    """The anomalies of one stream, up to the point with the cursor; `closed` pairs each with the cursor of its end."""

    stream_id: int
    policy: Policy
    cursor: int
    state: PolicyState = field(default_factory=PolicyState)
    closed: deque[tuple[Event, int]] = field(default_factory=lambda: deque(maxlen=MAX_EVENTS))
    lock: threading.Lock = field(default_factory=threading.Lock)

    def extend(self, points: ScoredPoints) -> None:
        """Adds the points that follow."""
        self.state, notices = advance(self.policy, self.state, points)
        self.closed.extend((notice.event, notice.at) for notice in notices if notice.status == "resolved")
        self.cursor = points.cursor

    def events(self) -> list[StreamEvent]:
        """The anomalies, the oldest first."""
        events = [anomaly_event(event, changed, is_open=False) for event, changed in self.closed]
        if self.state.event is not None and self.state.is_event:
            events.append(anomaly_event(self.state.event, self.state.event.stop - 1, is_open=True))
        return events


class EventLogs:
    """The event logs of requested streams. A repeated request reads only new points. Safe to use from threads."""

    def __init__(self, read: Read) -> None:
        self._read = read
        self._logs: OrderedDict[str, EventLog] = OrderedDict()
        self._lock = threading.Lock()

    def events(
        self, name: str, stream_id: int, span: tuple[int, int], policy: Policy, silences: Sequence[Silence]
    ) -> tuple[list[StreamEvent], EventCursor]:
        """The events of a stream, the newest first, and the cursor of what they include.

        span  the cursor before the first point that can be read, and the cursor of the last
        """
        log = self._get_log(name, stream_id, span, replace(policy, cool_down=0))
        with log.lock:
            while log.cursor < span[1]:
                before = log.cursor
                log.extend(self._read(name, log.cursor, min(READ_POINTS, span[1] - log.cursor)))
                if log.cursor <= before:
                    break
            anomalies = [event for event in log.events() if event.stop - 1 > span[0]]
            cursor = log.cursor
        silent = [silence_event(silence) for silence in silences]
        events = sorted([*anomalies, *silent], key=lambda event: (event.start, event.kind), reverse=True)
        return events, EventCursor(cursor, max((event.changed for event in silent), default=0))

    def discard(self, name: str) -> None:
        """Drops the log of a deleted stream."""
        with self._lock:
            self._logs.pop(name, None)

    def _get_log(self, name: str, stream_id: int, span: tuple[int, int], policy: Policy) -> EventLog:
        with self._lock:
            log = self._logs.get(name)
            same = log is not None and (log.stream_id, log.policy) == (stream_id, policy)
            if log is None or not same or not span[0] <= log.cursor <= span[1]:
                log = self._logs[name] = EventLog(stream_id, policy, span[0])
            self._logs.move_to_end(name)
            if len(self._logs) > MAX_STREAMS:
                self._logs.popitem(last=False)
            return log


def changed_since(events: Sequence[StreamEvent], cursor: EventCursor | None) -> list[StreamEvent]:
    """The events that changed after this cursor; all where it is None."""
    if cursor is None:
        return list(events)
    return [
        event for event in events if event.changed > (cursor.silences if event.kind == "silence" else cursor.cursor)
    ]


def anomaly_event(event: Event, changed: int, *, is_open: bool) -> StreamEvent:
    """The event of a run of anomalies."""
    first_time = event.start_time
    last_time = event.stop_time
    return StreamEvent(
        kind="anomaly",
        open=is_open,
        start=event.start,
        stop=event.stop,
        peak=event.peak,
        start_time=first_time,
        stop_time=last_time,
        peak_time=event.peak_time,
        seconds=None if first_time is None or last_time is None else max(last_time - first_time, 0) / 1000,
        direction=event.direction,
        severity=event.severity,
        value=event.value,
        expected=event.expected,
        anomalies=event.anomalies,
        explanation=explanation(event),
        changed=changed,
    )


def silence_event(silence: Silence) -> StreamEvent:
    """The event of a silence."""
    start_time = silence.last_arrival if silence.last_time is None else silence.last_time
    lasted = None if silence.stop is None else silence.stop - silence.last_arrival
    return StreamEvent(
        kind="silence",
        open=silence.stop is None,
        start=silence.cursor,
        stop=silence.cursor + 1,
        peak=silence.cursor,
        start_time=start_time,
        stop_time=silence.stop,
        peak_time=start_time,
        seconds=None if lasted is None else lasted / 1000,
        direction=None,
        severity=None,
        value=None,
        expected=None,
        anomalies=0,
        explanation=silence_explanation(silence.allowed, lasted),
        changed=2 * silence.number - (silence.stop is None),
    )
