"""How sure a verdict is: how well the width of its band is known.

confidence = 1 − c ÷ √n, at least 0: one minus the relative standard error of the band's width, which n known residuals
show. c follows from how the width is estimated, for normal noise; a test measures each. It says nothing about whether
the detector suits the series.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np

from timeseries import Floats, Series

WINDOWED = {"robust_zscore": 0.92, "rolling_zscore": 0.71}
"""c of detectors that take the width from the values of a window before the point: of the larger of the median absolute
deviation and the distance between deciles; of the standard deviation, 1 ÷ √2."""

FITTED = 0.79
"""c of detectors that learned mean + sigma · std of |residual|, at sigma 6."""


def confidence(series: Series, params: Mapping[str, Any], new: int, name: str, residuals: int) -> Floats:
    """(new,) how sure the verdicts of a series' last `new` points are, 0 to 1, of a detector with these parameters; a
    fitted one learned from so many `residuals`."""
    if name not in WINDOWED:
        return np.full(new, sure(FITTED, np.array(residuals)))
    window = int(params["window"])
    before = np.concatenate(([0], np.cumsum(np.isfinite(series.values))))
    at = np.arange(len(series) - new, len(series))
    return sure(WINDOWED[name], before[at] - before[np.maximum(at - window, 0)])


def sure(c: float, n: np.ndarray) -> Floats:
    """1 − c ÷ √n, at least 0."""
    return np.asarray(np.maximum(0.0, 1 - c / np.sqrt(np.maximum(n, 1))))
