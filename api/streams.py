"""Streams over HTTP: create, push points, read them after a cursor, label them."""

from typing import Any
from wsgiref.types import StartResponse, WSGIEnvironment

import msgspec
from flask import Blueprint, Flask, request

from api.endpoint import BODY_ERRORS, STREAM_ERRORS, RequestBody, endpoint
from api.openapi_parts import (
    CSV,
    EXAMPLE,
    FILE,
    JSON,
    TEXT,
    TIMES,
    example_csv,
    json_array_body,
    json_body,
    limit_param,
    query_param,
    ref,
)
from api.request_body import body_bytes, check_count, decode_body, decode_json, json_bytes
from api.request_params import decode_name, int_param, query_params, times_as_ms
from api.schemas.labels import LabelBody, LabelsBody, StreamLabels, label_tuples
from api.schemas.service import Deleted
from api.schemas.streams import PointsBody, Stream, StreamBody, StreamList, StreamPoints
from api.series_input import parse_csv
from api.services import get_streams
from api.state import state
from streams import UNCHANGED
from streams.label_input import read_labels

streams = Blueprint("streams", __name__, url_prefix="/api/v1/streams")

PREFIX = "/api/v1/streams/"
MAX_POINTS = 10_000
"""Points in one response."""
MAX_STREAMS = 1_000
"""Streams in one response."""
MAX_CURSOR = 2**62

LABELS_EXAMPLE = [{"start": 120, "stop": 125, "kind": "anomaly", "note": "the pump was off"}]
POINTS_BODY = RequestBody(
    {
        JSON: {"schema": ref(PointsBody), "example": {"values": EXAMPLE}},
        CSV[0]: {"schema": TEXT, "example": example_csv()},
    },
    (PointsBody,),
)
AFTER_NAME = query_param("after", TEXT, "A name: the streams after it.")
AFTER_CURSOR = query_param(
    "after",
    {"type": "integer", "minimum": 0, "maximum": MAX_CURSOR},
    "A cursor: the oldest points after it; absent: the newest points.",
)


@streams.get("")
@endpoint(errors=STREAM_ERRORS, query=(AFTER_NAME, limit_param("limit", MAX_STREAMS, 100), TIMES))
def list_streams() -> StreamList:
    """Lists the streams by name."""
    as_ms, params = times_as_ms(), query_params("limit", "after")
    limit = int_param(params, "limit", 100, 1, MAX_STREAMS)
    infos = get_streams().list(limit + 1, params.get("after", ""))
    page = [Stream.from_info(info, as_ms=as_ms) for info in infos[:limit]]
    return StreamList(page, infos[limit - 1].name if len(infos) > limit else None)


@streams.put("/<name>")
@endpoint(errors=(404, *BODY_ERRORS), query=(TIMES,), body=json_body(StreamBody, {"detector": "lstm"}))
def put_stream(name: str) -> Stream:
    """Creates a stream, or changes how it is scored from the next point on."""
    as_ms, body = times_as_ms(), decode_body(StreamBody)
    days = UNCHANGED if isinstance(body.retention_days, msgspec.UnsetType) else body.retention_days
    info = get_streams().put(decode_name(name), body.detector, body.params, body.capacity, days)
    return Stream.from_info(info, as_ms=as_ms)


@streams.get("/<name>")
@endpoint(errors=STREAM_ERRORS, query=(TIMES,))
def get_stream(name: str) -> Stream:
    """Returns a stream, without its points."""
    return Stream.from_info(get_streams().get(decode_name(name)), as_ms=times_as_ms())


@streams.delete("/<name>")
@endpoint(errors=STREAM_ERRORS)
def delete_stream(name: str) -> Deleted:
    """Deletes a stream and all its points."""
    get_streams().delete(decode_name(name), before=resolve_open_event)
    return Deleted(decode_name(name))


def resolve_open_event(name: str) -> None:
    """Sends the `resolved` message for an open event before its stream is deleted."""
    if alerts := state().alerts:
        alerts.unwatch_if_watched(name)


@streams.post("/<name>/points")
@endpoint(errors=(404, *BODY_ERRORS), query=(*FILE, TIMES), body=POINTS_BODY)
def push_points(name: str) -> StreamPoints:
    """Scores points and stores them: all or none. Responds once they are durable."""
    as_ms = times_as_ms()
    if request.mimetype in CSV:
        table = parse_csv(body_bytes()).read_table()
        scored = get_streams().push_series(decode_name(name), table.series(), table.repairs)
        return StreamPoints.from_scored(scored, as_ms=as_ms, table=table)
    query_params()
    data = json_bytes()
    check_count(state().settings, data)
    body: PointsBody = decode_json(data, PointsBody)
    return StreamPoints.from_scored(get_streams().push(decode_name(name), body.times, body.values), as_ms=as_ms)


@streams.get("/<name>/points")
@endpoint(errors=STREAM_ERRORS, query=(AFTER_CURSOR, limit_param("limit", MAX_POINTS, 1_000), TIMES))
def read_points(name: str) -> StreamPoints:
    """Returns the points after a cursor, the oldest first; without a cursor the newest."""
    as_ms, params = times_as_ms(), query_params("after", "limit")
    limit = int_param(params, "limit", 1_000, 1, MAX_POINTS)
    after = int_param(params, "after", 0, 0, MAX_CURSOR) if "after" in params else None
    points, events = get_streams().read_with_events(decode_name(name), after, limit)
    return StreamPoints.from_read(points, events, as_ms=as_ms)


@streams.get("/<name>/labels")
@endpoint(errors=STREAM_ERRORS, query=(TIMES,))
def get_labels(name: str) -> StreamLabels:
    """Returns the labels of a stream."""
    as_ms, (labels, timed) = times_as_ms(), get_streams().labels(decode_name(name))
    return StreamLabels.from_labels(labels, timed=timed, as_ms=as_ms)


@streams.put("/<name>/labels")
@endpoint(errors=(404, *BODY_ERRORS), query=(TIMES,), body=json_array_body(LabelBody, LABELS_EXAMPLE))
def put_labels(name: str) -> StreamLabels:
    """Replaces the labels of a stream."""
    as_ms, body = times_as_ms(), decode_json(json_bytes(), list[LabelBody] | LabelsBody)
    name = decode_name(name)
    _, timed = get_streams().labels(name)
    get_streams().put_labels(name, read_labels(label_tuples(body), timed, get_streams().get(name).last_time))
    labels, timed = get_streams().labels(name)
    return StreamLabels.from_labels(labels, timed=timed, as_ms=as_ms)


def decode_names_late(app: Flask) -> None:
    """Lets a name in the path hold any character, a slash too: the routes get its segment percent-encoded."""
    inner = app.wsgi_app

    def outer(environ: WSGIEnvironment, start_response: StartResponse) -> Any:
        path = environ.get("REQUEST_URI", "").partition("?")[0]
        if path.startswith(PREFIX):
            environ = {**environ, "PATH_INFO": path}
        return inner(environ, start_response)

    app.wsgi_app = outer  # type: ignore[method-assign]  # Flask's documented way to wrap it
