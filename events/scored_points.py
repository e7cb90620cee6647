"""Scored points of a stream as columns: values, what was expected, scores and the detectors that gave them."""

import functools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from timeseries import Bools, Floats, Repair, Times

COLUMNS = ("values", "expected", "lower", "upper", "score", "is_anomaly", "confidence", "late")
"""The columns of ScoredPoints that are arrays in every stream."""


@dataclass(frozen=True, eq=False)
class ScoredPoints:
    """Points of a stream with their scores, in the order in which they were accepted.

    times      (n,) datetime64[ms] UTC; None for a stream that counts its points
    values     (n,) float64 in the stream's unit, NaN = missing
    expected, lower, upper  (n,) in the stream's unit, NaN where no detector could expect a value
    score      (n,) >= 0 in the unit of the detector that gave it, NaN where none could
    is_anomaly (n,)
    judged_by  names of the n detectors, None where no score could be given
    confidence (n,) 0 to 1, of the detection; NaN where unknown
    late       (n,) whether a newer point arrived before; never in a stream that counts its points
    cursor     of the last of these points; reading after it returns the next one
    repairs    changes made to the points as they were sent
    """

    times: Times | None
    values: Floats
    expected: Floats
    lower: Floats
    upper: Floats
    score: Floats
    is_anomaly: Bools
    judged_by: tuple[str | None, ...]
    confidence: Floats
    late: Bools
    cursor: int
    repairs: tuple[Repair, ...] = ()

    def __len__(self) -> int:
        return len(self.values)

    @functools.cached_property
    def anomalies(self) -> int:
        """How many of the points are anomalies."""
        return int(np.count_nonzero(self.is_anomaly))

    @property
    def span_ms(self) -> int | None:
        """The time from the earliest to the latest point; None where there are no times, or no points."""
        if self.times is None or not len(self):
            return None
        return int((self.times.max() - self.times.min()).astype(np.int64))

    def part(self, start: int, stop: int) -> "ScoredPoints":
        """Points start to stop (half open positions, not negative)."""
        return ScoredPoints(
            times=None if self.times is None else self.times[start:stop],
            judged_by=self.judged_by[start:stop],
            cursor=self.cursor - len(self) + min(stop, len(self)),
            **{name: getattr(self, name)[start:stop] for name in COLUMNS},
        )

    def take(self, positions: NDArray[np.intp], cursor: int) -> "ScoredPoints":
        """The points at these positions, in their order, of which the last has this cursor."""
        return ScoredPoints(
            times=None if self.times is None else self.times[positions],
            judged_by=tuple(self.judged_by[position] for position in positions.tolist()),
            cursor=cursor,
            **{name: getattr(self, name)[positions] for name in COLUMNS},
        )


def unscored(times: Times | None, values: Floats, cursor: int) -> ScoredPoints:
    """Points without scores."""
    n = len(values)
    nothing, flags = np.full(n, np.nan), np.zeros(n, np.bool_)
    return ScoredPoints(
        times,
        values,
        nothing,
        nothing,
        nothing,
        nothing,
        flags,
        (None,) * n,
        confidence=nothing,
        late=flags,
        cursor=cursor,
    )


def concatenate(parts: Sequence[ScoredPoints]) -> ScoredPoints:
    """The points of one part or more in their order; the cursor is that of the last part.

    All parts with points have times, or none has. An empty part does not matter: a stream without points may get
    either kind."""
    filled = [part for part in parts if len(part)] or parts[:1]

    def column(name: str) -> Any:
        return np.concatenate([getattr(part, name) for part in filled])

    return ScoredPoints(
        times=None if filled[0].times is None else column("times"),
        judged_by=tuple(name for part in filled for name in part.judged_by),
        cursor=parts[-1].cursor,
        **{name: column(name) for name in COLUMNS},
    )
