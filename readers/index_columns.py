"""Columns of numbers that are no data: they count the rows, or say how late it is."""

import re
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from readers.column_types import is_time_name
from readers.date_parts import is_part_name, whole_within
from readers.dialect import Layout
from readers.field_index import Ints
from readers.number_columns import Numbers
from readers.time_column import TimeColumn
from timeseries.series import Floats
from timeseries.table import Repair

_FEW = 5
"""Rows from which on a column that goes up by one is no coincidence, whatever its name."""

_ROW_NUMBER = re.compile(r"(?i)index|row|row[ _.]?(?:number|num|no|names?|index)|unnamed: ?\d+|level_0|#|rn|idx")
_ID = re.compile(
    r"(?i:(?:.*[ _.\-])?(?:id|no|nr|nummer|num|number|key|seq|sequence|record|rec)\.?|lfd\b.*)|.*[a-z]I[dD]"
)
_ELAPSED = re.compile(
    r"(?i)(?:t|ts|time|zeit|elapsed(?:[ _.]?time)?|time[ _.]?elapsed|seconds?|secs?|sekunden?|ms|millis|milliseconds?"
    r"|minutes?|mins|hours?|days?)(?:[ _]?[\[(]?[ _]?(?:s|sec|seconds?|ms|min|h|d|days?)[\])]?)?"
)


@dataclass(frozen=True)
class Aside:
    """Columns of numbers that are not judged unless they are asked for.

    left_out  positions of those that are no columns of the table
    why       position of each other one to the words that say why
    repairs   one for each that was left out
    """

    left_out: frozenset[int] = frozenset()
    why: dict[int, str] = field(default_factory=dict)
    repairs: list[Repair] = field(default_factory=list)


def set_aside(layout: Layout, times: TimeColumn, kept: int | None, read: Callable[[int], Numbers], rows: Ints) -> Aside:
    """The columns that count the rows or tell the time, looked at in `rows`; `kept` is none of them."""
    numeric = [c for c, kind in enumerate(layout.kinds) if kind == "number" and c not in times.used]
    if len(numeric) < 2:
        return Aside()
    left_out: dict[int, Repair] = {}

    def inside(column: int) -> Floats:
        return read(column).values[rows]

    if 0 in numeric and kept != 0 and (repair := _row_number(layout, inside(0))):
        left_out[0] = repair
    rest = [column for column in numeric if column not in left_out]
    if times.name is None and len(rest) > 1:
        named = (column for column in rest if column != kept and _named_like_time(layout, column))
        elapsed = next((column for column in named if _goes_up(inside(column))), None)
        if elapsed is not None:
            left_out[elapsed] = _elapsed(layout.names[elapsed])
    why = {c: said for c in rest if c not in left_out and (said := _why(layout.names[c], inside(c)))}
    return Aside(frozenset(left_out), why, list(left_out.values()))


def _row_number(layout: Layout, values: Floats) -> Repair | None:
    """That the first column is left out, where it has no name or one of a row number and counts."""
    name = layout.names[0]
    if len(values) < 2 or not np.isfinite(values).all():
        return None
    if not layout.has_header:
        numbers = len(values) > 2 and _by_one(values)
    elif name == "column_1":  # a table that was filtered or sorted keeps the numbers its rows had before
        numbers = whole_within(values, 0, np.inf) and np.unique(values).size == len(values)
    else:
        numbers = _ROW_NUMBER.fullmatch(name) is not None and _by_one(values)
    if not numbers:
        return None
    return Repair("index_column", f"Column {name!r} only counts the rows and was left out.", 1)


def _named_like_time(layout: Layout, column: int) -> bool:
    name = layout.names[column]
    return _ELAPSED.fullmatch(name) is not None or (column == 0 and (is_time_name(name) or is_part_name(name)))


def _goes_up(values: Floats) -> bool:
    return len(values) > 1 and bool((np.diff(values) > 0).all())


def _elapsed(name: str) -> Repair:
    said = (
        f"Column {name!r} goes up but holds no dates; it was left out and the points are numbered 0, 1, 2. "
        "Name it as time_column to read it as seconds since 1970."
    )
    return Repair("elapsed_time", said, 1)


def _why(name: str, values: Floats) -> str:
    """Why a column is not the first choice to be judged; nothing where it may be."""
    if len(values) < 2 or not np.isfinite(values).all():
        return ""
    id_like = _ID.fullmatch(name) is not None or _ROW_NUMBER.fullmatch(name) is not None
    if (len(values) >= _FEW or id_like) and _by_one(values):
        return "only counts the rows"
    steps = np.diff(values)
    one_way = bool((steps >= 0).all() or (steps <= 0).all())
    if id_like and one_way and steps.all() and whole_within(values, 0, np.inf):
        return "only numbers the rows"
    if is_part_name(name) and whole_within(values, 0, 9999):
        return "is a part of a date"
    return "is named like a time and only goes up" if _ELAPSED.fullmatch(name) and one_way and steps.any() else ""


def _by_one(values: Floats) -> bool:
    """Whether whole numbers go up, or down, by one from row to row."""
    if not np.isfinite(values[:2]).all() or abs(values[1] - values[0]) != 1 or values[0] % 1:
        return False
    return bool((np.diff(values) == values[1] - values[0]).all())
