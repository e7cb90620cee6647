"""The seasonal detector: distances from season and level, both estimated robustly."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Annotated, Any, Self

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from anomaly_detection import DEFAULT_MERGE_GAP, Detection, MergeGap, ProgressCallback, no_progress
from detectors.forecast_residual import (
    CHUNK,
    DEFAULT_SIGMA,
    Forecast,
    Forecaster,
    ForecastResidual,
    FractionCallback,
    ResidualModel,
    Sigma,
)
from forecasting.stl import decompose, decompose_level
from parameters import Param, checked
from timeseries import Bools, Floats, Note, Series
from timeseries.regular_grid import RegularGrid, place_in_cells
from timeseries.residuals import residual_stats
from timeseries.robust import finite, sorted_median
from timeseries.scaling import min_scale, unit_of
from timeseries.seasonality import find_periods, same_phase_median
from timeseries.windows import STEPS_PER_STD, Scale, moving_sum

LEVEL_SPANS = (3, 9, 27)
"""Points before a point whose median is the level: the one that leaves the smallest residuals is chosen."""
MIN_KNOWN_SHARE = 0.75
"""Share of a cycle that must be known for its mean."""
LEVEL_WINDOW = 25
"""Points of the smooth that is the level of a finished series without a period."""
OFFLINE_SIGMA_FACTOR = 8 / DEFAULT_SIGMA
"""Factor of sigma offline: STL follows most points and leaves the outliers, so that its residuals have longer tails.
With it clean series have as few false events as by `detect` (docs/experiments/window-scorers.md)."""
BLOCK = 8192
"""Windows sorted together."""


@dataclass(frozen=True, eq=False)
class LevelAndSeason:
    """The forecasts of one series: its season (n,), and the level of the deseasonalized values (n,)."""

    season: Floats
    deseasonalized: Floats
    span: int
    expected: Floats

    @property
    def preliminary(self) -> Floats:
        """The same."""
        return self.expected

    def masking(self, masked: Bools) -> Self:
        """See Forecast.masking; a season is a median of cycles, which bears an outlier in one of them."""
        shown = np.where(masked, np.nan, self.deseasonalized)
        return replace(self, expected=median_before(shown, self.span) + self.season)


@dataclass(frozen=True)
class SeasonalMedianForecaster:
    """expected = season + level.

    season  median over the last `cycles` cycles, at the same phase, of the distance from the mean of the cycle around
    level   median of the last `span` values without their seasons; unknown after a gap as long as that, for one point
    Without a period the season is 0.
    """

    period: int | None
    cycles: int
    span: int
    scale: Scale

    @classmethod
    def fit(cls, values: Floats, period: int | None, cycles: int) -> "SeasonalMedianForecaster":
        """values (n,) evenly spaced; NaN is missing. The span is the one with the smallest median residual."""
        candidates = [cls(period, cycles, span, Scale.fit(values)) for span in LEVEL_SPANS]
        season = candidates[0].season(values)

        def median_residual(candidate: SeasonalMedianForecaster) -> float:
            residuals = finite(np.abs(values - season - median_before(values - season, candidate.span)))
            return float(np.median(residuals)) if residuals.size else np.inf

        return min(candidates, key=median_residual)

    @property
    def memory(self) -> int:
        """See Forecaster.memory."""
        return self.span + ((self.cycles + 1) * self.period if self.period else 0)

    @property
    def mask_reach(self) -> int:
        """See Forecaster.mask_reach."""
        return self.span

    @property
    def context(self) -> int:
        """See Forecaster.context."""
        return 0

    @property
    def notes(self) -> Sequence[Note]:
        """See Forecaster.notes."""
        return [Note("median_level", {"points": self.span})]

    def season(self, values: Floats) -> Floats:
        """(n,) from earlier cycles; NaN where none is known."""
        if not self.period:
            return np.zeros(len(values))
        return same_phase_median(values - self.cycle_means(values, self.period), self.period, self.cycles)

    def cycle_means(self, values: Floats, period: int) -> Floats:
        """(n,) the mean of the cycle of which each point is the middle; NaN where too little of it is known.

        Sums of integers, which are exact wherever the series starts.
        """
        quantized = self.scale.quantize(values)
        known = np.isfinite(quantized)
        count = moving_sum(known.astype(np.float64), period)
        with np.errstate(invalid="ignore", divide="ignore"):
            means = moving_sum(np.where(known, quantized, 0.0), period) / count
        means = np.where(count >= MIN_KNOWN_SHARE * period, means, np.nan)
        means = means * (self.scale.std / STEPS_PER_STD) + self.scale.centre
        means[: period - 1] = np.nan
        ahead = (period - 1) // 2
        return np.concatenate((means[ahead:], np.full(min(ahead, len(means)), np.nan)))

    def forecast(self, values: Floats, first: int, report: FractionCallback, since: int = 0) -> Forecast:
        """See Forecaster.forecast."""
        season = self.season(values)[since:]
        deseasonalized = values[since:] - season
        level = median_before(deseasonalized, self.span)
        return LevelAndSeason(season, deseasonalized, self.span, level + season)

    def state(self) -> dict[str, Any]:
        """Everything learned, as JSON values."""
        return asdict(self)


def median_before(values: Floats, span: int) -> Floats:
    """(n,) median of the known ones of the `span` values before each point; NaN where none is."""
    padded = np.concatenate((np.full(span, np.nan), values[:-1])) if len(values) else values
    return np.concatenate([np.empty(0), *_medians(padded, span)])


def _medians(padded: Floats, span: int) -> Iterator[Floats]:
    windows = sliding_window_view(padded, span) if len(padded) >= span else np.empty((0, span))
    for start in range(0, len(windows), BLOCK):
        yield sorted_median(np.sort(windows[start : start + BLOCK], axis=1), axis=1)


class Seasonal(ForecastResidual):
    """Distances from level and season, both from earlier points; `detect_offline` takes them from STL."""

    title = "Season and level"
    help = (
        "Subtracts the typical cycle and the level of the last points, both estimated robustly, "
        "and flags large remainders. Simple and fast."
    )

    def __init__(self, model: ResidualModel, params: Mapping[str, Any], offline_stats: Sequence[float]) -> None:
        super().__init__(model, params)
        self.offline_stats = (
            offline_stats  # of the remainder of STL: mean, and standard deviation · OFFLINE_SIGMA_FACTOR
        )

    @classmethod
    @checked
    def fit(
        cls,
        series: Series,
        *,
        progress: ProgressCallback = no_progress,
        sigma: Sigma = DEFAULT_SIGMA,
        cycles: Annotated[int, Param("cycles", 3, 20, "How many past cycles the season is taken from.")] = 5,
        merge_gap: MergeGap = DEFAULT_MERGE_GAP,
    ) -> Self:
        """See Detector.fit."""
        grid = RegularGrid.learn(series)
        cells, _ = grid.cells(series, len(series), CHUNK)
        values = place_in_cells(series.values / unit_of(series.values), cells)
        periods = find_periods(values, grid.step_ms)
        period = periods[-1] if periods else None
        forecaster = SeasonalMedianForecaster.fit(values, period, cycles)
        model = ResidualModel.fit(series, forecaster, grid, period, sigma, progress)
        mean, std = residual_stats(np.abs(values - trend_and_season(values, period)), min_scale(values))
        params = {"sigma": sigma, "cycles": cycles, "merge_gap": merge_gap}
        return cls(model, params, (mean, OFFLINE_SIGMA_FACTOR * std))

    def detect_offline(self, series: Series, *, progress: ProgressCallback = no_progress) -> Detection:
        """See Detector.detect_offline: trend and season from the complete series."""
        progress("detect", 0.0)
        model = self.model
        cells, _ = model.grid.cells(series, self.memory, model.period or 1)  # a shortened gap keeps the phase
        values = place_in_cells(series.values / model.unit, cells)
        forecast = trend_and_season(values, model.period)[cells]
        expected = np.where(np.isnan(series.values), np.nan, forecast)
        return self.detection(series, forecast, expected, self.offline_stats)

    def _state(self) -> dict[str, Any]:
        return {**super()._state(), "offline_stats": list(self.offline_stats)}

    @classmethod
    def _from_state(cls, state: Mapping[str, Any]) -> Self:
        return cls(cls.model_from_state(state["model"]), state["params"], state["offline_stats"])

    @staticmethod
    def forecaster_from_state(state: Mapping[str, Any]) -> Forecaster:
        """See ForecastResidual.forecaster_from_state."""
        return SeasonalMedianForecaster(state["period"], state["cycles"], state["span"], Scale(**state["scale"]))


def trend_and_season(values: Floats, period: int | None) -> Floats:
    """(n,) by STL of a complete series; NaN where nothing is known at all."""
    if not np.isfinite(values).any():
        return np.full(len(values), np.nan)
    seasonal = period is not None and len(values) >= 2 * period
    parts = decompose(values, period or 0) if seasonal else decompose_level(values, LEVEL_WINDOW)
    return parts.trend + parts.season
