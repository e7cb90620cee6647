"""The intervals between a stream's points, and how long the stream may therefore be without one.

Two kinds of intervals are observed: between the times of the points, and between their arrivals. History that is loaded
at once arrives at one moment, so its times show the intervals; a device that sends once a minute what it measured each
second shows them by its arrivals. The larger of the two limits holds.
"""

from array import array
from collections.abc import Iterable, Mapping
from typing import Any, Self

import numpy as np

from timeseries import Times

MAX_INTERVALS = 256
"""Number of intervals that a limit is computed from: the newest."""
MIN_INTERVALS = 10
"""Number of intervals below which there is no limit, so no silence."""
OUTLIER_SHARE = 0.02
"""Share of the intervals, the longest and at least one, that the limit ignores: an outage is not typical."""
FACTOR = 4.0
"""Limit ÷ the longest typical interval, where many intervals are known."""
FACTOR_AT_MIN = 10.0
"""Limit ÷ the longest typical interval, where MIN_INTERVALS are known."""
MIN_LIMIT_MS = 10_000
"""Lower bound of every limit."""
MAX_PAUSES = 64
"""Number of pauses that are stored, the newest. A pause is an interval longer than the limit was."""
SAME_HOUR_MS = 3_600_000
"""Two pauses that began within this of the same time of day make a pause at that time typical."""
SAME_HOUR_FACTOR = 1.5
"""Limit ÷ the second longest pause at the same time of day."""
RECENT_MS = 72_000_000
"""Two pauses in the last 20 hours make a pause typical at any time. One may be the night."""
DAY_MS = 86_400_000
SAVE_EVERY = 4096
"""Number of intervals after which the history is stored again, at the latest."""


class IntervalHistory:
    """The newest intervals between moments, and the pauses among them; all in ms.

    newest         the newest MAX_INTERVALS intervals, a ring buffer
    count          number of intervals observed so far
    pauses         (start, length) of the newest pauses, in order
    typical_limit  limit at any time of day; infinite below MIN_INTERVALS
    """

    def __init__(self) -> None:
        self.newest = array("f")
        self.count = 0
        self.pauses: list[tuple[int, float]] = []
        self.typical_limit = np.inf
        self._count_at_refresh = 0

    def add(self, start: int, length: float) -> None:
        """Adds an interval that began at `start`, ms since 1970 UTC."""
        if len(self.newest) < MAX_INTERVALS:
            self.newest.append(length)
        else:
            self.newest[self.count % MAX_INTERVALS] = length
        self.count += 1
        if length > self.typical_limit:
            self._add_pauses([(start, length)])

    def add_all(self, moments: np.ndarray[Any, np.dtype[np.int64]]) -> None:
        """Adds the intervals between moments (n,) in ascending order."""
        lengths = np.diff(moments)
        starts = moments[:-1]
        for start, length in zip(starts[-MAX_INTERVALS:].tolist(), lengths[-MAX_INTERVALS:].tolist(), strict=True):
            self.add(start, length)
        self.refresh()
        long = np.flatnonzero(lengths > self.typical_limit)[-MAX_PAUSES:]
        self._add_pauses(zip(starts[long].tolist(), lengths[long].tolist(), strict=True))

    def _add_pauses(self, pauses: Iterable[tuple[int, float]]) -> None:
        self.pauses = sorted({*self.pauses, *pauses})[-MAX_PAUSES:]

    def refresh(self) -> None:
        """Recomputes `typical_limit`."""
        if self.count >= MIN_INTERVALS and self.count != self._count_at_refresh:
            self._count_at_refresh = self.count
            known = sorted(self.newest.tolist())  # a copy: points may arrive meanwhile
            n = len(known)
            longest_typical = known[-1 - max(1, int(OUTLIER_SHARE * n))]
            factor = max(FACTOR, FACTOR_AT_MIN * (MIN_INTERVALS / n) ** 0.5)
            self.typical_limit = max(MIN_LIMIT_MS, factor * longest_typical)

    def limit(self, start: int) -> float:
        """Longest interval that may begin at `start` (ms since 1970 UTC), in ms; infinite below MIN_INTERVALS."""
        self.refresh()
        same_hour = sorted(
            length for begin, length in self.pauses if time_of_day_distance(start, begin) <= SAME_HOUR_MS
        )
        recent = sorted(length for begin, length in self.pauses if 0 <= start - begin <= RECENT_MS)
        return max(
            self.typical_limit,
            SAME_HOUR_FACTOR * same_hour[-2] if len(same_hour) > 1 else 0,
            FACTOR * recent[-2] if len(recent) > 1 else 0,
        )

    def to_json(self) -> dict[str, Any]:
        """The state as JSON values."""
        oldest = self.count % MAX_INTERVALS if len(self.newest) == MAX_INTERVALS else 0
        in_order = [*self.newest[oldest:], *self.newest[:oldest]]
        return {"newest": [round(length) for length in in_order], "pauses": [list(pause) for pause in self.pauses]}

    @classmethod
    def from_json(cls, state: Mapping[str, Any]) -> Self:
        """The history that `to_json` was called on."""
        history = cls()
        for length in state["newest"]:
            history.add(0, length)
        history.pauses = [(start, length) for start, length in state["pauses"]]
        history.refresh()
        return history


def time_of_day_distance(one: int, other: int) -> int:
    """Distance of two moments by their time of day, ms."""
    return abs((one - other + DAY_MS // 2) % DAY_MS - DAY_MS // 2)


class ArrivalIntervals:
    """The intervals of one stream.

    min_limit  never more than `limit`, in ms: compare with it first, since `limit` takes longer
    """

    def __init__(self) -> None:
        self.times = IntervalHistory()
        self.arrivals = IntervalHistory()
        self.min_limit: float = np.inf
        self._last_arrival: int | None = None
        self._batch_span = 0
        self._count_at_refresh = 0
        self._count_at_save = 0

    @classmethod
    def from_times(cls, times: Times | None) -> Self:
        """The intervals between the times (n,) of points."""
        intervals = cls()
        if times is not None and len(times):
            intervals.times.add_all(np.sort(times.astype(np.int64)))
            intervals.refresh()
        return intervals

    @property
    def count(self) -> int:
        """Number of intervals observed."""
        return self.times.count + self.arrivals.count

    def observe_points(self, times: Times | None, last_time: int | None, now: int) -> None:
        """Adds points with these times (n,) that arrived `now`.

        last_time  of the newest point before them, None where there is none; both ms since 1970 UTC
        """
        self.observe_arrival(now)
        if times is not None and len(times) == 1 and last_time is not None:
            self._batch_span = 0
            self.times.add(last_time, int(times.view(np.int64)[0]) - last_time)
        elif times is not None:
            moments = times.astype(np.int64)
            # The span of a batch shows how often batches are sent; that of loaded history does not.
            self._batch_span = 0 if last_time is None else int(moments[-1] - moments[0])
            self.times.add_all(moments if last_time is None else np.concatenate(([last_time], moments)))
        if self.count - self._count_at_refresh >= min(max(self._count_at_refresh // 4, 1), MAX_INTERVALS // 4):
            self.refresh()

    def observe_arrival(self, now: int) -> None:
        """Adds an arrival of points, late ones too, at `now`, ms since 1970 UTC."""
        if self._last_arrival is not None:
            self.arrivals.add(self._last_arrival, now - self._last_arrival)
        self._last_arrival = now

    def limit(self, last_time: int | None, last_arrival: int) -> float:
        """How long the stream may be without a point after its newest one, ms; infinite while that is not known.

        last_time     of the newest point; None where points are counted
        last_arrival  when it arrived; both ms since 1970 UTC
        """
        by_arrival = self.arrivals.count >= MIN_INTERVALS
        by_time = last_time is not None and self.times.count >= MIN_INTERVALS
        if not by_arrival and not by_time:
            return np.inf
        arrival_limit = self.arrivals.limit(last_arrival) if by_arrival else FACTOR * self._batch_span
        time_limit = self.times.limit(last_time) if by_time and last_time is not None else 0.0
        return max(arrival_limit, time_limit)

    def refresh(self) -> None:
        """Recomputes `min_limit`."""
        self._count_at_refresh = self.count
        self.times.refresh()
        self.arrivals.refresh()
        limits = [each.typical_limit for each in (self.times, self.arrivals) if each.count >= MIN_INTERVALS]
        self.min_limit = max(limits, default=np.inf)

    def take_unsaved(self) -> bool:
        """Whether it changed so much since the last call that returned True that it must be stored again."""
        count = self.count + SAVE_EVERY * (len(self.times.pauses) + len(self.arrivals.pauses))
        growth = count - self._count_at_save
        unsaved = self.count >= MIN_INTERVALS and growth >= min(max(self._count_at_save, 1), SAVE_EVERY)
        if unsaved:
            self._count_at_save = count
        return unsaved

    def to_json(self) -> dict[str, Any]:
        """The state as JSON values."""
        return {"times": self.times.to_json(), "arrivals": self.arrivals.to_json()}

    @classmethod
    def from_json(cls, state: Mapping[str, Any]) -> Self:
        """The intervals that `to_json` was called on; the last arrival is not stored, since the service was away."""
        intervals = cls()
        intervals.times = IntervalHistory.from_json(state["times"])
        intervals.arrivals = IntervalHistory.from_json(state["arrivals"])
        intervals.refresh()
        intervals.take_unsaved()
        return intervals
