"""Seasonal difference: distance of the last points from those at the same phase of earlier cycles.

A flat line, a missing cycle or a working day like a weekend have levels and shapes that are typical at other times.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from timeseries import Floats, Note
from timeseries.seasonality import same_phase_median
from timeseries.windows import MAX_MISSING_SHARE, STEPS_PER_STD, Scale, moving_sum, window_lengths

CYCLES = 3
"""Earlier cycles whose median is expected: one of them may be anomalous."""
DIFFERENCE_CAP = 10
"""Std of the series at which the difference of one point is capped, so that no window is anomalous by one outlier."""
MAX_WINDOW = 256
"""Points of the longest window. With windows of 8 and 16 points too, the 73 labelled series were ranked worse
(docs/experiments/window-scorers.md)."""


@dataclass(frozen=True)
class SeasonalDifference:
    """distance = mean over a window of |value − median of the last CYCLES values at the same phase|.

    In std of the series. A WindowScorer; without a period it scores nothing.

    lengths  of the windows, in points
    """

    scale: Scale
    period: int | None
    lengths: tuple[int, ...]

    @classmethod
    def fit(cls, values: Floats, period: int | None) -> "SeasonalDifference":
        """See WindowScorer.fit; the longest period of the series."""
        lengths = tuple(length for length in window_lengths(len(values)) if length <= MAX_WINDOW) if period else ()
        return cls(Scale.fit(values), period, lengths)

    @property
    def memory(self) -> int:
        """See WindowScorer.memory."""
        return max(self.lengths, default=1) - 1 + CYCLES * (self.period or 0)

    @property
    def notes(self) -> list[Note]:
        """See WindowScorer.notes."""
        if not self.lengths:
            return []
        return [Note("seasonal_difference_cycles", {"cycles": CYCLES, "period": self.period or 0})]

    def score_by_window_length(
        self, values: Floats, report: Callable[[float], None], since: int = 0
    ) -> list[tuple[int, Floats]]:
        """See WindowScorer.score_by_window_length."""
        if not self.period:
            return []
        quantized = self.scale.quantize(values)
        expected = np.round(same_phase_median(quantized, self.period, CYCLES))
        difference = np.minimum(np.abs(quantized - expected), DIFFERENCE_CAP * STEPS_PER_STD)
        known = np.isfinite(difference)
        difference[~known] = 0.0
        windows = []
        for done, length in enumerate(self.lengths, start=1):
            count = moving_sum(known.astype(np.float64), length)
            mean = moving_sum(difference, length) / (STEPS_PER_STD * np.maximum(count, 1.0))
            usable = known & (count >= (1 - MAX_MISSING_SHARE) * length)
            windows.append((length, np.where(usable, mean, np.nan)))
            report(done / len(self.lengths))
        return windows

    def state(self) -> dict[str, Any]:
        """See WindowScorer.state."""
        return {"scale": self.scale.state(), "period": self.period, "lengths": list(self.lengths)}

    @classmethod
    def from_state(cls, state: Mapping[str, Any]) -> "SeasonalDifference":
        """See WindowScorer.from_state."""
        return cls(Scale(**state["scale"]), state["period"], tuple(state["lengths"]))
