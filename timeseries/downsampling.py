"""Many points as few: what a chart can show, without losing an extreme or an event."""

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
    """(k,) the positions, rising, of at most 2 · `buckets` of n points (3 of a single bucket). All of them where these
    are no more.

    Otherwise the points are put into buckets of equal time, or of equal count where they have no `times` (n,), rising;
    of each bucket the first of its smallest and of its largest `values` (n,) stay; of one in which all are missing
    the first point, so that a gap stays a gap. Each run of `flagged` (n,) points keeps its peak, the first of its
    highest `score` (n,), NaN being the lowest; without scores its first point. Where this takes room, the buckets are
    the fewer, down to half of those asked for. Where runs are more than `buckets`, each of `buckets` buckets keeps
    the highest of the peaks in it: no stretch that shows an anomaly loses all of them.
    """
    n = len(values)
    if n <= 2 * buckets:
        return np.arange(n)
    peaks = _peaks(flagged, score)
    if len(peaks) > buckets:
        peaks = _highest(peaks, _starts(n, times, buckets), score)
    starts = _starts(n, times, max(1, buckets - (len(peaks) + 1) // 2))
    missing = np.isnan(values)
    low, high = (np.where(missing, end, values) if missing.any() else values for end in (np.inf, -np.inf))
    # In a bucket without a value both are infinite and its first point is found twice.
    extremes = _first_of(low, starts, np.minimum), _first_of(high, starts, np.maximum)
    return np.unique(np.concatenate([*extremes, peaks]))


def _starts(n: int, times: Times | None, buckets: int) -> Positions:
    """The first position of each bucket that holds points."""
    if times is None:
        first, span = 0, n
    else:
        first = int(times[0].astype(np.int64))
        span = int(times[-1].astype(np.int64)) - first + 1
    whole, rest = divmod(span, buckets)
    count = np.arange(buckets)
    edges = first + count * whole + count * rest // buckets  # exact, where count * span would be too large
    if times is None:
        return np.unique(edges)
    return np.unique(np.searchsorted(times.astype(np.int64), edges))


def _first_of(values: Floats, starts: Positions, choose: np.ufunc) -> Positions:
    """The first position of what `choose` chooses of each bucket; no value is NaN."""
    best = choose.reduceat(values, starts)
    found = np.flatnonzero(values == np.repeat(best, np.diff(starts, append=len(values))))
    return found[np.searchsorted(found, starts)]


def _peaks(flagged: Bools | None, score: Floats | None) -> Positions:
    """The peak of each run of flagged points."""
    at = np.flatnonzero(flagged) if flagged is not None else np.empty(0, np.int64)
    if not at.size:
        return at
    runs = np.flatnonzero(np.diff(at, prepend=at[0] - 2) > 1)
    return at[_first_of(_known(at, score), runs, np.maximum)]


def _highest(peaks: Positions, starts: Positions, score: Floats | None) -> Positions:
    """The highest of the peaks in each bucket."""
    first = np.unique(np.searchsorted(peaks, starts))
    return peaks[_first_of(_known(peaks, score), first[first < len(peaks)], np.maximum)]


def _known(at: Positions, score: Floats | None) -> Floats:
    """The scores at some positions, those that are NaN the lowest; all the same where there are none."""
    return np.zeros(len(at)) if score is None else np.where(np.isnan(score[at]), -np.inf, score[at])
