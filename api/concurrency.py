"""Slots: how much long work is done at once, and how much may wait."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

LONGEST = 10.0
"""Seconds after which work that can be cut short is: what is known by then is answered."""


def deadline_check() -> Callable[[], bool]:
    """Answers whether LONGEST has gone by since now."""
    until = time.monotonic() + LONGEST
    return lambda: time.monotonic() >= until


class Busy(Exception):
    """There is no room, or the turn did not come in time. `retry_after` in seconds."""

    def __init__(self, retry_after: int) -> None:
        super().__init__(f"full; try again in {retry_after} s")
        self.retry_after = retry_after


class ConcurrencyLimit:
    """At most `running` pieces of work at once; at most `waiting` more wait, each at most `seconds`."""

    def __init__(self, running: int, waiting: int, seconds: float) -> None:
        self.seconds = seconds
        self._room = threading.BoundedSemaphore(running + waiting)
        self._turn = threading.BoundedSemaphore(running)

    @contextmanager
    def take(self) -> Iterator[None]:
        """Waits for a turn and holds it. Raises Full when there is no room or the turn does not come in time."""
        if not self._room.acquire(blocking=False):
            raise Busy(retry_after=5)
        try:
            if not self._turn.acquire(timeout=self.seconds):
                raise Busy(retry_after=30)
            try:
                yield
            finally:
                self._turn.release()
        finally:
            self._room.release()
