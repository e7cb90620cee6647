"""The confidence of a score: how well the width of the detector's band is known.

confidence = 1 − c ÷ √n, at least 0: one minus the relative standard error of the width of the band, estimated from n
known residuals. c follows from the estimator of the width, for normal noise; a test measures each. Whether the detector
suits the series is another question.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np

from timeseries import Floats, Series

WINDOW_COEFFICIENTS = {"robust_zscore": 0.92, "rolling_zscore": 0.71}
"""c of the detectors that estimate the width from a window before the point: from the larger of the median absolute
deviation and the interdecile range; from the standard deviation, 1 ÷ √2."""

FITTED_COEFFICIENT = 0.79
"""c of the detectors that learned mean + sigma · std of |residual|, at sigma 6."""


def confidence(series: Series, params: Mapping[str, Any], new: int, name: str, residuals: int) -> Floats:
    """The confidence (new,) of the scores of the last `new` points, 0 to 1.

    params     of the detector `name`
    residuals  number of residuals that a fitted detector learned from
    """
    if name not in WINDOW_COEFFICIENTS:
        return np.full(new, band_confidence(FITTED_COEFFICIENT, np.array(residuals)))
    window = int(params["window"])
    known_before = np.concatenate(([0], np.cumsum(np.isfinite(series.values))))
    positions = np.arange(len(series) - new, len(series))
    known = known_before[positions] - known_before[np.maximum(positions - window, 0)]
    return band_confidence(WINDOW_COEFFICIENTS[name], known)


def band_confidence(c: float, n: np.ndarray) -> Floats:
    """1 − c ÷ √n, at least 0."""
    return np.asarray(np.maximum(0.0, 1 - c / np.sqrt(np.maximum(n, 1))))
