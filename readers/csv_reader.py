"""CSV bytes to a Table."""

import functools
import itertools
from collections.abc import Callable
from dataclasses import dataclass

from errors import UnknownName, Unreadable
from readers.decompression import decompress
from readers.dialect import Layout, read_layout
from readers.encoding import decode_text
from readers.field_index import Ints
from readers.index_columns import IndexColumns, find_index_columns
from readers.long_format import refuse_groups
from readers.number_columns import Numbers, read_numbers
from readers.rows import find_rows
from readers.sorting import sort_by_time
from readers.time_column import TimeColumn, find_time_column
from readers.value_columns import value_columns
from timeseries.names import clean_name
from timeseries.repairs import SKIPPED_COLUMN, Repair, repair
from timeseries.series import Floats
from timeseries.table import DEFAULT_LIMITS, DateOrder, Limits, Table

UNNAMED = "value"
"""Name of the only value column of a file without a header."""

MAX_REASONS = 3
"""Columns whose repair states why they are not the default."""


def read_csv(
    data: bytes,
    *,
    name: str = "",
    time_column: str | None = None,
    value_column: str | None = None,
    date_order: DateOrder | None = None,
    limits: Limits = DEFAULT_LIMITS,
) -> Table:
    """Return the table in the bytes of a CSV file, plain, gzipped or the only file of a zip archive.

    time_column   name of the column of times; None to detect it
    value_column  name of the table's default column; None: the first that is no row number, date part or time. The
                  other columns stay in the table.
    date_order    how to read 01/02/2026 where the file does not show it

    Raises Unreadable, with the line, for what is not a table of numbers; Ambiguous for dates that can be read two
    ways; UnknownName for a column that does not exist; LimitExceeded for more than `limits` allow.
    """
    text, decoded = decode_text(decompress(data, limits))
    layout = read_layout(text, limits)

    @functools.cache
    def read(column: int) -> Numbers:
        return read_numbers(layout.grid.column(column), delimiter=layout.delimiter)

    time_position = _position(layout, time_column, date_order, read)
    value_position = _position(layout, value_column, date_order, read)
    if time_position is not None and time_position == value_position:
        raise Unreadable(f"Column {time_column!r} cannot be both the times and the values.", column=time_column)
    parts = _analyse(layout, time_position, value_position, date_order, read)
    times = parts.times
    columns = parts.columns
    at = parts.rows
    repairs = [*decoded, *layout.repairs, *parts.repairs]
    stamps = None
    if times.micros is not None:
        refuse_groups(layout, times.micros, at, times.used)
        nanos = None if times.nanos is None else times.nanos[at]
        stamps, order, order_repairs = sort_by_time(
            times.micros[at], lambda some: layout.grid.lines(parts.rows[some]), nanos
        )
        at = at[order]
        repairs += order_repairs
    if value_position is None:
        default, assumed = _choose_default(layout, columns, parts.skipped)
    else:
        default, assumed = layout.names[value_position], []
    values = {label: column[at] for label, column in columns.items()}
    if not layout.has_header and len(values) == 1 and value_column in (None, UNNAMED):
        values, default = {UNNAMED: next(iter(values.values()))}, None
    shown, cleaned = clean_name(name)
    return Table(shown, stamps, values, times.name, (*cleaned, *repairs, *assumed), default, times.dates)


@dataclass(frozen=True, eq=False)
class _Analysis:
    """The times and the value columns of a layout over all records, and the positions of the table's rows."""

    times: TimeColumn
    columns: dict[str, Floats]
    skipped: IndexColumns
    rows: Ints
    repairs: list[Repair]


def _analyse(
    layout: Layout,
    time_position: int | None,
    value_position: int | None,
    date_order: DateOrder | None,
    read: Callable[[int], Numbers],
) -> _Analysis:
    times = find_time_column(layout, time_position, value_position, date_order, read)
    rows, dropped = find_rows(layout, times, read)
    skipped = find_index_columns(layout, times, value_position, read, rows)
    columns, changed = value_columns(layout, times.used | skipped.left_out, value_position, read, rows)
    return _Analysis(times, columns, skipped, rows, [*times.repairs, *skipped.repairs, *dropped, *changed])


def _position(
    layout: Layout, name: str | None, date_order: DateOrder | None, read: Callable[[int], Numbers]
) -> int | None:
    """Return the position of a named column; `value` names the only value column of a file without a header."""
    if name is None:
        return None
    if name in layout.names:
        return layout.names.index(name)
    if name == UNNAMED and not layout.has_header:
        columns = list(_analyse(layout, None, None, date_order, read).columns)
        if len(columns) == 1:
            return layout.names.index(columns[0])
    known = ", ".join(map(repr, layout.names[:20]))
    raise UnknownName(f"There is no column {name!r}; use one of {known}.", name=name, known=layout.names)


def _choose_default(
    layout: Layout, columns: dict[str, Floats], skipped: IndexColumns
) -> tuple[str | None, list[Repair]]:
    """Return the default column and why it is not the first; None stands for the first."""
    reasons = {layout.names[column]: code for column, code in skipped.reasons.items()}
    default = next((name for name in columns if name not in reasons), None)
    before = list(itertools.takewhile(lambda name: name != default, columns))
    if default is None or not before:
        return None, []
    shown = ", ".join(f"{name!r} {SKIPPED_COLUMN[reasons[name]]}" for name in before[:MAX_REASONS])
    more = f", and so on for {len(before) - MAX_REASONS} more" if len(before) > MAX_REASONS else ""
    return default, [repair("value_column_assumed", count=len(before), column=default, reasons=shown + more)]
