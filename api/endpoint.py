"""The decorator of routes: encodes the struct that a route returns, and holds its OpenAPI metadata."""

import functools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ParamSpec, get_args, get_type_hints

import msgspec
from flask import Response

from api.responses import json_response

JsonSchema = dict[str, Any]
P = ParamSpec("P")

Returned = msgspec.Struct | Response | str | tuple[msgspec.Struct, int, Mapping[str, str]]
"""What a route may return: a struct, a struct with status and headers, a finished response, HTML."""

STREAM_ERRORS = (400, 403, 404, 503)
BODY_ERRORS = (400, 403, 413, 415, 503)


@dataclass(frozen=True)
class RequestBody:
    """A request body: its schema by media type, and the structs that these refer to."""

    content: Mapping[str, JsonSchema]
    structs: tuple[type[msgspec.Struct], ...]


@dataclass(frozen=True)
class Operation:
    """OpenAPI metadata of a route beyond its path, method and docstring.

    struct    the JSON that it returns; None where it returns none
    texts     other media types that it returns
    errors    statuses of failures
    query     its query parameters, or a function of none that returns them
    body      its request body, likewise
    statuses  of success, the most frequent one first; 204 has no content
    """

    struct: type[msgspec.Struct] | None
    texts: tuple[str, ...] = ()
    errors: tuple[int, ...] = (403,)
    query: Sequence[JsonSchema] | Callable[[], Sequence[JsonSchema]] = field(default=())
    body: RequestBody | None = None
    statuses: tuple[int, ...] = (200,)


def endpoint(
    *,
    texts: tuple[str, ...] = (),
    errors: tuple[int, ...] = (403,),
    query: Sequence[JsonSchema] | Callable[[], Sequence[JsonSchema]] = (),
    body: RequestBody | None = None,
    statuses: tuple[int, ...] = (200,),
) -> Callable[[Callable[P, Returned]], Callable[P, Response]]:
    """A decorator for a route that returns a struct. Its fields are those of `Operation`; the struct is read from the
    annotation of what the route returns."""

    def decorate(view: Callable[P, Returned]) -> Callable[P, Response]:
        @functools.wraps(view)
        def route(*args: P.args, **kwargs: P.kwargs) -> Response:
            return respond(view(*args, **kwargs))

        operation = Operation(returned_struct(view), texts, errors, query, body, statuses)
        route.operation = operation  # type: ignore[attr-defined]  # read by operation_of
        return route

    return decorate


def operation_of(view: Callable[..., Any]) -> Operation:
    """The operation of a route that `endpoint` decorates."""
    operation: Operation = view.operation  # type: ignore[attr-defined]  # set by endpoint
    return operation


def respond(returned: Returned) -> Response:
    """The response for what a route returned."""
    match returned:
        case Response():
            return returned
        case str():
            return Response(returned, mimetype="text/html")
        case (struct, status, headers):
            response = json_response(struct, status)
            response.headers.extend(headers)
            return response
    return json_response(returned)


def returned_struct(view: Callable[..., Any]) -> type[msgspec.Struct] | None:
    """The first struct in the annotation of what a function returns."""
    waiting = [get_type_hints(view)["return"]]
    for hint in waiting:
        if isinstance(hint, type) and issubclass(hint, msgspec.Struct):
            return hint
        waiting += get_args(hint)
    return None
