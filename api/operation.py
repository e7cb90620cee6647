"""What is told of an operation of the API, and the parts that several of them share."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

Schema = dict[str, Any]

TEXT = {"type": "string"}
STREAM_ERRORS = (400, 403, 404, 503)
BODY_ERRORS = (400, 403, 413, 415, 503)


@dataclass(frozen=True)
class Operation:
    """What is known of an endpoint beside its path, method and docstring.

    answers   media type to schema of a success
    errors    statuses of failures
    query     its query parameters, built when the document is
    body      its request body, likewise
    also      further statuses that answer with the same shape
    status    of success; 204 has no content
    """

    answers: Mapping[str, Schema]
    errors: tuple[int, ...] = (403,)
    query: Callable[[], list[Schema]] = list
    body: Callable[[], Schema] | None = None
    also: tuple[int, ...] = ()
    status: int = 200


def ref(name: str) -> Schema:
    """A component by name."""
    return {"$ref": f"#/components/schemas/{name}"}


def asked_in_query(name: str, schema: Schema, description: str) -> Schema:
    """A query parameter."""
    return {"name": name, "in": "query", "required": False, "schema": schema, "description": description}


def times_query() -> list[Schema]:
    """How times are answered."""
    return [asked_in_query("times", {"enum": ["iso", "ms"], "default": "iso"}, "ISO 8601, or ms since 1970.")]


def bounded(name: str, most: int, default: int) -> Schema:
    """How many at most are asked for."""
    schema = {"type": "integer", "minimum": 1, "maximum": most, "default": default}
    return asked_in_query(name, schema, "How many at most.")


def file_query() -> list[Schema]:
    """How a CSV file is to be read."""
    text = {"type": "string"}
    return [
        asked_in_query("name", text, "What you call the file."),
        asked_in_query("time_column", text, "The column of times; absent: found."),
        asked_in_query("value_column", text, "The column to be judged; absent: the first that counts no rows."),
        asked_in_query("date_order", {"enum": ["dmy", "mdy", "ymd"]}, "Order of day, month and year, where unclear."),
        *times_query(),
    ]


EXAMPLE = [10, 11, 10, 12, 11, 10, 11, 12, 10, 11, 10, 12, 11, 40, 11, 10]


def example_csv() -> str:
    """The example as a file."""
    rows = (f"2026-03-01T{hour:02}:00:00Z,{value}" for hour, value in enumerate(EXAMPLE))
    return "\n".join(["time,value", *rows, ""])
