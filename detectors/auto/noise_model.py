"""Noise: how far values usually miss what is expected of them, by the time of the cycle, and whether that is all there
is to say about the misses. Where it is, a limit may be as narrow as normal noise allows."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from detectors.residual_windows import trailing_mean
from timeseries import Floats
from timeseries.seasonality import lagged

CYCLES = 3
"""Cycles before and after a point whose misses at the same phase say how far it may miss; its own says nothing, so that
no fault widens its own limit."""
NEIGHBOURS = 5
"""Points before and after that phase which count too: cycles do not keep their length to the point."""
MIN_PHASE_RATIO = 1 / 4
"""Of the mean miss: the least that is usual at any time. A night without a single miss says little about the next."""
RESIDUAL_CAP = 20.0
"""Medians beyond which a miss counts no more in a mean."""
MIN_NOISE = 0.01
"""The least noise believed, in spreads of the series: what is smaller cannot be seen in a chart, and a series that is
told all but exactly has none to learn."""
MIN_RESIDUALS = 200
"""Misses that must be known before a limit is set by them."""
MIN_FIRST_CYCLE_RESIDUALS = 50
"""Misses of the first cycle that must be known to say how large they are there."""
MIDDLE, NINTH, HIGH = 0.6745, 1.6449, 2.1701
"""Median, ninth decile and 97th percentile of the size of normal noise of deviation 1."""
TAIL_LOW, TAIL_HIGH = 0.6, 0.85
"""How steeply the misses fall off, 1 being that of normal noise: below the first nothing is believed, from the second
on everything."""
MAX_NOISE_RATIO = 0.4
"""Most that the noise is, in spreads of the series, where what moves the series is understood: five sixths of it."""


@dataclass(frozen=True)
class NoiseModel:
    """What misses (m,) >= 0 in spreads of the series, one for each cell of its grid, usually are.

    period     of the cycle that they follow, in cells; 0 where there is none
    usual      their mean, each held within FAR medians: `far`
    deviation  the standard deviation that normal noise would have, were the mean miss around it 1
    trust      from 0 to 1: how far limits may rest on this alone
    early      the standard deviation within the first cycle, whose forecasts know no season yet; None: too few known
    """

    period: int
    usual: float
    far: float
    deviation: float
    trust: float
    early: float | None = None

    @classmethod
    def learn(cls, misses: Floats, period: int) -> "NoiseModel":
        """NaN is unknown. Believed where the noise is small beside what the series does, and falls off like noise."""
        known = misses[np.isfinite(misses)]
        if len(known) < MIN_RESIDUALS:
            return cls(period, MIN_NOISE, RESIDUAL_CAP, 1.0, 0.0)
        middle = float(np.median(known))
        far = RESIDUAL_CAP * max(middle, MIN_NOISE)
        usual = max(float(np.mean(np.minimum(known, far))), MIN_NOISE)
        blank = cls(period, usual, far, 1.0, 0.0)
        relative = (misses / blank.around(misses))[blank.settled :]
        half, ninth = _quantiles(relative)
        deviation = _deviation(relative)
        trust = _clear(half, ninth) if MIN_NOISE <= middle / MIDDLE <= MAX_NOISE_RATIO else 0.0
        first = misses[: blank.settled]
        first = first[np.isfinite(first)]
        early = (
            max(_deviation(first), float(np.quantile(first, 0.97)) / HIGH)
            if len(first) >= MIN_FIRST_CYCLE_RESIDUALS
            else None
        )
        return cls(period, usual, far, deviation or 1.0, trust, early)

    @property
    def settled(self) -> int:
        """Cells at the start, a cycle, whose forecasts know no season yet."""
        return self.period + NEIGHBOURS if self.period else 0

    def around(self, misses: Floats) -> Floats:
        """(m,) the mean miss at the phase of each cell: the median of CYCLES cycles before and after, and at least
        LOWEST of the usual one. The usual one where no more than one of these cycles is known, or there are none."""
        usual = np.full(len(misses), self.usual)
        if not self.period:
            return usual
        width = 2 * min(NEIGHBOURS, self.period // 4) + 1
        mean = trailing_mean(np.minimum(misses, self.far) * (1 / self.far), width) * self.far
        mean = np.concatenate((mean[width // 2 :], np.full(min(width // 2, len(mean)), np.nan)))
        several = [lagged(mean, self.period * k) for k in range(1, CYCLES + 1)]
        several += [lagged(mean[::-1], self.period * k)[::-1] for k in range(1, CYCLES + 1)]
        ordered = np.sort(np.stack(several), axis=0)  # NaN last
        count = np.isfinite(ordered).sum(axis=0)
        at = np.arange(len(misses))
        middle = (ordered[np.maximum(count - 1, 0) // 2, at] + ordered[np.minimum(count // 2, 2 * CYCLES - 1), at]) / 2
        return np.where(count > 1, np.maximum(middle, MIN_PHASE_RATIO * self.usual), usual)

    def deviations(self, misses: Floats) -> Floats:
        """(m,) the standard deviation of the noise at each cell, in spreads; NaN where nothing is said of it."""
        if not self.trust:
            return np.full(len(misses), np.nan)
        found = np.maximum(self.deviation * self.around(misses), MIN_NOISE)
        first = found[: self.settled]
        found[: self.settled] = np.nan if self.early is None else np.maximum(first, self.early)
        return found

    def state(self) -> dict[str, Any]:
        """Everything learned."""
        return asdict(self)

    @classmethod
    def from_state(cls, state: Mapping[str, Any]) -> "NoiseModel":
        """What gave this state."""
        return cls(**state)


def _deviation(misses: Floats) -> float:
    """The standard deviation that normal noise with such misses would have."""
    half, ninth = _quantiles(misses)
    return max(half / MIDDLE, ninth / NINTH)


def _quantiles(relative: Floats) -> tuple[float, float]:
    known = relative[np.isfinite(relative)]
    half, ninth = np.quantile(known, [0.5, 0.9]).tolist() if known.size else (0.0, 0.0)
    return half, ninth


def _clear(half: float, ninth: float) -> float:
    """Trust by the shape of a Weibull tail through median and ninth decile, beside that of normal noise.

    A tail that falls more slowly than normal noise between the two goes on so beyond: its far values are no faults.
    Two quantiles so low hardly move where one point in thirty is odd.
    """
    if half <= 0:
        return 0.0
    shape = np.log(NINTH / MIDDLE) / np.log(max(ninth / half, 1 + 1e-9))
    return float(np.clip((shape - TAIL_LOW) / (TAIL_HIGH - TAIL_LOW), 0.0, 1.0))
