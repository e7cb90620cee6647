"""A waitress server that listens on the configured address."""

import functools
import logging
import sys
from collections.abc import Callable
from typing import Any
from wsgiref.types import WSGIApplication

from waitress.server import TcpWSGIServer, create_server  # type: ignore[import-untyped]  # as above
from waitress.task import ThreadedTaskDispatcher  # type: ignore[import-untyped]  # as above
from waitress.wasyncore import readwrite  # type: ignore[import-untyped]  # as above

import blas_threads  # noqa: F401 -- first of all: it must be there before numpy is
from api.fast_path import FastPath
from http_server.channel import Channel, local_channel
from http_server.epoll_loop import HAS_EPOLL, EpollLoop
from settings import BadSetting, Settings, flag, variable

BODY_HEADROOM = 1024 * 1024
"""Bytes by which waitress takes a larger body than Flask does, so that Flask refuses it and sees its path."""
THREADS = 32
"""Threads for quick requests, beside those for every detection slot and every place in its queue. A push waits for its
commit: the more of them wait together, the fewer commits there are."""
SEND_AT_ONCE = 64 * 1024
"""Bytes of an answer that are gathered before they are sent: head and body of most answers go in one piece."""
CONNECTIONS = 2000
SPARE_FILES = 200
"""File descriptors for all that is no connection: libraries, bodies on disk, static files."""
PROBES = frozenset({"/healthz", "/readyz"})
"""What asks only whether the service lives; it needs no database."""
LAST_SECONDS = 1
"""How long requests in work may go on after the end was asked for."""


def listen(app: WSGIApplication, settings: Settings, shortcut: FastPath | None = None) -> tuple[Any, int]:
    """A server that listens and does not serve yet, and its port. Raises BadSetting for a port not to be had."""
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
        raise BadSetting(cannot_listen(settings, error), name=variable("port")) from error
    polling = EpollLoop(readwrite) if HAS_EPOLL else None
    for listener in sockets.values():
        if isinstance(listener, TcpWSGIServer):
            listener.channel_class = Channel if settings.open else local_channel
            port = listener.effective_port
            listener.polling = polling
            listener.shortcut = shortcut
            if polling:
                listener.pull_trigger = polling.pull  # which sends what was gathered, at the end of each answer
                listener.adj.send_bytes = SEND_AT_ONCE
    if polling:
        server.asyncore = polling  # what its run() calls loop() of
    dispatcher = server.task_dispatcher
    dispatcher.shutdown = functools.partial(dispatcher.shutdown, timeout=LAST_SECONDS)
    dispatcher.queue_logger.setLevel(logging.ERROR)  # it tells of each request that waits
    dispatcher.add_task = functools.partial(add_task, dispatcher.add_task, probes())
    return server, port


def probes() -> Any:
    """What answers PROBES: a thread of its own, so that nothing that fills all others makes the service look dead."""
    dispatcher = ThreadedTaskDispatcher()
    dispatcher.set_thread_count(1)
    return dispatcher


def add_task(ordinary: Callable[[Any], None], probes: Any, channel: Any) -> None:
    """Has the next request of a channel answered."""
    request = channel.requests[0]
    (probes.add_task if not request.error and request.path in PROBES else ordinary)(channel)


def connection_limit() -> int:
    """How many connections are held at once. With waitress's own 100, polling browsers lose requests; with more than
    there are file descriptors, accepting fails over and over."""
    if sys.platform == "win32":
        return CONNECTIONS
    import resource

    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = CONNECTIONS + SPARE_FILES
    if soft < wanted:
        soft = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    return max(min(CONNECTIONS, soft - SPARE_FILES), 10)


def cannot_listen(settings: Settings, error: Exception) -> str:
    """What to change when the socket is not to be had."""
    reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
    return (
        f"Cannot listen on {settings.host} port {settings.port}: {reason}. "
        f"Choose another port with {flag('port')}, or end the program that holds it."
    )
