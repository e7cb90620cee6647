"""What the detectors of a stream are fitted on, and when a season can be trusted before the stream's own is fitted."""

from collections.abc import Callable, Sequence
from math import ceil

import numpy as np

from anomaly_detection import Detector
from events.scored_points import ScoredPoints
from store import Label
from timeseries import Series
from timeseries.intervals import runs

MAX_TRAINING_POINTS = 20_000
"""Maximum number of points that a detector is fitted on: the newest."""
FIRST_SEASON_CHECK = 36
"""Number of points at the first search for a season."""
SEASON_CHECK_GROWTH = 1.5
"""Ratio of the numbers of points at one check for a season and at the one before."""
MAX_ERROR_RATIO = 0.7
"""A season is trusted where its median error is at most this share of the fallback's; see
docs/experiments/cold-start.md."""
SEASONAL_SIGMA = 12.0
"""Sigma of the seasonal fallback, twice the default: three cycles do not show the fourth, which may be a weekend."""


def mask_anomalies(history: ScoredPoints, merge_gap: int, labels: Sequence[Label] = ()) -> Series:
    """The points, with those inside events missing: an open event up to the end.

    If that were more than half of all points, the fit is wrong and none is left out. Points labelled anomalous are
    always left out, points labelled normal never; of two labels the later one counts.
    """
    n = len(history)
    masked = np.zeros(n, np.bool_)
    for start, stop in runs(history.is_anomaly, merge_gap):
        is_open = n - stop <= merge_gap
        masked[start : n if is_open else stop] = True
    if np.count_nonzero(masked) > n / 2:
        masked[:] = False
    cursors = np.arange(history.cursor - n + 1, history.cursor + 1)
    positions = cursors if history.times is None else history.times.astype(np.int64)
    for label in labels:
        masked[(positions >= label.start) & (positions < label.stop)] = label.kind == "anomaly"
    return Series(history.times, np.where(masked, np.nan, history.values))


def count_known(series: Series) -> int:
    """The number of values that are not missing."""
    return int(np.count_nonzero(np.isfinite(series.values)))


def next_season_check(checked_at: int) -> int:
    """The number of points at which to search for a season again, after the search at `checked_at` points."""
    return max(FIRST_SEASON_CHECK, ceil(SEASON_CHECK_GROWTH * checked_at))


def fit_trusted_season(series: Series, fallback: Detector, fit: Callable[..., Detector]) -> tuple[Detector, int] | None:
    """The seasonal detector that `fit` returns and the number of residuals of its band; None where it is not trusted.

    It is trusted if it has a period and, over all points that both could score, its median error is at most
    MAX_ERROR_RATIO of the fallback's and its median margin is not wider. Each value was forecast from earlier ones
    only, so true forecasts are compared.
    """
    detector = fit(series, sigma=SEASONAL_SIGMA)
    seasonal = detector.detect(series)
    other = fallback.detect(series)
    if seasonal.period is None:
        return None
    errors = np.abs(series.values - np.stack((seasonal.expected, other.expected)))
    both = np.isfinite(errors).all(axis=0)
    if np.count_nonzero(both) < seasonal.period:
        return None
    if not np.median(errors[0, both]) <= MAX_ERROR_RATIO * np.median(errors[1, both]):
        return None
    if not np.median(seasonal.margin[both]) <= np.median(other.margin[both]):
        return None
    return detector, int(np.count_nonzero(np.isfinite(seasonal.score)))
