"""Known periods are detected; series without a period have none."""

import numpy as np
import pytest

from readers import read_csv
from tests import real_series
from timeseries.regular_grid import RegularGrid, place_in_cells
from timeseries.seasonality import autocorrelation, find_period, find_periods, same_phase_median

RNG = np.random.default_rng(7)
DAY_MS = 86_400_000


def wave(period, cycles, noise=0.3):
    t = np.arange(period * cycles)
    return np.sin(2 * np.pi * t / period) + RNG.normal(0, noise, len(t))


def square(period, cycles):
    return (np.arange(period * cycles) % period < period // 3).astype(float)


def day_and_week(days):
    hour = np.arange(24 * days)
    return np.sin(2 * np.pi * hour / 24) * np.where(hour // 24 % 7 < 5, 1.0, 0.2) + RNG.normal(0, 0.05, len(hour))


def spiked(values):
    values = values.copy()
    values[RNG.integers(0, len(values), 5)] += 100
    return values


def gappy(values):
    values = values.copy()
    values[RNG.random(len(values)) < 0.2] = np.nan
    return values


KNOWN = {
    **{f"sine of {p}, {c} cycles": (wave(p, c), p) for p in (5, 7, 12, 24, 48, 96, 288) for c in (5, 30)},
    **{f"square of {p}": (square(p, 12), p) for p in (6, 24, 100, 365)},
    "with spikes": (spiked(wave(48, 20)), 48),
    "with a trend": (wave(48, 20) + np.arange(960) * 0.05, 48),
    "with missing values": (gappy(wave(48, 20)), 48),
    "far from zero": (wave(48, 20) + 1e9, 48),
    "huge": (wave(48, 20) * 1e300, 48),
    "tiny": (wave(48, 20) * 1e-300, 48),
    "two harmonics": (wave(60, 20) + 0.8 * np.sin(2 * np.pi * np.arange(1200) / 20), 60),
    "noisy": (wave(100, 30, noise=1.0), 100),
    "pulse": ((np.arange(3000) % 75 == 0).astype(float), 75),
}
ABSENT = {
    "noise": RNG.normal(size=3000),
    "constant": np.full(1000, 0.1),
    "missing": np.full(1000, np.nan),
    "trend": np.arange(1000.0),
    "step": np.repeat([0.0, 1.0], 500),
    "one spike": np.eye(1, 1000, 500).ravel(),
    "short": np.arange(11.0) % 4,
    "empty": np.array([]),
    "two cycles only": wave(200, 2),
}


@pytest.mark.parametrize("name", KNOWN)
def test_known_periods_are_detected(name):
    values, period = KNOWN[name]
    detected = find_period(values)
    assert detected is not None
    assert abs(detected - period) <= max(0, round(period / 50))


@pytest.mark.parametrize("name", ABSENT)
def test_series_without_a_period_have_none(name):
    assert find_periods(ABSENT[name]) == ()


def test_random_walks_have_a_period_in_at_most_5_of_60_cases():
    periods = [find_periods(np.cumsum(np.random.default_rng(seed).normal(size=2000))) for seed in range(60)]
    assert sum(map(bool, periods)) <= 5


def test_a_day_and_a_week_are_both_detected():
    assert find_periods(day_and_week(42), 3_600_000) == (24, 168)


def test_a_period_close_to_a_day_is_rounded_to_the_day():
    values = wave(286, 15)
    assert find_period(values) in (285, 286, 287)
    assert find_period(values, DAY_MS // 288) == 288


def test_autocorrelation_equals_the_naive_one():
    values = gappy(wave(20, 6))
    values -= np.nanmean(values)
    fast = autocorrelation(values, 40)
    slow = [np.nanmean(values[lag:] * values[: len(values) - lag]) for lag in range(40)]
    np.testing.assert_allclose(fast, np.array(slow) / slow[0], atol=1e-9)


def test_same_phase_is_the_median_of_the_known_cycles():
    values = np.array([1.0, 2.0, 10.0, np.nan, 3.0, 40.0, 5.0, 6.0])
    np.testing.assert_array_equal(same_phase_median(values, 2, 3), [np.nan, np.nan, 1.0, 2.0, 5.5, 2.0, 3.0, 21.0])


def sine(period, points, phase=0.0):
    return np.sin(2 * np.pi * np.arange(points) / period + phase)


def noise(points, size, seed):
    return np.random.default_rng(seed).normal(0, size, points)


def autoregressive(points, share, seed):
    values = noise(points, 1, seed)
    for i in range(1, points):
        values[i] += share * values[i - 1]
    return values


def logistic(points):
    values = np.full(points, 0.3)
    for i in range(1, points):
        values[i] = 3.9 * values[i - 1] * (1 - values[i - 1])
    return values


def replace_where(values, where, other=np.nan):
    return np.where(where, other, values)


HOURS, POINTS = np.arange(1680), np.arange(2400)
WORKDAY = np.where(HOURS // 24 % 7 < 5, 1, 0.2)
CASES = {
    "two peaks a day": (0.6 * sine(24, 1200) + sine(12, 1200, 1.0) + noise(1200, 0.2, 1), (24,)),
    "a weaker weekend": (sine(24, 1680) * WORKDAY + noise(1680, 0.1, 2), (24, 168)),
    "a week beside the day": (sine(24, 1680) + 0.7 * sine(168, 1680) + noise(1680, 0.2, 3), (24, 168)),
    "two that share nothing": (sine(17, 2000) + sine(120, 2000) + noise(2000, 0.2, 4), (17, 120)),
    "a parabola": (sine(48, 1440) + (np.arange(1440) / 300) ** 2 + noise(1440, 0.2, 5), (48,)),
    "a slow wander": (sine(24, 2400) + np.cumsum(noise(2400, 0.05, 6)) + noise(2400, 0.2, 7), (24,)),
    "a new level": (sine(24, 1200) + 5 * (np.arange(1200) > 600) + noise(1200, 0.2, 8), (24,)),
    "a growing swing": (sine(24, 1200) * np.linspace(0.3, 3, 1200) + noise(1200, 0.2, 10), (24,)),
    "a swing that comes and goes": (sine(24, 2400) * (1 + 0.9 * sine(700, 2400)) + noise(2400, 0.2, 11), (24,)),
    "half missing": (replace_where(sine(24, 1200) + noise(1200, 0.3, 12), noise(1200, 1, 13) > 0), (24,)),
    "a long gap": (replace_where(sine(24, 2400) + noise(2400, 0.3, 13), (POINTS > 900) & (POINTS < 1500)), (24,)),
    "noise as large as the wave": (sine(24, 4800) + noise(4800, 1.0, 14), (24,)),
    "noise that lasts": (2 * sine(48, 2400) + autoregressive(2400, 0.8, 15), (48,)),
    "no whole number": (sine(30.4, 1500) + noise(1500, 0.2, 16), (30,)),
    "a year of days": (sine(365.25, 3000) + noise(3000, 0.2, 17), (365,)),
    "bursts": (10.0 * (np.arange(3000) % 60 < 3) + noise(3000, 0.5, 18), (60,)),
    "a sawtooth": (np.arange(2000) % 50 + noise(2000, 2, 20), (50,)),
    "counts": (np.random.default_rng(21).poisson(3 + 3 * sine(24, 2400)).astype(float), (24,)),
    "always above zero": (np.exp(sine(24, 2400) + noise(2400, 0.5, 22)), (24,)),
    "on and off": ((POINTS % 30 < 10) + noise(2400, 0.05, 23), (30,)),
    "a tenth far off": (replace_where(sine(24, 1200), np.arange(1200) % 10 == 3, noise(1200, 20, 24)), (24,)),
    "the shortest": (sine(4, 400) + noise(400, 0.2, 25), (4,)),
    "three cycles and a half": (sine(100, 350) + noise(350, 0.1, 27), (100,)),
    "holidays": (replace_where(sine(24, 2400), POINTS // 24 % 11 == 5, 0.0) + noise(2400, 0.2, 28), (24,)),
    "white noise": (noise(2000, 1, 29), ()),
    "slow noise": (autoregressive(2000, 0.9, 30), ()),
    "very slow noise": (autoregressive(4000, 0.99, 31), ()),
    "a walk": (np.cumsum(noise(3000, 1, 32)), ()),
    "ever faster": (np.sin(2 * np.pi * np.cumsum(np.linspace(1 / 100, 1 / 10, 2000))), ()),
    "chaos": (logistic(2000), ()),
    "a single bump": (np.exp(-((np.arange(2000) - 1000) ** 2) / 2e4), ()),
    "exponential growth": (np.exp(np.arange(1000) / 200), ()),
    "rare counts": (np.random.default_rng(34).poisson(2, 2000).astype(float), ()),
    "spikes at random": (10.0 * (noise(3000, 1, 35) > 2) + noise(3000, 0.3, 36), ()),
}


@pytest.mark.parametrize("name", CASES)
def test_cases_of_known_periods(name):
    values, expected = CASES[name]
    periods = find_periods(values)
    assert len(periods) == len(expected)
    assert all(abs(a - b) <= b / 50 for a, b in zip(periods, expected, strict=True))


def test_half_missing_makes_no_second_period():
    wrong = 0
    for seed in range(40):
        values = replace_where(sine(24, 1200) + noise(1200, 0.3, seed), noise(1200, 1, 1000 + seed) > 0)
        wrong += find_periods(values) != (24,)
    assert wrong <= 4


CALENDAR = {
    "artificialNoAnomaly/art_daily_no_noise": 288,
    "artificialNoAnomaly/art_daily_perfect_square_wave": 288,
    "artificialNoAnomaly/art_daily_small_noise": 288,
    "artificialWithAnomaly/art_daily_nojump": 288,
    "artificialNoAnomaly/art_flatline": None,
    "artificialNoAnomaly/art_noisy": None,
    "realAdExchange/exchange-2_cpc_results": 24,
    "realAdExchange/exchange-4_cpm_results": 24,
    "realTweets/Twitter_volume_AMZN": 288,
    "realTweets/Twitter_volume_IBM": 288,
}


@real_series.needed
@pytest.mark.parametrize("name", CALENDAR)
def test_the_day_is_detected_in_real_series(name):
    series = read_csv((real_series.NAB / f"{name}.csv").read_bytes(), name=name).series("value")
    grid = RegularGrid.learn(series)
    values = place_in_cells(series.values, grid.cells(series, len(series), 1)[0])
    assert find_period(values, grid.step_ms) == CALENDAR[name]
