"""The demo stream: always there, never ending, stored nowhere; computed and judged when it is read."""

import threading

import numpy as np
from numpy.typing import NDArray

from anomaly_detection import DEFAULT_MERGE_GAP, Detector
from data_generation import STREAM_STEP_MS, stream_values
from events.scored_points import ScoredPoints, concatenate
from store import Stream
from streams.registry import NO_POINTS, find
from streams.stream_state import EARLY, calm_since, last
from timeseries import Series

NAME = "demo"
STEP_MS = STREAM_STEP_MS
KEPT = 6000
"""Judged points held in memory, ten minutes: every page asks for the newest."""

HISTORY = 6000
"""Points that its detector learns from."""


class Demo:
    """Points of `data_generation.stream_values`; the cursor of a point is its number, time ÷ 100 ms."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._detector: Detector | None = None
        self._name = EARLY
        self._newest: ScoredPoints | None = None

    def history(self, cursor: int) -> Series:
        """What its detector learns from: the points up to a cursor, those within planted faults missing."""
        times = _times(cursor - HISTORY, cursor)
        values, _, labels = stream_values(times)
        return Series(times.astype("datetime64[ms]"), np.where(labels, np.nan, values), NAME)

    def adopt(self, name: str, detector: Detector) -> None:
        """Judges with this detector from the next point on."""
        with self._lock:
            self._detector, self._name = detector, name

    def state(self, cursor: int, stream: Stream) -> str:
        """warming_up, anomalous or normal."""
        if self._detector is None:
            return "warming_up"
        merge_gap = int(stream.params.get("merge_gap", DEFAULT_MERGE_GAP))
        return (
            "anomalous" if calm_since(self.read(cursor - merge_gap - 1, cursor).is_anomaly) <= merge_gap else "normal"
        )

    def read(self, after: int, cursor: int) -> ScoredPoints:
        """The points after a cursor up to another."""
        with self._lock:
            newest = self._held(cursor)
        start = newest.cursor - len(newest)
        if after >= start:
            return newest.part(after - start, cursor - start)
        older = self._judged(after, min(cursor, start))
        return older if cursor <= start else concatenate((older, newest.part(0, cursor - start)))

    def _held(self, cursor: int) -> ScoredPoints:
        """The newest points, made to reach up to the cursor at least."""
        held = self._newest
        if held is None or not held.cursor - KEPT <= cursor <= held.cursor + KEPT:
            held = self._judged(cursor - KEPT, cursor)
        elif cursor > held.cursor:
            held = concatenate((held, self._judged(held.cursor, cursor)))
            held = held.part(len(held) - KEPT, len(held))
        self._newest = held
        return held

    def _judged(self, after: int, cursor: int) -> ScoredPoints:
        detector = self._detector or find(EARLY).fit(NO_POINTS)
        times = _times(after - detector.memory, cursor)
        series = Series(times.astype("datetime64[ms]"), stream_values(times)[0], NAME)
        return last(detector.detect(series), cursor - after, self._name, cursor)


def _times(after: int, cursor: int) -> NDArray[np.int64]:
    return np.arange(after + 1, cursor + 1) * STREAM_STEP_MS
