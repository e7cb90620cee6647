"""The demo stream: it always exists and never ends. Its points are not stored but computed and scored when read."""

import threading
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from anomaly_detection import Detector
from data_generation import STREAM_STEP_MS, stream_values
from detectors import find_detector
from events.scored_points import ScoredPoints, concatenate
from store import Stream
from streams.registry import NO_POINTS
from streams.stream_state import FALLBACK, last_scored, merge_gap, points_since_anomaly
from timeseries import Series

NAME = "demo"
STEP_MS = STREAM_STEP_MS
CACHED_POINTS = 6000
"""Number of scored points in memory, ten minutes: every page polls the newest."""

TRAINING_POINTS = 6000
"""Number of points that its detector is fitted on."""


class Demo:
    """Points of `data_generation.stream_values`; the cursor of a point is its number, time ÷ 100 ms.

    clock  the present, seconds since 1970 UTC
    """

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._detector: Detector | None = None
        self._name = FALLBACK
        self._newest: ScoredPoints | None = None

    @property
    def cursor(self) -> int:
        """The cursor of the newest point."""
        return int(self._clock() * 1000) // STEP_MS

    def training_data(self) -> Series:
        """The newest points, for the fit of its detector, those of injected faults missing."""
        cursor = self.cursor
        times = _times(cursor - TRAINING_POINTS, cursor)
        values, _, labels = stream_values(times)
        return Series(times.astype("datetime64[ms]"), np.where(labels, np.nan, values), NAME)

    def adopt(self, name: str, detector: Detector) -> None:
        """Scores with this detector from the next point on."""
        with self._lock:
            self._detector = detector
            self._name = name

    def status(self, cursor: int, stream: Stream) -> str:
        """warming_up, anomalous or normal."""
        if self._detector is None:
            return "warming_up"
        gap = merge_gap(stream)
        since = points_since_anomaly(self.read(cursor - gap - 1, cursor).is_anomaly)
        return "anomalous" if since <= gap else "normal"

    def read(self, after: int, cursor: int) -> ScoredPoints:
        """The points after a cursor up to another."""
        with self._lock:
            newest = self._read_newest(cursor)
        start = newest.cursor - len(newest)
        if after >= start:
            return newest.part(after - start, cursor - start)
        older = self._score(after, min(cursor, start))
        return older if cursor <= start else concatenate((older, newest.part(0, cursor - start)))

    def _read_newest(self, cursor: int) -> ScoredPoints:
        """The cached points, extended to the cursor."""
        cached = self._newest
        if cached is None or not cached.cursor - CACHED_POINTS <= cursor <= cached.cursor + CACHED_POINTS:
            cached = self._score(cursor - CACHED_POINTS, cursor)
        elif cursor > cached.cursor:
            cached = concatenate((cached, self._score(cached.cursor, cursor)))
            cached = cached.part(len(cached) - CACHED_POINTS, len(cached))
        self._newest = cached
        return cached

    def _score(self, after: int, cursor: int) -> ScoredPoints:
        detector = self._detector or find_detector(FALLBACK).fit(NO_POINTS)
        times = _times(after - detector.memory, cursor)
        series = Series(times.astype("datetime64[ms]"), stream_values(times)[0], NAME)
        return last_scored(detector.detect(series), cursor - after, self._name, cursor)


def _times(after: int, cursor: int) -> NDArray[np.int64]:
    return np.arange(after + 1, cursor + 1) * STREAM_STEP_MS
