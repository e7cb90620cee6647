"""From judged points to events worth a message: what opens an event, what ends it, and when it is announced.

Pure and replayable: the same points give the same notices, whether they come one by one, in batches or as a whole
history, so a policy can be tried on the past before it is switched on. Positions are cursors of the stream.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Annotated, Any, Literal

import numpy as np

from errors import BadParameter, UnknownName
from events.filter import Direction, EventFilter, MinAbsDeviation, MinRelDeviation, check_direction
from events.scored_points import ScoredPoints
from parameters import Param, check_parameter, parameters
from timeseries import Bools

MOST_SEVERE = 1e6
"""Severity of a value outside a band that has no width, and the highest there is."""


@dataclass(frozen=True)
class Policy:
    """What counts as an event and what is announced. The defaults announce each run of anomalies."""

    min_points: Annotated[
        int, Param("points", 1, 100_000, "An event begins with the anomaly that makes this many.")
    ] = 1
    merge_gap: Annotated[
        int, Param("points", 0, 100_000, "Anomalies with at most this many normal points between them count together.")
    ] = 3
    recovery_points: Annotated[
        int, Param("points", 1, 100_000, "An event is over after this many normal points in a row.")
    ] = 4
    cool_down: Annotated[
        int,
        Param("points", 0, 1_000_000, "So long after an announced event the next is not announced, unless it lasts."),
    ] = 0
    min_abs_deviation: MinAbsDeviation = 0.0
    min_rel_deviation: MinRelDeviation = 0.0
    direction: Direction = "both"
    silent: bool = True
    """Whether it is told when the stream goes silent, and when it is back."""


def read_policy(given: Mapping[str, Any]) -> Policy:
    """A policy from JSON values; what is left out keeps its default. Raises UnknownName or BadParameter."""
    known = parameters(Policy)
    full: dict[str, Any] = {}
    for name, value in given.items():
        if name == "direction":
            full[name] = check_direction(value)
        elif name == "silent":
            if not isinstance(value, bool):
                raise BadParameter("silent must be true or false.", name=name)
            full[name] = value
        elif name in known:
            full[name] = check_parameter(known[name], value)
        else:
            every = [*known, "direction", "silent"]
            message = f"There is no parameter {name!r} here; use one of {', '.join(every)}."
            raise UnknownName(message, name=name, known=sorted(every))
    return Policy(**full)


@dataclass(frozen=True)
class Event:
    """A run of anomalies of a stream, so far.

    start, last  cursors of its first and latest anomaly; `start` identifies it within its stream
    start_time, last_time  theirs, ms since 1970 UTC; None in a stream that counts its points
    anomalies    how many
    severity     the greatest distance from the expected value ÷ the margin allowed; more than 1
    value, expected  at that anomaly, in the series' unit
    direction    there: above, below, or shape where value and expected are equal
    peak, peak_time  its cursor and time; 0 where they are not known
    """

    start: int
    last: int
    start_time: int | None
    last_time: int | None
    anomalies: int
    severity: float
    value: float
    expected: float
    direction: str
    peak: int = 0
    peak_time: int | None = None


@dataclass(frozen=True)
class Notice:
    """Something to tell: an event began (`firing`) or is over (`resolved`), known at the cursor `at`."""

    status: Literal["firing", "resolved"]
    event: Event
    at: int


@dataclass(frozen=True)
class PolicyState:
    """Where a stream stands under its policy; as JSON values it survives a restart.

    event      the run of anomalies at hand: None while none of it counts
    normal     judged points in a row since the latest anomaly of the run
    open       whether it has its minimum length of those that count, so is an event
    announced  whether `firing` was told
    quiet_until  the cursor up to which nothing is announced
    anomalies  of the run, those that do not count too: they hold it together, so that a narrower direction or a higher
               floor never makes two events of one
    """

    event: Event | None = None
    normal: int = 0
    open: bool = False
    announced: bool = False
    quiet_until: int = 0
    anomalies: int = 0


def advance(policy: Policy, state: PolicyState, judged: ScoredPoints) -> tuple[PolicyState, list[Notice]]:
    """The state after these points, which come right after those already followed, and what is to be told.

    A point that nobody could judge, or that came late, is neither an anomaly nor a sign of recovery.
    """
    beyond, counts = judged.is_anomaly & ~judged.late, counting(policy, judged)
    known = np.isfinite(judged.score) & ~judged.late
    first = judged.cursor - len(judged) + 1
    notices: list[Notice] = []
    at = 0
    while at < len(judged):
        if not state.anomalies:  # nothing can happen before the next anomaly
            ahead = np.flatnonzero(beyond[at:])
            if not ahead.size:
                break
            at += int(ahead[0])
        if beyond[at]:
            state = replace(state, normal=0, anomalies=state.anomalies + 1)
            if counts[at]:
                state = _with_anomaly(policy, state, _event(judged, at, first + at))
        elif known[at]:
            state, told = _with_normal(policy, state, first + at)
            notices += told
        state, told = _announced(state, first + at)
        notices += told
        at += 1
    return state, notices


def counting(policy: Policy, judged: ScoredPoints) -> Bools:
    """(n,) the anomalies that the policy's direction and noise floor leave, without late ones."""
    rule = EventFilter(1, policy.min_abs_deviation, policy.min_rel_deviation, policy.direction)
    return rule.of(judged.is_anomaly & ~judged.late, judged.values, judged.expected)


def _event(judged: ScoredPoints, at: int, cursor: int) -> Event:
    """The event that consists of one anomaly."""
    value, expected = float(judged.values[at]), float(judged.expected[at])
    margin = (float(judged.upper[at]) - float(judged.lower[at])) / 2
    distance = abs(value - expected)
    severity = min(MOST_SEVERE, distance / margin) if margin > 0 else MOST_SEVERE  # in this order also for NaN
    direction = "above" if value > expected else "below" if value < expected else "shape"
    time = None if judged.times is None else int(judged.times[at].astype(np.int64))
    return Event(cursor, cursor, time, time, 1, severity, value, expected, direction, cursor, time)


def _with_anomaly(policy: Policy, state: PolicyState, latest: Event) -> PolicyState:
    event = latest if state.event is None else _joined(state.event, latest)
    return replace(state, event=event, open=state.open or event.anomalies >= policy.min_points)


def _joined(event: Event, latest: Event) -> Event:
    worst = latest if latest.severity > event.severity else event
    return replace(
        worst,
        start=event.start,
        last=latest.last,
        start_time=event.start_time,
        last_time=latest.last_time,
        anomalies=event.anomalies + 1,
    )


def _with_normal(policy: Policy, state: PolicyState, cursor: int) -> tuple[PolicyState, list[Notice]]:
    normal = state.normal + 1
    # By all anomalies: which of them count must not change where a run ends.
    lasts = state.open or state.anomalies >= policy.min_points
    if normal < (policy.recovery_points if lasts else policy.merge_gap + 1):
        return replace(state, normal=normal), []
    if not (state.announced and state.event):
        return PolicyState(quiet_until=state.quiet_until), []
    return PolicyState(quiet_until=cursor + policy.cool_down), [Notice("resolved", state.event, cursor)]


def _announced(state: PolicyState, cursor: int) -> tuple[PolicyState, list[Notice]]:
    """Tells an open event once, as soon as the cool-down before it is over."""
    if state.event is None or not state.open or state.announced or cursor <= state.quiet_until:
        return state, []
    return replace(state, announced=True), [Notice("firing", state.event, cursor)]


def replay(policy: Policy, history: ScoredPoints) -> list[Notice]:
    """What the policy would have told over a stream's history, from its first point on."""
    return advance(policy, PolicyState(), history)[1]


def told(notices: list[Notice], points: int, span: int | None = None, silent: int = 0, back: int = 0) -> str:
    """The outcome of a replay, for a person; `span` is the time from the first point to the last, ms. `silent` times it
    would be told that the stream is silent, `back` times that its points come again.

    >>> told([], 1000)
    'Over the last 1000 points this would have sent no message.'
    >>> told([], 43_200, 43_199 * 60_000)
    'Over the last 30 days (43200 points) this would have sent no message.'
    >>> told([], 1000, silent=2, back=1)
    'Over the last 1000 points this would have sent 3 messages, about 2 silences.'
    """
    firing, sent = sum(notice.status == "firing" for notice in notices), len(notices) + silent + back
    messages = {0: "no message", 1: "1 message"}.get(sent, f"{sent} messages")
    kinds = [(notices, firing, "event"), (silent, silent, "silence")]
    things = " and ".join(f"{count} {thing}{'' if count == 1 else 's'}" for any_, count, thing in kinds if any_)
    about = f", about {things}" if things else ""
    over = f"{points} points" if span is None else f"{duration(span)} ({points} points)"
    return f"Over the last {over} this would have sent {messages}{about}."


def span(judged: ScoredPoints) -> int | None:
    """The time from the earliest to the latest of points, ms; None where they are counted, or there are none."""
    if judged.times is None or not len(judged):
        return None
    return int((judged.times.max() - judged.times.min()).astype(np.int64))


def duration(ms: float) -> str:
    """A stretch of time for a person, in the largest unit of which there are two.

    >>> [duration(ms) for ms in (1500, 90_000, 5_400_000, 100_000_000, 200_000_000)]
    ['1.5 seconds', '90 seconds', '90 minutes', '27.8 hours', '2.31 days']
    """
    units = (("days", 86_400_000), ("hours", 3_600_000), ("minutes", 60_000), ("seconds", 1000))
    name, unit = next((each for each in units if ms >= 2 * each[1]), units[-1])
    return f"{ms / unit:.3g} {name}" if ms < 1000 * unit else f"{ms / unit:.0f} {name}"


def to_plain(state: PolicyState) -> dict[str, Any]:
    """The state as JSON values."""
    return {**vars(state), "event": None if state.event is None else dict(vars(state.event))}


def from_plain(plain: Mapping[str, Any]) -> PolicyState:
    """The state that gave these JSON values; those of earlier versions know no anomalies that do not count."""
    event = None if plain["event"] is None else Event(**plain["event"])
    return PolicyState(**{"anomalies": event.anomalies if event else 0, **plain, "event": event})
