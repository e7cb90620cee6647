"""A limit on the whole of a conversation: a timeout alone is one on each read, and a byte now and then passes that."""

import contextlib
import socket
import threading
from collections.abc import Callable
from types import TracebackType
from typing import Self


class Deadline:
    """Within `with`, ends what is watched after so many seconds; whoever reads from it then finds it closed."""

    def __init__(self, seconds: float) -> None:
        self._watched: list[Callable[[], socket.socket | None]] = []
        self._timer = threading.Timer(seconds, self._end)
        self._timer.daemon = True

    def watch(self, find: Callable[[], socket.socket | None]) -> None:
        """Watches the socket that `find` gives at the end, if there is one then."""
        self._watched.append(find)

    def __enter__(self) -> Self:
        self._timer.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._timer.cancel()

    def _end(self) -> None:
        for find in self._watched:
            with contextlib.suppress(OSError):  # closed already, or handed on to TLS
                if found := find():
                    found.shutdown(socket.SHUT_RDWR)
