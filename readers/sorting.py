"""Rows put in the order of time, each time once."""

from collections.abc import Callable, Sequence

import numpy as np

from readers.field_index import Bools, Ints
from timeseries.series import Times
from timeseries.table import Repair, repair

Places = Callable[[Ints], Sequence[int]]
"""The places, for a report, of rows given by position."""


def settle_order(micros: Ints, places: Places, nanos: Ints | None = None) -> tuple[Times, Ints, list[Repair]]:
    """Times strictly increasing, the positions of the rows they belong to, and what was changed.

    micros  (n,) microseconds since 1970 UTC, in the order of the input. Of rows with the same time the last of the
            input stays. Times are kept to the millisecond.
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
        said = "Times are kept to the millisecond; finer parts were cut off."
        repairs.append(repair("finer_than_millisecond", said, places(np.sort(order[fine])), len(fine)))
    again = np.flatnonzero(millis[1:] == millis[:-1])
    if again.size:
        after = again + 1
        closer: Bools = (sorted_micros[again] != sorted_micros[after]) | (sorted_nanos[again] != sorted_nanos[after])
        repairs.extend(_duplicates(order, again, closer, places))
        keep = np.ones(len(order), np.bool_)
        keep[again] = False
        order, millis = order[keep], millis[keep]
    return millis.astype("datetime64[ms]"), order, repairs


def _order_repair(n: int, back: Ints, places: Places) -> Repair:
    if back.size == n - 1:
        return repair("order_mended", "The rows came newest first and were turned round.", places(back), len(back))
    said = "Rows were not in the order of time and were sorted."
    return repair("order_mended", said, places(back), len(back))


def _duplicates(order: Ints, again: Ints, closer: Bools, places: Places) -> list[Repair]:
    found = []
    for code, said, which in (
        ("duplicate_times", "Several rows have the same time; the last of each was kept", again[~closer]),
        ("closer_than_millisecond", "Rows are closer than a millisecond; the last of each was kept", again[closer]),
    ):
        if which.size:
            said += f", {len(which)} of {len(order)} rows left out."
            found.append(repair(code, said, places(np.sort(order[which])), len(which)))
    return found
