"""Sort rows by time and drop repeated times."""

from collections.abc import Callable, Sequence

import numpy as np

from readers.field_index import Bools, Ints
from timeseries.repairs import Repair, repair
from timeseries.series import Times

Places = Callable[[Ints], Sequence[int]]
"""Returns the places, for a report, of the rows at these positions."""


def sort_by_time(micros: Ints, places: Places, nanos: Ints | None = None) -> tuple[Times, Ints, list[Repair]]:
    """Return times strictly increasing, the positions of their rows, and what was changed.

    micros  (n,) microseconds since 1970 UTC, in the order of the input. Of rows with the same time the last one
            stays. Times are stored to the millisecond.
    nanos   (n,) nanoseconds beyond them, 0 to 999; None where there are none
    """
    repairs = []
    order = np.arange(len(micros))
    if nanos is None:
        nanos = np.zeros(len(micros), np.int64)
    steps = np.diff(micros)
    back = np.flatnonzero((steps < 0) | ((steps == 0) & (np.diff(nanos) < 0))) + 1
    if back.size:
        repairs.append(_order_repair(len(micros), back, places))
        order = np.lexsort((nanos, micros))
    sorted_micros, sorted_nanos = micros[order], nanos[order]
    millis = sorted_micros // 1000
    fine = np.flatnonzero((sorted_micros % 1000 != 0) | (sorted_nanos != 0))
    if fine.size:
        repairs.append(repair("finer_than_millisecond", places(np.sort(order[fine])), len(fine)))
    repeated = np.flatnonzero(millis[1:] == millis[:-1])
    if repeated.size:
        after = repeated + 1
        closer: Bools = (sorted_micros[repeated] != sorted_micros[after]) | (
            sorted_nanos[repeated] != sorted_nanos[after]
        )
        repairs.extend(_duplicates(order, repeated, closer, places))
        is_last = np.ones(len(order), np.bool_)
        is_last[repeated] = False
        order, millis = order[is_last], millis[is_last]
    return millis.astype("datetime64[ms]"), order, repairs


def _order_repair(n: int, back: Ints, places: Places) -> Repair:
    if back.size == n - 1:
        return repair("rows_sorted", places(back), len(back), variant="reversed")
    return repair("rows_sorted", places(back), len(back))


def _duplicates(order: Ints, repeated: Ints, closer: Bools, places: Places) -> list[Repair]:
    repairs = []
    for code, at in (("duplicate_times", repeated[~closer]), ("closer_than_millisecond", repeated[closer])):
        if at.size:
            places_at = places(np.sort(order[at]))
            repairs.append(repair(code, places_at, len(at), dropped=len(at), rows=len(order)))
    return repairs
