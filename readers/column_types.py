"""The type of a column, inferred from a sample of its cells."""

import re
from collections import Counter
from collections.abc import Sequence
from typing import Literal

from readers.field_index import MAX_FIELD_BYTES
from readers.number_columns import MISSING, is_number
from readers.timestamps import is_time, is_time_of_day

Kind = Literal["time", "clock", "number", "text", "empty"]
"""A date, perhaps with a time of day; a time of day; a number; other text; only missing values."""

_TIME_NAME = re.compile(
    r"(?i)(?:.*[ _.\-(\[/])?(?:date|time|datetime|timestamps?|time_?stamp|ts|epoch|unix|utc|day|month|"
    r"datum|zeit|zeitstempel|uhrzeit|fecha|hora|heure|tijd)(?:[ _.\-)\]/].*)?"
)
_CAMEL = re.compile(r".*[a-z](?:Time|Date|Timestamp|TimeStamp)(?:Utc|UTC|Ms)?")


def kind_of(cell: bytes) -> Kind:
    """Return the kind of one cell."""
    if cell.lower() in MISSING:
        return "empty"
    if len(cell) > MAX_FIELD_BYTES:
        return "text"
    if is_time(cell):
        return "time"
    if is_time_of_day(cell):
        return "clock"
    return "number" if is_number(cell) else "text"


def kinds_of(rows: Sequence[Sequence[bytes]], width: int) -> list[Kind]:
    """Return the kind of each column: the one of at least half of its sampled cells, else text.

    Rows with few numbers and times compared with the others are headers and titles, and are not counted.
    """
    kinds = [[kind_of(cell) for cell in row[:width]] for row in rows]
    typed = [sum(kind in ("time", "clock", "number") for kind in row) for row in kinds]
    highest = max(typed, default=0)
    counted = [row for row, count in zip(kinds, typed, strict=True) if count * 2 >= highest and (count or not highest)]
    return [_most_common([row[column] for row in counted if column < len(row)]) for column in range(width)]


def _most_common(kinds: list[Kind]) -> Kind:
    counts = Counter(kind for kind in kinds if kind != "empty")
    if not counts:
        return "empty"
    best, count = counts.most_common(1)[0]
    return best if count * 2 >= counts.total() else "text"


def is_time_name(name: str) -> bool:
    """Return whether a name is typical of time columns: `timestamp`, `Date (UTC)`, `eventTime`."""
    return _TIME_NAME.fullmatch(name) is not None or _CAMEL.fullmatch(name) is not None
