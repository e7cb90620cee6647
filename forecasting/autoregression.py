"""The linear forecaster: robust ridge regression of each point on points before it, solved in closed form."""

import itertools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from timeseries import Floats
from timeseries.gap_filling import MAX_FILL, fill_forward, sample_rows
from timeseries.robust import HUBER_K, NORMAL_Q75
from timeseries.seasonality import lagged, same_phase_median

REACH = 2 * MAX_FILL
"""Points after a hidden one whose forecasts it changes: those it is among the last of, filled ones included."""
PHASE_OFFSETS = (-2, -1, 0, 1, 2)
"""With a period: phases of the last cycles, from two points earlier to two later than the point itself."""
SEASON_CYCLES = 3
RIDGE = 1e-5
OUTLIER_STDS = 10.0
"""Robust standard deviations from its forecast at which a point is not learned from."""
WEIGHT_STEPS = 2.0**32
"""Weights are rounded to this part of 1: their last bits depend on how many threads the linear algebra runs on."""
MAX_MATRIX_ROWS = 2_000
"""Points of which all columns are held at once: a live stream's tail. Of more, one column after another."""


def season_columns(values: Floats, period: int, since: int = 0) -> list[Floats]:
    """Columns (n − since,): the medians of the last cycles around the phase of each point from `since` on.

    One odd cycle in three changes little.
    """
    reach = max(PHASE_OFFSETS)
    longer = np.concatenate((np.full(reach, np.nan), values, np.full(reach, np.nan)))
    season = same_phase_median(longer, period, SEASON_CYCLES, since)  # (reach + n − since + reach,)
    return [season[reach + ahead : reach + ahead + len(values) - since] for ahead in PHASE_OFFSETS]


def fill_with_season(shown: Floats, seasons: list[Floats]) -> Floats:
    """(n,) `fill_forward` with the season of the longest period, of all season columns, at the point's own phase."""
    return fill_forward(shown, seasons[PHASE_OFFSETS.index(0) - len(PHASE_OFFSETS)] if seasons else None)


def columns(known: Floats, seasons: list[Floats], rows: NDArray[np.int64] | None = None) -> Iterator[Floats]:
    """What a point is forecast from: the SHORT values before it, then its seasons; (n,) each, or only `rows` (m,)."""
    for lag in range(1, MAX_FILL + 1):
        if rows is None:
            yield lagged(known, lag)
        else:
            yield np.where(rows >= lag, known[np.maximum(rows - lag, 0)], np.nan)
    for season in seasons:
        yield season if rows is None else season[rows]


def matrix(known: Floats, seasons: list[Floats], rows: NDArray[np.int64]) -> Floats:
    """(m, k) the `columns` of a few points at `rows` (m,) side by side: one operation for all, not one for each."""
    at = rows[:, None] - np.arange(1, MAX_FILL + 1)
    last = np.where(at >= 0, known[np.maximum(at, 0)], np.nan)
    return np.column_stack([last, *(season[rows] for season in seasons)])


@dataclass(frozen=True, eq=False)
class Regression:
    """expected = intercept + sum of weight × column."""

    weights: Floats
    intercept: float

    def forecast(self, columns: Iterator[Floats]) -> Floats:
        """(n,), by the first columns of those given; NaN where one is not known. Each point gets the same additions."""
        expected: Floats = self.weights[0] * next(columns)
        for weight in self.weights[1:]:
            expected += weight * next(columns)
        expected += self.intercept
        return expected

    def forecast_rows(self, design: Floats) -> Floats:
        """(m,) the same to the bit, of few points at once: design (m, k or more) holds their columns."""
        parts = design[:, : len(self.weights)] * self.weights
        expected: Floats = np.add.accumulate(parts, axis=1)[:, -1] + self.intercept  # added one after another, as above
        return expected


def regress(design: list[Floats], wanted: Floats) -> Regression | None:
    """Huber-weighted ridge regression by iteratively reweighted least squares (Huber, 1964).

    design (k columns of (m,)), wanted (m,). None where fewer rows are known than twice the weights.
    What lies beyond HUBER_K robust standard deviations gets less weight, so that anomalies are hardly learned. In the
    first rounds that deviation is not let fall below a third of the plain one: on a square wave all but the jumps
    fits at once, and the jumps are what there is to learn. Each stage's deviation is fixed, so its rounds only
    ever lower its loss (majorisation; Lange, "MM Optimization Algorithms", 2016, ch. 1).
    """
    matrix = np.column_stack([*design, np.ones(len(wanted))])  # (m, k + 1)
    usable = np.isfinite(matrix).all(axis=1) & np.isfinite(wanted)
    matrix, wanted = matrix[usable], wanted[usable]
    if len(wanted) < 2 * matrix.shape[1]:
        return None
    solution: Floats = np.zeros(matrix.shape[1])
    importance: Floats = np.ones(len(wanted))
    for rounds, share in ((3, 1 / 3), (4, 0.0), (4, 0.0)):
        distance = np.abs(wanted - matrix @ solution)
        plain = float(np.sqrt(np.mean(distance**2)))
        deviation = max(float(np.median(distance)) / NORMAL_Q75, share * plain, 1e-4)
        ridge = np.diag(np.full(matrix.shape[1], len(wanted) * max(RIDGE * min(deviation, 1.0) ** 2, 1e-10)))
        for _ in range(rounds):
            weighted = matrix * importance[:, None]
            solution = np.linalg.solve(weighted.T @ matrix + ridge, weighted.T @ wanted).astype(np.float64)
            distance = np.abs(wanted - matrix @ solution)
            importance = HUBER_K * deviation / np.maximum(distance, HUBER_K * deviation)
    solution = np.round(solution * WEIGHT_STEPS) / WEIGHT_STEPS
    return Regression(solution[:-1], float(solution[-1]))


@dataclass(frozen=True, eq=False)
class Autoregression:
    """One regression on the last points alone, and one more with the season of each further period.

    A point is forecast by the last of them whose columns are all known there: seasons need cycles to be known.
    """

    periods: tuple[int, ...]
    regressions: tuple[Regression, ...]

    @classmethod
    def fit(cls, values: Floats, periods: Sequence[int]) -> "Autoregression":
        """values (n,) of unit scale; NaN is missing. Periods too short for a season are left out.

        Learned twice: the second time without the points that the first forecasts find surprising and the SHORT
        points after them, which have them among their inputs; not where that would leave less than half.
        """
        usable = tuple(period for period in periods if period > max(PHASE_OFFSETS))
        rows = sample_rows(len(values))
        first = cls._learn(values, values, usable, rows)
        distance = np.abs(values - first.forecast(values, first.seasons(values)))
        known = distance[rows][np.isfinite(distance[rows])]
        if not known.size:
            return first
        with np.errstate(invalid="ignore"):
            surprising = distance > OUTLIER_STDS * max(float(np.median(known)) / NORMAL_Q75, 1e-3)
        kept = np.convolve(surprising, np.ones(MAX_FILL + 1))[: len(values)] < 0.5
        if not surprising.any() or np.mean(kept[rows]) < 0.5:
            return first
        return cls._learn(np.where(surprising, np.nan, values), values, usable, rows[kept[rows]])

    @classmethod
    def _learn(
        cls, shown: Floats, values: Floats, periods: tuple[int, ...], rows: NDArray[np.int64]
    ) -> "Autoregression":
        seasons = [column for period in periods for column in season_columns(values, period)]
        design = list(columns(fill_with_season(shown, seasons), seasons, rows))
        widths = [MAX_FILL + k * len(PHASE_OFFSETS) for k in range(len(periods) + 1)]
        tried = (regress(design[:width], values[rows]) for width in widths)
        learned = tuple(part for part in itertools.takewhile(lambda part: part is not None, tried) if part)
        return cls(periods[: max(len(learned) - 1, 0)], learned)

    @property
    def memory(self) -> int:
        """Points before the one that is forecast."""
        return REACH + max((SEASON_CYCLES * period + max(PHASE_OFFSETS) for period in self.periods), default=0)

    def seasons(self, values: Floats, since: int = 0) -> list[Floats]:
        """The season columns (n − since,) of every period, for `forecast`: made once, used for each of its passes."""
        return [column for period in self.periods for column in season_columns(values, period, since)]

    def forecast(self, shown: Floats, seasons: list[Floats], rows: NDArray[np.int64] | None = None) -> Floats:
        """(n,) from the values to be `shown` (n,) among the last points; NaN until SHORT of those are known or filled.

        The `seasons` are those of all values, whose medians bear an odd one: hidden there too, a regular jump that
        was once a surprise would stay one for ever. With `rows` (m,), the forecasts of those points only: (m,).
        """
        known = fill_with_season(shown, seasons)
        if not self.regressions:
            return next(columns(known, [], rows))
        at = np.arange(len(known)) if rows is None else rows
        if len(at) <= MAX_MATRIX_ROWS:
            design = matrix(known, seasons, at)
            return self._best([regression.forecast_rows(design) for regression in self.regressions])
        return self._best([regression.forecast(columns(known, seasons, rows)) for regression in self.regressions])

    @staticmethod
    def _best(forecasts: list[Floats]) -> Floats:
        """(n,) of each point the last of the forecasts that is known."""
        expected = forecasts[0]
        for better in forecasts[1:]:
            expected = np.where(np.isfinite(better), better, expected)
        return expected

    def state(self) -> dict[str, Any]:
        """Periods and weights."""
        parts = {str(k): vars(regression) for k, regression in enumerate(self.regressions)}
        return {"periods": list(self.periods), "regressions": parts}

    @classmethod
    def from_state(cls, state: Mapping[str, Any]) -> "Autoregression":
        """The forecaster that gave this state."""
        parts = [state["regressions"][str(k)] for k in range(len(state["regressions"]))]
        regressions = tuple(Regression(np.asarray(part["weights"]), part["intercept"]) for part in parts)
        return cls(tuple(state["periods"]), regressions)
