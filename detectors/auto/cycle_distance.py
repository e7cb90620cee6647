"""Cycle distance: windows of a finished series that differ from the cycles before and after them.

A missing cycle, a flat line or a level shift of some hours are made of values that each follow from the one before.
Compared with the same hours of other days they stand out.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from detectors.auto.margins import DEFAULT_SIGMA
from detectors.auto.noise_model import NoiseModel
from detectors.residual_windows import trailing_mean
from forecasting.stl import median_around
from timeseries import Floats
from timeseries.robust import finite, median_and_upper_quartile_std

SIGMA_PER_STD = DEFAULT_SIGMA / 10
"""A window whose mean distance lies 10 standard deviations from the median is an anomaly at the default sigma. Windows
overlap, and days differ in several points together: six standard deviations occur in series without any fault."""


@dataclass(frozen=True)
class CycleConfig:
    """Chosen on the demo series; the detector with and without it is in docs/experiments/window-scorers.md.

    cycles            before and after whose median, at the same phase, is expected
    max_periods       periods that make a cycle, at most: a week is seven of a day
    min_improvement   share of the mean distance that a longer cycle must not exceed to replace a shorter one
    max_points        points, the last ones, that this is decided on
    window_fractions  lengths of the windows, in periods
    min_window, max_window  bounds of these lengths, in points
    distance_cap      typical distances at which one point is capped: no window is anomalous by one value
    min_std           smallest std of a window's mean, in typical distances
    """

    cycles: int = 3
    max_periods: int = 7
    min_improvement: float = 0.9
    max_points: int = 50_000
    window_fractions: tuple[float, ...] = (0.25, 0.5, 1.0)
    min_window: int = 8
    max_window: int = 256
    distance_cap: float = 8.0
    min_std: float = 0.02


CONFIG = CycleConfig()


@dataclass(frozen=True)
class CycleDistance:
    """Typical distance of windows from the cycles before and after them.

    cycle    in cells; 0 where nothing is scored
    noise    of the distances of single values
    lengths  of the windows, in cells
    stats    of each length: median and std of the windows' mean relative distance
    """

    cycle: int
    noise: NoiseModel
    lengths: tuple[int, ...]
    stats: tuple[tuple[float, float], ...]

    @classmethod
    def fit(cls, values: Floats, periods: tuple[int, ...]) -> "CycleDistance":
        """values (m,) in std of the series, NaN is missing; its periods in cells, shortest first.

        Scores nothing where the distances are not plain noise.
        """
        cycle = best_cycle(values[-CONFIG.max_points :], periods[-1]) if periods else 0
        distances = cycle_distances(values, cycle)
        noise = NoiseModel.fit(distances, cycle)
        if not noise.confidence:
            return cls(0, noise, (), ())
        relative = relative_distances(distances, noise)
        sizes = {round(fraction * periods[0]) for fraction in CONFIG.window_fractions}
        lengths = sorted({min(max(size, CONFIG.min_window), CONFIG.max_window) for size in sizes})
        stats = {length: _median_and_std(_centred_mean(relative, length)) for length in lengths}
        known = {length: each for length, each in stats.items() if each}
        return cls(cycle, noise, tuple(known), tuple(known.values()))

    def sigmas(self, values: Floats) -> Floats:
        """(m,) the sigma up to which the windows around each cell are anomalous; 0 where none can be scored.

        SIGMA_PER_STD · (mean relative distance − median) ÷ std, the highest of all lengths.
        """
        highest = np.zeros(len(values))
        if not self.lengths:
            return highest
        relative = relative_distances(cycle_distances(values, self.cycle), self.noise)
        for length, (median, std) in zip(self.lengths, self.stats, strict=True):
            highest = np.fmax(highest, (_centred_mean(relative, length) - median) / std)
        return highest * SIGMA_PER_STD

    def state(self) -> dict[str, Any]:
        """The fields as JSON values."""
        stats = [list(each) for each in self.stats]
        return {"cycle": self.cycle, "noise": self.noise.state(), "lengths": list(self.lengths), "stats": stats}

    @classmethod
    def from_state(cls, state: Mapping[str, Any]) -> "CycleDistance":
        """Inverse of `state`."""
        stats = tuple((median, std) for median, std in state["stats"])
        return cls(state["cycle"], NoiseModel.from_state(state["noise"]), tuple(state["lengths"]), stats)


def cycle_distances(values: Floats, cycle: int) -> Floats:
    """(m,) |value − median of the cycles before and after at the same phase|; NaN where unknown, or without a cycle."""
    unknown = np.full(len(values), np.nan)
    return np.abs(values - median_around(values, unknown, cycle, CONFIG.cycles)) if cycle else unknown


def best_cycle(values: Floats, period: int) -> int:
    """The multiple of the period after which values (m,) are most alike; a longer one only where it is clearly better.

    Compared by the mean distance, each capped at six medians.
    """
    best = period
    lowest = np.inf
    for multiple in range(1, CONFIG.max_periods + 1):
        distances = finite(cycle_distances(values, multiple * period))
        if multiple * period * CONFIG.cycles > len(values) or not distances.size:
            break
        mean = float(np.mean(np.minimum(distances, 6 * float(np.median(distances)))))
        if mean < CONFIG.min_improvement * lowest:
            best = multiple * period
            lowest = mean
    return best


def relative_distances(distances: Floats, noise: NoiseModel) -> Floats:
    """(m,) distances ÷ those typical of their phase, capped."""
    return np.minimum(distances / noise.typical_residuals(distances), CONFIG.distance_cap)


def _centred_mean(relative: Floats, length: int) -> Floats:
    """(m,) mean of the `length` cells around each; at the end that of the last full window."""
    trailing = trailing_mean(relative, length)
    centred = np.full(len(trailing), np.nan)
    full = max(len(trailing) - length // 2, 0)
    centred[:full] = trailing[len(trailing) - full :]
    if full:
        centred[full:] = trailing[-1]
    return centred


def _median_and_std(means: Floats) -> tuple[float, float] | None:
    """Median and robust std, of the upper side; None where nothing is known. Windows overlap: a few faults are in up to
    a tenth of them."""
    known = finite(means)
    if not known.size:
        return None
    median, std = median_and_upper_quartile_std(known)
    return median, max(std, CONFIG.min_std)
