"""Known faults, planted into a series: what a detector should find.

The usual ones of time-series benchmarks: point, contextual and pattern anomalies (Lai et al., "Revisiting Time Series
Outlier Detection: Definitions and Benchmarks", NeurIPS 2021).
"""

import math
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from errors import BadParameter, UnknownName
from timeseries import Floats, Series


@dataclass(frozen=True)
class _Place:
    """Where a fault goes: the whole series, the stretch start to stop, its size in robust standard deviations."""

    values: Floats
    start: int
    stop: int
    size: float
    rng: np.random.Generator

    @property
    def here(self) -> Floats:
        return self.values[self.start : self.stop]

    @property
    def change(self) -> float:
        """The size in the series' unit."""
        return self.size * robust_deviation(self.values)

    @property
    def sign(self) -> float:
        return float(self.rng.choice([-1.0, 1.0]))

    @property
    def length(self) -> int:
        return self.stop - self.start

    def around(self) -> Floats:
        """The stretch with as much again on either side."""
        return self.values[max(0, self.start - self.length) : self.stop + self.length]

    def edge(self, position: int) -> float:
        """The value at a position, or the median of the surroundings where there is none."""
        if 0 <= position < len(self.values) and np.isfinite(self.values[position]):
            return float(self.values[position])
        return _median(self.around())


def robust_deviation(values: Floats) -> float:
    """The distance between the 5 % and the 95 % quantile ÷ 3.29: the standard deviation, had the values been Gaussian.

    In the values' unit, always above 0: the plain standard deviation, then 1, take its place where it is 0.
    """
    known = values[np.isfinite(values)]
    if not known.size:
        return 1.0
    low, high = np.quantile(known, [0.05, 0.95])
    return float((high - low) / 3.29) or float(np.std(known)) or 1.0


def _median(values: Floats) -> float:
    known = values[np.isfinite(values)]
    return float(np.median(known)) if known.size else 0.0


def _noise_deviation(values: Floats) -> float:
    """Standard deviation of the noise: from second differences, which cancel all that is smooth."""
    if len(values) < 3:
        return 0.0
    return 1.4826 * _median(np.abs(np.diff(values, 2))) / math.sqrt(6)


def _bump(place: _Place) -> Floats:
    """A triangle of height 1 over the stretch."""
    rising = 1 - np.abs(2 * np.arange(1, place.length + 1) / (place.length + 1) - 1)
    return np.asarray(rising / rising.max())


def _spike(place: _Place) -> Floats:
    return place.here + place.change * _bump(place)


def _dip(place: _Place) -> Floats:
    return place.here - place.change * _bump(place)


def _level_shift(place: _Place) -> Floats:
    return place.here + place.sign * place.change


def _drift(place: _Place) -> Floats:
    return place.here + place.sign * place.change * np.arange(1, place.length + 1) / place.length


def _changed_amplitude(place: _Place) -> Floats:
    return place.here + place.size * (place.here - _median(place.around()))


def _changed_frequency(place: _Place) -> Floats:
    last = len(place.values) - 1
    steps = np.arange(place.length)
    speed = min(1 + place.size, last / max(place.length - 1, 1))
    source = min(place.start, last - speed * (place.length - 1)) + speed * steps
    return np.asarray(np.interp(source, np.arange(last + 1), place.values))


def _flat_line(place: _Place) -> Floats:
    return np.full(place.length, place.edge(place.start - 1))


def _noise_burst(place: _Place) -> Floats:
    return place.here + place.change * place.rng.normal(0, 1, place.length)


def _missing_cycle(place: _Place) -> Floats:
    line = np.linspace(place.edge(place.start - 1), place.edge(place.stop), place.length + 2)[1:-1]
    return line + place.rng.normal(0, _noise_deviation(place.around()), place.length)


@dataclass(frozen=True)
class Fault:
    """What a fault does to its stretch, and what `demo` plants: lengths in points or cycles, sizes."""

    apply: Callable[[_Place], Floats]
    points: tuple[int, int]
    cycles: tuple[float, float]
    sizes: tuple[float, float]


ANOMALIES = {
    "spike": Fault(_spike, (1, 3), (0, 0), (3, 5)),
    "dip": Fault(_dip, (1, 3), (0, 0), (3, 5)),
    "level_shift": Fault(_level_shift, (5, 5), (0.5, 1.5), (2, 3)),
    "changed_amplitude": Fault(_changed_amplitude, (5, 5), (1, 2), (1, 2)),
    "changed_frequency": Fault(_changed_frequency, (5, 5), (1, 2), (1, 1)),
    "flat_line": Fault(_flat_line, (5, 5), (0.5, 1), (1, 1)),
    "noise_burst": Fault(_noise_burst, (5, 5), (0.3, 0.8), (1, 2)),
    "missing_cycle": Fault(_missing_cycle, (5, 5), (1, 1), (1, 1)),
    "drift": Fault(_drift, (5, 5), (0.5, 1), (2, 4)),
}
"""The known faults by name."""


def known_fault(name: str) -> Fault:
    """The fault of this name. Raises UnknownName, which lists those there are."""
    if name not in ANOMALIES:
        raise UnknownName(
            f"There is no anomaly {name!r}; use one of {', '.join(ANOMALIES)}.", name=name, known=sorted(ANOMALIES)
        )
    return ANOMALIES[name]


def plant(series: Series, anomaly: str, start: int, length: int, size: float = 3.0, seed: int = 0) -> Series:
    """A copy of the series with one known fault in positions start to start + length; all others are untouched.

    spike, dip         a triangle `size` high; level_shift: up or down by `size`; drift: a ramp to ± `size`
    noise_burst        noise of standard deviation `size` is added
    changed_amplitude  distances from the median of the surroundings are 1 + size times as large
    changed_frequency  cycles pass 1 + size times as fast
    flat_line          the value before is held; missing_cycle: a straight line with the usual noise; without size

    `size` is in robust standard deviations of the series (`robust_deviation`). Missing values stay missing.
    Raises UnknownName for an unknown fault, BadParameter for a stretch outside the series or a size of 0 or less.
    """
    fault = known_fault(anomaly)
    if not 0 <= start < start + length <= len(series):
        raise BadParameter(
            f"The stretch from {start} to {start + length} does not lie in a series of {len(series)} points.",
            name="start",
        )
    if not 0 < size < np.inf:
        raise BadParameter("Parameter size must be a number above 0.", name="size")
    values = series.values.copy()
    rng = np.random.default_rng([seed, start, *anomaly.encode()])
    planted = fault.apply(_Place(series.values, start, start + length, size, rng))
    values[start : start + length] = np.where(np.isnan(series.values[start : start + length]), np.nan, planted)
    return replace(series, values=values)
