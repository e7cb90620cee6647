"""Judged points: what came, what was expected, and who said so, as columns."""

import functools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from timeseries import Bools, Floats, Repair, Times

COLUMNS = ("values", "expected", "lower", "upper", "score", "is_anomaly", "confidence", "late")
"""The columns of Judged that are arrays whatever the stream."""


@dataclass(frozen=True, eq=False)
class ScoredPoints:
    """Points of a stream with their judgement, in the order in which they were accepted.

    times      (n,) datetime64[ms] UTC; None for a stream that counts its points
    values     (n,) float64 in the stream's unit, NaN = missing
    expected, lower, upper  (n,) in the stream's unit, NaN where nobody could tell
    score      (n,) >= 0 in the unit of the detector that judged, NaN where nobody could tell
    is_anomaly (n,)
    judged_by  n names of detectors, None where nobody could tell
    confidence (n,) 0 to 1: how sure the verdict is; NaN where nobody said
    late       (n,) whether the point came after a newer one; never in a stream that counts its points
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
        """The points at these positions, in their order; the last is to be told with this cursor."""
        return ScoredPoints(
            times=None if self.times is None else self.times[positions],
            judged_by=tuple(self.judged_by[position] for position in positions.tolist()),
            cursor=cursor,
            **{name: getattr(self, name)[positions] for name in COLUMNS},
        )


def unscored(times: Times | None, values: Floats, cursor: int) -> ScoredPoints:
    """Points that nobody judged."""
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
    """Points one after another; the cursor is that of the last part. All parts that have points have times, or none of
    them; there is one part, at least. An empty one tells nothing of times: a stream without points may yet get some."""
    filled = [part for part in parts if len(part)] or parts[:1]

    def whole(name: str) -> Any:
        return np.concatenate([getattr(part, name) for part in filled])

    return ScoredPoints(
        times=None if filled[0].times is None else whole("times"),
        judged_by=tuple(name for part in filled for name in part.judged_by),
        cursor=parts[-1].cursor,
        **{name: whole(name) for name in COLUMNS},
    )
