"""Rolling z-score: how many standard deviations a value lies from the mean of the values before it."""

from typing import Annotated, Self

import numpy as np

from anomaly_detection import DEFAULT_MERGE_GAP, MergeGap, ProgressCallback, no_progress
from detectors.zscore import ZScore
from parameters import Param, checked
from timeseries import Floats, Series
from timeseries.rolling_moments import moments_before
from timeseries.scaling import unit_of

MAX_LEARNED_VALUE = 1e150
"""A value beyond this is scored but not learned: its square would overflow."""


class RollingZScore(ZScore):
    """score = |value − mean| ÷ standard deviation (divisor count − 1), both of the `window` values before the point.

    A point is scored where half of its window is known.
    """

    title = "Rolling z-score"
    help = (
        "Compares each value with the mean and standard deviation of the values before it. Simple and fast; ignores "
        "seasons."
    )

    @classmethod
    @checked
    def fit(
        cls,
        series: Series,
        *,
        progress: ProgressCallback = no_progress,
        window: Annotated[
            int, Param("points", 3, 100_000, "How many earlier values each value is compared with.")
        ] = 50,
        threshold: Annotated[
            float, Param("standard deviations", 0.5, 1000, "A value further than this from the mean is an anomaly.")
        ] = 5.0,
        merge_gap: MergeGap = DEFAULT_MERGE_GAP,
    ) -> Self:
        """Learns nothing but the size of the values; see Detector.fit."""
        return cls(window, threshold, merge_gap, unit_of(series.values))

    def _location_and_std(
        self, values: Floats, window: int, first: int, progress: ProgressCallback
    ) -> tuple[Floats, Floats]:
        learned = np.where(np.abs(values) <= MAX_LEARNED_VALUE, values, np.nan)
        count, mean, std = moments_before(learned, window, first)
        few = count < max(2, (window + 1) // 2)
        return np.where(few, np.nan, mean), std
