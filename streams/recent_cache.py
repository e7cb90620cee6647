"""The newest points of the streams that pages poll, in memory."""

import threading
from collections import OrderedDict
from dataclasses import dataclass

from events.scored_points import ScoredPoints, concatenate
from streams.stream_state import StreamState

MAX_STREAMS = 512
"""Number of streams held; the least recently read is dropped."""
CACHED_POINTS = 500
"""Number of points held of each stream that has so many; twice as many at most."""


@dataclass
class CachedPoints:
    """The newest points of one stream, in the parts in which they arrived, and their number."""

    parts: list[ScoredPoints]
    points: int


class RecentCache:
    """Holds durable points only. Safe to use from many threads: one appends what it has written, many read."""

    def __init__(self) -> None:
        self._cache: OrderedDict[StreamState, CachedPoints] = OrderedDict()
        self._lock = threading.Lock()

    def read(self, state: StreamState, after: int, limit: int) -> ScoredPoints | None:
        """At most `limit` points after a cursor, the oldest first; None where they are not in the cache."""
        with self._lock:
            cached = self._cache.get(state)
            if cached is None:
                return None
            self._cache.move_to_end(state)
            if len(cached.parts) > 1:
                _trim(cached)
            newest = cached.parts[0]
        start = newest.cursor - len(newest)
        if not start <= after <= newest.cursor:
            return None
        return newest.part(after - start, min(after - start + limit, len(newest)))

    def put(self, state: StreamState, newest: ScoredPoints) -> None:
        """Caches the newest points as read from the store, unless others became durable meanwhile."""
        with self._lock:
            if newest.cursor == state.durable_cursor:
                self._cache[state] = cached = CachedPoints([newest], len(newest))
                _trim(cached)
                if len(self._cache) > MAX_STREAMS:
                    self._cache.popitem(last=False)

    def append(self, state: StreamState, points: ScoredPoints) -> None:
        """Adds points that have just become durable, if the stream is in the cache."""
        with self._lock:
            state.durable_cursor = points.cursor
            if cached := self._cache.get(state):
                cached.parts.append(points)
                cached.points += len(points)
                if cached.points > 2 * CACHED_POINTS:
                    _trim(cached)

    def names(self) -> list[str]:
        """The streams in the cache, the least recently read first."""
        with self._lock:
            return [state.stream.name for state in self._cache]


def _trim(cached: CachedPoints) -> None:
    """Joins the parts to one of at most CACHED_POINTS points."""
    points = concatenate(cached.parts)
    if len(points) > CACHED_POINTS:
        points = concatenate([points.part(len(points) - CACHED_POINTS, len(points))])  # a copy, to free the others
    cached.parts[:] = [points]
    cached.points = len(points)
