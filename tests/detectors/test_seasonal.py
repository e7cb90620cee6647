"""The seasonal detector by hand, and its decomposition against statsmodels' robust STL."""

import numpy as np
import pytest

from detectors.seasonal import Seasonal, SeasonalMedianForecaster, median_before
from forecasting.stl import bisquare, decompose, decompose_level, loess
from timeseries import Series
from timeseries.windows import Scale

MISSING = "NO STATSMODELS HERE: install requirements-dev.txt, the decomposition is not compared"
SHAPES = [(24, 480), (24, 500), (7, 100), (48, 1010), (12, 60)]


def series_of(period, points, spikes, seed=0):
    """A season, a trend and noise of 0.5; contaminated, one value in thirty is 30 too high."""
    rng, t = np.random.default_rng(seed), np.arange(points)
    values = 5 * np.sin(2 * np.pi * t / period) + 0.01 * t + rng.normal(0, 0.5, points)
    if spikes:
        values[rng.integers(0, points, points // 30)] += 30
    return values


@pytest.mark.parametrize(("period", "points"), SHAPES)
@pytest.mark.parametrize("spikes", [False, True])
def test_the_decomposition_equals_robust_stl(period, points, spikes):
    """Within 1e-6 with the start of STL and every point computed; else within a fiftieth of the noise."""
    stl = pytest.importorskip("statsmodels.tsa.seasonal", reason=MISSING).STL
    values = series_of(period, points, spikes)
    reference = stl(values, period=period, robust=True).fit()
    exact = decompose(values, period, jump=0, robust_start=False)
    for ours, theirs in (
        (exact.season, reference.seasonal),
        (exact.trend, reference.trend),
        (exact.remainder, reference.resid),
    ):
        np.testing.assert_allclose(ours, theirs, atol=1e-6)
    quick = decompose(values, period, robust_start=False)
    assert np.mean(np.abs(quick.season - reference.seasonal)) < 0.5 / 50
    assert np.mean(np.abs(quick.remainder - reference.resid)) < 0.5 / 50


@pytest.mark.parametrize(("period", "points"), SHAPES[:4])
@pytest.mark.parametrize("spikes", [False, True])
def test_a_robust_start_is_as_accurate_as_stl_and_more_with_unusual_cycles(period, points, spikes):
    stl = pytest.importorskip("statsmodels.tsa.seasonal", reason=MISSING).STL
    values, truth = series_of(period, points, spikes), 5 * np.sin(2 * np.pi * np.arange(points) / period)

    def rms_error(season):
        return np.sqrt(np.mean((season - truth) ** 2))

    ours, theirs = (
        rms_error(decompose(values, period).season),
        rms_error(stl(values, period=period, robust=True).fit().seasonal),
    )
    assert ours < 1.1 * theirs
    if (period, spikes) == (48, True):
        assert ours < 0.3 * theirs


def test_the_parts_add_up_and_missing_values_change_little():
    values = series_of(24, 480, spikes=True)
    holed = values.copy()
    holed[np.random.default_rng(3).random(480) < 0.1] = np.nan
    holed[200:230] = np.nan
    complete, parts = decompose(values, 24), decompose(holed, 24)
    known = np.isfinite(holed)
    np.testing.assert_allclose((parts.trend + parts.season + parts.remainder)[known], holed[known], atol=1e-9)
    assert np.isnan(parts.remainder[~known]).all()
    assert np.max(np.abs(parts.season - complete.season)[known]) < 1.5
    assert np.max(np.abs(parts.season - 5 * np.sin(2 * np.pi * np.arange(480) / 24))) < 2.0


def test_a_local_line_follows_a_line_and_a_value_without_weight_is_ignored():
    values = 3.0 * np.arange(50)[None]
    at = np.arange(50)
    np.testing.assert_allclose(loess(values, np.ones((1, 50)), 7, at)[0], values[0], atol=1e-9)
    with_outlier, weights = values.copy(), np.ones((1, 50))
    with_outlier[0, 20], weights[0, 20] = 1e6, 0.0
    np.testing.assert_allclose(loess(with_outlier, weights, 7, at)[0], values[0], atol=1e-9)
    np.testing.assert_array_equal(loess(with_outlier, np.zeros((1, 50)), 7, at)[0], with_outlier[0])


def test_weights_fall_to_zero_at_six_medians():
    rest = np.array([1.0, -1.0, 1.0, 3.0, 6.0, 100.0, 0.0])
    np.testing.assert_allclose(
        bisquare(rest, np.ones(7, bool)), [(1 - 1 / 36) ** 2] * 3 + [(1 - 1 / 4) ** 2, 0, 0, 1], atol=1e-12
    )
    assert bisquare(np.array([0.0, 0.0, 0.0, 5.0]), np.ones(4, bool)).tolist() == [1, 1, 1, 0]


def test_the_level_is_robust_against_spikes():
    values = np.sin(np.arange(300) / 40)
    spiked = values.copy()
    spiked[[50, 51, 200]] += 100
    assert np.max(np.abs(decompose_level(spiked, 25).trend - values)) < 0.1


def test_the_median_of_the_values_before():
    values = np.array([1.0, 5.0, np.nan, 2.0, 8.0, np.nan, np.nan, np.nan, 4.0])
    np.testing.assert_array_equal(median_before(values, 3), [np.nan, 1.0, 3.0, 3.0, 3.5, 5.0, 5.0, 8.0, np.nan])
    assert median_before(np.array([]), 3).size == 0


def test_the_forecast_is_the_sum_of_season_and_level():
    """Cycle 0, 6 with means 3, then raised by 10: the season is -3, +3, and the level follows after two of three."""
    values = np.array([0.0, 6.0] * 6 + [10.0, 16.0] * 3)
    robust = SeasonalMedianForecaster(2, 3, 3, Scale(0.0, 1.0))
    expected = robust.forecast(values, 0, lambda fraction: None).expected
    np.testing.assert_allclose(expected[8:12], [0, 6, 0, 6], atol=0.1)
    np.testing.assert_allclose(expected[12:16], [0, 6, 10, 16], atol=0.1)


def test_offline_detection_uses_later_points():
    values = series_of(24, 960, spikes=False)
    values[500] += 6.0
    series = Series(None, values)
    detector = Seasonal.fit(series)
    offline = detector.detect_offline(series)
    assert offline.is_anomaly[500]
    assert np.nanmean(np.abs(offline.expected - values)) < np.nanmean(np.abs(detector.detect(series).expected - values))
    parts = decompose(values, 24)
    np.testing.assert_allclose(offline.score, np.abs(parts.remainder), atol=1e-9)


def test_offline_detection_is_accurate_beside_a_long_gap():
    values, t = series_of(24, 2400, spikes=False), np.arange(2400)
    truth = 5 * np.sin(2 * np.pi * t / 24) + 0.01 * t
    times = np.datetime64("2026-03-01", "ms") + np.timedelta64(3_600_000, "ms") * np.arange(2400)
    present = np.ones(2400, bool)
    present[800:2007] = False
    series = Series(times[present], values[present])
    error = Seasonal.fit(series).detect_offline(series).expected - truth[present]
    assert np.sqrt(np.mean(error**2)) < 0.4


@pytest.mark.parametrize("period", [24, None])
def test_the_span_minimises_the_residuals(period):
    rng = np.random.default_rng(0)
    season = 5 * np.sin(2 * np.pi * np.arange(1200) / 24) if period else 0.0
    assert SeasonalMedianForecaster.fit(season + np.cumsum(rng.normal(size=1200)), period, 5).span == 3
    assert SeasonalMedianForecaster.fit(season + rng.normal(size=1200), period, 5).span == 27
