"""One thread fits the detectors of all streams, away from the requests."""

import itertools
import logging
import queue
import threading
import time
from collections.abc import Callable

from errors import NotFound
from store import ThrottledLogger, Unavailable
from streams.snapshot import Tally
from streams.writer import WriteFailed

REQUESTED, FIRST, REFIT = 0, 1, 2
"""Priorities: a fit that a request waits for, a stream without a detector of its own, a stream that has one."""

PAUSE_RATIO = 1.0
"""Pause after a fit that no request waits for ÷ the seconds it took: while thousands of fits are due, points are scored
in between."""
MAX_PAUSE_SECONDS = 1.0


class Fitter:
    """Calls `fit` with the requested names, by priority. A queued name is queued again only at a higher priority."""

    def __init__(self, fit: Callable[[str], None]) -> None:
        self._fit = fit
        self._queue: queue.PriorityQueue[tuple[int, int, str | None]] = queue.PriorityQueue()
        self._order = itertools.count()
        self._queued: dict[str, tuple[int, threading.Event]] = {}
        self._lock = threading.Lock()
        self._fitting: str | None = None
        self._stopped = threading.Event()
        self._urgent = threading.Event()
        self.fits = Tally()
        self._log = ThrottledLogger()
        self._thread = threading.Thread(target=self._run, daemon=True, name="fitter")

    def start(self) -> None:
        """Starts the thread."""
        self._thread.start()

    def stop(self, timeout: float) -> None:
        """Ends the thread after the present fit, or leaves it behind after `timeout` seconds: no data is lost."""
        self._stopped.set()
        self._urgent.set()
        self._queue.put((-1, next(self._order), None))
        self._thread.join(timeout)

    def request(self, name: str, priority: int = REQUESTED) -> threading.Event:
        """Queues a fit of a stream's detector; the event is set when it is done."""
        with self._lock:
            queued, done = self._queued.get(name, (REFIT + 1, threading.Event()))
            if name == self._fitting and priority != REQUESTED:
                return done  # points that arrive during a fit request another only if that is due after it
            if priority < queued:
                self._queued[name] = priority, done
                self._queue.put((priority, next(self._order), name))
            if priority == REQUESTED:
                self._urgent.set()
            return done

    @property
    def waiting(self) -> int:
        """Number of streams in the queue."""
        return len(self._queued)

    def _run(self) -> None:
        while not self._stopped.is_set():
            self._urgent.clear()
            priority, _, name = self._queue.get()
            if name is None:
                return
            with self._lock:
                _, done = self._queued.pop(name, (priority, None))
                self._fitting = name if done else None
            if done is None:
                continue  # fitted already, at a higher priority
            seconds = self._fit_one(name)
            done.set()
            if priority != REQUESTED:
                self._urgent.wait(min(PAUSE_RATIO * seconds, MAX_PAUSE_SECONDS))

    def _fit_one(self, name: str) -> float:
        """Fits the detector of a stream; returns the seconds it took, also where it failed."""
        began = time.monotonic()
        failed = False
        try:
            self._fit(name)
        except NotFound:
            pass  # deleted while it was queued
        except (WriteFailed, Unavailable) as error:
            self._log.warn(f"fitted detectors could not be stored: {error}")
            failed = True
        except Exception:  # one fit that fails must not end the others
            logging.getLogger("anomaly").exception("the detector of stream %r could not be fitted", name)
            failed = True
        self._fitting = None
        seconds = time.monotonic() - began
        self.fits.add(seconds, failed=failed)
        return seconds
