"""The worker process: `python -m jobs.worker`, started by the service, which exchanges lines of JSON with it.

In:   {"url", "max_bytes"} first; {"run": detection id, "owner", "attempts"}; {"cancel": detection id}. The end of the
      input ends the process, so that it never outlives the service.
Out:  {"ready"} once; {"id", "stage", "fraction"} now and then; {"id", "end": done | lost | cancelled | requeue |
      failed}.
"""

import json
import logging
import os
import queue
import sys
import threading
import time
from typing import Any, TextIO

from detectors import find_detector
from errors import BadInput, Cancelled
from jobs.task import Task, failure
from store import CannotOpen, Database, DetectionRecord, Detections, LeaseLost, Unavailable

PROGRESS_SECONDS = 0.1
"""Seconds between two progress messages."""
NICE = 10
"""Scheduling priority below that of the service."""


class Worker:
    """Runs one detection after another while a second thread reads commands."""

    def __init__(self, commands: TextIO, messages: TextIO) -> None:
        self._commands = commands
        self._messages = messages
        self._queue: queue.SimpleQueue[dict[str, Any]] = queue.SimpleQueue()
        self._cancelled = ""
        self._reported_at = 0.0

    def run(self) -> None:
        """Run commands until the input ends, which ends the process."""
        settings = json.loads(self._commands.readline())
        database = Database.open(settings["url"])
        find_detector("rolling_zscore")  # imports every detector, so that the first command does not wait for it
        threading.Thread(target=self._read_commands, daemon=True, name="commands").start()
        task = Task(database, settings["max_bytes"])
        detections = Detections(database)
        self._send({"ready": True})
        while True:
            command = self._queue.get()
            self._send({"id": command["run"], "end": self._run_command(task, detections, command)})

    def _run_command(self, task: Task, detections: Detections, command: dict[str, Any]) -> str:
        """Run the detection of a command; how it ended."""
        try:
            record = detections.get(command["run"])
            if record is None or (record.owner, record.attempts) != (command["owner"], command["attempts"]):
                return "lost"
            return self._run_detection(task, detections, record)
        except Unavailable:
            return "requeue"

    def _run_detection(self, task: Task, detections: Detections, record: DetectionRecord) -> str:
        try:
            task.run(record, lambda stage, fraction: self._report(record.id, stage, fraction))
        except LeaseLost:
            return "lost"
        except Cancelled:
            return "cancelled"
        except Unavailable:
            raise
        except Exception as error:  # whatever one detection does, the next one can run
            if not isinstance(error, (BadInput, MemoryError)):
                logging.getLogger("anomaly").exception("detection %s failed", record.id)
            detections.fail(record, failure(error), time.time_ns() // 1_000_000)
            return "failed"
        return "done"

    def _report(self, detection_id: str, stage: str, fraction: float) -> None:
        if self._cancelled == detection_id:
            raise Cancelled
        if time.monotonic() - self._reported_at > PROGRESS_SECONDS:
            self._reported_at = time.monotonic()
            self._send({"id": detection_id, "stage": stage, "fraction": fraction})

    def _read_commands(self) -> None:
        for line in self._commands:
            command = json.loads(line)
            if "cancel" in command:
                self._cancelled = command["cancel"]
            else:
                self._queue.put(command)
        os._exit(0)  # the service has ended; a detection may occupy the other thread for long

    def _send(self, message: dict[str, Any]) -> None:
        self._messages.write(json.dumps(message) + "\n")
        self._messages.flush()


def main() -> int:
    """Run the worker. Returns the exit code."""
    logging.basicConfig(level="INFO", format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    messages = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # output of a library must not be taken for a message
    if hasattr(os, "nice"):
        os.nice(NICE)
    try:
        Worker(sys.stdin, messages).run()
    except (CannotOpen, BrokenPipeError) as error:
        logging.getLogger("anomaly").error("the worker cannot run: %s", error)
    return 1


if __name__ == "__main__":
    sys.exit(main())
