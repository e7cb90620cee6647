"""The LSTM detector: residuals of a forecaster that learned the series itself."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Annotated, Any, Self

import numpy as np

from anomaly_detection import DEFAULT_MERGE_GAP, Detection, MergeGap, Progress, no_progress
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
    Sigma,
    threshold_and_margin,
)
from detectors.residual_windows import ResidualWindows
from events.scorer import ScorerId
from forecasting.lstm import LSTMForecaster
from forecasting.lstm_multi_step import MultiStepForecaster
from parameters import Param, checked
from timeseries import Bools, Floats, Series
from timeseries.regular_grid import RegularGrid, place_in_cells
from timeseries.scaling import times_unit, unit_of
from timeseries.seasonality import find_periods
from timeseries.windows import Scale

RESIDUAL_SIGMA_FACTOR = 4 / 3
"""Factor of sigma beyond which, in a review, a residual needs nothing else to be an anomaly."""
MEAN_SIGMA_FACTOR = 2 / 3
"""Factor of sigma for the mean of what stretches and residual say: what overlaps is rarely far off in every way."""
MAX_ISOLATED, ISOLATION_WINDOW = 3, 32
"""Most spikes, among so many points before and after, that stand alone: no stretch is odd by them.

One spike would else be an event as long as the stretches that it lies in."""
SPIKE_STDS = 8.0
"""Standard deviations beyond the mean residual from which one is a spike."""
MAX_SCORE = 1e300
"""Held below infinity: scores of values far beyond all that was learned."""


@dataclass(frozen=True, eq=False)
class OfflineModel:
    """What a review knows beside the one-step forecast.

    spread  of the series, ÷ unit
    judge   of the voices: residual, forecasts of long before and size of the misses, over several lengths
    usual   mean and standard deviation of the voices' mean on the series that was fitted; None where it has none
    """

    far: MultiStepForecaster
    stretches: ResidualWindows
    spread: float
    judge: ScoreCalibration
    usual: Sequence[float] | None

    def state(self) -> dict[str, Any]:
        """Everything learned."""
        parts = {"far": self.far.state(), "stretches": self.stretches.state(), "judge": self.judge.state()}
        return {**parts, "spread": self.spread, "usual": self.usual}

    @classmethod
    def from_state(cls, state: Mapping[str, Any], near: LSTMForecaster) -> "OfflineModel":
        """What gave this state, beside its one-step forecaster."""
        far, judge = MultiStepForecaster.from_state(state["far"], near), ScoreCalibration.from_state(state["judge"])
        return cls(far, ResidualWindows.from_state(state["stretches"]), state["spread"], judge, state["usual"])


@dataclass(frozen=True, eq=False, kw_only=True)
class LSTMComponents(ResidualComponents, ScoreComponents):
    """Of a finished series: scores_without_outliers (n,): the scores' mean where single outliers are left out of the
    windows; residual (n,) ÷ unit."""

    scores_without_outliers: Floats
    residual: Floats


class LSTM(ForecastResidual):
    """Forecast residuals of `model.LSTMForecaster`.

    `detect_offline` joins them with how far the stretches around a point lie from forecasts made 1 to 24 points before,
    and with how large one-step residuals are there, each ÷ its usual range (`ScoreCalibration`). A point is an anomaly
    where the mean of these lies beyond mean + TOGETHER · sigma · std, or its residual alone beyond the margin,
    mean + ALONE · sigma · std. Score, in the series' unit: margin × the larger of both ÷ what is allowed.
    """

    components_type = LSTMComponents
    title = "LSTM forecast"
    help = "Learns how the series goes on from its own past and marks values far from what was expected."
    reviewer: OfflineModel | None = None

    @classmethod
    @checked
    def fit(
        cls,
        series: Series,
        *,
        progress: Progress = no_progress,
        sigma: Sigma = DEFAULT_SIGMA,
        merge_gap: MergeGap = DEFAULT_MERGE_GAP,
        seed: Annotated[int, Param(None, 0, 2**31 - 1, "The same seed gives the same answer.")] = 0,
    ) -> Self:
        """See Detector.fit."""
        grid, unit = RegularGrid.learn(series), unit_of(series.values)
        cells, _ = grid.cells(series, len(series), CHUNK)
        values = place_in_cells(series.values / unit, cells)
        periods = find_periods(values, grid.step_ms)
        near = LSTMForecaster.fit(values, periods, seed=seed, report=lambda done: progress("fit", 0.4 * done))
        return cls.around(
            series,
            near,
            grid,
            next(iter(periods), None),
            {"sigma": sigma, "merge_gap": merge_gap, "seed": seed},
            progress,
        )

    @classmethod
    def one_step(
        cls, series: Series, values: Floats, grid: RegularGrid, periods: Sequence[int], seed: int, progress: Progress
    ) -> Self:
        """The detector with its defaults but for the seed, without what a review knows beside the one-step forecast.

        values (m,) of the series ÷ unit in the grid's cells, with their periods.
        """
        near = LSTMForecaster.fit(values, periods, seed=seed, report=lambda done: progress("fit", 0.5 * done))
        params = {"sigma": DEFAULT_SIGMA, "merge_gap": DEFAULT_MERGE_GAP, "seed": seed}
        return cls.learn(series, near, grid, next(iter(periods), None), params, progress)

    @classmethod
    def around(
        cls,
        series: Series,
        near: LSTMForecaster,
        grid: RegularGrid,
        period: int | None,
        params: Any,
        progress: Progress,
    ) -> Self:
        """The detector with this one-step forecaster, learned on the series' cells."""
        found = cls.learn(series, near, grid, period, params, lambda _, done: progress("fit", 0.2 + 0.4 * done))
        values = found._spread_out(series, series.values / found.unit)[0]
        far = MultiStepForecaster.fit(
            values, period, near, params["seed"], lambda done: progress("fit", 0.6 + 0.4 * done)
        )
        found.notes = (*found.notes, *far.notes)
        found.reviewer = found._reviewer(series, far)
        return found

    def _reviewer(self, series: Series, far: MultiStepForecaster) -> OfflineModel:
        residuals = self.detect(series).score / self.unit
        spread = Scale.fit(series.values / self.unit).std
        stretches = ResidualWindows.fit(self._spread_out(series, _in_spreads(residuals, spread))[0])
        blank = OfflineModel(far, stretches, spread, ScoreCalibration((), (), 1.0), None)
        several = list(self._voices(series, residuals, blank, no_progress).values())
        judge = ScoreCalibration.fit(several, 1.0, mean_std_threshold)
        usual = _mean_and_deviation(judge.mean(judge.calibrate(several), len(series)))
        return replace(blank, judge=judge, usual=usual)

    def detect_offline(self, series: Series, *, progress: Progress = no_progress) -> Detection:
        """See Detector.detect_offline: stretches count at every point they cover."""
        found = self.detect(series, progress=lambda _, done: progress("detect", done / 3))
        by = self.reviewer
        if by is None or self.usual is None:  # learned before there were reviews
            return found
        residuals = found.score / self.unit
        several = self._voices(series, residuals, by, lambda _, done: progress("detect", (1 + done) / 3))
        voices = by.judge.calibrate(list(several.values()))
        usual = rest = by.judge.mean(voices, len(series))
        spikes = isolated(residuals > self.usual[0] + SPIKE_STDS * self.usual[1])
        if spikes.any():
            others = self._voices(series, residuals, by, lambda _, done: progress("detect", (2 + done) / 3), spikes)
            rest = by.judge.mean(by.judge.calibrate(list(others.values())), len(series))
        components = LSTMComponents(
            residual_stats=self.usual, unit=self.unit, scores=usual, scores_without_outliers=rest, residual=residuals
        )
        scorer_scores = dict(zip(several, voices, strict=True))
        return combine_scores(replace(found, components=components, scorer_scores=scorer_scores), by.usual)

    @classmethod
    def rethreshold(cls, kept: Detection, params: Mapping[str, Any]) -> Detection:
        """See Detector.rethreshold."""
        if not isinstance(kept.components, LSTMComponents):
            return super().rethreshold(kept, params)
        return combine_scores(
            replace(kept, params=params, merge_gap=int(params["merge_gap"])),
            _mean_and_deviation(kept.components.threshold_scores),
        )

    def _voices(
        self, series: Series, residuals: Floats, by: OfflineModel, progress: Progress, without: Bools | None = None
    ) -> dict[ScorerId, Floats]:
        """By scorer, (n,) how far each point, or the mean of the stretches it lies in, is from what was expected.

        What lies `without` (n,) is not shown to the stretches.
        """
        near, values = _in_spreads(residuals, by.spread), series.values / self.unit
        if without is not None:
            near, values = np.where(without, np.nan, near), np.where(without, np.nan, values)
        near, values, cells = self._spread_out(series, near, values)
        far = by.far.missed(values, lambda done: progress("detect", done))
        ending = by.stretches.distances(near, far)
        return {
            scorer: mean_over_covering_windows(distances, scorer.window or 1)[cells] for scorer, distances in ending
        }

    def _spread_out(self, series: Series, *columns: Floats) -> tuple[Any, ...]:
        """Each column (n,) in the series' cells, then the cells of the points (n,)."""
        cells, _ = self.grid.cells(series, self.memory, CHUNK)
        return *(place_in_cells(column, cells) for column in columns), cells

    def _state(self) -> dict[str, Any]:
        """See Detector.state."""
        return {**super()._state(), "reviewer": self.reviewer.state() if self.reviewer else None}

    @classmethod
    def _from_state(cls, state: Mapping[str, Any]) -> Self:
        """See Detector.from_state."""
        found = super()._from_state(state)
        assert isinstance(found.forecaster, LSTMForecaster)
        if state.get("reviewer"):
            found.reviewer = OfflineModel.from_state(state["reviewer"], found.forecaster)
        return found

    @staticmethod
    def forecaster_from_state(state: Mapping[str, Any]) -> Forecaster:
        """See ForecastResidual.forecaster_from_state."""
        return LSTMForecaster.from_state(state)


def combine_scores(kept: Detection, usual: Sequence[float] | None) -> Detection:
    """The review whose parts are kept as its basis; `usual`: mean and deviation of the voices' mean.

    Its components are LSTMComponents.
    """
    components, sigma = kept.components, float(kept.params["sigma"])
    assert isinstance(components, LSTMComponents)
    mean, spread = components.residual_stats
    line = mean + RESIDUAL_SIGMA_FACTOR * sigma * spread
    allowed = (
        max(usual[0] + MEAN_SIGMA_FACTOR * sigma * usual[1], MIN_THRESHOLD_PER_SIGMA * MEAN_SIGMA_FACTOR * sigma)
        if usual
        else 1.0
    )
    together = components.scores / allowed
    together = np.where(components.scores_without_outliers > allowed, together, compress_below_threshold(together))
    with np.errstate(over="ignore"):
        beyond = np.fmax(together, np.minimum(components.residual / line, MAX_SCORE))
    threshold, margin = threshold_and_margin(line, components.unit, kept.expected)
    score = np.where(np.isnan(components.residual), np.nan, times_unit(beyond, threshold))
    return replace(kept, score=score, threshold=threshold, margin=margin)


def _mean_and_deviation(scores: Floats) -> tuple[float, float] | None:
    known = scores[np.isfinite(scores)]
    return (float(np.mean(known)), float(np.std(known))) if known.size else None


def isolated(flags: Bools) -> Bools:
    """(n,) the flags with at most FEW flags, themselves included, from AROUND points before to AROUND after."""
    before = np.concatenate(([0], np.cumsum(flags)))
    at = np.arange(len(flags))
    near = before[np.minimum(at + ISOLATION_WINDOW + 1, len(flags))] - before[np.maximum(at - ISOLATION_WINDOW, 0)]
    return flags & (near <= MAX_ISOLATED)


def compress_below_threshold(severity: Floats) -> Floats:
    """(n,) the same where below 0.9, else from there to below 1 in the same order: ranked, but no anomaly."""
    return np.where(severity > 0.9, 1 - 0.09 / np.maximum(severity, 0.9), severity)


def _in_spreads(residuals: Floats, spread: float) -> Floats:
    with np.errstate(over="ignore"):
        return np.minimum(residuals / spread, MAX_SCORE)
