"""Robust z-score: how many standard deviations a value lies from the median of the values before it."""

from typing import Annotated, Self

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from anomaly_detection import DEFAULT_MERGE_GAP, MergeGap, ProgressCallback, no_progress
from detectors.zscore import ZScore
from parameters import Param, checked
from timeseries import Floats, Series
from timeseries.robust import window_median_and_std
from timeseries.rolling_moments import with_context
from timeseries.scaling import unit_of

MIN_KNOWN = 11
"""Known values before a point without which it is not scored: so many that its deciles are two of them."""
MAX_SORTED_VALUES = 250_000
"""Values of windows that are sorted together."""


class RobustZScore(ZScore):
    """score = |value − median| ÷ robust std, both of the `window` values before the point.

    The std is `robust.window_median_and_std`: by median absolute deviation and deciles.
    """

    title = "Robust z-score"
    help = "Compares each value with the median of the values just before it, from the twelfth on. Needs no history."

    @classmethod
    @checked
    def fit(
        cls,
        series: Series,
        *,
        progress: ProgressCallback = no_progress,
        window: Annotated[
            int, Param("points", MIN_KNOWN, 10_000, "How many earlier values each value is compared with.")
        ] = 60,
        threshold: Annotated[
            float, Param("standard deviations", 0.5, 1000, "A value further than this from the median is an anomaly.")
        ] = 5.0,
        merge_gap: MergeGap = DEFAULT_MERGE_GAP,
    ) -> Self:
        """Learns nothing but the size of the values; see Detector.fit."""
        return cls(window, threshold, merge_gap, unit_of(series.values))

    def _location_and_std(
        self, values: Floats, window: int, first: int, progress: ProgressCallback
    ) -> tuple[Floats, Floats]:
        padded = with_context(values, window, first)
        points = len(values) - first
        median = np.empty(points)
        std = np.empty(points)
        rows = max(MAX_SORTED_VALUES // window, 1)
        for start in range(0, points, rows):
            stop = min(start + rows, points)
            windows = sliding_window_view(padded[start : stop + window - 1], window)
            median[start:stop], std[start:stop] = window_median_and_std(windows, MIN_KNOWN)
            progress("detect", stop / points)
        std[np.isnan(values[first:])] = np.nan  # no margin at a missing value
        return median, std
