"""The two requests that come a thousand times a second, answered without Flask: a few points are pushed, a page asks
for what is new.

Flask and werkzeug take longer for such a request than judging its points does. What is answered here is what Flask
would answer, and whatever is unusual about a request is left to Flask, errors too; a test holds both together. A push
holds no thread while it waits for its commit: the answer is sent by the thread that committed.
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

from api import responses
from api.access import CROSS_SITES, check_host, check_local
from api.errors import SENTENCES, Refused
from api.headers import ALWAYS
from api.request_body import JSON, check_count
from api.state import State
from api.streams import MOST_POINTS, PREFIX, PointsBody
from errors import BadInput
from streams import Streams, WriteFailed

SMALL = 4096
"""Bytes of a body that is read here. Answers to more points would keep others waiting that were committed with them."""

END = "/points"
QUERY = re.compile(r"(?:(?:times=(?P<times>ms|iso)|limit=(?P<limit>[0-9]{1,9})|after=(?P<after>[0-9]{1,18}))(?:&|$))*")
ROUTE = "/api/v1/streams/<name>/points"
HEADERS = {"Content-Type": JSON, "Vary": "Accept", **ALWAYS, "Cache-Control": "no-store"}
STATUS = {200: "200 OK", 500: "500 INTERNAL SERVER ERROR", 503: "503 SERVICE UNAVAILABLE"}


@dataclass(frozen=True, slots=True)
class RawRequest:
    """A whole request: `path` as it was sent, percent-encoded; `headers` by name as WSGI has them without HTTP_; `peer`
    the address it came from."""

    method: str
    path: str
    query: str
    headers: Mapping[str, str]
    peer: str
    body: Callable[[], bytes]


Reply = Callable[[str, Mapping[str, str], bytes], None]
"""Sends an answer: its status line, its headers but for those that HTTP itself needs, its body. Called once, by any
thread."""


class FastPath:
    """Answers what it can of one service's requests."""

    def __init__(self, state: State) -> None:
        self._state = state

    def take(self, asked: RawRequest, reply: Reply) -> bool:
        """Whether the request is, or will be, answered by `reply`; where not, nothing was done for it."""
        began, streams = time.perf_counter(), self._state.streams
        if streams is None or not (asked.path.startswith(PREFIX) and asked.path.endswith(END)):
            return False
        name, found = asked.path[len(PREFIX) : -len(END)], QUERY.fullmatch(asked.query)
        if not name or "/" in name or not found or asked.query.count("=") != sum(map(bool, found.groups())):
            return False
        try:
            self._check(asked)
            named = unquote_to_bytes(name).decode("utf-8")
            if asked.method == "POST" and found["limit"] is None is found["after"]:
                return self._push(streams, named, asked, found["times"] == "ms", self._counted(asked, reply, began))
            if asked.method == "GET" and not asked.headers.get("CONTENT_LENGTH"):
                return self._read(streams, named, found, self._counted(asked, reply, began))
        except (BadInput, Refused, UnicodeDecodeError):
            pass
        return False

    def _check(self, asked: RawRequest) -> None:
        """Raises Refused for a request that Flask refuses, or is to look at more closely."""
        settings, headers = self._state.settings, asked.headers
        if not settings.open:
            check_local(asked.peer, list(headers))
        check_host(settings, headers.get("HOST", ""))
        if "ORIGIN" in headers or headers.get("SEC_FETCH_SITE") in CROSS_SITES:
            raise Refused(403, "cross_site", "")

    def _push(self, streams: Streams, name: str, asked: RawRequest, as_ms: bool, reply: Reply) -> bool:
        """Judges points and answers once they are durable."""
        headers = asked.headers
        if headers.get("CONTENT_TYPE", "").partition(";")[0].strip().lower() != JSON or "CONTENT_ENCODING" in headers:
            return False
        if not 0 < int(headers.get("CONTENT_LENGTH", 0)) <= min(SMALL, self._state.settings.max_upload_bytes):
            return False
        data = asked.body()
        try:
            check_count(self._state.settings, data)
            body = msgspec.json.decode(data, type=PointsBody)
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
            return False

        def told(done: "Future[None]") -> None:
            error = done.exception()
            tell(reply, raising(error) if error else lambda: responses.of_judged(judged, as_ms=as_ms))

        try:
            judged, kept = streams.push_nowait(name, body.times, body.values)
        except BadInput:
            raise
        except Exception as error:  # noqa: BLE001  a defect too: whether points were kept is not known, so nobody tries again
            tell(reply, raising(error))
        else:
            if kept is None:
                tell(reply, lambda: responses.of_judged(judged, as_ms=as_ms))
            else:
                kept.add_done_callback(told)
        return True

    def _read(self, streams: Streams, name: str, found: re.Match[str], reply: Reply) -> bool:
        """Answers the points after a cursor, or the newest."""
        limit = int(found["limit"] or 1000)
        if not 1 <= limit <= MOST_POINTS:
            return False
        try:
            after = None if found["after"] is None else int(found["after"])
            points, events = streams.read_with_events(name, after, limit)
        except BadInput:
            raise
        except Exception:  # noqa: BLE001  to read again harms nothing, and Flask's handlers know what to say and to log
            return False
        tell(reply, lambda: responses.of_read(points, events, as_ms=found["times"] == "ms"))
        return True

    def _counted(self, asked: RawRequest, reply: Reply, began: float) -> Reply:
        """The same reply, counted among the service's requests."""

        def counted(status: str, headers: Mapping[str, str], body: bytes) -> None:
            self._state.metrics.observe_request(asked.method, ROUTE, status[:3], time.perf_counter() - began)
            reply(status, headers, body)

        return counted


def tell(reply: Reply, told: Callable[[], Mapping[str, Any]]) -> None:
    """Answers what `told` gives, or the error that it raises."""
    status, more = 200, dict[str, str]()
    try:
        body = responses.to_json(told())
    except WriteFailed as error:
        status, more, body = 503, {"Retry-After": "5"}, error_body("not_kept", str(error))
    except Exception:  # a defect must not leave the caller without an answer
        logging.getLogger("anomaly").exception("an answer about points failed")
        status, body = 500, error_body("internal_error", SENTENCES[500])
    headers = HEADERS if status == 200 else {name: value for name, value in HEADERS.items() if name != "Vary"} | more
    reply(STATUS[status], headers, body)


def error_body(code: str, message: str) -> bytes:
    """The one shape of errors."""
    return responses.to_json({"error": {"code": code, "message": message, "detail": {}}})


def raising(error: BaseException) -> Callable[[], Mapping[str, Any]]:
    """A function that raises this."""

    def fail() -> Mapping[str, Any]:
        raise error

    return fail
