"""What is kept on disk, in SQL: streams, their points, what their detectors learned; uploaded series."""

from store.database import BUSY_MS, CannotOpen, Database, NoRoom, Unavailable
from store.datasets import Archive, Kept
from store.detections import MOST_OF_SERIES, Asked, Detections, Lost, Verdict
from store.labels import Label, Labels
from store.log_throttle import Complaints
from store.outbox import STATUSES, Message, Outbox, Step, Watch
from store.retention import Ages
from store.silences import Pending, Silence, Silences
from store.streams import Append, Fitted, Store, Stream
from store.tables import LONGEST_NAME

__all__ = [
    "BUSY_MS",
    "LONGEST_NAME",
    "MOST_OF_SERIES",
    "STATUSES",
    "Ages",
    "Append",
    "Archive",
    "Asked",
    "CannotOpen",
    "Complaints",
    "Database",
    "Detections",
    "Fitted",
    "Kept",
    "Label",
    "Labels",
    "Lost",
    "Message",
    "NoRoom",
    "Outbox",
    "Pending",
    "Silence",
    "Silences",
    "Step",
    "Store",
    "Stream",
    "Unavailable",
    "Verdict",
    "Watch",
]
