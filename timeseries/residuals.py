"""Thresholds and bands of residuals, |value − expected|."""

import numpy as np

from timeseries import Floats


def residual_threshold(residuals: Floats, sigma: float, floor: float) -> float:
    """mean(residual) + sigma · std(residual), in the series' unit, over the residuals (n,) that are not NaN.

    This is not "sigma standard deviations of the noise": on Gaussian noise, sigma 3 flags 0.9 % of normal points,
    sigma 4 0.13 %, sigma 5 0.01 %. `floor` is the smallest standard deviation used.
    """
    mean, std = residual_stats(residuals, floor)
    return mean + sigma * std


def residual_stats(residuals: Floats, floor: float) -> tuple[float, float]:
    """Mean and standard deviation for `residual_threshold`; the floor and 0 where no residual (n,) is known."""
    known = residuals[np.isfinite(residuals)]
    if not known.size:
        return floor, 0.0
    return float(np.mean(known)), max(float(np.std(known)), floor)


def band(expected: Floats, margin: Floats) -> tuple[Floats, Floats]:
    """Lower and upper edge, each (n,): expected − margin and expected + margin; infinite on overflow."""
    with np.errstate(over="ignore"):
        return expected - margin, expected + margin
