"""Writers of one process follow one another, and no more threads wait than can be spared."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager


class LockTimeout(Exception):
    """The turn did not come in time."""


class WriteLock:
    """One at a time. While one waits for the database itself, which another program may hold, few others wait long."""

    def __init__(self, most_patient: int, patience: float, impatience: float) -> None:
        """At most so many wait for `patience` seconds, the others only while no `impatience` seconds go by without a
        turn that ends: many short turns are no reason to send anyone away, one long turn is."""
        self._turn, self._count = threading.Lock(), threading.Lock()
        self._most_patient, self._patience, self._impatience = most_patient, patience, impatience
        self._patient = self._ended = 0

    @contextmanager
    def take(self, patience: float | None = None) -> Iterator[None]:
        """Waits for a turn, so many seconds where given, and holds it. Raises NoTurn."""
        if not self._turn.acquire(blocking=False) and not self._waited(patience):
            raise LockTimeout
        try:
            yield
        finally:
            self._ended += 1
            self._turn.release()

    def _waited(self, patience: float | None) -> bool:
        """Whether the turn came."""
        if patience is not None:
            return self._turn.acquire(timeout=patience)
        with self._count:
            patient = self._patient < self._most_patient
            self._patient += patient
        try:
            return self._turn.acquire(timeout=self._patience) if patient else self._waited_while_others_end()
        finally:
            with self._count:
                self._patient -= patient

    def _waited_while_others_end(self) -> bool:
        until = time.monotonic() + self._patience
        while time.monotonic() < until:
            ended = self._ended
            if self._turn.acquire(timeout=self._impatience):
                return True
            if self._ended == ended:
                break
        return False
