"""Forecasts of the next 24 points in one step, by a ridge regression on a window (direct multi-step forecasting).

Our own rather than scikit-learn's `Ridge`: weights are rounded and windows are integers, so that a forecast is the
same to the bit wherever the series was cut.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from timeseries import Floats
from timeseries.windows import (
    Scale,
    WindowShape,
    fill_short_gaps,
    usable_windows,
    window_length,
)

HORIZONS = 24
"""Points ahead that are forecast from each window."""
MAX_SAMPLE = 10_000
"""Windows learned from, at most."""
RIDGE = 1e-2
"""Ridge penalty, as a share of the mean variance of a point of the window."""
TRIMMED_SHARE = 0.05
"""Share of windows, those forecast worst, that are left out of the second fit."""
WEIGHT_STEPS = 2.0**24
"""Weights are rounded to this part of 1: 24 bits, with 19 of a value and 7 of a sum, are 50 of the 53 of a float64."""


@dataclass(frozen=True, eq=False)
class MultiStepRegression:
    """Ridge regression (Hoerl & Kennard, 1970) of the next HORIZONS points on the window before them.

    All horizons are solved together, in closed form.

    length   points of the window; 0 where the series is too short
    weights  (length, HORIZONS)
    offset   (HORIZONS,)
    """

    scale: Scale
    period: int | None
    length: int
    weights: Floats
    offset: Floats

    @classmethod
    def fit(cls, values: Floats, period: int | None) -> "MultiStepRegression":
        """values (n,) evenly spaced; NaN is missing. Scores nothing where there are too few."""
        scale = Scale.fit(values)
        length = window_length(len(values), period)
        quantized = scale.quantize(values)
        filled = fill_short_gaps(quantized, period)
        shape = WindowShape(length + HORIZONS, 1)
        rows = np.empty((0, shape.size))
        if length:
            rows = shape.sample(filled, usable_windows(quantized, filled, shape.points), MAX_SAMPLE)
        if len(rows) < 2 * length or not length:
            return cls(scale, period, 0, np.empty((0, HORIZONS)), np.empty(HORIZONS))
        weights, offset = fit_ridge(rows, length)
        errors = np.abs(rows[:, length:] - rows[:, :length] @ weights - offset).sum(axis=1)  # (m,)
        typical = rows[errors <= np.quantile(errors, 1 - TRIMMED_SHARE)]
        return cls(scale, period, length, *fit_ridge(typical, length))

    def errors(self, filled: Floats, report: Callable[[float], None]) -> Floats:
        """(n,) Σ over the horizons of |value − forecast|, each rounded to an integer; 0 where none was made."""
        values = np.nan_to_num(filled)
        errors = np.zeros(len(filled))
        shape = WindowShape(self.length, 1)
        for ends, block in shape.blocks(filled):
            forecasts = block @ self.weights  # (m, HORIZONS), exact: of integers and rounded weights
            forecasts += self.offset
            for ahead in range(1, HORIZONS + 1):
                start = ends.start + ahead
                stop = min(ends.stop + ahead, len(filled))
                if start < stop:
                    errors[start:stop] += np.round(np.abs(values[start:stop] - forecasts[: stop - start, ahead - 1]))
            report(ends.stop / len(filled))
        return errors

    def state(self) -> dict[str, Any]:
        """Scale, period and weights, as JSON values and arrays."""
        return {
            "scale": self.scale.state(),
            "period": self.period,
            "length": self.length,
            "weights": self.weights,
            "offset": self.offset,
        }

    @classmethod
    def from_state(cls, state: Mapping[str, Any]) -> "MultiStepRegression":
        """Inverse of `state`."""
        scale = Scale(**state["scale"])
        weights, offset = np.asarray(state["weights"]), np.asarray(state["offset"])
        return cls(scale, state["period"], state["length"], weights, offset)


def fit_ridge(rows: Floats, length: int) -> tuple[Floats, Floats]:
    """Weights (length, k), rounded to 1/WEIGHT_STEPS, and offset (k,) of a regression of each row's last k numbers on
    its first `length`; rows (m, length + k)."""
    mean = rows.mean(axis=0)
    centred = rows - mean
    inputs, targets = centred[:, :length], centred[:, length:]
    products = inputs.T @ inputs  # (length, length)
    penalty = RIDGE * np.trace(products) / length + 1.0
    weights = np.linalg.solve(products + penalty * np.eye(length), inputs.T @ targets)
    weights = np.round(weights * WEIGHT_STEPS) / WEIGHT_STEPS
    return weights, mean[length:] - mean[:length] @ weights
