"""One piece of work: reads a series, fits, judges, keeps what came of it."""

import time
from collections.abc import Callable
from typing import Any

import numpy as np

from anomaly_detection import Detection
from detectors import find_detector
from errors import BadInput, LimitExceeded
from jobs.serialization import mask_labelled_anomalies, merge_labelled, summarize, to_columns
from store import Database, DatasetStore, DetectionRecord, Detections, Label, LeaseLost
from timeseries import Series

Report = Callable[[str, float], None]
"""Called with a stage (read, fit, detect, save) and the share of it all that is done; may raise Cancelled."""

SHARES = {"read": (0.0, 0.02), "fit": (0.02, 0.7), "detect": (0.7, 0.95), "save": (0.95, 1.0)}
"""From where to where a stage takes the work."""


class Task:
    """Does one detection after another. `most_bytes` is what all that is kept may take."""

    def __init__(self, database: Database, most_bytes: int) -> None:
        self._archive, self._detections = DatasetStore(database), Detections(database)
        self._most_bytes = most_bytes

    def do(self, asked: DetectionRecord, report: Report) -> None:
        """Works on a detection to its end. Raises BadInput for what its author can change, Lost where it is not to be
        worked on any more, and what the report raises."""

        def told(stage: str, fraction: float) -> None:
            first, last = SHARES[stage]
            report(stage, first + (last - first) * min(max(fraction, 0.0), 1.0))

        told("read", 0.0)
        began = time.perf_counter()
        series, labels = self._read(asked)
        seconds = {"read": time.perf_counter() - began}
        detection = judged(asked, series, labels, told, seconds)
        told("save", 0.0)
        columns, state = to_columns(detection)
        self._check_room(sum(column.nbytes for column in columns.values()))
        self._detections.finish(asked, columns, state, summarize(detection, seconds), time.time_ns() // 1_000_000)

    def _read(self, asked: DetectionRecord) -> tuple[Series, list[Label]]:
        kept = self._archive.get(asked.dataset_id)
        if kept is None:
            raise LeaseLost("the series was deleted")
        series = self._archive.series(kept, asked.column)
        if len(series) != kept.points:
            raise LeaseLost("the series was deleted while it was read")
        return series, self._archive.labels(asked.dataset_id)

    def _check_room(self, size: int) -> None:
        taken, most = self._archive.used_bytes(), self._most_bytes
        if taken + size > most:
            said = (
                f"All series and detections that are kept may take {most} bytes; {taken} are taken and this detection "
                f"needs {size}. Delete some, or raise the limit."
            )
            raise LimitExceeded(said, limit=most, setting="max_dataset_bytes")


def judged(
    asked: DetectionRecord, series: Series, labels: list[Label], told: Report, seconds: dict[str, float]
) -> Detection:
    """The detection, and the seconds it took; the same as POST /api/v1/detect where there are no labels."""
    detector, learned = find_detector(asked.detector), mask_labelled_anomalies(series, labels)
    began = time.perf_counter()
    fitted = detector.fit(learned, progress=told, **asked.params)
    seconds["fit"] = time.perf_counter() - began
    began = time.perf_counter()
    detection = fitted.detect_offline(series, progress=told)
    if learned is not series:
        hidden = np.isnan(learned.values) & ~np.isnan(series.values)
        detection = merge_labelled(fitted.detect_offline(learned, progress=told), detection, hidden)
    seconds["detect"] = time.perf_counter() - began
    return detection


def failure(error: Exception) -> dict[str, Any]:
    """An error as it is kept: code, message, detail."""
    if isinstance(error, BadInput):
        return {"code": error.code, "message": error.message, "detail": dict(error.detail)}
    if isinstance(error, MemoryError):
        said = "There is not enough memory for this detection; take a simpler detector or a shorter series."
        return {"code": "out_of_memory", "message": said, "detail": {}}
    said = "Something went wrong in the service; its log says what."
    return {"code": "internal_error", "message": said, "detail": {}}
