"""Multi-step forecasts: a regression of the next 24 points on the window before them."""

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
MAX_SAMPLE = 10_000
"""Most windows learned from."""
RIDGE = 1e-2
"""Ridge penalty, as a share of the mean variance of a point of the window."""
TRIMMED_SHARE = 0.05
"""Share of windows, those forecast worst, that are left out the second time."""
WEIGHT_STEPS = 2.0**24
"""Weights are rounded to this part of 1: 24 bits, 19 of a value and 7 of a sum are 50."""


@dataclass(frozen=True, eq=False)
class MultiStepRegression:
    """Ridge regression (Hoerl & Kennard, 1970) of the next HORIZONS points on the window before them.

    All horizons are solved at once, in closed form.

    length   points of the window; 0 where the series is too short
    weights  (length, HORIZONS); offset (HORIZONS,)
    """

    scale: Scale
    period: int | None
    length: int
    weights: Floats
    offset: Floats

    @classmethod
    def fit(cls, values: Floats, period: int | None) -> "MultiStepRegression":
        """values (n,) evenly spaced; NaN is missing. Judges nothing where there are too few."""
        scale, length = Scale.fit(values), window_length(len(values), period)
        whole = scale.quantize(values)
        full = fill_short_gaps(whole, period)
        together = WindowShape(length + HORIZONS, 1)
        rows = np.empty((0, together.size))
        if length:
            rows = together.sample(full, usable_windows(whole, full, together.points), MAX_SAMPLE)
        if len(rows) < 2 * length or not length:
            return cls(scale, period, 0, np.empty((0, HORIZONS)), np.empty(HORIZONS))
        weights, offset = fit_ridge(rows, length)
        missed = np.abs(rows[:, length:] - rows[:, :length] @ weights - offset).sum(axis=1)
        return cls(scale, period, length, *fit_ridge(rows[missed <= np.quantile(missed, 1 - TRIMMED_SHARE)], length))

    def missed(self, full: Floats, report: Callable[[float], None]) -> Floats:
        """(n,) Σ over the horizons of |value − forecast|, each rounded to a whole number; 0 where none was made."""
        filled = np.nan_to_num(full)
        out = np.zeros(len(full))
        shape = WindowShape(self.length, 1)
        for at, block in shape.blocks(full):
            forecasts = block @ self.weights  # exact: of whole numbers and rounded weights
            forecasts += self.offset
            for ahead in range(1, HORIZONS + 1):
                start, stop = at.start + ahead, min(at.stop + ahead, len(full))
                if start < stop:
                    out[start:stop] += np.round(np.abs(filled[start:stop] - forecasts[: stop - start, ahead - 1]))
            report(at.stop / len(full))
        return out

    def state(self) -> dict[str, Any]:
        """Everything learned."""
        learned = {"weights": self.weights, "offset": self.offset}
        return {"scale": self.scale.state(), "period": self.period, "length": self.length, **learned}

    @classmethod
    def from_state(cls, state: Mapping[str, Any]) -> "MultiStepRegression":
        """What gave this state."""
        learned = np.asarray(state["weights"]), np.asarray(state["offset"])
        return cls(Scale(**state["scale"]), state["period"], state["length"], *learned)


def fit_ridge(rows: Floats, length: int) -> tuple[Floats, Floats]:
    """Weights (length, rest), rounded to 1/WEIGHT_STEPS, and offset (rest,) of each row's rest on its first numbers.

    rows (m, length + rest).
    """
    centre = rows.mean(axis=0)
    before, after = (rows - centre)[:, :length], (rows - centre)[:, length:]
    products = before.T @ before
    penalty = RIDGE * np.trace(products) / length + 1.0
    weights = np.linalg.solve(products + penalty * np.eye(length), before.T @ after)
    weights = np.round(weights * WEIGHT_STEPS) / WEIGHT_STEPS
    return weights, centre[length:] - centre[:length] @ weights
