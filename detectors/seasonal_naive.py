"""Seasonal naive: each value is expected to be that of the last cycles at the same phase. The baseline of the field
(Hyndman & Athanasopoulos, "Forecasting: Principles and Practice", section 5.2)."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Annotated, Any, Self

import numpy as np

from anomaly_detection import DEFAULT_MERGE_GAP, MergeGap, ProgressCallback, no_progress
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
from parameters import Param, checked
from timeseries import Bools, Floats, Note, Series
from timeseries.gap_filling import MAX_FILL, fill_forward
from timeseries.regular_grid import RegularGrid, place_in_cells
from timeseries.scaling import unit_of
from timeseries.seasonality import find_periods, lagged, same_phase_median


@dataclass(frozen=True, eq=False)
class SamePhaseForecast:
    """Forecasts that masking does not change: the median of three cycles bears an outlier in one of them."""

    expected: Floats

    @property
    def preliminary(self) -> Floats:
        """The same."""
        return self.expected

    def masking(self, masked: Bools) -> Self:
        """The same forecasts."""
        return self


@dataclass(frozen=True, eq=False)
class PreviousValueForecast:
    """Each value (n,) is expected to be the last one before it that is known and not masked."""

    values: Floats
    expected: Floats

    @property
    def preliminary(self) -> Floats:
        """The same."""
        return self.expected

    def masking(self, masked: Bools) -> Self:
        """See Forecast.masking."""
        return replace(self, expected=lagged(fill_forward(np.where(masked, np.nan, self.values)), 1))


@dataclass(frozen=True)
class SeasonalNaiveForecaster:
    """expected = median of the last cycles at the same phase; the previous value where there is no period."""

    period: int | None
    cycles: int

    @property
    def memory(self) -> int:
        """See Forecaster.memory."""
        return self.period * self.cycles if self.period else MAX_FILL + 1

    @property
    def mask_reach(self) -> int:
        """See Forecaster.mask_reach."""
        return 0 if self.period else MAX_FILL + 1

    @property
    def context(self) -> int:
        """See Forecaster.context."""
        return 0

    @property
    def notes(self) -> Sequence[Note]:
        """See Forecaster.notes."""
        return [] if self.period else [Note("previous_value")]

    def forecast(self, values: Floats, first: int, report: FractionCallback, since: int = 0) -> Forecast:
        """See Forecaster.forecast."""
        if self.period:
            return SamePhaseForecast(same_phase_median(values, self.period, self.cycles, since))
        return PreviousValueForecast(values[since:], lagged(fill_forward(values[since:]), 1))

    def state(self) -> dict[str, Any]:
        """Period and cycles."""
        return asdict(self)


class SeasonalNaive(ForecastResidual):
    """Forecast residuals of the same phase in the last cycles; of the previous value in a series without a period."""

    title = "Seasonal naive"
    help = "Expects the median of the same phase in the last cycles. A baseline that other detectors must beat."

    @classmethod
    @checked
    def fit(
        cls,
        series: Series,
        *,
        progress: ProgressCallback = no_progress,
        sigma: Sigma = DEFAULT_SIGMA,
        cycles: Annotated[int, Param("cycles", 3, 20, "How many past cycles the expected value is taken from.")] = 3,
        merge_gap: MergeGap = DEFAULT_MERGE_GAP,
    ) -> Self:
        """See Detector.fit."""
        grid = RegularGrid.learn(series)
        cells, _ = grid.cells(series, len(series), CHUNK)
        periods = find_periods(place_in_cells(series.values / unit_of(series.values), cells), grid.step_ms)
        period = periods[-1] if periods else None
        forecaster = SeasonalNaiveForecaster(period, cycles)
        model = ResidualModel.fit(series, forecaster, grid, period, sigma, progress)
        return cls(model, {"sigma": sigma, "cycles": cycles, "merge_gap": merge_gap})

    @staticmethod
    def forecaster_from_state(state: Mapping[str, Any]) -> Forecaster:
        """See ForecastResidual.forecaster_from_state."""
        return SeasonalNaiveForecaster(**state)
