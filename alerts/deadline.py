"""A time limit on a complete exchange: a socket timeout limits each read only, which a slow sender never reaches."""

import contextlib
import socket
import threading
from collections.abc import Callable
from types import TracebackType
from typing import Self


class Deadline:
    """A context that shuts the watched sockets down after so many seconds; a read from one then fails."""

    def __init__(self, seconds: float) -> None:
        self._watched: list[Callable[[], socket.socket | None]] = []
        self._timer = threading.Timer(seconds, self._end)
        self._timer.daemon = True

    def watch(self, find: Callable[[], socket.socket | None]) -> None:
        """Shut down the socket that `find` returns at the deadline, if any."""
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
            with contextlib.suppress(OSError):  # closed already, or wrapped by TLS
                if connection := find():
                    connection.shutdown(socket.SHUT_RDWR)
