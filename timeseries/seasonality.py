"""After how many points a series repeats itself, found from its autocorrelation, or said to be absent."""

import math

import numpy as np

from timeseries import Floats
from timeseries.robust import NORMAL_Q5_Q95_RANGE, sorted_median
from timeseries.scaling import MIN_RELATIVE_SCALE

MAX_POINTS = 131_072
"""Points looked at: the last ones of a longer series."""
MIN_PERIOD = 4
MIN_CYCLES = 3
"""Cycles that must be there before a period is believed."""
MIN_CORRELATION = 0.2
"""Smallest autocorrelation at the period, and how far it must rise above the lowest one before it."""
MIN_SHARE_OF_BEST = 0.75
"""A shorter period is preferred while its autocorrelation is at least this share of the highest."""
MIN_GAIN = 0.05
"""A longer period is taken beside it when its autocorrelation is higher by this, or by a quarter of what lacks to 1."""
MIN_SHARE_AT_DOUBLE = 0.4
"""Share of the autocorrelation that must be found again at twice the period."""
CALENDAR_MS = (3_600_000, 86_400_000, 604_800_000)


def find_periods(values: Floats, step_ms: int | None = None) -> tuple[int, ...]:
    """None, one or two periods in points: the shortest good one, and a longer one that is clearly better.

    values (n,) evenly spaced, NaN is missing. A period is a peak of the autocorrelation that rises high enough, is
    nearly as high as the highest, and comes back at twice the lag. A week is often better than the day in it.
    With `step_ms`, a period within 2 % of an hour, a day or a week is taken for it.
    """
    values = values[-MAX_POINTS:]
    correlation = autocorrelation(_prepared(values), len(values) // MIN_CYCLES + 1)
    if len(correlation) <= MIN_PERIOD + 1:
        return ()
    smooth = _smoothed(correlation)
    peaks = [peak for peak in _peaks(smooth) if _comes_back(smooth, peak)]
    if not peaks:
        return ()
    best = max(peaks, key=lambda peak: float(smooth[peak]))
    first = next(peak for peak in peaks if smooth[peak] >= MIN_SHARE_OF_BEST * smooth[best])
    clearly = max(min(MIN_GAIN, (1 - float(smooth[first])) / 4), _chance(values, float(smooth[first]), best))
    chosen = [first, best] if smooth[best] - smooth[first] >= clearly else [first]
    return tuple(dict.fromkeys(_calendar(_refined(smooth, period), step_ms) for period in chosen))


def find_period(values: Floats, step_ms: int | None = None) -> int | None:
    """The first of `find_periods`; None where there is none."""
    return next(iter(find_periods(values, step_ms)), None)


def _peaks(smooth: Floats) -> list[int]:
    """Lags at which the correlation peaks, is strong, and has risen from a low."""
    inner = smooth[1:-1]
    peaks = np.flatnonzero((inner >= smooth[:-2]) & (inner > smooth[2:])) + 1
    lowest = np.minimum.accumulate(smooth)
    strong = (smooth[peaks] >= MIN_CORRELATION) & (smooth[peaks] - lowest[peaks] >= MIN_CORRELATION)
    found: list[int] = peaks[strong & (peaks >= MIN_PERIOD)].tolist()
    return found


def same_phase_median(values: Floats, period: int, cycles: int, since: int = 0) -> Floats:
    """(n − since,): median of the values 1 to `cycles` periods before each point from `since` on, of those known; NaN
    where none is."""
    past = np.sort(np.stack([lagged(values, period * k)[since:] for k in range(1, cycles + 1)]), axis=0)  # NaN last
    return sorted_median(past, axis=0)


def lagged(values: Floats, lag: int) -> Floats:
    """(n,): the value `lag` points earlier; NaN before the start."""
    out = np.full(len(values), np.nan)
    if lag < len(values):
        out[lag:] = values[: len(values) - lag]
    return out


def autocorrelation(values: Floats, lags: int) -> Floats:
    """Of centred values (n,), NaN left out, at lags 0 to lags − 1: (lags,). 0 everywhere for a constant.

    Computed by Fourier transform (Wiener-Khinchin), each lag over the pairs of which both are known.
    """
    known = np.isfinite(values)
    filled = np.where(known, values, 0.0)
    size = 1 << (2 * len(values)).bit_length()
    products = np.fft.irfft(np.abs(np.fft.rfft(filled, size)) ** 2, size)[:lags]
    pairs = np.fft.irfft(np.abs(np.fft.rfft(known.astype(float), size)) ** 2, size)[:lags]
    mean = products / np.maximum(np.round(pairs), 1.0)
    if not lags or mean[0] <= 1e-20:
        return np.zeros(lags)
    correlation: Floats = mean / mean[0]
    return correlation


def _prepared(values: Floats) -> Floats:
    """Without its straight trend, centred, of unit spread, and held within three spreads: one spike is not a season."""
    known = np.isfinite(values)
    if np.count_nonzero(known) < MIN_PERIOD * MIN_CYCLES:
        return np.full(len(values), np.nan)
    size = float(np.max(np.abs(values[known])))
    scaled = values / (size or 1.0)
    at = np.linspace(-1.0, 1.0, len(values))
    slope, level = np.polyfit(at[known], scaled[known], 1)
    flat = scaled - (slope * at + level)
    flat = flat - np.median(flat[known])
    low, high = np.percentile(flat[known], [5, 95])
    spread = max(float(high - low) / NORMAL_Q5_Q95_RANGE, 0.02 * float(np.std(flat[known])))
    if spread <= MIN_RELATIVE_SCALE * 100:
        return np.full(len(values), np.nan)
    clipped = np.clip(flat / spread, -3.0, 3.0)
    centred: Floats = clipped - np.mean(clipped[known])
    return centred


def _smoothed(correlation: Floats) -> Floats:
    """Each lag averaged with its neighbours within 1/60 of it: noise makes many small peaks around a long period."""
    lags = np.arange(len(correlation))
    half = np.minimum(lags // 60, len(correlation) - 1 - lags)
    sums = np.concatenate(([0.0], np.cumsum(correlation)))
    smooth: Floats = (sums[lags + half + 1] - sums[lags - half]) / (2 * half + 1)
    return smooth


def _refined(correlation: Floats, period: int) -> int:
    """The period from where its multiples peak: the peak at k periods is known to 1/k of its error."""
    best = float(period)
    for k in range(2, len(correlation) // period + 1):
        slack = max(1, period // 8)
        start = round(k * best) - slack
        around = correlation[start : round(k * best) + slack + 1]
        if len(around) < 2 * slack + 1 or float(np.max(around)) < MIN_SHARE_AT_DOUBLE * float(correlation[period]):
            break
        best = (start + int(np.argmax(around))) / k
    return round(best)


def _comes_back(correlation: Floats, period: int) -> bool:
    """Whether the correlation is high again near twice the period, or that lies beyond what can be seen."""
    slack = max(1, period // 20)
    around = correlation[2 * period - slack : 2 * period + slack + 1]
    return not around.size or float(np.max(around)) >= MIN_SHARE_AT_DOUBLE * float(correlation[period])


def _chance(values: Floats, correlation: float, lag: int) -> float:
    """How much higher a correlation may come out by chance, as the highest of several: three standard errors."""
    known = np.isfinite(values)
    pairs = int(np.count_nonzero(known[lag:] & known[: len(known) - lag]))
    return 3 * (1 - correlation**2) / math.sqrt(max(pairs, 1))


def _calendar(period: int, step_ms: int | None) -> int:
    if step_ms:
        for length in CALENDAR_MS:
            steps = length / step_ms
            if steps.is_integer() and abs(period - steps) <= 0.02 * steps:
                return int(steps)
    return period
