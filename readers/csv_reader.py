"""The bytes of a CSV file to a Table."""

import functools
import itertools
from collections.abc import Callable
from dataclasses import dataclass

from errors import UnknownName, Unreadable
from readers.decompression import unpack
from readers.dialect import Layout, lay_out
from readers.encoding import decode
from readers.field_index import Ints
from readers.index_columns import Aside, set_aside
from readers.long_format import refuse_several_series
from readers.number_columns import Numbers, read_numbers
from readers.rows import rows_to_keep
from readers.sorting import settle_order
from readers.time_column import TimeColumn, find_time_column
from readers.value_columns import value_columns
from timeseries.names import clean_name
from timeseries.series import Floats
from timeseries.table import DEFAULT_LIMITS, DateOrder, Limits, Repair, Table

UNNAMED = "value"
"""What the one value column of a file without a header is called."""

_REASONS = 3


def read_csv(
    data: bytes,
    *,
    name: str = "",
    time_column: str | None = None,
    value_column: str | None = None,
    date_order: DateOrder | None = None,
    limits: Limits = DEFAULT_LIMITS,
) -> Table:
    """The table in the bytes of a CSV file, perhaps gzipped or the one file of a zip archive.

    `time_column` and `value_column` name columns where they should not be found; `value_column` becomes the
    table's default and the others are kept; without it the first that neither counts the rows nor tells the time
    is. A name that a table gives is understood again. `date_order` says how to read 01/02/2026 where the file does
    not show it.

    Raises Unreadable for what is no table of numbers, with its line; Ambiguous for dates that can be read two ways;
    UnknownName for a column that is not there; LimitExceeded for more than `limits` allow.
    """
    text, decoded = decode(unpack(data, limits))
    layout = lay_out(text, limits)

    @functools.cache
    def read(column: int) -> Numbers:
        return read_numbers(layout.grid.column(column), delimiter=layout.delimiter)

    asked, kept = (_position(layout, given, date_order, read) for given in (time_column, value_column))
    if asked is not None and asked == kept:
        raise Unreadable(f"Column {time_column!r} cannot be both the times and the values.", column=time_column)
    parts = _take_apart(layout, asked, kept, date_order, read)
    times, columns, at = parts.times, parts.columns, parts.rows
    repairs = [*decoded, *layout.repairs, *parts.repairs]
    stamps = None
    if times.micros is not None:
        refuse_several_series(layout, times.micros, at, times.used)
        nanos = None if times.nanos is None else times.nanos[at]
        stamps, order, mended = settle_order(times.micros[at], lambda some: layout.grid.lines(parts.rows[some]), nanos)
        at = at[order]
        repairs += mended
    default, chosen = (layout.names[kept], []) if kept is not None else _choose(layout, columns, parts.aside)
    values = {label: column[at] for label, column in columns.items()}
    if not layout.has_header and len(values) == 1 and value_column in (None, UNNAMED):
        values, default = {UNNAMED: next(iter(values.values()))}, None
    shown, cleaned = clean_name(name)
    return Table(shown, stamps, values, times.name, (*cleaned, *repairs, *chosen), default, times.dates)


@dataclass(frozen=True, eq=False)
class _Parts:
    """A layout taken apart: its times and its columns of values over all records, and the rows that count."""

    times: TimeColumn
    columns: dict[str, Floats]
    aside: Aside
    rows: Ints
    repairs: list[Repair]


def _take_apart(
    layout: Layout,
    asked: int | None,
    kept: int | None,
    date_order: DateOrder | None,
    read: Callable[[int], Numbers],
) -> _Parts:
    times = find_time_column(layout, asked, kept, date_order, read)
    rows, dropped = rows_to_keep(layout, times, read)
    aside = set_aside(layout, times, kept, read, rows)
    columns, found = value_columns(layout, times.used | aside.left_out, kept, read, rows)
    return _Parts(times, columns, aside, rows, [*times.repairs, *aside.repairs, *dropped, *found])


def _position(
    layout: Layout, name: str | None, date_order: DateOrder | None, read: Callable[[int], Numbers]
) -> int | None:
    """Where a column asked for stands; `value` is the one value column of a file without a header."""
    if name is None:
        return None
    if name in layout.names:
        return layout.names.index(name)
    if name == UNNAMED and not layout.has_header:
        columns = list(_take_apart(layout, None, None, date_order, read).columns)
        if len(columns) == 1:
            return layout.names.index(columns[0])
    known = ", ".join(map(repr, layout.names[:20]))
    raise UnknownName(f"There is no column {name!r}; use one of {known}.", name=name, known=layout.names)


def _choose(layout: Layout, columns: dict[str, Floats], aside: Aside) -> tuple[str | None, list[Repair]]:
    """The column to judge where none was asked for, and why it is not the first; None stands for the first."""
    why = {layout.names[column]: said for column, said in aside.why.items()}
    default = next((name for name in columns if name not in why), None)
    passed = list(itertools.takewhile(lambda name: name != default, columns))
    if default is None or not passed:
        return None, []
    reasons = ", ".join(f"{name!r} {why[name]}" for name in passed[:_REASONS])
    more = f", and so on for {len(passed) - _REASONS} more" if len(passed) > _REASONS else ""
    said = f"Column {default!r} is judged, for {reasons}{more}; name a value_column to judge another."
    return default, [Repair("value_column_assumed", said, len(passed))]
