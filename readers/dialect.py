"""The dialect of a text file: its delimiter, its header, where its table begins, and lines outside it."""

import csv
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from errors import LimitExceeded, Unreadable
from readers.column_types import Kind, is_time_name, kind_of, kinds_of
from readers.field_index import FieldIndex, cut_fields, index_fields
from readers.number_columns import MISSING
from timeseries.names import unescape_formula, visible
from timeseries.repairs import Repair, repair
from timeseries.table import Limits

_DELIMITERS = "\t;|,"
_NO_DELIMITER = "\x1f"
"""The delimiter of a single column: the ASCII unit separator, which text files do not contain."""

SAMPLE_LINES = 60
SAMPLE_BYTES = 128 * 1024
MAX_LINE_BYTES = 1024 * 1024
MAX_LEAD_LINES = 100
"""Lines searched for the start of the table."""


@dataclass(frozen=True, eq=False)
class Layout:
    """The records of the table without its header, the name and kind of each column, and what was skipped."""

    grid: FieldIndex
    names: list[str]
    kinds: list[Kind]
    has_header: bool
    delimiter: str
    repairs: list[Repair]


def read_layout(text: bytes, limits: Limits) -> Layout:
    """Return the layout of a text with `\\n` line ends.

    Raises LimitExceeded for too many rows, columns or too long a name, and Unreadable where the records do not fit
    the header or each other.
    """
    if len(text) > MAX_LINE_BYTES and b"\n" not in text[:MAX_LINE_BYTES]:
        raise Unreadable(f"Line 1 is longer than {MAX_LINE_BYTES} bytes; this is not a table of rows.", line=1)
    declared = re.match(rb'(?i)"?sep=(.)"?[ ;,\t]*\n', text)
    delimiter = str(declared[1], "latin-1") if declared else find_delimiter(text)
    grid = index_fields(text, delimiter, limits)
    if declared:
        grid = grid.select(slice(1, None))
    grid, comments = _split_comments(_without_blank_lines(grid))
    if not len(grid):
        raise Unreadable("The file has no rows; send a table with a column of numbers.")
    width = _most_common_width(grid)
    _check_limit("columns", width, limits.max_columns, grid.line(0))
    kinds = kinds_of(_sample(grid, width), width)
    if len(grid) == 1 and width > 1 and set(kinds) == {"text"}:
        columns = ", ".join(repr(_text(field)) for field in grid.row(0)[:20])
        raise Unreadable(f"The file has only a header, {columns}, and no rows, so no column of numbers; add rows.")
    start = _first_data(grid, width, kinds)
    header = _find_header(grid, start, width)
    repairs: list[Repair] = []
    lead = [record for record in range(start) if record != header]
    if lead:
        repairs.append(repair("lead_lines", grid.lines(lead), len(lead)))
    names = _header_names(grid, header, start, width, kinds)
    if names is None:
        names, comments = _header_comment(comments, width)
    if len(comments):
        at = comments.lines(np.arange(len(comments)))
        repairs.append(repair("comment_lines", at, len(comments)))
    data = grid.select(slice(start, None))
    _check_limit("rows", len(data), limits.max_rows, None)
    has_header = names is not None
    line = 1 if header is None else grid.line(header)
    original = [unescape_formula(name) for name in names or [""] * width]
    shown = [visible(name) for name in original]
    hidden = sum(map(str.__ne__, original, shown))
    if hidden:
        repairs.append(repair("name_cleaned", [line], hidden, variant="columns"))
    unique_names, renamed = _unique_names(shown, limits, line)
    return Layout(data, unique_names, kinds, has_header, delimiter, repairs + renamed)


def find_delimiter(text: bytes) -> str:
    """The delimiter under which most cells of the first lines are numbers and times in rows of one width.

    One column only is believed where no delimiter fits, or where a header of one name stands over `1,5`.
    """
    lines = [line[:SAMPLE_BYTES] for line in text[:SAMPLE_BYTES].split(b"\n")[: SAMPLE_LINES * 2]]
    lines = [line for line in lines if line.strip() and not line.startswith(b"#")][:SAMPLE_LINES]
    sample = [line.decode("utf-8", "replace") for line in lines]
    scores = {delimiter: _score(sample, delimiter) for delimiter in _DELIMITERS}
    best = max(_DELIMITERS, key=lambda delimiter: scores[delimiter])
    single_column = _share(*_good([[line] for line in sample[1:] or sample]))
    one_name = len(sample) > 1 and best not in sample[0]
    if (
        scores[best] <= 0
        or (single_column > scores[best] and (one_name or scores[best] < 0.5))
        or (one_name and single_column == 1)
    ):
        return _NO_DELIMITER
    return best


def _score(lines: Sequence[str], delimiter: str) -> float:
    """The share of rows with the most frequent width times the share of numbers and times in them."""
    rows = [row for row in csv.reader(lines, delimiter=delimiter) if row]
    width, commonest = Counter(map(len, rows)).most_common(1)[0] if rows else (0, 0)
    if width < 2:
        return _share(1, len(rows)) / 2 if any(len(row) > 1 for row in rows) else 0.0
    body = rows if len(rows) == 1 else rows[1:]
    good, filled = _good([row for row in body if len(row) == width])
    return commonest / len(rows) * (0.01 + _share(good, filled))


def _share(part: int, total: int) -> float:
    return part / total if total else 0.0


def _good(rows: Sequence[Sequence[str]]) -> tuple[int, int]:
    kinds = [kind_of(cell.strip().encode()) for row in rows for cell in row[:50]]
    return sum(kind in ("time", "clock", "number") for kind in kinds), sum(kind != "empty" for kind in kinds)


def _without_blank_lines(grid: FieldIndex) -> FieldIndex:
    """Without blank lines; in a table of one column those between its values stay, they are missing values."""
    blank = np.zeros(len(grid), np.bool_)
    for here, some in grid.blocks():
        single_column = np.flatnonzero(some.count == 1)
        start, stop = some.select(single_column).bounds(0)
        blank[here][single_column[start == stop]] = True
    if not blank.any():
        return grid
    filled = np.flatnonzero(~blank)
    if not filled.size:
        raise Unreadable("The file is empty; send a table with a column of numbers.")
    if (grid.count[filled] == 1).all():
        return grid.select(slice(int(filled[0]), int(filled[-1]) + 1))
    return grid.select(~blank)


def _split_comments(grid: FieldIndex) -> tuple[FieldIndex, FieldIndex]:
    """The records, and the lines that begin with #."""
    comment = np.zeros(len(grid), np.bool_)
    for here, some in grid.blocks():
        start, stop = some.bounds(0)
        at = np.flatnonzero((stop > start) & (grid.buffer[start] == ord("#")))
        cells = cut_fields(grid.buffer, start[at], stop[at]).tolist()
        comment[here][at] = [cell.lower() not in MISSING for cell in cells]  # #N/A
    return (grid.select(~comment) if comment.any() else grid), grid.select(comment)


def _header_comment(comments: FieldIndex, width: int) -> tuple[list[str] | None, FieldIndex]:
    """The names in the first comment that has as many fields as the table, `# time,value`, and the other comments."""
    for record in range(min(len(comments), MAX_LEAD_LINES)):
        if width > 1 and comments.count[record] == width:
            names = [_text(field) for field in comments.row(record)]
            others = np.arange(len(comments)) != record
            return [names[0].lstrip("# "), *names[1:]], comments.select(others)
    return None, comments


def _most_common_width(grid: FieldIndex) -> int:
    counts = np.bincount(grid.count)
    return len(counts) - 1 - int(np.argmax(counts[::-1]))


def _sample(grid: FieldIndex, width: int) -> list[list[bytes]]:
    fit = np.flatnonzero(grid.count == width)
    wanted = min(len(fit), 60 if width < 100 else 20)
    at = fit[np.linspace(0, len(fit) - 1, wanted).astype(np.int64)]
    return [grid.row(int(record)) for record in at]


def _first_data(grid: FieldIndex, width: int, kinds: list[Kind]) -> int:
    """Return the first record whose first time column, or else number column, holds one."""
    of_times = [column for column, kind in enumerate(kinds) if kind == "time"]
    typed = of_times or [column for column, kind in enumerate(kinds) if kind in ("number", "clock")]
    for record in range(min(MAX_LEAD_LINES, len(grid))):
        if grid.count[record] != width:
            continue
        row = [kind_of(cell) for cell in grid.row(record)]
        first = next((column for column in typed if row[column] != "empty"), None)
        if first is not None and row[first] == kinds[first]:
            return record
        if first is None and record and set(row) == {"empty"} and any(grid.row(record)):
            return record
    return min(1, len(grid) - 1)


def _find_header(grid: FieldIndex, start: int, width: int) -> int | None:
    """Return the record before the table that names its columns: one with a time name, else the fullest."""
    best, best_rank = None, (False, 0)
    for record in range(start):
        fields = [_text(field) for field in grid.row(record)]
        if (len(fields) < 2) != (width < 2):
            continue
        rank = (any(map(is_time_name, fields)), min(sum(map(bool, fields)), width))
        if rank > best_rank or (rank == best_rank and not rank[0]):
            best, best_rank = record, rank
    return best if best_rank[1] else None


def _header_names(grid: FieldIndex, header: int | None, start: int, width: int, kinds: list[Kind]) -> list[str] | None:
    """Return the names of the columns; None without a header. Raises Unreadable if it does not fit the rows."""
    if header is None:
        return None
    names = [_text(field) for field in grid.row(header)]
    if len(names) > width and not any(names[width:]):
        names = names[:width]
    if len(names) == width:
        return names
    if len(names) == width - 1 and kinds[-1] == "empty":
        return [*names, ""]
    if len(names) == width - 1 and _counts_up(grid.select(slice(start, start + 20)).column(0).tolist()):
        return ["", *names]
    if len(names) < width - 1 and sum(map(bool, names)) < 2:
        return None
    line = grid.line(start)
    raise Unreadable(
        f"Line {line} has {width} fields but the header in line {grid.line(header)} names {len(names)} columns; "
        "give every column a name, and where the comma is the decimal mark separate fields with semicolons.",
        line=line,
    )


def _counts_up(cells: list[bytes]) -> bool:
    return all(cell.isdigit() for cell in cells) and np.array_equal(
        np.diff([int(c) for c in cells]), [1] * (len(cells) - 1)
    )


def _unique_names(names: list[str], limits: Limits, line: int) -> tuple[list[str], list[Repair]]:
    """Return names that are present, short enough and unique: `column_2` if missing, `load_2` for a second `load`."""
    unique_names: dict[str, None] = {}
    next_number: dict[str, int] = {}
    duplicates: list[str] = []
    for position, name in enumerate(names, start=1):
        _check_limit("name_length", len(name), limits.max_name_length, line)
        base = unique = name or f"column_{position}"
        number = next_number.get(base, 2)
        while unique in unique_names:
            unique, number = f"{base}_{number}", number + 1
        next_number[base] = number
        if name and unique != name:
            duplicates.append(unique)
        unique_names[unique] = None
    if not duplicates:
        return list(unique_names), []
    return list(unique_names), [repair("name_changed", [line], len(duplicates), names=", ".join(duplicates[:5]))]


def _check_limit(what: str, count: int, limit: int, line: int | None) -> None:
    if count <= limit:
        return
    messages = {
        "rows": f"The file has {count} rows, more than the {limit} allowed; send a part of it.",
        "columns": f"The table has {count} columns, more than the {limit} allowed; send some of them.",
        "name_length": f"A column's name has {count} characters, more than the {limit} allowed; shorten it.",
    }
    where = {} if line is None else {"line": line}
    raise LimitExceeded(messages[what], limit=limit, setting=f"max_{what}", **where)


def _text(field: bytes) -> str:
    return " ".join(field.decode("utf-8", "replace").replace('""', '"').split())
