"""Overrides: what makes a point of a finished series an anomaly by itself, whatever the mean of the scorers.

A run of equal values, a window unlike the cycles around it, and a residual too large for plain noise. Averaging scorers
lowers the variance, taking their maximum the bias; the ensemble does both (Aggarwal & Sathe, "Theoretical Foundations
and Algorithms for Outlier Ensembles", SIGKDD Explorations, 2015).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from detectors.auto.cycle_distance import CycleDistance
from detectors.auto.flatline import FlatlineModel
from detectors.auto.noise_model import NoiseModel
from events.scorer import ScorerId
from timeseries import Floats

FLATLINE = ScorerId("flatline")
CYCLE_DISTANCE = ScorerId("cycle_distance")


@dataclass(frozen=True)
class Overrides:
    """What is typical of the residuals, of runs of equal values, and of windows beside other cycles."""

    noise: NoiseModel
    flatline: FlatlineModel
    cycles: CycleDistance

    @classmethod
    def fit(cls, residuals: Floats, values: Floats, periods: tuple[int, ...]) -> "Overrides":
        """residuals (m,) >= 0 and values (m,) in std of the series, one for each cell of its grid; periods in cells."""
        noise = NoiseModel.fit(residuals, periods[-1] if periods else 0)
        return cls(noise, FlatlineModel.fit(values), CycleDistance.fit(values, periods))

    def sigmas(self, values: Floats) -> dict[ScorerId, Floats]:
        """By scorer, (m,) the sigma up to which each cell is an anomaly."""
        return {FLATLINE: self.flatline.surprise(values), CYCLE_DISTANCE: self.cycles.sigmas(values)}

    def state(self) -> dict[str, Any]:
        """The states of the parts by name."""
        return {"noise": self.noise.state(), "flatline": self.flatline.state(), "cycles": self.cycles.state()}

    @classmethod
    def from_state(cls, state: Mapping[str, Any]) -> "Overrides":
        """Inverse of `state`."""
        return cls(
            NoiseModel.from_state(state["noise"]),
            FlatlineModel.from_state(state["flatline"]),
            CycleDistance.from_state(state["cycles"]),
        )


def max_with_overrides(scores: Floats, ratio: Floats, threshold: float) -> Floats:
    """(n,) the larger of the mean scores and threshold · (1 + ½ ln ratio), the latter where ratio (n,) > 1.

    ratio: of what overrides to its own limit. By its logarithm it does not outrank for ever what many scorers detect:
    the plain ratio ranked the 73 labelled series worse (docs/experiments/window-scorers.md).
    """
    with np.errstate(invalid="ignore", divide="ignore"):
        override = np.where(ratio > 1, threshold * (1 + np.log(ratio) / 2), 0.0)
    return np.fmax(scores, override)
