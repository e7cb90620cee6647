"""Alert policy of a stream: when scored points open an event, when they close it, and when it is announced.

Pure and replayable: the notices do not depend on whether points arrive one by one, in batches or as a complete
history, so a policy can be backtested before it is switched on. Positions are cursors of the stream.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Annotated, Any, Literal, Self

import numpy as np

from errors import BadParameter, UnknownName
from events.attribution import direction_of
from events.event import Event
from events.filter import EventFilter, FilterDirection, MinAbsDeviation, MinRelDeviation, check_direction
from events.scored_points import ScoredPoints
from parameters import Param, check_parameter, parameters
from timeseries import Bools

MAX_SEVERITY = 1e6
"""Cap on the severity of a stream's event, and the severity of a value outside a band without width."""


@dataclass(frozen=True)
class Policy:
    """What counts as an event and what is announced. The defaults announce each run of anomalies."""

    min_points: Annotated[int, Param("points", 1, 100_000, "Anomalies needed for an event.")] = 1
    merge_gap: Annotated[
        int, Param("points", 0, 100_000, "Anomalies with at most this many normal points between them are one event.")
    ] = 3
    recovery_points: Annotated[
        int, Param("points", 1, 100_000, "An event ends after this many consecutive normal points.")
    ] = 4
    cool_down: Annotated[
        int,
        Param(
            "points",
            0,
            1_000_000,
            "For this many points after an announced event, none is announced, unless it lasts longer.",
        ),
    ] = 0
    min_abs_deviation: MinAbsDeviation = 0.0
    min_rel_deviation: MinRelDeviation = 0.0
    direction: FilterDirection = "both"
    silent: bool = True
    """Whether to announce that the stream has fallen silent, and that its points have resumed."""


def read_policy(fields: Mapping[str, Any]) -> Policy:
    """A policy from JSON values; a missing one has its default. Raises UnknownName or BadParameter."""
    known = parameters(Policy)
    checked: dict[str, Any] = {}
    for name, value in fields.items():
        if name == "direction":
            checked[name] = check_direction(value)
        elif name == "silent":
            if not isinstance(value, bool):
                raise BadParameter("silent must be true or false.", name=name)
            checked[name] = value
        elif name in known:
            checked[name] = check_parameter(known[name], value)
        else:
            names = [*known, "direction", "silent"]
            message = f"There is no parameter {name!r} here; use one of {', '.join(names)}."
            raise UnknownName(message, name=name, known=sorted(names))
    return Policy(**checked)


@dataclass(frozen=True)
class Notice:
    """An event began (`firing`) or is over (`resolved`), known at the cursor `at`."""

    status: Literal["firing", "resolved"]
    event: Event
    at: int


@dataclass(frozen=True)
class PolicyState:
    """The state of a stream under its policy; as JSON values it survives a restart.

    event      the current run of anomalies; None while none of them counts
    normal     consecutive normal points since the latest anomaly of the run
    is_event   whether the run has `min_points` anomalies that count
    announced  whether its `firing` notice was made
    quiet_until  cursor up to which nothing is announced
    anomalies  of the run, including those that do not count: they connect it, so that a narrower direction or a
               greater minimum deviation never splits one event into two
    """

    event: Event | None = None
    normal: int = 0
    is_event: bool = False
    announced: bool = False
    quiet_until: int = 0
    anomalies: int = 0

    def to_json(self) -> dict[str, Any]:
        """JSON values."""
        return {**vars(self), "event": None if self.event is None else self.event.to_json()}

    @classmethod
    def from_json(cls, plain: Mapping[str, Any]) -> Self:
        """Inverse of `to_json`."""
        event = None if plain["event"] is None else Event.from_json(plain["event"])
        return cls(**{**plain, "event": event})


def advance(policy: Policy, state: PolicyState, points: ScoredPoints) -> tuple[PolicyState, list[Notice]]:
    """The state after these points, which directly follow those before, and the notices they cause.

    A point without a score, or a late one, is neither an anomaly nor a sign of recovery.
    """
    beyond = points.is_anomaly & ~points.late
    counted = counted_anomalies(policy, points)
    known = np.isfinite(points.score) & ~points.late
    first = points.cursor - len(points) + 1
    notices: list[Notice] = []
    at = 0
    while at < len(points):
        if not state.anomalies:  # nothing can happen before the next anomaly
            ahead = np.flatnonzero(beyond[at:])
            if not ahead.size:
                break
            at += int(ahead[0])
        if beyond[at]:
            state = replace(state, normal=0, anomalies=state.anomalies + 1)
            if counted[at]:
                state = _with_anomaly(policy, state, event_of_point(points, at, first + at))
        elif known[at]:
            state, resolved = _with_normal(policy, state, first + at)
            notices += resolved
        state, announced = _announce(state, first + at)
        notices += announced
        at += 1
    return state, notices


def counted_anomalies(policy: Policy, points: ScoredPoints) -> Bools:
    """(n,) the anomalies that pass the policy's direction and minimal deviation, without late ones."""
    event_filter = EventFilter(1, policy.min_abs_deviation, policy.min_rel_deviation, policy.direction)
    return event_filter.mask(points.is_anomaly & ~points.late, points.values, points.expected)


def event_of_point(points: ScoredPoints, at: int, cursor: int) -> Event:
    """The event of the single anomaly at position `at`."""
    value, expected = float(points.values[at]), float(points.expected[at])
    margin = (float(points.upper[at]) - float(points.lower[at])) / 2
    deviation = abs(value - expected)
    severity = min(MAX_SEVERITY, deviation / margin) if margin > 0 else MAX_SEVERITY  # in this order also for NaN
    time = None if points.times is None else int(points.times[at].astype(np.int64))
    return Event(
        cursor,
        cursor + 1,
        cursor,
        direction_of(value, expected),
        severity,
        value,
        expected,
        start_time=time,
        stop_time=time,
        peak_time=time,
    )


def _with_anomaly(policy: Policy, state: PolicyState, latest: Event) -> PolicyState:
    event = latest if state.event is None else _extended(state.event, latest)
    return replace(state, event=event, is_event=state.is_event or event.anomalies >= policy.min_points)


def _extended(event: Event, latest: Event) -> Event:
    """The event with one more anomaly, which becomes its peak where it is more severe."""
    peak = latest if latest.severity > event.severity else event
    return replace(
        peak,
        start=event.start,
        stop=latest.stop,
        start_time=event.start_time,
        stop_time=latest.stop_time,
        anomalies=event.anomalies + 1,
    )


def _with_normal(policy: Policy, state: PolicyState, cursor: int) -> tuple[PolicyState, list[Notice]]:
    normal = state.normal + 1
    # All anomalies decide, as the end of a run must not depend on which of them count.
    is_long = state.is_event or state.anomalies >= policy.min_points
    if normal < (policy.recovery_points if is_long else policy.merge_gap + 1):
        return replace(state, normal=normal), []
    if not (state.announced and state.event):
        return PolicyState(quiet_until=state.quiet_until), []
    return PolicyState(quiet_until=cursor + policy.cool_down), [Notice("resolved", state.event, cursor)]


def _announce(state: PolicyState, cursor: int) -> tuple[PolicyState, list[Notice]]:
    """Announce an open event once, as soon as the cool-down of the previous one is over."""
    if state.event is None or not state.is_event or state.announced or cursor <= state.quiet_until:
        return state, []
    return replace(state, announced=True), [Notice("firing", state.event, cursor)]


def replay(policy: Policy, history: ScoredPoints) -> list[Notice]:
    """The notices that the policy would have made over the history of a stream."""
    return advance(policy, PolicyState(), history)[1]
