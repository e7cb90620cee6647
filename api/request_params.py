"""Query parameters, names in the path, and what a request wants back."""

import re
from collections.abc import Iterable, Mapping
from urllib.parse import unquote_to_bytes

from flask import request

from errors import BadInput, BadParameter, UnknownName

NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?", re.ASCII)


def query_params(*known: str) -> dict[str, str]:
    """The query, without `times`. Raises UnknownName for a parameter that is not known here."""
    params = unique_pairs(query_pairs())
    for name in params:
        if name not in known:
            listed = ", ".join(known) or "times"
            raise UnknownName(f"There is no parameter {name!r} here; use {listed}.", name=name, known=sorted(known))
    return params


def query_pairs() -> list[tuple[str, str]]:
    """Names and texts of the query, without `times`, which is about the response."""
    return [(name, text) for name, text in request.args.items(multi=True) if name != "times"]


def unique_pairs(pairs: Iterable[tuple[str, str]]) -> dict[str, str]:
    """Names and their texts. Raises BadParameter for a name with two different values."""
    params: dict[str, str] = {}
    for name, text in pairs:
        if params.setdefault(name, text) != text:
            raise BadParameter(f"{name} appears twice, with different values; send it once.", name=name)
    return params


def int_param(params: Mapping[str, str], name: str, default: int, minimum: int, maximum: int) -> int:
    """A whole number of the query. Raises BadParameter."""
    text = params.get(name, str(default))
    if not re.fullmatch(r"[0-9]{1,19}", text) or not minimum <= int(text) <= maximum:
        message = f"{name} must be a whole number from {minimum} to {maximum}."
        raise BadParameter(message, name=name, minimum=minimum, maximum=maximum)
    return int(text)


def float_param(params: Mapping[str, str], name: str, maximum: float) -> float | None:
    """A number of the query from 0 to the maximum; None where it is absent. Raises BadParameter."""
    if name not in params:
        return None
    value = parse_number(params[name])
    if isinstance(value, str) or not 0 <= value <= maximum:
        raise BadParameter(f"{name} must be a number from 0 to {maximum:g}.", name=name, maximum=maximum)
    return value


def parse_number(text: str) -> float | str:
    """A parameter that was sent as text: a number, or else the text, which the parameter's own check refuses."""
    return float(text) if NUMBER.fullmatch(text.strip()) else text


def times_as_ms() -> bool:
    """Whether times are returned as epoch milliseconds. Raises BadParameter for any other word than ms or iso."""
    text = request.args.get("times", "iso")
    if text not in {"iso", "ms"}:
        raise BadParameter("times must be iso or ms.", name="times", choices=["iso", "ms"])
    return text == "ms"


def wants_csv() -> bool:
    """Whether the Accept header prefers CSV to JSON."""
    return request.accept_mimetypes.best_match(["application/json", "text/csv"]) == "text/csv"


def decode_name(name: str) -> str:
    """A stream's name from its percent-encoded form in the path. Raises BadInput."""
    try:
        return unquote_to_bytes(name).decode("utf-8")
    except UnicodeDecodeError as error:
        raise BadInput("A stream's name must be percent-encoded UTF-8 in the path.", name=name) from error
