"""Which column holds the times, and reading it."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from errors import Unreadable
from readers.column_types import is_time_name
from readers.date_parts import are_years, find_parts, gone, part_numbers, read_parts
from readers.dialect import Layout
from readers.epochs import from_text
from readers.field_index import Bools, Ints, Text
from readers.long_format import several_series
from readers.number_columns import MISSING, Numbers
from readers.timestamps import Stamps, read_times
from timeseries.series import Floats
from timeseries.table import DateOrder, DatesRead, Repair, repair

_US = 1_000_000
EPOCHS = {"seconds": _US, "milliseconds": 1_000, "microseconds": 1, "nanoseconds": 1e-3}
"""Unit of an epoch to the microseconds in it."""
_1990, _2100 = 631_152_000, 4_102_444_800
_EXCEL_1970, _EXCEL_1990, _EXCEL_2100 = 25_569, 32_874, 73_051
_DAY_MS = 86_400_000
_MOST_BAD = 0.5
"""Share of rows that may be no dates, a total say, in columns of years and months."""


@dataclass(frozen=True, eq=False)
class TimeColumn:
    """The times of a table.

    name      of the column; None where the table has no times
    used      positions of the columns that make the times: a date, a time of day or its other parts beside it
    micros    (r,) int64 microseconds since 1970 UTC, or None
    bad       (r,) cells that are no time
    missing   (r,) cells that are empty
    repairs   what had to be assumed
    nanos     (r,) int64 nanoseconds beyond the microseconds; None where there are none
    dates     how dates that can be written in several orders were read; None where there are none
    """

    name: str | None = None
    used: frozenset[int] = frozenset()
    micros: Ints | None = None
    bad: Bools = field(default_factory=lambda: np.zeros(0, np.bool_))
    missing: Bools = field(default_factory=lambda: np.zeros(0, np.bool_))
    repairs: tuple[Repair, ...] = ()
    nanos: Ints | None = None
    dates: DatesRead | None = None


def find_time_column(
    layout: Layout, asked: int | None, kept: int | None, date_order: DateOrder | None, read: Callable[[int], Numbers]
) -> TimeColumn:
    """The column of times: the one asked for, else the first of dates, else years, else epochs, else none.

    `kept` is the column the user wants judged; it is never taken for times. `read` gives a column as numbers.
    Raises Ambiguous for dates that can be read two ways.
    """
    parts = find_parts(layout, kept, read)
    if asked is not None:
        if layout.kinds[asked] not in ("number", "empty"):
            return _textual(layout, asked, date_order)
        if asked in parts:
            return _parted(layout, parts, read)
        return _numeric(layout, asked, read(asked), asked=True) or _by_magnitude(layout, asked, read(asked))
    dated = [c for c, kind in enumerate(layout.kinds) if kind == "time" and c != kept]
    if dated:
        named = [c for c in dated if is_time_name(layout.names[c])]
        return _textual(layout, (named or dated)[0], date_order)
    if parts and len(layout.names) > len(parts):
        found = _parted(layout, parts, read)
        if _each_once(layout, found):
            return found
    for column, kind in enumerate(layout.kinds):
        if kind == "number" and column != kept and (is_time_name(layout.names[column]) or column == 0):
            numbered = _numeric(layout, column, read(column), asked=False)
            if numbered is not None:
                return numbered
    return TimeColumn()


def _parted(layout: Layout, parts: list[int], read: Callable[[int], Numbers]) -> TimeColumn:
    """Times in columns of year, month, day, hour; a time of day as text may stand beside year, month and day."""
    clock = next((c for c, kind in enumerate(layout.kinds) if kind == "clock"), None) if len(parts) == 3 else None
    numbers = [part_numbers(layout, c, read) for c in parts]
    stamps = read_parts(numbers, None if clock is None else layout.grid.column(clock))
    bad, missing = gone(read(parts[0]))
    used = frozenset(parts if clock is None else [*parts, clock])
    return TimeColumn(layout.names[parts[0]], used, stamps.micros, (stamps.bad | bad) & ~missing, missing)


def _each_once(layout: Layout, found: TimeColumn) -> bool:
    """Whether the parts of a date make times: going one way, or told apart by a column of text."""
    if found.micros is None or found.bad.mean() > _MOST_BAD:
        return False
    steps = np.diff(found.micros[~found.bad & ~found.missing])
    once = bool((steps > 0).all() or (steps < 0).all())
    return once or several_series(layout, found.micros, found.used) != []


def _textual(layout: Layout, column: int, date_order: DateOrder | None) -> TimeColumn:
    text = layout.grid.column(column)
    stamps = read_times(text, date_order=date_order, column=layout.names[column])
    used = {column}
    clock = next((c for c, kind in enumerate(layout.kinds) if kind == "clock" and c != column), None)
    if clock is not None and not stamps.has_clock:
        both = np.strings.add(np.strings.add(text, b" "), layout.grid.column(clock))
        stamps = read_times(both, date_order=date_order, column=layout.names[column])
        used.add(clock)
    missing = missing_cells(text, stamps.bad)
    repairs = _zones(layout, stamps)
    bad = stamps.bad & ~missing
    name, read = layout.names[column], frozenset(used)
    return TimeColumn(name, read, stamps.micros, bad, missing, repairs, stamps.nanos, stamps.dates)


def _zones(layout: Layout, stamps: Stamps) -> tuple[Repair, ...]:
    naive = np.flatnonzero(~stamps.zoned & ~stamps.bad)
    if not naive.size or not stamps.zoned.any():
        return ()
    said = "Some times say their zone and some do not; those without were taken as UTC."
    return (repair("zone_assumed", said, layout.grid.lines(naive), len(naive)),)


def missing_cells(text: Text, among: Bools) -> Bools:
    """(n,) which of the cells `among` stand for a missing value."""
    missing = np.zeros(len(text), np.bool_)
    at = np.flatnonzero(among)
    missing[at] = [cell.lower() in MISSING for cell in text[at].tolist()]
    return missing


def _numeric(layout: Layout, column: int, numbers: Numbers, *, asked: bool) -> TimeColumn | None:
    """Epochs, dates written as digits, or Excel's serial dates; None where the numbers are not plausibly times."""
    values = numbers.values
    known = values[np.isfinite(values)]
    if not known.size or numbers.bad.size > len(values) // 10:
        return None
    name = layout.names[column]
    trusted = asked or is_time_name(name)
    if not trusted and not (known.size > 2 and _steady(known)):
        return None
    unit = plausible_epoch(known)
    if unit is not None and (asked or _mostly_one_way(known)):
        said = f"Column {name!r} was taken for times, {unit} since 1970; name a time_column if it is none."
        repairs = () if trusted else (Repair("epoch_assumed", said, 1),)
        return _epochs(layout, column, numbers, unit, repairs)
    if (trusted or not layout.has_header) and are_years(values):
        said = f"Column {name!r} was taken for years; name it year, or another time_column if it holds none."
        years = read_parts([numbers]).micros
        return TimeColumn(name, frozenset({column}), years, *gone(numbers), (Repair("years_assumed", said, 1),))
    stamps = _digit_dates(layout.grid.column(column), numbers) if trusted else None
    if stamps is not None:
        return TimeColumn(name, frozenset({column}), stamps.micros, *gone(numbers))
    if trusted and known.min() >= _EXCEL_1990 and known.max() <= _EXCEL_2100 and _mostly_one_way(known):
        said = f"Column {name!r} was taken for Excel's serial dates, days since 1899-12-30."
        micros = np.rint((values - _EXCEL_1970) * _DAY_MS) * 1000
        return _column(layout, column, numbers, micros, (Repair("excel_dates", said, int(known.size)),))
    return None


def plausible_epoch(known: Floats) -> str | None:
    """The unit in which all numbers are epochs from 1990 to 2100; None where there is none."""
    low, high = float(known.min()), float(known.max())
    return next((unit for unit, us in EPOCHS.items() if _1990 * _US <= low * us and high * us < _2100 * _US), None)


def beyond_calendar(micros: Floats) -> Bools:
    """(n,) times outside the years 5 to 9891, which cannot be written with four digits of year."""
    return (micros < -6.2e16) | (micros > 2.5e17)


def epoch_unit(known: Floats) -> str:
    """The unit of epochs by their magnitude alone: below 1e11 seconds, then each a thousand times more."""
    size = float(np.max(np.abs(known), initial=0.0))
    return next((unit for unit, limit in zip(EPOCHS, (1e11, 1e14, 1e17), strict=False) if size < limit), "nanoseconds")


def _by_magnitude(layout: Layout, column: int, numbers: Numbers) -> TimeColumn:
    known = numbers.values[np.isfinite(numbers.values)]
    if not known.size:
        raise Unreadable(f"Column {layout.names[column]!r} holds no times.", column=layout.names[column])
    unit = epoch_unit(known)
    said = f"The numbers of column {layout.names[column]!r} were read as {unit} since 1970-01-01."
    repairs = (Repair("epoch_assumed", said, 1),)
    return _epochs(layout, column, numbers, unit, repairs)


def _digit_dates(text: Text, numbers: Numbers) -> Stamps | None:
    """Dates written as digits only: 20260301, 202603011015, 20260301101500."""
    width = text.dtype.itemsize
    cells = text.view(np.uint8).reshape(len(text), width)
    if width not in (8, 12, 14) or not ((cells >= ord("0")) & (cells <= ord("9"))).all():
        return None
    parted: NDArray[np.bytes_] = text
    if width > 8:
        between = np.full((len(text), 1), ord("T"), np.uint8)
        parted = np.hstack([cells[:, :8], between, cells[:, 8:]]).view(f"S{width + 1}").ravel()
    stamps = read_times(parted)
    years = stamps.micros / (365.25 * 86_400 * _US) + 1970
    fits = not stamps.bad.any() and years.min() >= 1900 and years.max() < 2101 and _mostly_one_way(numbers.values)
    return stamps if fits else None


def _epochs(layout: Layout, column: int, numbers: Numbers, unit: str, repairs: tuple[Repair, ...]) -> TimeColumn:
    found = _column(layout, column, numbers, numbers.values * EPOCHS[unit], repairs)
    if found.micros is None:
        return found
    micros, nanos = from_text(layout.grid.column(column), unit, found.micros, found.bad | found.missing)
    return replace(found, micros=micros, nanos=nanos)


def _column(layout: Layout, column: int, numbers: Numbers, micros: Floats, repairs: tuple[Repair, ...]) -> TimeColumn:
    bad, missing = gone(numbers)
    far = beyond_calendar(micros)
    whole = np.rint(np.where(np.isfinite(micros) & ~far, micros, 0)).astype(np.int64)
    bad |= far
    return TimeColumn(layout.names[column], frozenset({column}), whole, bad, missing, repairs)


def _mostly_one_way(known: Floats) -> bool:
    steps = np.diff(known)
    return not steps.size or max(float(np.mean(steps >= 0)), float(np.mean(steps <= 0))) >= 0.95


def _steady(known: Floats) -> bool:
    """Whether whole numbers go on in one usual step, as a clock does and a counter of bytes does not."""
    steps = np.diff(known)
    usual = np.median(steps, overwrite_input=True)  # their order does not matter below, a copy takes memory
    return bool(usual != 0 and np.mean(steps == usual) >= 0.8 and (known % 1 == 0).all())
