"""Detection by windows: a point is anomalous where the window that ends there is unlike the others."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, ClassVar, Protocol, Self

import numpy as np

from anomaly_detection import DEFAULT_MERGE_GAP, Detection, Detector, MergeGap, ProgressCallback, no_progress
from detectors.calibration import (
    DEFAULT_SIGMA,
    STRICT_SIGMA,
    ScoreCalibration,
    ScoreComponents,
    block_maxima_threshold,
    mean_over_covering_windows,
    mean_std_threshold,
)
from detectors.forecast_residual import Sigma, period_note
from parameters import checked
from timeseries import Floats, Note, Series
from timeseries.regular_grid import RegularGrid, place_in_cells
from timeseries.scaling import unit_of
from timeseries.seasonality import find_period

FIT_SHARE = 0.3
"""Share of the progress of a fit that the scorer's own fit stands for; the rest is scoring the series."""


class WindowScorer(Protocol):
    """Scores windows of one or several lengths by their distance from what is typical of the fitted series."""

    @classmethod
    def fit(cls, values: Floats, period: int | None) -> "WindowScorer":
        """values (n,) evenly spaced, NaN is missing; the period in points. Scores nothing where there are too few."""

    @property
    def memory(self) -> int:
        """Points before a point that its score needs."""

    @property
    def notes(self) -> Sequence[Note]:
        """What was learned."""

    def score_by_window_length(
        self, values: Floats, report: Callable[[float], None], since: int = 0
    ) -> list[tuple[int, Floats]]:
        """Each window length in points, and the distances (n,) >= 0 of the windows of that length by their last points.

        values (n,); a distance is NaN where it is unknown. The lengths are the same for all values, and may be none.
        Distances before position `since` are not needed and may be anything.
        """

    def state(self) -> dict[str, Any]:
        """Everything learned, as JSON values and numpy arrays by name."""

    @classmethod
    def from_state(cls, state: Mapping[str, Any]) -> "WindowScorer":
        """Inverse of `state`."""


FitScorer = Callable[[Floats, int | None], WindowScorer]
"""WindowScorer.fit, or the same with parameters bound."""


@dataclass(eq=False)
class WindowDetector(Detector):
    """score = mean over the scorer's window lengths of the calibrated distance, see `ScoreCalibration`.

    `detect` scores a point by the windows that end there, `detect_offline` by the mean distance of all windows that
    cover it. threshold: see `threshold_rule`. There is no expected value: the direction of an event is "shape". Unit of
    the score: typical ranges of the distances. A subclass names its `scorer_type`.

    unit     power of two that values are divided by
    period   of the fitted series, in points
    causal   calibration for windows that end at a point
    centred  calibration for windows that cover a point
    """

    scorer: WindowScorer
    grid: RegularGrid
    unit: float
    period: int | None
    causal: ScoreCalibration
    centred: ScoreCalibration
    params: Mapping[str, Any]
    memory: int = field(init=False)

    adjustable_params = ("sigma", "merge_gap")
    components_type = ScoreComponents
    scorer_type: ClassVar[type[WindowScorer]]

    def __post_init__(self) -> None:
        self.memory = self.scorer.memory

    @staticmethod
    def threshold_rule(scores: Floats, sigma: float) -> float:
        """The threshold of scores (m,) of the fitted series, see `mean_std_threshold`."""
        return mean_std_threshold(scores, sigma)

    @classmethod
    @checked
    def fit(
        cls,
        series: Series,
        *,
        progress: ProgressCallback = no_progress,
        sigma: Sigma = DEFAULT_SIGMA,
        merge_gap: MergeGap = DEFAULT_MERGE_GAP,
    ) -> Self:
        """See Detector.fit."""
        return cls._fit(series, cls.scorer_type.fit, {"sigma": sigma, "merge_gap": merge_gap}, progress)

    @classmethod
    def _fit(cls, series: Series, fit_scorer: FitScorer, params: Mapping[str, Any], progress: ProgressCallback) -> Self:
        """Fits the scorer on the values in their cells, then both calibrations on its distances."""
        progress("fit", 0.0)
        grid = RegularGrid.learn(series)
        unit = unit_of(series.values)
        cells, _ = grid.cells(series, len(series), 1)
        values = place_in_cells(series.values / unit, cells)
        period = find_period(values, grid.step_ms)
        scorer = fit_scorer(values, period)
        progress("fit", FIT_SHARE)

        def report(fraction: float) -> None:
            progress("fit", FIT_SHARE + (1 - FIT_SHARE) * fraction)

        windows = scorer.score_by_window_length(values, report)
        causal = [distances[cells] for _, distances in windows]
        centred = [mean_over_covering_windows(distances, length)[cells] for length, distances in windows]
        return cls(
            scorer=scorer,
            grid=grid,
            unit=unit,
            period=period,
            causal=ScoreCalibration.fit(causal, params["sigma"], cls.threshold_rule),
            centred=ScoreCalibration.fit(centred, params["sigma"], cls.threshold_rule),
            params=params,
        )

    def detect(self, series: Series, *, progress: ProgressCallback = no_progress) -> Detection:
        """See Detector.detect."""
        return self._detect(series, len(series), progress, offline=False)

    def detect_last(self, series: Series, new: int) -> Detection:
        """See Detector.detect_last: scores only the windows that end at these points."""
        return self._detect(series, new, no_progress, offline=False)

    def detect_offline(self, series: Series, *, progress: ProgressCallback = no_progress) -> Detection:
        """See Detector.detect_offline: scores each point by all windows that cover it."""
        return self._detect(series, len(series), progress, offline=True)

    def _detect(self, series: Series, new: int, progress: ProgressCallback, *, offline: bool) -> Detection:
        progress("detect", 0.0)
        tail = self.grid.tail(series, series.values / self.unit, new, self.memory)
        windows = self.scorer.score_by_window_length(tail.values, lambda done: progress("detect", done), tail.since)
        if offline:
            windows = [(length, mean_over_covering_windows(distances, length)) for length, distances in windows]
        calibration = self.centred if offline else self.causal
        calibrated = calibration.calibrate([distances[tail.cells] for _, distances in windows])
        scores = calibration.mean(calibrated, new)
        last = series.slice(len(series) - new, len(series))
        return Detection(
            series=last,
            expected=np.full(new, np.nan),
            margin=np.full(new, np.nan),
            score=np.where(np.isnan(last.values), np.nan, scores),
            threshold=calibration.threshold,
            params=self.params,
            merge_gap=int(self.params["merge_gap"]),
            period=self.period,
            notes=(period_note(self.period), *self.scorer.notes),
            components=ScoreComponents(scores=scores),
        )

    @classmethod
    def rethreshold(cls, detection: Detection, params: Mapping[str, Any]) -> Detection:
        """See Detector.rethreshold."""
        assert isinstance(detection.components, ScoreComponents)
        threshold = cls.threshold_rule(detection.components.threshold_scores, params["sigma"])
        return replace(super().rethreshold(detection, params), threshold=threshold)

    def _state(self) -> dict[str, Any]:
        """See Detector.state."""
        return {
            "scorer": self.scorer.state(),
            "grid": self.grid.state(),
            "unit": self.unit,
            "period": self.period,
            "causal": self.causal.state(),
            "centred": self.centred.state(),
            "params": dict(self.params),
        }

    @classmethod
    def _from_state(cls, state: Mapping[str, Any]) -> Self:
        """See Detector.from_state."""
        return cls(
            scorer=cls.scorer_type.from_state(state["scorer"]),
            grid=RegularGrid.from_state(state["grid"]),
            unit=state["unit"],
            period=state["period"],
            causal=ScoreCalibration.from_state(state["causal"]),
            centred=ScoreCalibration.from_state(state["centred"]),
            params=state["params"],
        )


class SingleWindowDetector(WindowDetector):
    """A WindowDetector whose scorer has one window length: scores vary more, so the threshold is stricter."""

    threshold_rule = staticmethod(block_maxima_threshold)

    @classmethod
    @checked
    def fit(
        cls,
        series: Series,
        *,
        progress: ProgressCallback = no_progress,
        sigma: Sigma = STRICT_SIGMA,
        merge_gap: MergeGap = DEFAULT_MERGE_GAP,
    ) -> Self:
        """See Detector.fit."""
        return cls._fit(series, cls.scorer_type.fit, {"sigma": sigma, "merge_gap": merge_gap}, progress)
