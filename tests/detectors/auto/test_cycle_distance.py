"""Cycle distance: windows unlike the cycles before and after them."""

import numpy as np
import pytest

from detectors.auto.cycle_distance import CONFIG, CycleDistance, best_cycle, cycle_distances, relative_distances


def normal(points, seed=0):
    return np.random.default_rng(seed).normal(size=points)


def daily(points=2400, noise=0.1, seed=0):
    """A cycle of 24 points with a standard deviation of about 1."""
    return np.sin(2 * np.pi * np.arange(points) / 24) * 1.4 + noise * normal(points, seed)


def test_a_longer_cycle_replaces_a_shorter_one_where_it_is_clearly_better():
    at = np.arange(24 * 7 * 10)
    week = np.where((at // 24) % 7 >= 5, 0.2, 1.0) * np.sin(2 * np.pi * at / 24)
    assert best_cycle(week + 0.02 * normal(len(at)), 24) == 168
    assert best_cycle(daily(), 24) == 24


def test_distances_by_hand():
    values = np.array([0.0, 5.0, 1.0, 5.0, 2.0, 5.0, 9.0])
    np.testing.assert_array_equal(cycle_distances(values, 2), [2.0, 0.0, 1.0, 0.0, 1.0, 0.0, 8.0])
    assert np.isnan(cycle_distances(values, 0)).all()


@pytest.mark.parametrize(
    ("fault", "length"),
    [
        (lambda here: np.zeros(len(here)), 24),  # a missing cycle
        (lambda here: np.full(len(here), here[0]), 12),  # half a cycle held
        (lambda here: here + 0.3, 24),  # a level shift of three standard deviations of the noise
    ],
)
def test_a_window_unlike_the_cycles_around_it_is_an_anomaly(fault, length):
    values = daily()
    at = 1206
    values[at : at + length] = fault(values[at : at + length])
    sigmas = CycleDistance.fit(values, (24,)).sigmas(values)
    assert sigmas[at + length // 2] > 3
    assert sigmas[np.r_[: at - 24, at + length + 24 : 2400]].max() < 3


def test_one_outlier_makes_no_window_an_anomaly():
    values = daily()
    values[1206] += 50.0
    assert CycleDistance.fit(values, (24,)).sigmas(values).max() < 3


@pytest.mark.parametrize("seed", range(5))
def test_a_clean_cycle_has_no_anomaly(seed):
    values = daily(4800, seed=seed)
    assert CycleDistance.fit(values, (24,)).sigmas(values).max() < 3


@pytest.mark.parametrize("values", [np.cumsum(normal(2400)), np.full(2400, np.nan), daily(60), daily(noise=2.0)])
def test_nothing_is_scored_where_cycles_explain_little(values):
    cycles = CycleDistance.fit(values, (24,))
    assert not cycles.lengths
    assert not cycles.sigmas(values).any()


def test_the_distance_of_one_point_is_capped():
    values = daily()
    noise = CycleDistance.fit(values, (24,)).noise
    assert relative_distances(cycle_distances(values * 100, 24), noise).max() == CONFIG.distance_cap
