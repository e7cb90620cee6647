"""Where the points of a series lie, counted in steps: gaps become missing cells, and seasons keep their place."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from timeseries import Floats, Series, Times

MIN_REGULAR_SHARE = 0.9
"""Share of distances between points that must be whole steps (within 5 %) for a series to have a grid."""


MAX_CELLS_PER_POINT = 3
"""Most cells per point (a gap counts at most the series' points): an almost empty grid is not worth its memory."""
MAX_SHARED_SHARE = 0.001
"""Share of points that may fall into the cell of the one before: months, or a step that drifts, make no grid."""
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


def _round_step(span: float, steps: float) -> int:
    """The step in ms of so many steps over a span, rounded as far as the last cell moves by at most a twentieth.

    Jitter at the ends makes no step of 60,004 ms.
    """
    for unit in reversed(ROUND_STEPS_MS):
        rounded = round(span / steps / unit) * unit
        if rounded and abs(rounded * steps - span) <= 0.05 * rounded:
            return rounded
    return max(round(span / steps), 1)


@dataclass(frozen=True, eq=False)
class Tail:
    """What the last points of a series are judged from.

    values  (k,) of the cells from `memory` before the first of these points on, NaN where nothing came
    cells   (new,) where these points lie in `values`, never falling
    since   the first of those, k where there is none
    first   the position of values[0] modulo a chunk
    """

    values: Floats
    cells: NDArray[np.int64]
    since: int
    first: int


@dataclass(frozen=True)
class RegularGrid:
    """Cell k begins at origin + k · step, in ms. Without a step (no times, or irregular ones) points are counted."""

    origin_ms: int = 0
    step_ms: int | None = None

    @classmethod
    def learn(cls, series: Series) -> "RegularGrid":
        """The grid of a series, or a plain count where its times follow none or it would be mostly empty."""
        step = series.step_ms
        if series.times is None or not step or len(series) < 3:
            return cls()
        at = series.times.astype(np.int64)
        distance = np.diff(at)
        steps = np.maximum(np.round(distance / step), 1)
        if np.mean(np.abs(distance - steps * step) <= 0.05 * step) < MIN_REGULAR_SHARE:
            return cls()
        if np.minimum(steps, len(series)).sum() > MAX_CELLS_PER_POINT * len(series):
            return cls()
        grid = cls._through(at, _round_step(float(at[-1] - at[0]), float(steps.sum())))
        return grid if np.mean(np.diff(grid._absolute(at)) < 1) <= MAX_SHARED_SHARE else cls()

    @classmethod
    def _through(cls, at: NDArray[np.int64], step: int) -> "RegularGrid":
        """The grid of this step that lies best under the times."""
        offset = (at - at[0] + step // 2) % step - step // 2
        return cls(int(at[0] + np.median(offset)), step)

    def _absolute(self, at: NDArray[np.int64]) -> NDArray[np.int64]:
        """The cell (n,) of each time (n,) in ms, counted from the origin."""
        step = self.step_ms or 1
        return (at - self.origin_ms + step // 2) // step

    def cells(self, series: Series, longest: int, chunk: int) -> tuple[NDArray[np.int64], int]:
        """The cell of each point (n,), from 0 and never falling, and the first one's position modulo `chunk`.

        A gap longer than `longest` cells is shortened to about that, by whole chunks: a memory of `longest`
        cells cannot tell the difference.
        """
        if self.step_ms is None or series.times is None or not len(series):
            return np.arange(len(series)), 0
        absolute = self._absolute(series.times.astype(np.int64))
        jump = np.diff(absolute)
        excess = np.maximum(jump - longest - chunk, 0) // chunk * chunk
        cells = np.concatenate(([0], np.cumsum(jump - excess)))
        return cells, int(absolute[0] % chunk)

    def tail(self, series: Series, values: Floats, new: int, memory: int, chunk: int = 1) -> Tail:
        """The last `new` points of a series and the `memory` cells before them, with these values (n,) for its own."""
        cells, first = self.cells(series, memory, chunk)
        spread = place_in_cells(values, cells)
        since = int(cells[len(cells) - new]) if new else len(spread)
        start = max(since - memory, 0)
        return Tail(spread[start:], cells[len(cells) - new :] - start, since - start, (first + start) % chunk)

    def state(self) -> dict[str, Any]:
        """Origin and step."""
        return {"origin_ms": self.origin_ms, "step_ms": self.step_ms}

    @classmethod
    def from_state(cls, state: Mapping[str, Any]) -> "RegularGrid":
        """The grid that gave this state."""
        return cls(state["origin_ms"], state["step_ms"])


def place_in_cells(values: Floats, cells: NDArray[np.int64]) -> Floats:
    """(cells,) with each value in its cell, NaN where none is; of two in one cell the later stays."""
    out = np.full(int(cells[-1]) + 1 if len(cells) else 0, np.nan)
    out[cells] = values
    return out


GAP_STEPS = 1.5
"""A distance between points of more than this many usual steps is a gap."""


def count_gaps(times: Times | None, step_ms: int | None) -> int:
    """How many neighbouring points lie further apart than GAP_STEPS usual steps."""
    if times is None or not step_ms:
        return 0
    return int(np.count_nonzero(np.diff(times).astype(np.int64) > GAP_STEPS * step_ms))
