"""The process that works: `python -m jobs.worker`, started by the service, spoken to in lines of JSON.

In:   {"url", "most_bytes"} first; {"do": a detection's id, "owner", "attempts"}; {"stop": id}. The end of the input
      ends the process, so that it never outlives the service.
Out:  {"ready"} once; {"id", "stage", "fraction"} now and then; {"id", "end": done | lost | stopped | again | failed}.
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

EVERY = 0.1
"""Seconds between two words about progress."""
NICE = 10
"""How much later than the service this process gets its turn."""


class Worker:
    """Works on one detection after another while a second thread listens."""

    def __init__(self, commands: TextIO, out: TextIO) -> None:
        self._in, self._out = commands, out
        self._orders: queue.SimpleQueue[dict[str, Any]] = queue.SimpleQueue()
        self._stopped = ""
        self._told = 0.0

    def run(self) -> None:
        """Works until the input ends, which ends the process."""
        first = json.loads(self._in.readline())
        database = Database.open(first["url"])
        find_detector("rolling_zscore")  # imports every detector, so that the first order does not wait for it
        threading.Thread(target=self._listen, daemon=True, name="orders").start()
        work, detections = Task(database, first["most_bytes"]), Detections(database)
        self._tell({"ready": True})
        while True:
            order = self._orders.get()
            self._tell({"id": order["do"], "end": self._end(work, detections, order)})

    def _end(self, work: Task, detections: Detections, order: dict[str, Any]) -> str:
        """Works on an order; how it ended."""
        try:
            asked = detections.get(order["do"])
            if asked is None or (asked.owner, asked.attempts) != (order["owner"], order["attempts"]):
                return "lost"
            return self._done(work, detections, asked)
        except Unavailable:
            return "again"

    def _done(self, work: Task, detections: Detections, asked: DetectionRecord) -> str:
        try:
            work.do(asked, lambda stage, fraction: self._report(asked.id, stage, fraction))
        except LeaseLost:
            return "lost"
        except Cancelled:
            return "stopped"
        except Unavailable:
            raise
        except Exception as error:  # whatever one detection does, the next can be worked on
            if not isinstance(error, (BadInput, MemoryError)):
                logging.getLogger("anomaly").exception("detection %s failed", asked.id)
            detections.fail(asked, failure(error), time.time_ns() // 1_000_000)
            return "failed"
        return "done"

    def _report(self, detection_id: str, stage: str, fraction: float) -> None:
        if self._stopped == detection_id:
            raise Cancelled
        if time.monotonic() - self._told > EVERY:
            self._told = time.monotonic()
            self._tell({"id": detection_id, "stage": stage, "fraction": fraction})

    def _listen(self) -> None:
        for line in self._in:
            order = json.loads(line)
            if "stop" in order:
                self._stopped = order["stop"]
            else:
                self._orders.put(order)
        os._exit(0)  # the service is gone; work may hold the other thread for long

    def _tell(self, message: dict[str, Any]) -> None:
        self._out.write(json.dumps(message) + "\n")
        self._out.flush()


def main() -> int:
    """Works. Returns the exit code."""
    logging.basicConfig(level="INFO", format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    out = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # what a library prints must not be taken for a message
    if hasattr(os, "nice"):
        os.nice(NICE)
    try:
        Worker(sys.stdin, out).run()
    except (CannotOpen, BrokenPipeError) as error:
        logging.getLogger("anomaly").error("the worker cannot work: %s", error)
    return 1


if __name__ == "__main__":
    sys.exit(main())
