"""Level and spread: mean and standard deviation of the last points, compared with what is typical."""

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from detectors.window_detector import WindowDetector
from timeseries import Floats, Note
from timeseries.robust import median_and_decile_std
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
"""Added to a window's std before its logarithm is taken, in std of the series: flat and almost flat windows are alike
(docs/experiments/window-scorers.md)."""
MIN_STD = 0.01
"""Smallest std of the windows' means, in std of the series, and of the logarithms of their std."""


@dataclass(frozen=True)
class WindowStats:
    """What is typical of the windows of one length, in points: median and robust std of their means, in std of the
    series, and of the logarithms of their std."""

    length: int
    mean_median: float
    mean_std: float
    log_std_median: float
    log_std_std: float


@dataclass(frozen=True)
class LevelSpreadScorer:
    """distance = √((z₁² + z₂²) ÷ 2), z₁ and z₂ the robust z-scores of a window's mean and of the logarithm of its std.

    The logarithm makes a halved std as unusual as a doubled one.
    """

    scale: Scale
    period: int | None
    stats: tuple[WindowStats, ...]

    @classmethod
    def fit(cls, values: Floats, period: int | None) -> "LevelSpreadScorer":
        """See WindowScorer.fit."""
        scale = Scale.fit(values)
        quantized = scale.quantize(values)
        filled = fill_short_gaps(quantized, period)
        stats = []
        for length in window_lengths(len(values)):
            usable = usable_windows(quantized, filled, length) > 0
            if usable.any():
                mean, log_std = mean_and_log_std(filled, length)
                stats.append(WindowStats(length, *_median_and_std(mean[usable]), *_median_and_std(log_std[usable])))
        return cls(scale, period, tuple(stats))

    @property
    def memory(self) -> int:
        """See WindowScorer.memory."""
        return max((each.length for each in self.stats), default=1) - 1 + gap_fill_memory(self.period)

    @property
    def notes(self) -> list[Note]:
        """See WindowScorer.notes."""
        if not self.stats:
            return [Note("windows_too_short")]
        return [Note("level_spread_windows", {"lengths": [each.length for each in self.stats]})]

    def score_by_window_length(
        self, values: Floats, report: Callable[[float], None], since: int = 0
    ) -> list[tuple[int, Floats]]:
        """See WindowScorer.score_by_window_length."""
        quantized = self.scale.quantize(values)
        filled = fill_short_gaps(quantized, self.period)
        windows = []
        for done, stats in enumerate(self.stats, start=1):
            usable = usable_windows(quantized, filled, stats.length) > 0
            mean, log_std = mean_and_log_std(filled, stats.length)
            squares = ((mean - stats.mean_median) / stats.mean_std) ** 2
            squares += ((log_std - stats.log_std_median) / stats.log_std_std) ** 2
            windows.append((stats.length, np.where(usable, np.sqrt(squares / 2), np.nan)))
            report(done / len(self.stats))
        return windows

    def state(self) -> dict[str, Any]:
        """See WindowScorer.state."""
        return {"scale": self.scale.state(), "period": self.period, "stats": [asdict(each) for each in self.stats]}

    @classmethod
    def from_state(cls, state: Mapping[str, Any]) -> "LevelSpreadScorer":
        """See WindowScorer.from_state."""
        return cls(Scale(**state["scale"]), state["period"], tuple(WindowStats(**each) for each in state["stats"]))


def mean_and_log_std(filled: Floats, length: int) -> tuple[Floats, Floats]:
    """(n,) each: mean, in std of the series, and log(std + STD_OFFSET) of the `length` points up to each point.

    filled (n,) in whole numbers: the variance is a difference of whole numbers, and exact.
    """
    known = np.nan_to_num(filled)
    sums = moving_sum(known, length)
    variance = (moving_sum(known * known, length) * length - sums * sums) / (length * STEPS_PER_STD) ** 2
    return sums / (length * STEPS_PER_STD), np.log(np.sqrt(np.maximum(variance, 0.0)) + STD_OFFSET)


def _median_and_std(numbers: Floats) -> tuple[float, float]:
    median, std = median_and_decile_std(numbers)
    return median, max(std, MIN_STD)


class LevelSpread(WindowDetector):
    """WindowDetector with the LevelSpreadScorer."""

    title = "Level and spread"
    help = (
        "Compares mean and standard deviation over 32 to 512 points with what is typical. Detects new levels, drifts, "
        "flat lines and bursts of noise, but no single outliers."
    )
    scorer_type = LevelSpreadScorer
