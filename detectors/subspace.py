"""Subspace distance as a detector: windows of unusual shape or level."""

from collections.abc import Mapping
from typing import Any, Self

from anomaly_detection import DEFAULT_GAP, Gap, Progress, no_progress
from detectors.forecast_residual import Sigma
from detectors.window_distance import STRICT_SIGMA, View, WindowDistance, strict_threshold
from parameters import checked
from series import Series
from subspace import Subspace as Axes


class Subspace(WindowDistance):
    """score = Mahalanobis distance of the last period in the principal axes of all; see `subspace.Subspace`."""

    title = "Subspace distance"
    help = (
        "Compares the shape of the last cycle with the usual ones along their principal axes. Finds odd cycles, "
        "levels and patterns; says nothing about single values."
    )

    rule = staticmethod(strict_threshold)

    @classmethod
    @checked
    def fit(
        cls,
        series: Series,
        *,
        progress: Progress = no_progress,
        sigma: Sigma = STRICT_SIGMA,
        gap: Gap = DEFAULT_GAP,
    ) -> Self:
        """See Detector.fit."""
        params = {"sigma": sigma, "gap": gap}
        return cls.learn(series, Axes.fit, params, progress)

    @staticmethod
    def view_from_state(state: Mapping[str, Any]) -> View:
        """See WindowDistance.view_from_state."""
        return Axes.from_state(state)
