"""What is an anomaly alone in a finished series, whatever several views say together.

Where a series is understood, so that only noise is left, its own noise says how far is too far: a value too many
standard deviations of the noise at that time away, a run of equal values, a stretch unlike the cycles around it.
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

STD_PER_SIGMA = 11 / 6
"""Standard deviations of the noise per sigma that a value may lie from its forecast: 5.5 at sigma 3."""
FLATLINE = ScorerId("flatline")
CYCLE_DISTANCE = ScorerId("cycle_distance")
SCORE_CAP = 10.0
"""Of a voice, as `SCORE_CAP`."""


@dataclass(frozen=True)
class Overrides:
    """noise of the one-step misses in spreads of the series, runs of equal values, stretches beside other cycles."""

    noise: NoiseModel
    steady: FlatlineModel
    cycles: CycleDistance

    @classmethod
    def learn(cls, misses: Floats, values: Floats, periods: tuple[int, ...]) -> "Overrides":
        """misses (m,) and values (m,) in spreads of the series, one for each cell of its grid; periods in cells."""
        noise = NoiseModel.learn(misses, periods[-1] if periods else 0)
        return cls(noise, FlatlineModel.learn(values), CycleDistance.learn(values, periods))

    def sigmas(self, values: Floats) -> dict[ScorerId, Floats]:
        """By scorer, (m,) beyond which sigma each cell is an anomaly."""
        return {FLATLINE: self.steady.unlikely(values), CYCLE_DISTANCE: self.cycles.sigmas(values)}

    def state(self) -> dict[str, Any]:
        """Everything learned."""
        return {"noise": self.noise.state(), "steady": self.steady.state(), "cycles": self.cycles.state()}

    @classmethod
    def from_state(cls, state: Mapping[str, Any]) -> "Overrides":
        """What gave this state."""
        noise, steady = NoiseModel.from_state(state["noise"]), FlatlineModel.from_state(state["steady"])
        return cls(noise, steady, CycleDistance.from_state(state["cycles"]))


def margin_from_noise(deviations: Floats, trust: float, sigma: float, wide: float) -> Floats:
    """(n,) how far a value may lie from its forecast: WIDTH · sigma standard deviations of the noise (n,), as far as
    that is to be trusted, else `wide`; between the two in between. All in one unit; NaN deviations say nothing."""
    if not trust:
        return np.full(len(deviations), wide)
    narrow = np.exp(trust * np.log(STD_PER_SIGMA * sigma * deviations) + (1 - trust) * np.log(max(wide, 5e-324)))
    return np.where(np.isnan(deviations), wide, narrow)


def max_with_overrides(usual: Floats, beyond: Floats, threshold: float) -> Floats:
    """(n,) the score: the mean of the views; where something is `beyond` (n,) its own limit, at least
    threshold · (1 + ½ ln beyond). One that is far beyond does not outrank for ever what many views see."""
    with np.errstate(invalid="ignore", divide="ignore"):
        least = np.where(beyond > 1, threshold * (1 + np.log(beyond) / 2), 0.0)
    return np.fmax(usual, least)
