"""Trend, season and remainder of a complete series, robustly: STL (Cleveland, Cleveland, McRae & Terpenning, "STL: A
Seasonal-Trend Decomposition Procedure Based on Loess", Journal of Official Statistics 6(1), 1990).

Our own rather than statsmodels' `STL`: that one takes no missing values, and begins with equal weights, so that two
outliers in seven cycles at one phase can become the season. All points and phases of a pass are computed together; with
every point computed and equal weights at the start, the results agree to a millionth
(`tests/detectors/test_seasonal.py`).
10,000 points of period 288 take 0.8 s; statsmodels takes 15 s with its defaults, 0.5 s with the same jumps.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from timeseries import Floats
from timeseries.intervals import interval_sums
from timeseries.robust import sorted_median
from timeseries.seasonality import lagged

SEASON_SPAN = 7
"""Neighbouring cycles that a season is smoothed over, at each phase: the least that the paper recommends."""
INNER_ROUNDS = 2
"""Passes of trend and season with the same weights, as the paper recommends with robust weights."""
OUTER_ROUNDS = 15
"""Times that the robust weights are set from the remainder; the paper recommends up to 10, statsmodels does 15."""
LEVEL_ROUNDS = 6
"""Times that they are set where there is no season."""
START_CYCLES = 3
"""Cycles before and after a point whose median decides its weight at the start."""
JUMP = 10
"""A smooth of q points is computed every q ÷ JUMP points and interpolated between, as the paper recommends."""
MISSING_WEIGHT = 1e-6
"""Weight of a missing value, interpolated between its neighbours: it counts only where nothing else does."""
MAX_WEIGHTS = 2_000_000
"""Largest number of weights held in memory."""


@dataclass(frozen=True)
class Decomposition:
    """values = trend + season + remainder, each (n,); the remainder is NaN where a value is missing."""

    trend: Floats
    season: Floats
    remainder: Floats


def decompose(values: Floats, period: int, *, jump: int = JUMP, robust_start: bool = True) -> Decomposition:
    """STL of values (n,), evenly spaced, NaN is missing, at least one known; n >= 2 · period, period >= 2.

    jump          0 computes every point
    robust_start  begin with weights by the distance from the median of the cycles around, at the same phase; else with
                  equal weights, as in the paper
    """
    known = np.isfinite(values)
    filled = np.interp(np.arange(len(values)), np.flatnonzero(known), values[known])
    prior = np.where(known, 1.0, MISSING_WEIGHT)
    trend_span = _ceil_to_odd(1.5 * period / (1 - 1.5 / SEASON_SPAN))
    trend = season = np.zeros(len(values))
    weights = prior
    if robust_start:
        weights = prior * bisquare(filled - median_around(values, filled, period, START_CYCLES), known)
    for outer in range(OUTER_ROUNDS + 1):
        for _ in range(INNER_ROUNDS):
            season = _season(filled - trend, weights, period, jump)
            trend = smooth(filled - season, weights, trend_span, jump)
        if outer < OUTER_ROUNDS:
            weights = prior * bisquare(filled - trend - season, known)
    return Decomposition(trend, season, values - trend - season)


def decompose_level(values: Floats, span: int) -> Decomposition:
    """The same without a season: the trend is a robust smooth of `span` points."""
    known = np.isfinite(values)
    filled = np.interp(np.arange(len(values)), np.flatnonzero(known), values[known])
    prior = np.where(known, 1.0, MISSING_WEIGHT)
    trend = median_around(values, filled, 1, span // 2)
    for _ in range(LEVEL_ROUNDS):
        trend = smooth(filled, prior * bisquare(filled - trend, known), span, 0)
    return Decomposition(trend, np.zeros(len(values)), values - trend)


def median_around(values: Floats, default: Floats, period: int, cycles: int) -> Floats:
    """(n,) median of the known values 1 to `cycles` periods before and after each point; `default` (n,) of none."""
    before = [lagged(values, period * k) for k in range(1, cycles + 1)]
    after = [lagged(values[::-1], period * k)[::-1] for k in range(1, cycles + 1)]
    median = sorted_median(np.sort(np.stack(before + after), axis=0), axis=0)
    return np.where(np.isnan(median), default, median)


def bisquare(residuals: Floats, known: NDArray[np.bool_]) -> Floats:
    """(n,) robust weights (Tukey's bisquare): 1 for small residuals, falling to 0 at six median absolute residuals."""
    distance = np.abs(residuals)
    cutoff = 6 * float(np.median(distance[known]))
    share = distance / cutoff if cutoff > 0 else np.where(distance > 0, 1.0, 0.0)
    weights: Floats = np.where(share <= 0.999, (1 - np.minimum(share, 1.0) ** 2) ** 2, 0.0)
    weights[share <= 0.001] = 1.0
    return weights


def smooth(values: Floats, weights: Floats, span: int, jump: int) -> Floats:
    """(n,) loess of degree 1 over the `span` nearest points of each."""
    n = len(values)
    step = max(span // jump, 1) if jump else 1
    positions = np.unique(np.append(np.arange(0, n, step), n - 1))
    smoothed: Floats = loess(values[None], weights[None], span, positions)[0]
    return smoothed if step == 1 else np.interp(np.arange(n), positions, smoothed)


def loess(values: Floats, weights: Floats, span: int, positions: NDArray[np.int64]) -> Floats:
    """(s, m) local lines through the `span` nearest points, with tricube weights times weights (s, n).

    values (s, n) are s series; positions (m,) may lie one outside. Where all weights are 0 the value itself is taken.
    """
    n = values.shape[1]
    width = min(span, n)
    left = np.clip(positions - (width - 1) // 2, 0, n - width)
    reach = np.maximum(positions - left, left + width - 1 - positions) + max(span - n, 0) // 2
    smoothed = np.empty((len(values), len(positions)))
    block = max(MAX_WEIGHTS // (width * len(values)), 1)
    for first in range(0, len(positions), block):
        rows = slice(first, first + block)
        smoothed[:, rows] = _local_lines(
            values, weights, positions[rows], left[rows], np.maximum(reach[rows], 1), width
        )
    return smoothed


def _local_lines(
    values: Floats,
    weights: Floats,
    positions: NDArray[np.int64],
    left: NDArray[np.int64],
    reach: NDArray[np.int64],
    width: int,
) -> Floats:
    """(s, m) one block of `loess`: through the `width` points from `left` (m,), of which the farthest is `reach` (m,)
    away."""
    neighbours = left[:, None] + np.arange(width)  # (m, width)
    offset = neighbours - positions[:, None]  # (m, width)
    share = np.abs(offset) / reach[:, None]
    tricube = np.where(share <= 0.001, 1.0, np.where(share <= 0.999, (1 - np.minimum(share, 1.0) ** 3) ** 3, 0.0))
    weight = tricube * weights[:, neighbours]  # (s, m, width)
    total = weight.sum(axis=2)  # (s, m)
    weight /= np.where(total > 0, total, 1.0)[:, :, None]
    mean = (weight * offset).sum(axis=2)
    centred = offset - mean[:, :, None]
    variance = (weight * centred**2).sum(axis=2)
    sloped = np.sqrt(variance) > 0.001 * (values.shape[1] - 1)
    slope = np.where(sloped, -mean / np.where(sloped, variance, 1.0), 0.0)
    line = (weight * (1 + slope[:, :, None] * centred) * values[:, neighbours]).sum(axis=2)
    itself = values[:, np.clip(positions, 0, values.shape[1] - 1)]
    return np.where(total > 0, line, itself)


def _season(detrended: Floats, weights: Floats, period: int, jump: int) -> Floats:
    """(n,) each phase smoothed over neighbouring cycles, less what is slower than a period."""
    n = len(detrended)
    extended = np.empty(n + 2 * period)  # a cycle more at both ends
    for first, last in ((0, n % period), (n % period, period)):  # phases with one more cycle, and the others
        if first < last:
            cycles = -(-(n - first) // period)
            phases = np.arange(first, last)[:, None]
            rows = phases + period * np.arange(cycles)  # (phases, cycles)
            smoothed = loess(detrended[rows], weights[rows], SEASON_SPAN, np.arange(-1, cycles + 1))
            extended[phases + period * np.arange(cycles + 2)] = smoothed
    slow = _moving_mean(_moving_mean(_moving_mean(extended, period), period), 3)
    return extended[period : period + n] - smooth(slow, np.ones(n), _ceil_to_odd(period + 1e-9), jump)


def _moving_mean(values: Floats, width: int) -> Floats:
    """(n − width + 1,) means of neighbours."""
    starts = np.arange(len(values) - width + 1)
    return interval_sums(values, starts, starts + width) / width


def _ceil_to_odd(value: float) -> int:
    """The smallest odd integer >= value."""
    ceiling = int(np.ceil(value))
    return ceiling + 1 - ceiling % 2
