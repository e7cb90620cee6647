"""What happened in a stream: its runs of anomalies by a policy, and its silences, to be listed and asked for again."""

import threading
from collections import OrderedDict, deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal

from events.policy import Event, Policy, PolicyState, advance, duration
from events.scored_points import ScoredPoints
from events.wording import explain
from store import Silence

MOST_STREAMS = 256
"""Streams whose events are held; the one that was not asked for the longest is let go."""
MOST_EVENTS = 1_000
"""Events of one stream that are held: the newest."""
AT_ONCE = 10_000
"""Points read in one go."""

Read = Callable[[str, int, int], ScoredPoints]
"""The points of a stream after a cursor, at most so many."""


@dataclass(frozen=True)
class StreamEvent:
    """An event of a stream; times are ms since 1970 UTC.

    start, stop, peak  cursors, half open; of a silence the last point before it
    start_time, stop_time, peak_time  of the first, the last and the worst anomaly, None where points are counted; of a
                       silence the last point before it and the arrival of the next, None while it lasts
    seconds            from the first anomaly to the last, None where points are counted; of a silence from arrival to
                       arrival, whatever the points' own times say, None while it lasts
    direction, severity, value, expected  of the worst anomaly; None of a silence
    changed            larger than that of any `EventCursor` before the last change
    """

    kind: Literal["anomaly", "silent"]
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
        """Identifies it within its stream."""
        return f"{self.kind}-{self.start}"


@dataclass(frozen=True)
class EventCursor:
    """How far somebody knows a stream's events: the last point followed, and how often silences began or ended."""

    cursor: int
    silences: int


@dataclass
class EventLog:
    """The events of one stream as far as it was followed."""

    stream_id: int
    policy: Policy
    cursor: int
    state: PolicyState = field(default_factory=PolicyState)
    over: deque[tuple[Event, int]] = field(default_factory=lambda: deque(maxlen=MOST_EVENTS))
    lock: threading.Lock = field(default_factory=threading.Lock)

    def take(self, judged: ScoredPoints) -> None:
        """Follows points that come right after those before."""
        self.state, notices = advance(self.policy, self.state, judged)
        self.over.extend((notice.event, notice.at) for notice in notices if notice.status == "resolved")
        self.cursor = judged.cursor

    def happenings(self) -> list[StreamEvent]:
        """The anomalies, the oldest first."""
        found = [anomaly(event, changed, lasts=False) for event, changed in self.over]
        if self.state.event is not None and self.state.open:
            found.append(anomaly(self.state.event, self.state.event.last, lasts=True))
        return found


class Events:
    """Follows the streams that somebody asks for; asked again, it reads only what is new. Safe to use from threads."""

    def __init__(self, read: Read) -> None:
        self._read = read
        self._logs: OrderedDict[str, EventLog] = OrderedDict()
        self._lock = threading.Lock()

    def of(
        self, name: str, stream_id: int, span: tuple[int, int], policy: Policy, silences: Sequence[Silence]
    ) -> tuple[list[StreamEvent], EventCursor]:
        """The events of a stream, the newest first, and how far that is; `span` are the cursors before the first point
        that can be read and of the last."""
        log = self._log(name, stream_id, span, replace(policy, cool_down=0))
        with log.lock:
            while log.cursor < span[1]:
                before = log.cursor
                log.take(self._read(name, log.cursor, min(AT_ONCE, span[1] - log.cursor)))
                if log.cursor <= before:
                    break
            anomalies = [each for each in log.happenings() if each.stop - 1 > span[0]]
            seen = log.cursor
        quiet = [silent(each) for each in silences]
        found = sorted([*anomalies, *quiet], key=lambda each: (each.start, each.kind), reverse=True)
        return found, EventCursor(seen, max((each.changed for each in quiet), default=0))

    def forget(self, name: str) -> None:
        """A stream was deleted."""
        with self._lock:
            self._logs.pop(name, None)

    def _log(self, name: str, stream_id: int, span: tuple[int, int], policy: Policy) -> EventLog:
        with self._lock:
            log = self._logs.get(name)
            same = log is not None and (log.stream_id, log.policy) == (stream_id, policy)
            if log is None or not same or not span[0] <= log.cursor <= span[1]:
                log = self._logs[name] = EventLog(stream_id, policy, span[0])
            self._logs.move_to_end(name)
            if len(self._logs) > MOST_STREAMS:
                self._logs.popitem(last=False)
            return log


def changed_since(found: Sequence[StreamEvent], seen: EventCursor | None) -> list[StreamEvent]:
    """Those that changed after what somebody knows."""
    if seen is None:
        return list(found)
    return [each for each in found if each.changed > (seen.silences if each.kind == "silent" else seen.cursor)]


def anomaly(event: Event, changed: int, *, lasts: bool) -> StreamEvent:
    """A run of anomalies."""
    first, last = event.start_time, event.last_time
    return StreamEvent(
        kind="anomaly",
        open=lasts,
        start=event.start,
        stop=event.last + 1,
        peak=event.peak,
        start_time=event.start_time,
        stop_time=event.last_time,
        peak_time=event.peak_time,
        seconds=None if first is None or last is None else max(last - first, 0) / 1000,
        direction=event.direction,
        severity=event.severity,
        value=event.value,
        expected=event.expected,
        anomalies=event.anomalies,
        explanation=explain(event.value, event.expected, event.direction, event.severity, event.last - event.start + 1),
        changed=changed,
    )


def silent(silence: Silence) -> StreamEvent:
    """A silence."""
    began = silence.last_arrival if silence.last_time is None else silence.last_time
    lasted = "" if silence.stop is None else f" It lasted {duration(silence.stop - silence.last_arrival)}."
    return StreamEvent(
        kind="silent",
        open=silence.stop is None,
        start=silence.cursor,
        stop=silence.cursor + 1,
        peak=silence.cursor,
        start_time=began,
        stop_time=silence.stop,
        peak_time=began,
        seconds=None if silence.stop is None else (silence.stop - silence.last_arrival) / 1000,
        direction=None,
        severity=None,
        value=None,
        expected=None,
        anomalies=0,
        explanation=f"Nothing came for longer than the {duration(silence.allowed)} that its rhythm allows.{lasted}",
        changed=2 * silence.number - (silence.stop is None),
    )
