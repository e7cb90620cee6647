"""How distances of windows become scores and a threshold, and how a finished series is reviewed."""

import numpy as np
import pytest

from detectors.level_spread import LevelSpread
from detectors.window_detector import (
    ScoreCalibration,
    mean_over_covering_windows,
    mean_std_threshold,
    segment_threshold,
)
from evaluation.fault_injection import plant
from timeseries import Series


def test_a_score_counts_the_usual_range_above_the_median():
    one = np.concatenate((np.arange(101.0), [145.0]))
    two = np.where(np.arange(102) == 101, 200.0, np.nan)
    judge = ScoreCalibration((50.0, 100.0), (45.0, 50.0), 1.0)
    score = judge.mean(judge.calibrate([one, two]), 102)
    assert score[10] == 0.0
    assert score[95] == 0.5  # the other length cannot tell
    assert score[101] == pytest.approx(((145 - 50) / 45 + 2) / 2)
    learned = ScoreCalibration.learn([np.arange(101.0)], 5.0, mean_std_threshold)
    assert (learned.medians, learned.ranges) == ((50.0,), (45.0,))


def test_around_each_is_the_mean_over_the_windows_that_hold_the_point():
    distances = np.array([np.nan, np.nan, 3.0, 6.0, np.nan, 0.0])
    told = mean_over_covering_windows(distances, 3)
    np.testing.assert_allclose(told, [3.0, 4.5, 4.5, 3.0, 0.0, 0.0])
    assert np.isnan(mean_over_covering_windows(np.full(4, np.nan), 2)).all()


def test_a_review_places_a_fault_where_it_is():
    values = 5 + 2 * np.sin(2 * np.pi * np.arange(3000) / 48) + np.random.default_rng(0).normal(0, 0.2, 3000)
    series = plant(Series(None, values), "noise_burst", 2000, 48, size=2.0)
    detector = LevelSpread.fit(series)
    middle = {}
    for way in (detector.detect, detector.detect_offline):
        severest = max(way(series).events, key=lambda event: event.severity)
        middle[way.__name__] = severest.peak
    assert 2000 <= middle["detect_offline"] < 2048
    assert middle["detect"] > middle["detect_offline"]


def test_points_near_the_ends_have_the_mean_of_one_that_half_the_windows_cover():
    distances = np.concatenate((np.full(3, np.nan), np.arange(3.0, 12.0)))
    told = mean_over_covering_windows(distances, 4)
    assert told[0] == told[1] == np.mean([3.0, 4.0])
    assert told[-1] == told[-2] == np.mean([10.0, 11.0])
    assert told[5] == np.mean([5.0, 6.0, 7.0, 8.0])


def test_the_threshold_by_hand():
    scores = np.array([0.0, 2.0, 4.0, np.nan])
    assert mean_std_threshold(scores, 4.0) == pytest.approx(2 + 4 * np.sqrt(8 / 3))
    assert mean_std_threshold(np.zeros(5), 4.0) == 1.75
    assert mean_std_threshold(np.full(9, np.nan), 4.0) == 1.0


def test_a_strict_threshold_is_set_without_what_lies_beyond_it():
    usual = np.random.default_rng(4).normal(10, 1, 10_000)
    far = np.concatenate((usual, np.full(700, 1000.0)))
    assert segment_threshold(usual, 6.0) == pytest.approx(16, abs=0.4)
    assert segment_threshold(far, 6.0) == pytest.approx(16, abs=0.4)
    assert segment_threshold(np.full(9, np.nan), 6.0) == 1.0
    assert segment_threshold(np.zeros(9), 6.0) > 0


def test_what_happens_in_most_stretches_is_usual():
    distances = np.random.default_rng(4).normal(10, 1, 10_000)
    distances[::100] = 30.0
    assert segment_threshold(distances, 6.0) > 30
    distances[::100] = 10.0
    distances[::2500] = 30.0
    assert segment_threshold(distances, 6.0) < 20
