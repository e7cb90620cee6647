"""The honest baseline: each value expected where the last cycles were at the same phase."""

from collections.abc import Mapping
from typing import Annotated, Any, Self

import numpy as np

from anomaly_detection import DEFAULT_GAP, Gap, Progress, no_progress, unit_of
from detectors.forecast_residual import CHUNK, DEFAULT_SIGMA, Forecaster, ForecastResidual, Sigma
from grid import Grid, spread_out
from parameters import Param, checked
from period import find_period, lagged, same_phase
from series import Bools, Floats, Series


class SameSeason:
    """expected = median of the last cycles at the same phase; the value before where there is no period."""

    def __init__(self, period: int | None, cycles: int) -> None:
        self.period, self.cycles = period, cycles

    @property
    def memory(self) -> int:
        """Values before the one that is forecast."""
        return self.period * self.cycles if self.period else 1

    def forecast(self, values: Floats, hidden: Bools | None, first: int, report: Any) -> Floats:
        """See Forecaster.forecast."""
        if self.period:
            return same_phase(values, self.period, self.cycles)
        return lagged(values if hidden is None else np.where(hidden, np.nan, values), 1)

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
        cycles: Annotated[int, Param("cycles", 1, 20, "How many past cycles the expected value is taken from.")] = 3,
        gap: Gap = DEFAULT_GAP,
    ) -> Self:
        """See Detector.fit."""
        grid = Grid.learn(series)
        cells, _ = grid.cells(series, len(series), CHUNK)
        period = find_period(spread_out(series.values / unit_of(series.values), cells), grid.step_ms)
        forecaster = SameSeason(period, cycles)
        return cls.learn(series, forecaster, grid, period, {"sigma": sigma, "cycles": cycles, "gap": gap})

    @staticmethod
    def forecaster_from_state(state: Mapping[str, Any]) -> Forecaster:
        """See ForecastResidual.forecaster_from_state."""
        return SameSeason(state["period"], state["cycles"])
