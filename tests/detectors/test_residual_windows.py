"""Residuals over windows: against the definition; and what the LSTM detects offline by them."""

import numpy as np
import pytest

from anomaly_detection import no_progress
from data_generation import inject_fault
from detectors.lstm import LSTM
from detectors.residual_windows import RESIDUAL_OFFSET, ResidualWindows, trailing_mean
from timeseries import Series
from timeseries.regular_grid import RegularGrid


def test_trailing_means_ignore_missing_values():
    distances = np.array([1.0, 3.0, np.nan, 5.0, 2.0, np.nan, np.nan, 1.0])
    means = trailing_mean(distances, 4)
    assert means[3:5] == pytest.approx([3.0, 10 / 3])
    assert np.isnan(means[[0, 1, 2, 5, 6, 7]]).all()


def test_residuals_too_small_are_as_unusual_as_too_large_ones():
    residuals = np.ones(2000)
    residuals[1000:1100] = 0.0
    residuals[1500:1600] = 1 / RESIDUAL_OFFSET + 1
    windows = ResidualWindows.fit(residuals)
    scored = windows.distances(residuals, residuals)
    sizes = {scorer.window: distances for scorer, distances in scored if scorer.name == "residual_size"}
    assert tuple(sizes) == windows.lengths
    assert sizes[64][900] == pytest.approx(0.0)
    assert sizes[64][1090] == pytest.approx(np.log((1 + RESIDUAL_OFFSET) / RESIDUAL_OFFSET))
    large = (1 / RESIDUAL_OFFSET + 1 + RESIDUAL_OFFSET) / (1 + RESIDUAL_OFFSET)
    assert sizes[64][1590] == pytest.approx(np.log(large), rel=1e-3)


def daily(seed=0):
    t = np.arange(4000)
    return Series(None, 5 + 2 * np.sin(2 * np.pi * t / 96) + np.random.default_rng(seed).normal(0, 0.2, 4000))


@pytest.mark.parametrize("fault", ["flat_line", "noise_burst", "missing_cycle"])
def test_offline_the_lstm_detects_faults_that_one_step_forecasts_miss(fault):
    series = inject_fault(daily(), fault, 2000, 96, 2.0)
    detection = LSTM.fit(series).detect_offline(series)
    assert [event for event in detection.events if event.start < 2096 and event.stop > 2000]
    assert detection.scorer_scores


def test_offline_a_clean_series_has_no_events():
    assert not any(LSTM.fit(daily(seed)).detect_offline(daily(seed)).events for seed in range(3))


def test_the_top_scorer_of_an_outlier_is_the_forecast():
    series = daily()
    series.values[2000] += 6
    [event] = LSTM.fit(series).detect_offline(series).events
    assert (event.start, event.stop, event.direction) == (2000, 2001, "above")
    assert (event.top_scorer, event.window) == ("forecast_residual", None)


def test_a_one_step_detector_detects_offline_as_it_does_online():
    series = daily()
    grid = RegularGrid.learn(series)
    one_step = LSTM.fit_one_step(series, series.values, grid, (), 0, no_progress)
    for detector in (one_step, LSTM.from_state(one_step.state())):
        np.testing.assert_array_equal(detector.detect_offline(series).score, detector.detect(series).score)
