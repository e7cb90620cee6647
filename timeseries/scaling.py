"""Scales that are safe to divide by: rounding floors and powers of two."""

import math

import numpy as np

from timeseries import Floats

MIN_RELATIVE_SCALE = 1e-13
"""Smallest scale that is more than rounding, relative to the largest |value|: about 450 machine epsilons.
The standard deviation of sixty equal 0.1s is 4e-17, not 0; dividing by it would flag rounding errors."""


def min_scale(values: Floats) -> float:
    """The smallest scale to divide by: MIN_RELATIVE_SCALE · the largest |value|; always above 0."""
    finite = values[np.isfinite(values)]
    size = float(np.max(np.abs(finite))) if finite.size else 0.0
    return max(MIN_RELATIVE_SCALE * size, np.finfo(np.float64).tiny)


def unit_of(values: Floats) -> float:
    """The power of two above the largest |value|; 1 where that lies between 1e-100 and 1e100, or is 0.

    Dividing by a power of two is exact. It prevents overflow and underflow of the squares of values like 1e300.
    """
    finite = values[np.isfinite(values)]
    size = float(np.max(np.abs(finite))) if finite.size else 0.0
    return 1.0 if size == 0 or 1e-100 < size < 1e100 else 2.0 ** min(max(math.frexp(size)[1], -1000), 1000)


def times_unit(values: Floats, unit: float) -> Floats:
    """values · unit, clipped to the largest finite float64."""
    largest = np.finfo(np.float64).max / max(unit, 1.0)
    return np.asarray(np.clip(values, -largest, largest) * unit)
