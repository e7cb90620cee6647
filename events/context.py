"""What makes an event's peak remarkable in its own series: its rank, the usual value there, and what would be normal.

Words for people only: nothing is judged by them.
"""

import math
from collections.abc import Iterator

import numpy as np

from timeseries import Floats, Series

BLOCK = 4096
"""Points looked at together when the last value as high is looked for: a million points in some 300 steps."""
LEAST_POINTS = 24
"""A value that is the highest of fewer points than this is not remarkable for it."""
LEAST_CYCLES = 3
"""Values at the same place of so many other cycles make a usual one."""
MOST_CYCLES = 500
"""Most cycles before a point, and after it, that are looked at: a long series has hundreds of events."""
UNITS = ((86_400_000, "day"), (3_600_000, "hour"), (60_000, "minute"), (1000, "second"))
DAY, WEEK = 86_400_000, 7 * 86_400_000


class EventContext:
    """The series, looked at once for all of its events. `period` is its cycle in points, None where none is known."""

    def __init__(self, series: Series, period: int | None) -> None:
        self.series, self.period = series, period
        self.step = series.step_ms or 0
        self.stamps = None if series.times is None else series.times.view(np.int64)  # no copy: it is asked often
        self.even = self.stamps is None or bool((np.diff(self.stamps) == self.step).all())
        whole = -(-len(series) // BLOCK) * BLOCK
        padded = np.full(whole, np.nan)
        padded[: len(series)] = series.values
        blocks = np.where(np.isnan(padded), -np.inf, padded).reshape(-1, BLOCK)
        self.highs = blocks.max(axis=1) if whole else np.empty(0)
        blocks = np.where(np.isnan(padded), np.inf, padded).reshape(-1, BLOCK)
        self.lows = blocks.min(axis=1) if whole else np.empty(0)

    def told(self, peak: int, direction: str, expected: float, margin: float) -> str:
        """A sentence on the point at position `peak`, or "". `margin` is the half width of its band, NaN without one.

        `direction` is the event's: of one that is no value outside the band ("shape") only the usual value is told.
        """
        facts = list(self._facts(peak, direction, expected, margin))
        text = "; ".join(facts)
        return f"{text[0].upper()}{text[1:]}." if text else ""

    def _facts(self, peak: int, direction: str, expected: float, margin: float) -> Iterator[str]:
        if direction in ("above", "below") and (rank := self._rank(peak, direction)):
            yield rank
        if usual := self._usual(peak):
            yield usual
        edge = expected + margin if direction == "above" else expected - margin
        if direction in ("above", "below") and math.isfinite(edge):
            yield f"would be normal {'below' if direction == 'above' else 'above'} {sized(edge, margin)}"

    def _rank(self, peak: int, direction: str) -> str:
        """ "highest of the 41 days", "lowest for 3 days", or "" where it is nothing special."""
        word, sign = ("highest", 1.0) if direction == "above" else ("lowest", -1.0)
        tops = self.highs if direction == "above" else -self.lows
        values, value = self.series.values, sign * float(self.series.values[peak])
        if value >= tops.max() and len(values) >= LEAST_POINTS:
            return f"{word} of the {self._length(0, len(values) - 1)}"
        before = last_as_high(sign, values, tops, peak, value)
        if peak - before <= LEAST_POINTS:
            return ""
        return f"{word} {'so far' if before < 0 else f'for {self._length(before, peak)}'}"

    def _length(self, first: int, last: int) -> str:
        """The time from one position to another, or the points where there are no times."""
        if self.stamps is None:
            return f"{last - first + 1} points"
        return span(int(self.stamps[last] - self.stamps[first]) + self.step)

    def _usual(self, peak: int) -> str:
        """The median of the values at the same place of the other cycles."""
        if not self.period:
            return ""
        others = self._at_same_place(peak)
        known = others[np.isfinite(others)]
        if known.size < LEAST_CYCLES:
            return ""
        usual, spread = float(np.median(known)), float(np.ptp(known))
        return f"the usual value {self._place()} is {sized(usual, spread)}"

    def _at_same_place(self, peak: int) -> Floats:
        values, stamps, period = self.series.values, self.stamps, self.period or 1
        if self.even or stamps is None:
            first = max(peak % period, peak - MOST_CYCLES * period)
            others = values[first : peak + MOST_CYCLES * period + 1 : period]
            return np.delete(others, (peak - first) // period)
        cycle = period * self.step
        if cycle <= 0:
            return np.empty(0)
        moment = int(stamps[peak])
        first, last = ((int(end) - moment) // cycle for end in stamps[[0, -1]])
        wanted = moment + cycle * np.arange(max(first, -MOST_CYCLES), min(last, MOST_CYCLES) + 1)
        at = np.clip(np.searchsorted(stamps, wanted - self.step // 2), 0, len(values) - 1)
        return np.asarray(values[at[(np.abs(stamps[at] - wanted) <= self.step // 2) & (at != peak)]])

    def _place(self) -> str:
        cycle = (self.period or 0) * self.step
        known = {DAY: "at this time of day", WEEK: "at this time of the week"}
        return known.get(cycle, "at this place of the cycle")


def last_as_high(sign: float, values: Floats, tops: Floats, peak: int, value: float) -> int:
    """Position of the last of `values` before `peak` that, times `sign`, is at least `value`; -1 where there is none.

    `tops` are the highest of each block of BLOCK points, times `sign`.
    """
    block = peak // BLOCK
    within = np.flatnonzero(sign * values[block * BLOCK : peak] >= value)
    if within.size:
        return block * BLOCK + int(within[-1])
    blocks = np.flatnonzero(tops[:block] >= value)
    if not blocks.size:
        return -1
    first = int(blocks[-1]) * BLOCK
    return first + int(np.flatnonzero(sign * values[first : first + BLOCK] >= value)[-1])


def sized(value: float, scale: float) -> str:
    """The value as exact as makes sense beside a distance of this size: 27.4123 beside 2.5 is "27.4"."""
    if not (math.isfinite(scale) and scale > 0 and 1e-9 < abs(scale) < 1e15):
        return f"{value:.6g}"
    return f"{round(value, 1 - math.floor(math.log10(scale))):.10g}"


def span(ms: int) -> str:
    """A length of time in its largest unit of which there are two or more: "41 days", "36 hours"."""
    for size, name in UNITS:
        if ms >= 2 * size:
            return f"{round(ms / size)} {name}s"
    return f"{ms} ms" if ms < 1000 else "1 second"
