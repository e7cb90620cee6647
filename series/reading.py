"""The bytes of a CSV file to a Table."""

import functools

from errors import UnknownName, Unreadable
from series.decoding import decode
from series.layout import Layout, lay_out
from series.numbers import Numbers, read_numbers
from series.order import settle_order
from series.rows import rows_to_keep
from series.table import DEFAULT_LIMITS, DateOrder, Limits, Table
from series.time_column import find_time_column
from series.unpacking import unpack
from series.value_columns import value_columns


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
    table's default and the others are kept. `date_order` says how to read 01/02/2026 where the file does not show it.

    Raises Unreadable for what is no table of numbers, with its line; Ambiguous for dates that can be read two ways;
    UnknownName for a column that is not there; LimitExceeded for more than `limits` allow.
    """
    text, decoded = decode(unpack(data, limits))
    layout = lay_out(text, limits)

    @functools.cache
    def read(column: int) -> Numbers:
        return read_numbers(layout.grid.column(column), delimiter=layout.delimiter)

    asked, kept = _position(layout, time_column), _position(layout, value_column)
    if asked is not None and asked == kept:
        raise Unreadable(f"Column {time_column!r} cannot be both the times and the values.", column=time_column)
    times = find_time_column(layout, asked, kept, date_order, read)
    rows, dropped = rows_to_keep(layout, times, read)
    columns, found = value_columns(layout, times.used, kept, read, rows)
    repairs = [*decoded, *layout.repairs, *times.repairs, *dropped, *found]
    stamps = None
    at = rows
    if times.micros is not None:
        stamps, order, mended = settle_order(times.micros[rows], lambda some: layout.grid.lines(rows[some]))
        at = rows[order]
        repairs += mended
    values = {label: column[at] for label, column in columns.items()}
    return Table(name, stamps, values, times.name, tuple(repairs), value_column)


def _position(layout: Layout, name: str | None) -> int | None:
    if name is None:
        return None
    if name not in layout.names:
        known = ", ".join(map(repr, layout.names[:20]))
        raise UnknownName(f"There is no column {name!r}; use one of {known}.", name=name, known=layout.names)
    return layout.names.index(name)
