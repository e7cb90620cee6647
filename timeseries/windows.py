"""Windows of a quantized series: integers, so that sums over them are exact.

A sum of floats depends on its order, and the order inside a matrix product on how many rows it has: the score of the
last points of a series, computed from the last points alone, would differ in its last bits from the score computed from
the complete series. Values are therefore quantized to 1/4096 of the series' standard deviation. Products and sums of
such numbers stay below 2**53, up to which a float64 holds every integer exactly, in any order.
"""

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from timeseries import Floats
from timeseries.gap_filling import MAX_FILL, fill_forward, sample_rows
from timeseries.intervals import interval_sums
from timeseries.robust import median_and_q5_q95_std
from timeseries.seasonality import lagged

STEPS_PER_STD = 4096
"""Integers per standard deviation of the series: 2**12, of the 53 bits of a float64."""
CLIP_STDS = 64
"""Standard deviations from the centre at which a value is clipped: it is an outlier in any case."""
MAX_MISSING_SHARE = 0.25
"""Largest share of a window that may be missing, and was filled, for the window to be scored."""
DEFAULT_WINDOW = 64
"""Points of a window where the series has no period."""
MIN_WINDOW = 8
"""Points of the shortest window."""
MAX_WINDOW = 128
"""Points of the longest window that follows the period: a year of daily points is too long to localise anything."""
WINDOW_LENGTHS = (32, 64, 128, 256, 512)
"""Points of the windows of scorers with several lengths, as the length of a fault is not known before; chosen on the
benchmark (docs/experiments/window-scorers.md)."""
BLOCK = 4096
"""Windows processed together, so that a block fits in a core's cache."""


@dataclass(frozen=True)
class Scale:
    """Centre and robust standard deviation of a series, in its unit."""

    centre: float
    std: float

    @classmethod
    def fit(cls, values: Floats) -> "Scale":
        """See `robust.median_and_q5_q95_std`; values (n,), NaN is missing. The std is always above 0."""
        return cls(*median_and_q5_q95_std(values))

    def quantize(self, values: Floats) -> Floats:
        """(n,) integers, STEPS_PER_STD to a standard deviation, counted from the centre; NaN stays."""
        with np.errstate(over="ignore"):
            clipped = np.clip((values - self.centre) / self.std, -CLIP_STDS, CLIP_STDS)
        quantized: Floats = np.round(clipped * STEPS_PER_STD)
        return quantized

    def state(self) -> dict[str, Any]:
        """Centre and std."""
        return asdict(self)


def fill_short_gaps(quantized: Floats, period: int | None) -> Floats:
    """(n,) with short gaps filled by the last known value, moved as the series moved there one period before."""
    return fill_forward(quantized, lagged(quantized, period) if period else None)


def gap_fill_memory(period: int | None) -> int:
    """Points before a missing one that `fill_short_gaps` may use."""
    return MAX_FILL + (period or 0)


def usable_windows(quantized: Floats, filled: Floats, window: int) -> Floats:
    """(n,) 1.0 where the window that ends at the point can be scored, else 0.0.

    That is where the point is known, no gap is left in the `filled` values (n,), and at most MAX_MISSING_SHARE of the
    window was filled.
    """
    missing = moving_sum(np.isnan(quantized).astype(np.float64), window)
    unfilled = moving_sum(np.isnan(filled).astype(np.float64), window)
    usable: Floats = ((missing <= MAX_MISSING_SHARE * window) & (unfilled == 0) & ~np.isnan(quantized)).astype(
        np.float64
    )
    usable[: window - 1] = 0.0
    return usable


def moving_sum(quantized: Floats, window: int) -> Floats:
    """(n,) sum of the `window` integers up to each point, of fewer at the start. Exact, by prefix sums."""
    stops = np.arange(1, len(quantized) + 1)
    return interval_sums(quantized.astype(np.int64), np.maximum(stops - window, 0), stops).astype(np.float64)


def window_length(points: int, period: int | None) -> int:
    """Points of a window: the period, or DEFAULT_WINDOW; at most MAX_WINDOW and an eighth of the series.

    0 where an eighth of the series is shorter than MIN_WINDOW.
    """
    length = min(period or DEFAULT_WINDOW, MAX_WINDOW, points // 8)
    return max(length, MIN_WINDOW) if points >= 8 * MIN_WINDOW else 0


def window_lengths(points: int) -> tuple[int, ...]:
    """The WINDOW_LENGTHS that fit a series eight times; one shorter length where none does, none for a few points."""
    fitting = tuple(length for length in WINDOW_LENGTHS if length <= points // 8)
    return fitting or ((max(points // 8, MIN_WINDOW),) if points >= 8 * MIN_WINDOW else ())


@dataclass(frozen=True)
class WindowShape:
    """A window as `size` numbers, each the sum of `stride` points."""

    size: int
    stride: int

    @classmethod
    def covering(cls, points: int, max_size: int) -> "WindowShape":
        """About so many points by at most `max_size` numbers."""
        stride = -(-points // max_size)
        return cls(max(points // stride, 1), stride)

    @property
    def points(self) -> int:
        """Length of the window in points."""
        return self.size * self.stride

    def windows(self, filled: Floats) -> Floats:
        """(n − points + 1, size) a view of every window of `filled` (n,), the first ending at points − 1."""
        if len(filled) < self.points:
            return np.empty((0, self.size))
        sums = moving_sum(np.nan_to_num(filled), self.stride)[self.stride - 1 :]
        return sliding_window_view(sums, self.points - self.stride + 1)[:, :: self.stride]

    def sample(self, filled: Floats, usable: Floats, max_rows: int) -> Floats:
        """(m, size) at most `max_rows` of the windows that are `usable` (n,), in evenly spaced runs."""
        rows = np.flatnonzero(usable[self.points - 1 :] > 0)
        return np.ascontiguousarray(self.windows(filled)[rows[sample_rows(len(rows), max_rows)]])

    def blocks(self, filled: Floats, since: int = 0) -> Iterator[tuple[slice, Floats]]:
        """The points from `since` on at which windows end, BLOCK at a time, and those windows (m, size)."""
        windows = self.windows(filled)
        for start in range(max(since - self.points + 1, 0), len(windows), BLOCK):
            block = np.ascontiguousarray(windows[start : start + BLOCK])
            yield slice(self.points - 1 + start, self.points - 1 + start + len(block)), block

    def state(self) -> dict[str, Any]:
        """Size and stride."""
        return asdict(self)
