"""The scorers of `auto`: the LSTM's one-step forecast and three window scorers, run on the same cells of a series."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from anomaly_detection import Detection, ProgressCallback
from detectors.auto.margins import MAX_RATIO
from detectors.auto.seasonal_difference import SeasonalDifference
from detectors.calibration import mean_over_covering_windows
from detectors.forecast_residual import CHUNK
from detectors.level_spread import LevelSpreadScorer
from detectors.lstm import ISOLATION_WINDOW, LSTM, MAX_ISOLATED
from detectors.matrix_profile import MAX_REFERENCES, MatrixProfileScorer
from detectors.window_detector import WindowScorer
from events.scorer import ScorerId
from timeseries import Floats, Note, Series
from timeseries.regular_grid import RegularGrid, Tail, place_in_cells
from timeseries.scaling import unit_of
from timeseries.seasonality import find_periods
from timeseries.windows import Scale

FORECAST_RESIDUAL = ScorerId("forecast_residual")
FORECAST_SHARE = 0.3
"""Share of the progress that the forecast stands for."""
CLIP_AT = 8.0
"""Margins at the default sigma from the forecast beyond which a value is an outlier to be clipped."""
CLIP_TO = 0.25
"""Margins from the forecast to which it is clipped, among typical values: a few such values make no window unusual."""


@dataclass(frozen=True)
class ScorerDistances:
    """distances (m,) of one scorer and window length, by the windows' last cells."""

    scorer: ScorerId
    distances: Floats

    @property
    def centred(self) -> Floats:
        """(m,) the mean distance of the windows that cover each cell."""
        return mean_over_covering_windows(self.distances, self.scorer.window or 1)


@dataclass(frozen=True)
class ScorerRun:
    """The scorers' output for some points of a series.

    outputs   of each scorer and window length, over the cells from the first of these points on
    forecast  the LSTM's detection of these points
    cells     (n,) of these points
    """

    outputs: list[ScorerDistances]
    forecast: Detection
    cells: NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Scorers:
    """The fitted scorers.

    unit  power of two that values are divided by
    std   of the series, ÷ unit
    """

    forecast: LSTM
    level_spread: LevelSpreadScorer
    matrix_profile: MatrixProfileScorer
    seasonal_difference: SeasonalDifference
    grid: RegularGrid
    unit: float
    std: float

    @classmethod
    def fit(cls, series: Series, seed: int, progress: ProgressCallback) -> tuple["Scorers", Floats, tuple[int, ...]]:
        """The scorers, the values (m,) ÷ unit in their cells, and its periods, in cells, shortest first."""
        grid = RegularGrid.learn(series)
        unit = unit_of(series.values)
        cells, _ = grid.cells(series, len(series), CHUNK)
        values = place_in_cells(series.values / unit, cells)
        periods = find_periods(values, grid.step_ms)
        forecast = LSTM.fit_one_step(series, values, grid, periods, seed, progress)
        cells, _ = grid.cells(series, len(series), 1)
        values = place_in_cells(series.values / unit, cells)
        shortest, longest = (periods[0], periods[-1]) if periods else (None, None)
        scorers = cls(
            forecast=forecast,
            level_spread=LevelSpreadScorer.fit(values, shortest),
            matrix_profile=MatrixProfileScorer.fit(values, shortest, MAX_REFERENCES),
            seasonal_difference=SeasonalDifference.fit(values, longest),
            grid=grid,
            unit=unit,
            std=Scale.fit(series.values / unit).std,
        )
        return scorers, values, periods

    @property
    def window_scorers(self) -> dict[str, WindowScorer]:
        """By name."""
        return {
            "level_spread": self.level_spread,
            "matrix_profile": self.matrix_profile,
            "seasonal_difference": self.seasonal_difference,
        }

    @property
    def notes(self) -> tuple[Note, ...]:
        """What the window scorers learned."""
        return tuple(note for scorer in self.window_scorers.values() for note in scorer.notes)

    @cached_property
    def window_memory(self) -> int:
        """Cells before a cell that its windows need."""
        return max(scorer.memory for scorer in self.window_scorers.values())

    @cached_property
    def memory(self) -> int:
        """Points before a point that its score needs: the forecast's own, or the windows' and what clips them."""
        forecast = self.forecast
        model, forecaster = forecast.model, forecast.model.forecaster
        clipping = ISOLATION_WINDOW + model.mask_memory + forecaster.memory - forecaster.context
        return max(forecast.memory, self.window_memory + clipping)

    def in_std(self, residuals: Floats) -> Floats:
        """(n,) residuals ÷ unit in std of the series."""
        with np.errstate(over="ignore"):
            return np.minimum(residuals / self.std, MAX_RATIO)

    def run(self, series: Series, new: int, progress: ProgressCallback, clip_margin: float | None = None) -> ScorerRun:
        """Scores the last `new` points. With a `clip_margin`, ÷ unit, the windows see outliers clipped."""
        if new == len(series):
            forecast = self.forecast.detect(series, progress=lambda _, done: progress("detect", FORECAST_SHARE * done))
        else:
            forecast = self.forecast.detect_last(series, new)
        tail = self.grid.tail(series, series.values / self.unit, new, self.memory)
        cells = tail.cells - tail.since
        residual = place_in_cells(self.in_std(forecast.score / self.unit), cells)
        outputs = [ScorerDistances(FORECAST_RESIDUAL, residual)]
        values = tail.values if clip_margin is None else self.clip_outliers(tail, clip_margin)
        for done, (name, scorer) in enumerate(self.window_scorers.items()):

            def report(fraction: float, done: int = done) -> None:
                progress("detect", FORECAST_SHARE + (1 - FORECAST_SHARE) * (done + fraction) / len(self.window_scorers))

            start = max(tail.since - scorer.memory, 0)
            since = tail.since - start
            windows = scorer.score_by_window_length(values[start:], report, since)
            outputs += [ScorerDistances(ScorerId(name, length), distances[since:]) for length, distances in windows]
        return ScorerRun(outputs, forecast, cells)

    def clip_outliers(self, tail: Tail, margin: float) -> Floats:
        """(k,) the values of a tail, of which the first few outliers in a row lie CLIP_TO margins from their forecast.

        One outlier would make each window unusual that it lies in, over hundreds of points. More than MAX_ISOLATED
        among ISOLATION_WINDOW points are no outliers but a new level, and stay as they are.
        """
        first = max(tail.since - self.window_memory - ISOLATION_WINDOW, 0)
        since = max(first - self.forecast.model.mask_memory, 0)
        forecast = self.forecast.model.preliminary(tail.values, since)[first - since :]
        values = tail.values[first:]
        outlier = np.abs(values - forecast) > CLIP_AT * margin
        count = np.concatenate(([0], np.cumsum(outlier)))
        at = np.arange(len(outlier))
        outlier &= count[at] - count[np.maximum(at - ISOLATION_WINDOW, 0)] < MAX_ISOLATED
        clipped = np.clip(values, forecast - CLIP_TO * margin, forecast + CLIP_TO * margin)
        return np.concatenate((tail.values[:first], np.where(outlier, clipped, values)))

    def state(self) -> dict[str, Any]:
        """The states of the parts by name."""
        return {
            "forecast": self.forecast.state(),
            **{name: scorer.state() for name, scorer in self.window_scorers.items()},
            "grid": self.grid.state(),
            "unit": self.unit,
            "std": self.std,
        }

    @classmethod
    def from_state(cls, state: Mapping[str, Any]) -> "Scorers":
        """Inverse of `state`."""
        return cls(
            forecast=LSTM.from_state(state["forecast"]),
            level_spread=LevelSpreadScorer.from_state(state["level_spread"]),
            matrix_profile=MatrixProfileScorer.from_state(state["matrix_profile"]),
            seasonal_difference=SeasonalDifference.from_state(state["seasonal_difference"]),
            grid=RegularGrid.from_state(state["grid"]),
            unit=state["unit"],
            std=state["std"],
        )
