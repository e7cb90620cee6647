"""Regular time grid: maps times to cell numbers, so that gaps become missing cells and cycles stay aligned."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from timeseries import Floats, Series, Times

MIN_REGULAR_SHARE = 0.9
"""Smallest share of intervals that must be a multiple of the step for a series to get a grid."""
STEP_TOLERANCE = 0.05
"""Deviation from a multiple of the step that still counts as one, in steps; and of the last cell when a step is
rounded."""
MAX_CELLS_PER_POINT = 3
"""Limits the memory of sparse grids. A single gap counts at most as many cells as the series has points."""
MAX_SHARED_SHARE = 0.001
"""Largest share of points in the same cell as their predecessor. Calendar months and drifting steps exceed it."""
GAP_STEPS = 1.5
"""Neighbouring points more than this many median steps apart enclose a gap."""
ROUND_STEPS_MS = (
    1,
    10,
    100,
    1_000,
    5_000,
    10_000,
    15_000,
    30_000,
    60_000,
    300_000,
    600_000,
    900_000,
    1_800_000,
    3_600_000,
)
"""Units that a step is rounded to, from 1 ms to 1 hour."""


def _round_step(span: float, steps: float) -> int:
    """The mean step in ms over `span` ms, rounded to the coarsest unit that moves the last cell by at most
    STEP_TOLERANCE.

    Jitter of the first and last time thus yields 60,000 ms instead of 60,004.
    """
    for unit in reversed(ROUND_STEPS_MS):
        rounded = round(span / steps / unit) * unit
        if rounded and abs(rounded * steps - span) <= STEP_TOLERANCE * rounded:
            return rounded
    return max(round(span / steps), 1)


@dataclass(frozen=True, eq=False)
class Tail:
    """The last points of a series on its grid, with the cells before them that their scores depend on.

    values  (k,) one per cell, from `memory` cells before the first new point; NaN in empty cells
    cells   (new,) positions of the new points in `values`, non-decreasing
    since   position of the first new point in `values`; k where there are none
    first   cell number of values[0] modulo a chunk
    """

    values: Floats
    cells: NDArray[np.int64]
    since: int
    first: int


@dataclass(frozen=True)
class RegularGrid:
    """Cell k is centred on origin + k · step, in ms. Without a step (no times, or irregular ones) cell k is point k."""

    origin_ms: int = 0
    step_ms: int | None = None

    @classmethod
    def learn(cls, series: Series) -> "RegularGrid":
        """Fit a grid to the times of a series; one without a step where they are irregular or too sparse."""
        step = series.step_ms
        if series.times is None or not step or len(series) < 3:
            return cls()
        times_ms = series.times.astype(np.int64)
        intervals = np.diff(times_ms)
        steps = np.maximum(np.round(intervals / step), 1)
        if np.mean(np.abs(intervals - steps * step) <= STEP_TOLERANCE * step) < MIN_REGULAR_SHARE:
            return cls()
        if np.minimum(steps, len(series)).sum() > MAX_CELLS_PER_POINT * len(series):
            return cls()
        grid = cls._with_step(times_ms, _round_step(float(times_ms[-1] - times_ms[0]), float(steps.sum())))
        return grid if np.mean(np.diff(grid._cell_numbers(times_ms)) < 1) <= MAX_SHARED_SHARE else cls()

    @classmethod
    def _with_step(cls, times_ms: NDArray[np.int64], step: int) -> "RegularGrid":
        """The grid with this step whose origin has the median offset of the times (n,)."""
        offset = (times_ms - times_ms[0] + step // 2) % step - step // 2
        return cls(int(times_ms[0] + np.median(offset)), step)

    def _cell_numbers(self, times_ms: NDArray[np.int64]) -> NDArray[np.int64]:
        """The cell (n,) nearest to each time (n,) in ms, counted from the origin."""
        step = self.step_ms or 1
        return (times_ms - self.origin_ms + step // 2) // step

    def cells(self, series: Series, max_gap: int, chunk: int) -> tuple[NDArray[np.int64], int]:
        """The cell of each point (n,), counted from the first point and non-decreasing; and the first point's cell
        number modulo `chunk`.

        A gap longer than `max_gap` cells is cut to about that length, by a multiple of `chunk`. A detector whose
        memory is `max_gap` cells scores the same either way.
        """
        if self.step_ms is None or series.times is None or not len(series):
            return np.arange(len(series)), 0
        numbers = self._cell_numbers(series.times.astype(np.int64))
        steps = np.diff(numbers)
        excess = np.maximum(steps - max_gap - chunk, 0) // chunk * chunk
        cells = np.concatenate(([0], np.cumsum(steps - excess)))
        return cells, int(numbers[0] % chunk)

    def tail(self, series: Series, values: Floats, new: int, memory: int, chunk: int = 1) -> Tail:
        """The last `new` points of a series and the `memory` cells before them.

        values  (n,) placed into the cells instead of the values of `series`, for instance in another unit
        """
        cells, first = self.cells(series, memory, chunk)
        on_grid = place_in_cells(values, cells)
        since = int(cells[len(cells) - new]) if new else len(on_grid)
        start = max(since - memory, 0)
        return Tail(on_grid[start:], cells[len(cells) - new :] - start, since - start, (first + start) % chunk)

    def state(self) -> dict[str, Any]:
        """Origin and step."""
        return {"origin_ms": self.origin_ms, "step_ms": self.step_ms}

    @classmethod
    def from_state(cls, state: Mapping[str, Any]) -> "RegularGrid":
        """Inverse of `state`."""
        return cls(state["origin_ms"], state["step_ms"])


def place_in_cells(values: Floats, cells: NDArray[np.int64]) -> Floats:
    """(max(cells) + 1,) values by cell, NaN in empty cells. The later of two values in the same cell wins."""
    out = np.full(int(cells[-1]) + 1 if len(cells) else 0, np.nan)
    out[cells] = values
    return out


def count_gaps(times: Times | None, step_ms: int | None) -> int:
    """Number of gaps: intervals longer than GAP_STEPS steps. 0 without times or step."""
    if times is None or not step_ms:
        return 0
    return int(np.count_nonzero(np.diff(times).astype(np.int64) > GAP_STEPS * step_ms))
