"""VUS-PR: volume under the surface of precision and recall, over thresholds and over how loosely labels are taken.

Paparrizos et al., "Volume Under the Surface", VLDB 2022; the numbers are those of `TSB_AD.evaluation`, here without
its loops: each point enters at the first threshold that it reaches, so that one cumulative sum serves all thresholds.
"""

import numpy as np
from numpy.typing import NDArray

from timeseries import Bools, Floats
from timeseries.intervals import runs
from timeseries.seasonality import autocorrelation

THRESHOLDS = 250
MAX_LAG = 400
SHORTEST, MAX_WINDOW, DEFAULT_WINDOW = 6, 303, 125
SAMPLE = 20_000
CHUNK = 2_000_000
"""Numbers held at once in the sums over windows; keeps long series within some tens of MiB."""

Ints = NDArray[np.int64]


def vus_window(values: Floats) -> int:
    """The widest buffer around labels, in points: the period of values (n,) as `TSB_AD` estimates it, or 125."""
    return estimated_period(values) or DEFAULT_WINDOW


def estimated_period(values: Floats) -> int | None:
    """The lag of the highest local maximum of the autocorrelation at lags 4 to 399, as `TSB_AD` takes it.

    None where that does not lie in 6 to 303. Missing values count as the mean.
    """
    values = values[:SAMPLE]
    known = np.isfinite(values)
    centred = np.where(known, values - np.mean(values[known]), 0.0) if known.any() else np.zeros(len(values))
    size = float(np.max(np.abs(centred), initial=0.0))
    lags = min(MAX_LAG + 1, len(values))
    if size == 0:
        return None
    # per n, not per pair: the biased estimate, which is the one used there
    shrunk = autocorrelation(centred / size, lags) * (len(values) - np.arange(lags)) / len(values)
    shrunk = shrunk[3:]
    peaks = np.flatnonzero((shrunk[1:-1] > shrunk[:-2]) & (shrunk[1:-1] > shrunk[2:])) + 1
    if not peaks.size:
        return None
    best = int(peaks[np.argmax(shrunk[peaks])]) + 3
    return best if SHORTEST <= best <= MAX_WINDOW else None


def vus_pr(score: Floats, labels: Bools, window: int, thresholds: int = THRESHOLDS) -> float:
    """Between 0 and 1; NaN where no point is labelled, or all are.

    score   (n,), higher is more anomalous. NaN is a point without a score: it ranks below every other, so that a
            labelled event in the warm-up is detected last
    labels  (n,) true for an anomalous point
    window  widest buffer in points, from `vus_window`; buffers of 0 to `window` points are averaged
    """
    labels = np.asarray(labels, dtype=bool)
    if labels.all() or not labels.any():
        return float("nan")
    enters, flagged = _entries(np.where(np.isnan(score), -np.inf, score), thresholds)
    events = np.array(runs(labels))
    hits = np.cumsum(np.bincount(enters[labels], minlength=thresholds))
    widened = _widened(events, labels, window, enters, thresholds)
    true = hits + widened  # (window + 1, thresholds)
    recall = np.minimum(true / (labels.sum() + widened / 2), 1.0) * _recall(events, window, enters, thresholds)
    steps = np.diff(recall, axis=1, prepend=0.0)
    return float(np.mean(np.sum(steps * true / flagged, axis=1)))


def _entries(score: Floats, thresholds: int) -> tuple[Ints, Ints]:
    """(n,) the first threshold that each point reaches, thresholds falling; (thresholds,) points at or above each."""
    falling = -np.sort(-score)
    levels = falling[np.linspace(0, len(score) - 1, thresholds).astype(int)]
    enters = np.searchsorted(-levels, -score, side="left")
    return enters, np.cumsum(np.bincount(enters, minlength=thresholds))


def _widened(events: Ints, labels: Bools, window: int, enters: Ints, thresholds: int) -> Floats:
    """(window + 1, thresholds): the sum of the weights of the unlabelled points near events, of those flagged.

    The weight at a distance of d points is sqrt(1 − d / w) for d <= w // 2; the weights of several events add up to
    at most 1.
    """
    reach = np.arange(1, window // 2 + 1)
    at = np.concatenate([events[:, :1] - reach, events[:, 1:] - 1 + reach]).ravel()
    distance = np.tile(reach, 2 * len(events))
    inside = (at >= 0) & (at < len(labels))
    inside[inside] = ~labels[at[inside]]
    at, distance = at[inside], distance[inside]
    sums = np.zeros((window + 1, thresholds))
    if not at.size:
        return sums
    order = np.lexsort((at, enters[at]))  # by threshold, then by point
    at, distance = at[order], distance[order]
    firsts = np.flatnonzero(np.concatenate(([True], at[1:] != at[:-1])))
    points = enters[at[firsts]]
    steps = np.flatnonzero(np.concatenate(([True], points[1:] != points[:-1])))
    rows = max(1, CHUNK // len(at))
    for low in range(2, window + 1, rows):  # a buffer of 0 or 1 points reaches no neighbour
        width = np.arange(low, min(low + rows, window + 1))[:, None]
        table = np.where(reach <= width // 2, np.sqrt(np.maximum(1 - reach / width, 0)), 0.0)
        weight = np.minimum(np.add.reduceat(table[:, distance - 1], firsts, axis=1), 1.0)
        sums[low : low + len(width), points[steps]] = np.add.reduceat(weight, steps, axis=1)
    return np.cumsum(sums, axis=1)


def _recall(events: Ints, window: int, enters: Ints, thresholds: int) -> Floats:
    """(window + 1, thresholds): share of the events touched within half a buffer; those whose buffers meet are one."""
    padded = np.append(enters, thresholds)
    shares = np.empty((window + 1, thresholds))
    for half in range(window // 2 + 1):
        starts, stops = events[:, 0] - half, events[:, 1] + half
        apart = stops[:-1] - 1 < starts[1:]
        starts = np.maximum(starts[np.concatenate(([True], apart))], 0)
        stops = np.minimum(stops[np.concatenate((apart, [True]))], len(enters))
        bounds = np.column_stack([starts, stops]).ravel()
        first = np.minimum.reduceat(padded, bounds)[::2]
        shares[2 * half : 2 * half + 2] = np.cumsum(np.bincount(first, minlength=thresholds)) / len(first)
    return shares
