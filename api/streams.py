"""Streams over HTTP: create, push, read after a cursor."""

import re
from typing import Annotated, Any, Literal, TypeVar
from urllib.parse import unquote_to_bytes
from wsgiref.types import StartResponse, WSGIEnvironment

import msgspec
from flask import Blueprint, Flask, Response, request

from api import responses
from api.errors import SENTENCES, Refused
from api.request_body import CSV, JSON, body_bytes, check_count, described, parse_file, query, words
from api.state import state
from api.v1 import json, times_as_ms
from errors import BadInput, BadParameter, UnknownName, Unreadable
from store import Label
from streams import UNCHANGED, ScoredPoints, StreamInfo, Streams
from streams.label_input import read_labels

streams = Blueprint("streams", __name__, url_prefix="/api/v1/streams")

PREFIX = "/api/v1/streams/"
MOST_POINTS, MOST_STREAMS = 10_000, 1_000
"""In one answer."""


Body = TypeVar("Body", bound=msgspec.Struct)


class StreamBody(msgspec.Struct, forbid_unknown_fields=True):
    """How a stream is to be judged; what is left out stays as it is, or is the default."""

    detector: Annotated[str | None, described("Its name; absent: the one it has, or the default.")] = None
    params: Annotated[dict[str, Any] | None, described("The detector's parameters.")] = None
    capacity: Annotated[int, described("Points that are kept; older ones are forgotten.", ge=1)] | None = None
    retention_days: (
        Annotated[float, described("Days after which a point is forgotten by its time; null: none is for its age.")]
        | msgspec.UnsetType
        | None
    ) = msgspec.UNSET


class PointsBody(msgspec.Struct, forbid_unknown_fields=True):
    """Points of a stream."""

    values: Annotated[list[float | None], described("null where a value is missing.")]
    times: Annotated[
        list[int | float | str] | None,
        described("One per value: ISO 8601, or numbers counting s, ms, µs or ns since 1970. Absent: counted."),
    ] = None


class LabelBody(msgspec.Struct, forbid_unknown_fields=True):
    """What somebody says of some points: from start up to stop, half open."""

    start: Annotated[int | str, described("A time, or a cursor where the stream counts its points.")]
    stop: Annotated[int | str, described("The first time or cursor that is not meant any more.")]
    kind: Literal["anomaly", "normal"]
    note: Annotated[str, described("Why, for people.", max_length=1_000)] = ""


class LabelsBody(msgspec.Struct, forbid_unknown_fields=True):
    """Labels as they are answered."""

    labels: list[LabelBody]
    times: Annotated[Any, described("Told in answers about series; not read.")] = None


@streams.get("")
def list_streams() -> Response:
    """The streams by name."""
    as_ms, given = times_as_ms(), only("limit", "after")
    limit = whole(given, "limit", 100, 1, MOST_STREAMS)
    found = opened().list(limit + 1, given.get("after", ""))
    more = len(found) > limit
    told = [of_stream(stream, as_ms) for stream in found[:limit]]
    return json({"streams": told, "next": found[limit - 1].name if more else None})


@streams.put("/<name>")
def put_stream(name: str) -> Response:
    """Makes a stream, or changes how it is judged from the next point on."""
    as_ms, body = times_as_ms(), decoded(StreamBody)
    days = UNCHANGED if isinstance(body.retention_days, msgspec.UnsetType) else body.retention_days
    return json(of_stream(opened().put(plain(name), body.detector, body.params, body.capacity, days), as_ms))


@streams.get("/<name>")
def get_stream(name: str) -> Response:
    """A stream, without its points."""
    return json(of_stream(opened().get(plain(name)), times_as_ms()))


@streams.delete("/<name>")
def delete_stream(name: str) -> Response:
    """Forgets a stream and all its points."""
    opened().delete(plain(name), before=watched_no_longer)
    return json({"deleted": plain(name)})


def watched_no_longer(name: str) -> None:
    """Has an event that was told to begin told to end, before its stream is gone."""
    if watching := state().alerts:
        watching.forget(name)


@streams.post("/<name>/points")
def push_points(name: str) -> Response:
    """Judges points and keeps them: all or none. Answers once they are durable."""
    as_ms = times_as_ms()
    if request.mimetype in CSV:
        table = parse_file(body_bytes(), "", words(query())).table()
        series = table.series()
        judged = of_judged(opened().push_series(plain(name), series, table.repairs), as_ms)
        return json({**judged, **responses.columns(table, series)})
    only()
    check_count(state().settings, data := body_bytes())
    body = decoded(PointsBody, data)
    return json(of_judged(opened().push(plain(name), body.times, body.values), as_ms))


@streams.get("/<name>/points")
def read_points(name: str) -> Response:
    """The points after a cursor, the oldest first; without a cursor the newest."""
    as_ms, given = times_as_ms(), only("after", "limit")
    limit = whole(given, "limit", 1_000, 1, MOST_POINTS)
    after = whole(given, "after", 0, 0, 2**62) if "after" in given else None
    points, events = opened().read_with_events(plain(name), after, limit)
    return json(responses.of_read(points, events, as_ms=as_ms))


@streams.get("/<name>/labels")
def get_labels(name: str) -> Response:
    """What people said of a stream's points."""
    as_ms, (labels, timed) = times_as_ms(), opened().labels(plain(name))
    return json({"labels": [of_label(each, timed, as_ms) for each in labels]})


@streams.put("/<name>/labels")
def put_labels(name: str) -> Response:
    """Says of a stream's points what is an anomaly and what is normal, in place of what was said before."""
    as_ms, given = times_as_ms(), decoded_as(list[LabelBody] | LabelsBody)
    said = [msgspec.structs.astuple(each) for each in (given.labels if isinstance(given, LabelsBody) else given)]
    _, timed = opened().labels(plain(name))
    opened().put_labels(plain(name), read_labels(said, timed, opened().get(plain(name)).last_time))
    labels, timed = opened().labels(plain(name))
    return json({"labels": [of_label(each, timed, as_ms) for each in labels]})


def of_label(label: Label, timed: bool, as_ms: bool) -> dict[str, Any]:
    """A label, as it is answered."""
    start, stop = ((responses.time(at, as_ms=as_ms) if timed else at) for at in (label.start, label.stop))
    return {"start": start, "stop": stop, "kind": label.kind, "note": label.note}


def opened() -> Streams:
    """The service's streams. Raises Refused (503) in an app that was made without a store."""
    found = state().streams
    if found is None:
        raise Refused(503, "no_store", "This service was started without a store; it keeps no streams.")
    return found


def plain(name: str) -> str:
    """A stream's name as it stands percent-encoded in the path. Raises BadInput."""
    try:
        return unquote_to_bytes(name).decode("utf-8")
    except UnicodeDecodeError as error:
        raise BadInput("A stream's name stands in the path percent-encoded as UTF-8.", name=name) from error


def only(*known: str) -> dict[str, str]:
    """The query, without `times`. Raises UnknownName for a word that is not known here."""
    given = words(query())
    for name in given:
        if name not in known:
            listed = ", ".join(known) or "times"
            raise UnknownName(f"There is no parameter {name!r} here; use {listed}.", name=name, known=sorted(known))
    return given


def whole(given: dict[str, str], name: str, default: int, least: int, most: int) -> int:
    """A whole number of the query. Raises BadParameter."""
    text = given.get(name, str(default))
    if not re.fullmatch(r"[0-9]{1,19}", text) or not least <= int(text) <= most:
        message = f"{name} must be a whole number from {least} to {most}."
        raise BadParameter(message, name=name, minimum=least, maximum=most)
    return int(text)


def decoded(kind: type[Body], data: bytes | None = None) -> Body:
    """The JSON body as a struct; see decoded_as."""
    found: Body = decoded_as(kind, data)
    return found


def decoded_as(kind: Any, data: bytes | None = None) -> Any:
    """The JSON body as a type. Raises Unreadable with the index of a wrong value, Refused (415) for another kind."""
    if request.mimetype != JSON:
        raise Refused(415, "unsupported_media_type", SENTENCES[415], content_type=request.mimetype)
    try:
        return msgspec.json.decode(body_bytes() if data is None else data, type=kind)
    except msgspec.ValidationError as error:
        place = re.search(r"\$\.(values|times)\[(\d+)\]", str(error))
        at = {"name": place[1], "index": int(place[2])} if place else {}
        if place := re.search(r"\$(?:\.labels)?\[(\d+)\]", str(error)):
            at = {"index": int(place[1])}
        hint = ""
        if "enum value" in str(error):
            hint = f" {allowed(kind)}"
        elif "unknown field" in str(error):
            hint = f" {known_fields(kind)}"
        raise Unreadable(f"The JSON does not fit: {error}.{hint}", reason=str(error), **at) from error
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise Unreadable(f"The body is not JSON in UTF-8: {error}.", reason=str(error)) from error
    except RecursionError as error:
        raise Unreadable("The JSON is nested too deep.") from error


def structs(kind: Any) -> list[Any]:
    """The structs that a body of this type holds, those in their fields after them."""
    found: dict[Any, Any] = {}
    waiting = [msgspec.inspect.type_info(kind)]
    for part in waiting:
        for each in _parts(part):
            if hasattr(each, "fields") and each.cls not in found:
                found[each.cls] = each
                waiting += [field.type for field in each.fields]
    return list(found.values())


def _parts(told: Any) -> list[Any]:
    """A type as msgspec tells it and those within it: a list's, a union's, a described one's."""
    inner = [
        *getattr(told, "types", ()),
        *(getattr(told, name) for name in ("type", "item_type") if hasattr(told, name)),
    ]
    return [told, *(part for each in inner for part in _parts(each))]


def known_fields(kind: Any) -> str:
    """The fields that the structs of a body know."""
    return "Known: " + "; ".join(", ".join(field.name for field in each.fields) for each in structs(kind)) + "."


def allowed(kind: Any) -> str:
    """The fields of a body that take one of a few texts, with these."""
    choices = [
        f"{field.name} is one of {', '.join(map(str, part.values))}"
        for each in structs(kind)
        for field in each.fields
        for part in _parts(field.type)
        if isinstance(part, msgspec.inspect.LiteralType)
    ]
    return f"{'; '.join(choices)}."


def of_stream(stream: StreamInfo, as_ms: bool) -> dict[str, Any]:
    """A stream, as it is answered."""
    return {
        "name": stream.name,
        "detector": stream.detector,
        "params": dict(stream.params),
        "points": stream.points,
        "capacity": stream.capacity,
        "retention_days": stream.retention_days,
        "last_time": responses.time(stream.last_time, as_ms=as_ms),
        "state": stream.state,
        "cursor": stream.cursor,
        "judged_by": stream.judged_by,
    }


def of_judged(judged: ScoredPoints, as_ms: bool) -> dict[str, Any]:
    """Points, as they are answered."""
    return responses.of_judged(judged, as_ms=as_ms)


def register(app: Flask) -> None:
    """Lets a name in the path hold anything, a slash too: its segment reaches the routes still percent-encoded."""
    inner = app.wsgi_app

    def outer(environ: WSGIEnvironment, start_response: StartResponse) -> Any:
        path = environ.get("REQUEST_URI", "").partition("?")[0]
        if path.startswith(PREFIX):
            environ = {**environ, "PATH_INFO": path}
        return inner(environ, start_response)

    app.wsgi_app = outer  # type: ignore[method-assign]  # Flask's documented way to wrap it
