"""Find the column of times and read it."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from errors import Unreadable
from readers.column_types import is_time_name
from readers.date_parts import are_years, bad_and_missing, find_parts, part_numbers, read_parts
from readers.dialect import Layout
from readers.epochs import from_text
from readers.field_index import Bools, Ints, Text
from readers.long_format import group_columns
from readers.number_columns import MISSING, Numbers
from readers.timestamps import Stamps, read_times
from timeseries.repairs import Repair, repair
from timeseries.series import Floats
from timeseries.table import DateOrder, DatesRead

_US = 1_000_000
EPOCHS = {"seconds": _US, "milliseconds": 1_000, "microseconds": 1, "nanoseconds": 1e-3}
"""Unit of an epoch to its microseconds."""
_1990, _2100 = 631_152_000, 4_102_444_800
_EXCEL_1970, _EXCEL_1990, _EXCEL_2100 = 25_569, 32_874, 73_051
_DAY_MS = 86_400_000
MAX_BAD_SHARE = 0.5
"""Share of rows that may not be dates, such as totals, in columns of years and months."""


@dataclass(frozen=True, eq=False)
class TimeColumn:
    """The times of a table.

    name      name of the column; None where the table has no times
    used      positions of the columns that make up the times: a date, and a time of day or other parts beside it
    micros    (r,) int64 microseconds since 1970 UTC, or None
    bad       (r,) cells that are not times
    missing   (r,) cells that are empty
    repairs   what was assumed
    nanos     (r,) int64 nanoseconds beyond the microseconds; None where there are none
    dates     how dates with an ambiguous order were read; None where there are none
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
    layout: Layout,
    requested: int | None,
    value_position: int | None,
    date_order: DateOrder | None,
    read: Callable[[int], Numbers],
) -> TimeColumn:
    """Return the requested time column, else the first with dates, else years, else epochs, else none.

    requested   position of the requested time column
    value_position   position of the requested value column, which is never read as times
    read        returns a column as numbers

    Raises Ambiguous for dates that can be read two ways.
    """
    parts = find_parts(layout, value_position, read)
    if requested is not None:
        if layout.kinds[requested] not in ("number", "empty"):
            return _from_text_column(layout, requested, date_order)
        if requested in parts:
            return _from_parts(layout, parts, read)
        return _from_numbers(layout, requested, read(requested), requested=True) or _by_magnitude(
            layout, requested, read(requested)
        )
    dated = [c for c, kind in enumerate(layout.kinds) if kind == "time" and c != value_position]
    if dated:
        named = [c for c in dated if is_time_name(layout.names[c])]
        return _from_text_column(layout, (named or dated)[0], date_order)
    if parts and len(layout.names) > len(parts):
        result = _from_parts(layout, parts, read)
        if _are_times(layout, result):
            return result
    for column, kind in enumerate(layout.kinds):
        if kind == "number" and column != value_position and (is_time_name(layout.names[column]) or column == 0):
            numbered = _from_numbers(layout, column, read(column), requested=False)
            if numbered is not None:
                return numbered
    return TimeColumn()


def _from_parts(layout: Layout, parts: list[int], read: Callable[[int], Numbers]) -> TimeColumn:
    """Read times from columns of year, month, day, hour; year, month and day may have a time of day as text."""
    clock = next((c for c, kind in enumerate(layout.kinds) if kind == "clock"), None) if len(parts) == 3 else None
    numbers = [part_numbers(layout, c, read) for c in parts]
    stamps = read_parts(numbers, None if clock is None else layout.grid.column(clock))
    bad, missing = bad_and_missing(read(parts[0]))
    used = frozenset(parts if clock is None else [*parts, clock])
    return TimeColumn(layout.names[parts[0]], used, stamps.micros, (stamps.bad | bad) & ~missing, missing)


def _are_times(layout: Layout, result: TimeColumn) -> bool:
    """Return whether the parts of a date make times: monotonic, or grouped by a column of text."""
    if result.micros is None or result.bad.mean() > MAX_BAD_SHARE:
        return False
    steps = np.diff(result.micros[~result.bad & ~result.missing])
    once = bool((steps > 0).all() or (steps < 0).all())
    return once or group_columns(layout, result.micros, result.used) != []


def _from_text_column(layout: Layout, column: int, date_order: DateOrder | None) -> TimeColumn:
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
    return (repair("zone_assumed", layout.grid.lines(naive), len(naive)),)


def missing_cells(text: Text, among: Bools) -> Bools:
    """Return (n,) which of the cells `among` stand for a missing value."""
    missing = np.zeros(len(text), np.bool_)
    at = np.flatnonzero(among)
    missing[at] = [cell.lower() in MISSING for cell in text[at].tolist()]
    return missing


def _from_numbers(layout: Layout, column: int, numbers: Numbers, *, requested: bool) -> TimeColumn | None:
    """Read epochs, dates written as digits, or Excel's serial dates; None if the numbers are not plausibly times."""
    values = numbers.values
    known = values[np.isfinite(values)]
    if not known.size or numbers.bad.size > len(values) // 10:
        return None
    name = layout.names[column]
    trusted = requested or is_time_name(name)
    if not trusted and not (known.size > 2 and _has_fixed_step(known)):
        return None
    unit = plausible_epoch(known)
    if unit is not None and (requested or _mostly_one_way(known)):
        repairs = () if trusted else (repair("epoch_assumed", column=name, unit=unit),)
        return _epochs(layout, column, numbers, unit, repairs)
    if (trusted or not layout.has_header) and are_years(values):
        years = read_parts([numbers]).micros
        return TimeColumn(
            name, frozenset({column}), years, *bad_and_missing(numbers), (repair("years_assumed", column=name),)
        )
    stamps = _digit_dates(layout.grid.column(column), numbers) if trusted else None
    if stamps is not None:
        return TimeColumn(name, frozenset({column}), stamps.micros, *bad_and_missing(numbers))
    if trusted and known.min() >= _EXCEL_1990 and known.max() <= _EXCEL_2100 and _mostly_one_way(known):
        micros = np.rint((values - _EXCEL_1970) * _DAY_MS) * 1000
        repairs = (repair("excel_dates", count=int(known.size), column=name),)
        return _column(layout, column, numbers, micros, repairs)
    return None


def plausible_epoch(known: Floats) -> str | None:
    """Return the unit in which all numbers are epochs from 1990 to 2100, or None."""
    low, high = float(known.min()), float(known.max())
    return next((unit for unit, us in EPOCHS.items() if _1990 * _US <= low * us and high * us < _2100 * _US), None)


def beyond_calendar(micros: Floats) -> Bools:
    """Return (n,) which times lie outside the years 5 to 9891, which four digits cannot write."""
    return (micros < -6.2e16) | (micros > 2.5e17)


def epoch_unit(known: Floats) -> str:
    """Return the unit of epochs by magnitude: below 1e11 seconds, then each a thousand times more."""
    size = float(np.max(np.abs(known), initial=0.0))
    return next((unit for unit, limit in zip(EPOCHS, (1e11, 1e14, 1e17), strict=False) if size < limit), "nanoseconds")


def _by_magnitude(layout: Layout, column: int, numbers: Numbers) -> TimeColumn:
    known = numbers.values[np.isfinite(numbers.values)]
    if not known.size:
        raise Unreadable(f"Column {layout.names[column]!r} holds no times.", column=layout.names[column])
    unit = epoch_unit(known)
    repairs = (repair("epoch_assumed", variant="magnitude", column=layout.names[column], unit=unit),)
    return _epochs(layout, column, numbers, unit, repairs)


def _digit_dates(text: Text, numbers: Numbers) -> Stamps | None:
    """Read dates written as digits only: 20260301, 202603011015, 20260301101500."""
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
    result = _column(layout, column, numbers, numbers.values * EPOCHS[unit], repairs)
    if result.micros is None:
        return result
    micros, nanos = from_text(layout.grid.column(column), unit, result.micros, result.bad | result.missing)
    return replace(result, micros=micros, nanos=nanos)


def _column(layout: Layout, column: int, numbers: Numbers, micros: Floats, repairs: tuple[Repair, ...]) -> TimeColumn:
    bad, missing = bad_and_missing(numbers)
    is_outside = beyond_calendar(micros)
    integers = np.rint(np.where(np.isfinite(micros) & ~is_outside, micros, 0)).astype(np.int64)
    bad |= is_outside
    return TimeColumn(layout.names[column], frozenset({column}), integers, bad, missing, repairs)


def _mostly_one_way(known: Floats) -> bool:
    steps = np.diff(known)
    return not steps.size or max(float(np.mean(steps >= 0)), float(np.mean(steps <= 0))) >= 0.95


def _has_fixed_step(known: Floats) -> bool:
    """Return whether integers increase by one typical step, as a clock does and a byte counter does not."""
    steps = np.diff(known)
    typical = np.median(steps, overwrite_input=True)  # their order does not matter below, a copy takes memory
    return bool(typical != 0 and np.mean(steps == typical) >= 0.8 and (known % 1 == 0).all())
