"""The API's description in OpenAPI 3.1, built from the routes, their structs and the detectors' parameters."""

import re
from collections.abc import Callable
from http import HTTPStatus
from typing import Any

import msgspec
from flask import Flask

from anomaly_detection import parameters_of
from api.endpoint import JsonSchema, Operation, operation_of
from api.openapi_parts import JSON, TEXT, param_schema, ref
from api.schemas.errors import ErrorResponse
from api.schemas.influx import InfluxError1, InfluxError2
from api.schemas.table import SeriesBody
from api.version import VERSION
from detectors import all_detectors, default_detector
from store import MAX_NAME_LENGTH

UNDOCUMENTED = frozenset({"static"})
"""Endpoints left out: the page's own files."""

API = ("v1.", "datasets.", "detections.", "streams.", "alerts.")
"""Prefixes of the endpoints for programs."""

PATH_PARAM = re.compile(r"<(?:\w+_(?=id>))?(\w+)>")
"""A variable part of a path, as Flask writes it; every id is documented as `id`."""

MAX_ID = 100
"""Characters of an id."""

MAX_STREAM_NAME = MAX_NAME_LENGTH


def document(app: Flask) -> JsonSchema:
    """The OpenAPI document of an app's routes."""
    operations = {
        rule.endpoint: operation_of(app.view_functions[rule.endpoint])
        for rule in app.url_map.iter_rules()
        if rule.endpoint not in UNDOCUMENTED
    }
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Anomaly detection for time series",
            "version": VERSION,
            "description": "Send a series, get back the expected values, the scores and the anomalies.",
            "license": {"name": "MIT", "identifier": "MIT"},
        },
        "servers": [{"url": "/"}],
        "paths": paths(app, operations),
        "components": {"schemas": components(operations)},
    }


def paths(app: Flask, operations: dict[str, Operation]) -> JsonSchema:
    """Every documented route, with its operations."""
    items: JsonSchema = {}
    for rule in sorted(app.url_map.iter_rules(), key=lambda rule: rule.rule):
        if rule.endpoint not in operations:
            continue
        path = PATH_PARAM.sub(r"{\1}", rule.rule)
        for method in sorted((rule.methods or set()) - {"HEAD", "OPTIONS"}):
            described = describe(rule.endpoint, app.view_functions[rule.endpoint], operations[rule.endpoint])
            described["parameters"] = [*map(path_param, sorted(rule.arguments)), *described["parameters"]]
            items.setdefault(path, {})[method.lower()] = described
    return items


def describe(endpoint: str, view: Callable[..., Any], operation: Operation) -> JsonSchema:
    """One operation; its summary is the first line of its view's docstring."""
    content = {JSON: {"schema": ref(operation.struct)}} if operation.struct else {}
    content |= {media: {"schema": {"type": "object"} if media == JSON else TEXT} for media in operation.texts}
    success = {"content": content} if content else {}
    described: JsonSchema = {
        "operationId": endpoint.replace(".", "_"),
        "summary": (view.__doc__ or "").partition("\n")[0],
        "tags": ["API" if endpoint.startswith(API) else "Service"],
        "responses": {
            **{str(status): {"description": reason(status), **success} for status in operation.statuses},
            **{str(status): failure(status, endpoint) for status in operation.errors},
        },
        "parameters": list(operation.query() if callable(operation.query) else operation.query),
    }
    if operation.body:
        described["requestBody"] = {"required": True, "content": operation.body.content}
    return described


def failure(status: int, endpoint: str) -> JsonSchema:
    """The response of a failed request."""
    if endpoint.startswith("influx."):
        schema, media = ref(InfluxError2 if endpoint.endswith("2") else InfluxError1), JSON
    elif endpoint.startswith(API):
        schema, media = ref(ErrorResponse), JSON
    else:
        schema, media = TEXT, "text/plain"
    return {"description": reason(status), "content": {media: {"schema": schema}}}


def reason(status: int) -> str:
    """The phrase of an HTTP status."""
    return HTTPStatus(status).phrase


def components(operations: dict[str, Operation]) -> JsonSchema:
    """Every struct of a request or a response, by name."""
    structs = {ErrorResponse, InfluxError1, InfluxError2, SeriesBody}
    structs |= {operation.struct for operation in operations.values() if operation.struct}
    structs |= {struct for operation in operations.values() if operation.body for struct in operation.body.structs}
    _, schemas = msgspec.json.schema_components(
        sorted(structs, key=lambda struct: struct.__name__),
        schema_hook=lambda column: {},  # a numpy column: its field describes it
        ref_template="#/components/schemas/{name}",
    )
    schemas["DetectBody"] = detect_body()
    return schemas


def detect_body() -> JsonSchema:
    """DetectBody with the parameters of each detector; the default one need not be named."""
    default = default_detector()
    choices = [
        {
            "title": name,
            "type": "object",
            "properties": {
                "series": ref(SeriesBody),
                "detector": {"const": name},
                "params": {
                    "type": "object",
                    "properties": {param.name: param_schema(param) for param in parameters_of(detector).values()},
                    "additionalProperties": False,
                },
            },
            "required": ["series"] if name == default else ["series", "detector"],
            "additionalProperties": False,
            "description": detector.help,
        }
        for name, detector in all_detectors().items()
    ]
    return {"title": "DetectBody", "description": "A series to be scored, and how.", "anyOf": choices}


def path_param(name: str) -> JsonSchema:
    """A variable part of a path: an id, or the name of a stream."""
    if name.endswith("_id"):
        schema = {"type": "string", "minLength": 1, "maxLength": MAX_ID}
        return {"name": "id", "in": "path", "required": True, "schema": schema, "description": "As POST returned it."}
    schema = {"type": "string", "minLength": 1, "maxLength": MAX_STREAM_NAME}
    return {"name": name, "in": "path", "required": True, "schema": schema, "description": "Percent-encoded."}
