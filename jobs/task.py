"""One task of the worker: read a column, detect, store the result."""

import time
from typing import Any

from anomaly_detection import ProgressCallback, detect
from detectors import find_detector
from errors import BadInput, LimitExceeded
from evaluation.rethresholding import rethreshold
from events.filter import read_event_filter
from jobs.serialization import summarize, to_columns
from jobs.stopwatch import Stopwatch
from store import Database, DatasetStore, DetectionRecord, Detections, Label, LeaseLost, labelled_anomalous
from timeseries import Series

STAGE_FRACTIONS = {"read": (0.0, 0.02), "fit": (0.02, 0.7), "detect": (0.7, 0.95), "save": (0.95, 1.0)}
"""By stage the fractions of the task at its start and at its end."""


class Task:
    """Runs one detection after another. `max_bytes`: disk space of all datasets and detections."""

    def __init__(self, database: Database, max_bytes: int) -> None:
        self._datasets = DatasetStore(database)
        self._detections = Detections(database)
        self._max_bytes = max_bytes

    def run(self, record: DetectionRecord, report: ProgressCallback) -> None:
        """Run a detection to its end.

        `report` is called with the stage (read, fit, detect, save) and the fraction of the task that is done. Raises
        BadInput for what the user can change, LeaseLost where the detection is not to be run any more, and what
        `report` raises.
        """

        def progress(stage: str, fraction: float) -> None:
            first, last = STAGE_FRACTIONS[stage]
            report(stage, first + (last - first) * min(max(fraction, 0.0), 1.0))

        stopwatch = Stopwatch()
        progress("read", 0.0)
        with stopwatch("read"):
            series, labels = self._read(record)
        detector = find_detector(record.detector)
        anomalous = labelled_anomalous(labels, len(series))
        detection = detect(series, detector, record.params, anomalous, progress=progress, timer=stopwatch)
        progress("save", 0.0)
        columns, state = to_columns(detection)
        self._check_size(sum(column.nbytes for column in columns.values()))
        if record.event_filter:  # an upgrade of the database queued it again
            detection = rethreshold(detector, detection, {}, read_event_filter(record.event_filter))
        summary = summarize(detection, stopwatch.seconds)
        self._detections.finish(record, columns, state, summary, time.time_ns() // 1_000_000)

    def _read(self, record: DetectionRecord) -> tuple[Series, list[Label]]:
        dataset = self._datasets.get(record.dataset_id)
        if dataset is None:
            raise LeaseLost("the dataset was deleted")
        series = self._datasets.series(dataset, record.column)
        if len(series) != dataset.points:
            raise LeaseLost("the dataset was deleted while it was read")
        return series, self._datasets.labels(record.dataset_id)

    def _check_size(self, size: int) -> None:
        used = self._datasets.used_bytes()
        if used + size > self._max_bytes:
            message = (
                f"All datasets and detections together may take {self._max_bytes} bytes; {used} are used and this "
                f"detection needs {size}. Delete some, or raise the limit."
            )
            raise LimitExceeded(message, limit=self._max_bytes, setting="max_dataset_bytes")


def failure(error: Exception) -> dict[str, Any]:
    """An error as it is stored: code, message, detail."""
    if isinstance(error, BadInput):
        return {"code": error.code, "message": error.message, "detail": dict(error.detail)}
    if isinstance(error, MemoryError):
        message = "The memory does not suffice for this detection; use a simpler detector or a shorter series."
        return {"code": "out_of_memory", "message": message, "detail": {}}
    message = "Something went wrong in the service; its log has the details."
    return {"code": "internal_error", "message": message, "detail": {}}
