"""What a stream's detectors learn from, and when the seasonal one can be trusted before the stream's own is fitted."""

from collections.abc import Callable, Sequence
from math import ceil

import numpy as np

from anomaly_detection import Detector
from events.scored_points import ScoredPoints
from store import Label
from timeseries import Series
from timeseries.intervals import runs

FIT_ON = 20_000
"""Most points that a detector learns from: the newest."""
FIRST_SEASON, SEASON_GROWTH = 36, 1.5
"""Points after which a season is looked for first, and the growth after which again."""
CLEARLY = 0.7
"""Trusted is a season whose typical distance from what came is at most this share of the early detector's."""
EARLY_SIGMA = 12.0
"""Twice the usual sigma: three cycles do not know the fourth, which may be a weekend."""


def learnable(history: ScoredPoints, merge_gap: int, labels: Sequence[Label] = ()) -> Series:
    """The points, those inside events missing, the open one at the end to its end, unless that would be most of them:
    then it is the fit that is wrong. `merge_gap` as in Detection. What is labelled an anomaly is missing in any case,
    what is labelled normal never; of two labels the later holds."""
    inside, n = np.zeros(len(history), np.bool_), len(history)
    for start, stop in runs(history.is_anomaly, merge_gap):
        inside[start : n if n - stop <= merge_gap else stop] = True
    if np.count_nonzero(inside) > n / 2:
        inside[:] = False
    cursors = np.arange(history.cursor - n + 1, history.cursor + 1)
    at = cursors if history.times is None else history.times.astype(np.int64)
    for each in labels:
        inside[(at >= each.start) & (at < each.stop)] = each.kind == "anomaly"
    return Series(history.times, np.where(inside, np.nan, history.values))


def known(series: Series) -> int:
    """How many values are known."""
    return int(np.count_nonzero(np.isfinite(series.values)))


def season_due(looked_at: int) -> int:
    """The points after which a season is to be looked for, where it was looked for after `looked_at`."""
    return max(FIRST_SEASON, ceil(SEASON_GROWTH * looked_at))


def seasonal(series: Series, early: Detector, fit: Callable[..., Detector]) -> tuple[Detector, int] | None:
    """The seasonal detector that `fit` makes, and how many residuals its band is known from; None while it is not to be
    trusted.

    Trusted is one that found a period and, over all points that both could judge, expected clearly nearer values than
    the early one. Each value was expected from those before it alone, so what is compared are true forecasts.
    """
    found = fit(series, sigma=EARLY_SIGMA)
    one, other = found.detect(series), early.detect(series)
    if one.period is None:
        return None
    away = np.abs(series.values - np.stack((one.expected, other.expected)))
    both = np.isfinite(away).all(axis=0)
    if np.count_nonzero(both) < one.period or not np.median(away[0, both]) <= CLEARLY * np.median(away[1, both]):
        return None
    if not np.median(one.margin[both]) <= np.median(other.margin[both]):
        return None
    return found, int(np.count_nonzero(np.isfinite(one.score)))
