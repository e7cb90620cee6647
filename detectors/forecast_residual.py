"""Judging by forecast: a point is anomalous where it lies further from its expected value than residuals usually do."""

from abc import abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Annotated, Any, ClassVar, Protocol, Self

import numpy as np

from anomaly_detection import Components, Detection, Detector, Progress, no_progress, residual_stats, residual_threshold
from parameters import Param
from timeseries import Bools, Floats, Note, Series
from timeseries.regular_grid import RegularGrid, place_in_cells
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
MAX_MASKED_RUN = 12
"""After so many anomalies in a row new values are believed: a fault does not echo, but a new level is learned."""
MIN_THRESHOLD = 5e-324
"""The smallest number above 0: a threshold of tiny values must not become 0."""
MAX_MASKING_ROUNDS = 8
"""Most times that drafts are made without what surprised the ones before: a fault of n points takes n + 1."""
WIDENED_RATIO = 3.0
"""Factor by which a few far values must widen the threshold for it to be told."""
OUTLIERS_WIDEN_BAND = "outliers_widen_band"
"""Code of the note about it."""
CHUNK = 256
"""Gaps are shortened by multiples of this many cells, so that every forecaster's chunks keep their place."""
Report = Callable[[float], None]


class Forecast(Protocol):
    """The forecasts of one series."""

    @property
    def draft(self) -> Floats:
        """(n,) each from earlier points, quickly and to the bit: what is hidden is decided by it."""

    @property
    def expected(self) -> Floats:
        """(n,) each from earlier points; NaN where it cannot tell."""

    def hiding(self, hidden: Bools) -> Self:
        """The forecasts made without showing the `hidden` points (n,)."""


class Forecaster(Protocol):
    """What a forecast-residual detector has."""

    @property
    def memory(self) -> int:
        """Points before the one that is forecast."""

    @property
    def reach(self) -> int:
        """Points after a hidden one whose drafts may change."""

    @property
    def run_up(self) -> int:
        """Points before the one that is forecast whose drafts enter its forecast."""

    @property
    def notes(self) -> Sequence[Note]:
        """What was learned."""

    def forecast(self, values: Floats, first: int, report: Report, since: int = 0) -> Forecast:
        """What is expected of the values (n,) from position `since` on: columns (n − since,).

        values[0] lies at `first` in a longer series. What is said of `reach` points from `since` on is not used.
        """

    def state(self) -> dict[str, Any]:
        """Everything learned."""


@dataclass(frozen=True, eq=False)
class ResidualComponents(Components):
    """residual_stats: mean and standard deviation of the residuals that were learned, ÷ unit."""

    residual_stats: Sequence[float]
    unit: float


class ForecastResidual(Detector):
    """score = |value − expected|, threshold = mean(residual) + sigma · std(residual) over the series it was fitted on.

    Forecasts are made again without the points that lie beyond the threshold, until these stay the same or PASSES are
    done: a fault must not echo in the forecasts after it. At most BELIEVED_AFTER points in a row are hidden so.
    Residuals of missing and warm-up points are left out. Unit of the score: the series' own.
    """

    adjustable_params = ("sigma", "merge_gap")
    components_type: ClassVar[type[Components]] = ResidualComponents

    def __init__(
        self,
        forecaster: Forecaster,
        grid: RegularGrid,
        unit: float,
        period: int | None,
        hiding: float,
        threshold: float,
        params: Mapping[str, Any],
        notes: Sequence[Note] = (),
        usual: Sequence[float] | None = None,
    ) -> None:
        self.notes = tuple(notes)
        self.usual = usual  # mean and standard deviation of the residuals ÷ unit; None: a state that is older
        self.forecaster, self.grid, self.unit, self.period = forecaster, grid, unit, period
        self.hiding, self.threshold, self.params = hiding, threshold, params
        hiding_reach = MAX_MASKING_ROUNDS * (forecaster.reach + MAX_MASKED_RUN) + 1
        self.memory = forecaster.memory + hiding_reach
        self.settling = forecaster.reach + hiding_reach  # points before one whose drafts settle its own
        self.drafted = forecaster.run_up + self.settling  # points before one that drafts are made of

    @classmethod
    def learn(
        cls,
        series: Series,
        forecaster: Forecaster,
        grid: RegularGrid,
        period: int | None,
        params: Any,
        progress: Progress,
    ) -> Self:
        """Sets both thresholds from the residuals of the series the forecaster was fitted on."""
        found = cls(forecaster, grid, unit_of(series.values), period, np.inf, np.inf, params)
        cells, first = grid.cells(series, found.memory, CHUNK)
        values = place_in_cells(series.values / found.unit, cells)
        floor = min_scale(values)

        def limit(expected: Floats) -> float:
            return residual_threshold(np.abs(values - expected), params["sigma"], floor)

        forecast = forecaster.forecast(values, first, lambda fraction: progress("fit", (1 + fraction) / 2))
        found.hiding = limit(forecast.draft)
        expected = found._settled(values, forecast).expected
        found.threshold = limit(expected)
        found.usual = residual_stats(np.abs(values - expected), floor)
        within = np.where(np.abs(values - expected) > found.threshold, np.nan, expected)
        found.notes = (period_note(period), *forecaster.notes, *widened_notes(found.threshold, limit(within)))
        return found

    def detect(self, series: Series, *, progress: Progress = no_progress) -> Detection:
        """See Detector.detect."""
        return self._judged(series, len(series), progress)

    def detect_last(self, series: Series, new: int) -> Detection:
        """See Detector.detect_last: forecasts are made of no more points than these are judged by."""
        return self._judged(series, new, no_progress)

    def _judged(self, series: Series, new: int, progress: Progress) -> Detection:
        progress("detect", 0.0)
        tail = self.grid.tail(series, series.values / self.unit, new, self.memory, CHUNK)
        since = max(tail.since - self.drafted, 0)
        forecast = self.forecaster.forecast(
            tail.values, tail.first, lambda fraction: progress("detect", fraction), since
        )
        expected = self._settled(tail.values[since:], forecast).expected[tail.cells - since]
        series = series.slice(len(series) - new, len(series))
        score = times_unit(np.abs(series.values / self.unit - expected), self.unit)
        expected = times_unit(expected, self.unit)
        threshold, margin = threshold_and_margin(self.threshold, self.unit, expected)
        merge_gap, components = (
            int(self.params["merge_gap"]),
            ResidualComponents(self.usual, self.unit) if self.usual else None,
        )
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

    @classmethod
    def rethreshold(cls, kept: Detection, params: Mapping[str, Any]) -> Detection:
        """See Detector.rethreshold."""
        components = kept.components
        assert isinstance(components, ResidualComponents)
        mean, spread = components.residual_stats
        threshold, margin = threshold_and_margin(mean + params["sigma"] * spread, components.unit, kept.expected)
        return replace(super().rethreshold(kept, params), margin=margin, threshold=threshold)

    def drafts(self, values: Floats, since: int) -> Floats:
        """(n − since,) the drafts of values (n,) ÷ unit, in cells, once those that surprise are hidden. To the bit what
        they are in a longer series, but for the first `settling` after a `since` above 0.
        """
        return self._settled(values[since:], self.forecaster.forecast(values, 0, lambda fraction: None, since)).draft

    def _settled(self, values: Floats, forecast: Forecast) -> Forecast:
        """The forecasts of values (n,) once the points whose drafts are far off no longer enter them."""
        hidden = np.zeros(len(values), dtype=bool)
        for _ in range(MAX_MASKING_ROUNDS):
            surprising = np.abs(values - forecast.draft) > self.hiding
            now = limit_runs(surprising, MAX_MASKED_RUN)
            if np.array_equal(now, hidden):
                break
            forecast, hidden = forecast.hiding(now), now
        return forecast

    def _state(self) -> dict[str, Any]:
        """See Detector.state."""
        return {
            "forecaster": self.forecaster.state(),
            "grid": self.grid.state(),
            "unit": self.unit,
            "period": self.period,
            "hiding": self.hiding,
            "threshold": self.threshold,
            "params": dict(self.params),
            "notes": [note.to_plain() for note in self.notes],
            "usual": self.usual,
        }

    @classmethod
    def _from_state(cls, state: Mapping[str, Any]) -> Self:
        """See Detector.from_state."""
        grid = RegularGrid.from_state(state["grid"])
        known = {name: state[name] for name in ("unit", "period", "hiding", "threshold", "params")}
        notes = [Note.from_plain(note) for note in state["notes"]]
        forecaster = cls.forecaster_from_state(state["forecaster"])
        return cls(forecaster, grid, **known, notes=notes, usual=state.get("usual"))

    @staticmethod
    @abstractmethod
    def forecaster_from_state(state: Mapping[str, Any]) -> Forecaster:
        """The forecaster that gave this state."""


def threshold_and_margin(threshold: float, unit: float, expected: Floats) -> tuple[float, Floats]:
    """A threshold ÷ unit in the series' unit, and as margin (n,) around what is expected."""
    limit = max(float(times_unit(np.array(threshold), unit)), MIN_THRESHOLD)
    return limit, np.where(np.isnan(expected), np.nan, limit)


def period_note(period: int | None) -> Note:
    """The period in points, or that there is none."""
    return Note("period", {"points": period}) if period else Note("no_period")


def widened_notes(threshold: float, within: float) -> list[Note]:
    """A note where a few outliers make the threshold much wider than the other values alone would."""
    if threshold < WIDENED_RATIO * within:
        return []
    return [Note(OUTLIERS_WIDEN_BAND, {"factor": threshold / within})]


def limit_runs(flags: Bools, longest: int) -> Bools:
    """(n,) the flags of which fewer than `longest` of the `longest` points before are flagged.

    >>> first_of_each_run(np.array([True, True, True, True, False, True]), 2).tolist()
    [True, True, False, False, False, True]
    """
    before = np.concatenate(([0], np.cumsum(flags)))
    at = np.arange(len(flags))
    return flags & (before[at] - before[np.maximum(at - longest, 0)] < longest)
