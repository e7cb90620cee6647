"""Subspace distance: how far a window lies from the others, measured along their own principal axes."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Self

import numpy as np

from anomaly_detection import DEFAULT_MERGE_GAP, MergeGap, Progress, no_progress
from detectors.forecast_residual import Sigma
from detectors.window_detector import STRICT_SIGMA, WindowDetector, WindowScorer, segment_threshold
from parameters import checked
from timeseries import Floats, Note, Series
from timeseries.windows import (
    STEPS_PER_STD,
    Scale,
    WindowShape,
    fill_short_gaps,
    gap_fill_memory,
    usable_windows,
    window_length,
)

MAX_SIZE = 64
"""Most numbers a window is described by."""
MAX_WINDOWS = 10_000
"""Most windows learned from."""
SHRINKAGE = 0.3
"""Share of the mean variance that is added to the variance along each axis (Ledoit & Wolf, 2004, in spirit)."""
TRIMMED_SHARE = 0.05
"""Share of windows, the furthest ones, that are left out the second time."""
WEIGHT_STEPS = 2.0**24
"""Whitening weights are rounded to this part of the largest: 24 bits, 19 of a value and 6 of a sum make 49."""


@dataclass(frozen=True, eq=False)
class SubspaceScorer:
    """distance = √mean over the axes of (window − centre along the axis)² ÷ (its variance + SHRINK · mean variance).

    The Mahalanobis distance in shrunken principal axes: large along the minor ones, as in principal-component
    classifiers (Shyu et al., "A novel anomaly detection scheme based on principal component classifier", 2003), and
    robust as in one concentration step of the minimum covariance determinant (Rousseeuw & Van Driessen, 1999): learned
    a second time without the furthest windows.
    """

    scale: Scale
    period: int | None
    shape: WindowShape
    weights: Floats
    offset: Floats

    @classmethod
    def fit(cls, values: Floats, period: int | None) -> "SubspaceScorer":
        """values (n,) evenly spaced; NaN is missing. Without weights, and judging nothing, where there are too few."""
        scale = Scale.fit(values)
        length = window_length(len(values), period)
        shape = WindowShape.covering(max(length, 1), MAX_SIZE)
        whole = scale.quantize(values)
        full = fill_short_gaps(whole, period)
        windows = (
            shape.sample(full, usable_windows(whole, full, shape.points), MAX_WINDOWS) if length else np.empty((0, 1))
        )
        if len(windows) < 2 * shape.size:
            return cls(scale, period, shape, np.empty((0, 0)), np.empty(0))
        weights, offset = whitening(windows)
        distance = (windows @ weights - offset) ** 2
        near = distance.sum(axis=1) <= np.quantile(distance.sum(axis=1), 1 - TRIMMED_SHARE)
        return cls(scale, period, shape, *whitening(windows[near]))

    @property
    def memory(self) -> int:
        """Points before the one that is judged."""
        return self.shape.points - 1 + gap_fill_memory(self.period)

    @property
    def notes(self) -> list[Note]:
        """What was learned."""
        if not self.weights.size:
            return [Note("windows_too_short")]
        return [Note("subspace_window", {"points": self.shape.points})]

    def score_by_window_length(
        self, values: Floats, report: Callable[[float], None], since: int = 0
    ) -> list[tuple[int, Floats]]:
        """See View.by_length."""
        if not self.weights.size:
            return []
        out = np.full(len(values), np.nan)
        whole = self.scale.quantize(values)
        full = fill_short_gaps(whole, self.period)
        for at, block in self.shape.blocks(full, since):
            along = block @ self.weights  # exact, so a point's result does not depend on its neighbours in the block
            along -= self.offset
            along *= along
            out[at] = np.sqrt(along.sum(axis=1) / self.shape.size)
            report(at.stop / len(values))
        out[usable_windows(whole, full, self.shape.points) == 0] = np.nan
        return [(self.shape.points, out)]

    def state(self) -> dict[str, Any]:
        """Everything learned."""
        learned = {"weights": self.weights, "offset": self.offset, "period": self.period}
        return {"scale": self.scale.state(), "shape": self.shape.state(), **learned}

    @classmethod
    def from_state(cls, state: Mapping[str, Any]) -> "SubspaceScorer":
        """What gave this state."""
        scale, shape = Scale(**state["scale"]), WindowShape(**state["shape"])
        return cls(scale, state["period"], shape, np.asarray(state["weights"]), np.asarray(state["offset"]))


def whitening(windows: Floats) -> tuple[Floats, Floats]:
    """Whitening weights (size, size), each column an axis ÷ its standard deviation, and the centre along each (size,).

    windows (m, size) of whole numbers. Weights are rounded to whole multiples of 1/WEIGHT_STEPS of a power of two.
    """
    centre = np.median(windows, axis=0)
    off = windows - centre
    variance, axis = np.linalg.eigh(off.T @ off / len(off))
    least = (STEPS_PER_STD / 1000) ** 2  # a thousandth of the spread: what is smaller was rounded away
    variance = np.maximum(variance, 0.0)
    weights = axis / np.sqrt(variance + SHRINKAGE * float(np.mean(variance)) + least)
    step = 2.0 ** np.ceil(np.log2(np.max(np.abs(weights)))) / WEIGHT_STEPS
    weights = np.round(weights / step) * step
    return weights, centre @ weights


class Subspace(WindowDetector):
    """score = Mahalanobis distance of the last period in the principal axes of all; see `SubspaceScorer`."""

    title = "Subspace distance"
    help = (
        "Compares the shape of the last cycle with the usual ones along their principal axes. Finds odd cycles, "
        "levels and patterns; says nothing about single values."
    )

    rule = staticmethod(segment_threshold)

    @classmethod
    @checked
    def fit(
        cls,
        series: Series,
        *,
        progress: Progress = no_progress,
        sigma: Sigma = STRICT_SIGMA,
        merge_gap: MergeGap = DEFAULT_MERGE_GAP,
    ) -> Self:
        """See Detector.fit."""
        params = {"sigma": sigma, "merge_gap": merge_gap}
        return cls.learn(series, SubspaceScorer.fit, params, progress)

    @staticmethod
    def scorer_from_state(state: Mapping[str, Any]) -> WindowScorer:
        """See WindowDistance.view_from_state."""
        return SubspaceScorer.from_state(state)
