"""Autoregression: each point is forecast from the points before it by a robust ridge regression in closed form.

Our own rather than scikit-learn's `HuberRegressor`: that one is solved iteratively to a tolerance, and the weights here
must not depend in any bit on the number of threads, nor a forecast on which other points are forecast with it.
"""

import itertools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from timeseries import Floats
from timeseries.gap_filling import MAX_FILL, fill_forward, sample_rows
from timeseries.robust import HUBER_K, NORMAL_Q75
from timeseries.seasonality import lagged, same_phase_median

Rows = NDArray[np.int64]

LAGS = 24
"""Points before a point that enter its forecast: a day of hours."""
MASK_REACH = LAGS + MAX_FILL
"""Points after a masked one whose forecasts change: those with it among their lags, or filled from it."""
PHASE_OFFSETS = (-2, -1, 0, 1, 2)
"""Points around the phase of the forecast point whose season enters its forecast: the length of cycles varies."""
SEASON_CYCLES = 3
"""Cycles whose median is the season: one outlier among three changes little."""
RIDGE = 1e-5
"""Ridge penalty per row, in squared residual scales."""
MIN_RIDGE = 1e-10
"""The least penalty per row, so that the system can be solved."""
OUTLIER_STDS = 10.0
"""Robust standard deviations of the residuals beyond which a point is left out of the second fit."""
HUBER_STAGES = ((3, 1 / 3), (4, 0.0), (4, 0.0))
"""Reweighting rounds of each stage, and the share of the plain standard deviation that its scale is at least."""
MIN_HUBER_SCALE = 1e-4
MIN_OUTLIER_SCALE = 1e-3
"""The least residual scales believed, in standard deviations of the series."""
WEIGHT_STEPS = 2.0**32
"""Weights are rounded to this part of 1: their last bits depend on the number of threads of the linear algebra."""
MAX_MATRIX_ROWS = 2_000
"""Rows up to which all columns are held in memory, as for a stream's last points; more go one column after another."""


def season_columns(values: Floats, period: int, since: int = 0) -> list[Floats]:
    """Columns (n − since,): of each of PHASE_OFFSETS the median of the last cycles around the point's phase."""
    reach = max(PHASE_OFFSETS)
    padding = np.full(reach, np.nan)
    season = same_phase_median(np.concatenate((padding, values, padding)), period, SEASON_CYCLES, since)
    return [season[reach + offset : reach + offset + len(values) - since] for offset in PHASE_OFFSETS]


def fill_with_season(values: Floats, seasons: list[Floats]) -> Floats:
    """(n,) short gaps filled forward, moved as the season of the longest period moves."""
    return fill_forward(values, seasons[PHASE_OFFSETS.index(0) - len(PHASE_OFFSETS)] if seasons else None)


def columns(filled: Floats, seasons: list[Floats], rows: Rows | None = None) -> Iterator[Floats]:
    """The regressors: LAGS lags, then the seasons; (n,) each, or at `rows` (m,) only."""
    for lag in range(1, LAGS + 1):
        if rows is None:
            yield lagged(filled, lag)
        else:
            yield np.where(rows >= lag, filled[np.maximum(rows - lag, 0)], np.nan)
    for season in seasons:
        yield season if rows is None else season[rows]


def matrix(filled: Floats, seasons: list[Floats], rows: Rows) -> Floats:
    """(m, k) the `columns` at `rows` (m,) side by side."""
    positions = rows[:, None] - np.arange(1, LAGS + 1)  # (m, LAGS)
    lags = np.where(positions >= 0, filled[np.maximum(positions, 0)], np.nan)
    return np.column_stack([lags, *(season[rows] for season in seasons)])


@dataclass(frozen=True, eq=False)
class Regression:
    """expected = intercept + Σ weight · column."""

    weights: Floats
    intercept: float

    def forecast(self, columns: Iterator[Floats]) -> Floats:
        """(n,) from the first columns; NaN where one is unknown. Every point gets the same additions in one order."""
        expected: Floats = self.weights[0] * next(columns)
        for weight in self.weights[1:]:
            expected += weight * next(columns)
        expected += self.intercept
        return expected

    def forecast_rows(self, design: Floats) -> Floats:
        """(m,) the same to the bit, from the columns of a few points, design (m, k or more)."""
        products = design[:, : len(self.weights)] * self.weights
        # Added one after another, as above; a sum along the axis would add pairwise.
        expected: Floats = np.add.accumulate(products, axis=1)[:, -1] + self.intercept
        return expected


def fit_huber(design: list[Floats], targets: Floats) -> Regression | None:
    """Huber-weighted ridge regression by iteratively reweighted least squares (Huber, 1964).

    design (k columns of (m,)), targets (m,). None where fewer rows are known than twice the weights.

    Rows beyond HUBER_K residual scales get less weight, so that anomalies are hardly learned. The scale of the first
    stage is at least a third of the plain standard deviation: on a square wave everything but the jumps fits well, and
    the jumps are what there is to learn. Within a stage the scale is fixed, so that each round lowers the loss
    (majorisation; Lange, "MM Optimization Algorithms", 2016, ch. 1).
    """
    matrix = np.column_stack([*design, np.ones(len(targets))])  # (m, k + 1)
    known = np.isfinite(matrix).all(axis=1) & np.isfinite(targets)
    matrix, targets = matrix[known], targets[known]
    if len(targets) < 2 * matrix.shape[1]:
        return None
    solution: Floats = np.zeros(matrix.shape[1])  # (k + 1,)
    weights: Floats = np.ones(len(targets))  # (m,)
    for rounds, min_share in HUBER_STAGES:
        residuals = np.abs(targets - matrix @ solution)
        plain_std = float(np.sqrt(np.mean(residuals**2)))
        scale = max(float(np.median(residuals)) / NORMAL_Q75, min_share * plain_std, MIN_HUBER_SCALE)
        penalty = len(targets) * max(RIDGE * min(scale, 1.0) ** 2, MIN_RIDGE)
        ridge = np.diag(np.full(matrix.shape[1], penalty))
        for _ in range(rounds):
            weighted = matrix * weights[:, None]
            solution = np.linalg.solve(weighted.T @ matrix + ridge, weighted.T @ targets).astype(np.float64)
            residuals = np.abs(targets - matrix @ solution)
            weights = HUBER_K * scale / np.maximum(residuals, HUBER_K * scale)
    solution = np.round(solution * WEIGHT_STEPS) / WEIGHT_STEPS
    return Regression(solution[:-1], float(solution[-1]))


@dataclass(frozen=True, eq=False)
class Autoregression:
    """One regression on the lags only, and one more with the season of each further period.

    A point is forecast by the last of them whose columns are all known there: a season needs past cycles.
    """

    periods: tuple[int, ...]
    regressions: tuple[Regression, ...]

    @classmethod
    def fit(cls, values: Floats, periods: Sequence[int]) -> "Autoregression":
        """values (n,) of unit scale; NaN is missing. Periods too short for a season are left out.

        Fitted twice: the second time without the outliers of the first fit and the LAGS points after them, which have
        them among their regressors; once where that would leave less than half of the points.
        """
        usable = tuple(period for period in periods if period > max(PHASE_OFFSETS))
        rows = sample_rows(len(values))
        first = cls._fit(values, values, usable, rows)
        residuals = np.abs(values - first.forecast(values, first.seasons(values)))
        known = residuals[rows][np.isfinite(residuals[rows])]
        if not known.size:
            return first
        scale = max(float(np.median(known)) / NORMAL_Q75, MIN_OUTLIER_SCALE)
        with np.errstate(invalid="ignore"):
            outliers = residuals > OUTLIER_STDS * scale
        learned = np.convolve(outliers, np.ones(LAGS + 1))[: len(values)] < 0.5
        if not outliers.any() or np.mean(learned[rows]) < 0.5:
            return first
        return cls._fit(np.where(outliers, np.nan, values), values, usable, rows[learned[rows]])

    @classmethod
    def _fit(cls, shown: Floats, targets: Floats, periods: tuple[int, ...], rows: Rows) -> "Autoregression":
        """Lags from the values `shown` (n,), seasons from all of the targets (n,); the rows (m,) are learned."""
        seasons = [column for period in periods for column in season_columns(targets, period)]
        design = list(columns(fill_with_season(shown, seasons), seasons, rows))
        widths = [LAGS + k * len(PHASE_OFFSETS) for k in range(len(periods) + 1)]
        fits = (fit_huber(design[:width], targets[rows]) for width in widths)
        regressions = tuple(fit for fit in itertools.takewhile(lambda fit: fit is not None, fits) if fit)
        return cls(periods[: max(len(regressions) - 1, 0)], regressions)

    @property
    def memory(self) -> int:
        """Points before a point that its forecast is made from."""
        seasonal = (SEASON_CYCLES * period + max(PHASE_OFFSETS) for period in self.periods)
        return MASK_REACH + max(seasonal, default=0)

    def seasons(self, values: Floats, since: int = 0) -> list[Floats]:
        """The season columns (n − since,) of every period, for several calls of `forecast`."""
        return [column for period in self.periods for column in season_columns(values, period, since)]

    def forecast(self, shown: Floats, seasons: list[Floats], rows: Rows | None = None) -> Floats:
        """(n,), or at `rows` (m,) only; NaN until LAGS values are known or filled.

        `shown` (n,) are the values for the lags, NaN where masked. The `seasons` are those of all values: they are
        medians, which bear an outlier, and a regular jump that was masked there too would never be learned.
        """
        filled = fill_with_season(shown, seasons)
        if not self.regressions:
            return next(columns(filled, [], rows))
        positions = np.arange(len(filled)) if rows is None else rows
        if len(positions) <= MAX_MATRIX_ROWS:
            design = matrix(filled, seasons, positions)
            return self._last_known([regression.forecast_rows(design) for regression in self.regressions])
        return self._last_known(
            [regression.forecast(columns(filled, seasons, rows)) for regression in self.regressions]
        )

    @staticmethod
    def _last_known(forecasts: list[Floats]) -> Floats:
        """(n,) at each point the last of the forecasts that is known."""
        expected = forecasts[0]
        for better in forecasts[1:]:
            expected = np.where(np.isfinite(better), better, expected)
        return expected

    def state(self) -> dict[str, Any]:
        """Periods and weights."""
        regressions = {str(k): asdict(regression) for k, regression in enumerate(self.regressions)}
        return {"periods": list(self.periods), "regressions": regressions}

    @classmethod
    def from_state(cls, state: Mapping[str, Any]) -> "Autoregression":
        """Inverse of `state`."""
        parts = [state["regressions"][str(k)] for k in range(len(state["regressions"]))]
        regressions = tuple(Regression(np.asarray(part["weights"]), part["intercept"]) for part in parts)
        return cls(tuple(state["periods"]), regressions)
