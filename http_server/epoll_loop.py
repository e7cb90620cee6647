"""Waiting for very many sockets: the kernel is told only what changes, so that a thousand idle ones cost nothing.

waitress asks every connection before each wait whether it wants to read or write; with 500 of them that takes most of
a core. Here the kernel keeps the wishes (epoll), and a thread that has answered a request sends the answer and renews
its connection's wish itself, without waking the thread that waits.
"""

import select
import threading
import time
from collections.abc import Callable
from typing import Any

HAS_EPOLL = hasattr(select, "epoll")
READ, WRITE = getattr(select, "EPOLLIN", 1), getattr(select, "EPOLLOUT", 4)
SECONDS = 1.0
"""Between two looks at all sockets: connections without any activity are closed then."""


class EpollLoop:
    """Stands in for waitress's loop over one socket map, by file descriptor.

    ready   handles what a socket is ready for: called with the socket's handler and poll()'s flags
    """

    def __init__(self, ready: Callable[[Any, int], None]) -> None:
        self._ready = ready
        self._epoll = select.epoll()
        self._told: dict[int, int] = {}
        self._lock = threading.Lock()
        self._thread = threading.local()

    def loop(self, map: dict[int, Any], timeout: float = SECONDS, use_poll: bool = True) -> None:
        """Handles what is ready until the map is empty; what a handler raises ends it."""
        due = 0.0
        while map:
            if time.monotonic() >= due:
                for handler in list(map.values()):
                    self.renew(handler)
                due = time.monotonic() + SECONDS
            for number, flags in self._epoll.poll(min(timeout, SECONDS)):
                if (handler := map.get(number)) is not None:
                    self._handle(handler, flags)

    def serving(self, channel: Any) -> None:
        """Says that this thread answers a request of a channel from now on."""
        self._thread.channel = channel

    def pull(self) -> None:
        """Called by a thread once its channel has something to send, or wants to read again."""
        channel = getattr(self._thread, "channel", None)
        if channel is None:
            return
        with channel.outbuf_lock:
            if channel.total_outbufs_len and not channel.will_close:
                channel._flush_exception(channel._flush_some, do_close=False)
        self.renew(channel)

    def renew(self, handler: Any) -> None:
        """Tells the kernel what a handler wants. Its wish is read under the lock: the last word is the newest wish."""
        with self._lock:
            number = handler._fileno
            if number is None:
                return  # closed meanwhile
            wish = (READ if handler.readable() else 0) | (WRITE if handler.writable() and not handler.accepting else 0)
            told = self._told.get(number, 0)
            self._told[number] = wish
            if wish and not told:
                self._epoll.register(number, wish)
            elif told and not wish:
                self._epoll.unregister(number)
            elif wish != told:
                self._epoll.modify(number, wish)

    def forget(self, number: int) -> None:
        """Stops waiting for a socket; called when its handler has lost its number, before the socket is closed."""
        with self._lock:
            if self._told.pop(number, 0):
                self._epoll.unregister(number)

    def _handle(self, handler: Any, flags: int) -> None:
        if flags & READ and not handler.readable():
            self.renew(handler)  # it serves a request: it is asked again when that is done
            return
        self._ready(handler, flags)
        if handler.accepting or handler.writable():
            self.renew(handler)
