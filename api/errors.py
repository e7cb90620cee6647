"""Every error in one shape: `{"error": {"code", "message", "detail"}}` under /api, plain text elsewhere."""

import logging
from collections.abc import Mapping
from typing import Any

from flask import Flask, Response, request
from werkzeug.exceptions import HTTPException, RequestEntityTooLarge

from api.concurrency import Busy
from api.responses import encode_json
from api.schemas.errors import Error, ErrorResponse
from api.state import state
from errors import Ambiguous, BadInput, BadParameter, LimitExceeded, NotFound, UnknownName, Unreadable
from jobs import NotDone, QueueFull
from settings import options, variable
from store import DiskFull, Unavailable
from streams import WriteFailed

STATUS: dict[type[BadInput], int] = {
    BadInput: 400,
    Unreadable: 400,
    Ambiguous: 400,
    UnknownName: 400,
    NotFound: 404,
    BadParameter: 400,
    LimitExceeded: 413,
    NotDone: 409,
}

SENTENCES = {
    400: "The request cannot be parsed; check its headers, its query and its body.",
    404: "There is nothing at this address; /docs lists what there is.",
    405: "This address does not support that method; see the Allow header of this response.",
    415: "Send the body as application/json, text/csv or multipart/form-data, and say so in Content-Type.",
    500: "The service failed; its log has the details.",
    503: "The service is busy; try again a little later.",
}

UNAVAILABLE = "The database cannot be reached; try again a little later."
FULL = "The disk of the service is full; free some space, then try again."

MAX_TEXT = 1_000
"""Characters of a message or of a fact in it: an error must not echo a complete request."""


class Refused(Exception):
    """A request that is refused before it is read. `code` for programs, `message` for a person."""

    def __init__(self, status: int, code: str, message: str, **detail: Any) -> None:
        super().__init__(message)
        self.status, self.code, self.message, self.detail = status, code, message, detail


def error_response(
    status: int, code: str, message: str, detail: Mapping[str, Any], headers: Mapping[str, str] | None = None
) -> Response:
    """An error: JSON under /api, plain text elsewhere."""
    message = shorten(message)
    if is_api(request.path):
        response = Response(error_body(code, message, detail), status, mimetype="application/json")
    else:
        response = Response(f"{status}: {message}\n", status, mimetype="text/plain")
    response.headers.extend(headers or {})
    return response


def error_body(code: str, message: str, detail: Mapping[str, Any] | None = None) -> bytes:
    """The JSON of an error."""
    facts = {name: shorten(fact) for name, fact in (detail or {}).items()}
    return encode_json(ErrorResponse(Error(code, shorten(message), facts)))


def is_api(path: str) -> bool:
    """Whether a path is for programs rather than for people."""
    return path == "/api" or path.startswith("/api/")


def shorten(fact: Any) -> Any:
    """Text of bounded length that UTF-8 can write; lists of at most 1,000 such; anything else as it is."""
    if isinstance(fact, str):
        text = fact if len(fact) <= MAX_TEXT else f"{fact[:MAX_TEXT]}…"
        return text.encode("utf-8", "replace").decode("utf-8")
    if isinstance(fact, list | tuple):
        return [shorten(part) for part in fact[:1000]]
    return fact


def on_bad_input(error: BadInput) -> Response:
    """A user mistake: its own sentence and facts."""
    detail = dict(error.detail)
    if isinstance(error, LimitExceeded) and (name := LIMIT_SETTINGS.get(detail.get("setting", ""))):
        detail["setting"] = name
    return error_response(STATUS[type(error)], error.code, error.message, detail)


LIMIT_SETTINGS = {name: variable(name) for name in options()} | {"max_bytes": variable("max_upload_bytes")}
"""The kernel's names of limits, as the environment variables that change them."""


def on_refused(error: Refused) -> Response:
    """A request that is refused."""
    return error_response(error.status, error.code, error.message, error.detail)


def on_busy(error: Busy) -> Response:
    """Too many concurrent long computations."""
    return error_response(503, "busy", SENTENCES[503], {}, {"Retry-After": str(error.retry_after)})


def on_queue_full(error: QueueFull) -> Response:
    """Too many detections are queued."""
    return error_response(429, "queue_full", str(error), {"limit": error.limit}, {"Retry-After": "10"})


def on_not_stored(error: WriteFailed) -> Response:
    """Points that could not be written, in most cases because the disk is full."""
    return error_response(503, "not_stored", str(error), {}, {"Retry-After": "5"})


def on_unavailable(error: Unavailable) -> Response:
    """A database that does not respond; the next request tries it again."""
    logging.getLogger("anomaly").error("%s %s: %s", request.method, request.path, error)
    return error_response(503, "unavailable", unavailable(error), {}, {"Retry-After": "5"})


def unavailable(error: Unavailable) -> str:
    """The message for a database that fails."""
    return FULL if isinstance(error, DiskFull) else UNAVAILABLE


def on_too_large(error: RequestEntityTooLarge) -> Response:
    """A body, or a form's field, above its limit."""
    limit, setting = state().settings.max_upload_bytes, variable("max_upload_bytes")
    message = (
        f"The request is too large: at most {limit} bytes ({setting}), "
        f"of which a form's text fields may take {request.max_form_memory_size}."
    )
    return error_response(413, LimitExceeded.code, message, {"limit": limit, "setting": setting})


def on_http(error: HTTPException) -> Response:
    """What Flask itself refuses: unknown paths, methods, broken requests."""
    status = error.code or 500
    if status < 400:
        return Response(status=status, headers=error.get_headers())
    code = error.name.lower().replace(" ", "_")
    headers = {name: value for name, value in error.get_headers() if name in {"Allow", "Retry-After"}}
    return error_response(status, code, SENTENCES.get(status, f"{error.name}."), {}, headers)


def on_unexpected(error: Exception) -> Response:
    """A defect: a fixed sentence for the caller, the traceback in the log."""
    logging.getLogger("anomaly").exception("%s %s failed", request.method, request.path, exc_info=error)
    return error_response(500, "internal_error", SENTENCES[500], {})


def register(app: Flask) -> None:
    """Adds the handlers to the app; Flask calls the most specific one for an exception."""
    app.register_error_handler(BadInput, on_bad_input)
    app.register_error_handler(Refused, on_refused)
    app.register_error_handler(Busy, on_busy)
    app.register_error_handler(QueueFull, on_queue_full)
    app.register_error_handler(WriteFailed, on_not_stored)
    app.register_error_handler(Unavailable, on_unavailable)
    app.register_error_handler(RequestEntityTooLarge, on_too_large)
    app.register_error_handler(HTTPException, on_http)
    app.register_error_handler(Exception, on_unexpected)
