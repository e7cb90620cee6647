"""Windows of a series as whole numbers, so that whatever is summed over them is exact.

Sums of floats depend on their order, and the order inside a matrix product on how many rows it has: the last points of
a series would not be judged to the bit as they were within the whole. Values are therefore rounded to 1/4096 of the
series' spread. Products and sums of such numbers stay below 2**53, where a float64 makes no error, in any order.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from timeseries import Floats
from timeseries.gap_filling import SHORT, filled, sample_rows
from timeseries.scaling import spread_floor
from timeseries.seasonality import lagged

STEPS = 4096
"""Whole numbers per spread of the series."""
WIDEST = 64
"""Spreads from the centre beyond which a value is held: it is far off in any case."""
MISSING = 0.25
"""Largest share of a window that may be missing, and was filled in, for it to be judged."""
DEFAULT = 64
"""Points of a window where the series has no period."""
SHORTEST, LONGEST = 8, 128
"""Points of a window, whatever the period: a year of a day's points is no window to judge by."""
LADDER = (32, 64, 128, 256, 512)
"""Points of the windows of views that look at several lengths: how long a fault lasts is not known before."""
AT_ONCE = 4096
"""Windows looked at together: few enough for a core's cache."""


@dataclass(frozen=True)
class Scale:
    """Centre and spread of a series, in its unit."""

    centre: float
    spread: float

    @classmethod
    def of(cls, values: Floats) -> "Scale":
        """Median, and distance between the 5 % and 95 % quantiles ÷ 3.29; standard deviation where that is 0.

        values (n,); NaN is missing. The spread is always above 0.
        """
        known = values[np.isfinite(values)]
        if not known.size:
            return cls(0.0, 1.0)
        low, centre, high = np.quantile(known, [0.05, 0.5, 0.95]).tolist()
        floor = spread_floor(known)
        spread = (high - low) / 3.29
        if spread <= max(floor, 1e-9 * float(np.max(np.abs(known - centre)))):
            spread = float(np.std(known))
        return cls(centre, max(spread, floor))

    def whole(self, values: Floats) -> Floats:
        """(n,) in whole numbers, STEPS to a spread, from the centre; NaN stays."""
        with np.errstate(over="ignore"):
            held = np.clip((values - self.centre) / self.spread, -WIDEST, WIDEST)
        rounded: Floats = np.round(held * STEPS)
        return rounded

    def state(self) -> dict[str, Any]:
        """Centre and spread."""
        return {"centre": self.centre, "spread": self.spread}


def fill_short_gaps(whole: Floats, period: int | None) -> Floats:
    """(n,) with short gaps filled: the last value known, moved as the series moved there one period before."""
    return filled(whole, lagged(whole, period) if period else None)


def reach(period: int | None) -> int:
    """Points before a missing one that `fill_short_gaps` may look at."""
    return SHORT + (period or 0)


def judged(whole: Floats, full: Floats, window: int) -> Floats:
    """(n,) 1.0 where the window up to the point has no hole left and was filled by at most MISSING, else 0.0."""
    unknown = moving_sum(np.isnan(whole).astype(np.float64), window)
    holes = moving_sum(np.isnan(full).astype(np.float64), window)
    good: Floats = ((unknown <= MISSING * window) & (holes == 0) & ~np.isnan(whole)).astype(np.float64)
    good[: window - 1] = 0.0
    return good


def moving_sum(whole: Floats, window: int) -> Floats:
    """(n,) the sum of the `window` whole numbers up to each point, of fewer at the start. Exact."""
    sums = np.concatenate(([0], np.cumsum(whole.astype(np.int64))))
    at = np.arange(1, len(whole) + 1)
    return (sums[at] - sums[np.maximum(at - window, 0)]).astype(np.float64)


def window_length(points: int, period: int | None) -> int:
    """Points of a window: a period, or DEFAULT; at most LONGEST and an eighth of the series. 0 if that is too short."""
    length = min(period or DEFAULT, LONGEST, points // 8)
    return max(length, SHORTEST) if points >= 8 * SHORTEST else 0


def ladder(points: int) -> tuple[int, ...]:
    """The window lengths that fit a series eight times; one shorter one where none does, none for a few points."""
    fitting = tuple(length for length in LADDER if length <= points // 8)
    return fitting or ((max(points // 8, SHORTEST),) if points >= 8 * SHORTEST else ())


@dataclass(frozen=True)
class WindowShape:
    """A window as `size` numbers: each the sum of `stride` points."""

    size: int
    stride: int

    @classmethod
    def covering(cls, points: int, most: int) -> "WindowShape":
        """About so many points by at most `most` numbers."""
        stride = -(-points // most)
        return cls(max(points // stride, 1), stride)

    @property
    def points(self) -> int:
        """Length of the window in points."""
        return self.size * self.stride

    def every(self, full: Floats) -> Floats:
        """(n − points + 1, size) a view of every window of `full` (n,), the first ending at points − 1."""
        if len(full) < self.points:
            return np.empty((0, self.size))
        sums = moving_sum(np.nan_to_num(full), self.stride)[self.stride - 1 :]
        return sliding_window_view(sums, self.points - self.stride + 1)[:, :: self.stride]

    def sample(self, full: Floats, good: Floats, most: int) -> Floats:
        """(m, size) at most `most` of the windows that are `good` (n,), in evenly spaced runs."""
        at = np.flatnonzero(good[self.points - 1 :] > 0)
        return np.ascontiguousarray(self.every(full)[at[sample_rows(len(at), most)]])

    def blocks(self, full: Floats, since: int = 0) -> Iterator[tuple[slice, Floats]]:
        """The points from `since` on at which windows end, AT_ONCE at a time, and those windows (m, size)."""
        windows = self.every(full)
        for start in range(max(since - self.points + 1, 0), len(windows), AT_ONCE):
            block = np.ascontiguousarray(windows[start : start + AT_ONCE])
            yield slice(self.points - 1 + start, self.points - 1 + start + len(block)), block

    def state(self) -> dict[str, Any]:
        """Size and stride."""
        return {"size": self.size, "stride": self.stride}
