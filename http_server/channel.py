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

import blas_threads  # noqa: F401 -- first of all: it must be there before numpy is
from api.access import NOT_LOCAL, is_loopback, is_proxy_header
from api.fast_path import RawRequest
from api.responses import to_json

DISCARD = 4
"""A body of up to this many times the limit is read and thrown away: a connection closed on a client that still
sends is, to a browser, a network error and not the 413 that was answered."""
STRANGERS_BODY = 64 * 1024
"""Largest body taken from another computer while only this one is served; the app then refuses the request."""
LONGEST_BESIDE_CHUNKS = 16 * 1024
"""Bytes of one chunk's extension, or of all trailers."""
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


class RemoteErrorTask(JsonErrorTask):
    """The same for another computer, which is not served whatever it sends."""

    def execute(self) -> None:
        """Writes the answer and closes the connection."""
        self.tell("403 Forbidden", "not_local", NOT_LOCAL)


class DrainingParser(HTTPRequestParser):  # type: ignore[misc]  # no types
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
            super().parse_header(UNDERSCORED.sub(normalize_proxy_header, header_plus))
        except ValueError as error:  # an address like http://[::1, a length of thousands of digits
            raise ParsingError("Bad URI or Content-Length") from error
        if (self.chunked and "CONTENT_LENGTH" in self.headers) or "TRANSFER_ENCODING" in self.headers:
            raise ParsingError("Content-Length and Transfer-Encoding together")
        if self.proxy_netloc:
            self.headers["HOST"] = self.proxy_netloc  # an absolute address outranks Host (RFC 9112, 3.2.2)


def normalize_proxy_header(name: re.Match[bytes]) -> bytes:
    """The name of a proxy's header as api/access.py sees it; waitress drops every name with an underscore."""
    told = name[0].decode("latin-1")
    return name[0].replace(b"_", b"-") if is_proxy_header(told) else name[0]


class KeepAliveTask(WSGITask):  # type: ignore[misc]  # no types
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

    task_class = KeepAliveTask
    error_task_class = JsonErrorTask
    parser_class = DrainingParser

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
            asked = RawRequest(
                request.command, uri, request.query, request.headers, self.addr[0], lambda: body_of(request)
            )
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


def body_of(request: DrainingParser) -> bytes:
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


class RemoteChannel(Channel):
    """A connection from another computer while only this one is served: it may not fill the disk with a body."""

    error_task_class = RemoteErrorTask

    def __init__(self, server: Any, sock: Any, addr: Any, adj: Any, map: Any = None) -> None:
        small = copy.copy(adj)
        small.max_request_body_size = STRANGERS_BODY
        super().__init__(server, sock, addr, small, map=map)


def local_channel(server: Any, sock: Any, addr: Any, adj: Any, map: Any = None) -> Channel:
    """The channel for a peer while only this computer is served."""
    kind = Channel if is_loopback(addr[0]) else RemoteChannel
    return kind(server, sock, addr, adj, map=map)
