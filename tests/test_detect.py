"""`detect` with labelled anomalies: they are missing in the fit, and do not raise the scores of their neighbours."""

import numpy as np
import pytest

from anomaly_detection import detect
from data_generation import demo
from detectors import find_detector


def mask(points, intervals):
    anomalous = np.zeros(points, dtype=bool)
    for start, stop in intervals:
        anomalous[start:stop] = True
    return anomalous


@pytest.mark.parametrize("name", ["auto", "level_spread", "seasonal_naive"])
def test_labelling_events_does_not_make_them_longer(name):
    series = demo("seasonal", 2000, seed=0).series
    detector = find_detector(name)
    first = detect(series, detector, {})
    anomalous = mask(len(series), first.intervals)
    second = detect(series, detector, {}, anomalous)
    assert anomalous.any() and second.is_anomaly[anomalous].mean() > 0.9
    assert np.count_nonzero(second.is_anomaly & ~anomalous) <= 20
    same = detector.rethreshold(second, second.params)
    assert np.array_equal(same.score, second.score, equal_nan=True)


def test_the_values_of_labelled_points_are_scored():
    series = demo("seasonal", 2000, seed=0).series
    detection = detect(series, find_detector("seasonal_naive"), {}, mask(2000, [(100, 103)]))
    assert np.array_equal(detection.series.values, series.values)
    assert np.isfinite(detection.score[100:103]).all() and np.isfinite(detection.expected[100:103]).all()
    assert not detection.is_anomaly[100:103].any()  # labelled, but normal values: the label does not decide
