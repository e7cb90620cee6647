"""Level and spread: how far the mean and the standard deviation of the last points lie from what they usually are."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Self

import numpy as np

from anomaly_detection import DEFAULT_MERGE_GAP, MergeGap, Progress, no_progress
from detectors.forecast_residual import Sigma
from detectors.window_detector import DEFAULT_SIGMA, WindowDetector, WindowScorer, mean_std_threshold
from parameters import checked
from timeseries import Floats, Note, Series
from timeseries.windows import (
    STEPS_PER_STD,
    Scale,
    fill_short_gaps,
    gap_fill_memory,
    moving_sum,
    usable_windows,
    window_lengths,
)

STD_OFFSET = 0.05
"""Added to a standard deviation, in spreads of the series, before its logarithm is taken: 0 and almost 0 are alike."""
MIN_STD = 0.01
"""The smallest deviation believed: of a mean in spreads of the series, of a logarithm as it is."""


@dataclass(frozen=True)
class WindowStats:
    """Of one window length, in points: the median and deviation of its means, and of the logarithms of its spreads."""

    length: int
    mean: float
    mean_deviation: float
    spread: float
    spread_deviation: float


@dataclass(frozen=True)
class LevelSpreadScorer:
    """distance = √mean of z², z the deviations of a window's mean and log spread in robust deviations.

    A robust deviation is the distance between the first and last decile ÷ 2.5631, the standard deviation where normal.
    """

    scale: Scale
    period: int | None
    usual: tuple[WindowStats, ...]

    @classmethod
    def fit(cls, values: Floats, period: int | None) -> "LevelSpreadScorer":
        """values (n,) evenly spaced; NaN is missing. Judges nothing where there are too few."""
        scale = Scale.fit(values)
        whole = scale.quantize(values)
        full = fill_short_gaps(whole, period)
        usual = []
        for length in window_lengths(len(values)):
            good = usable_windows(whole, full, length) > 0
            if good.any():
                mean, spread = mean_and_log_std(full, length)
                usual.append(WindowStats(length, *_median_and_std(mean[good]), *_median_and_std(spread[good])))
        return cls(scale, period, tuple(usual))

    @property
    def memory(self) -> int:
        """Points before the one that is judged."""
        return max((usual.length for usual in self.usual), default=1) - 1 + gap_fill_memory(self.period)

    @property
    def notes(self) -> list[Note]:
        """What was learned."""
        if not self.usual:
            return [Note("windows_too_short")]
        return [Note("level_spread_windows", {"lengths": [usual.length for usual in self.usual]})]

    def score_by_window_length(
        self, values: Floats, report: Callable[[float], None], since: int = 0
    ) -> list[tuple[int, Floats]]:
        """See View.by_length."""
        whole = self.scale.quantize(values)
        full = fill_short_gaps(whole, self.period)
        several = []
        for done, usual in enumerate(self.usual, start=1):
            good = usable_windows(whole, full, usual.length) > 0
            mean, spread = mean_and_log_std(full, usual.length)
            squares = ((mean - usual.mean) / usual.mean_deviation) ** 2
            squares += ((spread - usual.spread) / usual.spread_deviation) ** 2
            several.append((usual.length, np.where(good, np.sqrt(squares / 2), np.nan)))
            report(done / len(self.usual))
        return several

    def state(self) -> dict[str, Any]:
        """Everything learned."""
        return {"scale": self.scale.state(), "period": self.period, "usual": [vars(usual) for usual in self.usual]}

    @classmethod
    def from_state(cls, state: Mapping[str, Any]) -> "LevelSpreadScorer":
        """What gave this state."""
        return cls(Scale(**state["scale"]), state["period"], tuple(WindowStats(**usual) for usual in state["usual"]))


def mean_and_log_std(full: Floats, length: int) -> tuple[Floats, Floats]:
    """Mean, in spreads of the series, and log(standard deviation + QUIET), (n,) each, of `length` points up to each.

    full (n,) in whole numbers. The variance is a difference of whole numbers, and exact.
    """
    filled = np.nan_to_num(full)
    sums = moving_sum(filled, length)
    variance = (moving_sum(filled * filled, length) * length - sums * sums) / (length * STEPS_PER_STD) ** 2
    return sums / (length * STEPS_PER_STD), np.log(np.sqrt(np.maximum(variance, 0.0)) + STD_OFFSET)


def _median_and_std(numbers: Floats) -> tuple[float, float]:
    """Median and robust deviation."""
    low, middle, high = np.quantile(numbers, [0.1, 0.5, 0.9]).tolist()
    return middle, max((high - low) / 2.5631, MIN_STD)


class LevelSpread(WindowDetector):
    """score = robust deviation of mean and spread of the last points; see `LevelSpreadScorer`."""

    title = "Level and spread"
    help = (
        "Compares mean and spread over 32 to 512 points with the usual ones. Finds new levels, drifts, "
        "flat lines and bursts of noise; says nothing about single values."
    )

    rule = staticmethod(mean_std_threshold)

    @classmethod
    @checked
    def fit(
        cls,
        series: Series,
        *,
        progress: Progress = no_progress,
        sigma: Sigma = DEFAULT_SIGMA,
        merge_gap: MergeGap = DEFAULT_MERGE_GAP,
    ) -> Self:
        """See Detector.fit."""
        params = {"sigma": sigma, "merge_gap": merge_gap}
        return cls.learn(series, LevelSpreadScorer.fit, params, progress)

    @staticmethod
    def scorer_from_state(state: Mapping[str, Any]) -> WindowScorer:
        """See WindowDistance.view_from_state."""
        return LevelSpreadScorer.from_state(state)
