"""Robust z-score: how many deviations a value lies from the median of the values before it."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Annotated, Any, Self

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from anomaly_detection import DEFAULT_MERGE_GAP, Components, Detection, Detector, MergeGap, Progress, no_progress
from parameters import Param, checked
from timeseries import Floats, Series
from timeseries.robust import window_median_and_std
from timeseries.rolling_moments import with_context
from timeseries.scaling import MIN_RELATIVE_SCALE, times_unit, unit_of

MIN_KNOWN = 11
"""Known values before a point without which it is not judged: the twelfth value is the first to get a verdict."""

MAX_SORTED_VALUES = 250_000
"""Values of windows sorted at once."""


@dataclass(frozen=True, eq=False)
class ZScoreComponents(Components):
    """std (n,) of each point's window ÷ unit."""

    std: Floats
    unit: float


class RobustZScore(Detector):
    """score = |value − median| ÷ spread, both of the `window` values before the point.

    The spread is the larger of 1.4826 times the median absolute deviation and of the distance between the first and
    last decile ÷ 2.5631: one tenth of outliers on either side does not move it, and a series of two levels, such as
    day and night, is not taken for its more frequent one. Where both are 0, more than half of the values being equal,
    1.2533 times the mean absolute deviation stands in (Iglewicz & Hoaglin, "How to Detect and Handle Outliers", ASQC
    1993). Each factor makes it the standard deviation of normal noise. Unit of the score: standard deviations.
    """

    min_history = 0
    adjustable_params = ("threshold", "merge_gap")
    components_type = ZScoreComponents
    title = "Robust z-score"
    help = "Compares each value with the median of the values just before it, from the twelfth on. Needs no history."

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
            int, Param("points", MIN_KNOWN, 10_000, "How many earlier values each value is compared with.")
        ] = 60,
        threshold: Annotated[
            float, Param("standard deviations", 0.5, 1000, "A value further than this from the median is an anomaly.")
        ] = 5.0,
        merge_gap: MergeGap = DEFAULT_MERGE_GAP,
    ) -> Self:
        """Learns nothing but the size of the values; see Detector.fit."""
        return cls(window, threshold, merge_gap, unit_of(series.values))

    def detect(self, series: Series, *, progress: Progress = no_progress) -> Detection:
        """See Detector.detect."""
        return self._judged(series, len(series), progress)

    def detect_last(self, series: Series, new: int) -> Detection:
        """See Detector.detect_last."""
        return self._judged(series, new, no_progress)

    def _judged(self, series: Series, new: int, progress: Progress) -> Detection:
        """The judgement of the last `new` points."""
        window, threshold, first = int(self.params["window"]), float(self.params["threshold"]), len(series) - new
        padded = with_context(series.values / self.unit, window, first)
        series, values = series.slice(first, len(series)), padded[window:]
        median, spread = np.empty(len(values)), np.empty(len(values))
        progress("detect", 0.0)
        rows = max(MAX_SORTED_VALUES // window, 1)
        for start in range(0, len(values), rows):
            stop = min(start + rows, len(values))
            windows = sliding_window_view(padded[start : stop + window - 1], window)
            median[start:stop], spread[start:stop] = window_median_and_std(windows, MIN_KNOWN)
            progress("detect", stop / len(values))
        spread = np.maximum(spread, MIN_RELATIVE_SCALE * np.maximum(np.abs(median), np.abs(values)))
        spread = np.maximum(spread, np.finfo(np.float64).tiny)
        score = np.abs(values - median) / spread
        spread = np.where(np.isnan(median), np.nan, spread)
        margin, merge_gap = times_unit(threshold * spread, self.unit), int(self.params["merge_gap"])
        components = ZScoreComponents(spread, self.unit)
        expected = times_unit(median, self.unit)
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
