"""Where the points of a series lie, counted in steps: gaps become missing cells, and seasons keep their place."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from series import Floats, Series

MOSTLY = 0.9
"""Share of distances between points that must be whole steps (within 5 %) for a series to have a grid."""


FULL = 3
"""Most cells per point (a gap counts at most the series' points): an almost empty grid is not worth its memory."""


@dataclass(frozen=True)
class Grid:
    """Cell k begins at origin + k · step, in ms. Without a step (no times, or irregular ones) points are counted."""

    origin_ms: int = 0
    step_ms: int | None = None

    @classmethod
    def learn(cls, series: Series) -> "Grid":
        """The grid of a series, or a plain count where its times follow none or it would be mostly empty."""
        step = series.step_ms
        if series.times is None or not step:
            return cls()
        at = series.times.astype(np.int64)
        distance = np.diff(at)
        whole = np.abs(distance - np.round(distance / step) * step) <= 0.05 * step
        cells = np.minimum(distance // step, len(series)).sum()
        if len(series) < 3 or np.mean(whole) < MOSTLY or cells > FULL * len(series):
            return cls()
        offset = (at - at[0] + step // 2) % step - step // 2
        return cls(int(at[0] + np.median(offset)), step)

    def cells(self, series: Series, longest: int, chunk: int) -> tuple[NDArray[np.int64], int]:
        """The cell of each point (n,), from 0 and never falling, and the first one's position modulo `chunk`.

        A gap longer than `longest` cells is shortened to about that, by whole chunks: a memory of `longest`
        cells cannot tell the difference.
        """
        if self.step_ms is None or series.times is None or not len(series):
            return np.arange(len(series)), 0
        half = self.step_ms // 2
        absolute = (series.times.astype(np.int64) - self.origin_ms + half) // self.step_ms
        jump = np.diff(absolute)
        excess = np.maximum(jump - longest - chunk, 0) // chunk * chunk
        cells = np.concatenate(([0], np.cumsum(jump - excess)))
        return cells, int(absolute[0] % chunk)

    def state(self) -> dict[str, Any]:
        """Origin and step."""
        return {"origin_ms": self.origin_ms, "step_ms": self.step_ms}

    @classmethod
    def from_state(cls, state: Mapping[str, Any]) -> "Grid":
        """The grid that gave this state."""
        return cls(state["origin_ms"], state["step_ms"])


def spread_out(values: Floats, cells: NDArray[np.int64]) -> Floats:
    """(cells,) with each value in its cell, NaN where none is; of two in one cell the later stays."""
    out = np.full(int(cells[-1]) + 1 if len(cells) else 0, np.nan)
    out[cells] = values
    return out
