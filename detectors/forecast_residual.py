"""Forecast residuals: a point is anomalous where its residual exceeds the threshold of typical residuals."""

from abc import abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Annotated, Any, ClassVar, Protocol, Self

import numpy as np

from anomaly_detection import Components, Detection, Detector, ProgressCallback, no_progress
from parameters import Param
from timeseries import Bools, Floats, Note, Series
from timeseries.intervals import count_within
from timeseries.regular_grid import RegularGrid, place_in_cells
from timeseries.residuals import residual_stats, residual_threshold
from timeseries.scaling import min_scale, times_unit, unit_of

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
"""Standard deviations of absolute residuals, which are smaller than those of residuals: 6 are about 4.4 of normal
noise."""
MAX_MASKED_RUN = 12
"""Outliers in a row that are masked, at most: a fault does not echo in later forecasts, but a new level is learned
(decision 7 in docs/decisions)."""
MAX_MASKING_ROUNDS = 8
"""Rounds of masking and forecasting anew, at most: a fault of n points needs n + 1 (decision 7)."""
MIN_THRESHOLD = 5e-324
"""The smallest number above 0: a threshold of tiny values must not become 0."""
WIDENED_RATIO = 3.0
"""Factor by which a few outliers must widen the threshold for a note about it."""
OUTLIERS_WIDEN_BAND = "outliers_widen_band"
"""Code of that note."""
CHUNK = 256
"""Gaps are shortened by multiples of this many cells, so that chunks of every length begin at the same cells."""
FractionCallback = Callable[[float], None]


class Forecast(Protocol):
    """The forecasts of one series."""

    @property
    def preliminary(self) -> Floats:
        """(n,) a quick forecast of each point from earlier ones, the same to the bit wherever the series was cut: it
        decides what is masked."""

    @property
    def expected(self) -> Floats:
        """(n,) the forecast of each point from earlier ones; NaN where there is none."""

    def masking(self, masked: Bools) -> Self:
        """The forecasts with the `masked` points (n,) treated as missing."""


class Forecaster(Protocol):
    """Forecasts each point of a series from those before it."""

    @property
    def memory(self) -> int:
        """Points before a point that its forecast is made from."""

    @property
    def mask_reach(self) -> int:
        """Points after a masked one whose preliminary forecasts may change."""

    @property
    def context(self) -> int:
        """Points before a point whose preliminary forecasts enter its forecast."""

    @property
    def notes(self) -> Sequence[Note]:
        """What was learned."""

    def forecast(self, values: Floats, first: int, report: FractionCallback, since: int = 0) -> Forecast:
        """The forecasts of values (n,) from position `since` on: columns (n − since,).

        values[0] lies at `first` in a longer series. The first `mask_reach` forecasts after `since` are not used.
        """

    def state(self) -> dict[str, Any]:
        """Everything learned."""


@dataclass(frozen=True, eq=False)
class ResidualModel:
    """A forecaster and the typical size of its residuals.

    grid, unit         of the series, see `RegularGrid` and `unit_of`; what follows is ÷ unit
    period             in cells; None where the series has none
    masking_threshold  residual of a preliminary forecast beyond which the point is masked
    residual_stats     mean and standard deviation of the absolute residuals
    """

    forecaster: Forecaster
    grid: RegularGrid
    unit: float
    period: int | None
    masking_threshold: float
    residual_stats: Sequence[float]
    notes: tuple[Note, ...]

    @classmethod
    def fit(
        cls,
        series: Series,
        forecaster: Forecaster,
        grid: RegularGrid,
        period: int | None,
        sigma: float,
        progress: ProgressCallback,
    ) -> "ResidualModel":
        """Learns both thresholds from the series that the forecaster was fitted on."""
        unit = unit_of(series.values)
        cells, first = grid.cells(series, forecaster.memory + masking_memory(forecaster), CHUNK)
        values = place_in_cells(series.values / unit, cells)
        floor = min_scale(values)
        forecast = forecaster.forecast(values, first, lambda fraction: progress("fit", (1 + fraction) / 2))
        masking_threshold = residual_threshold(np.abs(values - forecast.preliminary), sigma, floor)
        residuals = np.abs(values - mask_outliers(values, forecast, masking_threshold).expected)
        threshold = residual_threshold(residuals, sigma, floor)
        normal = np.where(residuals > threshold, np.nan, residuals)
        outlier_notes = widened_notes(threshold, residual_threshold(normal, sigma, floor))
        notes = (period_note(period), *forecaster.notes, *outlier_notes)
        return cls(forecaster, grid, unit, period, masking_threshold, residual_stats(residuals, floor), notes)

    @property
    def memory(self) -> int:
        """Points before a point that its score is computed from."""
        return self.forecaster.memory + masking_memory(self.forecaster)

    @property
    def mask_memory(self) -> int:
        """Points before a point on which it depends whether it is masked."""
        return self.forecaster.mask_reach + masking_memory(self.forecaster)

    def expected(self, series: Series, new: int, report: FractionCallback) -> Floats:
        """(new,) the forecasts of the last points of a series, ÷ unit, from no more points than these depend on."""
        tail = self.grid.tail(series, series.values / self.unit, new, self.memory, CHUNK)
        since = max(tail.since - self.forecaster.context - self.mask_memory, 0)
        forecast = self.forecaster.forecast(tail.values, tail.first, report, since)
        masked = mask_outliers(tail.values[since:], forecast, self.masking_threshold)
        return masked.expected[tail.cells - since]

    def preliminary(self, values: Floats, since: int) -> Floats:
        """(n − since,) the preliminary forecasts of values (n,) ÷ unit, in cells, with outliers masked.

        The same to the bit as in a longer series, but for the first `mask_memory` after a `since` above 0.
        """
        forecast = self.forecaster.forecast(values, 0, lambda fraction: None, since)
        return mask_outliers(values[since:], forecast, self.masking_threshold).preliminary

    def state(self) -> dict[str, Any]:
        """Everything learned, as JSON values and arrays."""
        return {
            "forecaster": self.forecaster.state(),
            "grid": self.grid.state(),
            "unit": self.unit,
            "period": self.period,
            "masking_threshold": self.masking_threshold,
            "residual_stats": list(self.residual_stats),
            "notes": [note.to_json() for note in self.notes],
        }

    @classmethod
    def from_state(cls, state: Mapping[str, Any], forecaster: Forecaster) -> "ResidualModel":
        """Inverse of `state`."""
        return cls(
            forecaster,
            RegularGrid.from_state(state["grid"]),
            state["unit"],
            state["period"],
            state["masking_threshold"],
            state["residual_stats"],
            tuple(Note.from_json(note) for note in state["notes"]),
        )


@dataclass(frozen=True, eq=False)
class ResidualComponents(Components):
    """residual_stats: mean and standard deviation of the residuals that were learned, ÷ unit."""

    residual_stats: Sequence[float]
    unit: float


class ForecastResidual(Detector):
    """score = |value − expected|, threshold = mean(residual) + sigma · std(residual) over the series it was fitted on.

    Points beyond the threshold are masked, and forecasts made anew without them, until the same points stay masked: a
    fault must not echo in the forecasts after it (decision 7 in docs/decisions). Residuals of missing and warm-up
    points are not learned. Unit of the score: the series' own.
    """

    adjustable_params = ("sigma", "merge_gap")
    components_type: ClassVar[type[Components]] = ResidualComponents

    def __init__(self, model: ResidualModel, params: Mapping[str, Any]) -> None:
        self.model = model
        self.params = params
        self.memory = model.memory

    def detect(self, series: Series, *, progress: ProgressCallback = no_progress) -> Detection:
        """See Detector.detect."""
        return self._detect(series, len(series), progress)

    def detect_last(self, series: Series, new: int) -> Detection:
        """See Detector.detect_last."""
        return self._detect(series, new, no_progress)

    def _detect(self, series: Series, new: int, progress: ProgressCallback) -> Detection:
        progress("detect", 0.0)
        model = self.model
        expected = model.expected(series, new, lambda fraction: progress("detect", fraction))
        recent = series.slice(len(series) - new, len(series))
        return self.detection(recent, expected, expected, model.residual_stats)

    def detection(self, series: Series, forecast: Floats, expected: Floats, stats: Sequence[float]) -> Detection:
        """The detection by the residuals of a forecast (n,) ÷ unit with mean and standard deviation `stats`.

        expected  (n,) ÷ unit: the same, NaN where it is not to be shown
        """
        unit = self.model.unit
        mean, std = stats
        shown = times_unit(expected, unit)
        threshold, margin = threshold_and_margin(mean + self.params["sigma"] * std, unit, shown)
        return Detection(
            series,
            shown,
            margin,
            times_unit(np.abs(series.values / unit - forecast), unit),
            threshold,
            self.params,
            int(self.params["merge_gap"]),
            self.model.period,
            self.model.notes,
            components=ResidualComponents(stats, unit),
        )

    @classmethod
    def rethreshold(cls, detection: Detection, params: Mapping[str, Any]) -> Detection:
        """See Detector.rethreshold."""
        components = detection.components
        assert isinstance(components, ResidualComponents)
        mean, std = components.residual_stats
        threshold, margin = threshold_and_margin(mean + params["sigma"] * std, components.unit, detection.expected)
        return replace(super().rethreshold(detection, params), margin=margin, threshold=threshold)

    def _state(self) -> dict[str, Any]:
        return {"model": self.model.state(), "params": dict(self.params)}

    @classmethod
    def _from_state(cls, state: Mapping[str, Any]) -> Self:
        return cls(cls.model_from_state(state["model"]), state["params"])

    @classmethod
    def model_from_state(cls, state: Mapping[str, Any]) -> ResidualModel:
        """Inverse of `ResidualModel.state`."""
        return ResidualModel.from_state(state, cls.forecaster_from_state(state["forecaster"]))

    @staticmethod
    @abstractmethod
    def forecaster_from_state(state: Mapping[str, Any]) -> Forecaster:
        """Inverse of the forecaster's `state`."""


def masking_memory(forecaster: Forecaster) -> int:
    """Points before a preliminary forecast that decide what is masked in it: each round reaches one run farther."""
    return MAX_MASKING_ROUNDS * (forecaster.mask_reach + MAX_MASKED_RUN) + 1


def mask_outliers(values: Floats, forecast: Forecast, threshold: float) -> Forecast:
    """The forecast of values (n,) after masking the points with large residuals of its preliminary forecasts."""
    masked = np.zeros(len(values), dtype=bool)
    for _ in range(MAX_MASKING_ROUNDS):
        outliers = limit_runs(np.abs(values - forecast.preliminary) > threshold, MAX_MASKED_RUN)
        if np.array_equal(outliers, masked):
            break
        forecast = forecast.masking(outliers)
        masked = outliers
    return forecast


def limit_runs(flags: Bools, longest: int) -> Bools:
    """(n,) the flags of which fewer than `longest` of the `longest` points before are flagged.

    >>> limit_runs(np.array([True, True, True, True, False, True]), 2).tolist()
    [True, True, False, False, False, True]
    """
    return flags & (count_within(flags, longest, -1) < longest)


def threshold_and_margin(threshold: float, unit: float, expected: Floats) -> tuple[float, Floats]:
    """A threshold ÷ unit in the series' unit, and as margin (n,) around the expected values."""
    limit = max(float(times_unit(np.array(threshold), unit)), MIN_THRESHOLD)
    return limit, np.where(np.isnan(expected), np.nan, limit)


def period_note(period: int | None) -> Note:
    """The period in points, or that there is none."""
    return Note("period", {"points": period}) if period else Note("no_period")


def widened_notes(threshold: float, without_outliers: float) -> list[Note]:
    """A note where a few outliers make the threshold much wider than the other values would."""
    if threshold < WIDENED_RATIO * without_outliers:
        return []
    return [Note(OUTLIERS_WIDEN_BAND, {"factor": threshold / without_outliers})]
