"""Flatline: values that stay the same for longer than chance allows, as those of a stuck sensor."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from timeseries import Floats
from timeseries.scaling import min_scale


@dataclass(frozen=True)
class FlatlineConfig:
    """Chosen on the demo series; the detector with and without it is in docs/experiments/window-scorers.md.

    min_runs           runs of a length, at least, from which the chance that such a run goes on is estimated
    min_repeat_chance  smallest chance that a value is repeated
    """

    min_runs: int = 10
    min_repeat_chance: float = 1 / 20


CONFIG = FlatlineConfig()


@dataclass(frozen=True)
class FlatlineModel:
    """repeat_chance: the largest share, over all run lengths, of the runs of equal values that went on for one more
    point; 1 where too few runs are known."""

    repeat_chance: float

    @classmethod
    def fit(cls, values: Floats) -> "FlatlineModel":
        """values (m,), NaN is missing. Of a series that rests, as counters do at night, the chance is near 1."""
        lengths = np.sort(_runs(values)[1])
        lengths = lengths[lengths > 0]
        longest = int(lengths[-CONFIG.min_runs]) if len(lengths) >= CONFIG.min_runs else 0
        if not longest:
            return cls(1.0)
        at_least = len(lengths) - np.searchsorted(lengths, np.arange(1, longest + 2))  # runs of k points or more
        chance = np.max(at_least[1:] / at_least[:-1])
        return cls(float(np.clip(chance, CONFIG.min_repeat_chance, 1.0)))

    def surprise(self, values: Floats) -> Floats:
        """(m,) −log₁₀ of the chance that a series of m points has a run as long as that of each point; at least 0.

        Run lengths are geometric: a run goes on for k − 1 more points with repeat_chance^(k − 1), and can begin at any
        of the m points (Bonferroni).
        """
        if self.repeat_chance >= 1 or not len(values):
            return np.zeros(len(values))
        run_of, lengths = _runs(values)
        surprise = (-(lengths - 1) * np.log(self.repeat_chance) - np.log(len(values))) / np.log(10)
        return np.where(np.isfinite(values), np.maximum(surprise, 0.0)[run_of], 0.0)

    def state(self) -> dict[str, Any]:
        """The fields as JSON values."""
        return asdict(self)

    @classmethod
    def from_state(cls, state: Mapping[str, Any]) -> "FlatlineModel":
        """Inverse of `state`."""
        return cls(**state)


def _runs(values: Floats) -> tuple[NDArray[Any], NDArray[Any]]:
    """(m,) the number of the run of equal values that each point belongs to, and the length of each run.

    A missing value equals no other; its run has length 0.
    """
    equal = np.abs(np.diff(values)) <= min_scale(values)
    run_of = np.concatenate((np.zeros(min(len(values), 1), dtype=np.int64), np.cumsum(~equal)))
    lengths = np.bincount(run_of[np.isfinite(values)], minlength=int(run_of[-1]) + 1 if len(run_of) else 0)
    return run_of, lengths
