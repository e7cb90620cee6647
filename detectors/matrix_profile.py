"""Matrix profile: the distance of each window to the most similar of the fitted windows.

Windows are compared in the scale of the series, not each z-normalised as in the original matrix profile (Yeh et al.,
"Matrix Profile I", ICDM 2016): the level and size of a window are part of it. Normalised windows lost two fifths of the
accuracy on the 73 labelled series (docs/experiments/window-scorers.md).
"""

import functools
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Self

import numpy as np
from numpy.typing import NDArray

from anomaly_detection import DEFAULT_MERGE_GAP, MergeGap, ProgressCallback, no_progress
from detectors.calibration import DEFAULT_SIGMA
from detectors.forecast_residual import Sigma
from detectors.window_detector import WindowDetector
from parameters import Param, checked
from timeseries import Floats, Note, Series
from timeseries.gap_filling import sample_rows
from timeseries.windows import (
    STEPS_PER_STD,
    Scale,
    WindowShape,
    fill_short_gaps,
    gap_fill_memory,
    usable_windows,
    window_lengths,
)

MAX_SIZE = 32
"""Numbers by which a window is described, at most."""
MAX_REFERENCES = 1024
"""Default number of reference windows of each length; 200 to 4,000 hardly differed on the 73 labelled series
(docs/experiments/window-scorers.md)."""
BLOCK_ROWS = 512
"""Windows compared with all references per block: their distances stay in a core's cache."""
HASH_BASE = 0x9E3779B97F4A7C15
"""Multiplier of the fingerprints: 2**64 ÷ the golden ratio, odd."""

Integers = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class References:
    """The reference windows of one length, in evenly spaced runs of the fitted series.

    A window of the fitted series must not be compared with itself. It cannot be recognised by its position, as the
    detector scores tails and other series too, and is recognised by a fingerprint of its values.

    positions     (m,) of the references' last points in the fitted series, ascending
    windows       (m, size) integers
    fingerprints  (f,) of the fitted windows that overlap a reference by half or more, ascending
    ends          (f,) positions of their last points
    """

    shape: WindowShape
    positions: Integers
    windows: Floats
    fingerprints: Integers
    ends: Integers

    @classmethod
    def fit(cls, filled: Floats, usable: Floats, shape: WindowShape, max_references: int) -> "References":
        """filled (n,) as integers; usable (n,) > 0 where the window that ends at the point can be scored."""
        candidates = np.flatnonzero(usable > 0)
        positions = candidates[sample_rows(len(candidates), max_references)]
        windows = np.ascontiguousarray(shape.windows(filled)[positions - shape.points + 1])
        half = shape.points // 2
        overlaps = np.zeros(len(filled) + 1, np.int64)
        np.add.at(overlaps, np.maximum(positions - half, 0), 1)
        np.add.at(overlaps, np.minimum(positions + half + 1, len(filled)), -1)
        ends = np.flatnonzero((np.cumsum(overlaps)[:-1] > 0) & (usable > 0))
        hashes = fingerprints(filled, shape.points)[ends]
        order = np.argsort(hashes, kind="stable")
        return cls(shape, positions, windows, hashes[order], ends[order])

    def distances(self, filled: Floats, report: Callable[[float], None], since: int = 0) -> Floats:
        """(n,) root mean square difference, in std of the series, of the window that ends at each point to the nearest
        reference. NaN where no window ends, and before `since`.

        filled (n,) as integers. A window of the fitted series is not compared with references that it overlaps by
        half or more.
        """
        distances = np.full(len(filled), np.nan)
        low, high = self._overlapping(filled)
        windows = self.shape.windows(filled)
        first = self.shape.points - 1
        for start in range(max(since - first, 0), len(windows), BLOCK_ROWS):
            block = np.ascontiguousarray(windows[start : start + BLOCK_ROWS])
            ends = slice(first + start, first + start + len(block))
            norms = (block**2).sum(axis=1)
            squares = np.column_stack((block, np.ones(len(block)))) @ self._products  # integers below 2**53: exact
            for row, (begin, end) in enumerate(zip(low[ends], high[ends], strict=True)):
                if begin < end:
                    squares[row, begin:end] = np.inf
            mean_squares = (squares.min(axis=1) + norms) / self.shape.size
            distances[ends] = np.sqrt(mean_squares) / (STEPS_PER_STD * self.shape.stride)
            report(ends.stop / len(filled))
        distances[np.isinf(distances)] = np.nan
        return distances

    @functools.cached_property
    def _products(self) -> Floats:
        """(size + 1, m) by which a window with a 1 appended is multiplied: gives its squared distance to each
        reference − its own squared norm."""
        return np.vstack((-2.0 * self.windows.T, (self.windows**2).sum(axis=1)))

    def _overlapping(self, filled: Floats) -> tuple[list[int], list[int]]:
        """(n,) each: the first and the end of the references that overlap the window ending at each point by half or
        more where that is a window of the fitted series; an empty range elsewhere."""
        fitted = self._fitted_positions(filled)
        half = self.shape.points // 2
        low = np.searchsorted(self.positions, fitted - half)
        high = np.searchsorted(self.positions, fitted + half + 1)
        return low.tolist(), np.where(fitted < 0, 0, high).tolist()

    def _fitted_positions(self, filled: Floats) -> Integers:
        """(n,) where in the fitted series the window that ends at each point ended; −1 where it is not of it."""
        hashes = fingerprints(filled, self.shape.points)
        if not len(self.fingerprints):
            return np.full(len(filled), -1)
        nearest = np.minimum(np.searchsorted(self.fingerprints, hashes), len(self.fingerprints) - 1)
        return np.where(self.fingerprints[nearest] == hashes, self.ends[nearest], -1)

    def state(self) -> dict[str, Any]:
        """The fields by name."""
        arrays = {name: getattr(self, name) for name in ("positions", "windows", "fingerprints", "ends")}
        return {**arrays, "shape": self.shape.state()}

    @classmethod
    def from_state(cls, state: Mapping[str, Any]) -> "References":
        """Inverse of `state`."""
        arrays = {name: np.asarray(state[name]) for name in ("positions", "windows", "fingerprints", "ends")}
        return cls(WindowShape(**state["shape"]), **arrays)


@dataclass(frozen=True, eq=False)
class MatrixProfileScorer:
    """distance = root mean square difference to the nearest reference window of the same length."""

    scale: Scale
    period: int | None
    references: tuple[References, ...]

    @classmethod
    def fit(cls, values: Floats, period: int | None, max_references: int = MAX_REFERENCES) -> "MatrixProfileScorer":
        """See WindowScorer.fit."""
        scale = Scale.fit(values)
        quantized = scale.quantize(values)
        filled = fill_short_gaps(quantized, period)
        references = []
        for shape in (WindowShape.covering(length, MAX_SIZE) for length in window_lengths(len(values))):
            usable = usable_windows(quantized, filled, shape.points)
            if np.count_nonzero(usable) > shape.points:
                references.append(References.fit(filled, usable, shape, max_references))
        return cls(scale, period, tuple(references))

    @property
    def memory(self) -> int:
        """See WindowScorer.memory."""
        return max((each.shape.points for each in self.references), default=1) - 1 + gap_fill_memory(self.period)

    @property
    def notes(self) -> list[Note]:
        """See WindowScorer.notes."""
        if not self.references:
            return [Note("windows_too_short")]
        lengths = [each.shape.points for each in self.references]
        count = max(len(each.positions) for each in self.references)
        return [Note("matrix_profile_windows", {"lengths": lengths, "references": count})]

    def score_by_window_length(
        self, values: Floats, report: Callable[[float], None], since: int = 0
    ) -> list[tuple[int, Floats]]:
        """See WindowScorer.score_by_window_length."""
        quantized = self.scale.quantize(values)
        filled = fill_short_gaps(quantized, self.period)
        windows = []
        for done, references in enumerate(self.references):

            def report_part(fraction: float, done: int = done) -> None:
                report((done + fraction) / len(self.references))

            distances = references.distances(filled, report_part, since)
            distances[usable_windows(quantized, filled, references.shape.points) == 0] = np.nan
            windows.append((references.shape.points, distances))
        return windows

    def state(self) -> dict[str, Any]:
        """See WindowScorer.state."""
        references = {str(k): each.state() for k, each in enumerate(self.references)}
        return {"scale": self.scale.state(), "period": self.period, "references": references}

    @classmethod
    def from_state(cls, state: Mapping[str, Any]) -> "MatrixProfileScorer":
        """See WindowScorer.from_state."""
        references = [state["references"][str(k)] for k in range(len(state["references"]))]
        return cls(Scale(**state["scale"]), state["period"], tuple(map(References.from_state, references)))


def fingerprints(filled: Floats, length: int) -> Integers:
    """(n,) a hash of the `length` integers up to each point, the same wherever they stand in a series.

    Σ number · HASH_BASE^age modulo 2**64 (Karp & Rabin, "Efficient randomized pattern-matching algorithms", 1987), of
    all windows by one prefix sum: HASH_BASE is odd, so it has an inverse modulo 2**64.
    """
    n = len(filled)
    inverse = pow(HASH_BASE, -1, 2**64)
    inverse_powers = np.cumprod(np.full(n + 1, inverse, np.uint64), dtype=np.uint64)
    powers = np.cumprod(np.full(n + 1, HASH_BASE, np.uint64), dtype=np.uint64)
    numbers = np.nan_to_num(filled).astype(np.int64).view(np.uint64)
    sums = np.concatenate((np.zeros(1, np.uint64), np.cumsum(numbers * inverse_powers[:n], dtype=np.uint64)))
    stop = np.arange(1, n + 1)
    return ((sums[stop] - sums[np.maximum(stop - length, 0)]) * powers[:n]).view(np.int64)


class MatrixProfile(WindowDetector):
    """WindowDetector with the MatrixProfileScorer."""

    title = "Matrix profile"
    help = (
        "Compares each window of 32 to 512 points with the most similar earlier one; an anomaly resembles no other. "
        "Detects shapes that occur once, but no single outliers."
    )
    scorer_type = MatrixProfileScorer

    @classmethod
    @checked
    def fit(
        cls,
        series: Series,
        *,
        progress: ProgressCallback = no_progress,
        sigma: Sigma = DEFAULT_SIGMA,
        references: Annotated[
            int,
            Param("windows", 64, 20_000, "How many windows of the series to compare with; all where there are fewer."),
        ] = MAX_REFERENCES,
        merge_gap: MergeGap = DEFAULT_MERGE_GAP,
    ) -> Self:
        """See Detector.fit."""
        fit_scorer = functools.partial(MatrixProfileScorer.fit, max_references=references)
        return cls._fit(
            series, fit_scorer, {"sigma": sigma, "references": references, "merge_gap": merge_gap}, progress
        )
