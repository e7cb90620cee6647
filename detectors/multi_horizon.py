"""Forecasts over many horizons as a detector: stretches that were forecast badly."""

from collections.abc import Mapping
from typing import Any, Self

from anomaly_detection import DEFAULT_MERGE_GAP, MergeGap, Progress, no_progress
from detectors.forecast_residual import Sigma
from detectors.window_detector import STRICT_SIGMA, WindowDetector, WindowScorer, segment_threshold
from forecasting.multi_step import MultiStepRegression as Horizons
from parameters import checked
from timeseries import Series


class MultiHorizon(WindowDetector):
    """score = mean miss of the last period's forecasts, 1 to 24 points ahead; see `multi_horizon.MultiHorizon`."""

    title = "Forecasts over many horizons"
    help = (
        "Compares the last cycle with what was forecast up to 24 points before, by a regression. Finds stretches going "
        "another way, where a one-step forecast follows; says nothing about single values."
    )

    rule = staticmethod(segment_threshold)

    @classmethod
    @checked
    def fit(
        cls,
        series: Series,
        *,
        progress: Progress = no_progress,
        sigma: Sigma = STRICT_SIGMA,
        merge_gap: MergeGap = DEFAULT_MERGE_GAP,
    ) -> Self:
        """See Detector.fit."""
        params = {"sigma": sigma, "merge_gap": merge_gap}
        return cls.learn(series, Horizons.fit, params, progress)

    @staticmethod
    def scorer_from_state(state: Mapping[str, Any]) -> WindowScorer:
        """See WindowDistance.view_from_state."""
        return Horizons.from_state(state)
