"""What is an anomaly alone: noise known or not, runs of equal values, stretches unlike the cycles around them."""

import json

import numpy as np
import pytest

from detectors.auto.cycle_distance import DISTANCE_CAP, CycleDistance, best_cycle, distances
from detectors.auto.flatline import MIN_REPEAT_CHANCE as RAREST
from detectors.auto.flatline import FlatlineModel
from detectors.auto.noise_model import MIN_NOISE, MIN_PHASE_RATIO, NEIGHBOURS, NoiseModel
from detectors.auto.overrides import (
    CYCLE_DISTANCE,
    FLATLINE,
    STD_PER_SIGMA,
    Overrides,
    margin_from_noise,
    max_with_overrides,
)


def normal(points, seed=0):
    return np.random.default_rng(seed).normal(size=points)


def daily(points=2400, noise=0.1, seed=0):
    """A cycle of 24 points with a spread of about 1."""
    return np.sin(2 * np.pi * np.arange(points) / 24) * 1.4 + noise * normal(points, seed)


# Noise


def test_plain_noise_is_trusted_and_its_deviation_found():
    noise = NoiseModel.learn(np.abs(0.1 * normal(5000)), 0)
    assert noise.trust == 1
    np.testing.assert_allclose(noise.deviations(np.zeros(300)), 0.1, rtol=0.05)


def test_one_point_in_thirty_far_off_changes_neither():
    misses = np.abs(0.1 * normal(5000))
    misses[::30] = 3.0
    noise = NoiseModel.learn(misses, 0)
    assert noise.trust > 0.8
    assert noise.deviations(misses)[-1] < 0.115


@pytest.mark.parametrize(
    ("misses", "why"),
    [
        (0.01 * np.abs(normal(5000)) ** 4, "most are small, and some are far off all the time"),
        (0.5 * np.abs(normal(5000)), "half of what moves the series is not understood"),
        (1e-4 * np.abs(normal(5000)), "all but exactly told: there is no noise to learn"),
        (0.1 * np.abs(normal(150)), "too few"),
        (np.full(5000, np.nan), "none is known"),
        (np.zeros(5000), "there are none"),
    ],
)
def test_what_is_no_plain_noise_is_not_trusted(misses, why):
    noise = NoiseModel.learn(misses, 0)
    assert noise.trust == 0, why
    assert np.isnan(noise.deviations(misses)).all()


def test_noise_follows_the_time_of_the_cycle_and_the_fault_itself_does_not_count():
    at = np.arange(4800)
    busy = at % 96 < 48
    misses = np.abs(normal(4800)) * np.where(busy, 0.2, 0.06)
    noise = NoiseModel.learn(misses, 96)
    told = noise.deviations(misses)
    middle = (at % 96 > 10) & (at % 96 < 38) & (at > noise.settled)
    night = (at % 96 > 58) & (at % 96 < 86) & (at > noise.settled)
    assert np.median(told[middle]) == pytest.approx(0.2, rel=0.2)
    assert np.median(told[night]) == pytest.approx(0.06, rel=0.2)
    fault = misses.copy()
    fault[2400:2448] = 5.0
    np.testing.assert_array_equal(noise.deviations(fault)[2400:2448], told[2400:2448])


def test_a_night_without_a_miss_is_not_believed():
    misses = np.abs(0.1 * normal(4800))
    misses[np.arange(4800) % 96 < 48] = 0.0
    noise = NoiseModel.learn(misses, 96)
    assert noise.around(misses).min() == MIN_PHASE_RATIO * noise.usual
    assert (NoiseModel.learn(np.abs(0.1 * normal(4800)), 96).deviations(misses) >= MIN_NOISE).all()


def test_the_first_cycle_whose_forecasts_know_no_season_is_told_apart():
    misses = np.abs(0.1 * normal(4800))
    first = 96 + NEIGHBOURS
    misses[:first] *= 10
    told = NoiseModel.learn(misses, 96).deviations(misses)
    assert told[:first].min() > 0.6
    assert np.median(told[first:]) < 0.12
    misses[: first - 20] = np.nan
    assert np.isnan(NoiseModel.learn(misses, 96).deviations(misses)[:first]).all()


# Steady


def test_a_run_of_equal_values_is_unlikely_where_values_never_come_again():
    values = normal(1000)
    values[400:412] = values[400]
    steady = FlatlineModel.learn(values)
    assert steady.chance == RAREST
    told = steady.unlikely(values)
    assert (told[400:412] == told[400]).all()
    assert told[400] == pytest.approx(11 * np.log10(1 / RAREST) - 3)
    assert told[np.r_[:400, 412:1000]].max() == 0


def test_what_often_rests_may_rest_longer():
    rng = np.random.default_rng(3)
    values = np.repeat(np.arange(400.0), rng.geometric(0.1, 400))  # nine times in ten a value comes again
    steady = FlatlineModel.learn(values)
    assert 0.85 < steady.chance <= 1
    assert steady.unlikely(values).max() < 3


@pytest.mark.parametrize("values", [np.zeros(500), np.repeat([0.0, 1.0], 300), np.full(20, np.nan), np.empty(0)])
def test_too_few_runs_say_nothing(values):
    steady = FlatlineModel.learn(values)
    assert steady.chance == 1
    assert not steady.unlikely(values).any()


def test_a_missing_value_ends_a_run():
    values = normal(600)
    values[100:110] = 2.0
    values[105] = np.nan
    told = FlatlineModel.learn(values).unlikely(values)
    assert told[105] == 0
    assert told[100] == pytest.approx(4 * np.log10(1 / RAREST) - np.log10(600))


# Cycles


def test_a_longer_cycle_is_taken_where_it_is_clearly_better():
    at = np.arange(24 * 7 * 10)
    week = np.where((at // 24) % 7 >= 5, 0.2, 1.0) * np.sin(2 * np.pi * at / 24)
    assert best_cycle(week + 0.02 * normal(len(at)), 24) == 168
    assert best_cycle(daily(), 24) == 24


def test_distances_by_hand():
    values = np.array([0.0, 5.0, 1.0, 5.0, 2.0, 5.0, 9.0])
    np.testing.assert_array_equal(distances(values, 2), [2.0, 0.0, 1.0, 0.0, 1.0, 0.0, 8.0])
    assert np.isnan(distances(values, 0)).all()


@pytest.mark.parametrize(
    ("fault", "length"),
    [
        (lambda here: np.zeros(len(here)), 24),  # the cycle does not come
        (lambda here: np.full(len(here), here[0]), 12),  # half a cycle held
        (lambda here: here + 0.3, 24),  # three standard deviations of the noise
    ],
)
def test_a_stretch_unlike_the_cycles_around_it_is_far_off(fault, length):
    values = daily()
    at = 1206
    values[at : at + length] = fault(values[at : at + length])
    cycles = CycleDistance.learn(values, (24,))
    told = cycles.sigmas(values)
    assert told[at + length // 2] > 3
    assert told[np.r_[: at - 24, at + length + 24 : 2400]].max() < 3


def test_one_value_makes_no_stretch():
    values = daily()
    values[1206] += 50.0
    assert CycleDistance.learn(values, (24,)).sigmas(values).max() < 3


@pytest.mark.parametrize("seed", range(5))
def test_a_clean_cycle_has_no_stretch(seed):
    values = daily(4800, seed=seed)
    assert CycleDistance.learn(values, (24,)).sigmas(values).max() < 3


@pytest.mark.parametrize("values", [np.cumsum(normal(2400)), np.full(2400, np.nan), daily(60), daily(noise=2.0)])
def test_where_cycles_tell_little_no_stretch_is_judged(values):
    cycles = CycleDistance.learn(values, (24,))
    assert not cycles.lengths
    assert not cycles.sigmas(values).any()


def test_no_point_counts_for_more_than_a_few():
    values = daily()
    cycles = CycleDistance.learn(values, (24,))
    assert cycles.relative(distances(values * 100, 24)).max() == DISTANCE_CAP


# Joined


def test_limits_by_hand():
    deviations = np.array([1.0, 4.0, np.nan])
    np.testing.assert_allclose(
        margin_from_noise(deviations, 1.0, 3.0, 50.0), [3 * STD_PER_SIGMA, 12 * STD_PER_SIGMA, 50.0]
    )
    halfway = np.array([9.0, 18.0, 27.0]) * STD_PER_SIGMA
    np.testing.assert_allclose(margin_from_noise(deviations, 0.5, 3.0, 27 * STD_PER_SIGMA), halfway)
    np.testing.assert_array_equal(margin_from_noise(deviations, 0.0, 3.0, 50.0), 50.0)


def test_scores_by_hand():
    usual, beyond = np.array([0.5, 3.0, 0.5, np.nan]), np.array([0.9, np.e, np.e**2, 1.0])
    np.testing.assert_allclose(max_with_overrides(usual, beyond, 2.0), [0.5, 3.0, 4.0, 0.0])


def test_what_was_learned_is_kept():
    values = daily()
    learned = Overrides.learn(np.abs(0.1 * normal(2400)), values, (24,))
    again = Overrides.from_state(json.loads(json.dumps(learned.state())))
    assert again == learned
    told = again.sigmas(values)
    assert set(told) == {FLATLINE, CYCLE_DISTANCE}
