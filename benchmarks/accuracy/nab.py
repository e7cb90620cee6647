"""The score of the Numenta Anomaly Benchmark, standard profile: early alarms within a window count more.

Lavin and Ahmad, "Evaluating Real-time Anomaly Detection Algorithms", ICMLA 2015. 0 is a detector that never alarms,
100 one that alarms at the first point of every window and nowhere else. Here over the files of ../shared/data, 36 of
the 58: numbers published for the whole set stand beside ours for orientation only.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from timeseries import Bools, Floats
from timeseries.intervals import runs

FALSE_ALARM = 0.11
"""Cost of a false alarm; a found and a missed window weigh 1."""
PROBATION, MAX_PROBATION = 0.15, 750
"""Share of a file at its start, and most points, in which nothing counts."""
OUTSIDE = 3.0
"""Window lengths after which a false alarm costs all of it."""


@dataclass(frozen=True, eq=False)
class Scored:
    """The points of one file that count.

    severity  (m,), NaN never alarms
    window    (m,) number of the window that a point lies in; −1 outside
    weight    (m,) what an alarm there is worth: in (0, 1] within a window, in [−0.11, 0] outside
    windows   how many there are
    """

    severity: Floats
    window: np.ndarray[tuple[int], np.dtype[np.int64]]
    weight: Floats
    windows: int


def scored(severity: Floats, labels: Bools) -> Scored:
    """What each alarm in one file is worth; its runs of labelled points (n,) are the official windows."""
    spans = runs(labels)
    at = np.arange(len(labels))
    window = np.full(len(labels), -1)
    position = np.full(len(labels), OUTSIDE)  # in lengths of the window, 0 at its right end
    for k, (start, stop) in enumerate(spans):
        window[start:stop] = k
        position[start:stop] = (at[start:stop] - stop) / (stop - start)
        after = spans[k + 1][0] if k + 1 < len(spans) else len(labels)
        position[stop:after] = (at[stop:after] - (stop - 1)) / max(stop - start - 1, 1)
    worth = np.where(position >= OUTSIDE, -1.0, 2 / (1 + np.exp(5 * np.minimum(position, OUTSIDE))) - 1)
    best = 2 / (1 + math.exp(-5)) - 1
    weight = np.where(window >= 0, worth / best, FALSE_ALARM * worth)
    first = math.ceil(min(math.floor(PROBATION * len(labels)), MAX_PROBATION))
    return Scored(severity[first:], window[first:], weight[first:], len(spans))


def at_threshold(files: Sequence[Scored], threshold: float = 1.0) -> float:
    """0 to 100, or below 0: every point with a severity above the threshold is an alarm."""
    return _normalised(sum(_raw(file, file.severity > threshold) for file in files), files)


def _raw(file: Scored, alarm: Bools) -> float:
    """Each window gives its best alarm, or −1 where there is none; each alarm outside costs."""
    total = float(np.sum(file.weight[alarm & (file.window < 0)]))
    for k in range(file.windows):
        within = alarm & (file.window == k)
        total += float(np.max(file.weight[within])) if within.any() else -1.0
    return total


def at_best_threshold(files: Sequence[Scored]) -> float:
    """The highest score that any one threshold gives over all files; NAB publishes this one.

    Points enter from the highest severity down. A point in a window adds by how much it beats the best before it.
    """
    severity = np.concatenate([file.severity for file in files])
    weight = np.concatenate([file.weight for file in files])
    before = np.cumsum([0, *(file.windows for file in files)])
    window = np.concatenate(
        [np.where(file.window < 0, -1, file.window + first) for file, first in zip(files, before[:-1], strict=True)]
    )
    known = np.flatnonzero(np.isfinite(severity) | np.isposinf(severity))
    order = known[np.argsort(-severity[known], kind="stable")]
    severity, weight, window = severity[order], weight[order], window[order]
    gain = np.where(window < 0, weight, 0.0)
    for k in range(int(before[-1])):
        within = np.flatnonzero(window == k)
        gain[within] = np.diff(np.maximum.accumulate(weight[within]), prepend=-1.0)
    total = np.cumsum(gain)[np.append(severity[1:] != severity[:-1], True)] if len(gain) else np.zeros(0)
    return _normalised(float(np.max(total, initial=0.0)) - float(before[-1]), files)


def _normalised(raw: float, files: Sequence[Scored]) -> float:
    windows = sum(file.windows for file in files)
    return 100 * (raw + windows) / (2 * windows) if windows else float("nan")
