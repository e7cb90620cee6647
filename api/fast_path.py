"""A faster path for the two most frequent requests: pushing a few points to a stream, and reading the newest ones.

Flask and werkzeug take longer for such a request than scoring its points does. Responses here equal Flask's (a test
compares them), and every request that is unusual or fails is left to Flask. A push holds no thread while it waits for
its commit: the thread that committed sends the response.
"""

import logging
import re
import time
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote_to_bytes

import msgspec

from api.access import CROSS_SITES, check_host, check_local
from api.errors import SENTENCES, Refused, error_body
from api.headers import ALWAYS
from api.openapi_parts import JSON
from api.request_body import check_count
from api.responses import encode_json
from api.schemas.streams import PointsBody, StreamPoints
from api.state import State
from api.streams import MAX_POINTS, PREFIX
from errors import BadInput
from streams import Streams, WriteFailed

MAX_BODY_BYTES = 4096
"""Largest body handled here. Scoring more points would delay the others of the same commit."""

SUFFIX = "/points"
QUERY = re.compile(r"(?:(?:times=(?P<times>ms|iso)|limit=(?P<limit>[0-9]{1,9})|after=(?P<after>[0-9]{1,18}))(?:&|$))*")
ROUTE = "/api/v1/streams/<name>/points"
HEADERS = {"Content-Type": JSON, "Vary": "Accept", **ALWAYS, "Cache-Control": "no-store"}
STATUS = {200: "200 OK", 500: "500 INTERNAL SERVER ERROR", 503: "503 SERVICE UNAVAILABLE"}


@dataclass(frozen=True, slots=True)
class RawRequest:
    """An HTTP request that was read to its end.

    path     percent-encoded, as it was sent
    headers  by name as WSGI writes them, without HTTP_
    peer     address of the sender
    """

    method: str
    path: str
    query: str
    headers: Mapping[str, str]
    peer: str
    body: Callable[[], bytes]


Respond = Callable[[str, Mapping[str, str], bytes], None]
"""Sends a response: its status line, its headers but for those that HTTP itself needs, its body. Called once, by any
thread."""


class FastPath:
    """Handles the frequent requests of one service."""

    def __init__(self, state: State) -> None:
        self._state = state

    def handle(self, request: RawRequest, respond: Respond) -> bool:
        """Whether `respond` was or will be called; where not, nothing was done for the request."""
        started, streams = time.perf_counter(), self._state.streams
        if streams is None or not (request.path.startswith(PREFIX) and request.path.endswith(SUFFIX)):
            return False
        encoded, params = request.path[len(PREFIX) : -len(SUFFIX)], QUERY.fullmatch(request.query)
        if not encoded or "/" in encoded or not params or request.query.count("=") != sum(map(bool, params.groups())):
            return False
        respond = self._counted(request, respond, started)
        try:
            self._check(request)
            name = unquote_to_bytes(encoded).decode("utf-8")
            if request.method == "POST" and params["limit"] is None is params["after"]:
                return self._push(streams, name, request, params["times"] == "ms", respond)
            if request.method == "GET" and not request.headers.get("CONTENT_LENGTH"):
                return self._read(streams, name, params, respond)
        except (BadInput, Refused, UnicodeDecodeError):
            pass
        return False

    def _check(self, request: RawRequest) -> None:
        """Raises Refused for a request that Flask refuses, or should check more closely."""
        settings, headers = self._state.settings, request.headers
        if not settings.open:
            check_local(request.peer, list(headers))
        check_host(settings, headers.get("HOST", ""))
        if "ORIGIN" in headers or headers.get("SEC_FETCH_SITE") in CROSS_SITES:
            raise Refused(403, "cross_site", "")

    def _push(self, streams: Streams, name: str, request: RawRequest, as_ms: bool, respond: Respond) -> bool:
        """Scores points and responds once they are durable."""
        if not self._is_small_json(request.headers):
            return False
        data = request.body()
        try:
            check_count(self._state.settings, data)
            body = msgspec.json.decode(data, type=PointsBody)
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
            return False

        def on_commit(done: "Future[None]") -> None:
            error = done.exception()
            send(respond, raising(error) if error else lambda: StreamPoints.from_scored(scored, as_ms=as_ms))

        try:
            scored, commit = streams.push_nowait(name, body.times, body.values)
        except BadInput:
            raise
        except Exception as error:  # noqa: BLE001  a defect too: whether points were stored is unknown, so no retry
            send(respond, raising(error))
        else:
            if commit is None:
                send(respond, lambda: StreamPoints.from_scored(scored, as_ms=as_ms))
            else:
                commit.add_done_callback(on_commit)
        return True

    def _is_small_json(self, headers: Mapping[str, str]) -> bool:
        """Whether the body is plain JSON of at most MAX_BODY_BYTES."""
        media = headers.get("CONTENT_TYPE", "").partition(";")[0].strip().lower()
        if media != JSON or "CONTENT_ENCODING" in headers:
            return False
        return 0 < int(headers.get("CONTENT_LENGTH", 0)) <= min(MAX_BODY_BYTES, self._state.settings.max_upload_bytes)

    def _read(self, streams: Streams, name: str, params: re.Match[str], respond: Respond) -> bool:
        """Responds with the points after a cursor, or the newest."""
        limit = int(params["limit"] or 1000)
        if not 1 <= limit <= MAX_POINTS:
            return False
        after = None if params["after"] is None else int(params["after"])
        try:
            points, events = streams.read_with_events(name, after, limit)
        except BadInput:
            raise
        except Exception:  # noqa: BLE001  reading twice does no harm, and Flask's handlers respond and log
            return False
        send(respond, lambda: StreamPoints.from_read(points, events, as_ms=params["times"] == "ms"))
        return True

    def _counted(self, request: RawRequest, respond: Respond, started: float) -> Respond:
        """The same function, counted among the service's requests."""

        def counted(status: str, headers: Mapping[str, str], body: bytes) -> None:
            self._state.metrics.observe_request(request.method, ROUTE, status[:3], time.perf_counter() - started)
            respond(status, headers, body)

        return counted


def send(respond: Respond, result: Callable[[], Any]) -> None:
    """Responds with what `result` returns, or with the error that it raises."""
    status, extra = 200, dict[str, str]()
    try:
        body = encode_json(result())
    except WriteFailed as error:
        status, extra, body = 503, {"Retry-After": "5"}, error_body("not_stored", str(error))
    except Exception:  # a defect must not leave the caller without a response
        logging.getLogger("anomaly").exception("a response about points failed")
        status, body = 500, error_body("internal_error", SENTENCES[500])
    headers = HEADERS if status == 200 else {name: value for name, value in HEADERS.items() if name != "Vary"} | extra
    respond(STATUS[status], headers, body)


def raising(error: BaseException) -> Callable[[], Any]:
    """A function that raises this error."""

    def fail() -> Any:
        raise error

    return fail
