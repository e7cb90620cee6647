"""The subspace distance: its formula, what it sees, and what does not bend it."""

import numpy as np
import pytest

from detectors.subspace import SHRINKAGE, SubspaceScorer, whitening
from detectors.subspace import Subspace as Detector
from evaluation.fault_injection import plant
from timeseries import Series
from timeseries.windows import STEPS_PER_STD, fill_short_gaps


def seasonal(n=3000, seed=0):
    return 5 + 2 * np.sin(2 * np.pi * np.arange(n) / 48) + np.random.default_rng(seed).normal(0, 0.2, n)


def test_the_distance_is_that_of_mahalanobis_with_a_shrunken_covariance():
    windows = np.random.default_rng(3).normal(0, [9000, 3000, 500, 100], (4000, 4))
    weights, offset = whitening(windows)
    centre = np.median(windows, axis=0)
    covariance = np.cov(windows.T, bias=True) + np.outer(
        np.mean(windows, axis=0) - centre, np.mean(windows, 0) - centre
    )
    shrunken = covariance + (SHRINKAGE * np.trace(covariance) / 4 + (STEPS_PER_STD / 1000) ** 2) * np.eye(4)
    for window in windows[:5]:
        expected = (window - centre) @ np.linalg.inv(shrunken) @ (window - centre)
        assert np.sum((window @ weights - offset) ** 2) == pytest.approx(expected, rel=1e-5)


def test_each_window_has_the_distance_it_has_alone():
    values = seasonal()
    view = SubspaceScorer.fit(values, 48)
    [(length, told)] = view.score_by_window_length(values, lambda fraction: None)
    assert length == 48
    full = fill_short_gaps(view.scale.quantize(values), 48)
    assert view.shape.points == 48
    assert np.isnan(told[:47]).all()
    for at in (47, 1000, 2999):
        pairs = zip(view.weights.T, view.offset, strict=True)
        alone = sum((full[at - 47 : at + 1] @ axis - offset) ** 2 for axis, offset in pairs)
        assert told[at] == pytest.approx(np.sqrt(alone / 48), rel=1e-12)


@pytest.mark.parametrize(
    "fault", ["missing_cycle", "flat_line", "changed_frequency", "changed_amplitude", "noise_burst"]
)
def test_it_sees_what_a_forecast_hardly_sees(fault):
    series = plant(Series(None, seasonal()), fault, 2000, 48)
    found = Detector.fit(series).detect(series)
    assert [event for event in found.events if event.start < 2096 and event.stop > 2000]
    assert len(found.events) <= 2
    assert {event.direction for event in found.events} == {"shape"}


def test_faults_in_a_twentieth_of_the_series_are_not_learned():
    series = Series(None, seasonal())
    for start in (500, 1500, 2500):
        series = plant(series, "missing_cycle", start, 48)
    found = Detector.fit(series).detect(series)
    for start in (500, 1500, 2500):
        assert found.is_anomaly[start : start + 96].any()


def test_a_clean_series_has_no_events():
    series = Series(None, seasonal(10_000))
    assert not Detector.fit(series).detect(series).events


def test_a_series_too_short_for_windows_is_not_judged():
    series = Series(None, seasonal(50))
    found = Detector.fit(series).detect(series)
    assert np.isnan(found.score).all()
    assert found.notes[-1].code == "windows_too_short"
