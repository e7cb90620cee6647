"""The arrays of a JSON request to a Table."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from errors import LimitExceeded, Unreadable
from readers.epochs import from_floats, from_integers
from readers.field_index import MAX_FIELD_BYTES, Bools, Ints
from readers.sorting import sort_by_time
from readers.time_column import EPOCHS, beyond_calendar, epoch_unit
from readers.timestamps import read_times
from timeseries.names import clean_name
from timeseries.repairs import Repair, repair
from timeseries.series import Floats, Times
from timeseries.table import DEFAULT_LIMITS, DateOrder, DatesRead, Limits, Table

_1990 = 631_152_000
"""Seconds since 1970; a smaller number may be a time near 1970 in any unit."""


def read_arrays(
    values: Sequence[float | None],
    times: Sequence[int | float | str] | None = None,
    *,
    name: str = "value",
    date_order: DateOrder | None = None,
    limits: Limits = DEFAULT_LIMITS,
) -> Table:
    """Return the table of one column from the arrays of a JSON request.

    Times are text, or epochs in seconds, milli-, micro- or nanoseconds by magnitude, all in one unit. Repairs and
    errors count positions from 0.

    Raises Unreadable for an invalid value or time (with its `index`) or arrays of different lengths; Ambiguous for
    dates that can be read two ways; LimitExceeded for more points or a longer name than `limits` allow.
    """
    for count, limit, setting in (
        (len(values), limits.max_rows, "max_rows"),
        (len(name), limits.max_name_length, "max_name_length"),
    ):
        if count > limit:
            what = "points" if setting == "max_rows" else "characters in its name"
            raise LimitExceeded(f"The series has {count} {what}, more than {limit}.", limit=limit, setting=setting)
    numbers, repairs = _numbers(values)
    shown, cleaned = clean_name(name)
    name, repairs = shown or ("value" if cleaned else ""), [*cleaned, *repairs]
    if times is None:
        return Table(name, None, {name: numbers}, None, tuple(repairs))
    if len(times) != len(values):
        raise Unreadable(f"There are {len(times)} times for {len(values)} values; send as many of each.", name="times")
    micros, nanos, assumed, dates = _read_times(times, date_order)
    stamps, order, order_repairs = sort_by_time(micros, lambda at: [int(position) for position in at[:5]], nanos)
    return Table(name, stamps, {name: numbers[order]}, None, (*repairs, *assumed, *order_repairs), dates=dates)


def read_each_time(times: Sequence[int | float | str]) -> Times:
    """(n,) the times of a JSON array, in its order, to the millisecond. Raises Unreadable and Ambiguous."""
    micros = _read_times(times, None)[0]
    return (micros // 1000).astype("datetime64[ms]")


def _numbers(values: Sequence[float | None]) -> tuple[Floats, list[Repair]]:
    if not set(map(type, values)) <= {float, type(None)}:  # integers may be too large for a float64
        values = [_number("values", value, index) for index, value in enumerate(values)]
    numbers = np.array(values, dtype=np.float64)
    infinite = np.flatnonzero(np.isinf(numbers))
    if not infinite.size:
        return numbers, []
    numbers[infinite] = np.nan
    return numbers, [repair("infinite_value", infinite[:5], len(infinite))]


def _number(name: str, value: Any, index: int) -> float:
    if value is None:
        return np.nan
    if isinstance(value, bool) or not isinstance(value, (int, float, np.integer, np.floating)):
        raise Unreadable(f"{name}[{index}] is not a number; send numbers and null.", name=name, index=index)
    try:
        return float(value)
    except OverflowError:
        return np.inf


def _read_times(
    times: Sequence[int | float | str], date_order: DateOrder | None
) -> tuple[Ints, Ints, tuple[Repair, ...], DatesRead | None]:
    """Return (n,) microseconds since 1970 UTC, (n,) nanoseconds beyond them, repairs, and how dates were read."""
    if not times:
        return np.empty(0, np.int64), np.empty(0, np.int64), (), None
    if all(isinstance(time, str) for time in times):
        return _from_text([str(time) for time in times], date_order)
    return *_from_numbers(times), (), None


def _from_text(
    times: Sequence[str], date_order: DateOrder | None
) -> tuple[Ints, Ints, tuple[Repair, ...], DatesRead | None]:
    _refuse(times, np.array(["\0" in time for time in times]))  # numpy treats those at the end as padding
    text = np.array([time.strip().encode()[: MAX_FIELD_BYTES + 1] for time in times], dtype=np.bytes_)
    stamps = read_times(text, date_order=date_order, column="times")
    _refuse(times, stamps.bad)
    naive = np.flatnonzero(~stamps.zoned)
    if not naive.size or naive.size == len(times):
        return stamps.micros, stamps.nanos, (), stamps.dates
    return stamps.micros, stamps.nanos, (repair("zone_assumed", naive[:5], len(naive)),), stamps.dates


def _from_numbers(times: Sequence[int | float | str]) -> tuple[Ints, Ints]:
    epochs = np.array([_epoch(time, index) for index, time in enumerate(times)], dtype=np.float64)
    _refuse(times, ~np.isfinite(epochs))
    _refuse_two_units(times, epochs)
    unit = epoch_unit(epochs)
    _refuse(times, beyond_calendar(epochs * EPOCHS[unit]))
    integers = [time for time in times if isinstance(time, int)]
    exact = from_integers(integers, unit) if len(integers) == len(times) else None
    if exact is not None:
        return exact
    micros, nanos = from_floats(epochs, unit, EPOCHS[unit])
    return micros.astype(np.int64), nanos


def _refuse_two_units(times: Sequence[Any], epochs: Floats) -> None:
    """Raise Unreadable where some epochs are a hundred times others that are not small themselves."""
    sizes = np.sort(np.abs(epochs))
    sizes = sizes[np.searchsorted(sizes, _1990) :]
    jumps = np.flatnonzero(sizes[1:] >= 100 * sizes[:-1])
    if not jumps.size:
        return
    large = np.abs(epochs) >= sizes[jumps[0] + 1]
    index = int(np.argmax(large != large[0]))
    message = f"times[{index}] = {times[index]} counts in another unit than times[0] = {times[0]}; send all in one."
    raise Unreadable(message, name="times", index=index)


def _epoch(time: Any, index: int) -> float:
    if isinstance(time, str) or time is None:
        raise Unreadable(f"times[{index}] is not a number like the others; send one kind.", name="times", index=index)
    return _number("times", time, index)


def _refuse(times: Sequence[Any], wrong: Bools) -> None:
    if wrong.any():
        index = int(np.argmax(wrong))
        message = f"times[{index}] = {str(times[index])[:40]!r} is not a time; write it as 2026-03-01T10:15:00Z."
        raise Unreadable(message, name="times", index=index)
