"""One thread fits the detectors of all streams, away from the requests."""

import logging
import queue
import threading
from collections.abc import Callable


class Fitter:
    """Calls `fit` with the names it is given, one after another; a name that waits already is not queued again."""

    def __init__(self, fit: Callable[[str], None]) -> None:
        self._fit = fit
        self._queue: queue.SimpleQueue[str | None] = queue.SimpleQueue()
        self._waiting: dict[str, threading.Event] = {}
        self._lock = threading.Lock()
        self._stopping = False
        self._thread = threading.Thread(target=self._run, daemon=True, name="fitter")

    def start(self) -> None:
        """Begins to fit."""
        self._thread.start()

    def stop(self, seconds: float) -> None:
        """Ends after the present fit, or is left behind when that takes too long: an unfinished fit loses nothing."""
        self._stopping = True
        self._queue.put(None)
        self._thread.join(seconds)

    def ask(self, name: str) -> threading.Event:
        """Has a stream's detector fitted; the event is set once that is done."""
        with self._lock:
            if name not in self._waiting:
                self._waiting[name] = threading.Event()
                self._queue.put(name)
            return self._waiting[name]

    def _run(self) -> None:
        while (name := self._queue.get()) is not None and not self._stopping:
            with self._lock:
                done = self._waiting.pop(name)
            try:
                self._fit(name)
            except Exception:  # one stream that cannot be fitted must not end the fits of all others
                logging.getLogger("anomaly").exception("the detector of stream %r could not be fitted", name)
            done.set()
