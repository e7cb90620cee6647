"""The LSTM detector: residuals of a forecaster that learns each series from itself."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Annotated, Any, Self

import numpy as np
from numpy.typing import NDArray

from anomaly_detection import DEFAULT_MERGE_GAP, Detection, MergeGap, ProgressCallback, no_progress
from detectors.calibration import (
    MIN_THRESHOLD_PER_SIGMA,
    ScoreCalibration,
    ScoreComponents,
    mean_over_covering_windows,
    mean_std_threshold,
)
from detectors.forecast_residual import (
    CHUNK,
    DEFAULT_SIGMA,
    Forecaster,
    ForecastResidual,
    ResidualComponents,
    ResidualModel,
    Sigma,
    threshold_and_margin,
)
from detectors.residual_windows import ResidualWindows
from events.scorer import ScorerId
from forecasting.lstm import LSTMForecaster
from forecasting.lstm_multi_step import MultiStepForecaster
from parameters import Param, checked
from timeseries import Bools, Floats, Series
from timeseries.intervals import count_within
from timeseries.regular_grid import RegularGrid, place_in_cells
from timeseries.robust import finite
from timeseries.scaling import times_unit, unit_of
from timeseries.seasonality import find_periods
from timeseries.windows import Scale

RESIDUAL_SIGMA_FACTOR = 8 / DEFAULT_SIGMA
"""Factor of sigma for the residual by itself, offline: 8 standard deviations at the default sigma."""
MEAN_SIGMA_FACTOR = 4 / DEFAULT_SIGMA
"""Factor of sigma for the mean of all scores, offline: 4 standard deviations at the default sigma, as scores of windows
that overlap are rarely all high."""
MAX_ISOLATED = 3
"""Outliers that are isolated, at most, within ISOLATION_WINDOW points. They are left out of the windows: one would else
make an event as long as the windows that cover it (decision 9 in docs/decisions)."""
ISOLATION_WINDOW = 32
"""Points before and after an outlier in which others are counted."""
OUTLIER_STDS = 8.0
"""Standard deviations above the mean residual from which a residual is an outlier."""
COMPRESS_FROM = 0.9
"""Severity from which `compress_below_threshold` compresses."""
COMPRESSION = 0.09
"""COMPRESS_FROM · (1 − COMPRESS_FROM), so that the compressed severities begin at COMPRESS_FROM."""
MAX_SCORE = 1e300
"""Scores are clipped here, below infinity: those of values far beyond the training data."""


@dataclass(frozen=True, eq=False)
class OfflineScorers:
    """Distances of points and windows from what was expected, in standard deviations `std` of the series."""

    multi_step: MultiStepForecaster
    residual_windows: ResidualWindows
    std: float

    def distances(
        self,
        values: Floats,
        residuals: Floats,
        cells: NDArray[np.int64],
        report: Callable[[float], None],
        masked: Bools | None = None,
    ) -> dict[ScorerId, Floats]:
        """By scorer, (n,) the distance of each point, or the mean of the windows that cover it; NaN where unknown.

        values (n,) and one-step residuals (n,) ÷ unit, at the `cells` (n,) of a grid; the `masked` (n,) are missing.
        """
        one_step = _in_stds(residuals, self.std)
        if masked is not None:
            one_step = np.where(masked, np.nan, one_step)
            values = np.where(masked, np.nan, values)
        multi_step = self.multi_step.mean_error(place_in_cells(values, cells), report)
        distances = self.residual_windows.distances(place_in_cells(one_step, cells), multi_step)
        return {
            scorer: mean_over_covering_windows(of_windows, scorer.window or 1)[cells]
            for scorer, of_windows in distances
        }


@dataclass(frozen=True, eq=False)
class OfflineModel:
    """What `LSTM.detect_offline` knows beside the one-step forecasts.

    calibration       of the scorers' distances
    mean_score_stats  mean and standard deviation of the mean calibrated score on the fitted series; None of no scores
    """

    scorers: OfflineScorers
    calibration: ScoreCalibration
    mean_score_stats: Sequence[float] | None

    @classmethod
    def fit(
        cls, values: Floats, residuals: Floats, cells: NDArray[np.int64], multi_step: MultiStepForecaster
    ) -> "OfflineModel":
        """From values (n,) and one-step residuals (n,) ÷ unit, at the `cells` (n,) of a grid."""
        std = Scale.fit(values).std
        windows = ResidualWindows.fit(place_in_cells(_in_stds(residuals, std), cells))
        scorers = OfflineScorers(multi_step, windows, std)
        distances = list(scorers.distances(values, residuals, cells, lambda done: None).values())
        calibration = ScoreCalibration.fit(distances, 1.0, mean_std_threshold)
        scores = calibration.mean(calibration.calibrate(distances), len(values))
        return cls(scorers, calibration, _mean_and_std(scores))

    def state(self) -> dict[str, Any]:
        """Everything learned, but for the one-step forecaster."""
        return {
            "multi_step": self.scorers.multi_step.state(),
            "residual_windows": self.scorers.residual_windows.state(),
            "std": self.scorers.std,
            "calibration": self.calibration.state(),
            "mean_score_stats": self.mean_score_stats,
        }

    @classmethod
    def from_state(cls, state: Mapping[str, Any], one_step: LSTMForecaster) -> "OfflineModel":
        """Inverse of `state`."""
        scorers = OfflineScorers(
            MultiStepForecaster.from_state(state["multi_step"], one_step),
            ResidualWindows.from_state(state["residual_windows"]),
            state["std"],
        )
        return cls(scorers, ScoreCalibration.from_state(state["calibration"]), state["mean_score_stats"])


@dataclass(frozen=True, eq=False, kw_only=True)
class LSTMComponents(ResidualComponents, ScoreComponents):
    """Components of a finished series.

    scores_without_outliers  (n,) the scores' mean where isolated outliers are left out of the windows
    residual                 (n,) ÷ unit
    """

    scores_without_outliers: Floats
    residual: Floats


class LSTM(ForecastResidual):
    """Residuals of `forecasting.lstm.LSTMForecaster`.

    `detect_offline` adds two scores for each window length: the mean error of forecasts made 1 to 24 points before, and
    the size of the one-step residuals (a flat line has small ones, a burst of noise large ones). All scores are
    calibrated (`ScoreCalibration`) and averaged. A point is an anomaly where that mean lies beyond
    mean + MEAN_SIGMA_FACTOR · sigma · std, or its residual beyond the margin,
    mean + RESIDUAL_SIGMA_FACTOR · sigma · std.
    Score, in the series' unit: margin × the larger of both ÷ their limits.
    """

    components_type = LSTMComponents
    title = "LSTM forecast"
    help = "Learns to forecast the series from its own past and flags values that deviate from the forecast."

    def __init__(self, model: ResidualModel, params: Mapping[str, Any], offline: OfflineModel | None = None) -> None:
        super().__init__(model, params)
        self.offline = offline  # None: `detect_offline` is `detect`

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
        grid = RegularGrid.learn(series)
        cells, _ = grid.cells(series, len(series), CHUNK)
        values = place_in_cells(series.values / unit_of(series.values), cells)
        periods = find_periods(values, grid.step_ms)
        forecaster = LSTMForecaster.fit(values, periods, seed=seed, report=lambda done: progress("fit", 0.4 * done))
        params = {"sigma": sigma, "merge_gap": merge_gap, "seed": seed}
        return cls.fit_with_forecaster(series, forecaster, grid, next(iter(periods), None), params, progress)

    @classmethod
    def fit_one_step(
        cls,
        series: Series,
        values: Floats,
        grid: RegularGrid,
        periods: Sequence[int],
        seed: int,
        progress: ProgressCallback,
    ) -> Self:
        """The detector with default parameters but for the seed, without a model for `detect_offline`.

        values (m,) of the series ÷ unit in the grid's cells, with their periods.
        """
        forecaster = LSTMForecaster.fit(values, periods, seed=seed, report=lambda done: progress("fit", 0.5 * done))
        period = next(iter(periods), None)
        model = ResidualModel.fit(series, forecaster, grid, period, DEFAULT_SIGMA, progress)
        return cls(model, {"sigma": DEFAULT_SIGMA, "merge_gap": DEFAULT_MERGE_GAP, "seed": seed})

    @classmethod
    def fit_with_forecaster(
        cls,
        series: Series,
        forecaster: LSTMForecaster,
        grid: RegularGrid,
        period: int | None,
        params: Mapping[str, Any],
        progress: ProgressCallback,
    ) -> Self:
        """The detector with this one-step forecaster, fitted on the series' cells."""
        model = ResidualModel.fit(
            series, forecaster, grid, period, params["sigma"], lambda _, done: progress("fit", 0.2 + 0.4 * done)
        )
        values = series.values / model.unit
        cells, _ = grid.cells(series, model.memory, CHUNK)
        multi_step = MultiStepForecaster.fit(
            place_in_cells(values, cells),
            period,
            forecaster,
            params["seed"],
            lambda done: progress("fit", 0.6 + 0.4 * done),
        )
        residuals = cls(model, params).detect(series).score / model.unit
        offline = OfflineModel.fit(values, residuals, cells, multi_step)
        return cls(replace(model, notes=(*model.notes, *multi_step.notes)), params, offline)

    def detect_offline(self, series: Series, *, progress: ProgressCallback = no_progress) -> Detection:
        """See Detector.detect_offline: windows count at every point they cover."""
        one_step = self.detect(series, progress=lambda _, done: progress("detect", done / 3))
        if self.offline is None:
            return one_step
        model, scorers, calibration = self.model, self.offline.scorers, self.offline.calibration
        values = series.values / model.unit
        residuals = one_step.score / model.unit
        cells, _ = model.grid.cells(series, self.memory, CHUNK)
        distances = scorers.distances(values, residuals, cells, lambda done: progress("detect", (1 + done) / 3))
        calibrated = calibration.calibrate(list(distances.values()))
        scores = scores_without_outliers = calibration.mean(calibrated, len(series))
        mean, std = model.residual_stats
        outliers = isolated(residuals > mean + OUTLIER_STDS * std)
        if outliers.any():
            others = scorers.distances(
                values, residuals, cells, lambda done: progress("detect", (2 + done) / 3), outliers
            )
            scores_without_outliers = calibration.mean(calibration.calibrate(list(others.values())), len(series))
        components = LSTMComponents(
            residual_stats=model.residual_stats,
            unit=model.unit,
            scores=scores,
            scores_without_outliers=scores_without_outliers,
            residual=residuals,
        )
        scorer_scores = dict(zip(distances, calibrated, strict=True))
        detection = replace(one_step, components=components, scorer_scores=scorer_scores)
        return combine_scores(detection, self.offline.mean_score_stats)

    @classmethod
    def rethreshold(cls, detection: Detection, params: Mapping[str, Any]) -> Detection:
        """See Detector.rethreshold."""
        if not isinstance(detection.components, LSTMComponents):
            return super().rethreshold(detection, params)
        score_stats = _mean_and_std(detection.components.threshold_scores)
        return combine_scores(replace(detection, params=params, merge_gap=int(params["merge_gap"])), score_stats)

    def _state(self) -> dict[str, Any]:
        return {**super()._state(), "offline": self.offline.state() if self.offline else None}

    @classmethod
    def _from_state(cls, state: Mapping[str, Any]) -> Self:
        model = cls.model_from_state(state["model"])
        assert isinstance(model.forecaster, LSTMForecaster)
        offline = OfflineModel.from_state(state["offline"], model.forecaster) if state["offline"] else None
        return cls(model, state["params"], offline)

    @staticmethod
    def forecaster_from_state(state: Mapping[str, Any]) -> Forecaster:
        """See ForecastResidual.forecaster_from_state."""
        return LSTMForecaster.from_state(state)


def combine_scores(detection: Detection, mean_score_stats: Sequence[float] | None) -> Detection:
    """The detection with score, threshold and margin made from its LSTMComponents and its sigma.

    mean_score_stats: mean and standard deviation of the mean calibrated score on the series that sets the threshold.
    """
    components = detection.components
    assert isinstance(components, LSTMComponents)
    sigma = float(detection.params["sigma"])
    residual_mean, residual_std = components.residual_stats
    residual_limit = residual_mean + RESIDUAL_SIGMA_FACTOR * sigma * residual_std
    mean_limit = 1.0
    if mean_score_stats:
        mean, std = mean_score_stats
        least = MIN_THRESHOLD_PER_SIGMA * MEAN_SIGMA_FACTOR * sigma
        mean_limit = max(mean + MEAN_SIGMA_FACTOR * sigma * std, least)
    severity = components.scores / mean_limit
    # Where only isolated outliers make the windows anomalous, these keep their rank and are no anomalies.
    severity = np.where(components.scores_without_outliers > mean_limit, severity, compress_below_threshold(severity))
    with np.errstate(over="ignore"):
        severity = np.fmax(severity, np.minimum(components.residual / residual_limit, MAX_SCORE))
    threshold, margin = threshold_and_margin(residual_limit, components.unit, detection.expected)
    score = np.where(np.isnan(components.residual), np.nan, times_unit(severity, threshold))
    return replace(detection, score=score, threshold=threshold, margin=margin)


def isolated(flags: Bools) -> Bools:
    """(n,) the flags with at most MAX_ISOLATED flags, themselves included, within ISOLATION_WINDOW points."""
    return flags & (count_within(flags, ISOLATION_WINDOW, ISOLATION_WINDOW) <= MAX_ISOLATED)


def compress_below_threshold(severity: Floats) -> Floats:
    """(n,) the same below COMPRESS_FROM, else from there to below 1 in the same order: ranked, but no anomaly."""
    compressed = 1 - COMPRESSION / np.maximum(severity, COMPRESS_FROM)
    return np.where(severity > COMPRESS_FROM, compressed, severity)


def _mean_and_std(scores: Floats) -> tuple[float, float] | None:
    """Mean and std of the known scores; None where none is known."""
    known = finite(scores)
    return (float(np.mean(known)), float(np.std(known))) if known.size else None


def _in_stds(residuals: Floats, std: float) -> Floats:
    with np.errstate(over="ignore"):
        return np.minimum(residuals / std, MAX_SCORE)
