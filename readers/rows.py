"""Which records of a file are rows of its table, and which are headers, totals and remarks."""

import re
from collections.abc import Callable

import numpy as np

from errors import Unreadable
from readers.dialect import Layout
from readers.field_index import MAX_FIELD_BYTES, Bools, Ints
from readers.number_columns import Numbers
from readers.time_column import TimeColumn
from timeseries.repairs import Repair, repair

MAX_TRAILING_ROWS = 5
"""Rows at the end of a file that may be totals and remarks."""

MAX_HEADERS = 10_000
MAX_LONG_SHARE = 0.1
"""Rows with too many fields are left out up to this share; beyond it the file is refused."""

_NAMED_ZONE = re.compile(r".*\d:\d\d.* ?\b([A-Z]{2,5})")
_TOTAL = re.compile(
    rb"(?i)(?:grand[ -]?|sub[ -]?)?(?:total|sum|summe|gesamt|average|avg|mean|mittelwert|count|anzahl)\b.{0,20}"
)


def find_rows(layout: Layout, times: TimeColumn, read: Callable[[int], Numbers]) -> tuple[Ints, list[Repair]]:
    """Return the positions of the records that are rows of the table, and what was left out.

    Raises Unreadable for a cell in the time column that is not a time, and where many rows have too many fields.
    """
    grid = layout.grid
    is_row = np.ones(len(grid), np.bool_)
    repairs: list[Repair] = []

    def leave_out(code: str, flags: Bools) -> None:
        at = np.flatnonzero(flags & is_row)
        if at.size:
            is_row[at] = False
            repairs.append(repair(code, grid.lines(at), len(at)))

    suspects = _suspects(layout, times, read)
    leave_out("repeated_header", _repeated_headers(layout, suspects))
    leave_out("trailing_rows", _trailing_rows(layout, suspects))
    leave_out("long_rows", _long_rows(layout, is_row))
    if times.micros is not None:
        leave_out("missing_time", times.missing)
        _check_times(layout, times, is_row)
    if not is_row.any():
        raise Unreadable("The file has no rows of data; send a table with a column of numbers.")
    rows = np.flatnonzero(is_row)
    short = rows[grid.count[rows] < len(layout.names)]
    if short.size:
        repairs.append(repair("short_rows", grid.lines(short), len(short)))
    return rows, repairs


def _suspects(layout: Layout, times: TimeColumn, read: Callable[[int], Numbers]) -> Ints:
    """Return the records with an unreadable time or, in a table without times, an unreadable number."""
    if times.micros is not None:
        return np.flatnonzero(times.bad)
    numeric = [c for c, kind in enumerate(layout.kinds) if kind == "number" and c not in times.used]
    bad = [read(column).bad for column in numeric]
    return np.unique(np.concatenate(bad)) if bad else np.empty(0, np.int64)


def _repeated_headers(layout: Layout, suspects: Ints) -> Bools:
    repeated = np.zeros(len(layout.grid), np.bool_)
    if layout.has_header:
        names = [name.encode() for name in layout.names]
        suspects = suspects[(layout.grid.count[suspects] == len(names))][:MAX_HEADERS]
        alike = layout.grid.select(suspects).column(0) == names[0][: MAX_FIELD_BYTES + 1]
        for record in suspects[alike].tolist():
            repeated[record] = layout.grid.row(record) == names
    return repeated


def _trailing_rows(layout: Layout, suspects: Ints) -> Bools:
    trailing = np.zeros(len(layout.grid), np.bool_)
    suspect = set(suspects[-MAX_TRAILING_ROWS:].tolist())
    for record in range(len(layout.grid) - 1, max(len(layout.grid) - 1 - MAX_TRAILING_ROWS, 0), -1):
        if record not in suspect and not any(_TOTAL.fullmatch(cell) for cell in layout.grid.row(record)):
            break
        trailing[record] = True
    return trailing


def _long_rows(layout: Layout, is_row: Bools) -> Bools:
    """Flag the records with text in fields beyond the last column; empty fields there are ignored."""
    grid, width = layout.grid, len(layout.names)
    long = np.zeros(len(grid), np.bool_)
    at = np.flatnonzero((grid.count > width) & is_row)
    for column in range(width, int(grid.count[at].max(initial=width))):
        start, stop = grid.select(at).bounds(column)
        long[at[stop > start]] = True
        at = at[(stop == start) & (grid.count[at] > column + 1)]
    positions = np.flatnonzero(long)
    if positions.size > MAX_LONG_SHARE * len(grid):
        line = grid.line(int(positions[0]))
        raise Unreadable(
            f"Line {line} has {int(grid.count[positions[0]])} fields where the table has {width} columns; "
            "give every row as many fields as the header.",
            line=line,
        )
    return long


def _check_times(layout: Layout, times: TimeColumn, is_row: Bools) -> None:
    wrong = np.flatnonzero(times.bad & is_row)
    if not wrong.size:
        return
    line = layout.grid.line(int(wrong[0]))
    column = layout.names.index(times.name or "")
    row = layout.grid.row(int(wrong[0]))
    cell = row[column][:40].decode("utf-8", "replace") if column < len(row) else ""
    zone = _NAMED_ZONE.fullmatch(cell)
    remedy = "write it as 2026-03-01T10:15:00Z"
    if any(_TOTAL.fullmatch(cell) for cell in row):
        remedy = "the line seems to be a total: remove it"
    elif zone:
        remedy = f"write the offset from UTC in place of {zone[1]}, as in 2026-03-01T10:15:00+01:00"
    raise Unreadable(
        f"Line {line}: {cell!r} in column {times.name!r} is not a time; {remedy}.",
        line=line,
        column=times.name,
        value=cell,
    )
