"""Marked anomalies are left out of learning, and make nothing beside them unusual."""

import numpy as np
import pytest

from anomaly_detection import no_progress, parameters_of
from data_generation import demo
from detectors import find_detector
from jobs.task import judged
from store import DetectionRecord, Label


def asked(detector):
    params = {name: each.default for name, each in parameters_of(find_detector(detector)).items()}
    return DetectionRecord("d", "s", "value", detector, params)


@pytest.mark.parametrize("detector", ["auto", "level_spread", "seasonal_naive"])
def test_calling_right_events_right_spreads_them_no_further(detector):
    series = demo("seasonal", 2000, seed=0).series
    first = judged(asked(detector), series, [], no_progress, {})
    marks = [Label(start, stop, "anomaly") for start, stop in first.intervals]
    again = judged(asked(detector), series, marks, no_progress, {})
    marked = np.zeros(len(series), dtype=bool)
    for start, stop in first.intervals:
        marked[start:stop] = True
    assert marks and again.is_anomaly[marked].mean() > 0.9
    assert np.count_nonzero(again.is_anomaly & ~marked) <= 20
    same = find_detector(detector).rethreshold(again, again.params)
    assert np.array_equal(same.score, again.score, equal_nan=True)


def test_of_a_marked_stretch_the_values_themselves_are_judged():
    series = demo("seasonal", 2000, seed=0).series
    again = judged(asked("seasonal_naive"), series, [Label(100, 103, "anomaly")], no_progress, {})
    assert np.array_equal(again.series.values, series.values)
    assert np.isfinite(again.score[100:103]).all() and np.isfinite(again.expected[100:103]).all()
    assert not again.is_anomaly[100:103].any()  # called wrong, yet like all others: the mark does not decide
