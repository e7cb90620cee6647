"""The API's own description in OpenAPI 3.1, from the tables that the code itself uses."""

import re
from collections.abc import Callable, Mapping
from http import HTTPStatus
from typing import Any

import msgspec
from flask import Flask

from anomaly_detection import Detector
from api import dataset_schemas, detection_schemas, schemas
from api.alerts import MOST_EVENTS, MOST_MESSAGES, ChannelBody, PolicyBody
from api.operation import (
    BODY_ERRORS,
    EXAMPLE,
    STREAM_ERRORS,
    TEXT,
    Operation,
    Schema,
    asked_in_query,
    bounded,
    example_csv,
    file_query,
    ref,
    times_query,
)
from api.request_body import CSV, FORM, JSON, DetectBody, SeriesBody
from api.streams import MOST_POINTS, MOST_STREAMS, LabelBody, PointsBody, StreamBody
from api.v1 import MODES
from api.version import VERSION
from data_generation import KINDS, demo
from detectors import all_detectors, default_detector
from parameters import Param, parameters
from readers.line_protocol import NANOSECONDS
from store import MAX_NAME_LENGTH

UNDOCUMENTED = frozenset({"static"})
"""Endpoints left out: the page's own files."""

API = ("v1.", "series.", "detections.", "streams.", "alerts.")
"""Endpoints for programs begin so."""

PLACE = re.compile(r"<(?:\w+_(?=id>))?(\w+)>")
"""A variable part of a path, as Flask writes it; the id of whatever it is is told as `id`."""

LONGEST_ID = 100


def document(app: Flask) -> Schema:
    """The OpenAPI document of an app's routes."""
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Anomaly detection for time series",
            "version": VERSION,
            "description": "Send a series, get back what was expected, what came, and where it went wrong.",
            "license": {"name": "MIT", "identifier": "MIT"},
        },
        "servers": [{"url": "/"}],
        "paths": paths(app),
        "components": {"schemas": components()},
    }


def paths(app: Flask) -> Schema:
    """Every route but the undocumented ones, with its operations."""
    found: Schema = {}
    for rule in sorted(app.url_map.iter_rules(), key=lambda rule: rule.rule):
        if rule.endpoint not in UNDOCUMENTED:
            for method in sorted((rule.methods or set()) - {"HEAD", "OPTIONS"}):
                described = operation(rule.endpoint, app.view_functions[rule.endpoint])
                described["parameters"] = [*map(asked_in_path, sorted(rule.arguments)), *described["parameters"]]
                found.setdefault(PLACE.sub(r"{\1}", rule.rule), {})[method.lower()] = described
    return found


def operation(endpoint: str, view: Callable[..., Any]) -> Schema:
    """One operation; its summary is the first line of its view's docstring."""
    known = OPERATIONS[endpoint]
    content = {media: {"schema": schema} for media, schema in known.answers.items()}
    success = {"content": content} if content else {}
    told: Schema = {
        "operationId": endpoint.replace(".", "_"),
        "summary": (view.__doc__ or "").partition("\n")[0],
        "tags": ["API" if endpoint.startswith(API) else "Service"],
        "responses": {
            **{str(status): {"description": reason(status), **success} for status in (known.status, *known.also)},
            **{str(status): failure(status, endpoint) for status in known.errors},
        },
    }
    told["parameters"] = known.query()
    if known.body:
        told["requestBody"] = known.body()
    return told


def failure(status: int, endpoint: str) -> Schema:
    """An error's answer."""
    if endpoint.startswith("influx."):
        shape = "InfluxError2" if endpoint.endswith("2") else "InfluxError1"
        return {"description": reason(status), "content": {JSON: {"schema": ref(shape)}}}
    if endpoint.startswith(API):
        return {"description": reason(status), "content": {JSON: {"schema": ref("ErrorAnswer")}}}
    return {"description": reason(status), "content": {"text/plain": {"schema": {"type": "string"}}}}


def reason(status: int) -> str:
    """The words of an HTTP status."""
    return HTTPStatus(status).phrase


def components() -> Schema:
    """Every shape that goes in or comes out."""
    inputs = (SeriesBody, DetectBody, StreamBody, PointsBody, LabelBody, PolicyBody, ChannelBody)
    known = (*schemas.ANSWERS, *schemas.ALERTS, *schemas.INFLUX, *dataset_schemas.STORED, *detection_schemas.MODELS)
    models = (*inputs, *known)
    _, shapes = msgspec.json.schema_components(models, ref_template="#/components/schemas/{name}")
    shapes["DetectBody"] = detect_body()
    return shapes


def detect_body() -> Schema:
    """A DetectBody, with the parameters of each detector; the default one need not be named."""
    default = default_detector()
    choices = [
        {
            "title": name,
            "type": "object",
            "properties": {
                "series": ref("SeriesBody"),
                "detector": {"const": name},
                "params": {
                    "type": "object",
                    "properties": {param.name: of_param(param) for param in parameters(detector.fit).values()},
                    "additionalProperties": False,
                },
            },
            "required": ["series"] if name == default else ["series", "detector"],
            "additionalProperties": False,
            "description": detector.help,
        }
        for name, detector in all_detectors().items()
    ]
    return {"title": "DetectBody", "description": "A series to be judged.", "anyOf": choices}


def of_param(param: Param) -> Schema:
    """A parameter with its bounds."""
    return {
        "type": param.type,
        "default": param.default,
        "minimum": param.minimum,
        "maximum": param.maximum,
        "description": f"{param.help} Unit: {param.unit}." if param.unit else param.help,
    }


def asked_in_path(name: str) -> Schema:
    """A part of the path: an id, or the name of a stream."""
    if name.endswith("_id"):
        name = "id"
        schema = {"type": "string", "minLength": 1, "maxLength": LONGEST_ID}
        return {"name": name, "in": "path", "required": True, "schema": schema, "description": "As POST answered it."}
    schema = {"type": "string", "minLength": 1, "maxLength": MAX_NAME_LENGTH}
    return {"name": name, "in": "path", "required": True, "schema": schema, "description": "Percent-encoded."}


def detect_query() -> list[Schema]:
    """How a CSV file is to be read, by which detector it is to be judged, and with which parameters."""
    known = all_detectors()
    detector = {"enum": list(known), "default": default_detector()}
    return [
        asked_in_query("detector", detector, "Who judges."),
        *file_query(),
        *(merged(name, found) for name, found in by_name(known).items()),
    ]


def catches_query() -> list[Schema]:
    """The same, and how the planted faults are judged."""
    said = "offline: scored with later points too, as a file; online: with earlier points only, as a stream."
    how = asked_in_query("mode", {"enum": list(MODES), "default": MODES[0]}, said)
    return [how, *(each for each in detect_query() if each["name"] != "times")]


def by_name(known: Mapping[str, type[Detector]]) -> dict[str, dict[str, Param]]:
    """Parameter name to the detectors that have it, each with its Param."""
    found: dict[str, dict[str, Param]] = {}
    for name, detector in known.items():
        for param in parameters(detector.fit).values():
            found.setdefault(param.name, {})[name] = param
    return found


def demo_query() -> list[Schema]:
    """Which demo series."""
    kind = {"enum": list(KINDS), "default": next(iter(KINDS))}
    numbers = [
        asked_in_query(name, of_param(param), f"{param.help} Unit: {param.unit}." if param.unit else param.help)
        for name, param in parameters(demo).items()
    ]
    return [asked_in_query("kind", kind, "Its kind."), *numbers, *times_query()]


def points_query() -> list[Schema]:
    """Which points of a stream."""
    cursor = {"type": "integer", "minimum": 0, "maximum": 2**62}
    said = "A cursor: the points after it; absent, or never given: the newest."
    return [asked_in_query("after", cursor, said), bounded("limit", MOST_POINTS, 1_000), *times_query()]


def streams_query() -> list[Schema]:
    """Which streams."""
    after = asked_in_query("after", {"type": "string"}, "A name: the streams after it.")
    return [after, bounded("limit", MOST_STREAMS, 100), *times_query()]


def stream_content() -> Schema:
    """How a stream is to be judged."""
    return {"required": True, "content": {JSON: {"schema": ref("StreamBody"), "example": {"detector": "lstm"}}}}


def points_content() -> Schema:
    """Points to be pushed: JSON or CSV."""
    return {
        "required": True,
        "content": {
            JSON: {"schema": ref("PointsBody"), "example": {"values": EXAMPLE}},
            CSV[0]: {"schema": {"type": "string"}, "example": example_csv()},
        },
    }


def labels_content() -> Schema:
    """What is said of points."""
    example = [{"start": 120, "stop": 125, "kind": "anomaly", "note": "the pump was off"}]
    return {
        "required": True,
        "content": {JSON: {"schema": {"type": "array", "items": ref("LabelBody")}, "example": example}},
    }


def messages_query() -> list[Schema]:
    """How many messages."""
    return [bounded("limit", MOST_MESSAGES, 100), *times_query()]


def events_query() -> list[Schema]:
    """Which events of a stream."""
    said = "The cursor of an answer before: the events that began or changed since; absent: all, the newest."
    after = asked_in_query("after", {"type": "string", "pattern": r"^[0-9]{1,18}\.[0-9]{1,18}$"}, said)
    return [after, bounded("limit", MOST_EVENTS, 100), *times_query()]


def policy_content() -> Schema:
    """What counts as an event."""
    return {"required": True, "content": {JSON: {"schema": ref("PolicyBody"), "example": {"min_points": 3}}}}


def channel_content() -> Schema:
    """Where a test message is to go."""
    return {"required": True, "content": {JSON: {"schema": ref("ChannelBody"), "example": {"channel": "webhook"}}}}


def precision_query() -> list[Schema]:
    """The unit of the times of a write."""
    units = {"enum": list(NANOSECONDS), "default": "ns"}
    return [asked_in_query("precision", units, "The unit of the timestamps.")]


def statement_query() -> list[Schema]:
    """What a client of InfluxDB asks before it writes."""
    return [asked_in_query("q", {"type": "string"}, "CREATE DATABASE or SHOW DATABASES.")]


def line_content() -> Schema:
    """Points in line protocol."""
    return {"required": True, "content": {"text/plain": {"schema": TEXT, "example": "cpu,host=a usage=0.5"}}}


def series_content() -> Schema:
    """A body with a series: JSON, CSV, or a form with a file."""
    form = {"type": "object", "properties": {"file": {"type": "string", "contentMediaType": "text/csv"}}}
    return {
        "required": True,
        "content": {
            JSON: {"schema": ref("DetectBody"), "example": {"series": {"values": EXAMPLE}}},
            **{media: {"schema": {"type": "string"}, "example": example_csv()} for media in CSV[:1]},
            FORM: {"schema": {**form, "required": ["file"]}},
        },
    }


def merged(name: str, found: Mapping[str, Param]) -> Schema:
    """A query parameter that one or more detectors have, with the widest of their bounds."""
    params = list(found.values())
    schema = {
        "type": "integer" if all(param.type == "integer" for param in params) else "number",
        "minimum": min(param.minimum for param in params),
        "maximum": max(param.maximum for param in params),
    }
    return asked_in_query(name, schema, f"{params[0].help} For: {', '.join(found)}.")


OPERATIONS: dict[str, Operation] = {
    **detection_schemas.OPERATIONS,
    "pages.index": Operation({"text/html": TEXT}),
    "pages.live": Operation({"text/html": TEXT}),
    "pages.docs": Operation({"text/html": TEXT}),
    "health.healthz": Operation({JSON: ref("Status")}),
    "health.readyz": Operation({JSON: ref("Status")}, also=(503,)),
    "health.metrics": Operation({"text/plain": TEXT}),
    "health.openapi_json": Operation({JSON: {"type": "object"}}),
    "v1.detect": Operation({JSON: ref("Detection"), "text/csv": TEXT}, BODY_ERRORS, detect_query, series_content),
    "v1.measure_detectability": Operation({JSON: ref("Catches")}, BODY_ERRORS, catches_query, series_content),
    "v1.parse": Operation({JSON: ref("Reading")}, BODY_ERRORS, detect_query, series_content),
    "v1.list_detectors": Operation({JSON: ref("Detectors")}),
    "v1.demo_series": Operation({JSON: ref("Demo"), "text/csv": TEXT}, (400, 403), demo_query),
    "v1.list_demo_kinds": Operation({JSON: ref("Kinds")}),
    **dataset_schemas.OPERATIONS,
    "streams.list_streams": Operation({JSON: ref("StreamList")}, STREAM_ERRORS, streams_query),
    "streams.put_stream": Operation({JSON: ref("Stream")}, (404, *BODY_ERRORS), times_query, stream_content),
    "streams.get_stream": Operation({JSON: ref("Stream")}, STREAM_ERRORS, times_query),
    "streams.delete_stream": Operation({JSON: ref("Deleted")}, STREAM_ERRORS),
    "streams.push_points": Operation({JSON: ref("Points")}, (404, *BODY_ERRORS), file_query, points_content),
    "streams.read_points": Operation({JSON: ref("Points")}, STREAM_ERRORS, points_query),
    "streams.get_labels": Operation({JSON: ref("LabelList")}, STREAM_ERRORS, times_query),
    "streams.put_labels": Operation({JSON: ref("LabelList")}, (404, *BODY_ERRORS), times_query, labels_content),
    "alerts.list_alerts": Operation({JSON: ref("AlertList")}, (400, 403, 503), messages_query),
    "alerts.try_channel": Operation({JSON: ref("AlertMessage")}, BODY_ERRORS, times_query, channel_content),
    "alerts.get_policy": Operation({JSON: ref("Policy")}, STREAM_ERRORS),
    "alerts.put_policy": Operation({JSON: ref("Policy")}, (404, *BODY_ERRORS), body=policy_content),
    "alerts.delete_policy": Operation({JSON: ref("Deleted")}, STREAM_ERRORS),
    "alerts.list_events": Operation({JSON: ref("StreamEvents")}, STREAM_ERRORS, events_query),
    "alerts.replay_policy": Operation({JSON: ref("Replay")}, (404, *BODY_ERRORS), times_query, policy_content),
    "influx.query_1": Operation({JSON: {"type": "object"}}, (400, 403), statement_query),
    "influx.query_1_post": Operation({JSON: {"type": "object"}}, (400, 403), statement_query),
    "influx.ping": Operation({}, status=204),
    "influx.health_2": Operation({JSON: {"type": "object"}}, (403, 503)),
    "influx.ready_2": Operation({JSON: {"type": "object"}}, (403, 503)),
    "influx.write_1": Operation({}, BODY_ERRORS, precision_query, line_content, status=204),
    "influx.write_2": Operation({}, BODY_ERRORS, precision_query, line_content, status=204),
}
