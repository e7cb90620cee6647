"""Columns of numbers that are not data: row numbers and elapsed times."""

import re
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from readers.column_types import is_time_name
from readers.date_parts import are_integers_within, is_part_name
from readers.dialect import Layout
from readers.field_index import Ints
from readers.number_columns import Numbers
from readers.time_column import TimeColumn
from timeseries.repairs import Repair, repair
from timeseries.series import Floats

MIN_COUNTED_ROWS = 5
"""Rows from which a column that increases by one counts the rows, whatever its name."""

_ROW_NUMBER = re.compile(r"(?i)index|row|row[ _.]?(?:number|num|no|names?|index)|unnamed: ?\d+|level_0|#|rn|idx")
_ID = re.compile(
    r"(?i:(?:.*[ _.\-])?(?:id|no|nr|nummer|num|number|key|seq|sequence|record|rec)\.?|lfd\b.*)|.*[a-z]I[dD]"
)
_ELAPSED = re.compile(
    r"(?i)(?:t|ts|time|zeit|elapsed(?:[ _.]?time)?|time[ _.]?elapsed|seconds?|secs?|sekunden?|ms|millis|milliseconds?"
    r"|minutes?|mins|hours?|days?)(?:[ _]?[\[(]?[ _]?(?:s|sec|seconds?|ms|min|h|d|days?)[\])]?)?"
)


@dataclass(frozen=True)
class IndexColumns:
    """Columns of numbers that are not scored unless they are requested.

    left_out  positions of those that are not columns of the table
    reasons   position of each other one to a code of SKIPPED_COLUMN
    repairs   one for each that was left out
    """

    left_out: frozenset[int] = frozenset()
    reasons: dict[int, str] = field(default_factory=dict)
    repairs: list[Repair] = field(default_factory=list)


def find_index_columns(
    layout: Layout, times: TimeColumn, value_position: int | None, read: Callable[[int], Numbers], rows: Ints
) -> IndexColumns:
    """Return the columns that count the rows or increase like a clock, by their values in `rows`.

    value_position   the requested value column, which is never one of them
    """
    numeric = [c for c, kind in enumerate(layout.kinds) if kind == "number" and c not in times.used]
    if len(numeric) < 2:
        return IndexColumns()
    left_out: dict[int, Repair] = {}

    def values_of(column: int) -> Floats:
        return read(column).values[rows]

    if 0 in numeric and value_position != 0 and _is_row_number(layout, values_of(0)):
        left_out[0] = repair("index_column", column=layout.names[0])
    rest = [column for column in numeric if column not in left_out]
    if times.name is None and len(rest) > 1:
        named = (column for column in rest if column != value_position and _named_like_time(layout, column))
        elapsed = next((column for column in named if _increases(values_of(column))), None)
        if elapsed is not None:
            left_out[elapsed] = repair("elapsed_time", column=layout.names[elapsed])
    others = (column for column in rest if column not in left_out)
    reasons = {column: code for column in others if (code := _reason(layout.names[column], values_of(column)))}
    return IndexColumns(frozenset(left_out), reasons, list(left_out.values()))


def _is_row_number(layout: Layout, values: Floats) -> bool:
    """Return whether the first column has no name or one of a row number, and counts."""
    name = layout.names[0]
    if len(values) < 2 or not np.isfinite(values).all():
        return False
    if not layout.has_header:
        return len(values) > 2 and _by_one(values)
    if name == "column_1":  # a table that was filtered or sorted keeps its original row numbers
        return are_integers_within(values, 0, np.inf) and np.unique(values).size == len(values)
    return _ROW_NUMBER.fullmatch(name) is not None and _by_one(values)


def _named_like_time(layout: Layout, column: int) -> bool:
    name = layout.names[column]
    return _ELAPSED.fullmatch(name) is not None or (column == 0 and (is_time_name(name) or is_part_name(name)))


def _increases(values: Floats) -> bool:
    return len(values) > 1 and bool((np.diff(values) > 0).all())


def _reason(name: str, values: Floats) -> str:
    """Return the code of why a column is not the default; empty where it may be."""
    if len(values) < 2 or not np.isfinite(values).all():
        return ""
    id_like = _ID.fullmatch(name) is not None or _ROW_NUMBER.fullmatch(name) is not None
    if (len(values) >= MIN_COUNTED_ROWS or id_like) and _by_one(values):
        return "counts_rows"
    steps = np.diff(values)
    one_way = bool((steps >= 0).all() or (steps <= 0).all())
    if id_like and one_way and steps.all() and are_integers_within(values, 0, np.inf):
        return "numbers_rows"
    if is_part_name(name) and are_integers_within(values, 0, 9999):
        return "date_part"
    return "increasing_time" if _ELAPSED.fullmatch(name) and one_way and steps.any() else ""


def _by_one(values: Floats) -> bool:
    """Return whether integers increase, or decrease, by one from row to row."""
    if not np.isfinite(values[:2]).all() or abs(values[1] - values[0]) != 1 or values[0] % 1:
        return False
    return bool((np.diff(values) == values[1] - values[0]).all())
