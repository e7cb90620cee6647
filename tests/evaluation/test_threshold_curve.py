"""How many events each sigma gives, and which one meets a target."""

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
def kept():
    """Two months of hours with twenty spikes, each higher than the one before."""
    values = np.random.default_rng(0).normal(0, 1, DAYS * 24)
    values[60 : 60 + 20 * 65 : 65] += np.linspace(8, 40, 20)
    series = Series(np.datetime64("2026-01-01", "ms") + STEP * np.arange(len(values)), values)
    return DETECTORS["rolling_zscore"].fit(series).detect_offline(series)


@pytest.fixture(scope="module")
def sensitivity(kept):
    return ThresholdCurve(DETECTORS["rolling_zscore"], kept)


def test_each_point_of_the_curve_is_what_judging_again_finds(kept, sensitivity):
    curve = sensitivity.curve()
    assert len(curve) > 20
    assert [each.value for each in curve] == sorted({each.value for each in curve})
    assert 5.0 in [each.value for each in curve]
    assert curve[-1].events == 0 < curve[-2].events
    for each in curve[::5]:
        assert each.events == len(rethreshold(DETECTORS["rolling_zscore"], kept, {"threshold": each.value}).events)
        assert each.per_month == pytest.approx(each.events / (DAYS * 86_400_000 / MONTH_MS))


@pytest.mark.parametrize("wanted", [0, 1, 3, 7, 15])
def test_a_target_is_met_by_the_smallest_value_that_meets_it(sensitivity, wanted):
    found = sensitivity.target(wanted, sensitivity.curve())
    assert found.events <= wanted
    assert sensitivity.at(found.value * 0.97).events >= found.events
    assert wanted - found.events <= 1  # the spikes differ enough that each number can be had


def test_any_target_can_be_asked_for(sensitivity):
    curve = sensitivity.curve()
    assert sensitivity.target(10**6, curve) == curve[0]
    assert sensitivity.events_in_series(2) == pytest.approx(2 * DAYS * 86_400_000 / MONTH_MS)


def test_labels_give_precision_and_recall(kept):
    labelled = [(60 + 65 * k - 2, 60 + 65 * k + 3) for k in range(0, 20, 2)] + [(5, 7)]
    at = ThresholdCurve(DETECTORS["rolling_zscore"], kept, labelled).at(5.0)
    peaks = [event.peak for event in rethreshold(DETECTORS["rolling_zscore"], kept, {}).events]
    right = sum(any(start <= peak < stop for start, stop in labelled) for peak in peaks)
    assert (at.true_positives, at.events) == (right, len(peaks))
    assert at.precision == right / len(peaks) and at.recall == at.detected / 11
    assert 0 < at.recall < 1
    nothing = ThresholdCurve(DETECTORS["rolling_zscore"], kept, labelled).at(1000.0)
    assert (nothing.precision, nothing.recall) == (None, 0.0)


@pytest.mark.parametrize("name", DETECTORS)
@pytest.mark.parametrize("values", [np.empty(0), np.full(60, 3.0), np.arange(300.0) % 7, np.full(50, np.nan)])
def test_every_detector_has_a_curve_whatever_the_series(name, values):
    series = Series(None, values)
    found = ThresholdCurve(DETECTORS[name], DETECTORS[name].fit(series).detect_offline(series))
    curve = found.curve()
    assert curve and all(each.per_month is None for each in curve)
    assert found.events_in_series(3) is None


def test_the_policy_of_the_detection_holds(kept, sensitivity):
    from events.filter import EventFilter

    below = ThresholdCurve(DETECTORS["rolling_zscore"], replace(kept, event_filter=EventFilter(direction="below")))
    assert below.at(5.0).events < sensitivity.at(5.0).events


def test_count_overlapping():
    assert count_overlapping([(0, 3), (5, 6), (9, 10)], [(2, 4), (6, 9)]) == 1
    assert count_overlapping([(4, 5)], [(0, 10), (1, 2)]) == 1  # the longer one holds it
    assert count_overlapping([(1, 2)], []) == 0
