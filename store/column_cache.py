"""A bounded in-memory cache of immutable arrays, least recently used first out."""

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Any

from numpy.typing import NDArray

Array = NDArray[Any]


class ColumnCache:
    """At most `max_bytes` of read-only arrays by key, least recently used first out. Safe to use from many threads.

    An array larger than a quarter of `max_bytes` is not cached: one column must not evict all others.
    """

    def __init__(self, max_bytes: int) -> None:
        self.max_bytes = max_bytes
        self._arrays: OrderedDict[Hashable, Array] = OrderedDict()
        self._bytes = 0
        self._lock = threading.Lock()

    def get(self, key: Hashable, load: Callable[[], Array]) -> Array:
        """The read-only array of a key, loaded where it is not cached."""
        with self._lock:
            if key in self._arrays:
                self._arrays.move_to_end(key)
                return self._arrays[key]
        array = load()  # outside the lock: two threads may load the same column, none waits for another's
        array.flags.writeable = False
        if array.nbytes <= self.max_bytes // 4:
            with self._lock:
                self._insert(key, array)
        return array

    def discard(self, matches: Callable[[Any], bool]) -> None:
        """Drop the arrays whose key `matches`."""
        with self._lock:
            for key in [key for key in self._arrays if matches(key)]:
                self._bytes -= self._arrays.pop(key).nbytes

    def _insert(self, key: Hashable, array: Array) -> None:
        if key in self._arrays:
            self._bytes -= self._arrays.pop(key).nbytes
        self._arrays[key] = array
        self._bytes += array.nbytes
        while self._bytes > self.max_bytes:
            self._bytes -= self._arrays.popitem(last=False)[1].nbytes
