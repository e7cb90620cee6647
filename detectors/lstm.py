"""The LSTM detector: residuals of a forecaster that learned the series itself."""

from collections.abc import Mapping
from typing import Annotated, Any, Self

from anomaly_detection import DEFAULT_GAP, Gap, Progress, no_progress, unit_of
from detectors.forecast_residual import CHUNK, DEFAULT_SIGMA, Forecaster, ForecastResidual, Sigma
from grid import Grid, spread_out
from model import LSTMForecaster
from parameters import Param, checked
from period import find_periods
from series import Series


class LSTM(ForecastResidual):
    """Forecast residuals of `model.LSTMForecaster`."""

    title = "LSTM forecast"
    help = "Learns how the series goes on from its own past and marks values far from what was expected. The default."

    @classmethod
    @checked
    def fit(
        cls,
        series: Series,
        *,
        progress: Progress = no_progress,
        sigma: Sigma = DEFAULT_SIGMA,
        gap: Gap = DEFAULT_GAP,
        seed: Annotated[int, Param(None, 0, 2**31 - 1, "The same seed gives the same answer.")] = 0,
    ) -> Self:
        """See Detector.fit."""
        grid = Grid.learn(series)
        cells, _ = grid.cells(series, len(series), CHUNK)
        values = spread_out(series.values / unit_of(series.values), cells)
        periods = find_periods(values, grid.step_ms)
        forecaster = LSTMForecaster.fit(
            values, periods, seed=seed, report=lambda fraction: progress("fit", fraction / 2)
        )
        return cls.learn(
            series, forecaster, grid, next(iter(periods), None), {"sigma": sigma, "gap": gap, "seed": seed}, progress
        )

    @staticmethod
    def forecaster_from_state(state: Mapping[str, Any]) -> Forecaster:
        """See ForecastResidual.forecaster_from_state."""
        return LSTMForecaster.from_state(state)
