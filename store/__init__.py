"""What is kept on disk, in SQL: streams, their points, what their detectors learned; uploaded series."""

from store.database import BUSY_MS, CannotOpen, Database, NoRoom, Unavailable
from store.datasets import Dataset, DatasetStore
from store.detections import MOST_OF_SERIES, DetectionRecord, Detections, DetectionSummary, LeaseLost
from store.labels import Label, Labels
from store.log_throttle import ThrottledLogger
from store.outbox import STATUSES, Message, Outbox, Step, Watch
from store.retention import RetentionStore
from store.silences import Pending, Silence, Silences
from store.streams import Append, Fitted, Store, Stream
from store.tables import LONGEST_NAME

__all__ = [
    "BUSY_MS",
    "LONGEST_NAME",
    "MOST_OF_SERIES",
    "STATUSES",
    "Append",
    "CannotOpen",
    "Database",
    "Dataset",
    "DatasetStore",
    "DetectionRecord",
    "DetectionSummary",
    "Detections",
    "Fitted",
    "Label",
    "Labels",
    "LeaseLost",
    "Message",
    "NoRoom",
    "Outbox",
    "Pending",
    "RetentionStore",
    "Silence",
    "Silences",
    "Step",
    "Store",
    "Stream",
    "ThrottledLogger",
    "Unavailable",
    "Watch",
]
