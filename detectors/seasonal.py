"""The seasonal detector: what is left of a series once its level and its season are taken away, both robustly."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Annotated, Any, Self

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from anomaly_detection import DEFAULT_MERGE_GAP, Detection, MergeGap, Progress, no_progress, residual_stats
from detectors.forecast_residual import (
    CHUNK,
    DEFAULT_SIGMA,
    Forecast,
    Forecaster,
    ForecastResidual,
    Report,
    ResidualComponents,
    Sigma,
    threshold_and_margin,
)
from forecasting.stl import decompose, level
from parameters import Param, checked
from timeseries import Bools, Floats, Note, Series
from timeseries.regular_grid import RegularGrid, place_in_cells
from timeseries.robust import sorted_median
from timeseries.scaling import min_scale, times_unit, unit_of
from timeseries.seasonality import find_periods, same_phase_median
from timeseries.windows import STEPS_PER_STD, Scale, moving_sum

LEVEL_SPANS = (3, 9, 27)
"""Points before, of which the median says where the level is: the one that leaves least over is taken."""
MIN_KNOWN_SHARE = 0.75
"""Share of a cycle that must be known for its mean."""
LEVEL_WINDOW = 25
"""Points of the smooth that stands for the level of a finished series without a period."""
OFFLINE_SIGMA_FACTOR = 4 / 3
"""Factor of sigma in a review: STL follows most points and leaves the odd ones, so that what is left has longer tails.
With it clean series have as few false events as by earlier points alone."""
BLOCK = 8192
"""Windows sorted together."""


@dataclass(frozen=True, eq=False)
class LevelAndSeason:
    """The forecasts of one series: its season (n,), and the level of what is shown of the rest (n,)."""

    season: Floats
    rest: Floats
    span: int
    expected: Floats

    @property
    def draft(self) -> Floats:
        """The same."""
        return self.expected

    def hiding(self, hidden: Bools) -> Self:
        """Forecasts by the level of what is not hidden; a season is a median, which bears an odd cycle."""
        shown = np.where(hidden, np.nan, self.rest)
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
        """values (n,) evenly spaced; NaN is missing. The span is the one with the least median distance."""
        tried = [cls(period, cycles, span, Scale.fit(values)) for span in LEVEL_SPANS]
        season = tried[0].season(values)

        def left_over(each: SeasonalMedianForecaster) -> float:
            distance = np.abs(values - season - median_before(values - season, each.span))
            known = distance[np.isfinite(distance)]
            return float(np.median(known)) if known.size else np.inf

        return min(tried, key=left_over)

    @property
    def memory(self) -> int:
        """Points before the one that is forecast."""
        return self.span + ((self.cycles + 1) * self.period if self.period else 0)

    @property
    def reach(self) -> int:
        """Points after a hidden one whose drafts may change."""
        return self.span

    @property
    def run_up(self) -> int:
        """See Forecaster.run_up."""
        return 0

    @property
    def notes(self) -> Sequence[Note]:
        """See Forecaster.notes."""
        return [Note("median_level", {"points": self.span})]

    def season(self, values: Floats) -> Floats:
        """(n,) from earlier cycles alone; NaN where none is known."""
        if not self.period:
            return np.zeros(len(values))
        return same_phase_median(values - self.mean(values, self.period), self.period, self.cycles)

    def mean(self, values: Floats, period: int) -> Floats:
        """(n,) of the cycle of which each point is the middle; NaN where that is not there or too little known.

        Sums of whole numbers, which are exact wherever the series starts.
        """
        whole = self.scale.quantize(values)
        known = np.isfinite(whole)
        count = moving_sum(known.astype(np.float64), period)
        with np.errstate(invalid="ignore", divide="ignore"):
            means = moving_sum(np.where(known, whole, 0.0), period) / count
        means = (
            np.where(count >= MIN_KNOWN_SHARE * period, means, np.nan) * (self.scale.std / STEPS_PER_STD)
            + self.scale.centre
        )
        means[: period - 1] = np.nan
        ahead = (period - 1) // 2
        return np.concatenate((means[ahead:], np.full(min(ahead, len(means)), np.nan)))

    def forecast(self, values: Floats, first: int, report: Report, since: int = 0) -> Forecast:
        """See Forecaster.forecast."""
        season = self.season(values)[since:]
        rest = values[since:] - season
        return LevelAndSeason(season, rest, self.span, median_before(rest, self.span) + season)

    def state(self) -> dict[str, Any]:
        """Everything learned."""
        return {"period": self.period, "cycles": self.cycles, "span": self.span, "scale": self.scale.state()}


def median_before(values: Floats, span: int) -> Floats:
    """(n,) the median of the known ones of the `span` values before each point; NaN where none is."""
    padded = np.concatenate((np.full(span, np.nan), values[:-1])) if len(values) else values
    return np.concatenate([np.empty(0), *_medians(padded, span)])


def _medians(padded: Floats, span: int) -> Iterator[Floats]:
    windows = sliding_window_view(padded, span) if len(padded) >= span else np.empty((0, span))
    for start in range(0, len(windows), BLOCK):
        ordered = np.sort(windows[start : start + BLOCK], axis=1)  # NaN last
        yield sorted_median(ordered, axis=1)


class Seasonal(ForecastResidual):
    """Distances from level and season, both from earlier points; `detect_offline` takes them by STL."""

    title = "Season and level"
    help = (
        "Takes away the usual course of a cycle and the level of the last points, both so that odd values hardly "
        "count, and marks values far from what is left. Plain and quick."
    )
    reviewed: Sequence[float] = (0.0, 1.0)
    """Of what STL leaves over, ÷ unit: the mean distance, and what is added to it for each sigma."""

    @classmethod
    @checked
    def fit(
        cls,
        series: Series,
        *,
        progress: Progress = no_progress,
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
        params = {"sigma": sigma, "cycles": cycles, "merge_gap": merge_gap}
        found = cls.learn(series, SeasonalMedianForecaster.fit(values, period, cycles), grid, period, params, progress)
        rest = values - found.smooth(values)
        mean, spread = residual_stats(np.abs(rest), min_scale(values))
        found.reviewed = mean, OFFLINE_SIGMA_FACTOR * spread
        return found

    def detect_offline(self, series: Series, *, progress: Progress = no_progress) -> Detection:
        """See Detector.detect_offline: trend and season from the whole series."""
        progress("detect", 0.0)
        cells, _ = self.grid.cells(series, self.memory, self.period or 1)  # a shortened gap keeps the phase
        smooth = self.smooth(place_in_cells(series.values / self.unit, cells))[cells]
        expected = np.where(np.isnan(series.values), np.nan, times_unit(smooth, self.unit))
        score = times_unit(np.abs(series.values / self.unit - smooth), self.unit)
        mean, spread = self.reviewed
        threshold, margin = threshold_and_margin(mean + self.params["sigma"] * spread, self.unit, expected)
        merge_gap, components = int(self.params["merge_gap"]), ResidualComponents(self.reviewed, self.unit)
        return Detection(
            series,
            expected,
            margin,
            score,
            threshold,
            self.params,
            merge_gap,
            self.period,
            self.notes,
            components=components,
        )

    def smooth(self, values: Floats) -> Floats:
        """(n,) trend and season of a whole series; NaN where nothing is known at all."""
        if not np.isfinite(values).any():
            return np.full(len(values), np.nan)
        if self.period and len(values) >= 2 * self.period:
            parts = decompose(values, self.period)
        else:
            parts = level(values, LEVEL_WINDOW)
        return parts.trend + parts.season

    def _state(self) -> dict[str, Any]:
        """See Detector.state."""
        return {**super()._state(), "reviewed": self.reviewed}

    @classmethod
    def _from_state(cls, state: Mapping[str, Any]) -> Self:
        """See Detector.from_state."""
        found = super()._from_state(state)
        found.reviewed = state["reviewed"]
        return found

    @staticmethod
    def forecaster_from_state(state: Mapping[str, Any]) -> Forecaster:
        """See ForecastResidual.forecaster_from_state."""
        return SeasonalMedianForecaster(state["period"], state["cycles"], state["span"], Scale(**state["scale"]))
