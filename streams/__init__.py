"""Series that still grow: each point is judged as it arrives, kept, and read after a cursor."""

from events.scored_points import ScoredPoints
from streams.events import EventCursor, StreamEvent, changed_since
from streams.ingest import AHEAD_MS
from streams.retention import SAME, Same
from streams.snapshot import Reading, Readings, Tally, Work
from streams.stream_info import StreamInfo
from streams.streams import Streams
from streams.writer import NotKept

__all__ = [
    "AHEAD_MS",
    "SAME",
    "EventCursor",
    "NotKept",
    "Reading",
    "Readings",
    "Same",
    "ScoredPoints",
    "StreamEvent",
    "StreamInfo",
    "Streams",
    "Tally",
    "Work",
    "changed_since",
]
