"""Noise model: the standard deviation of the residuals at each time of the cycle, and whether they are plain noise.

Where they are, a margin may be as narrow as normal noise allows.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from detectors.residual_windows import trailing_mean
from timeseries import Floats
from timeseries.robust import NORMAL_ABS_Q90, NORMAL_ABS_Q97, NORMAL_Q75, abs_quantiles, abs_std, finite, middle_values
from timeseries.seasonality import lagged


@dataclass(frozen=True)
class NoiseConfig:
    """Chosen on the 73 labelled series and the demo series (docs/experiments/window-scorers.md).

    cycles             before and after a point whose residuals at the same phase are typical of it. Its own cycle is
                       not among them, so that no fault widens its own margin
    neighbours         points on either side of that phase that count too, as cycles vary in length; ± 8 was worse
    min_phase_ratio    smallest typical residual of any phase ÷ the mean: a night without residuals proves little
    residual_cap       medians at which a residual is capped in means
    min_noise          smallest noise, in std of the series: less cannot be seen in a chart, and a series that is
                       forecast almost exactly has no noise to estimate
    max_noise_ratio    largest noise, in std of the series, of a series that is understood: five sixths of its variance
                       is forecast
    tail_low           tail shape, 1 being that of normal noise, up to which the confidence is 0
    tail_high          tail shape from which it is 1
    min_residuals      known residuals that a model needs
    min_first_cycle_residuals  known residuals of the first cycle that its own standard deviation needs
    """

    cycles: int = 3
    neighbours: int = 5
    min_phase_ratio: float = 1 / 4
    residual_cap: float = 20.0
    min_noise: float = 0.01
    max_noise_ratio: float = 0.4
    tail_low: float = 0.6
    tail_high: float = 0.85
    min_residuals: int = 200
    min_first_cycle_residuals: int = 50


CONFIG = NoiseConfig()


@dataclass(frozen=True)
class NoiseModel:
    """What is typical of residuals (m,) >= 0 in std of the series, one for each cell of its grid.

    period           of the cycle, in cells; 0 where there is none
    mean_residual    mean of the residuals, each capped at `residual_cap`
    residual_cap     in std of the series
    relative_std     std of normal noise with such residuals, ÷ the typical residual at its phase
    confidence       from 0 to 1: the weight of this model in the margin
    first_cycle_std  std of the noise in the first cycle, which is forecast without a season; None: too few residuals
    """

    period: int
    mean_residual: float
    residual_cap: float
    relative_std: float
    confidence: float
    first_cycle_std: float | None = None

    @classmethod
    def fit(cls, residuals: Floats, period: int) -> "NoiseModel":
        """From residuals (m,); NaN is unknown. Confident where they are small and fall off like those of noise."""
        known = finite(residuals)
        if len(known) < CONFIG.min_residuals:
            return cls(period, CONFIG.min_noise, CONFIG.residual_cap, 1.0, 0.0)
        median = float(np.median(known))
        cap = CONFIG.residual_cap * max(median, CONFIG.min_noise)
        mean = max(float(np.mean(np.minimum(known, cap))), CONFIG.min_noise)
        typical = cls(period, mean, cap, 1.0, 0.0)
        relative = (residuals / typical.typical_residuals(residuals))[typical.warm_up :]
        understood = CONFIG.min_noise <= median / NORMAL_Q75 <= CONFIG.max_noise_ratio
        return cls(
            period,
            mean,
            cap,
            relative_std=abs_std(relative) or 1.0,
            confidence=tail_confidence(*abs_quantiles(relative)) if understood else 0.0,
            first_cycle_std=_first_cycle_std(residuals[: typical.warm_up]),
        )

    @property
    def warm_up(self) -> int:
        """Cells at the start, a cycle, that are forecast without a season."""
        return self.period + CONFIG.neighbours if self.period else 0

    def typical_residuals(self, residuals: Floats) -> Floats:
        """(m,) the mean residual at the phase of each cell: the median over the cycles before and after.

        At least min_phase_ratio · mean_residual. `mean_residual` where fewer than two of these cycles are known.
        """
        constant = np.full(len(residuals), self.mean_residual)
        if not self.period:
            return constant
        half = min(CONFIG.neighbours, self.period // 4)
        capped = np.minimum(residuals, self.residual_cap) * (1 / self.residual_cap)  # 0 to 1: sums are exact
        mean = trailing_mean(capped, 2 * half + 1) * self.residual_cap
        mean = np.concatenate((mean[half:], np.full(min(half, len(mean)), np.nan)))  # centred
        lags = [self.period * k for k in range(1, CONFIG.cycles + 1)]
        cycles = [lagged(mean, lag) for lag in lags] + [lagged(mean[::-1], lag)[::-1] for lag in lags]
        ordered = np.sort(np.stack(cycles), axis=0)  # (2 · cycles, m), NaN last
        count = np.isfinite(ordered).sum(axis=0)
        low, high = middle_values(ordered, count, axis=0)
        lowest = CONFIG.min_phase_ratio * self.mean_residual
        return np.where(count > 1, np.maximum((low + high) / 2, lowest), constant)

    def noise_std(self, residuals: Floats) -> Floats:
        """(m,) the standard deviation of the noise at each cell, in std of the series; NaN where it is unknown."""
        if not self.confidence:
            return np.full(len(residuals), np.nan)
        std = np.maximum(self.relative_std * self.typical_residuals(residuals), CONFIG.min_noise)
        first_cycle = std[: self.warm_up]
        if self.first_cycle_std is None:
            first_cycle[:] = np.nan
        else:
            first_cycle[:] = np.maximum(first_cycle, self.first_cycle_std)
        return std

    def state(self) -> dict[str, Any]:
        """The fields as JSON values."""
        return asdict(self)

    @classmethod
    def from_state(cls, state: Mapping[str, Any]) -> "NoiseModel":
        """Inverse of `state`."""
        return cls(**state)


def _first_cycle_std(residuals: Floats) -> float | None:
    known = finite(residuals)
    if len(known) < CONFIG.min_first_cycle_residuals:
        return None
    return max(abs_std(known), float(np.quantile(known, 0.97)) / NORMAL_ABS_Q97)


def tail_confidence(median: float, ninth_decile: float) -> float:
    """Confidence that residuals with these two quantiles are plain noise: 0 up to tail_low, 1 from tail_high on.

    The tail shape is that of a Weibull distribution (Weibull, "A Statistical Distribution Function of Wide
    Applicability", 1951) through both quantiles ÷ that of normal noise. A tail that falls more slowly than noise
    between them does so beyond, too: its large values are no faults. Quantiles so low hardly change where one point in
    thirty is anomalous.
    """
    if median <= 0:
        return 0.0
    shape = np.log(NORMAL_ABS_Q90 / NORMAL_Q75) / np.log(max(ninth_decile / median, 1 + 1e-9))
    return float(np.clip((shape - CONFIG.tail_low) / (CONFIG.tail_high - CONFIG.tail_low), 0.0, 1.0))
