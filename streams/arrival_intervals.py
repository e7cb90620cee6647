"""A stream's rhythm: how long it may stay quiet, learned from the distances between its points.

Two rows of distances are known of a stream: between the times of its points, and between their arrivals. History that
is loaded at once arrives at one moment, and says its rhythm by its times; a device that sends each minute what it
measured each second says it by its arrivals. A stream may be quiet for as long as the longer of the two limits.
"""

from array import array
from collections.abc import Mapping
from typing import Any, Self

import numpy as np

from timeseries import Times

NEWEST = 256
"""Distances that are looked at: the newest."""
FEWEST = 10
"""Distances without which there is no rhythm, and no silence."""
RARE = 0.02
"""This share of the distances, the longest, is left out, and at least one: an outage is no rhythm."""
FACTOR, FACTOR_AT_FEWEST = 4.0, 10.0
"""How many times the longest usual distance is allowed, when many distances are known and when FEWEST are."""
SHORTEST_MS = 10_000
"""No stream is silent before."""
PAUSES = 64
"""Pauses that are remembered: distances that were longer than allowed."""
SAME_HOUR_MS, SAME_HOUR_FACTOR = 3_600_000, 1.5
"""A pause that began within this of the same time of day twice is usual there, this many times as long."""
OFTEN_MS = 72_000_000
"""Pauses of the last 20 hours: when there are two, they are usual at any time. One is a night."""
DAY_MS = 86_400_000
SAVE_EACH = 4096
"""Distances after which a rhythm is kept again, at the latest."""


class Distances:
    """The newest distances between moments, and the pauses among them; all in ms."""

    def __init__(self) -> None:
        self.newest, self.count = array("f"), 0
        self.pauses: list[tuple[int, float]] = []
        self.ordinary, self._learned = np.inf, 0

    def add(self, start: int, length: float) -> None:
        """A distance that began at a moment, ms since 1970 UTC."""
        if len(self.newest) < NEWEST:
            self.newest.append(length)
        else:
            self.newest[self.count % NEWEST] = length
        self.count += 1
        if length > self.ordinary:
            self._remember([(start, length)])

    def add_all(self, moments: np.ndarray[Any, np.dtype[np.int64]]) -> None:
        """The distances between moments (n,) in ascending order."""
        lengths = np.diff(moments)
        for start, length in zip(moments[:-1][-NEWEST:].tolist(), lengths[-NEWEST:].tolist(), strict=True):
            self.add(start, length)
        self.refresh()
        long = np.flatnonzero(lengths > self.ordinary)[-PAUSES:]
        self._remember(zip(moments[long].tolist(), lengths[long].tolist(), strict=True))

    def _remember(self, pauses: Any) -> None:
        self.pauses = sorted({*self.pauses, *pauses})[-PAUSES:]

    def refresh(self) -> None:
        """Learns `ordinary` anew: what is allowed at any time of the day; infinite while too little is known."""
        if self.count >= FEWEST and self.count != self._learned:
            self._learned = self.count
            known = sorted(self.newest.tolist())  # a copy: points may arrive meanwhile
            n = len(known)
            usual = known[-1 - max(1, int(RARE * n))]
            factor = max(FACTOR, FACTOR_AT_FEWEST * (FEWEST / n) ** 0.5)
            self.ordinary = max(SHORTEST_MS, factor * usual)

    def allowed(self, start: int) -> float:
        """How long a quiet that begins at a moment may last; infinite while too little is known."""
        self.refresh()
        here = sorted(length for begun, length in self.pauses if apart(start, begun) <= SAME_HOUR_MS)
        often = sorted(length for begun, length in self.pauses if 0 <= start - begun <= OFTEN_MS)
        return max(
            self.ordinary,
            SAME_HOUR_FACTOR * here[-2] if len(here) > 1 else 0,
            FACTOR * often[-2] if len(often) > 1 else 0,
        )

    def to_plain(self) -> dict[str, Any]:
        """What is known as JSON values."""
        at = self.count % NEWEST if len(self.newest) == NEWEST else 0
        kept = [*self.newest[at:], *self.newest[:at]]
        return {"newest": [round(length) for length in kept], "pauses": [list(pause) for pause in self.pauses]}

    @classmethod
    def from_plain(cls, plain: Mapping[str, Any]) -> Self:
        """What gave these JSON values."""
        found = cls()
        for length in plain["newest"]:
            found.add(0, length)
        found.pauses = [(start, length) for start, length in plain["pauses"]]
        found.refresh()
        return found


def apart(one: int, other: int) -> int:
    """How far two moments lie apart by the time of day, ms."""
    return abs((one - other + DAY_MS // 2) % DAY_MS - DAY_MS // 2)


class ArrivalIntervals:
    """The distances of one stream. `least` is never more than it may be quiet: a cheap question before `allowed`."""

    def __init__(self) -> None:
        self.times, self.arrivals = Distances(), Distances()
        self.least: float = np.inf
        self._last_arrival: int | None = None
        self._span = 0
        self._refreshed = self._saved = 0

    @classmethod
    def of(cls, times: Times | None) -> Self:
        """The rhythm that the times (n,) of points show."""
        found = cls()
        if times is not None and len(times):
            found.times.add_all(np.sort(times.astype(np.int64)))
            found.refresh()
        return found

    @property
    def count(self) -> int:
        """How many distances were seen."""
        return self.times.count + self.arrivals.count

    def took(self, times: Times | None, before: int | None, present: int) -> None:
        """Points with these times (n,) arrived at the present, ms since 1970 UTC; the newest before was at `before`."""
        self.arrived(present)
        if times is not None and len(times) == 1 and before is not None:
            self._span = 0
            self.times.add(before, int(times.view(np.int64)[0]) - before)
        elif times is not None:
            moments = times.astype(np.int64)
            # The span of what is sent at once says how seldom it is sent; that of loaded history does not.
            self._span = 0 if before is None else int(moments[-1] - moments[0])
            self.times.add_all(moments if before is None else np.concatenate(([before], moments)))
        if self.count - self._refreshed >= min(max(self._refreshed // 4, 1), NEWEST // 4):
            self.refresh()

    def arrived(self, present: int) -> None:
        """Points arrived at the present, ms since 1970 UTC; late ones, too."""
        if self._last_arrival is not None:
            self.arrivals.add(self._last_arrival, present - self._last_arrival)
        self._last_arrival = present

    def allowed(self, last_time: int | None, seen: int) -> float:
        """How long the stream may be quiet, ms, after its newest point: of this time, arrived at `seen`.

        Infinite while its rhythm is not known.
        """
        by_arrival, by_time = self.arrivals.count >= FEWEST, last_time is not None and self.times.count >= FEWEST
        if not by_arrival and not by_time:
            return np.inf
        arrivals = self.arrivals.allowed(seen) if by_arrival else FACTOR * self._span
        return max(arrivals, self.times.allowed(last_time) if by_time and last_time is not None else 0.0)

    def refresh(self) -> None:
        """Learns `least` anew."""
        self._refreshed = self.count
        self.times.refresh()
        self.arrivals.refresh()
        known = [each.ordinary for each in (self.times, self.arrivals) if each.count >= FEWEST]
        self.least = max(known, default=np.inf)

    def unsaved(self) -> bool:
        """Whether it has changed enough since it was last asked this to be kept again."""
        seen = self.count + SAVE_EACH * (len(self.times.pauses) + len(self.arrivals.pauses))
        worth = self.count >= FEWEST and seen - self._saved >= min(max(self._saved, 1), SAVE_EACH)
        if worth:
            self._saved = seen
        return worth

    def to_plain(self) -> dict[str, Any]:
        """What is known as JSON values."""
        return {"times": self.times.to_plain(), "arrivals": self.arrivals.to_plain()}

    @classmethod
    def from_plain(cls, plain: Mapping[str, Any]) -> Self:
        """What gave these JSON values. The distance to the arrival before is not known: the service was away."""
        found = cls()
        found.times, found.arrivals = (Distances.from_plain(plain[name]) for name in ("times", "arrivals"))
        found.refresh()
        found.unsaved()
        return found
