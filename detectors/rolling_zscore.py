"""Rolling z-score: how many standard deviations a value lies from the mean of the values before it."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Annotated, Any, Self

import numpy as np

from anomaly_detection import DEFAULT_MERGE_GAP, Detection, Detector, MergeGap, Progress, no_progress
from detectors.robust_zscore import ZScoreComponents
from parameters import Param, checked
from timeseries import Series, rolling_moments
from timeseries.scaling import MIN_RELATIVE_SCALE, times_unit, unit_of

MAX_LEARNED_VALUE = 1e150
"""A value of more than so many times the usual size is judged, and not taken for usual by those after it: its square
would be no number."""


class RollingZScore(Detector):
    """score = |value − mean| ÷ standard deviation, both of the `window` values before the point.

    The point itself is not among them, so that an anomaly cannot hide itself. A point is judged once half
    of its window is known. Unit of the score: standard deviations (divisor count − 1).
    """

    min_history = 0
    adjustable_params = ("threshold", "merge_gap")
    components_type = ZScoreComponents
    title = "Rolling z-score"
    help = (
        "Compares each value with the mean and spread of the values just before it. Simple and fast; knows no seasons."
    )

    def __init__(self, window: int, threshold: float, merge_gap: int, unit: float) -> None:
        self.memory = window
        self.params = {"window": window, "threshold": threshold, "merge_gap": merge_gap}
        self.unit = unit

    @classmethod
    @checked
    def fit(
        cls,
        series: Series,
        *,
        progress: Progress = no_progress,
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

    def detect(self, series: Series, *, progress: Progress = no_progress) -> Detection:
        """See Detector.detect."""
        progress("detect", 0.0)
        return self.detect_last(series, len(series))

    def detect_last(self, series: Series, new: int) -> Detection:
        """See Detector.detect_last."""
        window, threshold = int(self.params["window"]), float(self.params["threshold"])
        first = len(series) - new
        values = series.values / self.unit
        usual = np.where(np.abs(values) <= MAX_LEARNED_VALUE, values, np.nan)
        count, mean, std = rolling_moments.moments_before(usual, window, first)
        series, values = series.slice(first, len(series)), values[first:]
        unknown = count < max(2, (window + 1) // 2)
        spread = np.maximum(std, MIN_RELATIVE_SCALE * np.fmax(np.abs(mean), np.abs(values)))
        spread = np.maximum(spread, np.finfo(np.float64).tiny)
        with np.errstate(over="ignore"):
            score = np.minimum(np.abs(values - mean) / spread, np.finfo(np.float64).max)  # NaN stays NaN
        score[unknown] = np.nan
        expected = np.where(unknown, np.nan, times_unit(mean, self.unit))
        spread = np.where(unknown, np.nan, spread)
        margin, merge_gap = times_unit(threshold * spread, self.unit), int(self.params["merge_gap"])
        components = ZScoreComponents(spread, self.unit)
        return Detection(series, expected, margin, score, threshold, self.params, merge_gap, components=components)

    @classmethod
    def rethreshold(cls, kept: Detection, params: Mapping[str, Any]) -> Detection:
        """See Detector.rethreshold."""
        components, threshold = kept.components, float(params["threshold"])
        assert isinstance(components, ZScoreComponents)
        margin = times_unit(threshold * components.std, components.unit)
        return replace(super().rethreshold(kept, params), margin=margin, threshold=threshold)

    def _state(self) -> dict[str, Any]:
        """See Detector.state."""
        return {**self.params, "unit": self.unit}

    @classmethod
    def _from_state(cls, state: Mapping[str, Any]) -> Self:
        """See Detector.from_state."""
        return cls(state["window"], state["threshold"], state["merge_gap"], state["unit"])
