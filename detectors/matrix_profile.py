"""Matrix profile: the distance of each window to the most similar of the windows learned.

Windows are compared as they are, in the scale of the series, not each brought to its own mean and spread as in the
usual matrix profile (Yeh et al., "Matrix Profile I", ICDM 2016): the level and size of a window are part of it.
"""

import functools
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Self

import numpy as np
from numpy.typing import NDArray

from anomaly_detection import DEFAULT_MERGE_GAP, MergeGap, Progress, no_progress
from detectors.forecast_residual import Sigma
from detectors.window_detector import DEFAULT_SIGMA, WindowDetector, WindowScorer, mean_std_threshold
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
"""Most numbers a window is described by."""
BLOCK_ROWS = 512
"""Windows compared at once with all references: their distances stay in a core's cache."""
HASH_BASE = 0x9E3779B97F4A7C15
"""Multiplier of the fingerprints: 2**64 ÷ the golden ratio, odd."""

Integers = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class References:
    """The windows learned of one length: at most so many, in evenly spaced runs.

    at            (m,) where they end in the series that was fitted, rising
    windows       (m, size) whole numbers
    fingerprints  (f,) rising, of the fitted windows that overlap a reference by half or more
    ends          (f,) where those end
    """

    shape: WindowShape
    at: Integers
    windows: Floats
    fingerprints: Integers
    ends: Integers

    @classmethod
    def learn(cls, full: Floats, good: Floats, shape: WindowShape, most: int) -> "References":
        """From a series of whole numbers (n,) and whether the window ending at each point can be judged (n,)."""
        can = np.flatnonzero(good > 0)
        at = can[sample_rows(len(can), most)]
        windows = np.ascontiguousarray(shape.windows(full)[at - shape.points + 1])
        near = np.zeros(len(full) + 1, np.int64)
        np.add.at(near, np.maximum(at - shape.points // 2, 0), 1)
        np.add.at(near, np.minimum(at + shape.points // 2 + 1, len(full)), -1)
        ends = np.flatnonzero((np.cumsum(near)[:-1] > 0) & (good > 0))
        marks = fingerprints(full, shape.points)[ends]
        order = np.argsort(marks, kind="stable")
        return cls(shape, at, windows, marks[order], ends[order])

    def distances(self, full: Floats, report: Callable[[float], None], since: int = 0) -> Floats:
        """(n,) of the window ending at each point of whole numbers (n,) to the nearest reference; NaN at the start,
        and before `since`.

        Root mean square, in spreads of the series. A window of the fitted series itself, known by its fingerprint, is
        not compared with references that it overlaps by half or more: the most similar one would be itself.
        """
        out = np.full(len(full), np.nan)
        low, high = self._overlapping(full)
        every, first = self.shape.windows(full), self.shape.points - 1
        for start in range(max(since - first, 0), len(every), BLOCK_ROWS):
            block = np.ascontiguousarray(every[start : start + BLOCK_ROWS])
            here = slice(first + start, first + start + len(block))
            lengths = (block**2).sum(axis=1)
            squares = np.column_stack((block, np.ones(len(block)))) @ self._turned  # whole numbers below 2**53: exact
            for row, (begin, end) in enumerate(zip(low[here], high[here], strict=True)):
                if begin < end:
                    squares[row, begin:end] = np.inf
            out[here] = np.sqrt((squares.min(axis=1) + lengths) / self.shape.size) / (STEPS_PER_STD * self.shape.stride)
            report(here.stop / len(full))
        out[np.isinf(out)] = np.nan
        return out

    @functools.cached_property
    def _turned(self) -> Floats:
        """(size + 1, m) which a window, and a 1 behind it, is multiplied by: the square of its distance from each
        reference, less that of its own length."""
        return np.vstack((-2.0 * self.windows.T, (self.windows**2).sum(axis=1)))

    def _overlapping(self, full: Floats) -> tuple[list[int], list[int]]:
        """The references, from one up to another, that the window ending at each point overlaps by half or more where
        it is one of the fitted series; none elsewhere."""
        own, half = self._own(full), self.shape.points // 2
        low, high = np.searchsorted(self.at, own - half), np.searchsorted(self.at, own + half + 1)
        return low.tolist(), np.where(own < 0, 0, high).tolist()

    def _own(self, full: Floats) -> Integers:
        """(n,) where in the fitted series the window ending at each point ended; −1 where it is not one of those."""
        marks = fingerprints(full, self.shape.points)
        if not len(self.fingerprints):
            return np.full(len(full), -1)
        found = np.minimum(np.searchsorted(self.fingerprints, marks), len(self.fingerprints) - 1)
        return np.where(self.fingerprints[found] == marks, self.ends[found], -1)

    def state(self) -> dict[str, Any]:
        """Everything learned."""
        arrays = {name: getattr(self, name) for name in ("at", "windows", "fingerprints", "ends")}
        return {**arrays, "shape": self.shape.state()}

    @classmethod
    def from_state(cls, state: Mapping[str, Any]) -> "References":
        """What gave this state."""
        arrays = {name: np.asarray(state[name]) for name in ("at", "windows", "fingerprints", "ends")}
        return cls(WindowShape(**state["shape"]), **arrays)


@dataclass(frozen=True, eq=False)
class MatrixProfileScorer:
    """distance = root mean square difference to the nearest reference, for each of some window lengths."""

    scale: Scale
    period: int | None
    references: tuple[References, ...]

    @classmethod
    def fit(cls, values: Floats, period: int | None, most: int) -> "MatrixProfileScorer":
        """values (n,) evenly spaced; NaN is missing. Keeps at most `most` references of each length."""
        scale = Scale.fit(values)
        whole = scale.quantize(values)
        full = fill_short_gaps(whole, period)
        learned = []
        for shape in (WindowShape.covering(length, MAX_SIZE) for length in window_lengths(len(values))):
            good = usable_windows(whole, full, shape.points)
            if np.count_nonzero(good) > shape.points:
                learned.append(References.learn(full, good, shape, most))
        return cls(scale, period, tuple(learned))

    @property
    def memory(self) -> int:
        """Points before the one that is judged."""
        return max((each.shape.points for each in self.references), default=1) - 1 + gap_fill_memory(self.period)

    @property
    def notes(self) -> list[Note]:
        """What was learned."""
        if not self.references:
            return [Note("windows_too_short")]
        lengths = [each.shape.points for each in self.references]
        count = max(len(each.at) for each in self.references)
        return [Note("matrix_profile_windows", {"lengths": lengths, "references": count})]

    def score_by_window_length(
        self, values: Floats, report: Callable[[float], None], since: int = 0
    ) -> list[tuple[int, Floats]]:
        """See View.by_length."""
        whole = self.scale.quantize(values)
        full = fill_short_gaps(whole, self.period)
        several = []
        for done, each in enumerate(self.references):

            def told(fraction: float, done: int = done) -> None:
                report((done + fraction) / len(self.references))

            distances = each.distances(full, told, since)
            distances[usable_windows(whole, full, each.shape.points) == 0] = np.nan
            several.append((each.shape.points, distances))
        return several

    def state(self) -> dict[str, Any]:
        """Everything learned."""
        references = {str(k): each.state() for k, each in enumerate(self.references)}
        return {"scale": self.scale.state(), "period": self.period, "references": references}

    @classmethod
    def from_state(cls, state: Mapping[str, Any]) -> "MatrixProfileScorer":
        """What gave this state."""
        several = [state["references"][str(k)] for k in range(len(state["references"]))]
        return cls(Scale(**state["scale"]), state["period"], tuple(map(References.from_state, several)))


def fingerprints(full: Floats, length: int) -> Integers:
    """(n,) a number for the `length` whole numbers up to each point, the same wherever they stand in a series.

    Σ number · BASE^age modulo 2**64 (Karp & Rabin, 1987), made from one running sum: BASE is odd and has an inverse.
    """
    inverse = pow(HASH_BASE, -1, 2**64)
    down = np.cumprod(np.full(len(full) + 1, inverse, np.uint64), dtype=np.uint64)
    up = np.cumprod(np.full(len(full) + 1, HASH_BASE, np.uint64), dtype=np.uint64)
    numbers = np.nan_to_num(full).astype(np.int64).view(np.uint64)
    sums = np.concatenate((np.zeros(1, np.uint64), np.cumsum(numbers * down[: len(full)], dtype=np.uint64)))
    at = np.arange(1, len(full) + 1)
    return ((sums[at] - sums[np.maximum(at - length, 0)]) * up[: len(full)]).view(np.int64)


class MatrixProfile(WindowDetector):
    """score = distance of the last points to the most similar window learned; see `MatrixProfileScorer`."""

    title = "Matrix profile"
    help = (
        "Looks for the stretch most like each of 32 to 512 points; what is like no other is an anomaly. Finds odd "
        "shapes that happen once; says nothing about single values."
    )

    rule = staticmethod(mean_std_threshold)

    @classmethod
    @checked
    def fit(
        cls,
        series: Series,
        *,
        progress: Progress = no_progress,
        sigma: Sigma = DEFAULT_SIGMA,
        references: Annotated[
            int,
            Param("windows", 64, 20_000, "How many windows of the series are kept to compare with; all of fewer."),
        ] = 1024,
        merge_gap: MergeGap = DEFAULT_MERGE_GAP,
    ) -> Self:
        """See Detector.fit."""
        params = {"sigma": sigma, "references": references, "merge_gap": merge_gap}
        return cls.learn(
            series, lambda values, period: MatrixProfileScorer.fit(values, period, references), params, progress
        )

    @staticmethod
    def scorer_from_state(state: Mapping[str, Any]) -> WindowScorer:
        """See WindowDistance.view_from_state."""
        return MatrixProfileScorer.from_state(state)
