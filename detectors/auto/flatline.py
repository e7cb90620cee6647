"""Steady: values that stay the same for longer than chance lets them."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from timeseries import Floats
from timeseries.scaling import min_scale

MIN_RUNS = 10
"""Runs of a length, at least, from which it is learned how often such a run goes on."""
MIN_REPEAT_CHANCE = 1 / 20
"""The least chance believed that a value comes again."""


@dataclass(frozen=True)
class FlatlineModel:
    """chance: the largest share of the runs of equal values, of any length, that went on for one more point; 1 where
    too few runs are known to say."""

    chance: float

    @classmethod
    def learn(cls, values: Floats) -> "FlatlineModel":
        """values (m,), NaN is missing. A series that rests, as counters do at night, goes on resting: chance near 1."""
        lengths = np.sort(_runs(values)[1])
        lengths = lengths[lengths > 0]
        longest = int(lengths[-MIN_RUNS]) if len(lengths) >= MIN_RUNS else 0
        if not longest:
            return cls(1.0)
        reached = len(lengths) - np.searchsorted(lengths, np.arange(1, longest + 2))
        return cls(float(np.clip(np.max(reached[1:] / reached[:-1]), MIN_REPEAT_CHANCE, 1.0)))

    def unlikely(self, values: Floats) -> Floats:
        """(m,) powers of ten by which the run that each point lies in is rarer than one in such a series; 0 where it is
        not rarer.

        A run of k points has the chance chance^(k − 1), and can begin at any of the m points.
        """
        if self.chance >= 1 or not len(values):
            return np.zeros(len(values))
        places, lengths = _runs(values)
        told = (-(lengths - 1) * np.log(self.chance) - np.log(len(values))) / np.log(10)
        return np.where(np.isfinite(values), np.maximum(told, 0.0)[places], 0.0)

    def state(self) -> dict[str, Any]:
        """Everything learned."""
        return asdict(self)

    @classmethod
    def from_state(cls, state: Mapping[str, Any]) -> "FlatlineModel":
        """What gave this state."""
        return cls(**state)


def _runs(values: Floats) -> tuple[Any, Any]:
    """(m,) the number of the run of equal values that each point lies in, and the length of each; a missing value is
    equal to none, and no run."""
    same = np.abs(np.diff(values)) <= min_scale(values)
    places = np.concatenate((np.zeros(min(len(values), 1), dtype=np.int64), np.cumsum(~same)))
    lengths = np.bincount(places[np.isfinite(values)], minlength=int(places[-1]) + 1 if len(places) else 0)
    return places, lengths
