"""InfluxDB's write API, versions 1 and 2, so that what writes to InfluxDB writes here unchanged."""

import logging
import re
import time
from collections.abc import Mapping, Sequence
from contextlib import nullcontext

from flask import Blueprint, Response, request
from werkzeug.exceptions import HTTPException, RequestEntityTooLarge

from api.concurrency import Busy
from api.errors import SENTENCES, STATUS, Refused, unavailable
from api.request_body import body_bytes
from api.responses import to_json
from api.state import state
from api.streams import opened
from api.version import VERSION
from errors import BadInput, NotFound, Unreadable
from readers.decompression import gunzip
from readers.line_protocol import Points, parse
from store import Unavailable
from streams import MAX_AHEAD_MS, ScoredPoints, WriteFailed

influx = Blueprint("influx", __name__)

LIKE = f"1.8.0-anomaly-detection-{VERSION}"
"""The version told to clients that look at it: what they may expect, and what this is."""

BEYOND = {"beyond_capacity": "beyond its capacity", "beyond_age": "older than it keeps them"}
"""What a stream does not keep, in words."""
MOST_TOLD = 20
"""Refusals told one by one in an answer."""

LONGEST_HEADER = 1_000
LONGEST_REFUSAL = 500
"""Most characters of one refusal: a line or a name must not come back as its own error."""

LARGE = 1_000_000
"""Bytes of a body above which it waits for its turn."""

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


@influx.get("/ping")
def ping() -> Response:
    """Says that points may be written, and like which InfluxDB."""
    return nothing()


@influx.get("/health")
def health_2() -> Response:
    """Whether points can be kept now, as version 2 tells it; 503 while the database is away."""
    opened().list(1)
    told = {"name": "influxdb", "status": "pass", "message": "ready for writes", "version": LIKE, "checks": []}
    return Response(to_json(told), mimetype="application/json")


@influx.get("/ready")
def ready_2() -> Response:
    """The same in the shape of version 2's other probe."""
    opened().list(1)
    return Response(to_json({"status": "ready"}), mimetype="application/json")


@influx.get("/query")
def query_1() -> Response:
    """Answers what clients of version 1 ask before they write: which databases there are. Nothing else is answered."""
    return probed()


@influx.post("/query")
def query_1_post() -> Response:
    """The same: a database that a client wants to create is there, whatever its name."""
    return probed()


def probed() -> Response:
    """The answer to a statement that is no query of points. Raises BadInput for any other."""
    asked = request.values.get("q", "")
    if re.match(r"\s*CREATE\s+DATABASE\b", asked, re.IGNORECASE):
        return Response(to_json({"results": [{"statement_id": 0}]}), mimetype="application/json")
    if re.match(r"\s*SHOW\s+DATABASES\b", asked, re.IGNORECASE):
        found = {"name": "databases", "columns": ["name"], "values": [[request.values.get("db") or "anomaly"]]}
        body = {"results": [{"statement_id": 0, "series": [found]}]}
        return Response(to_json(body), mimetype="application/json")
    raise BadInput(
        "Only CREATE DATABASE and SHOW DATABASES are answered here; read points at /api/v1/streams.", name="q"
    )


@influx.post("/write")
def write_1() -> Response:
    """Takes points in InfluxDB's line protocol, as its version 1 does."""
    return written()


@influx.post("/api/v2/write")
def write_2() -> Response:
    """Takes points in InfluxDB's line protocol, as its version 2 does."""
    return written()


@influx.after_request
def told_version(response: Response) -> Response:
    """Every answer names the version, as InfluxDB's do."""
    response.headers["X-Influxdb-Version"] = LIKE
    return response


def written() -> Response:
    """Keeps the points of the present request; answers once they are durable. Large ones follow one another, so that
    other requests are answered meanwhile. Raises Full where too many of them wait."""
    with state().writes.take() if is_large() else nullcontext():
        return taken()


def is_large() -> bool:
    """Whether the body holds more than LARGE bytes, as sent or unpacked."""
    data = request.get_data()
    if len(data) <= LARGE and request.content_encoding:
        try:
            return len(gunzip(data, LARGE)) > LARGE
        except Unreadable:
            return False  # refused with its reason when it is read
    return len(data) > LARGE


def taken() -> Response:
    """Keeps the points of the present request."""
    settings = state().settings
    setting = "max_write_bytes" if settings.max_write_bytes < settings.max_upload_bytes else "max_upload_bytes"
    now_ms, precision = int(time.time() * 1000), request.args.get("precision", "ns")
    parsed = parse(body_bytes(setting), now_ms=now_ms, precision=precision, ahead_ms=MAX_AHEAD_MS)
    refusals = [f"{error} (line {error.line})" for error in parsed.errors]
    lines = [error.line for error in parsed.errors]
    dropped = parsed.refused
    for name, result in pushed(parsed.streams).items():
        if said := refusal(name, parsed.streams[name], result):
            refusals.append(said[0])
            dropped += said[1]
            lines.append(parsed.streams[name].lines[0])
    if not dropped:
        return nothing()
    return failed(400, partial(refusals, dropped), line=min(lines))


def nothing() -> Response:
    """All is well."""
    response = Response(status=204)
    del response.headers["Content-Type"]
    return response


def pushed(streams: Mapping[str, Points]) -> dict[str, ScoredPoints | BadInput]:
    """The judgement of points, kept, or why they were refused. A stream that does not exist is made; one that is
    deleted meanwhile is made again."""
    batches = {name: (points.stamps, points.values) for name, points in streams.items()}
    missing = opened().missing(list(batches))
    refused = opened().create_many(missing) if missing else {}
    results = opened().push_many({name: batch for name, batch in batches.items() if name not in refused})
    deleted = [name for name, result in results.items() if isinstance(result, NotFound)]
    refused |= opened().create_many(deleted) if deleted else {}
    again = {name: batches[name] for name in deleted if name not in refused}
    return {**results, **refused, **(opened().push_many(again) if again else {})}


def refusal(name: str, points: Points, result: ScoredPoints | BadInput) -> tuple[str, int] | None:
    """Why points of a stream were not kept, and how many."""
    if isinstance(result, BadInput):
        return f"unable to write '{name}': {result.message} (line {points.lines[0]})", len(points.lines)
    lost = {repair.code: repair.count for repair in result.repairs if repair.code in BEYOND}
    why = " and ".join(BEYOND[code] for code in lost)
    return (f"points of '{name}' {why} (from line {points.lines[0]} on)", sum(lost.values())) if lost else None


def partial(refusals: Sequence[str], dropped: int) -> str:
    """What was not kept, in InfluxDB's words; everything else was."""
    more = [f"and {len(refusals) - MOST_TOLD} more"] if len(refusals) > MOST_TOLD else []
    told = [
        each if len(each) <= LONGEST_REFUSAL else f"{each[: LONGEST_REFUSAL - 100]}…{each[-100:]}"
        for each in refusals[:MOST_TOLD]
    ]
    return f"partial write: {'; '.join([*told, *more])} dropped={dropped}"


def failed(status: int, text: str, **facts: int) -> Response:
    """A refusal, in the shape of the version that was asked."""
    if request.path.startswith(("/api/v2/", "/health", "/ready")):
        body = {"code": CODES.get(status, "invalid"), "message": text, **facts}
    else:
        body = {"error": text}
    response = Response(to_json(body), status, mimetype="application/json")
    told = text.encode("ascii", "replace").decode()[:LONGEST_HEADER]
    response.headers["X-Influxdb-Error"] = re.sub(r"[\x00-\x1f\x7f]", " ", told)
    return response


@influx.errorhandler(RequestEntityTooLarge)  # Flask looks for a status's own handler first, and there is a general one
@influx.errorhandler(Exception)
def on_error(error: Exception) -> Response:
    """Whatever goes wrong, in the shape of the version that was asked."""
    match error:
        case BadInput():
            return failed(STATUS[type(error)], error.message)
        case Refused():
            return failed(error.status, error.message)
        case Busy():
            response = failed(503, SENTENCES[503])
            response.headers["Retry-After"] = str(error.retry_after)
            return response
        case WriteFailed() | Unavailable():
            response = failed(503, unavailable(error) if isinstance(error, Unavailable) else str(error))
            response.headers["Retry-After"] = "5"
            return response
        case HTTPException():
            status = error.code or 500
            return failed(status, SENTENCES.get(status, f"{error.name}."))
    logging.getLogger("anomaly").exception("%s %s failed", request.method, request.path, exc_info=error)
    return failed(500, SENTENCES[500])
