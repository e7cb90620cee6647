"""How distances of windows become scores and a threshold, causal and offline."""

import numpy as np
import pytest

from detectors.calibration import (
    NULL_SCORE,
    SCORE_CAP,
    ScoreCalibration,
    block_maxima_threshold,
    mean_over_covering_windows,
    mean_std_threshold,
)
from detectors.level_spread import LevelSpread
from evaluation.fault_injection import inject_fault
from timeseries import Series


def test_a_score_is_the_distance_above_the_median_in_typical_ranges():
    one = np.concatenate((np.arange(101.0), [145.0]))
    two = np.where(np.arange(102) == 101, 200.0, np.nan)
    calibration = ScoreCalibration((50.0, 100.0), (45.0, 50.0), 1.0)
    score = calibration.mean(calibration.calibrate([one, two]), 102)
    assert score[10] == 0.0
    assert score[95] == 0.5  # the distance of the other length is unknown
    assert score[101] == pytest.approx(((145 - 50) / 45 + 2) / 2)
    fitted = ScoreCalibration.fit([np.arange(101.0)], 5.0, mean_std_threshold)
    assert (fitted.medians, fitted.ranges) == ((50.0,), (45.0,))


def test_calibrated_scores_and_their_mean_by_hand():
    calibration = ScoreCalibration((1.0, 0.0), (2.0, 1.0), 1.0)
    distances = [np.array([1.0, 5.0, np.nan, 0.0, 1e9]), np.array([0.5, np.nan, np.nan, 2.0, 0.0])]
    calibrated = calibration.calibrate(distances)
    np.testing.assert_array_equal(calibrated[0], [0.0, 2.0, np.nan, 0.0, SCORE_CAP])
    np.testing.assert_array_equal(calibration.mean(calibrated, 5), [0.25, 1.0, np.nan, 1.0, SCORE_CAP / 2])


def test_the_mean_over_the_windows_that_cover_a_point():
    distances = np.array([np.nan, np.nan, 3.0, 6.0, np.nan, 0.0])
    np.testing.assert_allclose(mean_over_covering_windows(distances, 3), [3.0, 4.5, 4.5, 3.0, 0.0, 0.0])
    assert np.isnan(mean_over_covering_windows(np.full(4, np.nan), 2)).all()


def test_points_at_the_ends_have_the_mean_of_a_point_covered_by_half_the_windows():
    distances = np.concatenate((np.full(3, np.nan), np.arange(3.0, 12.0)))
    mean = mean_over_covering_windows(distances, 4)
    assert mean[0] == mean[1] == np.mean([3.0, 4.0])
    assert mean[-1] == mean[-2] == np.mean([10.0, 11.0])
    assert mean[5] == np.mean([5.0, 6.0, 7.0, 8.0])


def test_offline_a_fault_has_its_peak_where_it_is():
    values = 5 + 2 * np.sin(2 * np.pi * np.arange(3000) / 48) + np.random.default_rng(0).normal(0, 0.2, 3000)
    series = inject_fault(Series(None, values), "noise_burst", 2000, 48, size=2.0)
    detector = LevelSpread.fit(series)
    causal, offline = (
        max(detection.events, key=lambda event: event.severity)
        for detection in (detector.detect(series), detector.detect_offline(series))
    )
    assert 2000 <= offline.peak < 2048
    assert causal.peak > offline.peak


def test_the_mean_std_threshold_by_hand():
    scores = np.array([0.0, 2.0, 4.0, np.nan])
    assert mean_std_threshold(scores, 4.0) == pytest.approx(2 + 4 * np.sqrt(8 / 3))
    assert mean_std_threshold(np.zeros(5), 4.0) == NULL_SCORE
    assert mean_std_threshold(np.full(9, np.nan), 4.0) == 1.0


def test_the_block_maxima_threshold_leaves_outliers_out():
    noise = np.random.default_rng(4).normal(10, 1, 10_000)
    with_outliers = np.concatenate((noise, np.full(700, 1000.0)))
    assert block_maxima_threshold(noise, 6.0) == pytest.approx(16, abs=0.4)
    assert block_maxima_threshold(with_outliers, 6.0) == pytest.approx(16, abs=0.4)
    assert block_maxima_threshold(np.full(9, np.nan), 6.0) == 1.0
    assert block_maxima_threshold(np.zeros(9), 6.0) > 0


def test_the_typical_block_maximum_sets_the_threshold():
    distances = np.random.default_rng(4).normal(10, 1, 10_000)
    distances[::100] = 30.0
    assert block_maxima_threshold(distances, 6.0) > 30
    distances[::100] = 10.0
    distances[::2500] = 30.0
    assert block_maxima_threshold(distances, 6.0) < 20
