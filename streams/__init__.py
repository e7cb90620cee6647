"""Series that still grow: each point is judged as it arrives, kept, and read after a cursor."""

from judged import Judged
from streams.aging import SAME, Same
from streams.arrival import AHEAD_MS
from streams.events import Happening, Seen, since
from streams.readings import Reading, Readings, Tally, Work
from streams.streams import Streams
from streams.told import StreamInfo
from streams.writer import NotKept

__all__ = [
    "AHEAD_MS",
    "SAME",
    "Happening",
    "Judged",
    "NotKept",
    "Reading",
    "Readings",
    "Same",
    "Seen",
    "StreamInfo",
    "Streams",
    "Tally",
    "Work",
    "since",
]
