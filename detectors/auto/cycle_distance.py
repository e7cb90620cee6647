"""Cycles: stretches that lie far from the cycles before and after them, in a finished series.

A cycle that does not come, a flat line, a level that shifts for some hours are each made of values that follow from the
one before; beside the same hours of other days they are plain to see.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from detectors.auto.noise_model import NoiseModel
from detectors.residual_windows import trailing_mean
from forecasting.stl import median_around
from timeseries import Floats

CYCLES = 3
"""CycleDistance before and after whose median, at the same phase, is what was usual then."""
MAX_PERIODS = 7
"""Most periods that make a cycle: a week is seven days, though the day alone may be found."""
MIN_IMPROVEMENT = 0.9
"""Share of the distance that a longer cycle must leave to be taken for a shorter one."""
MAX_POINTS = 50_000
"""Most points by which that is decided, the last ones."""
WINDOW_FRACTIONS = (0.25, 0.5, 1.0)
"""Lengths of the stretches, in periods."""
MIN_WINDOW, MAX_WINDOW = 8, 256
"""Points of a stretch."""
DISTANCE_CAP = 8.0
"""Usual distances beyond which one point counts no more: a stretch is not far off by a single value."""
QUARTILE = 0.6745
"""Third quartile of normal noise of deviation 1: odd stretches overlap, and may fill a tenth of a series."""
MIN_STD = 0.02
"""The least deviation of a stretch's mean believed, in usual distances."""
SIGMA_PER_STD = 0.3
"""Sigmas per standard deviation of a stretch's mean: 3 sigma are ten of them. Stretches overlap, and what moves from
day to day moves several points together; six were reached on series without any fault."""


@dataclass(frozen=True)
class CycleDistance:
    """How far stretches usually lie from the cycles around them.

    cycle    cells after which the series is most alike; 0 where nothing is judged
    noise    of the distances of single values
    lengths  of the stretches, in cells; of each length the median and the deviation of the mean distance
    """

    cycle: int
    noise: NoiseModel
    lengths: tuple[int, ...]
    usual: tuple[tuple[float, float], ...]

    @classmethod
    def learn(cls, values: Floats, periods: tuple[int, ...]) -> "CycleDistance":
        """values (m,) in spreads of the series, NaN is missing; its periods in cells, shortest first."""
        cycle = best_cycle(values[-MAX_POINTS:], periods[-1]) if periods else 0
        misses = distances(values, cycle)
        noise = NoiseModel.learn(misses, cycle)
        if not noise.trust:
            return cls(0, noise, (), ())
        blank = cls(cycle, noise, (), ())
        relative = blank.relative(misses)
        lengths = sorted({min(max(round(part * periods[0]), MIN_WINDOW), MAX_WINDOW) for part in WINDOW_FRACTIONS})
        usual = {length: _middle(_centred(relative, length)) for length in lengths}
        known = {length: middle for length, middle in usual.items() if middle}
        return cls(cycle, noise, tuple(known), tuple(known.values()))

    def relative(self, misses: Floats) -> Floats:
        """(m,) misses ÷ those usual at that time, held within FAR."""
        return np.minimum(misses / self.noise.around(misses), DISTANCE_CAP)

    def sigmas(self, values: Floats) -> Floats:
        """(m,) how far the stretches around each cell lie from the cycles before and after; 0 where none can be told.

        Of all lengths the furthest, in EACH standard deviations.
        """
        found = np.zeros(len(values))
        if not self.lengths:
            return found
        relative = self.relative(distances(values, self.cycle))
        for length, (middle, deviation) in zip(self.lengths, self.usual, strict=True):
            found = np.fmax(found, (_centred(relative, length) - middle) / deviation)
        return found * SIGMA_PER_STD

    def state(self) -> dict[str, Any]:
        """Everything learned."""
        usual = [list(each) for each in self.usual]
        return {"cycle": self.cycle, "noise": self.noise.state(), "lengths": list(self.lengths), "usual": usual}

    @classmethod
    def from_state(cls, state: Mapping[str, Any]) -> "CycleDistance":
        """What gave this state."""
        usual = tuple((middle, deviation) for middle, deviation in state["usual"])
        return cls(state["cycle"], NoiseModel.from_state(state["noise"]), tuple(state["lengths"]), usual)


def distances(values: Floats, cycle: int) -> Floats:
    """(m,) of each value from the median of CYCLES cycles before and after at the same phase; NaN where unknown."""
    nowhere = np.full(len(values), np.nan)
    return np.abs(values - median_around(values, nowhere, cycle, CYCLES)) if cycle else nowhere


def best_cycle(values: Floats, period: int) -> int:
    """The multiple of a period after which values (m,) are most alike; a longer one where it is CLEARLY better."""
    best, least = period, np.inf
    for times in range(1, MAX_PERIODS + 1):
        away = distances(values, times * period)
        away = away[np.isfinite(away)]
        if times * period * CYCLES > len(values) or not away.size:
            break
        mean = float(np.mean(np.minimum(away, 6 * float(np.median(away)))))
        if mean < MIN_IMPROVEMENT * least:
            best, least = times * period, mean
    return best


def _centred(relative: Floats, length: int) -> Floats:
    """(m,) mean of the `length` cells around each; at the end of the last that are full."""
    ending = trailing_mean(relative, length)
    shifted = np.full(len(ending), np.nan)
    kept = max(len(ending) - length // 2, 0)
    shifted[:kept] = ending[len(ending) - kept :]
    if kept:
        shifted[kept:] = ending[-1]
    return shifted


def _middle(means: Floats) -> tuple[float, float] | None:
    """Median, and the standard deviation that the third quartile gives; None where nothing is known."""
    known = means[np.isfinite(means)]
    if not known.size:
        return None
    middle, high = np.quantile(known, [0.5, 0.75]).tolist()
    return middle, max((high - middle) / QUARTILE, MIN_STD)
