"""Season: how far the last points lay from what earlier cycles had at the same time."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from timeseries import Floats, Note
from timeseries.seasonality import same_phase_median
from timeseries.windows import MAX_MISSING_SHARE, STEPS_PER_STD, Scale, moving_sum, window_lengths

CYCLES = 3
"""Cycles whose median is what is usual at a time: one odd cycle among them changes little."""
DIFFERENCE_CAP = 10
"""Spreads of the series beyond which one point counts no more: a window is not judged by a single spike."""
MAX_WINDOW = 256
"""Points of the longest window."""


@dataclass(frozen=True)
class SeasonalDifference:
    """distance = mean of |value − median of the last CYCLES values at the same phase| over a window, in spreads.

    Phases are those of the longest period found. Without a period nothing is judged.

    lengths  of the windows, in points
    """

    scale: Scale
    period: int | None
    lengths: tuple[int, ...]

    @classmethod
    def fit(cls, values: Floats, period: int | None) -> "SeasonalDifference":
        """values (n,) evenly spaced; NaN is missing. Judges nothing where there is no period or too few values."""
        lengths = tuple(length for length in window_lengths(len(values)) if length <= MAX_WINDOW) if period else ()
        return cls(Scale.fit(values), period, lengths)

    @property
    def memory(self) -> int:
        """Points before the one that is judged."""
        return max(self.lengths, default=1) - 1 + CYCLES * (self.period or 0)

    @property
    def notes(self) -> list[Note]:
        """What was learned."""
        if not self.lengths:
            return []
        return [Note("seasonal_difference_cycles", {"cycles": CYCLES, "period": self.period or 0})]

    def score_by_window_length(
        self, values: Floats, report: Callable[[float], None], since: int = 0
    ) -> list[tuple[int, Floats]]:
        """See View.by_length."""
        if not self.period:
            return []
        whole = self.scale.quantize(values)
        missed = np.minimum(
            np.abs(whole - np.round(same_phase_median(whole, self.period, CYCLES))), DIFFERENCE_CAP * STEPS_PER_STD
        )
        known = np.isfinite(missed)
        missed[~known] = 0.0
        several = []
        for done, length in enumerate(self.lengths, start=1):
            count = moving_sum(known.astype(np.float64), length)
            mean = moving_sum(missed, length) / (STEPS_PER_STD * np.maximum(count, 1.0))
            several.append((length, np.where(known & (count >= (1 - MAX_MISSING_SHARE) * length), mean, np.nan)))
            report(done / len(self.lengths))
        return several

    def state(self) -> dict[str, Any]:
        """Everything learned."""
        return {"scale": self.scale.state(), "period": self.period, "lengths": list(self.lengths)}

    @classmethod
    def from_state(cls, state: Mapping[str, Any]) -> "SeasonalDifference":
        """What gave this state."""
        return cls(Scale(**state["scale"]), state["period"], tuple(state["lengths"]))
