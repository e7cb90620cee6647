"""The arrays of a JSON request to a Table."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from errors import LimitExceeded, Unreadable
from series.grid import LONGEST, Bools, Ints
from series.order import settle_order
from series.series import Floats
from series.table import DEFAULT_LIMITS, DateOrder, Limits, Repair, Table, repair
from series.time_column import EPOCHS, beyond_calendar, epoch_unit
from series.timestamps import read_times


def read_arrays(
    values: Sequence[float | None],
    times: Sequence[int | float | str] | None = None,
    *,
    name: str = "value",
    date_order: DateOrder | None = None,
    limits: Limits = DEFAULT_LIMITS,
) -> Table:
    """The table of one column from the arrays of a JSON request.

    Times are text, or epochs in seconds, milli-, micro- or nanoseconds by magnitude, all in one unit. Repairs and
    errors count positions from 0.

    Raises Unreadable for a value or a time that is none (with its `index`) or arrays of different lengths; Ambiguous
    for dates that can be read two ways; LimitExceeded for more points or a longer name than `limits` allow.
    """
    for found, limit, setting in (
        (len(values), limits.max_rows, "max_rows"),
        (len(name), limits.max_name_length, "max_name_length"),
    ):
        if found > limit:
            what = "points" if setting == "max_rows" else "characters in its name"
            raise LimitExceeded(f"The series has {found} {what}, more than {limit}.", limit=limit, setting=setting)
    numbers, repairs = _numbers(values)
    if times is None:
        return Table(name, None, {name: numbers}, None, tuple(repairs))
    if len(times) != len(values):
        raise Unreadable(f"There are {len(times)} times for {len(values)} values; send as many of each.", name="times")
    micros = _micros(times, date_order)
    stamps, order, mended = settle_order(micros, lambda at: [int(position) for position in at[:5]])
    return Table(name, stamps, {name: numbers[order]}, None, (*repairs, *mended))


def _numbers(values: Sequence[float | None]) -> tuple[Floats, list[Repair]]:
    if not set(map(type, values)) <= {float, type(None)}:  # integers may be too large for a float64
        values = [_number("values", value, index) for index, value in enumerate(values)]
    numbers = np.array(values, dtype=np.float64)
    infinite = np.flatnonzero(np.isinf(numbers))
    if not infinite.size:
        return numbers, []
    numbers[infinite] = np.nan
    said = "Infinite or too large values became missing."
    return numbers, [repair("infinite_value", said, infinite[:5], len(infinite))]


def _number(name: str, value: Any, index: int) -> float:
    if value is None:
        return np.nan
    if isinstance(value, bool) or not isinstance(value, (int, float, np.integer, np.floating)):
        raise Unreadable(f"{name}[{index}] is not a number; send numbers and null.", name=name, index=index)
    try:
        return float(value)
    except OverflowError:
        return np.inf


def _micros(times: Sequence[int | float | str], date_order: DateOrder | None) -> Ints:
    """(n,) microseconds since 1970 UTC."""
    if all(isinstance(time, str) for time in times):
        text = np.array([str(time).strip().encode()[: LONGEST + 1] for time in times], dtype=np.bytes_)
        stamps = read_times(text, date_order=date_order, column="times") if len(times) else None
        if stamps is None:
            return np.empty(0, np.int64)
        _refuse(times, stamps.bad)
        return stamps.micros
    epochs = np.array([_epoch(time, index) for index, time in enumerate(times)], dtype=np.float64)
    _refuse(times, ~np.isfinite(epochs))
    micros = np.rint(epochs * EPOCHS[epoch_unit(epochs)])
    _refuse(times, beyond_calendar(micros))
    return micros.astype(np.int64)


def _epoch(time: Any, index: int) -> float:
    if isinstance(time, str) or time is None:
        raise Unreadable(f"times[{index}] is not a number like the others; send one kind.", name="times", index=index)
    return _number("times", time, index)


def _refuse(times: Sequence[Any], wrong: Bools) -> None:
    if wrong.any():
        index = int(np.argmax(wrong))
        said = f"times[{index}] = {str(times[index])[:40]!r} is not a time; write it as 2026-03-01T10:15:00Z."
        raise Unreadable(said, name="times", index=index)
