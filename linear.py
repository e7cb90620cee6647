"""The linear forecaster: robust ridge regression of each point on points before it, solved in closed form."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from period import lagged, same_phase
from series import Bools, Floats

SHORT = 24
"""The last 24 points enter every forecast."""
AROUND = (-2, -1, 0, 1, 2)
"""With a period: phases of the last cycles, from two points earlier to two later than the point itself."""
CYCLES = 3
SAMPLE = 30_000
"""Most points that the regression learns from; beyond, evenly spaced runs of the series stand for it."""


def hold(values: Floats, longest: int) -> Floats:
    """(n,) with missing values replaced by the last known one where that is at most `longest` points back."""
    at = np.arange(len(values))
    last = np.maximum.accumulate(np.where(np.isfinite(values), at, -1))
    near = (last >= 0) & (at - last <= longest)
    return np.where(near, values[np.maximum(last, 0)], np.nan)


def recent_columns(shown: Floats) -> Iterable[Floats]:
    """SHORT columns (n,): the values 1 to SHORT points before, a missing one replaced by the last known before it."""
    held = hold(shown, SHORT)
    return (lagged(held, lag) for lag in range(1, SHORT + 1))


def season_columns(values: Floats, period: int) -> Iterable[Floats]:
    """Columns (n,): the medians of the last cycles around the point's phase. One odd cycle in three changes little."""
    return (same_phase(values, period, CYCLES, ahead) for ahead in AROUND)


@dataclass(frozen=True, eq=False)
class Regression:
    """expected = intercept + sum of weight × column."""

    weights: Floats
    intercept: float

    def forecast(self, columns: Iterable[Floats]) -> Floats:
        """(n,); NaN where a column is not known. The same additions in the same order for every point."""
        expected: Any = self.intercept
        for column, weight in zip(columns, self.weights, strict=True):
            expected = expected + weight * column
        return np.asarray(expected)


def regress(columns: list[Floats], wanted: Floats) -> Regression | None:
    """Huber-weighted ridge regression by iteratively reweighted least squares (Huber, 1964; three rounds).

    columns (k times (m,)), wanted (m,). None where fewer rows are known than twice the weights.
    The first solution has ridge's shrinkage alone; the rounds after it give less weight to what lies beyond
    1.345 robust standard deviations, so that anomalies in the series are hardly learned.
    """
    design = np.column_stack([*columns, np.ones(len(wanted))])  # (m, k + 1)
    usable = np.isfinite(design).all(axis=1) & np.isfinite(wanted)
    design, wanted = design[usable], wanted[usable]
    if len(wanted) < 2 * design.shape[1]:
        return None
    penalty = np.full(design.shape[1], 1e-4 * len(wanted))
    penalty[-1] = 1e-9  # the intercept is not shrunk
    importance = np.ones(len(wanted))
    for _ in range(4):
        weighted = design * importance[:, None]
        solution = np.linalg.solve(weighted.T @ design + np.diag(penalty), weighted.T @ wanted)
        distance = np.abs(wanted - design @ solution)
        width = 1.345 * max(float(np.median(distance)) / 0.6745, 1e-6)
        importance = width / np.maximum(distance, width)
    return Regression(solution[:-1].astype(np.float64), float(solution[-1]))


def sample_rows(n: int, most: int = SAMPLE) -> NDArray[np.int64]:
    """All positions of a series of n points, or `most` of them in 64 evenly spaced runs."""
    if n <= most:
        return np.arange(n)
    starts = np.linspace(0, n - most // 64, 64).astype(np.int64)
    return (starts[:, None] + np.arange(most // 64)).ravel()


@dataclass(frozen=True, eq=False)
class Linear:
    """Two regressions: with the season where it is known, on the last points alone where it is not."""

    period: int | None
    recent: Regression | None
    seasonal: Regression | None

    @classmethod
    def fit(cls, values: Floats, period: int | None) -> "Linear":
        """values (n,) of unit scale; NaN is missing."""
        rows = sample_rows(len(values))
        columns = [column[rows] for column in recent_columns(values)]
        recent, seasonal = regress(columns, values[rows]), None
        if period is not None and period > max(AROUND):
            columns += [column[rows] for column in season_columns(values, period)]
            seasonal = regress(columns, values[rows])
        return cls(period, recent, seasonal)

    @property
    def memory(self) -> int:
        """Points before the one that is forecast."""
        return max(2 * SHORT, CYCLES * (self.period or 0) + max(AROUND) if self.seasonal else 0)

    def forecast(self, values: Floats, hidden: Bools | None = None) -> Floats:
        """(n,) from values (n,), NaN where none of the last points is known.

        Points that are `hidden` (n,) do not count among the last points. They stay in the season, whose medians
        bear them: hidden there, a regular jump that was once a surprise would stay one for ever.
        """
        shown = values if hidden is None else np.where(hidden, np.nan, values)
        if self.recent is None:
            return lagged(hold(shown, SHORT), 1)
        expected = self.recent.forecast(recent_columns(shown))
        if self.seasonal is None or self.period is None:
            return expected
        seasonal = self.seasonal.forecast([*recent_columns(shown), *season_columns(values, self.period)])
        return np.where(np.isfinite(seasonal), seasonal, expected)

    def state(self) -> dict[str, Any]:
        """Period and weights."""
        parts = {"recent": self.recent, "seasonal": self.seasonal}
        return {"period": self.period} | {name: vars(part) for name, part in parts.items() if part}

    @classmethod
    def from_state(cls, state: Mapping[str, Any]) -> "Linear":
        """The forecaster that gave this state."""
        parts = {
            name: Regression(np.asarray(state[name]["weights"]), state[name]["intercept"]) if name in state else None
            for name in ("recent", "seasonal")
        }
        return cls(state["period"], parts["recent"], parts["seasonal"])
