"""What kind of thing a column holds, told from a sample of its cells."""

import re
from collections import Counter
from collections.abc import Sequence
from typing import Literal

from readers.field_index import LONGEST
from readers.number_columns import MISSING, is_number
from readers.timestamps import is_time, is_time_of_day

Kind = Literal["time", "clock", "number", "text", "empty"]
"""A date perhaps with a time of day, a time of day alone, a number, other text, nothing but missing values."""

_TIME_NAME = re.compile(
    r"(?i)(?:.*[ _.\-(\[/])?(?:date|time|datetime|timestamps?|time_?stamp|ts|epoch|unix|utc|day|month|"
    r"datum|zeit|zeitstempel|uhrzeit|fecha|hora|heure|tijd)(?:[ _.\-)\]/].*)?"
)
_CAMEL = re.compile(r".*[a-z](?:Time|Date|Timestamp|TimeStamp)(?:Utc|UTC|Ms)?")


def kind_of(cell: bytes) -> Kind:
    """The kind of one cell."""
    if cell.lower() in MISSING:
        return "empty"
    if len(cell) > LONGEST:
        return "text"
    if is_time(cell):
        return "time"
    if is_time_of_day(cell):
        return "clock"
    return "number" if is_number(cell) else "text"


def kinds_of(rows: Sequence[Sequence[bytes]], width: int) -> list[Kind]:
    """The kind of each column: the one that at least half of its sampled cells have, else text.

    Rows with few numbers and times beside the others are headers and titles and have no vote.
    """
    kinds = [[kind_of(cell) for cell in row[:width]] for row in rows]
    typed = [sum(kind in ("time", "clock", "number") for kind in row) for row in kinds]
    most = max(typed, default=0)
    voting = [row for row, count in zip(kinds, typed, strict=True) if count * 2 >= most and (count or not most)]
    return [_most([row[column] for row in voting if column < len(row)]) for column in range(width)]


def _most(kinds: list[Kind]) -> Kind:
    told = Counter(kind for kind in kinds if kind != "empty")
    if not told:
        return "empty"
    best, count = told.most_common(1)[0]
    return best if count * 2 >= told.total() else "text"


def is_time_name(name: str) -> bool:
    """Whether columns of times have such names: `timestamp`, `Date (UTC)`, `eventTime`."""
    return _TIME_NAME.fullmatch(name) is not None or _CAMEL.fullmatch(name) is not None
