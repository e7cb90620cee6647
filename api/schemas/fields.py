"""Field types that several schemas share."""

from collections.abc import Sequence
from typing import Annotated, Any, overload

import msgspec

from timeseries import Bools, Floats, format_epoch_ms


class Schema(msgspec.Struct, forbid_unknown_fields=True):
    """A JSON object with these fields and no others."""


def described(text: str, **constraints: Any) -> Any:
    """A description that the API's documentation shows, and constraints that a request body must meet."""
    return msgspec.Meta(description=text, **constraints)


def array_of(items: dict[str, Any], text: str) -> Any:
    """A description of a numpy column, which JSON writes as an array of such items."""
    return msgspec.Meta(description=text, extra_json_schema={"type": "array", "items": items})


def choice(*values: str) -> Any:
    """A description of a text that is one of these values."""
    return msgspec.Meta(extra_json_schema={"enum": list(values)})


NUMBER_OR_NULL = {"anyOf": [{"type": "number"}, {"type": "null"}]}

Number = float | None
"""A number; null where it is unknown or not finite."""
Count = Annotated[int, msgspec.Meta(ge=0)]
Params = Annotated[dict[str, int | float], described("Every parameter in effect.")]
Position = Annotated[int, described("Position of a point, counted from 0.", ge=0)]
Time = Annotated[str | int, described("ISO 8601 in UTC; with ?times=ms, milliseconds since 1970.")]
TimeColumn = Annotated[Sequence[str | int] | None, described("One time per point; null for a series without times.")]
Column = Annotated[
    Floats, array_of(NUMBER_OR_NULL, "One number per point, in the unit of the series; null where it is unknown.")
]
ScoreColumn = Annotated[
    Floats,
    array_of(NUMBER_OR_NULL, "One score per point, 0 or more, in the detector's unit; null where it has none."),
]
FlagColumn = Annotated[Bools, array_of({"type": "boolean"}, "One flag per point: score > threshold.")]


@overload
def format_time(epoch_ms: int, *, as_ms: bool) -> str | int: ...
@overload
def format_time(epoch_ms: None, *, as_ms: bool) -> None: ...
@overload
def format_time(epoch_ms: int | None, *, as_ms: bool) -> str | int | None: ...
def format_time(epoch_ms: int | None, *, as_ms: bool) -> str | int | None:
    """A time in ms since 1970 UTC, as responses write times; None stays None."""
    return None if epoch_ms is None else format_epoch_ms([epoch_ms], as_ms=as_ms)[0]


def seconds(ms: float | None) -> float | None:
    """Milliseconds as seconds; None stays None."""
    return None if ms is None else ms / 1000
