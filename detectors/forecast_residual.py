"""Judging by forecast: a point is anomalous where it lies further from its expected value than residuals usually do."""

from abc import abstractmethod
from collections.abc import Callable, Mapping
from typing import Annotated, Any, Protocol, Self

import numpy as np

from anomaly_detection import (
    Detection,
    Detector,
    Progress,
    no_progress,
    residual_threshold,
    spread_floor,
    times_unit,
    unit_of,
)
from grid import Grid, spread_out
from parameters import Param
from series import Bools, Floats, Series

Sigma = Annotated[
    float,
    Param(
        "standard deviations",
        0.5,
        100,
        "An anomaly lies further from the expected value than the mean distance plus this many standard deviations "
        "of the distances. Higher means fewer anomalies.",
    ),
]
DEFAULT_SIGMA = 6.0
BELIEVED_AFTER = 12
"""After so many anomalies in a row new values are believed: a fault does not echo, but a new level is learned."""
CHUNK = 64
Hide = Callable[[Floats], Bools]
Report = Callable[[float], None]


class Forecaster(Protocol):
    """What a forecast-residual detector has."""

    @property
    def memory(self) -> int:
        """Values before the one that is forecast."""

    def forecast(self, values: Floats, hide: Hide, first: int, report: Report) -> Floats:
        """Expected value (n,) of each value (n,) from earlier ones; NaN where it cannot tell.

        `hide` is told forecasts made from all values and answers which points (n,) not to show in those returned.
        """

    def state(self) -> dict[str, Any]:
        """Everything learned."""


class ForecastResidual(Detector):
    """score = |value − expected|, threshold = mean(residual) + sigma · std(residual) over the series it was fitted on.

    Forecasts are made twice. In the first pass points beyond the threshold are found; in the second they are hidden
    from the forecaster, up to BELIEVED_AFTER in a row, so that a fault does not echo in the forecasts after it.
    Residuals of missing and warm-up points are left out. Unit of the score: the series' own.
    """

    def __init__(
        self,
        forecaster: Forecaster,
        grid: Grid,
        unit: float,
        period: int | None,
        hiding: float,
        threshold: float,
        params: Mapping[str, Any],
    ) -> None:
        self.forecaster, self.grid, self.unit, self.period = forecaster, grid, unit, period
        self.hiding, self.threshold, self.params = hiding, threshold, params
        self.memory = 2 * forecaster.memory + BELIEVED_AFTER + 2

    @classmethod
    def learn(
        cls, series: Series, forecaster: Forecaster, grid: Grid, period: int | None, params: Any, progress: Progress
    ) -> Self:
        """Sets both thresholds from the residuals of the series the forecaster was fitted on."""
        found = cls(forecaster, grid, unit_of(series.values), period, np.inf, np.inf, params)
        values, first = found._cells(series)[1:]
        floor = spread_floor(values)

        def hide(expected: Floats) -> Bools:
            found.hiding = residual_threshold(np.abs(values - expected), params["sigma"], floor)
            return found._hidden(values, expected)

        expected = forecaster.forecast(values, hide, first, lambda fraction: progress("fit", (1 + fraction) / 2))
        found.threshold = residual_threshold(np.abs(values - expected), params["sigma"], floor)
        return found

    def detect(self, series: Series, *, progress: Progress = no_progress) -> Detection:
        """See Detector.detect."""
        progress("detect", 0.0)
        cells, values, first = self._cells(series)
        expected = self.forecaster.forecast(
            values,
            lambda expected: self._hidden(values, expected),
            first,
            lambda fraction: progress("detect", fraction),
        )
        score = times_unit(np.abs(series.values / self.unit - expected[cells]), self.unit)
        expected = times_unit(expected[cells], self.unit)
        threshold = float(times_unit(np.array(self.threshold), self.unit))
        margin = np.where(np.isnan(expected), np.nan, threshold)
        return Detection(series, expected, margin, score, threshold, self.params, int(self.params["gap"]), self.period)

    def _hidden(self, values: Floats, expected: Floats) -> Bools:
        return first_of_each_run(np.abs(values - expected) > self.hiding, BELIEVED_AFTER)

    def _cells(self, series: Series) -> tuple[Any, Floats, int]:
        cells, first = self.grid.cells(series, 2 * self.forecaster.memory, CHUNK)
        return cells, spread_out(series.values / self.unit, cells), first

    def state(self) -> dict[str, Any]:
        """See Detector.state."""
        return {
            "forecaster": self.forecaster.state(),
            "grid": self.grid.state(),
            "unit": self.unit,
            "period": self.period,
            "hiding": self.hiding,
            "threshold": self.threshold,
            "params": dict(self.params),
        }

    @classmethod
    def from_state(cls, state: Mapping[str, Any]) -> Self:
        """See Detector.from_state."""
        grid = Grid.from_state(state["grid"])
        known = {name: state[name] for name in ("unit", "period", "hiding", "threshold", "params")}
        return cls(cls.forecaster_from_state(state["forecaster"]), grid, **known)

    @staticmethod
    @abstractmethod
    def forecaster_from_state(state: Mapping[str, Any]) -> Forecaster:
        """The forecaster that gave this state."""


def first_of_each_run(flags: Bools, longest: int) -> Bools:
    """(n,) the flags of which fewer than `longest` of the `longest` points before are flagged.

    >>> first_of_each_run(np.array([True, True, True, True, False, True]), 2).tolist()
    [True, True, False, False, False, True]
    """
    before = np.concatenate(([0], np.cumsum(flags)))
    at = np.arange(len(flags))
    return flags & (before[at] - before[np.maximum(at - longest, 0)] < longest)
