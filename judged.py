"""Judged points: what came, what was expected, and who said so, as columns."""

import functools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from series import Bools, Floats, Repair, Times


@dataclass(frozen=True, eq=False)
class Judged:
    """Points of a stream with their judgement, in the order in which they were accepted.

    times      (n,) datetime64[ms] UTC; None for a stream that counts its points
    values     (n,) float64 in the stream's unit, NaN = missing
    expected, lower, upper  (n,) in the stream's unit, NaN where nobody could tell
    score      (n,) >= 0 in the unit of the detector that judged, NaN where nobody could tell
    is_anomaly (n,)
    judged_by  n names of detectors, None where nobody could tell
    cursor     of the last of these points; reading after it gives the next one
    repairs    what was changed in the points as they were sent
    """

    times: Times | None
    values: Floats
    expected: Floats
    lower: Floats
    upper: Floats
    score: Floats
    is_anomaly: Bools
    judged_by: tuple[str | None, ...]
    cursor: int
    repairs: tuple[Repair, ...] = ()

    def __len__(self) -> int:
        return len(self.values)

    @functools.cached_property
    def anomalies(self) -> int:
        """How many of the points are anomalies."""
        return int(np.count_nonzero(self.is_anomaly))

    def part(self, start: int, stop: int) -> "Judged":
        """Points start to stop (half open positions, not negative)."""
        return Judged(
            None if self.times is None else self.times[start:stop],
            self.values[start:stop],
            self.expected[start:stop],
            self.lower[start:stop],
            self.upper[start:stop],
            self.score[start:stop],
            self.is_anomaly[start:stop],
            self.judged_by[start:stop],
            self.cursor - len(self) + min(stop, len(self)),
        )


def unjudged(times: Times | None, values: Floats, cursor: int) -> Judged:
    """Points that nobody judged."""
    nothing = np.full(len(values), np.nan)
    flags = np.zeros(len(values), np.bool_)
    return Judged(times, values, nothing, nothing, nothing, nothing, flags, (None,) * len(values), cursor)


def joined(parts: Sequence[Judged]) -> Judged:
    """Points one after another; the cursor is that of the last part. All parts have times, or none; there is one."""

    def whole(name: str) -> Any:
        return np.concatenate([getattr(part, name) for part in parts])

    return Judged(
        None if parts[0].times is None else whole("times"),
        whole("values"),
        whole("expected"),
        whole("lower"),
        whole("upper"),
        whole("score"),
        whole("is_anomaly"),
        tuple(name for part in parts for name in part.judged_by),
        parts[-1].cursor,
    )
