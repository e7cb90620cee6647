"""Robust location and scale: quantiles in place of mean and standard deviation, so that outliers hardly move them.

Every scale here is a quantile of the data divided by the same quantile of the standard normal distribution: for normal
data it estimates the standard deviation (Rousseeuw & Croux, "Alternatives to the Median Absolute Deviation", JASA
1993). They differ in what they divide and in how many outliers they bear (the breakdown point); the docstring of each
gives its formula. NaN is missing and left out everywhere.
"""

import numpy as np
from numpy.typing import NDArray

from timeseries import Floats
from timeseries.scaling import min_scale

NORMAL_Q75 = 0.6745
"""Third quartile of a standard normal z; also the median of |z|."""
MAD_TO_STD = 1.4826
"""1 ÷ NORMAL_Q75, as customary: standard deviation ÷ median absolute deviation of normal data."""
NORMAL_IQR = 1.349
"""Interquartile range of z."""
NORMAL_Q90 = 1.2816
"""Ninth decile of z."""
NORMAL_DECILE_RANGE = 2.5631
"""Ninth minus first decile of z."""
NORMAL_Q5_Q95_RANGE = 3.29
"""95 % minus 5 % quantile of z."""
NORMAL_ABS_Q90 = 1.6449
"""Ninth decile of |z|."""
NORMAL_ABS_Q97 = 2.1701
"""97 % quantile of |z|."""
MEAN_AD_TO_STD = 1.2533
"""√(π ÷ 2): standard deviation ÷ mean absolute deviation of normal data."""
HUBER_K = 1.345
"""Standard deviations beyond which Huber's estimator lowers a weight: 95 % efficient on normal data (Huber, "Robust
Statistics", 1981)."""


def finite(values: Floats) -> Floats:
    """The values that are known, in order."""
    return values[np.isfinite(values)]


def median_and_q5_q95_std(values: Floats) -> tuple[float, float]:
    """Median, and (95 % − 5 % quantile) ÷ 3.29; tolerates 5 % of outliers on either side. Always above 0.

    Where nine tenths of the values are equal, the plain standard deviation; at least `min_scale`. (0, 1) of nothing.
    """
    known = finite(values)
    if not known.size:
        return 0.0, 1.0
    low, median, high = np.quantile(known, [0.05, 0.5, 0.95]).tolist()
    floor = min_scale(known)
    std = (high - low) / NORMAL_Q5_Q95_RANGE
    if std <= max(floor, 1e-9 * float(np.max(np.abs(known - median)))):
        std = float(np.std(known))
    return median, max(std, floor)


def q5_q95_std(values: Floats) -> float:
    """(95 % − 5 % quantile) ÷ 3.29; where that is 0 the plain standard deviation, then 1. Always above 0."""
    known = finite(values)
    if not known.size:
        return 1.0
    low, high = np.quantile(known, [0.05, 0.95])
    return float((high - low) / NORMAL_Q5_Q95_RANGE) or float(np.std(known)) or 1.0


def median_and_iqr_std(values: Floats) -> tuple[float, float]:
    """Median, and interquartile range ÷ 1.349; bears 25 % of outliers on either side. Always above 0.

    Where more than half of the values are equal, the plain standard deviation; where all are, their size or 1.
    """
    known = finite(values)
    if not known.size:
        return 0.0, 1.0
    low, median, high = np.percentile(known, [25, 50, 75])
    std = (high - low) / NORMAL_IQR
    if std <= 1e-9 * float(np.max(np.abs(known - median))):
        std = float(np.std(known))
    if std <= 1e-12 * max(abs(median), 1e-290):
        return float(median), max(abs(float(median)), 1.0)
    return float(median), float(std)


def median_and_decile_std(values: Floats) -> tuple[float, float]:
    """Median, and (ninth − first decile) ÷ 2.5631, which may be 0. values: at least one, all known."""
    low, median, high = np.quantile(values, [0.1, 0.5, 0.9]).tolist()
    return median, (high - low) / NORMAL_DECILE_RANGE


def median_and_upper_quartile_std(values: Floats) -> tuple[float, float]:
    """Median, and (third quartile − median) ÷ 0.6745, which may be 0. values: at least one, all known.

    Uses the upper side only, for distances, which have no outliers below.
    """
    median, high = np.quantile(values, [0.5, 0.75]).tolist()
    return median, (high - median) / NORMAL_Q75


def median_and_upper_decile_std(values: Floats) -> tuple[float, float]:
    """Median, and (ninth decile − median) ÷ 1.2816, which may be 0. values: at least one, all known."""
    median, high = np.quantile(values, [0.5, 0.9]).tolist()
    return median, (high - median) / NORMAL_Q90


def mad_std(deviations: Floats) -> float:
    """1.4826 · median |deviation| (MAD), of deviations from 0; 0 of nothing."""
    known = np.abs(finite(deviations))
    return MAD_TO_STD * float(np.median(known)) if known.size else 0.0


def residual_std(residuals: Floats) -> float:
    """The largest of median |residual| ÷ 0.6745, mean |residual| ÷ 4 and 1e-6; 1 of nothing.

    For residuals in standard deviations of their series: the mean counts where most are 0 and a few are not.
    """
    known = np.abs(finite(residuals))
    if not known.size:
        return 1.0
    return max(float(np.median(known)) / NORMAL_Q75, float(np.mean(known)) / 4, 1e-6)


def abs_quantiles(sizes: Floats) -> tuple[float, float]:
    """Median and ninth decile of absolute residuals; zeros of nothing."""
    known = finite(sizes)
    if not known.size:
        return 0.0, 0.0
    median, ninth = np.quantile(known, [0.5, 0.9]).tolist()
    return median, ninth


def abs_std(sizes: Floats) -> float:
    """The larger of median ÷ 0.6745 and ninth decile ÷ 1.6449 of absolute residuals; 0 of nothing."""
    median, ninth = abs_quantiles(sizes)
    return max(median / NORMAL_Q75, ninth / NORMAL_ABS_Q90)


def window_median_and_std(windows: Floats, min_known: int) -> tuple[Floats, Floats]:
    """Median and scale (n,) of the known values of each window (n, w); NaN where fewer than `min_known` are.

    The larger of 1.4826 · median absolute deviation and (ninth − first decile) ÷ 2.5631: a tenth of outliers on either
    side does not move it, and a window of two levels, such as day and night, is not taken for its more frequent one.
    Where both are 0, more than half of the values being equal, 1.2533 · mean absolute deviation (Iglewicz & Hoaglin,
    "How to Detect and Handle Outliers", ASQC 1993).
    """
    ordered = np.sort(windows, axis=1)  # (n, w), NaN last
    count = np.count_nonzero(~np.isnan(ordered), axis=1)  # (n,)
    median = _median_of_sorted_rows(ordered, count)
    deviations = np.sort(np.abs(ordered - median[:, None]), axis=1)  # (n, w)
    mean_deviation = np.nansum(deviations, axis=1) / np.maximum(count, 1)
    row = np.arange(len(ordered))
    last = np.maximum(count - 1, 0)
    decile_range = ordered[row, last - last // 10] - ordered[row, last // 10]
    std = np.maximum(MAD_TO_STD * _median_of_sorted_rows(deviations, count), decile_range / NORMAL_DECILE_RANGE)
    std = np.where(std > 0, std, MEAN_AD_TO_STD * mean_deviation)
    few = count < min_known
    return np.where(few, np.nan, median), np.where(few, np.nan, std)


def _median_of_sorted_rows(ordered: Floats, count: NDArray[np.int64]) -> Floats:
    """(n,) the median of the first `count` (n,) of each row (n, w), in ascending order."""
    low, high = middle_values(ordered, count, axis=1)
    return np.asarray((low + high) / 2)


def sorted_median(ordered: Floats, axis: int) -> Floats:
    """(n,) the median of the known numbers along the axis of a matrix sorted along it, NaN last; NaN where none is.

    low + (high − low) ÷ 2, which never overflows.
    """
    low, high = middle_values(ordered, np.isfinite(ordered).sum(axis=axis), axis)
    return np.asarray(low + (high - low) / 2)


def middle_values(ordered: Floats, count: NDArray[np.int64], axis: int) -> tuple[Floats, Floats]:
    """(n,) twice: the two middle ones of the first `count` (n,) numbers along the axis of a sorted matrix.

    Both are the middle number where the count is odd.
    """
    lanes = np.arange(ordered.shape[1 - axis])
    low = np.maximum(count - 1, 0) // 2
    high = np.minimum(count // 2, ordered.shape[axis] - 1)
    if axis == 0:
        return ordered[low, lanes], ordered[high, lanes]
    return ordered[lanes, low], ordered[lanes, high]
