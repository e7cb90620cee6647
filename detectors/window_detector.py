"""Judging by windows: a point is anomalous where the window ending at it lies further from the usual ones than most."""

from abc import abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Protocol, Self

import numpy as np

from anomaly_detection import Components, Detection, Detector, Progress, no_progress
from detectors.forecast_residual import period_note
from timeseries import Bools, Floats, Note, Series
from timeseries.regular_grid import RegularGrid, place_in_cells
from timeseries.scaling import unit_of
from timeseries.seasonality import find_period

DEFAULT_SIGMA = 4.0
STRICT_SIGMA = 5.0
"""Default where one window length speaks alone: its scores vary more than the mean of several."""
MAX_CLIPPING_ROUNDS = 50
"""Most times that a threshold is set again without what lay beyond the one before."""
MIN_SEGMENT_POINTS, MAX_SEGMENTS = 128, 64
"""Fewest points of, and most of, the stretches whose highest distances are looked at."""
MIN_RANGE = 0.01
"""The smallest range of distances believed: where all windows are equal, theirs would be 0."""
SCORE_CAP = 10.0
"""Ranges beyond which a distance counts no more: one view, however sure, does not outvote the others for ever."""
MIN_THRESHOLD_PER_SIGMA = 0.4375
"""Ranges per sigma that every series may reach: its windows overlap, and chance alone goes so far."""


class WindowScorer(Protocol):
    """What a window-distance detector has learned."""

    @property
    def memory(self) -> int:
        """Points before the one that is judged."""

    @property
    def notes(self) -> Sequence[Note]:
        """What was learned."""

    def score_by_window_length(
        self, values: Floats, report: Callable[[float], None], since: int = 0
    ) -> list[tuple[int, Floats]]:
        """Each window length in points, and the distances (n,) >= 0 of the windows of that length ending at each point.

        values (n,); NaN where it cannot tell. Always the same lengths, perhaps none. Those of windows that end before
        `since` are not wanted and may be anything.
        """

    def state(self) -> dict[str, Any]:
        """Everything learned."""


@dataclass(frozen=True, eq=False, kw_only=True)
class ScoreComponents(Components):
    """The mean of the calibrated scores.

    scores          (n,) of each point
    fitted_scores   (m,) those that the threshold is computed from, where that are not `scores`
    """

    scores: Floats
    fitted_scores: Floats | None = None

    @property
    def learned_scores(self) -> Floats:
        """(m,) the scores that the threshold is computed from."""
        return self.scores if self.fitted_scores is None else self.fitted_scores

    def merge(self, other: Self, mask: Bools) -> Self:
        """See Components.merge: the threshold stays that of these scores."""
        return replace(super().merge(other, mask), fitted_scores=self.learned_scores)


@dataclass(frozen=True)
class ScoreCalibration:
    """How far distances usually lie: per window length their median and their 95th percentile above it; a threshold."""

    medians: tuple[float, ...]
    ranges: tuple[float, ...]
    threshold: float

    @classmethod
    def learn(
        cls,
        several: Sequence[Floats],
        sigma: float,
        rule: Callable[[Floats, float], float],
        steepest: Sequence[float] | None = None,
    ) -> "ScoreCalibration":
        """From the distances (n,) of each length, on the series that was fitted; the rule sets the threshold.

        A range is at most `steepest`, of the same length, times the third quartile − median.
        """
        usual = [
            upper_range(each, most) for each, most in zip(several, steepest or [np.inf] * len(several), strict=True)
        ]
        judge = cls(tuple(median for median, _ in usual), tuple(width for _, width in usual), 1.0)
        scores = judge.mean(judge.calibrate(several), len(several[0]) if several else 0)
        return replace(judge, threshold=rule(scores, sigma))

    def calibrate(self, several: Sequence[Floats]) -> list[Floats]:
        """(n,) for each length: (distance − median) ÷ range, from 0 to MOST."""
        usual = zip(several, self.medians, self.ranges, strict=True)
        return [np.clip((distances - median) / width, 0.0, SCORE_CAP) for distances, median, width in usual]

    def mean(self, calibrated: Sequence[Floats], points: int) -> Floats:
        """(n,) the mean of the voices at so many points; NaN where there is none.

        One that cannot tell counts as 0: of few voices the mean varies more.
        """
        known, total = np.zeros(points, dtype=bool), np.zeros(points)
        for each in calibrated:
            known |= np.isfinite(each)
            total += np.where(np.isfinite(each), each, 0.0)
        return np.where(known, total / max(len(calibrated), 1), np.nan)

    def state(self) -> dict[str, Any]:
        """Everything learned."""
        return {"medians": list(self.medians), "ranges": list(self.ranges), "threshold": self.threshold}

    @classmethod
    def from_state(cls, state: Mapping[str, Any]) -> "ScoreCalibration":
        """What gave this state."""
        return cls(tuple(state["medians"]), tuple(state["ranges"]), state["threshold"])


class WindowDetector(Detector):
    """score = (distance − median) ÷ (95th percentile − median) of the window ending at the point, 0 below the median.

    The mean of it over the view's window lengths; threshold = mean + sigma · std of the usual scores, see
    `mean_std_threshold`. `detect_offline` averages the distances of all windows that a point lies in.
    There is no expected value: an event's direction is its shape. Unit of the score: the upper usual range of
    distances.
    """

    adjustable_params = ("sigma", "merge_gap")
    components_type = ScoreComponents

    def __init__(
        self,
        view: WindowScorer,
        grid: RegularGrid,
        unit: float,
        period: int | None,
        judges: tuple[ScoreCalibration, ScoreCalibration],
        params: Mapping[str, Any],
    ) -> None:
        self.view, self.grid, self.unit, self.period = view, grid, unit, period
        self.judges, self.params = judges, params  # of windows up to a point, and of those around it
        self.memory = view.memory

    @classmethod
    def learn(
        cls,
        series: Series,
        view: Callable[[Floats, int | None], WindowScorer],
        params: Mapping[str, Any],
        progress: Progress,
    ) -> Self:
        """Learns the view of the values in their cells and the period found, then how far distances usually lie."""
        progress("fit", 0.0)
        grid, unit = RegularGrid.learn(series), unit_of(series.values)
        cells, _ = grid.cells(series, len(series), 1)
        values = place_in_cells(series.values / unit, cells)
        period = find_period(values, grid.step_ms)
        learned = view(values, period)
        progress("fit", 0.3)
        several = learned.score_by_window_length(values, lambda fraction: progress("fit", 0.3 + 0.7 * fraction))
        ending = [distances[cells] for _, distances in several]
        around = [mean_over_covering_windows(distances, length)[cells] for length, distances in several]
        ending_judge, around_judge = (
            ScoreCalibration.learn(each, params["sigma"], cls.rule) for each in (ending, around)
        )
        judges = ending_judge, around_judge
        return cls(learned, grid, unit, period, judges, params)

    def detect(self, series: Series, *, progress: Progress = no_progress) -> Detection:
        """See Detector.detect."""
        return self._judged(series, len(series), self.judges[0], lambda length, distances: distances, progress)

    def detect_last(self, series: Series, new: int) -> Detection:
        """See Detector.detect_last: no windows are looked at but those that end at these points."""
        return self._judged(series, new, self.judges[0], lambda length, distances: distances, no_progress)

    def detect_offline(self, series: Series, *, progress: Progress = no_progress) -> Detection:
        """See Detector.detect_offline: each point by the mean distance of all windows it lies in."""
        return self._judged(
            series,
            len(series),
            self.judges[1],
            lambda length, distances: mean_over_covering_windows(distances, length),
            progress,
        )

    def _judged(
        self,
        series: Series,
        new: int,
        judge: ScoreCalibration,
        form: Callable[[int, Floats], Floats],
        progress: Progress,
    ) -> Detection:
        progress("detect", 0.0)
        tail = self.grid.tail(series, series.values / self.unit, new, self.memory)
        several = self.view.score_by_window_length(
            tail.values, lambda fraction: progress("detect", fraction), tail.since
        )
        calibrated = judge.calibrate([form(length, distances)[tail.cells] for length, distances in several])
        series = series.slice(len(series) - new, len(series))
        nowhere, usual = np.full(new, np.nan), judge.mean(calibrated, new)
        score = np.where(np.isnan(series.values), np.nan, usual)
        notes, merge_gap = (period_note(self.period), *self.view.notes), int(self.params["merge_gap"])
        threshold, params, components = judge.threshold, self.params, ScoreComponents(scores=usual)
        return Detection(
            series, nowhere, nowhere, score, threshold, params, merge_gap, self.period, notes, components=components
        )

    @classmethod
    def rethreshold(cls, kept: Detection, params: Mapping[str, Any]) -> Detection:
        """See Detector.rethreshold."""
        assert isinstance(kept.components, ScoreComponents)
        threshold = cls.rule(kept.components.learned_scores, params["sigma"])
        return replace(super().rethreshold(kept, params), threshold=threshold)

    def _state(self) -> dict[str, Any]:
        """See Detector.state."""
        judges = [judge.state() for judge in self.judges]
        known = {"unit": self.unit, "period": self.period, "params": dict(self.params), "judges": judges}
        return {**known, "view": self.view.state(), "grid": self.grid.state()}

    @classmethod
    def _from_state(cls, state: Mapping[str, Any]) -> Self:
        """See Detector.from_state."""
        grid, view = RegularGrid.from_state(state["grid"]), cls.scorer_from_state(state["view"])
        ending, around = (ScoreCalibration.from_state(judge) for judge in state["judges"])
        return cls(view, grid, state["unit"], state["period"], (ending, around), state["params"])

    @staticmethod
    @abstractmethod
    def rule(scores: Floats, sigma: float) -> float:
        """The threshold: `mean_std_threshold`, or `segment_threshold` where one window length speaks alone."""

    @staticmethod
    @abstractmethod
    def scorer_from_state(state: Mapping[str, Any]) -> WindowScorer:
        """The view that gave this state."""


def upper_range(distances: Floats, steepest: float = np.inf) -> tuple[float, float]:
    """Median and 95th percentile − median of distances (n,), NaN left out; at least LEAST.

    The range is at most `steepest` times the third quartile − median, where that is above 0: where a tenth of a series
    is odd, its 95th percentile is too.
    """
    known = distances[np.isfinite(distances)]
    if not known.size:
        return 0.0, 1.0
    median, quartile, high = np.quantile(known, [0.5, 0.75, 0.95]).tolist()
    width = high - median
    if np.isfinite(steepest) and quartile > median:
        width = min(width, steepest * (quartile - median))
    return median, max(width, MIN_RANGE)


def mean_over_covering_windows(distances: Floats, length: int) -> Floats:
    """(n,) the mean of the distances of the windows that each point lies in: those ending 0 to length − 1 points later.

    distances (n,) by where windows end; NaN is left out, and stays where there is no other. The points that less than
    half of the windows cover, at both ends, get the mean of the nearest one that has half: means of few vary more.
    """
    known = np.isfinite(distances)
    sums = np.concatenate(([0.0], np.cumsum(np.where(known, distances, 0.0))))
    counts = np.concatenate(([0], np.cumsum(known)))
    stop = np.minimum(np.arange(len(distances)) + length, len(distances))
    count = counts[stop] - counts[:-1]
    mean = np.maximum(sums[stop] - sums[:-1], 0.0) / np.maximum(count, 1)
    half = length // 2
    covered = (
        np.clip(np.arange(len(mean)), min(half - 1, len(mean) - 1), max(len(mean) - half, 0)) if half else slice(None)
    )
    return np.where(count > 0, mean, np.nan)[covered]


def mean_std_threshold(scores: Floats, sigma: float, usual: float = MIN_THRESHOLD_PER_SIGMA) -> float:
    """mean + sigma · std of the scores (n,), and at least usual · sigma; NaN is left out."""
    known = scores[np.isfinite(scores)]
    if not known.size:
        return 1.0
    return max(float(np.mean(known) + sigma * np.std(known)), usual * sigma)


def segment_threshold(scores: Floats, sigma: float) -> float:
    """The larger of `sigma_clipped_threshold` and of the same rule on the highest scores of stretches of the series.

    What happens in most stretches is usual, however far it lies from the rest: an irregular heartbeat has odd windows
    all the time. The stretches, STRETCH points or more and at most STRETCHES of them, stand in the order of time; their
    median and third quartile take the place of mean and standard deviation. Always above 0; scores may be NaN.
    """
    known = scores[np.isfinite(scores)]
    if not known.size:
        return 1.0
    starts = np.arange(0, len(known), max(MIN_SEGMENT_POINTS, len(known) // MAX_SEGMENTS))
    middle, high = np.quantile(np.maximum.reduceat(known, starts), [0.5, 0.75]).tolist()
    threshold = max(sigma_clipped_threshold(known, sigma), middle + sigma * (high - middle) / 0.6745)
    return float(max(threshold * (1 + 1e-9), 1e-9))  # never exactly a distance


def sigma_clipped_threshold(known: Floats, sigma: float) -> float:
    """mean + sigma · std of the distances that lie below it ("sigma clipping").

    One spike is in as many windows as a window has points, and would hide itself and others in a plain mean and
    deviation. The first threshold is median + sigma · (ninth decile − median) ÷ 1.2816, which for normal noise is the
    standard deviation; each next one is set from what lies below the one before, until nothing changes, and may rise
    again. Up to a tenth of the windows may be odd.
    """
    middle, high = np.quantile(known, [0.5, 0.9]).tolist()
    threshold = middle + sigma * (high - middle) / 1.2816
    for _ in range(MAX_CLIPPING_ROUNDS):
        within = known[known <= threshold]
        latest = float(np.mean(within) + sigma * np.std(within))
        if latest == threshold:
            break
        threshold = latest
    return float(threshold)
