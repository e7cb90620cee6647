"""Forecasts over many horizons: the distances against a plain loop, and the faults that they detect."""

import numpy as np
import pytest

from detectors.multi_horizon import MultiHorizon, MultiHorizonScorer
from evaluation.fault_injection import inject_fault
from forecasting.multi_step import HORIZONS, RIDGE, fit_ridge
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


def test_the_distance_is_the_mean_error_of_all_forecasts_of_the_window():
    values = seasonal()
    scorer = MultiHorizonScorer.fit(values, 48)
    regression = scorer.regression
    [(length, distances)] = scorer.score_by_window_length(values, lambda fraction: None)
    assert length == regression.length == 48
    quantized, errors = regression.scale.quantize(values), []
    for point in range(2000 - 47, 2001):
        for ahead in range(1, HORIZONS + 1):
            window = quantized[point - ahead - 47 : point - ahead + 1]
            forecast = window @ regression.weights[:, ahead - 1] + regression.offset[ahead - 1]
            errors.append(abs(quantized[point] - forecast))
    assert distances[2000] == pytest.approx(np.mean(errors) / STEPS_PER_STD, abs=0.5 / STEPS_PER_STD)
    first = 2 * 48 + HORIZONS - 1
    assert np.isnan(distances[:first]).all()
    assert np.isfinite(distances[first:]).all()


@pytest.mark.parametrize("fault", ["missing_cycle", "flat_line", "changed_frequency", "level_shift", "noise_burst"])
def test_it_detects_faults_that_a_one_step_forecast_follows(fault):
    series = inject_fault(Series(None, seasonal()), fault, 2000, 48, size=3.0)
    detector = MultiHorizon.fit(series)
    for detection in (detector.detect(series), detector.detect_offline(series)):
        assert [event for event in detection.events if event.start < 2096 and event.stop > 2000]
        assert len(detection.events) <= 2


def test_a_clean_series_has_no_events():
    series = Series(None, seasonal(10_000))
    assert not MultiHorizon.fit(series).detect(series).events


def test_a_series_too_short_for_windows_is_not_scored():
    series = Series(None, seasonal(50))
    detection = MultiHorizon.fit(series).detect(series)
    assert np.isnan(detection.score).all()
    assert detection.notes[-1].code == "windows_too_short"
