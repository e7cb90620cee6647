"""The streams and their threads as monitoring sees them: `/metrics` is written from these."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple, Self

import numpy as np

from events.scored_points import ScoredPoints
from store import Stream, StreamStore

UNKNOWN = float("nan")
LAST_POINTS = 16
"""Number of points read of a stream that is not in memory: some may be late, and an event may be open."""
NOT_LOADED = "not_loaded"
"""State of a stream without pushes and requests since the start, beyond those that are listed by name."""


class NewestPoint(NamedTuple):
    """The newest point of a stream that was not late; NaN where there is none."""

    value: float = UNKNOWN
    expected: float = UNKNOWN
    lower: float = UNKNOWN
    upper: float = UNKNOWN
    score: float = UNKNOWN
    judged_by: str | None = None

    @classmethod
    def last_of(cls, points: ScoredPoints) -> Self | None:
        """The last of these points that was not late; None where there is none."""
        at = len(points) - 1
        if at >= 0 and points.late[at]:
            on_time = np.flatnonzero(~points.late)
            at = int(on_time[-1]) if on_time.size else -1
        if at < 0:
            return None
        return cls(
            value=float(points.values[at]),
            expected=float(points.expected[at]),
            lower=float(points.lower[at]),
            upper=float(points.upper[at]),
            score=float(points.score[at]),
            judged_by=points.judged_by[at],
        )


NO_POINT = NewestPoint()


@dataclass(frozen=True)
class StreamSnapshot:
    """One stream.

    points     number it ever received
    anomalies  number among those since the start of the service
    newest     its newest point
    threshold  of the detector that scored it, in the score's unit; NaN until a point was scored since the start
    state      warming_up, normal, anomalous or silent
    anomalous  whether an event is open, whatever the state: a stream may fall silent during one
    """

    name: str
    points: int
    anomalies: int
    newest: NewestPoint
    threshold: float
    state: str
    anomalous: bool


@dataclass(frozen=True)
class StreamsSnapshot:
    """All streams.

    named    the first by name
    unnamed  number of the others
    states   number of streams in each state
    """

    named: Sequence[StreamSnapshot]
    unnamed: int
    states: Mapping[str, int]

    @classmethod
    def count_states(cls, named: Sequence[StreamSnapshot], others: Iterable[str], total: int) -> Self:
        """A snapshot of `total` streams, where the states of some `others` are known."""
        states = Counter(snapshot.state for snapshot in named)
        states.update(others)
        if total > states.total():
            states[NOT_LOADED] = total - states.total()
        return cls(named, max(total - len(named), 0), states)


@dataclass
class Tally:
    """Counters of one thread, the only writer: runs, seconds, failures."""

    count: int = 0
    seconds: float = 0.0
    failures: int = 0

    def add(self, seconds: float, *, failed: bool = False) -> None:
        """Adds one piece of work."""
        self.count += 1
        self.seconds += seconds
        self.failures += failed


@dataclass(frozen=True)
class Work:
    """Work of the threads of the streams since the start, and the length of their queues.

    points, pushes   number made durable; a push is the points of one stream in one request
    """

    points: int = 0
    pushes: int = 0
    commits: Tally = field(default_factory=Tally)
    commits_waiting: int = 0
    fits: Tally = field(default_factory=Tally)
    fits_waiting: int = 0


class LastPoints:
    """The last points of streams that are not in memory, cached until those streams grow: repeated snapshots read
    nothing. Holds no more than the streams of the last call."""

    def __init__(self, store: StreamStore) -> None:
        self._store = store
        self._cache: Mapping[int, tuple[int, ScoredPoints | None]] = {}

    def read(self, streams: Sequence[Stream]) -> dict[int, ScoredPoints | None]:
        """The last points by stream id."""
        cache = self._cache
        entries = {each.id: cache[each.id] for each in streams if cache.get(each.id, (None,))[0] == each.cursor}
        missing = [each for each in streams if each.id not in entries]
        read = self._store.last_points(missing, LAST_POINTS) if missing else {}
        entries |= {each.id: (each.cursor, read.get(each.id)) for each in missing}
        self._cache = entries  # in one step: other threads may read at the same time
        return {stream_id: points for stream_id, (_, points) in entries.items()}
