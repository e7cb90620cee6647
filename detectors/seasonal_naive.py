"""The honest baseline: each value expected where the last cycles were at the same phase."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Annotated, Any, Self

import numpy as np

from anomaly_detection import DEFAULT_MERGE_GAP, MergeGap, Progress, no_progress
from detectors.forecast_residual import (
    CHUNK,
    DEFAULT_SIGMA,
    Forecast,
    Forecaster,
    ForecastResidual,
    Report,
    Sigma,
)
from parameters import Param, checked
from timeseries import Bools, Floats, Note, Series
from timeseries.gap_filling import MAX_FILL, fill_forward
from timeseries.regular_grid import RegularGrid, place_in_cells
from timeseries.scaling import unit_of
from timeseries.seasonality import find_periods, lagged, same_phase_median


@dataclass(frozen=True, eq=False)
class SameSeasonForecast:
    """The forecasts of one series, made once: medians of three cycles hide what is odd in one of them."""

    expected: Floats

    @property
    def draft(self) -> Floats:
        """The same."""
        return self.expected

    def hiding(self, hidden: Bools) -> Self:
        """The same forecasts."""
        return self


@dataclass(frozen=True, eq=False)
class ValueBefore:
    """Where there is no period: each value expected to be the one before, which is not hidden."""

    values: Floats
    expected: Floats

    @property
    def draft(self) -> Floats:
        """The same."""
        return self.expected

    def hiding(self, hidden: Bools) -> Self:
        """Forecasts from the last value that is not hidden."""
        return replace(self, expected=lagged(fill_forward(np.where(hidden, np.nan, self.values)), 1))


@dataclass(frozen=True)
class SameSeason:
    """expected = median of the last cycles at the same phase; the value before where there is no period."""

    period: int | None
    cycles: int

    @property
    def memory(self) -> int:
        """Points before the one that is forecast."""
        return self.period * self.cycles if self.period else MAX_FILL + 1

    @property
    def reach(self) -> int:
        """Points after a hidden one whose drafts may change."""
        return 0 if self.period else MAX_FILL + 1

    @property
    def run_up(self) -> int:
        """See Forecaster.run_up."""
        return 0

    @property
    def notes(self) -> Sequence[Note]:
        """See Forecaster.notes."""
        return [] if self.period else [Note("previous_value")]

    def forecast(self, values: Floats, first: int, report: Report, since: int = 0) -> Forecast:
        """See Forecaster.forecast."""
        if self.period:
            return SameSeasonForecast(same_phase_median(values, self.period, self.cycles, since))
        return ValueBefore(values[since:], lagged(fill_forward(values[since:]), 1))

    def state(self) -> dict[str, Any]:
        """Period and cycles."""
        return {"period": self.period, "cycles": self.cycles}


class SeasonalNaive(ForecastResidual):
    """Forecast residuals of the same phase in the last cycles; of the value before where no period was found."""

    title = "Seasonal naive"
    help = "Expects what came at the same time in the last cycles. A baseline that other detectors must beat."

    @classmethod
    @checked
    def fit(
        cls,
        series: Series,
        *,
        progress: Progress = no_progress,
        sigma: Sigma = DEFAULT_SIGMA,
        cycles: Annotated[int, Param("cycles", 3, 20, "How many past cycles the expected value is taken from.")] = 3,
        merge_gap: MergeGap = DEFAULT_MERGE_GAP,
    ) -> Self:
        """See Detector.fit."""
        grid = RegularGrid.learn(series)
        cells, _ = grid.cells(series, len(series), CHUNK)
        periods = find_periods(place_in_cells(series.values / unit_of(series.values), cells), grid.step_ms)
        period = periods[-1] if periods else None
        forecaster = SameSeason(period, cycles)
        return cls.learn(
            series, forecaster, grid, period, {"sigma": sigma, "cycles": cycles, "merge_gap": merge_gap}, progress
        )

    @staticmethod
    def forecaster_from_state(state: Mapping[str, Any]) -> Forecaster:
        """See ForecastResidual.forecaster_from_state."""
        return SameSeason(state["period"], state["cycles"])
