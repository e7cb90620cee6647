"""The service's only starter: reads the settings, builds the app, listens, serves, ends."""

import copy
import functools
import logging
import os
import re
import signal
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from email.utils import formatdate
from types import FrameType
from typing import Any
from wsgiref.types import WSGIApplication

from waitress.channel import HTTPChannel  # type: ignore[import-untyped]  # waitress ships no types
from waitress.parser import HTTPRequestParser, ParsingError  # type: ignore[import-untyped]  # as above
from waitress.server import TcpWSGIServer, create_server  # type: ignore[import-untyped]  # as above
from waitress.task import ErrorTask, ThreadedTaskDispatcher, WSGITask  # type: ignore[import-untyped]  # as above
from waitress.utilities import BadRequest  # type: ignore[import-untyped]  # as above
from waitress.wasyncore import readwrite  # type: ignore[import-untyped]  # as above

import one_thread  # noqa: F401 -- first of all: it must be there before numpy is
from alerts import Alerts, channels_of
from answer import to_json
from api.access import NOT_LOCAL, is_loopback, is_proxy_header
from api.shortcut import Asked, Shortcut
from app import create_app
from data_generation import demo
from jobs import Jobs
from polling import HAS_EPOLL, Polling
from settings import BadSetting, Settings, flag, read, variable
from store import Archive, CannotOpen, Store
from streams import Streams
from uploads import Uploads

BODY_HEADROOM = 1024 * 1024
"""Bytes by which waitress takes a larger body than Flask does, so that Flask refuses it and sees its path."""

DISCARD = 4
"""A body of up to this many times the limit is read and thrown away: a connection closed on a client that still
sends is, to a browser, a network error and not the 413 that was answered."""

THREADS = 32
"""Threads for quick requests, beside those for every detection slot and every place in its queue. A push waits for its
commit: the more of them wait together, the fewer commits there are."""

SEND_AT_ONCE = 64 * 1024
"""Bytes of an answer that are gathered before they are sent: head and body of most answers go in one piece."""

STRANGERS_BODY = 64 * 1024
"""Largest body taken from another computer while only this one is served; the app then refuses the request."""

LONGEST_BESIDE_CHUNKS = 16 * 1024
"""Bytes of one chunk's extension, or of all trailers."""

CONNECTIONS = 2000

SPARE_FILES = 200
"""File descriptors for all that is no connection: libraries, bodies on disk, static files."""

PROBES = frozenset({"/healthz", "/readyz"})
"""What asks only whether the service lives; it needs no database."""

LAST_SECONDS = 1
"""How long requests in work may go on after the end was asked for."""

DATABASE = "anomaly.db"

WRONG_USAGE = 2

UNDERSCORED = re.compile(rb"(?m)^[\w-]*_[\w-]*(?=:)")
"""The names of headers that are written with an underscore."""

SENTENCES = {
    413: "The request is too large; the setting ANOMALY_MAX_UPLOAD_BYTES says how large it may be.",
    431: "The request's headers are too long.",
    501: "This transfer encoding is not supported; send a Content-Length, or chunks.",
}


class JsonErrorTask(ErrorTask):  # type: ignore[misc]  # no types
    """What is refused before Flask sees it, in the one shape of errors."""

    def execute(self) -> None:
        """Writes the answer and closes the connection."""
        error = self.request.error
        message = SENTENCES.get(error.code, f"This is not an HTTP request that can be served: {error.reason}.")
        code = "limit_exceeded" if error.code == 413 else error.reason.lower().replace(" ", "_")
        self.tell(f"{error.code} {error.reason}", code, message)

    def tell(self, status: str, code: str, message: str) -> None:
        """Writes an error."""
        body = to_json({"error": {"code": code, "message": message, "detail": {}}}) + b"\n"
        self.status = status
        self.response_headers = [("Content-Type", "application/json"), ("Cache-Control", "no-store")]
        self.set_close_on_finish()
        self.content_length = len(body)
        self.write(body)


class StrangerErrorTask(JsonErrorTask):
    """The same for another computer, which is not served whatever it sends."""

    def execute(self) -> None:
        """Writes the answer and closes the connection."""
        self.tell("403 Forbidden", "not_local", NOT_LOCAL)


class PatientParser(HTTPRequestParser):  # type: ignore[misc]  # no types
    """Reads a body that is too large to its end, keeping nothing of it, before it is refused; refuses what waitress
    stumbles over or lets pass."""

    discard: int = 0
    expect_continue: bool = False
    ready: bytes = b""
    """The whole answer, where it was made without Flask."""

    def received(self, data: bytes) -> int:
        """How many bytes of `data` were taken."""
        if self.discard:
            taken = min(self.discard, len(data))
            self.discard -= taken
            self.completed = not self.discard
            return taken
        taken = int(super().received(data))
        if self.chunked and self.body_rcv is not None and not self.completed:
            self.check_lines()
        size = self.content_length
        if self.error and not self.expect_continue and size <= DISCARD * self.adj.max_request_body_size:
            self.discard = 0 if self.body_bytes_received else size
            self.completed = not self.discard
        self.expect_continue = self.expect_continue and not self.error
        return taken

    def check_lines(self) -> None:
        """Refuses what stands beside the chunks where it is long: waitress reads all of it anew with each piece."""
        if max(len(self.body_rcv.control_line), len(self.body_rcv.trailer)) > LONGEST_BESIDE_CHUNKS:
            self.error = BadRequest("Chunk extension or trailer too long")
            self.completed = True

    def parse_header(self, header_plus: bytes) -> None:
        """Raises ParsingError, which is answered with 400, for headers that are no HTTP."""
        try:
            super().parse_header(UNDERSCORED.sub(dashed_if_proxy, header_plus))
        except ValueError as error:  # an address like http://[::1, a length of thousands of digits
            raise ParsingError("Bad URI or Content-Length") from error
        if (self.chunked and "CONTENT_LENGTH" in self.headers) or "TRANSFER_ENCODING" in self.headers:
            raise ParsingError("Content-Length and Transfer-Encoding together")
        if self.proxy_netloc:
            self.headers["HOST"] = self.proxy_netloc  # an absolute address outranks Host (RFC 9112, 3.2.2)


def dashed_if_proxy(name: re.Match[bytes]) -> bytes:
    """The name of a proxy's header as api/access.py sees it; waitress drops every name with an underscore."""
    told = name[0].decode("latin-1")
    return name[0].replace(b"_", b"-") if is_proxy_header(told) else name[0]


class KeepingTask(WSGITask):  # type: ignore[misc]  # no types
    """Leaves the connection open after an answer without a body (204, 304), which ends with its headers (RFC 9112,
    6.3); waitress closes it, and each write in line protocol would need a new one. Sends an answer that is ready."""

    def service(self) -> None:
        """Answers the request."""
        if not self.request.ready:
            super().service()
            return
        self.wrote_header = True
        self.channel.write_soon(self.request.ready)

    def set_close_on_finish(self) -> None:
        """Closes the connection after this answer."""
        asked = self.request.headers.get("CONNECTION", "").lower() == "close"
        if self.has_body or asked or self.version != "1.1":
            super().set_close_on_finish()


class Channel(HTTPChannel):  # type: ignore[misc]  # no types
    """A connection that answers errors as JSON."""

    task_class = KeepingTask
    error_task_class = JsonErrorTask
    parser_class = PatientParser

    def __init__(self, server: Any, sock: Any, addr: Any, adj: Any, map: Any = None) -> None:
        super().__init__(server, sock, addr, adj, map=map)
        if server.polling:
            server.polling.renew(self)

    def del_channel(self, map: Any = None) -> None:
        """Leaves the sockets that are waited for."""
        number = self._fileno
        super().del_channel(map)
        if self.server.polling:
            self.server.polling.forget(number)

    def handle_write(self) -> None:
        """Sends what is left to be sent. Under the lock: a thread that ends its answer may be sending, too."""
        with self.outbuf_lock:
            super().handle_write()

    def service(self) -> None:
        """Answers one request, by the shortcut where it can, which may come back to it later and in another thread."""
        request, shortcut = self.requests[0], self.server.shortcut
        if shortcut and not request.error and request.version == "1.1" and not request.connection_close:
            uri = request.request_uri.partition("?")[0]
            asked = Asked(request.command, uri, request.query, request.headers, self.addr[0], lambda: body_of(request))
            if "#" not in request.request_uri and shortcut.take(asked, self._reply):
                return
        self._finish()

    def _reply(self, status: str, headers: Mapping[str, str], body: bytes) -> None:
        """Sends the answer to the present request, and goes on to the next."""
        self.requests[0].ready = head(status, tuple(headers.items()), len(body), int(time.time())) + body
        self._finish()

    def _finish(self) -> None:
        """Answers the present request in this thread."""
        if self.server.polling:
            self.server.polling.serving(self)
        super().service()


def body_of(request: PatientParser) -> bytes:
    """The body of a request, which can be read again."""
    file = request.get_body_stream()
    data: bytes = file.read()
    file.seek(0)
    return data


@functools.lru_cache(maxsize=64)
def head(status: str, headers: tuple[tuple[str, str], ...], length: int, second: int) -> bytes:
    """The head of an answer made in a second since 1970; in one second many are the same."""
    lines = [f"{name}: {value}\r\n" for name, value in headers]
    date = formatdate(second, usegmt=True)
    return f"HTTP/1.1 {status}\r\n{''.join(lines)}Content-Length: {length}\r\nDate: {date}\r\n\r\n".encode("latin-1")


class StrangerChannel(Channel):
    """A connection from another computer while only this one is served: it may not fill the disk with a body."""

    error_task_class = StrangerErrorTask

    def __init__(self, server: Any, sock: Any, addr: Any, adj: Any, map: Any = None) -> None:
        small = copy.copy(adj)
        small.max_request_body_size = STRANGERS_BODY
        super().__init__(server, sock, addr, small, map=map)


def local_channel(server: Any, sock: Any, addr: Any, adj: Any, map: Any = None) -> Channel:
    """The channel for a peer while only this computer is served."""
    kind = Channel if is_loopback(addr[0]) else StrangerChannel
    return kind(server, sock, addr, adj, map=map)


def main(arguments: Sequence[str], environment: Mapping[str, str]) -> int:
    """Serves until SIGINT or SIGTERM. Returns the exit code."""
    try:
        settings = read(arguments, environment)
        prepare_data_dir(settings)
        store = Store.open(settings.database_url or f"sqlite:///{(settings.data_dir / DATABASE).resolve()}")
        streams = Streams(store, capacity=settings.stream_capacity, most=settings.max_streams)
        alerts = Alerts(store, channels_of(settings))
        jobs = Jobs(store, most_waiting=settings.queued_jobs, most_bytes=settings.max_kept_bytes)
        uploads = Uploads(Archive(store.database), settings.max_kept_bytes, settings.keep_series_days)
        app = create_app(settings, streams, alerts, jobs, uploads)
        server, port = listen(app, settings, Shortcut(app.extensions["anomaly"]))
    except (BadSetting, CannotOpen) as error:
        sys.stderr.write(f"server.py: {error.message}\n")
        return WRONG_USAGE
    logging.basicConfig(level=settings.log_level.upper(), format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, end)
    sys.stdout.write(f"Open {address(settings, port)} in a browser; Ctrl+C ends the service.\n")
    sys.stdout.flush()
    threading.Thread(target=warm_up, args=(app.extensions["anomaly"].ready,), daemon=True, name="warm-up").start()
    streams.start()
    alerts.start()
    jobs.start()
    server.run()
    jobs.stop()
    alerts.stop()
    streams.stop()
    store.close()
    return 0


def prepare_data_dir(settings: Settings) -> None:
    """Makes the data directory, and lets uploads be buffered there and nowhere else. Raises BadSetting."""
    uploads = settings.data_dir / "uploads"
    try:
        uploads.mkdir(parents=True, exist_ok=True)
        tempfile.tempdir = str(uploads)  # where waitress and Flask keep a large body while it arrives
        tempfile.TemporaryFile().close()
    except OSError as error:
        message = f"{flag('data_dir')} {settings.data_dir} cannot be written to: {error.strerror}."
        raise BadSetting(message, name=variable("data_dir")) from error


def listen(app: WSGIApplication, settings: Settings, shortcut: Shortcut | None = None) -> tuple[Any, int]:
    """A server that listens and does not serve yet, and its port. Raises BadSetting for a port not to be had."""
    sockets: dict[int, Any] = {}
    try:
        server = create_server(
            app,
            map=sockets,
            host=settings.host,
            port=settings.port,
            ident=None,
            threads=THREADS + settings.detections_at_once + settings.queued_detections,
            connection_limit=connection_limit(),
            asyncore_use_poll=True,  # select() ends at file descriptor 1,024
            channel_timeout=60,
            max_request_body_size=settings.max_upload_bytes + BODY_HEADROOM,
            clear_untrusted_proxy_headers=False,  # they are the reason to refuse a request; see api/access.py
        )
    except (OSError, ValueError) as error:
        raise BadSetting(cannot_listen(settings, error), name=variable("port")) from error
    polling = Polling(readwrite) if HAS_EPOLL else None
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


def address(settings: Settings, port: int) -> str:
    """What to click on: a server that listens everywhere is called by the name of this computer to itself."""
    host = "localhost" if settings.host in {"0.0.0.0", "::", "127.0.0.1", "::1"} else settings.host
    return f"http://{f'[{host}]' if ':' in host else host}:{port}/"


def warm_up(ready: threading.Event) -> None:
    """Uses every detector once, so that the first request does not wait for what they import and set up."""
    from detectors import DETECTORS

    series = demo(points=400).series
    for detector in DETECTORS.values():
        detector.fit(series).detect(series)
    ready.set()


def end(number: int, frame: FrameType | None) -> None:
    """Ends the server's loop."""
    raise SystemExit(0)


if __name__ == "__main__":
    code = main(sys.argv[1:], os.environ)
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)  # a detection may still be at work in torch, which aborts when the interpreter ends under it
