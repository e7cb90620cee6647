"""The newest points of the streams that somebody looks at, in memory: pages ask for them again and again."""

import threading
from collections import OrderedDict
from dataclasses import dataclass

from events.scored_points import ScoredPoints, concatenate
from streams.stream_state import StreamState

MOST = 512
"""Streams held; the one that was not asked for the longest is let go."""
KEPT = 500
"""Points held of each, where it has so many, and twice as many at most."""


@dataclass
class Held:
    """The newest points of one stream, in the parts in which they came."""

    parts: list[ScoredPoints]
    points: int


class Recent:
    """Only points that are durable. Safe to use from many threads: one adds what it has written, many read."""

    def __init__(self) -> None:
        self._held: OrderedDict[StreamState, Held] = OrderedDict()
        self._lock = threading.Lock()

    def read(self, live: StreamState, after: int, limit: int) -> ScoredPoints | None:
        """At most `limit` points after a cursor, the oldest first; None where they are not held."""
        with self._lock:
            held = self._held.get(live)
            if held is None:
                return None
            self._held.move_to_end(live)
            if len(held.parts) > 1:
                _settle(held)
            newest = held.parts[0]
        start = newest.cursor - len(newest)
        if not start <= after <= newest.cursor:
            return None
        return newest.part(after - start, min(after - start + limit, len(newest)))

    def hold(self, live: StreamState, newest: ScoredPoints) -> None:
        """Holds the newest points, as the store had them; not if others became durable meanwhile."""
        with self._lock:
            if newest.cursor == live.durable:
                self._held[live] = held = Held([newest], len(newest))
                _settle(held)
                if len(self._held) > MOST:
                    self._held.popitem(last=False)

    def add(self, live: StreamState, judged: ScoredPoints) -> None:
        """Takes in points that have just become durable."""
        with self._lock:
            live.durable = judged.cursor
            if held := self._held.get(live):
                held.parts.append(judged)
                held.points += len(judged)
                if held.points > 2 * KEPT:
                    _settle(held)


def _settle(held: Held) -> None:
    """One part of at most KEPT points."""
    whole = concatenate(held.parts)
    if len(whole) > KEPT:
        whole = concatenate([whole.part(len(whole) - KEPT, len(whole))])  # copied, so that the others can go
    held.parts[:] = [whole]
    held.points = len(whole)
