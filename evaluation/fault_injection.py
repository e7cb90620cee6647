"""Known faults injected into a series, as ground truth for what a detector should detect.

The common faults of time-series benchmarks: point, contextual and pattern anomalies (Lai et al., "Revisiting Time
Series Outlier Detection: Definitions and Benchmarks", NeurIPS 2021).
"""

import math
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from errors import BadParameter, UnknownName
from timeseries import Floats, Series
from timeseries.robust import mad_std, q5_q95_std


@dataclass(frozen=True)
class _Target:
    """Where a fault goes: n values, the half-open interval start to stop, the size in robust standard deviations."""

    values: Floats
    start: int
    stop: int
    size: float
    rng: np.random.Generator

    @property
    def segment(self) -> Floats:
        """(length,) the values of the interval."""
        return self.values[self.start : self.stop]

    @property
    def change(self) -> float:
        """The size in the series' unit: size · q5_q95_std(values)."""
        return self.size * q5_q95_std(self.values)

    @property
    def sign(self) -> float:
        """-1 or 1, at random."""
        return float(self.rng.choice([-1.0, 1.0]))

    @property
    def length(self) -> int:
        return self.stop - self.start

    def neighbourhood(self) -> Floats:
        """The interval with as many points again on either side."""
        return self.values[max(0, self.start - self.length) : self.stop + self.length]

    def edge(self, position: int) -> float:
        """The value at a position; the median of the neighbourhood where there is none."""
        if 0 <= position < len(self.values) and np.isfinite(self.values[position]):
            return float(self.values[position])
        return _median(self.neighbourhood())


def _median(values: Floats) -> float:
    known = values[np.isfinite(values)]
    return float(np.median(known)) if known.size else 0.0


def _noise_std(values: Floats) -> float:
    """Standard deviation of the noise: MAD of second differences ÷ √6, in which smooth components cancel."""
    if len(values) < 3:
        return 0.0
    return mad_std(np.diff(values, 2)) / math.sqrt(6)


def _triangle(target: _Target) -> Floats:
    """(length,) a triangle of height 1."""
    rising = 1 - np.abs(2 * np.arange(1, target.length + 1) / (target.length + 1) - 1)
    return np.asarray(rising / rising.max())


def _spike(target: _Target) -> Floats:
    return target.segment + target.change * _triangle(target)


def _dip(target: _Target) -> Floats:
    return target.segment - target.change * _triangle(target)


def _level_shift(target: _Target) -> Floats:
    return target.segment + target.sign * target.change


def _drift(target: _Target) -> Floats:
    return target.segment + target.sign * target.change * np.arange(1, target.length + 1) / target.length


def _changed_amplitude(target: _Target) -> Floats:
    return target.segment + target.size * (target.segment - _median(target.neighbourhood()))


def _changed_frequency(target: _Target) -> Floats:
    last = len(target.values) - 1
    steps = np.arange(target.length)
    speed = min(1 + target.size, last / max(target.length - 1, 1))
    source = min(target.start, last - speed * (target.length - 1)) + speed * steps
    return np.asarray(np.interp(source, np.arange(last + 1), target.values))


def _flat_line(target: _Target) -> Floats:
    return np.full(target.length, target.edge(target.start - 1))


def _noise_burst(target: _Target) -> Floats:
    return target.segment + target.change * target.rng.normal(0, 1, target.length)


def _missing_cycle(target: _Target) -> Floats:
    line = np.linspace(target.edge(target.start - 1), target.edge(target.stop), target.length + 2)[1:-1]
    return line + target.rng.normal(0, _noise_std(target.neighbourhood()), target.length)


@dataclass(frozen=True)
class Fault:
    """How a fault changes an interval, and the ranges that `data_generation.demo` draws its length and size from.

    apply   the new values (length,) of the interval
    points  shortest length, in points
    cycles  length, in cycles
    sizes   in robust standard deviations
    """

    apply: Callable[[_Target], Floats]
    points: tuple[int, int]
    cycles: tuple[float, float]
    sizes: tuple[float, float]


FAULTS = {
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


def find_fault(name: str) -> Fault:
    """A known fault by name. Raises UnknownName."""
    if name not in FAULTS:
        raise UnknownName(
            f"There is no anomaly {name!r}; use one of {', '.join(FAULTS)}.", name=name, known=sorted(FAULTS)
        )
    return FAULTS[name]


def inject_fault(series: Series, fault: str, start: int, length: int, size: float = 3.0, seed: int = 0) -> Series:
    """A copy of the series with one known fault in positions start to start + length; all other values are unchanged.

    spike, dip         adds, subtracts a triangle of height `size`
    level_shift        adds ± `size`; drift: a ramp from 0 to ± `size`
    noise_burst        adds Gaussian noise of standard deviation `size`
    changed_amplitude  multiplies the distances from the median of the neighbourhood by 1 + size
    changed_frequency  reads the series 1 + size times as fast
    flat_line          repeats the value before; `size` has no effect
    missing_cycle      a straight line with the noise of the neighbourhood; `size` has no effect

    `size` is in robust standard deviations of the series (`timeseries.robust.q5_q95_std`). Missing values stay missing.
    Raises UnknownName for an unknown fault, BadParameter for an interval outside the series or a size of 0 or less.
    """
    known = find_fault(fault)
    stop = start + length
    if not 0 <= start < stop <= len(series):
        message = f"The interval from {start} to {stop} does not lie in a series of {len(series)} points."
        raise BadParameter(message, name="start")
    if not 0 < size < np.inf:
        raise BadParameter("Parameter size must be a number above 0.", name="size")
    values = series.values.copy()
    rng = np.random.default_rng([seed, start, *fault.encode()])
    injected = known.apply(_Target(series.values, start, stop, size, rng))
    values[start:stop] = np.where(np.isnan(series.values[start:stop]), np.nan, injected)
    return replace(series, values=values)
