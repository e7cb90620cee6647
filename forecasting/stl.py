"""Trend, season and rest of a whole series, robustly: STL (Cleveland, Cleveland, McRae & Terpenning, "STL: A
Seasonal-Trend Decomposition Procedure Based on Loess", 1990), all points and phases of a pass at once."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from timeseries import Floats
from timeseries.robust import sorted_median
from timeseries.seasonality import lagged

SEASON_SPAN = 7
"""Neighbouring cycles that a season is smoothed over, at each phase."""
INNER_ROUNDS, OUTER_ROUNDS = 2, 15
"""Passes of trend and season for given weights, and times that the weights are set from what is left over."""
LEVEL_ROUNDS = 6
"""Times that they are set where there is no season."""
JUMP = 10
"""A smooth of q points is computed every q ÷ JUMP points and drawn straight in between."""
MISSING_WEIGHT = 1e-6
"""Weight of a missing value, drawn straight between its neighbours: it says something only where nothing else does."""
MAX_WEIGHTS = 2_000_000
"""Weights held at once."""


@dataclass(frozen=True)
class Parts:
    """values = trend + season + rest, each (n,); the rest is NaN where a value is missing."""

    trend: Floats
    season: Floats
    rest: Floats


def decompose(values: Floats, period: int, *, jump: int = JUMP, careful: bool = True) -> Parts:
    """values (n,) evenly spaced, NaN is missing, at least one known; n >= 2 · period, period >= 2.

    jump     0 computes every point
    careful  begins with weights by the distance from the median of the cycles around, at the same phase; without, as
             STL does, with equal ones: where two of seven cycles are odd at a phase it may take these for the season
    """
    known = np.isfinite(values)
    full = np.interp(np.arange(len(values)), np.flatnonzero(known), values[known])
    least = np.where(known, 1.0, MISSING_WEIGHT)
    trend_span = _odd(1.5 * period / (1 - 1.5 / SEASON_SPAN))
    trend = season = np.zeros(len(values))
    weights = least * bisquare(full - median_around(values, full, period, 3), known) if careful else least
    for done in range(OUTER_ROUNDS + 1):
        for _ in range(INNER_ROUNDS):
            season = _season(full - trend, weights, period, jump)
            trend = smooth(full - season, weights, trend_span, jump)
        if done < OUTER_ROUNDS:
            weights = least * bisquare(full - trend - season, known)
    return Parts(trend, season, values - trend - season)


def level(values: Floats, span: int) -> Parts:
    """The same without a season: the trend is a robust smooth of `span` points."""
    known = np.isfinite(values)
    full = np.interp(np.arange(len(values)), np.flatnonzero(known), values[known])
    least = np.where(known, 1.0, MISSING_WEIGHT)
    trend = median_around(values, full, 1, span // 2)
    for _ in range(LEVEL_ROUNDS):
        trend = smooth(full, least * bisquare(full - trend, known), span, 0)
    return Parts(trend, np.zeros(len(values)), values - trend)


def median_around(values: Floats, full: Floats, period: int, reach: int) -> Floats:
    """(n,) the median of the known values 1 to `reach` periods before and after each point; `full` where none is."""
    ahead = [lagged(values[::-1], period * k)[::-1] for k in range(1, reach + 1)]
    several = np.sort(np.stack([lagged(values, period * k) for k in range(1, reach + 1)] + ahead), axis=0)  # NaN last
    median = sorted_median(several, axis=0)
    return np.where(np.isnan(median), full, median)


def bisquare(rest: Floats, known: NDArray[np.bool_]) -> Floats:
    """(n,) weights: 1 for what fits, falling to 0 at six median distances."""
    distance = np.abs(rest)
    most = 6 * float(np.median(distance[known]))
    share = distance / most if most > 0 else np.where(distance > 0, 1.0, 0.0)
    weights: Floats = np.where(share <= 0.999, (1 - np.minimum(share, 1.0) ** 2) ** 2, 0.0)
    weights[share <= 0.001] = 1.0
    return weights


def smooth(values: Floats, weights: Floats, span: int, jump: int) -> Floats:
    """(n,) loess of degree 1 over the `span` nearest points of each."""
    n = len(values)
    step = max(span // jump, 1) if jump else 1
    at = np.unique(np.append(np.arange(0, n, step), n - 1))
    found: Floats = loess(values[None], weights[None], span, at)[0]
    return found if step == 1 else np.interp(np.arange(n), at, found)


def loess(values: Floats, weights: Floats, span: int, at: NDArray[np.int64]) -> Floats:
    """(s, m) local lines through the `span` nearest points, tricube weights times weights (s, n), at positions at (m,).

    values (s, n). A position may lie one outside. Where all weights are 0 the value itself is the answer.
    """
    n = values.shape[1]
    width = min(span, n)
    left = np.clip(at - (width - 1) // 2, 0, n - width)
    reach = np.maximum(at - left, left + width - 1 - at) + max(span - n, 0) // 2
    out = np.empty((len(values), len(at)))
    block = max(MAX_WEIGHTS // (width * len(values)), 1)
    for first in range(0, len(at), block):
        rows = slice(first, first + block)
        out[:, rows] = _lines(values, weights, at[rows], left[rows], np.maximum(reach[rows], 1), width)
    return out


def _lines(
    values: Floats,
    weights: Floats,
    at: NDArray[np.int64],
    left: NDArray[np.int64],
    reach: NDArray[np.int64],
    width: int,
) -> Floats:
    """(s, m) one block of `loess`."""
    near = left[:, None] + np.arange(width)  # (m, width)
    away = near - at[:, None]
    share = np.abs(away) / reach[:, None]
    tricube = np.where(share <= 0.001, 1.0, np.where(share <= 0.999, (1 - np.minimum(share, 1.0) ** 3) ** 3, 0.0))
    weight, value = tricube * weights[:, near], values[:, near]  # (s, m, width)
    total = weight.sum(axis=2)
    weight /= np.where(total > 0, total, 1.0)[:, :, None]
    middle = (weight * away).sum(axis=2)
    off = away - middle[:, :, None]
    spread = (weight * off**2).sum(axis=2)
    sloped = np.sqrt(spread) > 0.001 * (values.shape[1] - 1)
    slope = np.where(sloped, -middle / np.where(sloped, spread, 1.0), 0.0)
    found = (weight * (1 + slope[:, :, None] * off) * value).sum(axis=2)
    itself = values[:, np.clip(at, 0, values.shape[1] - 1)]
    return np.where(total > 0, found, itself)


def _season(detrended: Floats, weights: Floats, period: int, jump: int) -> Floats:
    """(n,) each phase smoothed over neighbouring cycles, without what is slower than a period."""
    n = len(detrended)
    longer = np.empty(n + 2 * period)  # a cycle more at both ends
    for first, last in ((0, n % period), (n % period, period)):
        if first < last:
            cycles = -(-(n - first) // period)
            phases = np.arange(first, last)[:, None] + period * np.arange(cycles)
            at = np.arange(-1, cycles + 1)
            found = loess(detrended[phases], weights[phases], SEASON_SPAN, at)
            longer[np.arange(first, last)[:, None] + period * np.arange(cycles + 2)] = found
    slow = _mean_of(_mean_of(_mean_of(longer, period), period), 3)
    return longer[period : period + n] - smooth(slow, np.ones(n), _odd(period + 1e-9), jump)


def _mean_of(values: Floats, width: int) -> Floats:
    """(n − width + 1,) means of neighbours."""
    sums = np.concatenate(([0.0], np.cumsum(values)))
    return (sums[width:] - sums[:-width]) / width


def _odd(least: float) -> int:
    """The smallest odd whole number that is not smaller."""
    whole = int(np.ceil(least))
    return whole + 1 - whole % 2
