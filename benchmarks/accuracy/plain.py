"""Methods that anyone writes in ten lines: what is not better than these is not worth its seconds."""

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from benchmarks.accuracy.missing import filled
from benchmarks.accuracy.vus import estimated_period
from timeseries import Floats, Series

WINDOW = 100
"""Window in points where no period is known."""
RIDGE = 1.0


def rolling_zscore(series: Series) -> Floats:
    """|value − mean| ÷ standard deviation of the 100 values before; NaN for the first 100 and for missing values."""
    values = series.values
    score = np.full(len(values), np.nan)
    if len(values) > WINDOW:
        before = sliding_window_view(values, WINDOW)[:-1]
        distance = np.abs(values[WINDOW:] - np.nanmean(before, axis=1))
        scale = np.nanstd(before, axis=1)
        floor = 1e-9 * max(float(np.nanmax(np.abs(values))), 1e-300)  # after equal values any change stands out
        score[WINDOW:] = distance / np.maximum(scale, floor)
    return score


def seasonal_naive(series: Series) -> Floats:
    """|value − value one period before|; one point before where no period is seen."""
    lag = estimated_period(series.values) or 1
    score = np.full(len(series), np.nan)
    score[lag:] = np.abs(series.values[lag:] - series.values[:-lag])
    return score


def ridge_autoregression(series: Series) -> Floats:
    """|value − forecast|, the forecast a ridge regression on the values of one period before, 100 where none is seen.

    Values are standardised, the penalty is 1, the fit is one solution of the normal equations over the complete series.
    """
    values = filled(series.values)
    values = (values - values.mean()) / (values.std() or 1.0)
    lags = estimated_period(values) or WINDOW
    score = np.full(len(values), np.nan)
    if len(values) > lags:
        before = sliding_window_view(values, lags)[:-1]
        weights = np.linalg.solve(before.T @ before + RIDGE * np.eye(lags), before.T @ values[lags:])
        score[lags:] = np.abs(values[lags:] - before @ weights)
    return np.where(np.isfinite(series.values), score, np.nan)


SCORES = {
    "plain_zscore": rolling_zscore,
    "plain_seasonal_naive": seasonal_naive,
    "ridge_autoregression": ridge_autoregression,
}
THRESHOLDS = {"plain_zscore": 3.0}
"""The rule of three sigma; the others say nothing of a threshold."""
