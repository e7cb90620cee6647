"""The rolling z-score against a naive implementation."""

import numpy as np
import pytest

from detectors.rolling_zscore import RollingZScore
from timeseries import Series, rolling_moments

RNG = np.random.default_rng(1)


def naive(values, window):
    """Count, mean and std of the `window` values before each point, one window at a time."""
    rows = []
    for i in range(len(values)):
        past = values[max(i - window, 0) : i]
        past = past[np.isfinite(past)]
        rows.append((len(past), past.mean() if len(past) else 0.0, past.std(ddof=1) if len(past) > 1 else 0.0))
    return tuple(np.array(column) for column in zip(*rows, strict=True))


@pytest.mark.parametrize("window", [3, 4, 7, 50, 64, 333])
@pytest.mark.parametrize("missing", [0.0, 0.2, 0.9])
def test_moments_equal_the_naive_ones(window, missing):
    values = RNG.normal(size=1000)
    values[RNG.random(1000) < missing] = np.nan
    for fast, slow in zip(rolling_moments.moments_before(values, window), naive(values, window), strict=True):
        np.testing.assert_allclose(fast, slow, rtol=1e-10, atol=1e-12)


def test_blocks_and_start_change_no_bit():
    values = RNG.normal(size=3 * rolling_moments.BLOCK)
    _, mean, std = rolling_moments.moments_before(values, 50)
    for start in (1, 4321, rolling_moments.BLOCK - 3):
        _, mean_cut, std_cut = rolling_moments.moments_before(values[start:], 50)
        assert np.array_equal(mean_cut[50:], mean[start + 50 :])
        assert np.array_equal(std_cut[50:], std[start + 50 :])


def test_exact_at_an_offset_of_a_billion():
    values = RNG.integers(-8, 9, size=5000).astype(float)
    _, mean, std = rolling_moments.moments_before(values, 64)
    _, mean_offset, std_offset = rolling_moments.moments_before(values + 1e9, 64)
    np.testing.assert_allclose(mean_offset[1:] - 1e9, mean[1:], atol=1e-6)
    np.testing.assert_allclose(std_offset, std, rtol=1e-7)


def test_a_spike_is_not_part_of_its_own_window():
    values = np.tile([1.0, 2.0], 30)
    values[40] = 1000.0
    detection = RollingZScore.fit(Series(None, values), window=10).detect(Series(None, values))
    assert np.flatnonzero(detection.is_anomaly).tolist() == [40]
    assert detection.events[0].direction == "above"


def test_a_step_from_a_constant_is_detected_and_finite():
    values = np.full(60, 0.1)
    values[50] = 0.2
    detection = RollingZScore.fit(Series(None, values), window=20).detect(Series(None, values))
    assert np.flatnonzero(detection.is_anomaly).tolist() == [50]
    assert np.isfinite(detection.score[50])


def test_warm_up_is_half_a_window():
    values = RNG.normal(size=30)
    detection = RollingZScore.fit(Series(None, values), window=20).detect(Series(None, values))
    assert detection.warm_up == 10
    assert np.isnan(detection.score[:10]).all()


def test_an_extreme_value_is_an_anomaly_and_does_not_affect_later_points():
    values = np.tile([1.0, 2.0, 1.5], 40)
    detector = RollingZScore.fit(Series(None, np.empty(0)), window=50)
    plain = detector.detect(Series(None, values))
    for huge in (1e308, -1e308, 1e200):
        struck = values.copy()
        struck[60] = huge
        detection = detector.detect(Series(None, struck))
        assert np.flatnonzero(detection.is_anomaly).tolist() == [60]
        assert np.isfinite(detection.score[60])
        assert (detection.margin[61:] < 2 * plain.margin[61:]).all()
