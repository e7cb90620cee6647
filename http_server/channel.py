"""HTTP connections: waitress's parser, tasks and channel as this service needs them."""

import copy
import functools
import re
import time
from collections.abc import Mapping
from email.utils import formatdate
from typing import Any

from waitress.channel import HTTPChannel  # type: ignore[import-untyped]  # waitress ships no types
from waitress.parser import HTTPRequestParser, ParsingError  # type: ignore[import-untyped]  # as above
from waitress.task import ErrorTask, WSGITask  # type: ignore[import-untyped]  # as above
from waitress.utilities import BadRequest  # type: ignore[import-untyped]  # as above

import blas_threads  # noqa: F401 -- first of all: it must be set before numpy is imported
from api.access import NOT_LOCAL, is_loopback, is_proxy_header
from api.errors import error_body
from api.fast_path import RawRequest

MAX_DISCARDED = 4
"""A body of up to this many times the size limit is read and discarded before the error is sent. A browser whose
connection closes while it still sends reports a network error instead of the 413."""
MAX_REMOTE_BODY = 64 * 1024
"""Largest body, in bytes, read from another computer while only localhost is served; the app then refuses it."""
MAX_CHUNK_EXTRAS = 16 * 1024
"""Largest chunk extension or trailer, in bytes: waitress parses all of it again with each piece that arrives."""
UNDERSCORED = re.compile(rb"(?m)^[\w-]*_[\w-]*(?=:)")
"""The names of headers that contain an underscore."""
MESSAGES = {
    413: "The request is too large; the setting ANOMALY_MAX_UPLOAD_BYTES limits its size.",
    431: "The request's headers are too long.",
    501: "This transfer encoding is not supported; send a Content-Length, or chunks.",
}


class JsonErrorTask(ErrorTask):  # type: ignore[misc]  # no types
    """Sends what waitress refuses before Flask sees it in the API's error shape."""

    def execute(self) -> None:
        """Send the error response and close the connection."""
        error = self.request.error
        message = MESSAGES.get(error.code, f"This is not an HTTP request that can be served: {error.reason}.")
        code = "limit_exceeded" if error.code == 413 else error.reason.lower().replace(" ", "_")
        self.send_error(f"{error.code} {error.reason}", code, message)

    def send_error(self, status: str, code: str, message: str) -> None:
        """Send an error response."""
        body = error_body(code, message) + b"\n"
        self.status = status
        self.response_headers = [("Content-Type", "application/json"), ("Cache-Control", "no-store")]
        self.set_close_on_finish()
        self.content_length = len(body)
        self.write(body)


class RemoteErrorTask(JsonErrorTask):
    """Refuses another computer, whatever it sends, while only localhost is served."""

    def execute(self) -> None:
        """Send the error response and close the connection."""
        self.send_error("403 Forbidden", "not_local", NOT_LOCAL)


class DrainingParser(HTTPRequestParser):  # type: ignore[misc]  # no types
    """Reads and discards a body that is too large before the request is refused, and refuses malformed requests that
    waitress fails on or accepts."""

    discard: int = 0
    expect_continue: bool = False
    prepared: bytes = b""
    """The complete response of the fast path."""

    def received(self, data: bytes) -> int:
        """Parse `data`; return how many bytes were consumed."""
        if self.discard:
            consumed = min(self.discard, len(data))
            self.discard -= consumed
            self.completed = not self.discard
            return consumed
        consumed = int(super().received(data))
        if self.chunked and self.body_rcv is not None and not self.completed:
            self.check_chunk_extras()
        size = self.content_length
        if self.error and not self.expect_continue and size <= MAX_DISCARDED * self.adj.max_request_body_size:
            self.discard = 0 if self.body_bytes_received else size
            self.completed = not self.discard
        self.expect_continue = self.expect_continue and not self.error
        return consumed

    def check_chunk_extras(self) -> None:
        """Refuse a long chunk extension or trailer."""
        if max(len(self.body_rcv.control_line), len(self.body_rcv.trailer)) > MAX_CHUNK_EXTRAS:
            self.error = BadRequest("Chunk extension or trailer too long")
            self.completed = True

    def parse_header(self, header_plus: bytes) -> None:
        """Parse the request head. Raises ParsingError, answered with 400, for a malformed one."""
        try:
            super().parse_header(UNDERSCORED.sub(normalize_proxy_header, header_plus))
        except ValueError as error:  # an address like http://[::1, a length of thousands of digits
            raise ParsingError("Bad URI or Content-Length") from error
        if (self.chunked and "CONTENT_LENGTH" in self.headers) or "TRANSFER_ENCODING" in self.headers:
            raise ParsingError("Content-Length and Transfer-Encoding together")
        if self.proxy_netloc:
            self.headers["HOST"] = self.proxy_netloc  # an absolute address outranks Host (RFC 9112, 3.2.2)


def normalize_proxy_header(name: re.Match[bytes]) -> bytes:
    """Return a proxy header's name with dashes, as api/access.py expects it; waitress drops names with underscores."""
    text = name[0].decode("latin-1")
    return name[0].replace(b"_", b"-") if is_proxy_header(text) else name[0]


class PreparedTask(WSGITask):  # type: ignore[misc]  # no types
    """Sends a response that the fast path has prepared, or calls the app."""

    def service(self) -> None:
        """Answer the request."""
        if not self.request.prepared:
            super().service()
            return
        self.wrote_header = True
        self.channel.write_soon(self.request.prepared)


class Channel(HTTPChannel):  # type: ignore[misc]  # no types
    """A connection with JSON errors, the fast path and the epoll loop."""

    task_class = PreparedTask
    error_task_class = JsonErrorTask
    parser_class = DrainingParser

    def __init__(self, server: Any, sock: Any, addr: Any, adj: Any, map: Any = None) -> None:
        super().__init__(server, sock, addr, adj, map=map)
        if server.epoll_loop:
            server.epoll_loop.register(self)

    def del_channel(self, map: Any = None) -> None:
        """Remove the socket from the loop."""
        descriptor = self._fileno
        super().del_channel(map)
        if self.server.epoll_loop:
            self.server.epoll_loop.unregister(descriptor)

    def handle_write(self) -> None:
        """Send what is buffered. Takes the lock: a thread that finishes its response may be sending too."""
        with self.outbuf_lock:
            super().handle_write()

    def service(self) -> None:
        """Answer one request: by the fast path where it can, which may call back later from another thread."""
        request = self.requests[0]
        fast_path = self.server.fast_path
        if fast_path and not request.error and request.version == "1.1" and not request.connection_close:
            path = request.request_uri.partition("?")[0]
            raw = RawRequest(
                request.command, path, request.query, request.headers, self.addr[0], lambda: body_of(request)
            )
            if "#" not in request.request_uri and fast_path.handle(raw, self._send_prepared):
                return
        self._respond()

    def _send_prepared(self, status: str, headers: Mapping[str, str], body: bytes) -> None:
        """Send a prepared response to the current request."""
        head = response_head(status, tuple(headers.items()), len(body), int(time.time()))
        self.requests[0].prepared = head + body
        self._respond()

    def _respond(self) -> None:
        """Answer the current request in this thread, then go on to the next."""
        if self.server.epoll_loop:
            self.server.epoll_loop.enter(self)
        super().service()


def body_of(request: DrainingParser) -> bytes:
    """Return the body of a request; it can be read again."""
    file = request.get_body_stream()
    data: bytes = file.read()
    file.seek(0)
    return data


@functools.lru_cache(maxsize=64)
def response_head(status: str, headers: tuple[tuple[str, str], ...], length: int, second: int) -> bytes:
    """Return the head of a response sent at a second since 1970. Responses of one second often share it."""
    lines = [f"{name}: {value}\r\n" for name, value in headers]
    date = formatdate(second, usegmt=True)
    return f"HTTP/1.1 {status}\r\n{''.join(lines)}Content-Length: {length}\r\nDate: {date}\r\n\r\n".encode("latin-1")


class RemoteChannel(Channel):
    """A connection from another computer while only localhost is served: its body may not fill the disk."""

    error_task_class = RemoteErrorTask

    def __init__(self, server: Any, sock: Any, addr: Any, adj: Any, map: Any = None) -> None:
        limited = copy.copy(adj)
        limited.max_request_body_size = MAX_REMOTE_BODY
        super().__init__(server, sock, addr, limited, map=map)


def channel_by_peer(server: Any, sock: Any, addr: Any, adj: Any, map: Any = None) -> Channel:
    """Return the channel for a peer while only localhost is served."""
    kind = Channel if is_loopback(addr[0]) else RemoteChannel
    return kind(server, sock, addr, adj, map=map)
