"""What came of detections that are done: windows of their points, another sigma, how many events each would give."""

import threading
from bisect import bisect
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from anomaly_detection import Detection
from detectors import find_detector
from errors import BadInput, NotFound, StaleState
from evaluation.rethresholding import rethreshold
from evaluation.threshold_curve import CurvePoint, ThresholdCurve
from events.event import Event
from events.filter import read_event_filter
from jobs.serialization import from_columns, same_judgement, summarize
from readers.positions import read_interval
from store import Dataset, DatasetStore, DetectionRecord, Detections, StreamStore
from timeseries.downsampling import downsample

MOST_POINTS = 2_000_000
"""Points of detections that are held in memory, the last used: some 100 bytes each. One is held in any case."""


class NotDone(BadInput):
    """A detection that has no result, or none yet."""

    code = "not_done"


@dataclass(frozen=True)
class Window:
    """Points `start` to `stop` (half open positions) of a detection, of which those at `positions` are told."""

    detection: Detection
    start: int
    stop: int
    positions: NDArray[np.int64]


@dataclass(frozen=True)
class Held:
    """A detection in memory: as it was fitted, and as it is judged now."""

    asked: DetectionRecord
    fitted: Detection
    present: Detection


class Results:
    """Results are read from the store when they are asked for; of the last few, the columns stay in memory."""

    def __init__(self, store: StreamStore) -> None:
        self._archive, self._detections = DatasetStore(store.database), Detections(store.database)
        self._held: OrderedDict[str, Held] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, detection_id: str, *, events: bool = True) -> DetectionRecord:
        """A detection, done or not; without its events it is quickly read. Raises NotFound."""
        asked = self._detections.get(detection_id, events=events)
        if asked is None:
            raise NotFound(f"There is no detection {detection_id!r}.", name=detection_id)
        return asked

    def of_series(self, series_id: str) -> list[DetectionRecord]:
        """The detections of a series without their events, the newest first."""
        return self._detections.of_dataset(series_id)

    def detection(self, asked: DetectionRecord) -> Detection:
        """The judgement of every point. Raises NotDone, NotFound."""
        return self._hold(asked).present

    def series(self, series_id: str) -> Dataset:
        """A series, without its points. Raises NotFound."""
        kept = self._archive.get(series_id)
        if kept is None:
            raise NotFound(f"There is no series {series_id!r}.", name=series_id)
        return kept

    def window(self, asked: DetectionRecord, begin: str | None, end: str | None, buckets: int) -> Window:
        """At most 2 · `buckets` of the points from `begin` up to `end`, the peak of each event among them. Raises
        NotDone, NotFound, BadParameter."""
        detection = self.detection(asked)
        start, stop = read_interval(begin, end, detection.series.times, len(detection.series))
        some = slice(start, stop)
        times = detection.series.times
        positions = downsample(
            detection.series.values[some],
            None if times is None else times[some],
            buckets=buckets,
            flagged=detection.is_anomaly[some],
            score=detection.score[some],
        )
        return Window(detection, start, stop, positions + start)

    def events(self, asked: DetectionRecord, after: int, limit: int) -> tuple[list[Event], int | None]:
        """At most `limit` of the events, those that start after a position, and the position after which the next ones
        start; None where these are the last. Raises NotDone, NotFound."""
        detection = self.detection(asked)
        first = bisect(detection.intervals, after, key=lambda interval: interval[0])
        some = detection.intervals[first : first + limit]
        more = first + limit < len(detection.intervals)
        return detection.events_at(some), some[-1][0] if more else None

    def rejudge(
        self, asked: DetectionRecord, params: Mapping[str, Any], counting: Mapping[str, Any]
    ) -> DetectionRecord:
        """Judges again from the kept scores and keeps that. Raises NotDone, NotFound, UnknownName, BadParameter."""
        held = self._hold(asked)
        assert asked.summary is not None
        given = {**asked.params, **params}
        present = rethreshold(
            find_detector(asked.detector), held.fitted, given, read_event_filter(counting, held.present.event_filter)
        )
        told = summarize(present, asked.summary.statistics["seconds"])
        changed = self._detections.replace_summary(asked, present.params, vars(present.event_filter), told)
        if changed is None:
            raise NotFound(f"There is no detection {asked.id!r} any more.", name=asked.id)
        self._keep(Held(changed, held.fitted, present))
        return changed

    def sensitivity(
        self, asked: DetectionRecord, per_month: float | None
    ) -> tuple[str, list[CurvePoint], CurvePoint | None]:
        """The name of the parameter, its curve, and the curve point with at most so many events a month."""
        held = self._hold(asked)
        labels = self._archive.labels(asked.dataset_id)
        known = np.zeros(len(held.present.series), np.bool_)
        for each in labels:
            known[each.start : each.stop] = each.kind == "anomaly"
        sensitivity = ThresholdCurve(find_detector(asked.detector), held.present, stretches(known))
        curve = sensitivity.curve()
        events = None if per_month is None else sensitivity.events_in_series(per_month)
        return sensitivity.name, curve, None if events is None else sensitivity.target(events, curve)

    def _hold(self, asked: DetectionRecord) -> Held:
        if asked.status != "done":
            said = f"This detection is {asked.status}; it has no result{' yet' if asked.finished is None else ''}."
            raise NotDone(said, status=asked.status)
        with self._lock:
            held = self._held.get(asked.id)
            if held and same_judgement(held.asked, asked):
                self._held.move_to_end(asked.id)
                return held
        fitted = held.fitted if held else self._read(asked)
        present = rethreshold(
            find_detector(asked.detector), fitted, asked.params, read_event_filter(asked.event_filter)
        )
        return self._keep(Held(asked, fitted, present))

    def _keep(self, held: Held) -> Held:
        with self._lock:
            self._held[held.asked.id] = held
            self._held.move_to_end(held.asked.id)
            while len(self._held) > 1 and sum(len(each.fitted.series) for each in self._held.values()) > MOST_POINTS:
                self._held.popitem(last=False)
        return held

    def _read(self, asked: DetectionRecord) -> Detection:
        kept, state = self._archive.get(asked.dataset_id), self._detections.state(asked.id)
        if kept is None or state is None:
            raise NotFound(f"There is no detection {asked.id!r} any more.", name=asked.id)
        series, columns = self._archive.series(kept, asked.column), self._detections.columns(asked.id)
        try:
            return from_columns(find_detector(asked.detector), series, columns, state)
        except StaleState as error:
            message = "Another version of the program saved this detection; delete it and make it again."
            raise NotDone(message, status="stale") from error


def stretches(flags: NDArray[np.bool_]) -> list[tuple[int, int]]:
    """The runs of true values, half open."""
    edges = np.flatnonzero(np.diff(flags, prepend=False, append=False))
    return list(zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True))
