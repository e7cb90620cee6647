"""Downsample a series for a chart without losing an extreme or an event: minimum and maximum of each bucket."""

import numpy as np
from numpy.typing import NDArray

from timeseries import Bools, Floats, Times

Positions = NDArray[np.int64]


def downsample(
    values: Floats,
    times: Times | None = None,
    *,
    buckets: int = 1000,
    flagged: Bools | None = None,
    score: Floats | None = None,
) -> Positions:
    """(k,) ascending positions of at most 2 · `buckets` of the n points (3 for a single bucket); all n where they fit.

    values   (n,) each bucket contributes its minimum and maximum; its first point where all values are missing, so that
             a gap stays visible
    times    (n,) ascending; buckets have equal duration, without times equal numbers of points
    flagged  (n,) each run of flagged points contributes its peak
    score    (n,) the peak is the highest score of a run, NaN being the lowest; without scores its first point

    Peaks reduce the number of buckets, at most by half. With more runs than `buckets`, only the highest peak of each
    bucket is included, so that every part of the chart with anomalies shows at least one. Of equal values or scores
    the first is used.
    """
    n = len(values)
    if n <= 2 * buckets:
        return np.arange(n)
    peaks = _peaks(flagged, score)
    if len(peaks) > buckets:
        peaks = _highest_per_bucket(peaks, _bucket_starts(n, times, buckets), score)
    starts = _bucket_starts(n, times, max(1, buckets - (len(peaks) + 1) // 2))
    missing = np.isnan(values)
    # Both are infinite throughout a bucket without values, and select its first point.
    low, high = (np.where(missing, fill, values) if missing.any() else values for fill in (np.inf, -np.inf))
    minima = _first_extreme(low, starts, np.minimum)
    maxima = _first_extreme(high, starts, np.maximum)
    return np.unique(np.concatenate([minima, maxima, peaks]))


def _bucket_starts(n: int, times: Times | None, buckets: int) -> Positions:
    """The first position of each bucket that is not empty."""
    first = 0 if times is None else int(times[0].astype(np.int64))
    span = n if times is None else int(times[-1].astype(np.int64)) - first + 1
    width, rest = divmod(span, buckets)
    index = np.arange(buckets)
    edges = first + index * width + index * rest // buckets  # index * span would overflow
    if times is None:
        return np.unique(edges)
    return np.unique(np.searchsorted(times.astype(np.int64), edges))


def _first_extreme(values: Floats, starts: Positions, extreme: np.ufunc) -> Positions:
    """The first position of the `extreme` (np.minimum or np.maximum) of each bucket; values without NaN."""
    best = extreme.reduceat(values, starts)
    positions = np.flatnonzero(values == np.repeat(best, np.diff(starts, append=len(values))))
    return positions[np.searchsorted(positions, starts)]


def _peaks(flagged: Bools | None, score: Floats | None) -> Positions:
    """The peak of each run of flagged points."""
    positions = np.flatnonzero(flagged) if flagged is not None else np.empty(0, np.int64)
    if not positions.size:
        return positions
    run_starts = np.flatnonzero(np.diff(positions, prepend=positions[0] - 2) > 1)
    return positions[_first_extreme(_scores_at(positions, score), run_starts, np.maximum)]


def _highest_per_bucket(peaks: Positions, starts: Positions, score: Floats | None) -> Positions:
    """The highest of the peaks in each bucket."""
    first = np.unique(np.searchsorted(peaks, starts))
    return peaks[_first_extreme(_scores_at(peaks, score), first[first < len(peaks)], np.maximum)]


def _scores_at(positions: Positions, score: Floats | None) -> Floats:
    """(k,) scores at positions (k,), −inf for NaN; zeros without scores."""
    return (
        np.zeros(len(positions)) if score is None else np.where(np.isnan(score[positions]), -np.inf, score[positions])
    )
