"""The band of the robust z-score on a young stream, widened by what the stream did before.

A window of sixty values holds one or two heart beats, or one rise of a working day, and the few values of each peak lie
far outside its middle nine tenths. The band around the median is therefore the widest of three: the robust z-score's
own; while the window is not full, that times the ratio of a full window's confidence to this one's; and
EXCURSION_FACTOR times the second largest excursion on the same side. docs/experiments/cold-start.md has the
experiments.
"""

from dataclasses import replace

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from anomaly_detection import DEFAULT_MERGE_GAP
from events.scored_points import ScoredPoints
from timeseries import Floats, Series
from timeseries.scaling import times_unit, unit_of

EXCURSION_POINTS = 200
"""Number of points before the scored one in which excursions count: about as many as the own detector is fitted on."""
MIN_DISTANCE = DEFAULT_MERGE_GAP + 2
"""Minimum distance of two excursions, in points: closer ones would be one event."""
EXCURSION_FACTOR = 1.2
"""A value whose excursion is this many times the second largest one is an anomaly."""
BLOCK = 256
"""Number of windows per step: a block of 200-point windows fits the processor's cache."""


def widen_band(scored: ScoredPoints, series: Series, threshold: float, full_confidence: float) -> ScoredPoints:
    """The robust z-score's scores of the last points of `series`, by the widened band.

    threshold        of the z-score
    full_confidence  of a score from a full window

    The score is the distance ÷ the width of the band on that side · threshold. Points without a score have none.
    """
    new = len(scored)
    if not np.isfinite(scored.score).any():
        return scored
    unit = unit_of(series.values)
    values = scored.values / unit
    expected = scored.expected / unit
    width = (scored.upper / unit - scored.lower / unit) / 2 * np.maximum(full_confidence / scored.confidence, 1.0)
    width = np.maximum(width, np.finfo(np.float64).tiny)
    padding = np.full(EXCURSION_POINTS, np.nan)
    before = np.concatenate((padding, series.values / unit))[len(series) - new : -1]
    excursion_below = expected + second_maximum(-before, EXCURSION_POINTS)
    excursion_above = second_maximum(before, EXCURSION_POINTS) - expected
    below = np.maximum(width, EXCURSION_FACTOR * excursion_below)
    above = np.maximum(width, EXCURSION_FACTOR * excursion_above)
    score = threshold * np.abs(values - expected) / np.where(values < expected, below, above)
    return replace(
        scored,
        lower=times_unit(expected - below, unit),
        upper=times_unit(expected + above, unit),
        score=score,
        is_anomaly=score > threshold,
    )


def second_maximum(values: Floats, window: int) -> Floats:
    """The second largest excursion (n − window + 1,) of each window of the values (n,).

    That is the largest value at least MIN_DISTANCE points from the window's first largest; −inf where there is none.
    Missing values are ignored.
    """
    known = np.where(np.isnan(values), -np.inf, values)
    windows = sliding_window_view(known, window)
    around = np.arange(1 - MIN_DISTANCE, MIN_DISTANCE)
    result = np.empty(len(windows))
    for start in range(0, len(windows), BLOCK):
        block = windows[start : start + BLOCK].copy()
        near_maximum = np.clip(np.argmax(block, axis=1)[:, None] + around, 0, window - 1)
        np.put_along_axis(block, near_maximum, -np.inf, axis=1)
        result[start : start + BLOCK] = block.max(axis=1)
    return result
