"""Period of a series, from peaks of its autocorrelation; none where no peak is high enough."""

import math

import numpy as np

from timeseries import Floats
from timeseries.intervals import interval_sums
from timeseries.robust import NORMAL_Q5_Q95_RANGE, sorted_median
from timeseries.scaling import MIN_RELATIVE_SCALE

MAX_POINTS = 131_072
"""Last points of a longer series that are searched; bounds the time of the Fourier transforms."""
MIN_PERIOD = 4
"""Shortest period, in points."""
MIN_CYCLES = 3
"""Complete cycles that the series must contain."""
MIN_CORRELATION = 0.2
"""Smallest autocorrelation at the period, and smallest rise above the lowest value at shorter lags."""
MIN_SHARE_OF_BEST = 0.75
"""The shortest period whose autocorrelation is at least this share of the highest is preferred."""
MIN_GAIN = 0.05
"""The period with the highest autocorrelation is returned as well if that exceeds the shortest period's by this much;
close to 1, where such a gain is impossible, by a quarter of what is left to 1."""
MIN_SHARE_AT_DOUBLE = 0.4
"""Smallest share of its autocorrelation that a period must reach at its multiples."""
CLIP_STDS = 3.0
"""Standard deviations at which values are clipped, so that a spike does not dominate the autocorrelation."""
SMOOTHING_LAGS = 60
"""Each lag is averaged with neighbours within 1/60 of it: noise splits the peak of a long period into many."""
CALENDAR_MS = (3_600_000, 86_400_000, 604_800_000)
"""An hour, a day and a week."""
CALENDAR_TOLERANCE = 0.02
"""Relative deviation from one of CALENDAR_MS up to which a period is replaced by it."""


def find_periods(values: Floats, step_ms: int | None = None) -> tuple[int, ...]:
    """Up to two periods in points: the shortest good one, and a longer one with a clearly higher autocorrelation.

    values   (n,) evenly spaced, NaN is missing
    step_ms  with it, a period within CALENDAR_TOLERANCE of an hour, a day or a week becomes exactly that

    A period is a peak of the autocorrelation of at least MIN_CORRELATION that recurs at twice the lag. Hourly data, for
    instance, often has the periods 24 (a day) and 168 (a week).
    """
    values = values[-MAX_POINTS:]
    correlation = autocorrelation(_standardize(values), len(values) // MIN_CYCLES + 1)
    if len(correlation) <= MIN_PERIOD + 1:
        return ()
    smooth = _smooth(correlation)
    peaks = [peak for peak in _peaks(smooth) if _recurs(smooth, peak)]
    if not peaks:
        return ()
    best = max(peaks, key=lambda peak: float(smooth[peak]))
    shortest = next(peak for peak in peaks if smooth[peak] >= MIN_SHARE_OF_BEST * smooth[best])
    min_gain = min(MIN_GAIN, (1 - float(smooth[shortest])) / 4)
    min_gain = max(min_gain, _chance_gain(values, float(smooth[shortest]), best))
    periods = [shortest, best] if smooth[best] - smooth[shortest] >= min_gain else [shortest]
    return tuple(dict.fromkeys(_snap_to_calendar(_refine(smooth, period), step_ms) for period in periods))


def find_period(values: Floats, step_ms: int | None = None) -> int | None:
    """The first of `find_periods`; None where there are none."""
    return next(iter(find_periods(values, step_ms)), None)


def _peaks(smooth: Floats) -> list[int]:
    """Lags of at least MIN_PERIOD with a local maximum of sufficient height and rise, in ascending order."""
    inner = smooth[1:-1]
    peaks = np.flatnonzero((inner >= smooth[:-2]) & (inner > smooth[2:])) + 1
    lowest = np.minimum.accumulate(smooth)
    strong = (smooth[peaks] >= MIN_CORRELATION) & (smooth[peaks] - lowest[peaks] >= MIN_CORRELATION)
    lags: list[int] = peaks[strong & (peaks >= MIN_PERIOD)].tolist()
    return lags


def same_phase_median(values: Floats, period: int, cycles: int, since: int = 0) -> Floats:
    """(n − since,) median of the known values 1 to `cycles` periods before each point from `since` on; NaN where none
    is known."""
    past = np.sort(np.stack([lagged(values, period * k)[since:] for k in range(1, cycles + 1)]), axis=0)  # NaN last
    return sorted_median(past, axis=0)


def lagged(values: Floats, lag: int) -> Floats:
    """(n,) the value `lag` points earlier; NaN before the start."""
    shifted = np.full(len(values), np.nan)
    if lag < len(values):
        shifted[lag:] = values[: len(values) - lag]
    return shifted


def autocorrelation(values: Floats, lags: int) -> Floats:
    """(lags,) autocorrelation of centred values (n,) at lags 0 to lags − 1; 0 everywhere for a constant.

    Computed by Fourier transform (Wiener-Khinchin), each lag over the pairs without a missing value.
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


def _standardize(values: Floats) -> Floats:
    """(n,) values without their linear trend, centred, in robust standard deviations, clipped at CLIP_STDS.

    NaN everywhere where there are too few values or only rounding is left.
    """
    known = np.isfinite(values)
    if np.count_nonzero(known) < MIN_PERIOD * MIN_CYCLES:
        return np.full(len(values), np.nan)
    size = float(np.max(np.abs(values[known])))
    scaled = values / (size or 1.0)
    x = np.linspace(-1.0, 1.0, len(values))
    slope, level = np.polyfit(x[known], scaled[known], 1)
    detrended = scaled - (slope * x + level)
    detrended = detrended - np.median(detrended[known])
    low, high = np.percentile(detrended[known], [5, 95])
    # The second term counts where nine tenths of the values are equal.
    scale = max(float(high - low) / NORMAL_Q5_Q95_RANGE, 0.02 * float(np.std(detrended[known])))
    if scale <= MIN_RELATIVE_SCALE * 100:
        return np.full(len(values), np.nan)
    clipped = np.clip(detrended / scale, -CLIP_STDS, CLIP_STDS)
    centred: Floats = clipped - np.mean(clipped[known])
    return centred


def _smooth(correlation: Floats) -> Floats:
    """(lags,) centred moving average whose width grows with the lag, see SMOOTHING_LAGS."""
    lags = np.arange(len(correlation))
    half = np.minimum(lags // SMOOTHING_LAGS, len(correlation) - 1 - lags)
    smooth: Floats = interval_sums(correlation, lags - half, lags + half + 1) / (2 * half + 1)
    return smooth


def _refine(correlation: Floats, period: int) -> int:
    """The period to the nearest point, from the peaks at its multiples: an error of e there is one of e ÷ k here."""
    best = float(period)
    for k in range(2, len(correlation) // period + 1):
        slack = max(1, period // 8)
        start = round(k * best) - slack
        around = correlation[start : round(k * best) + slack + 1]
        if len(around) < 2 * slack + 1 or float(np.max(around)) < MIN_SHARE_AT_DOUBLE * float(correlation[period]):
            break
        best = (start + int(np.argmax(around))) / k
    return round(best)


def _recurs(correlation: Floats, period: int) -> bool:
    """Whether the correlation peaks again at about twice the period; true where the series is too short to know."""
    slack = max(1, period // 20)
    around = correlation[2 * period - slack : 2 * period + slack + 1]
    return not around.size or float(np.max(around)) >= MIN_SHARE_AT_DOUBLE * float(correlation[period])


def _chance_gain(values: Floats, correlation: float, lag: int) -> float:
    """Gain in correlation that chance alone can produce, as the highest of several: three standard errors,
    3 · (1 − r²) ÷ √pairs."""
    known = np.isfinite(values)
    pairs = int(np.count_nonzero(known[lag:] & known[: len(known) - lag]))
    return 3 * (1 - correlation**2) / math.sqrt(max(pairs, 1))


def _snap_to_calendar(period: int, step_ms: int | None) -> int:
    """The hour, day or week in points that the period is within CALENDAR_TOLERANCE of; else the period."""
    if step_ms:
        for length in CALENDAR_MS:
            steps = length / step_ms
            if steps.is_integer() and abs(period - steps) <= CALENDAR_TOLERANCE * steps:
                return int(steps)
    return period
