"""Known periods are found, absent ones are said to be absent."""

import numpy as np
import pytest

from period import autocorrelation, find_period, find_periods, same_phase

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
def test_known_periods_are_found(name):
    values, period = KNOWN[name]
    found = find_period(values)
    assert found is not None
    assert abs(found - period) <= max(0, round(period / 50))


@pytest.mark.parametrize("name", ABSENT)
def test_absent_periods_are_said_to_be_absent(name):
    assert find_periods(ABSENT[name]) == ()


def test_random_walks_seldom_look_periodic():
    found = [find_periods(np.cumsum(np.random.default_rng(seed).normal(size=2000))) for seed in range(60)]
    assert sum(map(bool, found)) <= 5


def test_a_week_is_found_beside_the_day():
    assert find_periods(day_and_week(42), 3_600_000) == (24, 168)


def test_a_period_near_a_day_is_taken_for_the_day():
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
    np.testing.assert_array_equal(same_phase(values, 2, 3), [np.nan, np.nan, 1.0, 2.0, 5.5, 2.0, 3.0, 21.0])
