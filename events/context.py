"""How the peak of an event compares with the rest of its series: rank, typical value, edge of the band.

Facts for `events.wording`; no detection depends on them.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, Self

import numpy as np

from timeseries import Floats, Series

BLOCK = 4096
"""Points in a block of the search for the last value as extreme: a million points take some 300 steps."""
MIN_RANK_POINTS = 24
"""A value that is the highest of fewer points than this is not remarkable for it."""
MIN_CYCLES = 3
"""Values at the same phase of this many other cycles make a typical one."""
MAX_CYCLES = 500
"""Cycles before a point, and after it, that are compared: a long series has hundreds of events."""


@dataclass(frozen=True)
class Rank:
    """Among which points a value is the highest, or the lowest.

    scope   "series": of all; "so_far": of those up to it; "recent": of the last ones up to it
    points  how many those are
    ms      their length in time; None without times
    """

    scope: Literal["series", "so_far", "recent"]
    points: int
    ms: int | None = None


@dataclass(frozen=True)
class Typical:
    """Median and range of the values at the same phase of other cycles, and the length of a cycle in ms; 0 without
    times."""

    median: float
    value_range: float
    cycle_ms: int


@dataclass(frozen=True)
class Context:
    """How a peak compares with the rest of its series; each part is None where it does not apply.

    rank     of a peak outside the band
    typical  value at the same phase
    edge     nearest value inside the band, with `margin`, half the width of the band
    """

    rank: Rank | None = None
    typical: Typical | None = None
    edge: float | None = None
    margin: float | None = None

    @classmethod
    def from_json(cls, plain: Mapping[str, Any]) -> Self:
        """Inverse of `dataclasses.asdict`."""
        rank, typical = plain["rank"], plain["typical"]
        return cls(rank and Rank(**rank), typical and Typical(**typical), plain["edge"], plain["margin"])


class EventContext:
    """Compares the events of one series with it. `period` is its cycle in points, None where none is known."""

    def __init__(self, series: Series, period: int | None) -> None:
        self.series = series
        self.period = period
        self.step = series.step_ms or 0
        self.stamps = None if series.times is None else series.times.view(np.int64)  # a view: read once per event
        self.even = self.stamps is None or bool((np.diff(self.stamps) == self.step).all())
        self.highs = _block_maxima(series.values)
        self.lows = -_block_maxima(-series.values)

    def describe(self, peak: int, direction: str, expected: float, margin: float) -> Context:
        """The context of the point at position `peak`; `margin` is half the width of its band, NaN without one.

        A `direction` other than above and below gets the typical value only: the point lies within its band.
        """
        typical = self._typical(peak)
        if direction not in ("above", "below"):
            return Context(typical=typical)
        rank = self._rank(peak, direction)
        edge = expected + margin if direction == "above" else expected - margin
        if not math.isfinite(edge):
            return Context(rank, typical)
        return Context(rank, typical, edge, margin)

    def _rank(self, peak: int, direction: str) -> Rank | None:
        """None where the peak is nothing special."""
        sign = 1.0 if direction == "above" else -1.0
        block_maxima = self.highs if direction == "above" else -self.lows
        values, value = self.series.values, sign * float(self.series.values[peak])
        if value >= block_maxima.max() and len(values) >= MIN_RANK_POINTS:
            return Rank("series", len(values), self._length(0, len(values) - 1))
        previous = last_as_high(sign, values, block_maxima, peak, value)
        if peak - previous <= MIN_RANK_POINTS:
            return None
        if previous < 0:
            return Rank("so_far", peak + 1, self._length(0, peak))
        return Rank("recent", peak - previous + 1, self._length(previous, peak))

    def _length(self, first: int, last: int) -> int | None:
        """The time from one position to another in ms, the step of the last included."""
        return None if self.stamps is None else int(self.stamps[last] - self.stamps[first]) + self.step

    def _typical(self, peak: int) -> Typical | None:
        """From the values at the same phase of the other cycles."""
        if not self.period:
            return None
        others = self._at_same_phase(peak)
        known = others[np.isfinite(others)]
        if known.size < MIN_CYCLES:
            return None
        return Typical(float(np.median(known)), float(np.ptp(known)), self.period * self.step)

    def _at_same_phase(self, peak: int) -> Floats:
        values, stamps, period = self.series.values, self.stamps, self.period or 1
        if self.even or stamps is None:
            first = max(peak % period, peak - MAX_CYCLES * period)
            others = values[first : peak + MAX_CYCLES * period + 1 : period]
            return np.delete(others, (peak - first) // period)
        cycle = period * self.step
        if cycle <= 0:
            return np.empty(0)
        moment = int(stamps[peak])
        first, last = ((int(end) - moment) // cycle for end in stamps[[0, -1]])
        wanted = moment + cycle * np.arange(max(first, -MAX_CYCLES), min(last, MAX_CYCLES) + 1)
        at = np.clip(np.searchsorted(stamps, wanted - self.step // 2), 0, len(values) - 1)
        return np.asarray(values[at[(np.abs(stamps[at] - wanted) <= self.step // 2) & (at != peak)]])


def _block_maxima(values: Floats) -> Floats:
    """The maximum of each block of BLOCK values; −inf where all are missing."""
    padding = -len(values) % BLOCK
    padded = np.concatenate((np.where(np.isnan(values), -np.inf, values), np.full(padding, -np.inf)))
    return np.asarray(padded.reshape(-1, BLOCK).max(axis=1)) if len(values) else np.empty(0)


def last_as_high(sign: float, values: Floats, block_maxima: Floats, peak: int, value: float) -> int:
    """Position of the last of `values` before `peak` that, times `sign`, is at least `value`; -1 where there is none.

    `block_maxima` are those of each BLOCK of the values times `sign`.
    """
    block = peak // BLOCK
    within = np.flatnonzero(sign * values[block * BLOCK : peak] >= value)
    if within.size:
        return block * BLOCK + int(within[-1])
    blocks = np.flatnonzero(block_maxima[:block] >= value)
    if not blocks.size:
        return -1
    first = int(blocks[-1]) * BLOCK
    return first + int(np.flatnonzero(sign * values[first : first + BLOCK] >= value)[-1])
