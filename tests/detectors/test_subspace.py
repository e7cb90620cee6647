"""The subspace distance: its formula, what it detects, and that faults do not distort it."""

import numpy as np
import pytest

from detectors.subspace import MIN_AXIS_STD, SHRINKAGE, Subspace, SubspaceScorer, whitening
from evaluation.fault_injection import inject_fault
from timeseries import Series
from timeseries.windows import fill_short_gaps


def seasonal(n=3000, seed=0):
    return 5 + 2 * np.sin(2 * np.pi * np.arange(n) / 48) + np.random.default_rng(seed).normal(0, 0.2, n)


def test_the_distance_is_that_of_mahalanobis_with_a_shrunken_covariance():
    windows = np.random.default_rng(3).normal(0, [9000, 3000, 500, 100], (4000, 4))
    weights, offset = whitening(windows)
    centre = np.median(windows, axis=0)
    covariance = np.cov(windows.T, bias=True) + np.outer(
        np.mean(windows, axis=0) - centre, np.mean(windows, 0) - centre
    )
    shrunken = covariance + (SHRINKAGE * np.trace(covariance) / 4 + MIN_AXIS_STD**2) * np.eye(4)
    for window in windows[:5]:
        expected = (window - centre) @ np.linalg.inv(shrunken) @ (window - centre)
        assert np.sum((window @ weights - offset) ** 2) == pytest.approx(expected, rel=1e-5)


def test_each_window_has_the_distance_that_it_has_by_itself():
    values = seasonal()
    scorer = SubspaceScorer.fit(values, 48)
    [(length, distances)] = scorer.score_by_window_length(values, lambda fraction: None)
    assert length == 48
    filled = fill_short_gaps(scorer.scale.quantize(values), 48)
    assert scorer.shape.points == 48
    assert np.isnan(distances[:47]).all()
    for at in (47, 1000, 2999):
        pairs = zip(scorer.weights.T, scorer.offset, strict=True)
        squares = sum((filled[at - 47 : at + 1] @ axis - offset) ** 2 for axis, offset in pairs)
        assert distances[at] == pytest.approx(np.sqrt(squares / 48), rel=1e-12)


@pytest.mark.parametrize(
    "fault", ["missing_cycle", "flat_line", "changed_frequency", "changed_amplitude", "noise_burst"]
)
def test_it_detects_faults_of_shape(fault):
    series = inject_fault(Series(None, seasonal()), fault, 2000, 48)
    detection = Subspace.fit(series).detect(series)
    assert [event for event in detection.events if event.start < 2096 and event.stop > 2000]
    assert len(detection.events) <= 2
    assert {event.direction for event in detection.events} == {"shape"}


def test_faults_in_a_twentieth_of_the_series_are_still_detected():
    series = Series(None, seasonal())
    for start in (500, 1500, 2500):
        series = inject_fault(series, "missing_cycle", start, 48)
    detection = Subspace.fit(series).detect(series)
    for start in (500, 1500, 2500):
        assert detection.is_anomaly[start : start + 96].any()


def test_a_clean_series_has_no_events():
    series = Series(None, seasonal(10_000))
    assert not Subspace.fit(series).detect(series).events


def test_a_series_too_short_for_windows_is_not_scored():
    series = Series(None, seasonal(50))
    detection = Subspace.fit(series).detect(series)
    assert np.isnan(detection.score).all()
    assert detection.notes[-1].code == "windows_too_short"
