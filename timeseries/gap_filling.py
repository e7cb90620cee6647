"""Missing values filled so that a linear model can be evaluated."""

import numpy as np
from numpy.typing import NDArray

from timeseries import Floats

MAX_FILL = 24
"""The last 24 points enter every forecast."""
MAX_SAMPLE = 20_000
"""Most points that the regression learns from; beyond, evenly spaced runs of the series stand for it."""


def fill_forward(shown: Floats, season: Floats | None = None) -> Floats:
    """(n,) with missing values replaced by the last known one where that is at most MAX_FILL points back.

    With the `season` (n,), moved by what the season does between the two points, where it is known at both.
    """
    at = np.arange(len(shown))
    last = np.maximum.accumulate(np.where(np.isfinite(shown), at, -1))
    missing = np.flatnonzero((last != at) & (last >= 0) & (at - last <= MAX_FILL))
    out = np.where(last == at, shown, np.nan)
    out[missing] = shown[last[missing]]
    if season is not None:
        move = season[missing] - season[last[missing]]
        out[missing] += np.where(np.isfinite(move), move, 0.0)
    return out


def sample_rows(n: int, most: int = MAX_SAMPLE) -> NDArray[np.int64]:
    """All positions of a series of n points, or `most` of them in 64 evenly spaced runs."""
    if n <= most:
        return np.arange(n)
    starts = np.linspace(0, n - most // 64, 64).astype(np.int64)
    return (starts[:, None] + np.arange(most // 64)).ravel()
