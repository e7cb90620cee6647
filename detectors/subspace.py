"""Subspace distance: distance of a window from the others, measured along their principal axes."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from detectors.window_detector import SingleWindowDetector
from timeseries import Floats, Note
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
"""Numbers by which a window is described, at most."""
MAX_FITTED_WINDOWS = 10_000
"""Windows that the axes are fitted on, at most."""
SHRINKAGE = 0.3
"""Share of the mean variance that is added to the variance along each axis, in the spirit of Ledoit & Wolf, "A
well-conditioned estimator for large-dimensional covariance matrices", 2004. Chosen among 0.0001 to 1 on the 73 labelled
series (docs/experiments/window-scorers.md)."""
TRIMMED_SHARE = 0.05
"""Share of the windows, the most distant ones, that the second fit leaves out."""
WEIGHT_STEPS = 2.0**24
"""Whitening weights are rounded to this part of the largest: 24 bits, 19 of a value and 6 of a sum make 49 of 53."""
MIN_AXIS_STD = STEPS_PER_STD / 1000
"""Smallest std along an axis, a thousandth of the series' std: what is smaller was rounded away."""


@dataclass(frozen=True, eq=False)
class SubspaceScorer:
    """distance = √mean over the axes of (window − centre along the axis)² ÷ (its variance + SHRINKAGE · mean variance).

    The Mahalanobis distance in shrunken principal axes: large along the minor ones, as in principal-component
    classifiers (Shyu et al., "A Novel Anomaly Detection Scheme Based on Principal Component Classifier", 2003). Robust
    as in one concentration step of the minimum covariance determinant (Rousseeuw & Van Driessen, 1999): fitted a second
    time without the most distant windows.

    weights  (size, size), each column an axis ÷ its std; empty where the series was too short
    offset   (size,) the centre along each axis
    """

    scale: Scale
    period: int | None
    shape: WindowShape
    weights: Floats
    offset: Floats

    @classmethod
    def fit(cls, values: Floats, period: int | None) -> "SubspaceScorer":
        """See WindowScorer.fit."""
        scale = Scale.fit(values)
        length = window_length(len(values), period)
        shape = WindowShape.covering(max(length, 1), MAX_SIZE)
        quantized = scale.quantize(values)
        filled = fill_short_gaps(quantized, period)
        windows = np.empty((0, 1))
        if length:
            windows = shape.sample(filled, usable_windows(quantized, filled, shape.points), MAX_FITTED_WINDOWS)
        if len(windows) < 2 * shape.size:
            return cls(scale, period, shape, np.empty((0, 0)), np.empty(0))
        weights, offset = whitening(windows)
        squares = ((windows @ weights - offset) ** 2).sum(axis=1)
        central = squares <= np.quantile(squares, 1 - TRIMMED_SHARE)
        return cls(scale, period, shape, *whitening(windows[central]))

    @property
    def memory(self) -> int:
        """See WindowScorer.memory."""
        return self.shape.points - 1 + gap_fill_memory(self.period)

    @property
    def notes(self) -> list[Note]:
        """See WindowScorer.notes."""
        if not self.weights.size:
            return [Note("windows_too_short")]
        return [Note("subspace_window", {"points": self.shape.points})]

    def score_by_window_length(
        self, values: Floats, report: Callable[[float], None], since: int = 0
    ) -> list[tuple[int, Floats]]:
        """See WindowScorer.score_by_window_length."""
        if not self.weights.size:
            return []
        distances = np.full(len(values), np.nan)
        quantized = self.scale.quantize(values)
        filled = fill_short_gaps(quantized, self.period)
        for ends, block in self.shape.blocks(filled, since):
            along = block @ self.weights  # exact, so a point's result does not depend on its neighbours in the block
            along -= self.offset
            along *= along
            distances[ends] = np.sqrt(along.sum(axis=1) / self.shape.size)
            report(ends.stop / len(values))
        distances[usable_windows(quantized, filled, self.shape.points) == 0] = np.nan
        return [(self.shape.points, distances)]

    def state(self) -> dict[str, Any]:
        """See WindowScorer.state."""
        return {
            "scale": self.scale.state(),
            "period": self.period,
            "shape": self.shape.state(),
            "weights": self.weights,
            "offset": self.offset,
        }

    @classmethod
    def from_state(cls, state: Mapping[str, Any]) -> "SubspaceScorer":
        """See WindowScorer.from_state."""
        return cls(
            Scale(**state["scale"]),
            state["period"],
            WindowShape(**state["shape"]),
            np.asarray(state["weights"]),
            np.asarray(state["offset"]),
        )


def whitening(windows: Floats) -> tuple[Floats, Floats]:
    """Weights (size, size), each column a principal axis ÷ its shrunken std, and the centre along each axis (size,).

    windows (m, size) of integers. Weights are rounded to integer multiples of a power of two ÷ WEIGHT_STEPS.
    """
    centre = np.median(windows, axis=0)
    deviations = windows - centre
    variance, axes = np.linalg.eigh(deviations.T @ deviations / len(deviations))
    variance = np.maximum(variance, 0.0)
    weights = axes / np.sqrt(variance + SHRINKAGE * float(np.mean(variance)) + MIN_AXIS_STD**2)
    step = 2.0 ** np.ceil(np.log2(np.max(np.abs(weights)))) / WEIGHT_STEPS
    weights = np.round(weights / step) * step
    return weights, centre @ weights


class Subspace(SingleWindowDetector):
    """SingleWindowDetector with the SubspaceScorer."""

    title = "Subspace distance"
    help = (
        "Compares the shape of the last cycle with those of other cycles along their principal axes. Detects unusual "
        "cycles, levels and patterns, but no single outliers."
    )
    scorer_type = SubspaceScorer
