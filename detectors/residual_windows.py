"""Misses over stretches: whether forecasts of the points around a point are further off, or closer, than usual.

One value far from its forecast is a spike. A stretch that was forecast worse than others goes another way; one that
is followed step by step with smaller misses than ever is a flat line, with larger ones a burst of noise.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from events.scorer import ScorerId
from timeseries import Floats
from timeseries.windows import CLIP_STDS, MAX_MISSING_SHARE, STEPS_PER_STD, moving_sum, window_lengths

RESIDUAL_OFFSET = 0.05
"""Share of the usual miss added to a mean miss before its logarithm is taken: none and almost none are alike."""
MIN_RESIDUAL = 1e-3
"""The smallest usual miss believed, in spreads of the series."""


@dataclass(frozen=True)
class ResidualWindows:
    """The lengths looked at, in points, and the usual (median) mean of the one-step misses over each, in spreads."""

    lengths: tuple[int, ...]
    usual: tuple[float, ...]

    @classmethod
    def learn(cls, residuals: Sequence[float] | Floats) -> "ResidualWindows":
        """From one-step misses (n,) in spreads of the series; NaN where unknown."""
        near = np.asarray(residuals, dtype=np.float64)
        lengths = window_lengths(len(near))
        means = [trailing_mean(near, length) for length in lengths]
        known = [mean[np.isfinite(mean)] for mean in means]
        return cls(lengths, tuple(max(float(np.median(each)) if each.size else 0.0, MIN_RESIDUAL) for each in known))

    def ending(self, near: Floats, far: Floats) -> list[tuple[ScorerId, Floats]]:
        """The scorer and the distances (n,) of the stretches that end at each point; NaN if unknown.

        near  (n,) distance from the one-step forecast, in spreads of the series; NaN where unknown
        far   (n,) mean distance from the forecasts made 1 to 24 points before, likewise
        """
        several = [(ScorerId("forecast_residual"), near)]
        several += [(ScorerId("multi_step_residual", length), trailing_mean(far, length)) for length in self.lengths]
        for length, usual in zip(self.lengths, self.usual, strict=True):
            ratio = np.log((trailing_mean(near, length) / usual + RESIDUAL_OFFSET) / (1 + RESIDUAL_OFFSET))
            several.append((ScorerId("residual_size", length), np.abs(ratio)))
        return several

    def state(self) -> dict[str, Any]:
        """Everything learned."""
        return {"lengths": list(self.lengths), "usual": list(self.usual)}

    @classmethod
    def from_state(cls, state: Mapping[str, Any]) -> "ResidualWindows":
        """What gave this state."""
        return cls(tuple(state["lengths"]), tuple(state["usual"]))


def trailing_mean(distances: Floats, length: int) -> Floats:
    """(n,) mean of the known among the `length` distances up to each point; NaN where more than MISSING are not.

    Distances are held below WIDEST and rounded to 1/STEPS, so that sums of any order are exact.
    """
    known = np.isfinite(distances)
    whole = np.round(np.where(known, np.minimum(distances, CLIP_STDS), 0.0) * STEPS_PER_STD)
    count = moving_sum(known.astype(np.float64), length)
    mean = moving_sum(whole, length) / (STEPS_PER_STD * np.maximum(count, 1.0))
    return np.where(count >= (1 - MAX_MISSING_SHARE) * length, mean, np.nan)
