"""The early verdicts of a young stream, by all that it showed so far: what it did twice is no surprise.

A window of sixty values holds one or two beats of a heart, or one rise of a working day, and the few values of each
peak lie far outside its middle nine tenths. So the band around the median is the widest of three: the robust z-score's
own; while the window is not full, as much wider as the verdict is less sure; and BEYOND times the second farthest
excursion on the same side. docs/experiments/cold-start.md tells what was tried and measured.
"""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from anomaly_detection import DEFAULT_MERGE_GAP
from events.scored_points import ScoredPoints
from timeseries import Floats, Series
from timeseries.scaling import times_unit, unit_of

LOOK_BACK = 200
"""Points before the one that is judged among which excursions are looked for: a few more than the own detector of most
streams waits for."""
APART = DEFAULT_MERGE_GAP + 2
"""Points between two excursions: closer ones would be one event."""
BEYOND = 1.2
"""A value so many times as far out as the second farthest excursion is like neither."""
AT_ONCE = 65_536
"""Windows looked at at once."""
FEW = 16
"""Windows that are quicker looked at one by one than through a table."""

Positions = NDArray[np.intp]


def familiar(judged: ScoredPoints, whole: Series, threshold: float, full: float) -> ScoredPoints:
    """The verdicts of the robust z-score on the last points of `whole`, its band widened to what is familiar.

    threshold  of the z-score
    full       the confidence of a verdict from a full window

    The score is the distance ÷ the band's width on that side · threshold. What was not judged stays so.
    """
    new = len(judged)
    if not np.isfinite(judged.score).any():
        return judged
    unit = unit_of(whole.values)
    values, expected = judged.values / unit, judged.expected / unit
    width = (judged.upper / unit - judged.lower / unit) / 2 * np.maximum(full / judged.confidence, 1.0)
    before = np.concatenate((np.full(LOOK_BACK, np.nan), whole.values / unit))[len(whole) - new : -1]
    below = expected + second_highest(-before, LOOK_BACK)
    above = second_highest(before, LOOK_BACK) - expected
    width = np.maximum(width, np.finfo(np.float64).tiny)
    below, above = np.maximum(width, BEYOND * below), np.maximum(width, BEYOND * above)
    score = threshold * np.abs(values - expected) / np.where(values < expected, below, above)
    return replace(
        judged,
        lower=times_unit(expected - below, unit),
        upper=times_unit(expected + above, unit),
        score=score,
        is_anomaly=score > threshold,
    )


def second_highest(values: Floats, window: int) -> Floats:
    """(n − window + 1,) of each window of (n,) the highest of the values that stand APART from its highest, of equal
    ones the first; −inf where there is none. Missing values are left out."""
    known = np.where(np.isnan(values), -np.inf, values)
    found = np.empty(len(known) - window + 1)
    if len(found) <= FEW:
        found[:] = [_of_window(known[start : start + window]) for start in range(len(found))]
        return found
    for start in range(0, len(found), AT_ONCE):
        found[start : start + AT_ONCE] = _of_windows(known[start : start + AT_ONCE + window - 1], window)
    return found


def _of_window(known: Floats) -> float:
    """The second highest of one window."""
    top = int(np.argmax(known))
    before, after = known[: max(top - APART + 1, 0)], known[top + APART :]
    return float(max(before.max(initial=-np.inf), after.max(initial=-np.inf)))


def _of_windows(known: Floats, window: int) -> Floats:
    """The second highest of each of many windows, from a table of what is highest in their parts."""
    start = np.arange(len(known) - window + 1)
    table = _highest(known, window)
    top = _within(table, known, start, start + window)
    before, after = _within(table, known, start, top - APART + 1), _within(table, known, top + APART, start + window)
    return np.maximum(np.where(before < 0, -np.inf, known[before]), np.where(after < 0, -np.inf, known[after]))


def _highest(values: Floats, window: int) -> Positions:
    """(levels, n) at k, i the position of the highest of the 2^k values from i on, the first of equal ones."""
    levels = [np.arange(len(values))]
    for k in range(window.bit_length() - 1):
        one = levels[k]
        other = one[np.minimum(np.arange(len(values)) + 2**k, len(values) - 1)]
        levels.append(np.where(values[other] > values[one], other, one))
    return np.stack(levels)


def _within(table: Positions, values: Floats, start: Positions, stop: Positions) -> Positions:
    """Where the highest value from start up to stop stands, the first of equal ones; −1 where nothing lies between."""
    size = np.frexp(np.maximum(stop - start, 1))[1] - 1
    some = stop > start
    one, other = table[size, np.where(some, start, 0)], table[size, np.where(some, stop - 2**size, 0)]
    return np.where(some, np.where(values[other] > values[one], other, one), -1)
