"""The default detector: the mean of several scorers, a forecast among them, with overrides for single points."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Annotated, Any, Self

import numpy as np

from anomaly_detection import DEFAULT_MERGE_GAP, Detection, Detector, MergeGap, ProgressCallback, no_progress
from detectors.auto.components import AutoComponents, AutoOfflineComponents
from detectors.auto.margins import DEFAULT_SIGMA, ResidualStats, margin_from_noise
from detectors.auto.overrides import Overrides
from detectors.auto.scorers import Scorers
from detectors.calibration import NULL_SCORE, SCORE_CAP, ScoreCalibration, mean_std_threshold
from detectors.forecast_residual import OUTLIERS_WIDEN_BAND, Sigma, widened_notes
from events.scorer import ScorerId
from parameters import Param, checked
from timeseries import Floats, Note, Series
from timeseries.regular_grid import place_in_cells
from timeseries.scaling import min_scale

MAX_RANGE_RATIO = 4.0
"""Largest typical range of a window scorer's distances, in (third quartile − median); that of normal data is 2.4. The
residual's own is not bounded, as sharp beats gave false events (docs/experiments/window-scorers.md)."""


@dataclass(eq=False)
class Auto(Detector):
    """score = mean of the calibrated distances of all scorers and window lengths, see `ScoreCalibration`.

    The scorers are the LSTM's one-step residual, `level_spread`, `matrix_profile` and `seasonal_difference`. The
    threshold is mean + sigma · std of the scores of the fitted series, at least NULL_SCORE at the default sigma. A
    residual beyond the margin is an anomaly whatever the mean: the score is at least threshold · residual ÷ margin. An
    anomaly of the other scorers may lie within the margin. A point without a forecast is not scored. Unit of the score:
    typical ranges of the distances.

    `detect_offline` scores each point by all windows that cover it. Its margin follows the noise, as far as the model
    of the noise is to be trusted, and `Overrides` make single points anomalies.

    residual_stats  of the one-step residuals ÷ unit, which the margin follows from
    causal          calibration for windows that end at a point
    centred         calibration for windows that cover a point
    """

    scorers: Scorers
    residual_stats: ResidualStats
    overrides: Overrides
    causal: ScoreCalibration
    centred: ScoreCalibration
    params: Mapping[str, Any]
    memory: int = field(init=False)

    adjustable_params = ("sigma", "merge_gap")
    components_type = AutoOfflineComponents
    title = "Automatic"
    help = (
        "Combines several scorers: distance from the forecast, level and spread, shape, and difference from earlier "
        "cycles, over 1 to 512 points. Each anomaly names what is unusual about it. The default."
    )

    def __post_init__(self) -> None:
        self.memory = self.scorers.memory

    @property
    def margin(self) -> float:
        """Largest normal residual, ÷ unit, where the noise is unknown."""
        return self.residual_stats.margin(self.params["sigma"])

    @classmethod
    @checked
    def fit(
        cls,
        series: Series,
        *,
        progress: ProgressCallback = no_progress,
        sigma: Sigma = DEFAULT_SIGMA,
        merge_gap: MergeGap = DEFAULT_MERGE_GAP,
        seed: Annotated[int, Param(None, 0, 2**31 - 1, "The same seed gives the same answer.")] = 0,
    ) -> Self:
        """See Detector.fit."""
        scorers, values, periods = Scorers.fit(series, seed, lambda _, done: progress("fit", done / 2))
        run = scorers.run(series, len(series), lambda _, done: progress("fit", (1 + done) / 2))
        residuals = run.forecast.score / scorers.unit
        in_std = place_in_cells(scorers.in_std(residuals), run.cells)
        ratios = [np.inf, *(MAX_RANGE_RATIO for _ in run.outputs[1:])]
        causal = [each.distances[run.cells] for each in run.outputs]
        centred = [each.centred[run.cells] for each in run.outputs]
        return cls(
            scorers=scorers,
            residual_stats=ResidualStats.fit(residuals, min_scale(values)),
            overrides=Overrides.fit(in_std, values / scorers.std, periods),
            causal=ScoreCalibration.fit(causal, sigma, auto_threshold, ratios),
            centred=ScoreCalibration.fit(centred, sigma, auto_threshold, ratios),
            params={"sigma": sigma, "merge_gap": merge_gap, "seed": seed},
        )

    def detect(self, series: Series, *, progress: ProgressCallback = no_progress) -> Detection:
        """See Detector.detect."""
        return self._detect_causal(series, len(series), progress)

    def detect_last(self, series: Series, new: int) -> Detection:
        """See Detector.detect_last: each scorer sees only what these points need."""
        return self._detect_causal(series, new, no_progress)

    def _detect_causal(self, series: Series, new: int, progress: ProgressCallback) -> Detection:
        progress("detect", 0.0)
        run = self.scorers.run(series, new, progress, self.residual_stats.margin(DEFAULT_SIGMA))
        distances = {each.scorer: each.distances[run.cells] for each in run.outputs}
        return self._combine(run.forecast, distances, self.causal)

    def detect_offline(self, series: Series, *, progress: ProgressCallback = no_progress) -> Detection:
        """See Detector.detect_offline: all windows that cover a point score it, and overrides count."""
        progress("detect", 0.0)
        run = self.scorers.run(series, len(series), progress)
        distances = {each.scorer: each.centred[run.cells] for each in run.outputs}
        return self._with_overrides(self._combine(run.forecast, distances, self.centred))

    def _combine(
        self, forecast: Detection, distances: Mapping[ScorerId, Floats], calibration: ScoreCalibration
    ) -> Detection:
        """The mean of the scorers' distances (n,), or the residual where that is larger."""
        calibrated = calibration.calibrate(list(distances.values()))
        components = AutoComponents(
            scores=calibration.mean(calibrated, len(forecast.series)),
            residual=forecast.score / self.scorers.unit,
            residual_stats=self.residual_stats.state(),
            unit=self.scorers.unit,
        )
        detection = replace(
            forecast,
            threshold=calibration.threshold,
            params=self.params,
            merge_gap=int(self.params["merge_gap"]),
            notes=(*forecast.notes, *self.scorers.notes),
            scorer_scores=dict(zip(distances, calibrated, strict=True)),
        )
        return components.apply(detection, self.params["sigma"])

    def _with_overrides(self, detection: Detection) -> Detection:
        """The detection with the margin of the noise and with what overrides the mean."""
        components = detection.components
        assert isinstance(components, AutoComponents)
        scorers, overrides = self.scorers, self.overrides
        cells, _ = scorers.grid.cells(detection.series, len(detection.series), 1)
        values = place_in_cells(detection.series.values / scorers.unit, cells) / scorers.std
        residuals = place_in_cells(scorers.in_std(components.residual), cells)
        noise = overrides.noise.noise_std(residuals)[cells] * scorers.std
        sigmas = {scorer: each[cells] for scorer, each in overrides.sigmas(values).items()}
        scores = {scorer: np.minimum(SCORE_CAP * each / DEFAULT_SIGMA, SCORE_CAP) for scorer, each in sigmas.items()}
        offline = AutoOfflineComponents(
            **vars(components),
            noise=noise,
            confidence=overrides.noise.confidence,
            override_sigma=np.fmax(*sigmas.values()),
        )
        detection = replace(
            detection,
            scorer_scores={**detection.scorer_scores, **scores},
            notes=self._offline_notes(detection.notes, noise),
        )
        return offline.apply(detection, self.params["sigma"])

    def _offline_notes(self, notes: tuple[Note, ...], noise: Floats) -> tuple[Note, ...]:
        """The notes, of which that on outliers that widen the band holds for the margin that follows the noise (n,)."""
        confidence = self.overrides.noise.confidence
        if not confidence or not np.isfinite(noise).any():
            return notes
        sigma = self.params["sigma"]
        narrow = float(np.nanmedian(margin_from_noise(noise, 1.0, sigma, self.margin)))
        actual = float(np.nanmedian(margin_from_noise(noise, confidence, sigma, self.margin)))
        widened = widened_notes(actual, narrow)
        return tuple(each for note in notes for each in (widened if note.code == OUTLIERS_WIDEN_BAND else [note]))

    @classmethod
    def rethreshold(cls, detection: Detection, params: Mapping[str, Any]) -> Detection:
        """See Detector.rethreshold."""
        components = detection.components
        assert isinstance(components, AutoComponents)
        threshold = auto_threshold(components.threshold_scores, params["sigma"])
        detection = replace(super().rethreshold(detection, params), threshold=threshold)
        return components.apply(detection, params["sigma"])

    def _state(self) -> dict[str, Any]:
        """See Detector.state."""
        return {
            "scorers": self.scorers.state(),
            "residual_stats": self.residual_stats.state(),
            "overrides": self.overrides.state(),
            "causal": self.causal.state(),
            "centred": self.centred.state(),
            "params": dict(self.params),
        }

    @classmethod
    def _from_state(cls, state: Mapping[str, Any]) -> Self:
        """See Detector.from_state."""
        return cls(
            scorers=Scorers.from_state(state["scorers"]),
            residual_stats=ResidualStats(*state["residual_stats"]),
            overrides=Overrides.from_state(state["overrides"]),
            causal=ScoreCalibration.from_state(state["causal"]),
            centred=ScoreCalibration.from_state(state["centred"]),
            params=state["params"],
        )


def auto_threshold(scores: Floats, sigma: float) -> float:
    """mean + sigma · std of the scores, at least NULL_SCORE at the default sigma."""
    return mean_std_threshold(scores, sigma, NULL_SCORE / DEFAULT_SIGMA)
