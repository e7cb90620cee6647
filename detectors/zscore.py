"""What the rolling and the robust z-score share: the window before each point, its threshold and its state."""

from abc import abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Self

import numpy as np

from anomaly_detection import Components, Detection, Detector, ProgressCallback, no_progress
from timeseries import Floats, Series
from timeseries.scaling import MIN_RELATIVE_SCALE, times_unit


@dataclass(frozen=True, eq=False)
class ZScoreComponents(Components):
    """std (n,) of each point's window ÷ unit."""

    std: Floats
    unit: float


class ZScore(Detector):
    """score = |value − location| ÷ std, both of the `window` values before the point, which is not among them.

    Unit of the score: standard deviations.
    """

    min_history = 0
    adjustable_params = ("threshold", "merge_gap")
    components_type = ZScoreComponents

    def __init__(self, window: int, threshold: float, merge_gap: int, unit: float) -> None:
        self.memory = window
        self.params = {"window": window, "threshold": threshold, "merge_gap": merge_gap}
        self.unit = unit

    def detect(self, series: Series, *, progress: ProgressCallback = no_progress) -> Detection:
        """See Detector.detect."""
        return self._detect(series, len(series), progress)

    def detect_last(self, series: Series, new: int) -> Detection:
        """See Detector.detect_last."""
        return self._detect(series, new, no_progress)

    def _detect(self, series: Series, new: int, progress: ProgressCallback) -> Detection:
        progress("detect", 0.0)
        first = len(series) - new
        values = series.values / self.unit
        location, std = self._location_and_std(values, int(self.params["window"]), first, progress)
        recent = values[first:]
        unknown = np.isnan(location)
        floor = MIN_RELATIVE_SCALE * np.fmax(np.abs(location), np.abs(recent))
        std = np.maximum(np.maximum(std, floor), np.finfo(np.float64).tiny)
        with np.errstate(over="ignore"):
            score = np.minimum(np.abs(recent - location) / std, np.finfo(np.float64).max)  # NaN stays NaN
        std = np.where(unknown, np.nan, std)
        threshold = float(self.params["threshold"])
        return Detection(
            series.slice(first, len(series)),
            times_unit(location, self.unit),
            times_unit(threshold * std, self.unit),
            score,
            threshold,
            self.params,
            int(self.params["merge_gap"]),
            components=ZScoreComponents(std, self.unit),
        )

    @abstractmethod
    def _location_and_std(
        self, values: Floats, window: int, first: int, progress: ProgressCallback
    ) -> tuple[Floats, Floats]:
        """Twice (n − first,): of the window before each of the values (n,) from `first` on; location NaN where too few
        of its values are known."""

    @classmethod
    def rethreshold(cls, detection: Detection, params: Mapping[str, Any]) -> Detection:
        """See Detector.rethreshold."""
        components = detection.components
        assert isinstance(components, ZScoreComponents)
        threshold = float(params["threshold"])
        margin = times_unit(threshold * components.std, components.unit)
        return replace(super().rethreshold(detection, params), margin=margin, threshold=threshold)

    def _state(self) -> dict[str, Any]:
        return {**self.params, "unit": self.unit}

    @classmethod
    def _from_state(cls, state: Mapping[str, Any]) -> Self:
        return cls(state["window"], state["threshold"], state["merge_gap"], state["unit"])
