"""Calibrated scores: distances in units of their typical range, the mean over several scorers, and its threshold.

Scorers measure in different units. Each distance is therefore divided by the range that it typically has on the fitted
series, and the results are averaged: the mean of an ensemble of outlier scores (Aggarwal & Sathe, "Theoretical
Foundations and Algorithms for Outlier Ensembles", SIGKDD Explorations, 2015). The choices were made on the 73 labelled
series of docs/experiments/window-scorers.md.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Self

import numpy as np

from anomaly_detection import Components
from timeseries import Bools, Floats
from timeseries.robust import NORMAL_Q75, NORMAL_Q90, finite

DEFAULT_SIGMA = 4.0
"""Default sigma of a detector with one scorer, for the mean of several window lengths."""
STRICT_SIGMA = 5.0
"""Default sigma of a detector with one window length: its scores vary more than a mean."""
NULL_SCORE = 1.75
"""Mean calibrated score that series without any fault reach by chance, as windows overlap: the lowest threshold at a
detector's default sigma."""
MIN_THRESHOLD_PER_SIGMA = NULL_SCORE / DEFAULT_SIGMA
"""Lowest threshold of a detector with one scorer ÷ sigma."""
SCORE_CAP = 10.0
"""Typical ranges at which a calibrated score is capped: one scorer cannot outvote the others without limit. Caps from 5
to 50 gave the same accuracy."""
MIN_RANGE = 0.01
"""Smallest range of distances: where all windows are alike, theirs would be 0."""
MAX_CLIPPING_ROUNDS = 50
"""Most rounds of sigma clipping; it mostly converges in a few."""
MIN_BLOCK_POINTS = 128
"""Points of the shortest block of which `block_maxima_threshold` takes the maximum."""
MAX_BLOCKS = 64
"""Most blocks, of equal length, that a series is cut into."""

ThresholdRule = Callable[[Floats, float], float]
"""(scores (n,), sigma) -> threshold."""


@dataclass(frozen=True, eq=False, kw_only=True)
class ScoreComponents(Components):
    """The mean calibrated scores of a detection.

    scores         (n,) of each point
    fitted_scores  (m,) those that the threshold is computed from; None where these are `scores`
    """

    scores: Floats
    fitted_scores: Floats | None = None

    @property
    def threshold_scores(self) -> Floats:
        """(m,) the scores that the threshold is computed from."""
        return self.scores if self.fitted_scores is None else self.fitted_scores

    def merge(self, other: Self, mask: Bools) -> Self:
        """See Components.merge: the threshold is still computed from these scores."""
        return replace(super().merge(other, mask), fitted_scores=self.threshold_scores)


@dataclass(frozen=True)
class ScoreCalibration:
    """Calibrated score = (distance − median) ÷ range, from 0 to SCORE_CAP, for each scorer and window length.

    medians    of the distances of each, on the fitted series
    ranges     of each: 95th percentile − median
    threshold  of the mean calibrated score
    """

    medians: tuple[float, ...]
    ranges: tuple[float, ...]
    threshold: float

    @classmethod
    def fit(
        cls,
        distances: Sequence[Floats],
        sigma: float,
        threshold_rule: ThresholdRule,
        max_range_ratios: Sequence[float] | None = None,
    ) -> "ScoreCalibration":
        """From the distances (n,) of each scorer and length on the fitted series; ratios: see `typical_range`."""
        ratios = max_range_ratios or [np.inf] * len(distances)
        typical = [typical_range(each, ratio) for each, ratio in zip(distances, ratios, strict=True)]
        medians = tuple(median for median, _ in typical)
        ranges = tuple(width for _, width in typical)
        without_threshold = cls(medians, ranges, 1.0)
        calibrated = without_threshold.calibrate(distances)
        scores = without_threshold.mean(calibrated, len(distances[0]) if distances else 0)
        return replace(without_threshold, threshold=threshold_rule(scores, sigma))

    def calibrate(self, distances: Sequence[Floats]) -> list[Floats]:
        """(n,) the calibrated scores of each; NaN where the distance is."""
        fitted = zip(distances, self.medians, self.ranges, strict=True)
        return [np.clip((each - median) / width, 0.0, SCORE_CAP) for each, median, width in fitted]

    def mean(self, calibrated: Sequence[Floats], points: int) -> Floats:
        """(n,) the mean of the calibrated scores of so many points; NaN where all are.

        A single NaN counts as 0: the mean of fewer scores would vary more.
        """
        known = np.zeros(points, dtype=bool)
        total = np.zeros(points)
        for each in calibrated:
            known |= np.isfinite(each)
            total += np.where(np.isfinite(each), each, 0.0)
        return np.where(known, total / max(len(calibrated), 1), np.nan)

    def state(self) -> dict[str, Any]:
        """Medians, ranges and threshold as JSON values."""
        return {"medians": list(self.medians), "ranges": list(self.ranges), "threshold": self.threshold}

    @classmethod
    def from_state(cls, state: Mapping[str, Any]) -> "ScoreCalibration":
        """Inverse of `state`."""
        return cls(tuple(state["medians"]), tuple(state["ranges"]), state["threshold"])


def typical_range(distances: Floats, max_range_ratio: float = np.inf) -> tuple[float, float]:
    """Median and (95th percentile − median) of distances (n,), at least MIN_RANGE; NaN is left out.

    The range is at most `max_range_ratio` · (third quartile − median), where that is above 0: where a tenth of a series
    is anomalous, its 95th percentile is too.
    """
    known = finite(distances)
    if not known.size:
        return 0.0, 1.0
    median, quartile, high = np.quantile(known, [0.5, 0.75, 0.95]).tolist()
    width = high - median
    if np.isfinite(max_range_ratio) and quartile > median:
        width = min(width, max_range_ratio * (quartile - median))
    return median, max(width, MIN_RANGE)


def mean_over_covering_windows(distances: Floats, length: int) -> Floats:
    """(n,) the mean distance of the windows that cover each point: those that end 0 to length − 1 points later.

    distances (n,) by the windows' last points; NaN is left out, and stays where all are. Points at both ends that less
    than half of the windows cover have the mean of the nearest point that half of them do: means of few vary more.
    """
    known = np.isfinite(distances)
    sums = np.concatenate(([0.0], np.cumsum(np.where(known, distances, 0.0))))
    counts = np.concatenate(([0], np.cumsum(known)))
    stop = np.minimum(np.arange(len(distances)) + length, len(distances))
    count = counts[stop] - counts[:-1]
    mean = np.where(count > 0, np.maximum(sums[stop] - sums[:-1], 0.0) / np.maximum(count, 1), np.nan)
    half = length // 2
    if not half:
        return mean
    first = min(half - 1, len(mean) - 1)
    last = max(len(mean) - half, 0)
    return mean[np.clip(np.arange(len(mean)), first, last)]


def mean_std_threshold(scores: Floats, sigma: float, min_per_sigma: float = MIN_THRESHOLD_PER_SIGMA) -> float:
    """mean + sigma · std of the scores (n,), and at least min_per_sigma · sigma; NaN is left out."""
    known = finite(scores)
    if not known.size:
        return 1.0
    return max(float(np.mean(known) + sigma * np.std(known)), min_per_sigma * sigma)


def block_maxima_threshold(scores: Floats, sigma: float) -> float:
    """The larger of `sigma_clipped_threshold` and median + sigma · robust std of the block maxima; above 0.

    What happens in most blocks is typical, however high its score: a heartbeat has irregular beats all the time.
    scores (n,), NaN is left out; blocks are consecutive. Block maxima are those of extreme value theory (Coles, "An
    Introduction to Statistical Modeling of Extreme Values", 2001).
    """
    known = finite(scores)
    if not known.size:
        return 1.0
    starts = np.arange(0, len(known), max(MIN_BLOCK_POINTS, len(known) // MAX_BLOCKS))
    maxima = np.maximum.reduceat(known, starts)
    low, high = np.quantile(maxima, [0.5, 0.75]).tolist()
    threshold = max(sigma_clipped_threshold(known, sigma), low + sigma * (high - low) / NORMAL_Q75)
    return float(max(threshold * (1 + 1e-9), 1e-9))  # never exactly a score


def sigma_clipped_threshold(scores: Floats, sigma: float) -> float:
    """mean + sigma · std of the scores (n,) that lie below it, all known: sigma clipping.

    One outlier lies in as many windows as a window has points, and in a plain mean and std would mask itself and
    others. The first threshold is median + sigma · (ninth decile − median) ÷ NORMAL_Q90; each further one is computed
    from the scores below the one before, and may rise again. A tenth of the windows may be anomalous.
    """
    median, high = np.quantile(scores, [0.5, 0.9]).tolist()
    threshold = median + sigma * (high - median) / NORMAL_Q90
    for _ in range(MAX_CLIPPING_ROUNDS):
        within = scores[scores <= threshold]
        clipped = float(np.mean(within) + sigma * np.std(within))
        if clipped == threshold:
            break
        threshold = clipped
    return float(threshold)
