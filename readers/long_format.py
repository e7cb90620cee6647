"""Files that hold several series one below the other, told apart by a column: `time,host,value`."""

import re
from collections.abc import Iterator

import numpy as np

from errors import Unreadable
from readers.dialect import Layout
from readers.field_index import Ints

_LOST_SHARE = 0.03
"""Share of the rows that may repeat a time, as in autumn's double hour, before several series are thought of."""

_ID = re.compile(r"(?i)(?:.*[ _.\-])?(?:id|sensor|station|device|channel|host|node|site|meter|machine|unit|item|store)")
_SHOWN = 3


def refuse_several_series(layout: Layout, micros: Ints, rows: Ints, used: frozenset[int]) -> None:
    """Raises Unreadable where many rows repeat a time and a column of text tells those rows apart."""
    columns = several_series(layout, micros, used, rows)
    if not columns:
        return
    names = [layout.names[column] for column in columns]
    found = np.unique(layout.grid.select(rows).column(columns[0]))
    shown = ", ".join(repr(cell.decode("utf-8", "replace")) for cell in found[:_SHOWN].tolist())
    more = f" and {len(found) - _SHOWN} more" if len(found) > _SHOWN else ""
    noun = "column" if len(names) == 1 else "columns"
    repeated = len(rows) - np.unique(micros[rows]).size
    raise Unreadable(
        f"The file holds several series, told apart by {noun} {', '.join(map(repr, names))} ({shown}{more}): "
        f"{repeated} of {len(rows)} rows repeat a time; send one file, or one column of values, for each series.",
        column=names[0],
        columns=names,
        repeated=repeated,
    )


def several_series(layout: Layout, micros: Ints, used: frozenset[int], rows: Ints | None = None) -> list[int]:
    """The positions of the columns that tell apart rows of the same time; empty where the file holds one series."""
    rows = np.arange(len(micros)) if rows is None else rows
    telling = [column for column in range(len(layout.names)) if column not in used and _may_tell(layout, column)]
    if not telling or len(rows) - np.unique(micros[rows]).size <= _LOST_SHARE * len(rows):
        return []
    grid = layout.grid.select(rows)
    times = np.unique(micros[rows], return_inverse=True)[1]
    codes = {column: np.unique(grid.column(column), return_inverse=True)[1] for column in telling}
    codes = {column: code for column, code in codes.items() if code.max() > 0 and (code.max() + 1) * 2 <= len(rows)}
    return next((columns for columns in _choices(list(codes)) if _tell(times, [codes[c] for c in columns])), [])


def _may_tell(layout: Layout, column: int) -> bool:
    kind = layout.kinds[column]
    return kind == "text" or (kind == "number" and _ID.fullmatch(layout.names[column]) is not None)


def _choices(columns: list[int]) -> Iterator[list[int]]:
    yield from ([column] for column in columns)
    if len(columns) > 1:
        yield columns


def _tell(times: Ints, codes: list[Ints]) -> bool:
    """Whether hardly a row has the time and the texts of another."""
    key = times
    for code in codes:
        key = np.unique(key * (code.max() + 1) + code, return_inverse=True)[1]
    return len(times) - 1 - int(key.max()) <= _LOST_SHARE * len(times)
