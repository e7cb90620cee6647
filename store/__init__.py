"""SQL storage: streams and their points, fitted detectors, datasets, detections, alerts."""

from store.database import BUSY_MS, CannotOpen, Database, DiskFull, Unavailable
from store.datasets import Dataset, DatasetStore
from store.detections import MAX_DETECTIONS_PER_DATASET, DetectionRecord, Detections, DetectionSummary, LeaseLost
from store.labels import Label, Labels, labelled_anomalous
from store.log_throttle import ThrottledLogger
from store.outbox import STATUSES, Message, Outbox, Step, WatchedStream
from store.retention import RetentionStore
from store.silences import PendingSilence, Silence, Silences
from store.stream_tables import MAX_NAME_LENGTH
from store.streams import AppendedPoints, SavedFit, Stream, StreamStore

__all__ = [
    "BUSY_MS",
    "MAX_DETECTIONS_PER_DATASET",
    "MAX_NAME_LENGTH",
    "STATUSES",
    "AppendedPoints",
    "CannotOpen",
    "Database",
    "Dataset",
    "DatasetStore",
    "DetectionRecord",
    "DetectionSummary",
    "Detections",
    "DiskFull",
    "Label",
    "Labels",
    "LeaseLost",
    "Message",
    "Outbox",
    "PendingSilence",
    "RetentionStore",
    "SavedFit",
    "Silence",
    "Silences",
    "Step",
    "Stream",
    "StreamStore",
    "ThrottledLogger",
    "Unavailable",
    "WatchedStream",
    "labelled_anomalous",
]
