"""Growing series: each point is scored as it arrives, stored, and read after a cursor."""

from events.scored_points import ScoredPoints
from streams.events import EventCursor, StreamEvent, changed_since
from streams.ingest import MAX_AHEAD_MS
from streams.retention import UNCHANGED, Unchanged
from streams.snapshot import StreamSnapshot, StreamsSnapshot, Tally, Work
from streams.stream_info import StreamInfo
from streams.streams import Streams
from streams.writer import WriteFailed

__all__ = [
    "MAX_AHEAD_MS",
    "UNCHANGED",
    "EventCursor",
    "ScoredPoints",
    "StreamEvent",
    "StreamInfo",
    "StreamSnapshot",
    "Streams",
    "StreamsSnapshot",
    "Tally",
    "Unchanged",
    "Work",
    "WriteFailed",
    "changed_since",
]
