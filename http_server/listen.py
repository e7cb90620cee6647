"""Listening on the configured address."""

import functools
import logging
import sys
from collections.abc import Callable
from typing import Any
from wsgiref.types import WSGIApplication

from waitress.server import TcpWSGIServer, create_server  # type: ignore[import-untyped]  # waitress ships no types
from waitress.task import ThreadedTaskDispatcher  # type: ignore[import-untyped]  # as above
from waitress.wasyncore import readwrite  # type: ignore[import-untyped]  # as above

import blas_threads  # noqa: F401 -- first of all: it must be set before numpy is imported
from api.fast_path import FastPath
from http_server.channel import Channel, channel_by_peer
from http_server.epoll_loop import HAS_EPOLL, EpollLoop
from settings import BadSetting, Settings, flag, variable

BODY_HEADROOM = 1024 * 1024
"""Bytes by which waitress accepts a larger body than Flask, so that Flask refuses it and knows its path."""
THREADS = 32
"""Threads for short requests, beside those for each detection slot and each place in its queue. A push waits for its
commit: the more of them wait together, the fewer commits there are."""
MAX_CONNECTIONS = 2000
"""With waitress's own limit of 100, polling browsers lose requests."""
RESERVED_FILES = 200
"""File descriptors for everything but connections: libraries, bodies on disk, static files."""
PROBE_PATHS = frozenset({"/healthz", "/readyz"})
"""Health checks; they need no database."""
SHUTDOWN_SECONDS = 1
"""How long requests in progress may take after the shutdown signal."""


def listen(app: WSGIApplication, settings: Settings, fast_path: FastPath | None = None) -> tuple[Any, int]:
    """Return a server that listens but does not serve yet, and its port. Raises BadSetting if the port is taken."""
    sockets: dict[int, Any] = {}
    try:
        server = create_server(
            app,
            map=sockets,
            host=settings.host,
            port=settings.port,
            ident=None,
            threads=THREADS + settings.detection_slots + settings.max_queued_requests,
            connection_limit=connection_limit(),
            asyncore_use_poll=True,  # select() ends at file descriptor 1,024
            channel_timeout=60,
            max_request_body_size=settings.max_upload_bytes + BODY_HEADROOM,
            clear_untrusted_proxy_headers=False,  # they are the reason to refuse a request; see api/access.py
        )
    except (OSError, ValueError) as error:
        raise BadSetting(listen_error(settings, error), name=variable("port")) from error
    loop = EpollLoop(readwrite) if HAS_EPOLL else None
    for listener in sockets.values():
        if isinstance(listener, TcpWSGIServer):
            listener.channel_class = Channel if settings.open else channel_by_peer
            port = listener.effective_port
            listener.epoll_loop = loop
            listener.fast_path = fast_path
            if loop:
                listener.pull_trigger = loop.flush  # called by a thread whose response is complete
    if loop:
        server.asyncore = loop  # its loop() is what server.run() calls
    dispatcher = server.task_dispatcher
    dispatcher.shutdown = functools.partial(dispatcher.shutdown, timeout=SHUTDOWN_SECONDS)
    dispatcher.queue_logger.setLevel(logging.ERROR)  # it logs each request that waits
    dispatcher.add_task = functools.partial(add_task, dispatcher.add_task, probe_dispatcher())
    return server, port


def probe_dispatcher() -> Any:
    """Return a dispatcher with one thread for PROBE_PATHS, so that health checks are answered while others are busy."""
    dispatcher = ThreadedTaskDispatcher()
    dispatcher.set_thread_count(1)
    return dispatcher


def add_task(ordinary: Callable[[Any], None], probes: Any, channel: Any) -> None:
    """Queue the next request of a channel."""
    request = channel.requests[0]
    is_probe = not request.error and request.path in PROBE_PATHS
    (probes.add_task if is_probe else ordinary)(channel)


def connection_limit() -> int:
    """Return how many connections to accept, and raise the limit of open files for them where allowed.

    With more connections than file descriptors, accepting fails over and over.
    """
    if sys.platform == "win32":
        return MAX_CONNECTIONS
    import resource

    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = MAX_CONNECTIONS + RESERVED_FILES
    if soft < wanted:
        soft = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    return max(min(MAX_CONNECTIONS, soft - RESERVED_FILES), 10)


def listen_error(settings: Settings, error: Exception) -> str:
    """Return the message for an address that cannot be bound."""
    reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
    return (
        f"Cannot listen on {settings.host} port {settings.port}: {reason}. "
        f"Choose another port with {flag('port')}, or stop the program that uses it."
    )
