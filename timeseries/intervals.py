"""Half-open intervals of positions."""

import numpy as np

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
