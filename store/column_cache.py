"""Columns in memory: what was read from the database a moment ago is not read again."""

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Any

from numpy.typing import NDArray

Array = NDArray[Any]


class Columns:
    """At most `most_bytes` of arrays that never change, by key; those unused longest go first. Safe to use from many
    threads. An array of more than a quarter of that is not held: one view must not push out all others."""

    def __init__(self, most_bytes: int) -> None:
        self.most_bytes = most_bytes
        self._held: OrderedDict[Hashable, Array] = OrderedDict()
        self._bytes = 0
        self._lock = threading.Lock()

    def get(self, key: Hashable, make: Callable[[], Array]) -> Array:
        """The array of a key, made where it is not held; it cannot be written to."""
        with self._lock:
            if key in self._held:
                self._held.move_to_end(key)
                return self._held[key]
        made = make()  # outside the lock: two threads may read the same column, none waits for another's
        made.flags.writeable = False
        if made.nbytes <= self.most_bytes // 4:
            with self._lock:
                self._keep(key, made)
        return made

    def forget(self, belongs: Callable[[Any], bool]) -> None:
        """Drops the arrays whose key `belongs`."""
        with self._lock:
            for key in [key for key in self._held if belongs(key)]:
                self._bytes -= self._held.pop(key).nbytes

    def _keep(self, key: Hashable, made: Array) -> None:
        if key in self._held:
            self._bytes -= self._held.pop(key).nbytes
        self._held[key] = made
        self._bytes += made.nbytes
        while self._bytes > self.most_bytes:
            self._bytes -= self._held.popitem(last=False)[1].nbytes
