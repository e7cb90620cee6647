"""Half-open intervals of positions."""

import numpy as np
from numpy.typing import NDArray

from timeseries import Bools


def runs(flags: Bools, merge_gap: int = 0) -> list[tuple[int, int]]:
    """Half open runs of true values; runs with at most `merge_gap` false values between them are joined.

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


def count_within(flags: Bools, before: int, after: int) -> NDArray[np.int64]:
    """(n,) how many flags are true from `before` points before each point to `after` points after it, both included.

    >>> count_within(np.array([True, False, True, True]), before=1, after=0).tolist()
    [1, 1, 1, 2]
    """
    sums = np.concatenate(([0], np.cumsum(flags, dtype=np.int64)))
    positions = np.arange(len(flags))
    stop = np.minimum(positions + after + 1, len(flags))
    counts: NDArray[np.int64] = sums[stop] - sums[np.maximum(positions - before, 0)]
    return counts
