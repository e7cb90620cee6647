"""The body of a request: its bytes, decompressed, and JSON decoded to a struct."""

import re
from collections.abc import Iterator
from typing import Any, TypeVar

import msgspec
from flask import request

from api.errors import SENTENCES, Refused
from api.openapi_parts import JSON
from api.state import state
from errors import LimitExceeded, Unreadable
from readers.decompression import gunzip
from settings import Settings, variable

Body = TypeVar("Body")

HALF_PAIR = re.compile(
    rb"(?i)\\u(?:d[89ab][0-9a-f]{2}(?!\\ud[c-f][0-9a-f]{2})|(?<!\\ud[89ab][0-9a-f]{2}\\u)d[c-f][0-9a-f]{2})"
)
"""Half of a surrogate pair, escaped in JSON."""


def decode_body(kind: type[Body]) -> Body:
    """The JSON body as a struct. Raises Unreadable, and Refused (415) for another media type."""
    body: Body = decode_json(json_bytes(), kind)
    return body


def json_bytes() -> bytes:
    """The body. Raises Refused (415) unless it is sent as JSON."""
    if request.mimetype != JSON:
        raise Refused(415, "unsupported_media_type", SENTENCES[415], content_type=request.mimetype)
    return body_bytes()


def decode_json(data: bytes, kind: Any) -> Any:
    """Strict JSON as a type of msgspec. Raises Unreadable with the reason, and the index of a wrong value."""
    try:
        return msgspec.json.decode(data, type=kind)
    except msgspec.ValidationError as error:
        reason = str(error)
        raise Unreadable(
            f"The JSON does not fit: {reason}.{hint(reason, kind)}", reason=reason, **place(reason)
        ) from error
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        if half := HALF_PAIR.search(data):
            message = f"The JSON holds {half[0].decode()}, half of a surrogate pair; write complete characters."
            raise Unreadable(message, reason=str(error)) from error
        raise Unreadable(f"The body is not JSON in UTF-8: {error}.", reason=str(error)) from error
    except RecursionError as error:
        raise Unreadable("The JSON is nested too deep.") from error


def place(reason: str) -> dict[str, Any]:
    """Where in an array a wrong value stands, from msgspec's message."""
    if match := re.search(r"\$\.(?:series\.)?(values|times)\[(\d+)\]", reason):
        return {"name": match[1], "index": int(match[2])}
    if match := re.search(r"\$(?:\.labels)?\[(\d+)\]", reason):
        return {"index": int(match[1])}
    return {}


def hint(reason: str, kind: Any) -> str:
    """What the body may hold instead, from msgspec's message."""
    if "enum value" in reason:
        return f" {choices(kind)}"
    return f" {known_fields(kind)}" if "unknown field" in reason else ""


def known_fields(kind: Any) -> str:
    """The fields of each struct of a body."""
    return "Known: " + "; ".join(", ".join(field.name for field in each.fields) for each in struct_types(kind)) + "."


def choices(kind: Any) -> str:
    """The fields of a body that hold one of a few texts, with these."""
    fields = [
        f"{field.name} is one of {', '.join(map(str, part.values))}"
        for each in struct_types(kind)
        for field in each.fields
        for part in type_parts(field.type)
        if isinstance(part, msgspec.inspect.LiteralType)
    ]
    return f"{'; '.join(fields)}."


def struct_types(kind: Any) -> list[msgspec.inspect.StructType]:
    """The structs of a body, outer ones first."""
    by_class: dict[type, msgspec.inspect.StructType] = {}
    waiting = [msgspec.inspect.type_info(kind)]
    for outer in waiting:
        for part in type_parts(outer):
            if isinstance(part, msgspec.inspect.StructType) and part.cls not in by_class:
                by_class[part.cls] = part
                waiting += [field.type for field in part.fields]
    return list(by_class.values())


def type_parts(outer: Any) -> Iterator[Any]:
    """A type of msgspec and those within it: a list's, a union's, an annotated one's."""
    yield outer
    inner = [*getattr(outer, "types", ()), getattr(outer, "type", None), getattr(outer, "item_type", None)]
    for part in inner:
        if part is not None:
            yield from type_parts(part)


def body_bytes(setting: str = "max_upload_bytes") -> bytes:
    """The body, decompressed, of at most as many bytes as a setting allows. Raises Refused (415) for an unknown
    compression, LimitExceeded for a larger body."""
    encoding = (request.content_encoding or "identity").strip().lower()
    data = request.get_data(cache=False)
    if encoding == "identity":
        return check_size(data, setting)
    if encoding not in {"gzip", "x-gzip"}:
        raise Refused(415, "unsupported_encoding", "Compress the body with gzip or not at all.", encoding=encoding)
    return decompress(data, setting)


def decompress(data: bytes, setting: str) -> bytes:
    """The content of a gzip body; it never inflates much more than the setting allows."""
    try:
        content = gunzip(data, getattr(state().settings, setting))
    except Unreadable as error:
        raise Unreadable("The body has Content-Encoding: gzip, but is not one complete gzip file.") from error
    return check_size(content, setting)


def check_size(content: bytes, setting: str) -> bytes:
    """The content. Raises LimitExceeded where it is larger than a setting allows."""
    limit, name = getattr(state().settings, setting), variable(setting)
    if len(content) > limit:
        message = f"The decompressed body is larger than {limit} bytes ({name}); send it in parts."
        raise LimitExceeded(message, limit=limit, setting=name)
    return content


def check_count(settings: Settings, data: bytes) -> None:
    """Refuses too many points before they become objects: two lists of n numbers hold at least 2n - 2 commas."""
    limit = settings.max_json_points
    if data.count(b",") > 2 * limit + 1000:
        name = variable("max_json_points")
        message = f"More than {limit} points in JSON; send them as CSV, or raise {name}."
        raise LimitExceeded(message, limit=limit, setting=name)
