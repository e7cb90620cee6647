"""Fill short gaps, and sample rows for regressions."""

import numpy as np
from numpy.typing import NDArray

from timeseries import Floats

MAX_FILL = 24
"""Longest gap that is filled, in points: the number of previous points that each forecast of the regression uses."""
MAX_SAMPLE = 20_000
"""Rows that a regression is fitted on; bounds its time and memory for long series."""
SAMPLE_RUNS = 64
"""Evenly spaced runs that the sampled rows form, so that all parts of a series are represented."""


def fill_forward(values: Floats, season: Floats | None = None) -> Floats:
    """(n,) with each missing value replaced by the last known one, at most MAX_FILL points before it.

    season  (n,) its change between the two points is added, where it is known at both
    """
    positions = np.arange(len(values))
    last = np.maximum.accumulate(np.where(np.isfinite(values), positions, -1))
    missing = np.flatnonzero((last != positions) & (last >= 0) & (positions - last <= MAX_FILL))
    filled = np.where(last == positions, values, np.nan)
    filled[missing] = values[last[missing]]
    if season is not None:
        change = season[missing] - season[last[missing]]
        filled[missing] += np.where(np.isfinite(change), change, 0.0)
    return filled


def sample_rows(n: int, max_rows: int = MAX_SAMPLE) -> NDArray[np.int64]:
    """The positions 0 to n − 1, or about `max_rows` of them in SAMPLE_RUNS evenly spaced runs."""
    if n <= max_rows:
        return np.arange(n)
    length = max_rows // SAMPLE_RUNS
    starts = np.linspace(0, n - length, SAMPLE_RUNS).astype(np.int64)
    return (starts[:, None] + np.arange(length)).ravel()
