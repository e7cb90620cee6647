"""Results of done detections: intervals of their points, events, rethresholding, the threshold curve."""

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
from jobs.serialization import from_columns, has_same_result, summarize
from readers.positions import read_interval
from store import Dataset, DatasetStore, DetectionRecord, Detections, StreamStore, labelled_anomalous
from timeseries.downsampling import downsample
from timeseries.intervals import runs

MAX_CACHED_POINTS = 2_000_000
"""Points of detections in memory, recently used ones, some 100 bytes each. One detection is cached in any case."""


class NotDone(BadInput):
    """The detection has no result, or none yet."""

    code = "not_done"


@dataclass(frozen=True)
class PointRange:
    """The half-open interval start to stop of a detection; `positions` (k,) are those left by downsampling."""

    detection: Detection
    start: int
    stop: int
    positions: NDArray[np.int64]


@dataclass(frozen=True)
class CachedResult:
    """A detection in memory: as its fit left it, and with the record's present params and event filter."""

    record: DetectionRecord
    fitted: Detection
    present: Detection


class Results:
    """Reads results from the store; those used recently stay in memory."""

    def __init__(self, store: StreamStore) -> None:
        self._datasets = DatasetStore(store.database)
        self._detections = Detections(store.database)
        self._cache: OrderedDict[str, CachedResult] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, detection_id: str, *, events: bool = True) -> DetectionRecord:
        """A detection, done or not; faster without its events. Raises NotFound."""
        record = self._detections.get(detection_id, events=events)
        if record is None:
            raise NotFound(f"There is no detection {detection_id!r}.", name=detection_id)
        return record

    def of_dataset(self, dataset_id: str) -> list[DetectionRecord]:
        """The detections of a dataset without their events, newest first."""
        return self._detections.of_dataset(dataset_id)

    def detection(self, record: DetectionRecord) -> Detection:
        """The result for every point. Raises NotDone, NotFound."""
        return self._load(record).present

    def dataset(self, dataset_id: str) -> Dataset:
        """A dataset, without its points. Raises NotFound."""
        dataset = self._datasets.get(dataset_id)
        if dataset is None:
            raise NotFound(f"There is no dataset {dataset_id!r}.", name=dataset_id)
        return dataset

    def window(self, record: DetectionRecord, start: str | None, stop: str | None, buckets: int) -> PointRange:
        """The points from `start` up to `stop`, downsampled to at most 2 · `buckets`, the peak of each event included.

        `start` and `stop` are positions or times; None is the end. Raises NotDone, NotFound, BadParameter.
        """
        detection = self.detection(record)
        times = detection.series.times
        first, last = read_interval(start, stop, times, len(detection.series))
        part = slice(first, last)
        positions = downsample(
            detection.series.values[part],
            None if times is None else times[part],
            buckets=buckets,
            flagged=detection.is_anomaly[part],
            score=detection.score[part],
        )
        return PointRange(detection, first, last, positions + first)

    def events(self, record: DetectionRecord, after: int, limit: int) -> tuple[list[Event], int | None]:
        """At most `limit` of the events that start after a position, and the `after` of the next ones; None: no more.

        Raises NotDone, NotFound.
        """
        detection = self.detection(record)
        first = bisect(detection.intervals, after, key=lambda interval: interval[0])
        page = detection.intervals[first : first + limit]
        has_more = first + limit < len(detection.intervals)
        return detection.events_at(page), page[-1][0] if has_more else None

    def rethreshold(
        self, record: DetectionRecord, params: Mapping[str, Any], event_filter: Mapping[str, Any]
    ) -> DetectionRecord:
        """Change some parameters and fields of the event filter without a new fit, and store the new summary.

        Raises NotDone, NotFound, UnknownName, BadParameter.
        """
        cached = self._load(record)
        assert record.summary is not None
        present = rethreshold(
            find_detector(record.detector),
            cached.fitted,
            {**record.params, **params},
            read_event_filter(event_filter, cached.present.event_filter),
        )
        summary = summarize(present, record.summary.statistics["seconds"])
        changed = self._detections.replace_summary(record, present.params, vars(present.event_filter), summary)
        if changed is None:
            raise NotFound(f"There is no detection {record.id!r} any more.", name=record.id)
        self._insert(CachedResult(changed, cached.fitted, present))
        return changed

    def threshold_curve(
        self, record: DetectionRecord, per_month: float | None
    ) -> tuple[str, list[CurvePoint], CurvePoint | None]:
        """The name of the parameter, its curve, and the first point with at most `per_month` events a month.

        Raises NotDone, NotFound.
        """
        detection = self.detection(record)
        anomalous = labelled_anomalous(self._datasets.labels(record.dataset_id), len(detection.series))
        threshold_curve = ThresholdCurve(find_detector(record.detector), detection, runs(anomalous))
        curve = threshold_curve.curve()
        events = None if per_month is None else threshold_curve.events_in_series(per_month)
        return threshold_curve.name, curve, None if events is None else threshold_curve.target(events, curve)

    def _load(self, record: DetectionRecord) -> CachedResult:
        if record.status != "done":
            message = f"This detection is {record.status}; it has no result{' yet' if record.finished is None else ''}."
            raise NotDone(message, status=record.status)
        with self._lock:
            cached = self._cache.get(record.id)
            if cached and has_same_result(cached.record, record):
                self._cache.move_to_end(record.id)
                return cached
        fitted = cached.fitted if cached else self._read(record)
        event_filter = read_event_filter(record.event_filter)
        present = rethreshold(find_detector(record.detector), fitted, record.params, event_filter)
        return self._insert(CachedResult(record, fitted, present))

    def _insert(self, result: CachedResult) -> CachedResult:
        with self._lock:
            self._cache[result.record.id] = result
            self._cache.move_to_end(result.record.id)
            while len(self._cache) > 1 and self._cached_points() > MAX_CACHED_POINTS:
                self._cache.popitem(last=False)
        return result

    def _cached_points(self) -> int:
        return sum(len(cached.fitted.series) for cached in self._cache.values())

    def _read(self, record: DetectionRecord) -> Detection:
        dataset = self._datasets.get(record.dataset_id)
        state = self._detections.state(record.id)
        if dataset is None or state is None:
            raise NotFound(f"There is no detection {record.id!r} any more.", name=record.id)
        series = self._datasets.series(dataset, record.column)
        columns = self._detections.columns(record.id)
        try:
            return from_columns(find_detector(record.detector), series, columns, state)
        except StaleState as error:
            message = "Another version of the program saved this detection; delete it and make it again."
            raise NotDone(message, status="stale") from error
