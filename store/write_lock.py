"""A lock for the writers of one process that limits how many threads wait for it."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager


class LockTimeout(Exception):
    """The lock was not acquired in time."""


class WriteLock:
    """A mutex with bounded waiting, so that a stalled writer cannot block all threads of a server.

    max_patient    threads that may wait for the full `timeout`
    timeout        seconds
    stall_timeout  any further thread gives up once no holder has released the lock for this many seconds. Many short
                   transactions are no reason to refuse one, a single long one is.
    """

    def __init__(self, max_patient: int, timeout: float, stall_timeout: float) -> None:
        self._lock = threading.Lock()
        self._count_lock = threading.Lock()
        self._max_patient = max_patient
        self._timeout = timeout
        self._stall_timeout = stall_timeout
        self._patient = 0
        self._releases = 0

    @contextmanager
    def acquire(self, timeout: float | None = None) -> Iterator[None]:
        """Hold the lock. `timeout`: seconds, in place of the limits of the lock. Raises LockTimeout."""
        if not self._lock.acquire(blocking=False) and not self._wait(timeout):
            raise LockTimeout
        try:
            yield
        finally:
            self._releases += 1
            self._lock.release()

    def _wait(self, timeout: float | None) -> bool:
        """Whether the lock was acquired."""
        if timeout is not None:
            return self._lock.acquire(timeout=timeout)
        with self._count_lock:
            is_patient = self._patient < self._max_patient
            self._patient += is_patient
        try:
            return self._lock.acquire(timeout=self._timeout) if is_patient else self._wait_while_others_progress()
        finally:
            with self._count_lock:
                self._patient -= is_patient

    def _wait_while_others_progress(self) -> bool:
        deadline = time.monotonic() + self._timeout
        while time.monotonic() < deadline:
            releases = self._releases
            if self._lock.acquire(timeout=self._stall_timeout):
                return True
            if self._releases == releases:
                break
        return False
