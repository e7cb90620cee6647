"""Limits the number of concurrent long computations, the number of requests that wait, and for how long."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

DEADLINE_SECONDS = 10.0
"""Time after which work that can be truncated is: the response holds what is known by then."""


def deadline_check() -> Callable[[], bool]:
    """A function that returns whether DEADLINE_SECONDS have passed since now."""
    deadline = time.monotonic() + DEADLINE_SECONDS
    return lambda: time.monotonic() >= deadline


class Busy(Exception):
    """Too many requests wait, or the timeout expired. `retry_after` in seconds."""

    def __init__(self, retry_after: int) -> None:
        super().__init__(f"busy; try again in {retry_after} s")
        self.retry_after = retry_after


class ConcurrencyLimit:
    """At most `running` concurrent callers; at most `waiting` more wait, each at most `timeout` seconds."""

    def __init__(self, running: int, waiting: int, timeout: float) -> None:
        self.timeout = timeout
        self._queue = threading.BoundedSemaphore(running + waiting)
        self._turn = threading.BoundedSemaphore(running)

    @contextmanager
    def acquire(self) -> Iterator[None]:
        """Wait for a free slot and hold it. Raises Busy when too many wait or the timeout expires."""
        if not self._queue.acquire(blocking=False):
            raise Busy(retry_after=5)
        try:
            if not self._turn.acquire(timeout=self.timeout):
                raise Busy(retry_after=30)
            try:
                yield
            finally:
                self._turn.release()
        finally:
            self._queue.release()
