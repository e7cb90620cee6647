"""The honest baseline: each value expected where the last cycles were at the same phase."""

from collections.abc import Mapping
from typing import Annotated, Any, Self

import numpy as np

from anomaly_detection import DEFAULT_GAP, Gap, Progress, no_progress, unit_of
from detectors.forecast_residual import (
    BELIEVED_AFTER,
    CHUNK,
    DEFAULT_SIGMA,
    Forecaster,
    ForecastResidual,
    Hide,
    Report,
    Sigma,
)
from grid import Grid, spread_out
from linear import hold
from parameters import Param, checked
from period import find_periods, lagged, same_phase
from series import Floats, Series


class SameSeason:
    """expected = median of the last cycles at the same phase; the value before where there is no period."""

    def __init__(self, period: int | None, cycles: int) -> None:
        self.period, self.cycles = period, cycles

    @property
    def memory(self) -> int:
        """Values before the one that is forecast."""
        return self.period * self.cycles if self.period else BELIEVED_AFTER + 1

    def forecast(self, values: Floats, hide: Hide, first: int, report: Report) -> Floats:
        """See Forecaster.forecast. In a season one odd cycle of three is hidden by the median."""
        if self.period:
            return same_phase(values, self.period, self.cycles)
        shown = np.where(hide(lagged(hold(values, BELIEVED_AFTER), 1)), np.nan, values)
        return lagged(hold(shown, BELIEVED_AFTER), 1)

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
        periods = find_periods(spread_out(series.values / unit_of(series.values), cells), grid.step_ms)
        period = periods[-1] if periods else None
        forecaster = SameSeason(period, cycles)
        return cls.learn(series, forecaster, grid, period, {"sigma": sigma, "cycles": cycles, "gap": gap}, progress)

    @staticmethod
    def forecaster_from_state(state: Mapping[str, Any]) -> Forecaster:
        """See ForecastResidual.forecaster_from_state."""
        return SameSeason(state["period"], state["cycles"])
