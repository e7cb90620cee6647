"""Residuals over windows: whether the forecasts around a point are worse, or better, than is typical.

One value far from its forecast is an outlier. A window with large residuals takes another course; one with smaller
residuals than ever is a flat line, one with larger ones a burst of noise.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from events.scorer import ScorerId
from timeseries import Floats
from timeseries.robust import finite
from timeseries.windows import CLIP_STDS, MAX_MISSING_SHARE, STEPS_PER_STD, moving_sum, window_lengths

RESIDUAL_OFFSET = 0.05
"""Share of the typical residual added to a mean residual before its logarithm is taken: none and almost none are
alike."""
MIN_RESIDUAL = 1e-3
"""Smallest typical residual, in std of the series."""


@dataclass(frozen=True)
class ResidualWindows:
    """Typical size of the one-step residuals over windows of several lengths.

    lengths           of the windows, in points
    median_residuals  median of the windows' mean one-step residual, of each length, in std of the series
    """

    lengths: tuple[int, ...]
    median_residuals: tuple[float, ...]

    @classmethod
    def fit(cls, residuals: Sequence[float] | Floats) -> "ResidualWindows":
        """From one-step residuals (n,) >= 0 in std of the series; NaN where unknown."""
        one_step = np.asarray(residuals, dtype=np.float64)
        lengths = window_lengths(len(one_step))
        known = [finite(trailing_mean(one_step, length)) for length in lengths]
        medians = (float(np.median(means)) if means.size else 0.0 for means in known)
        return cls(lengths, tuple(max(median, MIN_RESIDUAL) for median in medians))

    def distances(self, one_step: Floats, multi_step: Floats) -> list[tuple[ScorerId, Floats]]:
        """Each scorer and its distances (n,) of the windows that end at each point; NaN where unknown.

        forecast_residual    the one-step residual
        multi_step_residual  mean multi-step residual of the window
        residual_size        |log((mean one-step residual ÷ median + RESIDUAL_OFFSET) ÷ (1 + RESIDUAL_OFFSET))|

        one_step    (n,) residuals >= 0, in std of the series; NaN where unknown
        multi_step  (n,) the same, mean of the forecasts made 1 to 24 points before
        """
        distances = [(ScorerId("forecast_residual"), one_step)]
        distances += [
            (ScorerId("multi_step_residual", length), trailing_mean(multi_step, length)) for length in self.lengths
        ]
        for length, median in zip(self.lengths, self.median_residuals, strict=True):
            ratio = (trailing_mean(one_step, length) / median + RESIDUAL_OFFSET) / (1 + RESIDUAL_OFFSET)
            distances.append((ScorerId("residual_size", length), np.abs(np.log(ratio))))
        return distances

    def state(self) -> dict[str, Any]:
        """The fields as JSON values."""
        return {"lengths": list(self.lengths), "median_residuals": list(self.median_residuals)}

    @classmethod
    def from_state(cls, state: Mapping[str, Any]) -> "ResidualWindows":
        """Inverse of `state`."""
        return cls(tuple(state["lengths"]), tuple(state["median_residuals"]))


def trailing_mean(distances: Floats, length: int) -> Floats:
    """(n,) mean of the known among the `length` distances up to each point.

    NaN where more than MAX_MISSING_SHARE of them are unknown. Distances are capped at CLIP_STDS and rounded to
    1/STEPS_PER_STD, so that their sums are exact in any order.
    """
    known = np.isfinite(distances)
    quantized = np.round(np.where(known, np.minimum(distances, CLIP_STDS), 0.0) * STEPS_PER_STD)
    count = moving_sum(known.astype(np.float64), length)
    mean = moving_sum(quantized, length) / (STEPS_PER_STD * np.maximum(count, 1.0))
    return np.where(count >= (1 - MAX_MISSING_SHARE) * length, mean, np.nan)
