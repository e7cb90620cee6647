"""Dates in parts: a column of years, perhaps with months, days and times of day beside it."""

import re
from collections.abc import Callable, Sequence

import numpy as np

from readers.dialect import Layout
from readers.field_index import Bools, Text
from readers.number_columns import Numbers
from readers.timestamps import MONTHS, Stamps, read_times
from timeseries.series import Floats

_NAMES = {
    "year": "year|yr|jahr|ann[eé]e|año|anno|ano",
    "month": "months?|monat|mois|mes|mese|maand",
    "day": "day|tag|jour|d[ií]a|dag",
    "hour": "hour|hr|stunde|heure|hora",
    "minute": "minute",
    "second": "second",
}
_PARTS = {part: re.compile(f"(?i){names}") for part, names in _NAMES.items()}
_OTHER_PARTS = re.compile("(?i)quarter|quartal|week|woche|weekday|day_?of_?(?:week|month|year)|doy|dow")
_RANGES = {
    "year": (1000, 2999),
    "month": (1, 12),
    "day": (1, 31),
    "hour": (0, 24),
    "minute": (0, 59),
    "second": (0, 60),
}
_FIRST_YEAR, _LAST_YEAR = 1700, 2100
"""Integers that increase by one are read as years within these bounds where the name does not imply it."""


def is_part_name(name: str) -> bool:
    """Return whether a name is typical of columns of years, months, weekdays or hours."""
    return _OTHER_PARTS.fullmatch(name) is not None or any(names.fullmatch(name) for names in _PARTS.values())


def find_parts(layout: Layout, value_position: int | None, read: Callable[[int], Numbers]) -> list[int]:
    """Return the positions of year, month, day, hour, minute and second, as far as present; empty without a year.

    `value_position` is never one of them.
    """
    positions: list[int] = []
    for part, names in _PARTS.items():
        fits = (c for c, name in enumerate(layout.names) if c != value_position and names.fullmatch(name))
        column = next((c for c in fits if _holds(layout, c, part, read)), None)
        if column is None:
            break
        positions.append(column)
    return positions


def _holds(layout: Layout, column: int, part: str, read: Callable[[int], Numbers]) -> bool:
    words = part == "month" and layout.kinds[column] == "text"
    return (words or layout.kinds[column] == "number") and are_integers_within(
        part_numbers(layout, column, read).values, *_RANGES[part]
    )


def part_numbers(layout: Layout, column: int, read: Callable[[int], Numbers]) -> Numbers:
    """Return the numbers of a part of a date; a column of text is read as names of months."""
    if layout.kinds[column] != "text":
        return read(column)
    words, which = np.unique(layout.grid.column(column), return_inverse=True)
    months = [MONTHS.get(word.decode("utf-8", "replace").lower().rstrip("."), np.nan) for word in words.tolist()]
    values = np.array(months, np.float64)[which]
    return Numbers(values, bad=np.flatnonzero(np.isnan(values)))


def are_integers_within(values: Floats, low: float, high: float) -> bool:
    """Return whether all finite numbers, at least one, are integers from low to high."""
    known = values[np.isfinite(values)]
    return bool(known.size) and bool(((known >= low) & (known <= high) & (known % 1 == 0)).all())


def are_years(values: Floats) -> bool:
    """Return whether a column counts years one by one, whatever its name."""
    known = values[np.isfinite(values)]
    return known.size > 1 and are_integers_within(known, _FIRST_YEAR, _LAST_YEAR) and bool((np.diff(known) == 1).all())


def read_parts(columns: Sequence[Numbers], clock: Text | None = None) -> Stamps:
    """Return the times of year, month, day, hour, minute and second; missing parts default to the first.

    `clock` is a time of day as text, beside year, month and day.
    """
    text = [_digits(numbers.values, 4 if place == 0 else 2) for place, numbers in enumerate(columns)]
    text += [_fixed(b"01", text[0])] * (3 - len(text)) + [_fixed(b"00", text[0])] * (6 - max(len(text), 3))
    stamp = text[0]
    for mark, part in zip((b"-", b"-"), text[1:3], strict=True):
        stamp = np.strings.add(np.strings.add(stamp, mark), part)
    if clock is None:
        clock = np.strings.add(np.strings.add(text[3], b":"), text[4])
        clock = np.strings.add(np.strings.add(clock, b":"), text[5])
    return read_times(np.strings.add(np.strings.add(stamp, b" "), clock))


def bad_and_missing(numbers: Numbers) -> tuple[Bools, Bools]:
    """Return (n,) cells that are not numbers and (n,) cells that are empty."""
    bad = np.zeros(len(numbers.values), np.bool_)
    bad[numbers.bad] = True
    bad[numbers.infinite] = True
    return bad, np.isnan(numbers.values) & ~bad


def _digits(values: Floats, width: int) -> Text:
    integers = np.where(np.isfinite(values), values, 0).astype(np.int64)
    return np.strings.zfill(integers.astype(np.bytes_), width).astype(np.bytes_)


def _fixed(digits: bytes, like: Text) -> Text:
    return np.full(len(like), digits)
