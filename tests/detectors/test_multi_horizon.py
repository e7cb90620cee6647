"""Forecasts over many horizons: their numbers against a plain loop, and the faults they are there for."""

import numpy as np
import pytest

from detectors.multi_horizon import MultiHorizon as Detector
from evaluation.fault_injection import plant
from forecasting.multi_step import HORIZONS, RIDGE, MultiStepRegression, fit_ridge
from timeseries import Series
from timeseries.windows import STEPS_PER_STD


def seasonal(n=3000, seed=0):
    return 5 + 2 * np.sin(2 * np.pi * np.arange(n) / 48) + np.random.default_rng(seed).normal(0, 0.2, n)


def test_the_weights_are_those_of_a_ridge_regression():
    rng = np.random.default_rng(1)
    before = rng.normal(0, 5000, (2000, 6))
    after = before @ rng.normal(size=(6, 3)) + rng.normal(0, 500, (2000, 3)) + 7000
    weights, offset = fit_ridge(np.hstack((before, after)), 6)
    off, wanted = before - before.mean(axis=0), after - after.mean(axis=0)
    penalty = RIDGE * np.trace(off.T @ off) / 6 + 1
    augmented = np.vstack((off, np.sqrt(penalty) * np.eye(6)))
    expected = np.linalg.lstsq(augmented, np.vstack((wanted, np.zeros((6, 3)))), rcond=None)[0]
    np.testing.assert_allclose(weights, expected, atol=1e-6)
    np.testing.assert_allclose(offset, after.mean(axis=0) - before.mean(axis=0) @ weights)


def test_the_distance_is_the_mean_miss_of_all_forecasts_of_the_window():
    values = seasonal()
    view = MultiStepRegression.fit(values, 48)
    [(length, told)] = view.score_by_window_length(values, lambda fraction: None)
    assert length == view.length == 48
    whole, misses = view.scale.quantize(values), []
    for point in range(2000 - 47, 2001):
        for ahead in range(1, HORIZONS + 1):
            window = whole[point - ahead - 47 : point - ahead + 1]
            forecast = window @ view.weights[:, ahead - 1] + view.offset[ahead - 1]
            misses.append(abs(whole[point] - forecast))
    assert told[2000] == pytest.approx(np.mean(misses) / STEPS_PER_STD, abs=0.5 / STEPS_PER_STD)
    first = 2 * 48 + HORIZONS - 1
    assert np.isnan(told[:first]).all()
    assert np.isfinite(told[first:]).all()


@pytest.mark.parametrize("fault", ["missing_cycle", "flat_line", "changed_frequency", "level_shift", "noise_burst"])
def test_it_sees_what_a_one_step_forecast_follows(fault):
    series = plant(Series(None, seasonal()), fault, 2000, 48, size=3.0)
    detector = Detector.fit(series)
    for found in (detector.detect(series), detector.detect_offline(series)):
        assert [event for event in found.events if event.start < 2096 and event.stop > 2000]
        assert len(found.events) <= 2


def test_a_clean_series_has_no_events():
    series = Series(None, seasonal(10_000))
    assert not Detector.fit(series).detect(series).events


def test_a_series_too_short_for_windows_is_not_judged():
    series = Series(None, seasonal(50))
    found = Detector.fit(series).detect(series)
    assert np.isnan(found.score).all()
    assert found.notes[-1].code == "windows_too_short"
