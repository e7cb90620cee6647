"""What a monitoring system is told of the streams: the newest verdict of each, and how those who judge and write do."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple, Self

import numpy as np

from events.scored_points import ScoredPoints
from store import Stream, StreamStore

UNKNOWN = float("nan")
LAST = 16
"""Points read of a stream that is not in memory: some may have come late, and an event may be open."""
NOT_LOADED = "not_loaded"
"""The state of a stream that nobody pushed to or asked for since the start, beyond those that are named."""


class Newest(NamedTuple):
    """The newest point of a stream that did not come late: floats, NaN where there is none."""

    value: float = UNKNOWN
    expected: float = UNKNOWN
    lower: float = UNKNOWN
    upper: float = UNKNOWN
    score: float = UNKNOWN
    judged_by: str | None = None

    @classmethod
    def of(cls, judged: ScoredPoints) -> Self | None:
        """Of the last of these points; None where all came late or there is none."""
        at = len(judged) - 1
        if at >= 0 and judged.late[at]:
            on_time = np.flatnonzero(~judged.late)
            at = int(on_time[-1]) if on_time.size else -1
        if at < 0:
            return None
        value, expected, lower = (float(column[at]) for column in (judged.values, judged.expected, judged.lower))
        return cls(value, expected, lower, float(judged.upper[at]), float(judged.score[at]), judged.judged_by[at])


NOTHING = Newest()


@dataclass(frozen=True)
class Reading:
    """A stream as it stands.

    points     that it ever took
    anomalies  among those since the start of the service
    newest     its newest point
    threshold  of who judged that, in the score's unit; NaN until a point was judged since the start
    state      warming_up, normal, anomalous or silent
    anomalous  whether an event is open, whatever the state: a stream may fall silent in the middle of one
    """

    name: str
    points: int
    anomalies: int
    newest: Newest
    threshold: float
    state: str
    anomalous: bool


@dataclass(frozen=True)
class Readings:
    """The first streams by name, `unnamed` more, and how many of all are in each state."""

    named: Sequence[Reading]
    unnamed: int
    states: Mapping[str, int]

    @classmethod
    def of(cls, named: Sequence[Reading], others: Iterable[str], total: int) -> Self:
        """With the states of the others that are known, of `total` streams."""
        states = Counter(reading.state for reading in named)
        states.update(others)
        if total > states.total():
            states[NOT_LOADED] = total - states.total()
        return cls(named, max(total - len(named), 0), states)


@dataclass
class Tally:
    """Work done by one thread, which alone changes it: how often, for how many seconds, with how many failures."""

    count: int = 0
    seconds: float = 0.0
    failures: int = 0

    def add(self, seconds: float, *, failed: bool = False) -> None:
        """One more."""
        self.count += 1
        self.seconds += seconds
        self.failures += failed


@dataclass(frozen=True)
class Work:
    """What the threads of the streams did since the start, and what waits for them.

    points, pushes   that were made durable; a push is the points of one stream in one request
    """

    points: int = 0
    pushes: int = 0
    commits: Tally = field(default_factory=Tally)
    commits_waiting: int = 0
    fits: Tally = field(default_factory=Tally)
    fits_waiting: int = 0


class Stored:
    """The newest points of streams that are not in memory; kept until those grow, so that looking again and again
    reads nothing. Bounded by how many streams are asked for at once."""

    def __init__(self, store: StreamStore) -> None:
        self._store = store
        self._known: Mapping[int, tuple[int, ScoredPoints | None]] = {}

    def last(self, streams: Sequence[Stream]) -> dict[int, ScoredPoints | None]:
        """By id of stream."""
        known = self._known
        kept = {each.id: known[each.id] for each in streams if known.get(each.id, (None,))[0] == each.cursor}
        new = [each for each in streams if each.id not in kept]
        read = self._store.last_points(new, LAST) if new else {}
        kept |= {each.id: (each.cursor, read.get(each.id)) for each in new}
        self._known = kept  # in one step: others may look at the same time
        return {stream_id: judged for stream_id, (_, judged) in kept.items()}
