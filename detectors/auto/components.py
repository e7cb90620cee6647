"""What a detection of `auto` is computed from, and its score and margin for another sigma."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from anomaly_detection import Detection
from detectors.auto.margins import MAX_RATIO, ResidualStats, margin_from_noise, max_with_residual
from detectors.auto.overrides import max_with_overrides
from detectors.calibration import ScoreComponents
from detectors.forecast_residual import MIN_THRESHOLD, threshold_and_margin
from timeseries import Floats
from timeseries.scaling import times_unit


@dataclass(frozen=True, eq=False, kw_only=True)
class AutoComponents(ScoreComponents):
    """Beside the mean scores the residuals.

    residual        (n,) ÷ unit
    residual_stats  the fields of ResidualStats, ÷ unit
    unit            power of two that values are divided by
    """

    residual: Floats
    residual_stats: Sequence[float]
    unit: float

    def margin(self, sigma: float) -> float:
        """Largest normal residual, ÷ unit, where the noise is unknown."""
        return ResidualStats(*self.residual_stats).margin(sigma)

    def apply(self, detection: Detection, sigma: float) -> Detection:
        """The detection, whose threshold is set, with the score and the margin of this sigma."""
        limit = self.margin(sigma)
        score = max_with_residual(self.scores, self.residual, detection.threshold, limit)
        _, margin = threshold_and_margin(limit, self.unit, detection.expected)
        return replace(detection, score=score, margin=margin, components=self)


@dataclass(frozen=True, eq=False, kw_only=True)
class AutoOfflineComponents(AutoComponents):
    """Those of a finished series.

    noise           (n,) standard deviation of the noise ÷ unit; NaN where unknown
    confidence      in the noise, from 0 to 1
    override_sigma  (n,) the sigma up to which an override makes each point an anomaly
    """

    noise: Floats
    confidence: float
    override_sigma: Floats

    def apply(self, detection: Detection, sigma: float) -> Detection:
        """See AutoComponents.apply: the margin follows the noise, and overrides count."""
        limit = margin_from_noise(self.noise, self.confidence, sigma, self.margin(sigma))
        with np.errstate(over="ignore", divide="ignore", invalid="ignore"):
            ratio = np.minimum(np.fmax(self.residual / limit, self.override_sigma / sigma), MAX_RATIO)
        score = max_with_overrides(self.scores, ratio, detection.threshold)
        score = np.where(np.isnan(self.residual), np.nan, score)
        allowed = np.maximum(times_unit(limit, self.unit), MIN_THRESHOLD)
        margin = np.where(np.isnan(detection.expected), np.nan, allowed)
        return replace(detection, score=score, margin=margin, components=self)
