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
from streams.writer import NotKept

ASKED_FOR, FIRST, AGAIN = 0, 1, 2
"""What is fitted first: what somebody waits for, then streams that have no detector of their own yet."""

REST = 1.0
"""Pause after a fit that nobody waits for, as a multiple of its time: while thousands of streams become due at once,
points are judged meanwhile."""
LONGEST_REST = 1.0


class Fitter:
    """Calls `fit` with the names it is given, one after another; a name that waits already is not queued again, unless
    it has become more urgent."""

    def __init__(self, fit: Callable[[str], None]) -> None:
        self._fit = fit
        self._queue: queue.PriorityQueue[tuple[int, int, str | None]] = queue.PriorityQueue()
        self._order = itertools.count()
        self._waiting: dict[str, tuple[int, threading.Event]] = {}
        self._lock = threading.Lock()
        self._at_work: str | None = None
        self._end = threading.Event()
        self._urgent = threading.Event()
        self.fits = Tally()
        self._complaints = ThrottledLogger()
        self._thread = threading.Thread(target=self._run, daemon=True, name="fitter")

    def start(self) -> None:
        """Begins to fit."""
        self._thread.start()

    def stop(self, seconds: float) -> None:
        """Ends after the present fit, or is left behind when that takes too long: an unfinished fit loses nothing."""
        self._end.set()
        self._urgent.set()
        self._queue.put((-1, next(self._order), None))
        self._thread.join(seconds)

    def ask(self, name: str, urgency: int = ASKED_FOR) -> threading.Event:
        """Has a stream's detector fitted; the event is set once that is done."""
        with self._lock:
            waiting, done = self._waiting.get(name, (AGAIN + 1, threading.Event()))
            if name == self._at_work and urgency != ASKED_FOR:
                return done  # points that come during a fit ask for it again only if it is due after it
            if urgency < waiting:
                self._waiting[name] = urgency, done
                self._queue.put((urgency, next(self._order), name))
            if urgency == ASKED_FOR:
                self._urgent.set()
            return done

    @property
    def waiting(self) -> int:
        """How many streams wait for a fit."""
        return len(self._waiting)

    def _run(self) -> None:
        while not self._end.is_set():
            self._urgent.clear()
            urgency, _, name = self._queue.get()
            if name is None:
                return
            with self._lock:
                _, done = self._waiting.pop(name, (urgency, None))
                self._at_work = name if done else None
            if done is None:
                continue  # fitted since, because it had become more urgent
            began, failed = time.monotonic(), False
            try:
                self._fit(name)
            except NotFound:
                pass  # deleted before its turn came
            except (NotKept, Unavailable) as error:
                self._complaints.warn(f"what detectors learned could not be kept: {error}")
                failed = True
            except Exception:  # one stream that cannot be fitted must not end the fits of all others
                logging.getLogger("anomaly").exception("the detector of stream %r could not be fitted", name)
                failed = True
            self._at_work = None
            self.fits.add(time.monotonic() - began, failed=failed)
            done.set()
            if urgency != ASKED_FOR:
                self._urgent.wait(min(REST * (time.monotonic() - began), LONGEST_REST))
