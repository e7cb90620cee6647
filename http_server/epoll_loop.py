"""An epoll loop for waitress, so that a thousand idle connections cost nothing.

Waitress polls every connection before each wait to learn whether it wants to read or write; with 500 connections that
takes most of a core. Here epoll holds what each connection waits for. A thread that has answered a request sends the
response and updates its connection's registration itself, without waking the thread that waits.
"""

import select
import threading
import time
from collections.abc import Callable
from typing import Any

HAS_EPOLL = hasattr(select, "epoll")
READ = getattr(select, "EPOLLIN", 1)
WRITE = getattr(select, "EPOLLOUT", 4)
SWEEP_SECONDS = 1.0
"""Interval between checks of all sockets; they close connections that time out."""


class EpollLoop:
    """Replaces waitress's loop over one socket map, keyed by file descriptor.

    handle   called with a socket's handler and poll()'s flags when the socket is ready
    """

    def __init__(self, handle: Callable[[Any, int], None]) -> None:
        self._call_handler = handle
        self._epoll = select.epoll()
        self._registered: dict[int, int] = {}  # flags by file descriptor
        self._lock = threading.Lock()
        self._thread = threading.local()

    def loop(self, map: dict[int, Any], timeout: float = SWEEP_SECONDS, use_poll: bool = True) -> None:
        """Serve until the map is empty. An exception of a handler ends the loop."""
        next_sweep = 0.0
        while map:
            if time.monotonic() >= next_sweep:
                for handler in list(map.values()):
                    self.register(handler)
                next_sweep = time.monotonic() + SWEEP_SECONDS
            for descriptor, flags in self._epoll.poll(min(timeout, SWEEP_SECONDS)):
                if (handler := map.get(descriptor)) is not None:
                    self._handle(handler, flags)

    def enter(self, channel: Any) -> None:
        """Note that this thread now answers a request of `channel`."""
        self._thread.channel = channel

    def flush(self) -> None:
        """Send what this thread's channel has buffered, and register the channel for its next read or write."""
        channel = getattr(self._thread, "channel", None)
        if channel is None:
            return
        with channel.outbuf_lock:
            if channel.total_outbufs_len and not channel.will_close:
                channel._flush_exception(channel._flush_some, do_close=False)
        self.register(channel)

    def register(self, handler: Any) -> None:
        """Register what a handler waits for. Its state is read under the lock, so that the newest state wins."""
        with self._lock:
            descriptor = handler._fileno
            if descriptor is None:
                return  # closed meanwhile
            reads = READ if handler.readable() else 0
            writes = WRITE if handler.writable() and not handler.accepting else 0
            flags = reads | writes
            registered = self._registered.get(descriptor, 0)
            self._registered[descriptor] = flags
            if flags and not registered:
                self._epoll.register(descriptor, flags)
            elif registered and not flags:
                self._epoll.unregister(descriptor)
            elif flags != registered:
                self._epoll.modify(descriptor, flags)

    def unregister(self, descriptor: int) -> None:
        """Forget a socket. Call it when its handler has released the descriptor, before the socket is closed."""
        with self._lock:
            if self._registered.pop(descriptor, 0):
                self._epoll.unregister(descriptor)

    def _handle(self, handler: Any, flags: int) -> None:
        if flags & READ and not handler.readable():
            self.register(handler)  # it answers a request, and registers again when that is done
            return
        self._call_handler(handler, flags)
        if handler.accepting or handler.writable():
            self.register(handler)
