"""Events per threshold, precision and recall, and the threshold that meets a target."""

from dataclasses import replace

import numpy as np
import pytest

from detectors.registry import DETECTORS
from evaluation.rethresholding import rethreshold
from evaluation.threshold_curve import MONTH_MS, ThresholdCurve, count_overlapping
from timeseries import Series

DAYS = 60
STEP = np.timedelta64(3_600_000, "ms")


@pytest.fixture(scope="module")
def detection():
    """Two months of hourly points with twenty spikes of rising height."""
    values = np.random.default_rng(0).normal(0, 1, DAYS * 24)
    values[60 : 60 + 20 * 65 : 65] += np.linspace(8, 40, 20)
    series = Series(np.datetime64("2026-01-01", "ms") + STEP * np.arange(len(values)), values)
    return DETECTORS["rolling_zscore"].fit(series).detect_offline(series)


@pytest.fixture(scope="module")
def threshold_curve(detection):
    return ThresholdCurve(DETECTORS["rolling_zscore"], detection)


def test_each_point_of_the_curve_equals_rethresholding(detection, threshold_curve):
    curve = threshold_curve.curve()
    assert len(curve) > 20
    assert [each.value for each in curve] == sorted({each.value for each in curve})
    assert 5.0 in [each.value for each in curve]
    assert curve[-1].events == 0 < curve[-2].events
    for each in curve[::5]:
        assert each.events == len(rethreshold(DETECTORS["rolling_zscore"], detection, {"threshold": each.value}).events)
        assert each.per_month == pytest.approx(each.events / (DAYS * 86_400_000 / MONTH_MS))


@pytest.mark.parametrize("max_events", [0, 1, 3, 7, 15])
def test_a_target_is_met_by_the_smallest_value_that_meets_it(threshold_curve, max_events):
    target = threshold_curve.target(max_events, threshold_curve.curve())
    assert target.events <= max_events
    assert threshold_curve.at(target.value * 0.97).events >= target.events
    assert max_events - target.events <= 1  # the spikes differ, so that every count is reachable


def test_a_target_above_the_curve_is_met_by_its_first_point(threshold_curve):
    curve = threshold_curve.curve()
    assert threshold_curve.target(10**6, curve) == curve[0]
    assert threshold_curve.events_in_series(2) == pytest.approx(2 * DAYS * 86_400_000 / MONTH_MS)


def test_labels_give_precision_and_recall(detection):
    labelled = [(60 + 65 * k - 2, 60 + 65 * k + 3) for k in range(0, 20, 2)] + [(5, 7)]
    at = ThresholdCurve(DETECTORS["rolling_zscore"], detection, labelled).at(5.0)
    peaks = [event.peak for event in rethreshold(DETECTORS["rolling_zscore"], detection, {}).events]
    true_positives = sum(any(start <= peak < stop for start, stop in labelled) for peak in peaks)
    assert (at.true_positives, at.events) == (true_positives, len(peaks))
    assert at.precision == true_positives / len(peaks) and at.recall == at.detected / 11
    assert 0 < at.recall < 1
    too_strict = ThresholdCurve(DETECTORS["rolling_zscore"], detection, labelled).at(1000.0)
    assert (too_strict.precision, too_strict.recall) == (None, 0.0)


@pytest.mark.parametrize("name", DETECTORS)
@pytest.mark.parametrize("values", [np.empty(0), np.full(60, 3.0), np.arange(300.0) % 7, np.full(50, np.nan)])
def test_every_detector_has_a_curve_whatever_the_series(name, values):
    series = Series(None, values)
    thresholds = ThresholdCurve(DETECTORS[name], DETECTORS[name].fit(series).detect_offline(series))
    curve = thresholds.curve()
    assert curve and all(each.per_month is None for each in curve)
    assert thresholds.events_in_series(3) is None


def test_the_curve_applies_the_event_filter_of_the_detection(detection, threshold_curve):
    from events.filter import EventFilter

    below = ThresholdCurve(DETECTORS["rolling_zscore"], replace(detection, event_filter=EventFilter(direction="below")))
    assert below.at(5.0).events < threshold_curve.at(5.0).events


def test_count_overlapping():
    assert count_overlapping([(0, 3), (5, 6), (9, 10)], [(2, 4), (6, 9)]) == 1
    assert count_overlapping([(4, 5)], [(0, 10), (1, 2)]) == 1  # the longer label contains it
    assert count_overlapping([(1, 2)], []) == 0
