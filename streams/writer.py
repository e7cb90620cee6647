"""One thread writes for all streams: what arrives while it commits goes into its next commit (group commit)."""

import logging
import queue
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import dataclass, field

from events.scored_points import ScoredPoints
from store import AppendedPoints, DiskFull, StreamStore, ThrottledLogger, Unavailable
from streams.snapshot import Tally
from streams.stream_state import StreamState

SENTENCE = "The points could not be written; send them again."
FULL = "The disk of the service is full, so the points could not be written; make room there, then send them again."
BUSY = "Another program holds the service's database, so the points could not be written; send them again."

HANGS = 1.0
"""Seconds after which a commit hangs; the database is held by another program, or the disk is slow."""
WAITERS = 8
"""Threads that may wait for a commit that hangs, if they are so many already: the others are for other requests."""

MOST = 1000
"""Appends in one transaction."""


class NotKept(Exception):
    """Points could not be written: none of them is there, and the same points may be sent again."""


@dataclass(frozen=True)
class Entry:
    """Points handed over, the stream that judged them, and the Future that is done once they are durable."""

    append: AppendedPoints
    live: StreamState
    done: Future[None] = field(default_factory=Future)


class Writer:
    """Keeps points. `kept` is told what became durable, `failed` the streams whose points could not be written, both
    before their Futures are.

    commits         transactions, those that failed too
    points, pushes  made durable
    """

    def __init__(
        self,
        store: StreamStore,
        kept: Callable[[StreamState, ScoredPoints], None],
        failed: Callable[[Sequence[StreamState]], None],
    ) -> None:
        self._store, self._kept, self._failed = store, kept, failed
        self._queue: queue.SimpleQueue[Entry | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._run, daemon=True, name="writer")
        self.commits = Tally()
        self.points = self.pushes = 0
        self._complaints = ThrottledLogger()
        self._began: float | None = None
        self._takers, self._lock = 0, threading.Lock()

    def start(self) -> None:
        """Begins to write."""
        self._thread.start()

    def stop(self) -> None:
        """Writes what was handed over, then ends."""
        self._queue.put(None)
        self._thread.join()

    def append(self, append: AppendedPoints, live: StreamState) -> Future[None]:
        """Hands points over. Those of one stream must come in the order of their cursors."""
        entry = Entry(append, live)
        self._queue.put(entry)
        return entry.done

    @contextmanager
    def taking(self) -> Iterator[None]:
        """Around the work of a thread that may wait for a commit. Raises NotKept where one hangs and enough threads
        wait already."""
        began = self._began
        if began is not None and time.perf_counter() - began > HANGS and self._takers >= WAITERS:
            raise NotKept(BUSY)
        with self._lock:
            self._takers += 1
        try:
            yield
        finally:
            with self._lock:
                self._takers -= 1

    @property
    def waiting(self) -> int:
        """How many pushes wait for a commit."""
        return self._queue.qsize()

    def _run(self) -> None:
        going = True
        while going:
            group, going = self._group()
            # Points that were judged after some that could not be written are not written either.
            refuse([entry for entry in group if entry.live.gone])
            if group := [entry for entry in group if not entry.live.gone]:
                self._write(group)

    def _group(self) -> tuple[list[Entry], bool]:
        """What waits, at least one, and whether there will be more."""
        group: list[Entry] = []
        while (entry := self._queue.get()) is not None:
            group.append(entry)
            if len(group) == MOST or self._queue.empty():
                return group, True
        return group, False

    def _write(self, group: Sequence[Entry]) -> None:
        self._began = began = time.perf_counter()
        try:
            self._store.append([entry.append for entry in group])
        except Exception as error:  # whatever it was, those who wait are told, and the thread goes on
            if isinstance(error, Unavailable):
                self._complaints.warn(f"points could not be written: {error}")
            else:
                logging.getLogger("anomaly").exception("points could not be written")
            self._began = None
            self.commits.add(time.perf_counter() - began, failed=True)
            self._failed([entry.live for entry in group])
            refuse(group, FULL if isinstance(error, DiskFull) else SENTENCE)
        else:
            self._began = None
            self.commits.add(time.perf_counter() - began)
            self.pushes += len(group)
            self.points += sum(len(entry.append.judged) for entry in group)
            for entry in group:
                self._kept(entry.live, entry.append.judged)
                entry.done.set_result(None)


@contextmanager
def keeping() -> Iterator[None]:
    """Raises NotKept where the store is not to be had even to look up what the points belong to."""
    try:
        yield
    except Unavailable as error:
        logging.getLogger("anomaly").error("points could not be taken: %s", error)
        raise NotKept(FULL if isinstance(error, DiskFull) else SENTENCE) from error


def refuse(entries: Sequence[Entry], sentence: str = SENTENCE) -> None:
    """Tells those who wait that their points are not kept."""
    for entry in entries:
        entry.done.set_exception(NotKept(sentence))
