"""Matrix profile as a detector: windows unlike any other."""

from collections.abc import Mapping
from typing import Annotated, Any, Self

from anomaly_detection import DEFAULT_GAP, Gap, Progress, no_progress
from detectors.forecast_residual import Sigma
from detectors.window_distance import DEFAULT_SIGMA, View, WindowDistance, usual_threshold
from matrix_profile import MatrixProfile as Profile
from parameters import Param, checked
from series import Series


class MatrixProfile(WindowDistance):
    """score = distance of the last points to the most similar window learned; see `matrix_profile.MatrixProfile`."""

    title = "Matrix profile"
    help = (
        "Looks for the stretch most like each of 32 to 512 points; what is like no other is an anomaly. Finds odd "
        "shapes that happen once; says nothing about single values."
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
        references: Annotated[
            int,
            Param("windows", 64, 20_000, "How many windows of the series are kept to compare with; all of fewer."),
        ] = 1024,
        gap: Gap = DEFAULT_GAP,
    ) -> Self:
        """See Detector.fit."""
        params = {"sigma": sigma, "references": references, "gap": gap}
        return cls.learn(series, lambda values, period: Profile.fit(values, period, references), params, progress)

    @staticmethod
    def view_from_state(state: Mapping[str, Any]) -> View:
        """See WindowDistance.view_from_state."""
        return Profile.from_state(state)
