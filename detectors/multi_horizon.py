"""Forecasts over many horizons: distance of the last points from their forecasts 1 to 24 points before.

A one-step forecast follows a fault within a point; a forecast made before the fault began does not.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from detectors.window_detector import SingleWindowDetector
from forecasting.multi_step import HORIZONS, MultiStepRegression
from timeseries import Floats, Note
from timeseries.windows import STEPS_PER_STD, fill_short_gaps, gap_fill_memory, moving_sum, usable_windows


@dataclass(frozen=True, eq=False)
class MultiHorizonScorer:
    """distance = mean over the window's points and HORIZONS of |value − its forecast so many points before|."""

    regression: MultiStepRegression

    @classmethod
    def fit(cls, values: Floats, period: int | None) -> "MultiHorizonScorer":
        """See WindowScorer.fit."""
        return cls(MultiStepRegression.fit(values, period))

    @property
    def memory(self) -> int:
        """See WindowScorer.memory."""
        regression = self.regression
        return max(2 * regression.length + HORIZONS - 1, 0) + gap_fill_memory(regression.period)

    @property
    def notes(self) -> list[Note]:
        """See WindowScorer.notes."""
        if not self.regression.length:
            return [Note("windows_too_short")]
        return [Note("multi_step_windows", {"horizons": HORIZONS})]

    def score_by_window_length(
        self, values: Floats, report: Callable[[float], None], since: int = 0
    ) -> list[tuple[int, Floats]]:
        """See WindowScorer.score_by_window_length."""
        regression = self.regression
        length = regression.length
        if not length:
            return []
        quantized = regression.scale.quantize(values)
        filled = fill_short_gaps(quantized, regression.period)
        errors = moving_sum(regression.errors(filled, report), length)
        distances = errors / (STEPS_PER_STD * HORIZONS * length)
        distances[usable_windows(quantized, filled, 2 * length + HORIZONS) == 0] = np.nan
        return [(length, distances)]

    def state(self) -> dict[str, Any]:
        """See WindowScorer.state."""
        return self.regression.state()

    @classmethod
    def from_state(cls, state: Mapping[str, Any]) -> "MultiHorizonScorer":
        """See WindowScorer.from_state."""
        return cls(MultiStepRegression.from_state(state))


class MultiHorizon(SingleWindowDetector):
    """SingleWindowDetector with the MultiHorizonScorer."""

    title = "Forecasts over many horizons"
    help = (
        "Compares the last cycle with a regression's forecasts up to 24 points before. Detects a changed course, which "
        "a one-step forecast follows, but no single outliers."
    )
    scorer_type = MultiHorizonScorer
