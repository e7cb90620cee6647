"""Writers of one process follow one another, and no more threads wait than can be spared."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager


class NoTurn(Exception):
    """The turn did not come in time."""


class Turns:
    """One at a time. While one waits for the database itself, which another program may hold, few others wait long."""

    def __init__(self, most_patient: int, patience: float, impatience: float) -> None:
        """At most so many wait for `patience` seconds, the others for `impatience`."""
        self._turn, self._count = threading.Lock(), threading.Lock()
        self._most_patient, self._patience, self._impatience = most_patient, patience, impatience
        self._patient = 0

    @contextmanager
    def take(self, patience: float | None = None) -> Iterator[None]:
        """Waits for a turn, so many seconds where given, and holds it. Raises NoTurn."""
        if not self._turn.acquire(blocking=False) and not self._waited(patience):
            raise NoTurn
        try:
            yield
        finally:
            self._turn.release()

    def _waited(self, patience: float | None) -> bool:
        """Whether the turn came."""
        if patience is not None:
            return self._turn.acquire(timeout=patience)
        with self._count:
            patient = self._patient < self._most_patient
            self._patient += patient
        try:
            return self._turn.acquire(timeout=self._patience if patient else self._impatience)
        finally:
            with self._count:
                self._patient -= patient
