"""Level and spread as a detector: levels, flat lines, bursts of noise and drifts."""

from collections.abc import Mapping
from typing import Any, Self

from anomaly_detection import DEFAULT_GAP, Gap, Progress, no_progress
from detectors.forecast_residual import Sigma
from detectors.window_distance import DEFAULT_SIGMA, View, WindowDistance, usual_threshold
from level_spread import LevelSpread as Levels
from parameters import checked
from series import Series


class LevelSpread(WindowDistance):
    """score = robust deviation of mean and spread of the last points; see `level_spread.LevelSpread`."""

    title = "Level and spread"
    help = (
        "Compares mean and spread over 32 to 512 points with the usual ones. Finds new levels, drifts, "
        "flat lines and bursts of noise; says nothing about single values."
    )

    rule = staticmethod(usual_threshold)

    @classmethod
    @checked
    def fit(
        cls,
        series: Series,
        *,
        progress: Progress = no_progress,
        sigma: Sigma = DEFAULT_SIGMA,
        gap: Gap = DEFAULT_GAP,
    ) -> Self:
        """See Detector.fit."""
        params = {"sigma": sigma, "gap": gap}
        return cls.learn(series, Levels.fit, params, progress)

    @staticmethod
    def view_from_state(state: Mapping[str, Any]) -> View:
        """See WindowDistance.view_from_state."""
        return Levels.from_state(state)
