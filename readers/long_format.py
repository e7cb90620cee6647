"""Files in long format: several series below each other, grouped by a column, as in `time,host,value`."""

import re
from collections.abc import Iterator

import numpy as np

from errors import Unreadable
from readers.dialect import Layout
from readers.field_index import Ints

MAX_REPEATED_SHARE = 0.03
"""Share of rows that may repeat a time, as in autumn's double hour, in a file of one series."""

_ID = re.compile(r"(?i)(?:.*[ _.\-])?(?:id|sensor|station|device|channel|host|node|site|meter|machine|unit|item|store)")
MAX_SHOWN = 3


def refuse_groups(layout: Layout, micros: Ints, rows: Ints, used: frozenset[int]) -> None:
    """Raise Unreadable where many rows repeat a time and a column of text separates them."""
    columns = group_columns(layout, micros, used, rows)
    if not columns:
        return
    names = [layout.names[column] for column in columns]
    groups = np.unique(layout.grid.select(rows).column(columns[0]))
    shown = ", ".join(repr(cell.decode("utf-8", "replace")) for cell in groups[:MAX_SHOWN].tolist())
    more = f" and {len(groups) - MAX_SHOWN} more" if len(groups) > MAX_SHOWN else ""
    noun = "column" if len(names) == 1 else "columns"
    repeated = len(rows) - np.unique(micros[rows]).size
    raise Unreadable(
        f"The file holds several series, one for each value of {noun} {', '.join(map(repr, names))} ({shown}{more}): "
        f"{repeated} of {len(rows)} rows repeat a time; send one file, or one column of values, for each series.",
        column=names[0],
        columns=names,
        repeated=repeated,
    )


def group_columns(layout: Layout, micros: Ints, used: frozenset[int], rows: Ints | None = None) -> list[int]:
    """Return the positions of the columns that separate rows of the same time; empty for one series."""
    rows = np.arange(len(micros)) if rows is None else rows
    candidates = [column for column in range(len(layout.names)) if column not in used and _may_group(layout, column)]
    if not candidates or len(rows) - np.unique(micros[rows]).size <= MAX_REPEATED_SHARE * len(rows):
        return []
    grid = layout.grid.select(rows)
    times = np.unique(micros[rows], return_inverse=True)[1]
    codes = {column: np.unique(grid.column(column), return_inverse=True)[1] for column in candidates}
    codes = {column: code for column, code in codes.items() if code.max() > 0 and (code.max() + 1) * 2 <= len(rows)}
    return next((columns for columns in _choices(list(codes)) if _separates(times, [codes[c] for c in columns])), [])


def _may_group(layout: Layout, column: int) -> bool:
    kind = layout.kinds[column]
    return kind == "text" or (kind == "number" and _ID.fullmatch(layout.names[column]) is not None)


def _choices(columns: list[int]) -> Iterator[list[int]]:
    yield from ([column] for column in columns)
    if len(columns) > 1:
        yield columns


def _separates(times: Ints, codes: list[Ints]) -> bool:
    """Return whether hardly any two rows share a time and all codes."""
    key = times
    for code in codes:
        key = np.unique(key * (code.max() + 1) + code, return_inverse=True)[1]
    return len(times) - 1 - int(key.max()) <= MAX_REPEATED_SHARE * len(times)
