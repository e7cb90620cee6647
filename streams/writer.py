"""One thread writes for all streams: what is handed over during a commit goes into the next one (group commit)."""

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

FAILED = "The points could not be written; send them again."
DISK_FULL = (
    "The disk of the service is full, so the points could not be written; free space there, then send them again."
)
DATABASE_BUSY = "Another program holds the service's database, so the points could not be written; send them again."

HANG_SECONDS = 1.0
"""A commit that takes longer hangs: another program holds the database, or the disk is slow."""
MAX_WAITING_THREADS = 8
"""Number of threads that may wait for a commit that hangs; the others stay free for other requests."""

MAX_APPENDS = 1000
"""Maximum number of appends in one transaction."""


class WriteFailed(Exception):
    """Points could not be written: none of them is stored, and the same points may be sent again."""


@dataclass(frozen=True)
class PendingWrite:
    """Points to be written, the stream that scored them, and the Future that is done once they are durable."""

    append: AppendedPoints
    state: StreamState
    done: Future[None] = field(default_factory=Future)


class Writer:
    """Writes scored points.

    on_written  called with a stream and its points that became durable, before their Future is done
    on_failed   called with the streams whose points could not be written, before their Futures are done
    commits     transactions, those that failed included
    points, pushes  number made durable
    """

    def __init__(
        self,
        store: StreamStore,
        on_written: Callable[[StreamState, ScoredPoints], None],
        on_failed: Callable[[Sequence[StreamState]], None],
    ) -> None:
        self._store = store
        self._on_written = on_written
        self._on_failed = on_failed
        self._queue: queue.SimpleQueue[PendingWrite | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._run, daemon=True, name="writer")
        self._log = ThrottledLogger()
        self._commit_began: float | None = None
        self._waiting_threads = 0
        self._lock = threading.Lock()
        self.commits = Tally()
        self.points = 0
        self.pushes = 0

    def start(self) -> None:
        """Starts the thread."""
        self._thread.start()

    def stop(self) -> None:
        """Writes what was handed over, then ends the thread."""
        self._queue.put(None)
        self._thread.join()

    def append(self, append: AppendedPoints, state: StreamState) -> Future[None]:
        """Hands over points. Those of one stream must follow in the order of their cursors."""
        write = PendingWrite(append, state)
        self._queue.put(write)
        return write.done

    @contextmanager
    def admit(self) -> Iterator[None]:
        """Encloses the work of a thread that may wait for a commit.

        Raises WriteFailed where a commit hangs and MAX_WAITING_THREADS wait already.
        """
        began = self._commit_began
        hangs = began is not None and time.perf_counter() - began > HANG_SECONDS
        if hangs and self._waiting_threads >= MAX_WAITING_THREADS:
            raise WriteFailed(DATABASE_BUSY)
        with self._lock:
            self._waiting_threads += 1
        try:
            yield
        finally:
            with self._lock:
                self._waiting_threads -= 1

    @property
    def waiting(self) -> int:
        """Number of pushes that wait for a commit."""
        return self._queue.qsize()

    def _run(self) -> None:
        running = True
        while running:
            group, running = self._next_group()
            # Points that were scored after some that could not be written are not written either.
            refuse([write for write in group if write.state.dropped])
            if group := [write for write in group if not write.state.dropped]:
                self._write(group)

    def _next_group(self) -> tuple[list[PendingWrite], bool]:
        """The queued writes, at least one, and whether more can follow."""
        group: list[PendingWrite] = []
        while (write := self._queue.get()) is not None:
            group.append(write)
            if len(group) == MAX_APPENDS or self._queue.empty():
                return group, True
        return group, False

    def _write(self, group: Sequence[PendingWrite]) -> None:
        self._commit_began = began = time.perf_counter()
        try:
            self._store.append([write.append for write in group])
        except Exception as error:  # whatever it is, the waiting requests get an error and the thread goes on
            self._commit_began = None
            self.commits.add(time.perf_counter() - began, failed=True)
            if isinstance(error, Unavailable):
                self._log.warn(f"points could not be written: {error}")
            else:
                logging.getLogger("anomaly").exception("points could not be written")
            self._on_failed([write.state for write in group])
            refuse(group, DISK_FULL if isinstance(error, DiskFull) else FAILED)
        else:
            self._commit_began = None
            self.commits.add(time.perf_counter() - began)
            self.pushes += len(group)
            self.points += sum(len(write.append.points) for write in group)
            for write in group:
                self._on_written(write.state, write.append.points)
                write.done.set_result(None)


@contextmanager
def unavailable_as_write_failed() -> Iterator[None]:
    """Raises WriteFailed where the store is unavailable, also to look up the stream of the points."""
    try:
        yield
    except Unavailable as error:
        logging.getLogger("anomaly").error("points could not be written: %s", error)
        raise WriteFailed(DISK_FULL if isinstance(error, DiskFull) else FAILED) from error


def refuse(writes: Sequence[PendingWrite], message: str = FAILED) -> None:
    """Fails writes: the requests that wait for them get this error."""
    for write in writes:
        write.done.set_exception(WriteFailed(message))
