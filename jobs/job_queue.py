"""The job queue: detections run one after another in a worker process; progress is reported, none is lost."""

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

MAX_ATTEMPTS = 3
"""Attempts after which a detection whose worker crashed each time fails."""
POLL_SECONDS = 5.0
"""Interval between two checks for detections that other services left behind."""
HEARTBEAT_SECONDS = 3.0
"""Interval between two heartbeats of a running detection."""
LEASE_MS = 30_000
"""Age of the last heartbeat at which a detection is taken from its owner."""
CANCEL_SECONDS = 2.0
"""Time that a cancelled detection has to end before its process is killed."""


class QueueFull(Exception):
    """`limit` detections are queued already."""

    def __init__(self, limit: int) -> None:
        super().__init__(f"{limit} detections wait already; try again when some of them are done.")
        self.limit = limit


@dataclass(frozen=True)
class Progress:
    """How much of a detection is done.

    fraction      0 to 1
    seconds_left  estimate; None while unknown
    ahead         detections before a queued one
    """

    fraction: float
    stage: str
    seconds_left: float | None = None
    ahead: int | None = None


@dataclass
class RunningDetection:
    """The detection that the worker process runs, as far as it has reported; times of the monotonic clock."""

    record: DetectionRecord
    started: float
    last_heartbeat: float
    stage: str = "read"
    fraction: float = 0.0
    kill_at: float | None = None


class JobQueue:
    """One queue in the store, one worker process. `start` begins; the process is started when there is work.

    Safe to use from many threads, and from several services on one database: each running detection has one owner, who
    sends heartbeats. What a crashed owner leaves behind is queued again, up to MAX_ATTEMPTS attempts.
    """

    def __init__(self, store: StreamStore, *, max_queued: int, max_bytes: int, worker: str = "jobs.worker") -> None:
        self._store = store
        self._detections = Detections(store.database)
        self.results = Results(store)
        self._max_queued = max_queued
        self._max_bytes = max_bytes
        self._worker = worker
        self._owner = f"{socket.gethostname()[:40]}:{os.getpid()}:{secrets.token_hex(4)}"
        self._wake = threading.Event()
        self._stopping = threading.Event()
        self._ended = threading.Condition()
        self._running: RunningDetection | None = None
        self._process: WorkerProcess | None = None
        self._prestart = False
        self._thread = threading.Thread(target=self._run, daemon=True, name="jobs")

    def start(self) -> None:
        """Start the queue's thread."""
        self._thread.start()

    def stop(self) -> None:
        """Stop the thread and the process; a running detection is queued again."""
        self._stopping.set()
        self._wake.set()
        if self._thread.is_alive():
            self._thread.join(2 * CANCEL_SECONDS)
        if self._process:
            self._process.kill()

    @property
    def worker_pid(self) -> int | None:
        """The id of the worker process; None where none runs."""
        return self._process.pid if self._process and self._process.alive else None

    def submit(self, dataset_id: str, column: str, detector: str, params: Mapping[str, Any]) -> DetectionRecord:
        """Queue a detection with all its parameters; durable when it returns.

        Raises QueueFull, NotFound, LimitExceeded.
        """
        if self._detections.count_queued() >= self._max_queued:
            raise QueueFull(self._max_queued)
        record = self._detections.add(dataset_id, column, detector, params, now())
        if record is None:
            raise NotFound(f"There is no dataset {dataset_id!r}.", name=dataset_id)
        self._wake.set()
        return record

    def wait(self, detection_id: str, timeout: float) -> None:
        """Return once a detection has ended, or after `timeout` seconds."""
        deadline = time.monotonic() + timeout
        with self._ended:
            while (left := deadline - time.monotonic()) > 0:
                record = self._detections.get(detection_id, events=False)
                if record is None or record.status not in ("queued", "running"):
                    return
                self._ended.wait(min(left, 0.5))

    def progress(self, record: DetectionRecord) -> Progress:
        """How much of a detection is done."""
        running = self._running
        if record.status == "queued":
            return Progress(0.0, "queued", None, self._detections.count_ahead(record))
        if record.status != "running" or running is None or running.record.id != record.id:
            return Progress(record.progress, record.stage)
        elapsed = time.monotonic() - running.started
        fraction = running.fraction
        seconds_left = elapsed * (1 - fraction) / fraction if fraction > 0.05 else None
        return Progress(fraction, running.stage, seconds_left)

    def end(self, record: DetectionRecord) -> str:
        """Cancel a queued or running detection, delete any other; returns which: cancelled or deleted."""
        if self._detections.cancel(record.id, now()):
            self._check_lease()
            return "cancelled"
        self._detections.delete(record.id)
        return "deleted"

    def dataset_deleted(self) -> None:
        """Stop the running detection soon where its dataset was deleted."""
        self._check_lease()

    def start_worker(self) -> None:
        """Start the process where none runs, so that the first detection does not wait for it."""
        if self.worker_pid is None:
            self._prestart = True
            self._wake.set()

    def _check_lease(self) -> None:
        """Make the next heartbeat due, which checks that the running detection is still owned."""
        running = self._running
        if running:
            running.last_heartbeat = 0.0

    def _run(self) -> None:
        while not self._stopping.is_set():
            try:
                self._wake.clear()
                self._requeue_abandoned()
                record = self._detections.claim(self._owner, now())
                if record is not None:
                    self._run_detection(record)
                    continue
                if self._prestart:
                    self._live_process()
                self._wake.wait(POLL_SECONDS)
            except Unavailable as error:
                logging.getLogger("anomaly").error("jobs: %s", error)
                self._stopping.wait(POLL_SECONDS)
            except Exception:  # a defect in one job must not end all later ones
                logging.getLogger("anomaly").exception("jobs: a defect")
                self._stopping.wait(POLL_SECONDS)

    def _requeue_abandoned(self) -> None:
        """Queue the detections of crashed owners again."""
        for record in self._detections.running():
            if self._is_abandoned(record):
                self._requeue_or_fail(record, "the service ended while it ran")

    def _is_abandoned(self, record: DetectionRecord) -> bool:
        host, pid, _ = (record.owner or "::").rsplit(":", 2)
        if record.owner == self._owner or (record.heartbeat or 0) < now() - LEASE_MS:
            return True
        own_host, own_pid, _ = self._owner.rsplit(":", 2)
        return host == own_host and (pid == own_pid or not is_running(int(pid)))

    def _requeue_or_fail(self, record: DetectionRecord, reason: str) -> None:
        if record.attempts < MAX_ATTEMPTS:
            self._detections.requeue(record)
            return
        message = (
            f"The detection was started {record.attempts} times and never ended ({reason}). It may need more "
            "memory than there is; use a simpler detector or a shorter series."
        )
        self._detections.fail(record, {"code": "worker_ended", "message": message, "detail": {}}, now())

    def _run_detection(self, record: DetectionRecord) -> None:
        """Run a detection in the process until it ends, one way or another."""
        process = self._live_process()
        stage = "read" if process.ready else "start"
        self._running = RunningDetection(record, time.monotonic(), time.monotonic(), stage)
        try:
            process.send({"run": record.id, "owner": record.owner, "attempts": record.attempts})
            self._supervise(process, self._running)
        finally:
            self._running = None
            with self._ended:
                self._ended.notify_all()

    def _live_process(self) -> WorkerProcess:
        """The process; a new one where none runs."""
        self._prestart = False
        if self._process is None or not self._process.alive:
            if self._process:
                self._process.kill()  # closes its pipes
            self._process = WorkerProcess(self._store.database.address, self._max_bytes, self._worker)
        return self._process

    def _supervise(self, process: WorkerProcess, running: RunningDetection) -> None:
        while not self._stopping.is_set():
            message = process.receive(0.1)
            if message is None:
                process.kill()  # it may still be exiting: it must not get the next detection
                if running.kill_at is None and not self._stopping.is_set():
                    self._requeue_or_fail(running.record, "its process ended")
                return
            if message.get("ready"):
                running.stage = "read"
                running.started = time.monotonic()
            if message.get("id") == running.record.id:
                if "end" in message:
                    if message["end"] == "requeue":
                        self._requeue_or_fail(running.record, "the database could not be used")
                    return
                running.stage = message["stage"]
                running.fraction = message["fraction"]
            if self._has_been_killed(process, running):
                return
        self._detections.requeue(running.record, count_attempt=False)

    def _has_been_killed(self, process: WorkerProcess, running: RunningDetection) -> bool:
        """Send a heartbeat when it is due. Where the detection is not owned any more, cancel it, then kill its process.

        Returns True once the process was killed.
        """
        if running.kill_at is not None:
            if time.monotonic() > running.kill_at:
                process.kill()
                return True
            return False
        if time.monotonic() - running.last_heartbeat > HEARTBEAT_SECONDS:
            running.last_heartbeat = time.monotonic()
            if not self._detections.heartbeat(running.record, now(), running.fraction, running.stage):
                running.kill_at = time.monotonic() + CANCEL_SECONDS
                process.send({"cancel": running.record.id})
        return False


def now() -> int:
    """Milliseconds since 1970 UTC."""
    return time.time_ns() // 1_000_000


def is_running(pid: int) -> bool:
    """Whether a process of this computer runs; True where that is unknown."""
    if os.name != "posix":
        return True
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True
    return True
