"""The body of a request: JSON, CSV or a form with a file, and what is asked of it."""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Annotated, Any

import msgspec
from flask import request

from api.errors import SENTENCES, Refused
from api.state import state
from errors import BadParameter, LimitExceeded, Unreadable
from readers import read_arrays, read_csv
from readers.decompression import gunzip
from settings import Settings, variable
from timeseries import DateOrder, Limits, Table

JSON = "application/json"
CSV = ("text/csv", "text/tab-separated-values")
FORM = "multipart/form-data"
NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?", re.ASCII)

HALF_PAIR = re.compile(
    rb"(?i)\\u(?:d[89ab][0-9a-f]{2}(?!\\ud[c-f][0-9a-f]{2})|(?<!\\ud[89ab][0-9a-f]{2}\\u)d[c-f][0-9a-f]{2})"
)


def described(text: str, **facts: Any) -> Any:
    """A description that the API's documentation shows."""
    return msgspec.Meta(description=text, **facts)


class SeriesBody(msgspec.Struct, forbid_unknown_fields=True):
    """A series: values, and perhaps their times."""

    values: Annotated[list[float | None], described("In order of time; null where a value is missing.")]
    times: Annotated[
        list[int | float | str] | None,
        described("One per value: ISO 8601, or numbers counting s, ms, µs or ns since 1970. Absent: 0, 1, 2, …"),
    ] = None
    name: Annotated[str, described("What you call it.")] = "value"


class DetectBody(msgspec.Struct, forbid_unknown_fields=True):
    """A series to be judged."""

    series: SeriesBody
    detector: Annotated[str | None, described("Its name; absent: the first of GET /api/v1/detectors.")] = None
    params: Annotated[dict[str, Any], described("The detector's parameters; those left out keep their default.")] = (
        msgspec.field(default_factory=dict)
    )


@dataclass(frozen=True)
class ParsedRequest:
    """table: reads the body when called; detector, params: what is to be done with it."""

    table: Callable[[], Table]
    detector: str | None = None
    params: dict[str, Any] = field(default_factory=dict)


def parse_request() -> ParsedRequest:
    """What the present request asks.

    Raises BadInput for what cannot be read, Refused (415) for a kind of body that is not known.
    """
    kind = request.mimetype
    if kind == JSON:
        return parse_json(body_bytes())
    if kind in CSV:
        return parse_file(body_bytes(), "", words(query()))
    if kind == FORM:
        return parse_form()
    hint = " (curl: -H 'Content-Type: text/csv')" if kind == "application/x-www-form-urlencoded" else ""
    raise Refused(415, "unsupported_media_type", SENTENCES[415] + hint, content_type=kind)


def parse_form() -> ParsedRequest:
    """A form with one file, named `file`."""
    if request.content_encoding:
        raise Refused(415, "unsupported_encoding", "Send a form uncompressed; its file may be a .csv.gz.")
    files = list(request.files.items(multi=True))
    if [name for name, _ in files] != ["file"]:
        raise Unreadable("Send exactly one file in the form, in the field named file, its name in UTF-8.", name="file")
    pairs = [*query(), *request.form.items(multi=True)]
    upload = files[0][1]
    return parse_file(upload.stream.read(), upload.filename or "", words(pairs))


def parse_file(data: bytes, name: str, given: dict[str, str]) -> ParsedRequest:
    """A CSV file; every word that is not about the file is a parameter of the detector."""
    settings = state().settings
    order = date_order(given.pop("date_order", None))
    time_column, value_column = given.pop("time_column", None), given.pop("value_column", None)
    detector, name = given.pop("detector", None), given.pop("name", name)
    check_length(settings, "name", name)

    def table() -> Table:
        return read_csv(
            data,
            name=name,
            time_column=time_column,
            value_column=value_column,
            date_order=order,
            limits=limits(settings),
        )

    return ParsedRequest(table, detector, {word: number(text) for word, text in given.items()})


def parse_json(data: bytes) -> ParsedRequest:
    """A series in JSON; the query may say what the body leaves open."""
    settings = state().settings
    check_count(settings, data)
    body = decoded(data)
    series = body.series
    check_length(settings, "name", series.name)
    given = words(query())
    order = date_order(given.pop("date_order", None))
    if twice := sorted(given.keys() & body.params.keys() | ({"detector"} & given.keys() if body.detector else set())):
        raise BadParameter(f"{twice[0]} stands in the query and in the body; send it once.", name=twice[0])
    detector = given.pop("detector", body.detector)

    def table() -> Table:
        return read_arrays(
            series.values,
            series.times,
            name=series.name,
            date_order=order,
            limits=limits(settings),
        )

    return ParsedRequest(table, detector, {word: number(text) for word, text in given.items()} | body.params)


def decoded(data: bytes) -> DetectBody:
    """Strict JSON as a DetectBody. Raises Unreadable, with the reason."""
    try:
        return msgspec.json.decode(data, type=DetectBody)
    except msgspec.ValidationError as error:
        raise Unreadable(f"The JSON does not fit: {error}.", reason=str(error)) from error
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        if half := HALF_PAIR.search(data):
            said = f"The JSON holds {half[0].decode()}, half of a surrogate pair; write whole characters."
            raise Unreadable(said, reason=str(error)) from error
        raise Unreadable(f"The body is not JSON in UTF-8: {error}.", reason=str(error)) from error
    except RecursionError as error:
        raise Unreadable("The JSON is nested too deep.") from error


def date_order(text: str | None) -> DateOrder | None:
    """The order of day, month and year that was asked for. Raises BadParameter for any other."""
    match text:
        case None | "dmy" | "mdy" | "ymd":
            return text
        case _:
            raise BadParameter("date_order must be dmy, mdy or ymd.", name="date_order", choices=["dmy", "mdy", "ymd"])


def check_count(settings: Settings, data: bytes) -> None:
    """Refuses too many points before they become objects: two lists of n numbers hold at least 2n − 2 commas."""
    most = settings.max_json_points
    if data.count(b",") > 2 * most + 1000:
        name = variable("max_json_points")
        raise LimitExceeded(
            f"More than {most} points in JSON; send them as CSV, or raise {name}.", limit=most, setting=name
        )


def check_length(settings: Settings, word: str, text: str) -> None:
    """Refuses a name that is too long."""
    most = settings.max_name_length
    if len(text) > most:
        message = f"The {word} is longer than {most} characters; shorten it."
        raise LimitExceeded(message, name=word, limit=most, setting=variable("max_name_length"))


def limits(settings: Settings) -> Limits:
    """The reader's limits, as the settings have them."""
    return Limits(settings.max_upload_bytes, settings.max_rows, settings.max_columns, settings.max_name_length)


def words(pairs: Any) -> dict[str, str]:
    """Names and their texts. Raises BadParameter for a name that is given two different values."""
    given: dict[str, str] = {}
    for name, text in pairs:
        if given.setdefault(name, text) != text:
            raise BadParameter(f"{name} is given twice, with different values; send it once.", name=name)
    return given


def query() -> list[tuple[str, str]]:
    """Names and texts of the query, without `times`, which is about the answer."""
    return [(name, text) for name, text in request.args.items(multi=True) if name != "times"]


def number(text: str) -> float | str:
    """A parameter that came as text: a number, or else the text, for the parameter's own check to refuse."""
    return float(text) if NUMBER.fullmatch(text.strip()) else text


def body_bytes(setting: str = "max_upload_bytes") -> bytes:
    """The body, decompressed, of at most as many bytes as a setting says. Raises Refused (415) for an unknown
    compression, LimitExceeded for a bomb."""
    encoding = (request.content_encoding or "identity").strip().lower()
    if encoding == "identity":
        return within(request.get_data(cache=False), setting)
    if encoding not in {"gzip", "x-gzip"}:
        raise Refused(415, "unsupported_encoding", "Compress the body with gzip or not at all.", encoding=encoding)
    return decompressed(request.get_data(cache=False), setting)


def decompressed(data: bytes, setting: str) -> bytes:
    """The content of a gzip body; it never inflates much more than the setting allows."""
    try:
        content = gunzip(data, getattr(state().settings, setting))
    except Unreadable as error:
        raise Unreadable("The body says Content-Encoding: gzip, but is not one whole gzip file.") from error
    return within(content, setting)


def within(content: bytes, setting: str) -> bytes:
    """The content. Raises LimitExceeded where it is larger than a setting allows."""
    most, name = getattr(state().settings, setting), variable(setting)
    if len(content) > most:
        raise LimitExceeded(
            f"The decompressed body is larger than {most} bytes ({name}); send it in parts.", limit=most, setting=name
        )
    return content
