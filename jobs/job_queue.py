"""Jobs: detections done one after another by a warm process, told about while they are at work, never lost."""

import logging
import os
import secrets
import socket
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from errors import NotFound
from jobs.results import Results
from jobs.worker_process import WorkerProcess
from store import DetectionRecord, Detections, StreamStore, Unavailable

MOST_ATTEMPTS = 3
"""Attempts after which a detection whose worker ended each time is given up."""
IDLE = 5.0
"""Seconds between two looks for detections that other services left behind."""
BEAT = 3.0
"""Seconds between two words to the store that a detection is worked on."""
LEASE_MS = 30_000
"""A detection of which no word came for so long is taken from its owner."""
GRACE = 2.0
"""Seconds a cancelled detection has to end before its process is ended."""


class QueueFull(Exception):
    """So many detections wait already that no more are taken. `limit` says how many."""

    def __init__(self, limit: int) -> None:
        super().__init__(f"{limit} detections wait already; try again when some of them are done.")
        self.limit = limit


@dataclass(frozen=True)
class Progress:
    """How far a detection is: 0 to 1, the stage at work, the seconds it may still take (None: nobody knows yet), how
    many are before it."""

    fraction: float
    stage: str
    seconds_left: float | None = None
    ahead: int | None = None


@dataclass
class AtWork:
    """The detection that the process works on, as far as it has told."""

    asked: DetectionRecord
    began: float
    beat: float
    stage: str = "read"
    fraction: float = 0.0
    stop_by: float | None = None


class JobQueue:
    """One queue in the store, one process that works. `start` begins; a process is started when there is work.

    Safe to use from many threads, and from several services on one database: each detection has one owner, who says
    now and then that it lives. What an owner leaves behind is queued again, MOST_ATTEMPTS times in all.
    """

    def __init__(self, store: StreamStore, *, max_queued: int, max_bytes: int, worker: str = "jobs.worker") -> None:
        self._store, self._detections = store, Detections(store.database)
        self.results = Results(store)
        self._max_queued, self._max_bytes, self._worker = max_queued, max_bytes, worker
        self._owner = f"{socket.gethostname()[:40]}:{os.getpid()}:{secrets.token_hex(4)}"
        self._wake, self._end = threading.Event(), threading.Event()
        self._ended = threading.Condition()
        self._work: AtWork | None = None
        self._process: WorkerProcess | None = None
        self._wanted = False
        self._thread = threading.Thread(target=self._run, daemon=True, name="jobs")

    def start(self) -> None:
        """Begins to work."""
        self._thread.start()

    def stop(self) -> None:
        """Ends; the detection at work is queued again, for whoever starts next."""
        self._end.set()
        self._wake.set()
        if self._thread.is_alive():
            self._thread.join(2 * GRACE)
        if self._process:
            self._process.kill()

    @property
    def worker_pid(self) -> int | None:
        """The number of the process that works; None where there is none."""
        return self._process.pid if self._process and self._process.alive else None

    def submit(self, series_id: str, column: str, detector: str, params: Mapping[str, Any]) -> DetectionRecord:
        """Queues a detection with all its parameters; durable when it returns. Raises QueueFull, NotFound,
        LimitExceeded."""
        if self._detections.count_queued() >= self._max_queued:
            raise QueueFull(self._max_queued)
        asked = self._detections.add(series_id, column, detector, params, now())
        if asked is None:
            raise NotFound(f"There is no series {series_id!r}.", name=series_id)
        self._wake.set()
        return asked

    def wait(self, detection_id: str, seconds: float) -> None:
        """Returns once a detection has ended, or after so many seconds."""
        until = time.monotonic() + seconds
        with self._ended:
            while (left := until - time.monotonic()) > 0:
                asked = self._detections.get(detection_id, events=False)
                if asked is None or asked.status not in ("queued", "running"):
                    return
                self._ended.wait(min(left, 0.5))

    def progress(self, asked: DetectionRecord) -> Progress:
        """How far a detection is."""
        work = self._work
        if asked.status == "queued":
            return Progress(0.0, "queued", None, self._detections.count_ahead(asked))
        if asked.status != "running" or work is None or work.asked.id != asked.id:
            return Progress(asked.progress, asked.stage)
        spent, fraction = time.monotonic() - work.began, work.fraction
        left = spent * (1 - fraction) / fraction if fraction > 0.05 else None
        return Progress(fraction, work.stage, left)

    def end(self, asked: DetectionRecord) -> str:
        """Cancels a detection that waits or is worked on, forgets any other; says which: cancelled or deleted."""
        if self._detections.cancel(asked.id, now()):
            self._hurry()
            return "cancelled"
        self._detections.delete(asked.id)
        return "deleted"

    def series_deleted(self) -> None:
        """Has work on a series end that was deleted."""
        self._hurry()

    def warm(self) -> None:
        """Has the process started, so that the first detection does not wait for it: somebody seems to be about to ask
        for one."""
        if self.worker_pid is None:
            self._wanted = True
            self._wake.set()

    def _hurry(self) -> None:
        """Looks at once whether the detection at work is still to be worked on."""
        work = self._work
        if work:
            work.beat = 0.0

    def _run(self) -> None:
        while not self._end.is_set():
            try:
                self._wake.clear()
                self._rescue()
                asked = self._detections.claim(self._owner, now())
                if asked is None:
                    if self._wanted:
                        self._started()
                    self._wake.wait(IDLE)
                else:
                    self._do(asked)
            except Unavailable as error:
                logging.getLogger("anomaly").error("jobs: %s", error)
                self._end.wait(IDLE)
            except Exception:  # a defect in one job must not end all that come after it
                logging.getLogger("anomaly").exception("jobs: a defect")
                self._end.wait(IDLE)

    def _rescue(self) -> None:
        """Queues again what owners that are gone have left behind."""
        for asked in self._detections.running():
            if self._is_gone(asked):
                self._again(asked, "the service ended while it was worked on")

    def _is_gone(self, asked: DetectionRecord) -> bool:
        host, pid, _ = (asked.owner or "::").rsplit(":", 2)
        if asked.owner == self._owner or (asked.heartbeat or 0) < now() - LEASE_MS:
            return True
        mine, my_pid, _ = self._owner.rsplit(":", 2)
        return host == mine and (pid == my_pid or not runs(int(pid)))

    def _again(self, asked: DetectionRecord, reason: str) -> None:
        if asked.attempts < MOST_ATTEMPTS:
            self._detections.requeue(asked)
            return
        said = (
            f"The detection was begun {asked.attempts} times and never came to an end ({reason}). It may need more "
            "memory than there is; take a simpler detector or a shorter series."
        )
        self._detections.fail(asked, {"code": "worker_ended", "message": said, "detail": {}}, now())

    def _do(self, asked: DetectionRecord) -> None:
        """Has the process work on a detection until that has ended, one way or another."""
        process = self._started()
        self._work = AtWork(asked, time.monotonic(), time.monotonic(), "read" if process.ready else "start")
        try:
            process.tell({"do": asked.id, "owner": asked.owner, "attempts": asked.attempts})
            self._follow(process, self._work)
        finally:
            self._work = None
            with self._ended:
                self._ended.notify_all()

    def _started(self) -> WorkerProcess:
        """The process; a new one where there is none."""
        self._wanted = False
        if self._process is None or not self._process.alive:
            if self._process:
                self._process.kill()  # closes what is left of it
            self._process = WorkerProcess(self._store.database.address, self._max_bytes, self._worker)
        return self._process

    def _follow(self, process: WorkerProcess, work: AtWork) -> None:
        while not self._end.is_set():
            told = process.hear(0.1)
            if told is None:
                process.kill()  # it may still be ending: the next work must not be given to it
                if work.stop_by is None and not self._end.is_set():
                    self._again(work.asked, "its process ended")
                return
            if told.get("ready"):
                work.stage, work.began = "read", time.monotonic()
            if told.get("id") == work.asked.id:
                if "end" in told:
                    if told["end"] == "again":
                        self._again(work.asked, "the database could not be used")
                    return
                work.stage, work.fraction = told["stage"], told["fraction"]
            if self._stopped(process, work):
                return
        self._detections.requeue(work.asked, count_attempt=False)

    def _stopped(self, process: WorkerProcess, work: AtWork) -> bool:
        """Says that the detection is worked on; where it is not to be any more, has it stopped. True once it is."""
        if work.stop_by is not None:
            if time.monotonic() > work.stop_by:
                process.kill()
                return True
            return False
        if time.monotonic() - work.beat > BEAT:
            work.beat = time.monotonic()
            if not self._detections.heartbeat(work.asked, now(), work.fraction, work.stage):
                work.stop_by = time.monotonic() + GRACE
                process.tell({"stop": work.asked.id})
        return False


def now() -> int:
    """Milliseconds since 1970 UTC."""
    return time.time_ns() // 1_000_000


def runs(pid: int) -> bool:
    """Whether a process of this computer runs; where that cannot be known, it does."""
    if os.name != "posix":
        return True
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True
    return True
