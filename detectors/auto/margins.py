"""Margins of the residual: the largest normal distance of a value from its forecast, whatever the mean score."""

from dataclasses import astuple, dataclass
from typing import Any

import numpy as np

from timeseries import Floats
from timeseries.residuals import residual_stats
from timeseries.robust import finite

DEFAULT_SIGMA = 3.0
MAX_RATIO = 1e300
"""Cap of residual ÷ margin and of scores: below infinity."""


@dataclass(frozen=True)
class MarginConfig:
    """Factors of sigma, each as its value at DEFAULT_SIGMA ÷ DEFAULT_SIGMA.

    noise_stds     of the standard deviation of plain noise. Chosen on the 73 labelled series and the demo series among
                   5 to 6.6 at the default sigma (docs/experiments/window-scorers.md)
    residual_stds  of the standard deviation of the residuals (the same)
    tail_folds     how often the exponential tail of the residuals falls by a factor of e beyond the ninth decile;
                   fourteen in place of eighteen gave false events on demo series with weekends (the same)
    """

    noise_stds: float = 5.5 / DEFAULT_SIGMA
    residual_stds: float = 8.0 / DEFAULT_SIGMA
    tail_folds: float = 18.0 / DEFAULT_SIGMA


CONFIG = MarginConfig()


@dataclass(frozen=True)
class ResidualStats:
    """Statistics of the residuals of the fitted series, ÷ its unit.

    tail_scale  how much larger residuals are each time that their share falls by a factor of e, between the ninth
                decile and the 97th percentile: the mean excess of an exponential tail
    """

    mean: float
    std: float
    ninth_decile: float
    tail_scale: float

    @classmethod
    def fit(cls, residuals: Floats, min_std: float) -> "ResidualStats":
        """From residuals (n,) >= 0; NaN is unknown. `min_std`: the smallest standard deviation."""
        known = finite(residuals)
        ninth, high = np.quantile(known, [0.9, 0.97]).tolist() if known.size else (0.0, 0.0)
        mean, std = residual_stats(residuals, min_std)
        return cls(mean, std, ninth, float((high - ninth) / np.log(0.1 / 0.03)))

    def margin(self, sigma: float) -> float:
        """The larger of mean + residual_stds · sigma · std and ninth decile + tail_folds · sigma · tail scale.

        For normal noise and the default sigma these are 5.6 and 9.5 of its standard deviations. The second, a quantile
        of an exponential tail as in extreme value theory (Pickands, "Statistical Inference Using Extreme Order
        Statistics", 1975, with shape 0), is larger where large residuals are typical, as in sharp beats, or where noise
        grows with the value; the first where few residuals are large.
        """
        return max(
            self.mean + CONFIG.residual_stds * sigma * self.std,
            self.ninth_decile + CONFIG.tail_folds * sigma * self.tail_scale,
        )

    def state(self) -> list[Any]:
        """The fields in order, as JSON values; `ResidualStats(*state)` is the inverse."""
        return list(astuple(self))


def margin_from_noise(noise: Floats, confidence: float, sigma: float, wide: float) -> Floats:
    """(n,) the margin of each point: noise_stds · sigma · noise where the confidence is 1, `wide` where it is 0.

    In between the geometric mean of both, weighted by the confidence. noise (n,): standard deviation in the unit of
    `wide`; `wide` too where it is NaN.
    """
    if not confidence:
        return np.full(len(noise), wide)
    log_narrow = np.log(CONFIG.noise_stds * sigma * noise)
    log_wide = np.log(max(wide, 5e-324))
    margin = np.exp(confidence * log_narrow + (1 - confidence) * log_wide)
    return np.where(np.isnan(noise), wide, margin)


def max_with_residual(scores: Floats, residual: Floats, threshold: float, margin: float) -> Floats:
    """(n,) the larger of the mean scores and threshold · residual ÷ margin; NaN where there is no residual (n,)."""
    with np.errstate(over="ignore"):
        by_residual = np.minimum(threshold * (residual / margin), MAX_RATIO)
    return np.where(np.isnan(residual), np.nan, np.fmax(scores, by_residual))
