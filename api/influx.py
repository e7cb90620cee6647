"""InfluxDB's write API, versions 1 and 2, so that its clients write here unchanged."""

import logging
import re
import time
from collections.abc import Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass

import msgspec
from flask import Blueprint, Response, request
from werkzeug.exceptions import HTTPException, RequestEntityTooLarge

from api.concurrency import Busy
from api.endpoint import BODY_ERRORS, RequestBody, endpoint
from api.errors import SENTENCES, STATUS, Refused, unavailable
from api.openapi_parts import TEXT, query_param
from api.request_body import body_bytes
from api.responses import encode_json
from api.schemas.influx import (
    InfluxError1,
    InfluxError2,
    InfluxHealth,
    InfluxReady,
    InfluxResult,
    InfluxResults,
    InfluxSeries,
)
from api.services import get_streams
from api.state import state
from api.version import VERSION
from errors import BadInput, NotFound, Unreadable
from readers.decompression import gunzip
from readers.line_protocol import NANOSECONDS, Points, parse
from store import Unavailable
from streams import MAX_AHEAD_MS, ScoredPoints, WriteFailed

influx = Blueprint("influx", __name__)

INFLUX_VERSION = f"1.8.0-anomaly-detection-{VERSION}"
"""The version sent to clients: the InfluxDB that they may expect, and this service."""

DROP_REASONS = {"beyond_capacity": "beyond its capacity", "beyond_age": "older than its retention"}
"""Why a stream drops points, by the code of its repair."""
MAX_REFUSALS = 20
"""Refusals listed one by one in a response."""
MAX_HEADER = 1_000
"""Characters of an error in a header."""
MAX_REFUSAL = 500
"""Characters of one refusal: an error must not echo a complete line or name."""
LARGE_BODY_BYTES = 1_000_000
"""A larger body waits for its turn."""

CODES = {
    400: "invalid",
    403: "forbidden",
    405: "method not allowed",
    413: "request too large",
    415: "invalid",
    500: "internal error",
    503: "unavailable",
}
"""Statuses in the words of version 2."""

STATEMENT = query_param("q", TEXT, "CREATE DATABASE or SHOW DATABASES.")
PRECISION = query_param("precision", {"enum": list(NANOSECONDS), "default": "ns"}, "The unit of the timestamps.")
LINES = RequestBody({"text/plain": {"schema": TEXT, "example": "cpu,host=a usage=0.5"}}, ())


@dataclass(frozen=True)
class Refusal:
    """Why points were not stored: `dropped` of them, from the line `line` on."""

    message: str
    dropped: int
    line: int


@influx.get("/ping")
@endpoint(statuses=(204,))
def ping() -> Response:
    """Reports that points may be written, and the version of InfluxDB that this follows."""
    return no_content()


@influx.get("/health")
@endpoint(errors=(403, 503))
def health_2() -> InfluxHealth:
    """Reports in the shape of version 2 whether points can be stored; 503 while the database is away."""
    get_streams().list(1)
    return InfluxHealth("influxdb", "pass", "ready for writes", INFLUX_VERSION, [])


@influx.get("/ready")
@endpoint(errors=(403, 503))
def ready_2() -> InfluxReady:
    """Reports the same in the shape of version 2's other probe."""
    get_streams().list(1)
    return InfluxReady("ready")


@influx.get("/query")
@endpoint(errors=(400, 403), query=(STATEMENT,))
def query_1() -> InfluxResults:
    """Lists the databases for clients of version 1, which do so before they write; other queries are refused."""
    return run_statement()


@influx.post("/query")
@endpoint(errors=(400, 403), query=(STATEMENT,))
def query_1_post() -> InfluxResults:
    """Does the same; a database that a client wants to create exists, whatever its name."""
    return run_statement()


def run_statement() -> InfluxResults:
    """The response to a statement about databases. Raises BadInput for any other."""
    statement = request.values.get("q", "")
    if re.match(r"\s*CREATE\s+DATABASE\b", statement, re.IGNORECASE):
        return InfluxResults([InfluxResult(0)])
    if re.match(r"\s*SHOW\s+DATABASES\b", statement, re.IGNORECASE):
        databases = InfluxSeries("databases", ["name"], [[request.values.get("db") or "anomaly"]])
        return InfluxResults([InfluxResult(0, [databases])])
    raise BadInput(
        "Only CREATE DATABASE and SHOW DATABASES are supported here; read points at /api/v1/streams.", name="q"
    )


@influx.post("/write")
@endpoint(errors=BODY_ERRORS, query=(PRECISION,), body=LINES, statuses=(204,))
def write_1() -> Response:
    """Stores points in InfluxDB's line protocol, as its version 1 does."""
    return write()


@influx.post("/api/v2/write")
@endpoint(errors=BODY_ERRORS, query=(PRECISION,), body=LINES, statuses=(204,))
def write_2() -> Response:
    """Stores points in InfluxDB's line protocol, as its version 2 does."""
    return write()


@influx.after_request
def add_version(response: Response) -> Response:
    """Adds the version to every response, as InfluxDB does."""
    response.headers["X-Influxdb-Version"] = INFLUX_VERSION
    return response


def write() -> Response:
    """Stores the points of the present request; responds once they are durable. Large bodies follow one another, so
    that other requests are handled meanwhile. Raises Busy where too many of them wait."""
    with state().write_limit.acquire() if is_large() else nullcontext():
        return store_points()


def is_large() -> bool:
    """Whether the body has more than LARGE_BODY_BYTES, as sent or decompressed."""
    data = request.get_data()
    if len(data) <= LARGE_BODY_BYTES and request.content_encoding:
        try:
            return len(gunzip(data, LARGE_BODY_BYTES)) > LARGE_BODY_BYTES
        except Unreadable:
            return False  # refused with its reason when it is read
    return len(data) > LARGE_BODY_BYTES


def store_points() -> Response:
    """Stores the points of the present request."""
    settings = state().settings
    setting = "max_write_bytes" if settings.max_write_bytes < settings.max_upload_bytes else "max_upload_bytes"
    now_ms, precision = int(time.time() * 1000), request.args.get("precision", "ns")
    parsed = parse(body_bytes(setting), now_ms=now_ms, precision=precision, ahead_ms=MAX_AHEAD_MS)
    messages = [f"{error} (line {error.line})" for error in parsed.errors]
    results = push(parsed.streams)
    refusals = [
        refusal
        for name, result in results.items()
        if (refusal := refusal_of(name, parsed.streams[name], result)) is not None
    ]
    dropped = parsed.refused + sum(refusal.dropped for refusal in refusals)
    if not dropped:
        return no_content()
    lines = [error.line for error in parsed.errors] + [refusal.line for refusal in refusals]
    messages += [refusal.message for refusal in refusals]
    return influx_error(400, partial_write(messages, dropped), line=min(lines))


def no_content() -> Response:
    """A response of success without a body."""
    response = Response(status=204)
    del response.headers["Content-Type"]
    return response


def push(points: Mapping[str, Points]) -> dict[str, ScoredPoints | BadInput]:
    """The scored points by stream, stored, or why they were refused. Creates streams that do not exist, also those
    that are deleted meanwhile."""
    batches = {name: (each.stamps, each.values) for name, each in points.items()}
    streams = get_streams()
    missing = streams.missing(list(batches))
    refused = streams.create_many(missing) if missing else {}
    results = streams.push_many({name: batch for name, batch in batches.items() if name not in refused})
    deleted = [name for name, result in results.items() if isinstance(result, NotFound)]
    refused |= streams.create_many(deleted) if deleted else {}
    retries = {name: batches[name] for name in deleted if name not in refused}
    return {**results, **refused, **(streams.push_many(retries) if retries else {})}


def refusal_of(name: str, points: Points, result: ScoredPoints | BadInput) -> Refusal | None:
    """Why points of a stream were not stored; None where all were."""
    line = points.lines[0]
    if isinstance(result, BadInput):
        return Refusal(f"unable to write '{name}': {result.message} (line {line})", len(points.lines), line)
    dropped = {repair.code: repair.count for repair in result.repairs if repair.code in DROP_REASONS}
    if not dropped:
        return None
    reasons = " and ".join(DROP_REASONS[code] for code in dropped)
    return Refusal(f"points of '{name}' {reasons} (from line {line} on)", sum(dropped.values()), line)


def partial_write(messages: Sequence[str], dropped: int) -> str:
    """What was not stored, in InfluxDB's words; everything else was."""
    listed = [
        each if len(each) <= MAX_REFUSAL else f"{each[: MAX_REFUSAL - 100]}…{each[-100:]}"
        for each in messages[:MAX_REFUSALS]
    ]
    more = [f"and {len(messages) - MAX_REFUSALS} more"] if len(messages) > MAX_REFUSALS else []
    return f"partial write: {'; '.join([*listed, *more])} dropped={dropped}"


def influx_error(status: int, message: str, line: int | None = None) -> Response:
    """An error, in the shape of the version that the path belongs to."""
    error: InfluxError1 | InfluxError2 = InfluxError1(message)
    if request.path.startswith(("/api/v2/", "/health", "/ready")):
        error = InfluxError2(CODES.get(status, "invalid"), message, msgspec.UNSET if line is None else line)
    response = Response(encode_json(error), status, mimetype="application/json")
    header = message.encode("ascii", "replace").decode()[:MAX_HEADER]
    response.headers["X-Influxdb-Error"] = re.sub(r"[\x00-\x1f\x7f]", " ", header)
    return response


@influx.errorhandler(RequestEntityTooLarge)  # Flask prefers the handler of a status to the general one
@influx.errorhandler(Exception)
def on_error(error: Exception) -> Response:
    """Every error, in the shape of the version that the path belongs to."""
    match error:
        case BadInput():
            return influx_error(STATUS[type(error)], error.message)
        case Refused():
            return influx_error(error.status, error.message)
        case Busy():
            response = influx_error(503, SENTENCES[503])
            response.headers["Retry-After"] = str(error.retry_after)
            return response
        case WriteFailed() | Unavailable():
            response = influx_error(503, unavailable(error) if isinstance(error, Unavailable) else str(error))
            response.headers["Retry-After"] = "5"
            return response
        case HTTPException():
            status = error.code or 500
            return influx_error(status, SENTENCES.get(status, f"{error.name}."))
    logging.getLogger("anomaly").exception("%s %s failed", request.method, request.path, exc_info=error)
    return influx_error(500, SENTENCES[500])
