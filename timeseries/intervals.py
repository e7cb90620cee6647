"""Half-open intervals of positions, and sums over them."""

from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from timeseries import Bools

Number = TypeVar("Number", np.float64, np.int64)


def runs(flags: Bools, merge_gap: int = 0) -> list[tuple[int, int]]:
    """Half-open runs of true values; runs with at most `merge_gap` false values between them are merged.

    >>> runs(np.array([True, False, True, False, False, True]), merge_gap=1)
    [(0, 3), (5, 6)]
    """
    at = np.flatnonzero(flags)
    if not at.size:
        return []
    breaks = np.flatnonzero(np.diff(at) > merge_gap + 1)
    starts = at[np.concatenate(([0], breaks + 1))]
    stops = at[np.concatenate((breaks, [at.size - 1]))] + 1
    return list(zip(starts.tolist(), stops.tolist(), strict=True))


def interval_sums(values: NDArray[Number], starts: NDArray[np.int64], stops: NDArray[np.int64]) -> NDArray[Number]:
    """(k,) sums of values (n,) over the intervals [starts, stops), each (k,): differences of prefix sums.

    >>> interval_sums(np.array([1, 2, 3, 4]), np.array([0, 1]), np.array([2, 4])).tolist()
    [3, 9]
    """
    sums = np.zeros(len(values) + 1, values.dtype)
    np.cumsum(values, out=sums[1:])
    return sums[stops] - sums[starts]


def count_within(flags: Bools, before: int, after: int) -> NDArray[np.int64]:
    """(n,) number of true flags from `before` points before each point to `after` points after it, inclusive.

    >>> count_within(np.array([True, False, True, True]), before=1, after=0).tolist()
    [1, 1, 1, 2]
    """
    positions = np.arange(len(flags))
    stops = np.minimum(positions + after + 1, len(flags))
    return interval_sums(flags.astype(np.int64), np.maximum(positions - before, 0), stops)
