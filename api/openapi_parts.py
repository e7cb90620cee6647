"""Query parameters and request bodies that several routes have, as OpenAPI describes them."""

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from anomaly_detection import Detector, parameters_of
from api.endpoint import JsonSchema, RequestBody
from api.schemas.detectability import MODE_TEXT, MODES
from api.schemas.detection import DetectBody
from detectors import all_detectors, default_detector
from parameters import Param

JSON = "application/json"
CSV = ("text/csv", "text/tab-separated-values")
FORM = "multipart/form-data"
TEXT = {"type": "string"}

EXAMPLE = [10, 11, 10, 12, 11, 10, 11, 12, 10, 11, 10, 12, 11, 40, 11, 10]


def ref(struct: type[msgspec.Struct]) -> JsonSchema:
    """A component of the document."""
    return {"$ref": f"#/components/schemas/{struct.__name__}"}


def query_param(name: str, schema: JsonSchema, description: str) -> JsonSchema:
    """A query parameter."""
    return {"name": name, "in": "query", "required": False, "schema": schema, "description": description}


def limit_param(name: str, maximum: int, default: int, description: str = "At most this many.") -> JsonSchema:
    """A query parameter that bounds how much is returned."""
    schema = {"type": "integer", "minimum": 1, "maximum": maximum, "default": default}
    return query_param(name, schema, description)


TIMES = query_param("times", {"enum": ["iso", "ms"], "default": "iso"}, "ISO 8601, or ms since 1970.")
FILE = (
    query_param("name", TEXT, "A name for the file."),
    query_param("time_column", TEXT, "The column of times; absent: detected."),
    query_param("value_column", TEXT, "The column to be scored; absent: the first that is no row counter."),
    query_param("date_order", {"enum": ["dmy", "mdy", "ymd"]}, "Order of day, month and year, where it is ambiguous."),
)


def param_schema(param: Param) -> JsonSchema:
    """A declared parameter with its bounds."""
    return {
        "type": param.type,
        "default": param.default,
        "minimum": param.minimum,
        "maximum": param.maximum,
        "description": param_help(param),
    }


def param_help(param: Param) -> str:
    """The help of a declared parameter, with its unit."""
    return f"{param.help} Unit: {param.unit}." if param.unit else param.help


def detect_query() -> list[JsonSchema]:
    """How a CSV file is parsed, the detector, and its parameters."""
    detectors = all_detectors()
    names = {"enum": list(detectors), "default": default_detector()}
    params = params_by_name(detectors)
    return [
        query_param("detector", names, "The detector."),
        *FILE,
        TIMES,
        *(merged_param(name, by_detector) for name, by_detector in params.items()),
    ]


def detectability_query() -> list[JsonSchema]:
    """The same, and how injected faults are scored."""
    mode = query_param("mode", {"enum": list(MODES), "default": MODES[0]}, MODE_TEXT)
    return [mode, *(param for param in detect_query() if param["name"] != "times")]


def params_by_name(detectors: Mapping[str, type[Detector]]) -> dict[str, dict[str, Param]]:
    """Parameter name to the detectors that have it, each with its Param."""
    by_name: dict[str, dict[str, Param]] = {}
    for name, detector in detectors.items():
        for param in parameters_of(detector).values():
            by_name.setdefault(param.name, {})[name] = param
    return by_name


def merged_param(name: str, by_detector: Mapping[str, Param]) -> JsonSchema:
    """A query parameter of one or more detectors, with the widest of their bounds."""
    params = list(by_detector.values())
    schema = {
        "type": "integer" if all(param.type == "integer" for param in params) else "number",
        "minimum": min(param.minimum for param in params),
        "maximum": max(param.maximum for param in params),
    }
    return query_param(name, schema, f"{params[0].help} For: {', '.join(by_detector)}.")


def json_body(struct: type[msgspec.Struct], example: Mapping[str, Any]) -> RequestBody:
    """A body of JSON."""
    return RequestBody({JSON: {"schema": ref(struct), "example": example}}, (struct,))


def json_array_body(struct: type[msgspec.Struct], example: Sequence[Mapping[str, Any]]) -> RequestBody:
    """A body of a JSON array."""
    return RequestBody({JSON: {"schema": {"type": "array", "items": ref(struct)}, "example": example}}, (struct,))


def series_body(schema: JsonSchema, *structs: type[msgspec.Struct]) -> RequestBody:
    """A body with a series: JSON, CSV, or a form with a file."""
    form = {"type": "object", "properties": {"file": {"type": "string", "contentMediaType": CSV[0]}}}
    content: dict[str, JsonSchema] = {
        JSON: {"schema": schema, "example": {"series": {"values": EXAMPLE}}},
        CSV[0]: {"schema": TEXT, "example": example_csv()},
        FORM: {"schema": {**form, "required": ["file"]}},
    }
    return RequestBody(content, structs)


def example_csv() -> str:
    """The example as a file."""
    rows = (f"2026-03-01T{hour:02}:00:00Z,{value}" for hour, value in enumerate(EXAMPLE))
    return "\n".join(["time,value", *rows, ""])


DETECT_BODY = series_body(ref(DetectBody), DetectBody)
