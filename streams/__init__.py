"""Series that still grow: each point is judged as it arrives, kept, and read after a cursor."""

from judged import Judged
from streams.arrival import AHEAD_MS
from streams.events import Happening, Seen, since
from streams.readings import Reading, Readings, Tally, Work
from streams.streams import StreamInfo, Streams
from streams.writer import NotKept

__all__ = [
    "AHEAD_MS",
    "Happening",
    "Judged",
    "NotKept",
    "Reading",
    "Readings",
    "Seen",
    "StreamInfo",
    "Streams",
    "Tally",
    "Work",
    "since",
]
