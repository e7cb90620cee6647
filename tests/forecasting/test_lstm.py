"""The forecasters and the grid they work on: linear path, LSTM, gaps."""

import numpy as np
import pytest

from detectors.forecast_residual import limit_runs
from detectors.lstm import LSTM
from detectors.seasonal_naive import SeasonalNaive
from forecasting.autoregression import Autoregression
from forecasting.lstm import LSTMForecaster
from timeseries import Series
from timeseries.gap_filling import MAX_FILL, fill_forward, sample_rows
from timeseries.regular_grid import RegularGrid, place_in_cells

RNG = np.random.default_rng(11)
RNG_STATE = RNG.bit_generator.state


@pytest.fixture(autouse=True)
def _reset_rng():
    """Each test draws the same numbers in any order of tests."""
    RNG.bit_generator.state = RNG_STATE


def henon(n, noise=0.0):
    """A map whose next value is a quadratic of the last two: a linear forecast of it is little better than the mean."""
    x = np.zeros(n + 2)
    for t in range(2, n + 2):
        x[t] = 1 - 1.4 * x[t - 1] ** 2 + 0.3 * x[t - 2]
    return x[2:] + RNG.normal(0, noise, n)


def linear_forecast_of(learned, periods, values):
    """The linear path's forecasts of values, learned from another series."""
    path = Autoregression.fit(learned, periods)
    return path.forecast(values, path.seasons(values))


def test_the_linear_path_recovers_an_autoregression():
    x = np.zeros(4000)
    for t in range(2, 4000):
        x[t] = 1.2 * x[t - 1] - 0.5 * x[t - 2] + RNG.normal()
    [regression] = Autoregression.fit(x, ()).regressions
    np.testing.assert_allclose(regression.weights[:3], [1.2, -0.5, 0.0], atol=0.07)


def test_the_linear_path_is_hardly_moved_by_outliers():
    x = np.sin(np.arange(3000) / 5) + RNG.normal(0, 0.1, 3000)
    spiked = x.copy()
    spiked[RNG.integers(100, 3000, 30)] += 50
    plain = linear_forecast_of(x, (), x)
    robust = linear_forecast_of(spiked, (), x)
    error = np.nanmean(np.abs(plain - x))
    assert np.nanmean(np.abs(robust - x)) < 1.6 * error


def test_rare_regular_jumps_are_learned():
    x = (np.arange(2880) % 288 < 30) * 80.0 + 20
    expected = linear_forecast_of(x / 40, (288,), x / 40) * 40
    assert np.abs(expected - x)[600:].max() < 8


def test_where_the_season_is_missing_the_last_points_are_used():
    x = np.sin(2 * np.pi * np.arange(600) / 48)
    x[300:348] = np.nan
    expected = linear_forecast_of(x, (48,), x)
    assert np.isfinite(expected[MAX_FILL:48]).all()
    assert np.abs(expected - x)[400:440].max() < 0.1


def test_the_network_learns_a_nonlinear_series():
    x = henon(3000, 0.01)
    forecaster = LSTMForecaster.fit(x)
    with_network = np.nanmean(np.abs(forecaster.forecast(x).expected - x))
    linear_forecast = linear_forecast_of(x, (), x)
    assert forecaster.network is not None
    assert with_network < 0.5 * np.nanmean(np.abs(linear_forecast - x))


def test_the_network_generalises_to_later_points():
    x = henon(6000, 0.01)
    forecaster = LSTMForecaster.fit(x[:3000])
    fit_error, test_error = (
        np.nanmean(np.abs(forecaster.forecast(part).expected - part)) for part in (x[:3000], x[3000:])
    )
    assert test_error < 1.3 * fit_error


def test_noise_is_forecast_without_a_network():
    x = np.random.default_rng(1).normal(size=3000)
    forecaster = LSTMForecaster.fit(x)
    assert forecaster.network is None
    assert np.nanmean(np.abs(forecaster.forecast(x).expected)) < 0.15


def test_missing_values_equal_masked_values():
    x = henon(2000, 0.01)
    holed = x.copy()
    holed[::50] = np.nan
    forecaster = LSTMForecaster.fit(holed)
    expected = forecaster.forecast(holed).expected
    masked = np.zeros(len(x), bool)
    masked[::50] = True
    np.testing.assert_array_equal(forecaster.forecast(x).masking(masked).expected[MAX_FILL:], expected[MAX_FILL:])


@pytest.mark.parametrize("periods", [(), (24,)])
def test_masking_recomputes_exactly_the_points_it_changes(periods):
    x = henon(1500, 0.01) + np.sin(2 * np.pi * np.arange(1500) / 24)
    forecaster = LSTMForecaster.fit(x, periods)
    masked = np.zeros(len(x), bool)
    masked[[300, 301, 302, 303, 700, 1100, 1103, 1499]] = True
    other = np.zeros(len(x), bool)
    other[[302, 650, 1103]] = True
    start = forecaster.forecast(x)
    twice = start.masking(other).masking(masked)
    np.testing.assert_array_equal(start.masking(masked).inputs, twice.inputs)
    np.testing.assert_array_equal(start.masking(masked).expected, twice.expected)
    np.testing.assert_array_equal(twice.masking(np.zeros(len(x), bool)).inputs, start.inputs)
    changed = np.flatnonzero((start.masking(masked).preliminary != start.preliminary)[MAX_FILL:]) + MAX_FILL
    distance = changed[:, None] - np.flatnonzero(masked)
    assert changed.size
    assert ((distance > 0) & (distance <= forecaster.mask_reach)).any(axis=1).all()


def test_notes_report_the_gain_of_the_network():
    learned, useless, short = henon(3000), np.random.default_rng(0).normal(size=2000), henon(200)
    for values, code in ((learned, "lstm_gain"), (useless, "lstm_no_gain"), (short, "lstm_too_short")):
        assert code in [note.code for note in LSTM.fit(Series(None, values)).model.notes]


def test_notes_report_outliers_that_widen_the_band():
    values = RNG.normal(20, 1, 1000)
    assert "outliers_widen_band" not in [note.code for note in LSTM.fit(Series(None, values)).model.notes]
    values[[300, 700]] = -999
    assert "outliers_widen_band" in [note.code for note in LSTM.fit(Series(None, values)).model.notes]


def test_seeds_differ_and_repeat():
    x = henon(2000, 0.01)
    one, same, other = (LSTMForecaster.fit(x, seed=seed).forecast(x).expected for seed in (0, 0, 1))
    np.testing.assert_array_equal(one, same)
    assert not np.array_equal(one, other)


def test_filling_is_bounded():
    values = np.full(60, np.nan)
    values[[1, 40]] = 7.0, 9.0
    expected = np.full(60, np.nan)
    expected[1 : 2 + MAX_FILL] = 7.0
    expected[40:] = 9.0
    np.testing.assert_array_equal(fill_forward(values), expected)


def test_filling_follows_the_season_where_it_is_known():
    season = np.array([1.0, 5.0, 2.0, np.nan, 4.0])
    np.testing.assert_array_equal(
        fill_forward(np.array([10.0, np.nan, np.nan, np.nan, np.nan]), season), [10, 14, 11, 10, 13]
    )


@pytest.mark.parametrize("n", [10, 20_000, 20_001, 1_000_000])
def test_sampled_rows_are_positions_of_the_series(n):
    rows = sample_rows(n)
    assert rows.min() == 0
    assert rows.max() == n - 1
    assert len(rows) <= 20_000


START = np.datetime64("2026-03-01T00:00", "ms").astype(np.int64)


def series_at_minutes(minutes):
    times = (START + np.asarray(minutes) * 60_000).astype("datetime64[ms]")
    return Series(times, np.arange(len(times), dtype=float))


def test_gaps_become_missing_cells():
    series = series_at_minutes([0, 5, 10, 25, 30, 35, 40, 45, 50, 55, 60, 65])
    grid = RegularGrid.learn(series)
    cells, _ = grid.cells(series, 100, 64)
    np.testing.assert_array_equal(cells, [0, 1, 2, 5, 6, 7, 8, 9, 10, 11, 12, 13])
    np.testing.assert_array_equal(place_in_cells(series.values, cells)[:6], [0, 1, 2, np.nan, np.nan, 3])


@pytest.mark.parametrize("seed", range(4))
def test_jitter_does_not_bend_the_step(seed):
    minutes = np.arange(10_080) + np.random.default_rng(seed).uniform(-1 / 60, 1 / 60, 10_080)
    series = series_at_minutes(minutes)
    grid = RegularGrid.learn(series)
    assert grid.step_ms == 60_000
    np.testing.assert_array_equal(grid.cells(series, 100, 64)[0], np.arange(10_080))


def test_each_month_is_one_cell():
    months = np.arange("2000-01", "2025-01", dtype="datetime64[M]").astype("datetime64[ms]")
    series = Series(months, np.arange(300.0))
    np.testing.assert_array_equal(RegularGrid.learn(series).cells(series, 400, 64)[0], np.arange(300))


def test_a_step_of_no_round_length_is_estimated():
    assert RegularGrid.learn(series_at_minutes(np.arange(200) * 7.1234)).step_ms == 427_400  # of 427,404


def test_jitter_stays_in_its_cell():
    jitter = RNG.uniform(-0.1, 0.1, 50)
    series = series_at_minutes(np.arange(50) * 5 + jitter)
    cells, _ = RegularGrid.learn(series).cells(series, 100, 64)
    np.testing.assert_array_equal(cells, np.arange(50))


def test_irregular_times_have_no_step():
    series = series_at_minutes(np.cumsum(RNG.exponential(5, 200)))
    assert RegularGrid.learn(series).step_ms is None


def test_an_almost_empty_grid_has_no_step():
    minutes = np.cumsum(np.where(np.arange(1000) % 2, 1, 900))
    assert RegularGrid.learn(series_at_minutes(minutes)).step_ms is None


def test_cells_after_a_long_gap_are_aligned_to_the_chunks():
    series = series_at_minutes([*range(0, 500, 5), *range(5_000_000, 5_000_500, 5)])
    cells, first = RegularGrid.learn(series).cells(series, 200, 64)
    assert cells[-1] < 600
    assert (cells[-1] - cells[0]) % 64 == (5_000_495 // 5) % 64
    assert first == 0


def test_the_season_is_aligned_across_a_gap():
    t = np.arange(48 * 20)
    values = np.sin(2 * np.pi * t / 48)
    present = ~((t > 400) & (t < 431))
    times = (START + t * 1_800_000).astype("datetime64[ms]")
    series = Series(times[present], values[present])
    detection = SeasonalNaive.fit(series).detect(series)
    assert detection.period == 48
    assert not detection.events
    known = np.isfinite(detection.expected)
    np.testing.assert_allclose(detection.expected[known], series.values[known], atol=1e-9)


@pytest.mark.parametrize("length", [1, 2, 3, 5])
@pytest.mark.parametrize("detector", [LSTM, SeasonalNaive])
@pytest.mark.parametrize("seasonal", [False, True])
def test_only_the_fault_is_flagged_and_no_point_after_it(detector, length, seasonal):
    t = np.arange(1500)
    values = 5 + RNG.normal(0, 0.2, 1500) + (3 * np.sin(2 * np.pi * t / 24) if seasonal else 0)
    values[1000 : 1000 + length] -= 15
    series = Series(None, values)
    detection = detector.fit(series).detect(series)
    [event] = [event for event in detection.events if 950 < event.start < 1150]
    assert (event.start, event.stop, event.direction) == (1000, 1000 + length, "below")


@pytest.mark.parametrize("detector", [LSTM, SeasonalNaive])
def test_a_spike_on_a_walk_does_not_echo(detector):
    values = np.cumsum(np.random.default_rng(3).normal(size=1500))
    values[1000] += 40
    series = Series(None, values)
    detection = detector.fit(series, merge_gap=0).detect(series)
    assert [(event.start, event.stop) for event in detection.events if 990 < event.start < 1050] == [(1000, 1001)]


@pytest.mark.parametrize("detector", [LSTM, SeasonalNaive])
def test_the_memory_covers_points_masked_before_a_gap(detector):
    values = np.cumsum(np.random.default_rng(5).normal(size=3000))
    for start in range(1500, 2900, 100):
        values[start] += 40
        values[start + 1 : start + 13] = np.nan
    series = Series(None, values)
    fitted = detector.fit(series)
    complete = fitted.detect(series)
    for stop in range(2000, 2999, 7):
        tail = fitted.detect(series.slice(stop - fitted.memory - 1, stop))
        np.testing.assert_allclose(
            tail.expected[-1], complete.expected[stop - 1], rtol=0, atol=1e-3 * np.nanstd(values)
        )


def test_a_new_level_becomes_normal_within_60_points():
    x = RNG.normal(0, 0.2, 2000) + 5
    x[1500:] += 10
    series = Series(None, x)
    detection = LSTM.fit(series).detect(series)
    assert detection.is_anomaly[1500]
    assert not detection.is_anomaly[1560:].any()


def test_limit_runs_equals_its_definition():
    flags = RNG.random(300) < 0.5
    max_length = 4
    slow = [flags[i] and flags[max(i - max_length, 0) : i].sum() < max_length for i in range(300)]
    np.testing.assert_array_equal(limit_runs(flags, max_length), slow)


@pytest.mark.parametrize("periods", [(), (24,), (24, 168)])
def test_selected_rows_are_forecast_bit_identically(periods, monkeypatch):
    values = henon(1500, 0.1)
    values[[5, 40, 41, 700]] = np.nan
    learned = Autoregression.fit(values, periods)
    seasons, rows = learned.seasons(values), np.array([0, 3, 30, 41, 701, 1499])
    complete, selected = learned.forecast(values, seasons), learned.forecast(values, seasons, rows)
    monkeypatch.setattr("forecasting.autoregression.MAX_MATRIX_ROWS", 0)
    np.testing.assert_array_equal(complete, learned.forecast(values, seasons))
    np.testing.assert_array_equal(selected, complete[rows])
    np.testing.assert_array_equal(selected, learned.forecast(values, seasons, rows))


@pytest.mark.parametrize("periods", [(), (24,)])
def test_the_last_points_are_forecast_from_a_part_of_the_series(periods):
    x = henon(1500, 0.05) + np.sin(2 * np.pi * np.arange(1500) / 24)
    forecaster = LSTMForecaster.fit(x, periods)
    assert forecaster.network is not None
    complete, last = forecaster.forecast(x), forecaster.forecast(x, since=1000)
    assert len(last.preliminary) == len(last.expected) == 500
    np.testing.assert_array_equal(
        last.preliminary[forecaster.mask_reach :], complete.preliminary[1000 + forecaster.mask_reach :]
    )
    converged = forecaster.mask_reach + forecaster.context
    np.testing.assert_allclose(last.expected[converged:], complete.expected[1000 + converged :], rtol=0, atol=1e-5)
