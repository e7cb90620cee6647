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
def _each_test_draws_the_same_numbers():
    """Whatever tests ran before it."""
    RNG.bit_generator.state = RNG_STATE


def henon(n, noise=0.0):
    """A map whose next value is a quadratic of the last two: a linear forecast of it is little better than the mean."""
    x = np.zeros(n + 2)
    for t in range(2, n + 2):
        x[t] = 1 - 1.4 * x[t - 1] ** 2 + 0.3 * x[t - 2]
    return x[2:] + RNG.normal(0, noise, n)


def linear(learned, periods, values):
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
    plain = linear(x, (), x)
    robust = linear(spiked, (), x)
    error = np.nanmean(np.abs(plain - x))
    assert np.nanmean(np.abs(robust - x)) < 1.6 * error


def test_regular_jumps_are_learned_though_rare():
    x = (np.arange(2880) % 288 < 30) * 80.0 + 20
    expected = linear(x / 40, (288,), x / 40) * 40
    assert np.abs(expected - x)[600:].max() < 8


def test_where_the_season_is_unknown_the_last_points_forecast():
    x = np.sin(2 * np.pi * np.arange(600) / 48)
    x[300:348] = np.nan
    expected = linear(x, (48,), x)
    assert np.isfinite(expected[MAX_FILL:48]).all()
    assert np.abs(expected - x)[400:440].max() < 0.1


def test_the_network_learns_what_a_line_cannot():
    x = henon(3000, 0.01)
    forecaster = LSTMForecaster.fit(x)
    with_network = np.nanmean(np.abs(forecaster.forecast(x).expected - x))
    line = linear(x, (), x)
    assert forecaster.network is not None
    assert with_network < 0.5 * np.nanmean(np.abs(line - x))


def test_the_network_forecasts_what_it_has_not_seen():
    x = henon(6000, 0.01)
    forecaster = LSTMForecaster.fit(x[:3000])
    seen, unseen = (np.nanmean(np.abs(forecaster.forecast(part).expected - part)) for part in (x[:3000], x[3000:]))
    assert unseen < 1.3 * seen


def test_where_nothing_can_be_learned_the_network_is_left_out():
    x = np.random.default_rng(1).normal(size=3000)
    forecaster = LSTMForecaster.fit(x)
    assert forecaster.network is None
    assert np.nanmean(np.abs(forecaster.forecast(x).expected)) < 0.15


def test_missing_values_are_neither_shown_nor_learned():
    x = henon(2000, 0.01)
    holed = x.copy()
    holed[::50] = np.nan
    forecaster = LSTMForecaster.fit(holed)
    expected = forecaster.forecast(holed).expected
    hidden = np.zeros(len(x), bool)
    hidden[::50] = True
    np.testing.assert_array_equal(forecaster.forecast(x).masking(hidden).expected[MAX_FILL:], expected[MAX_FILL:])


@pytest.mark.parametrize("periods", [(), (24,)])
def test_what_changes_with_hidden_points_is_all_that_is_made_again(periods):
    x = henon(1500, 0.01) + np.sin(2 * np.pi * np.arange(1500) / 24)
    forecaster = LSTMForecaster.fit(x, periods)
    hidden = np.zeros(len(x), bool)
    hidden[[300, 301, 302, 303, 700, 1100, 1103, 1499]] = True
    other = np.zeros(len(x), bool)
    other[[302, 650, 1103]] = True
    start = forecaster.forecast(x)
    twice = start.masking(other).masking(hidden)
    np.testing.assert_array_equal(start.masking(hidden).inputs, twice.inputs)
    np.testing.assert_array_equal(start.masking(hidden).expected, twice.expected)
    np.testing.assert_array_equal(twice.masking(np.zeros(len(x), bool)).inputs, start.inputs)
    changed = np.flatnonzero((start.masking(hidden).preliminary != start.preliminary)[MAX_FILL:]) + MAX_FILL
    behind = changed[:, None] - np.flatnonzero(hidden)
    assert changed.size
    assert ((behind > 0) & (behind <= forecaster.mask_reach)).any(axis=1).all()


def test_notes_tell_whether_the_network_takes_part():
    learned, useless, short = henon(3000), np.random.default_rng(0).normal(size=2000), henon(200)
    for values, code in ((learned, "lstm_gain"), (useless, "lstm_no_gain"), (short, "lstm_too_short")):
        assert code in [note.code for note in LSTM.fit(Series(None, values)).model.notes]


def test_notes_tell_of_values_that_widen_the_band():
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


def at(minutes):
    times = (START + np.asarray(minutes) * 60_000).astype("datetime64[ms]")
    return Series(times, np.arange(len(times), dtype=float))


def test_gaps_become_missing_cells():
    series = at([0, 5, 10, 25, 30, 35, 40, 45, 50, 55, 60, 65])
    grid = RegularGrid.learn(series)
    cells, _ = grid.cells(series, 100, 64)
    np.testing.assert_array_equal(cells, [0, 1, 2, 5, 6, 7, 8, 9, 10, 11, 12, 13])
    np.testing.assert_array_equal(place_in_cells(series.values, cells)[:6], [0, 1, 2, np.nan, np.nan, 3])


@pytest.mark.parametrize("seed", range(4))
def test_jitter_does_not_bend_the_step(seed):
    minutes = np.arange(10_080) + np.random.default_rng(seed).uniform(-1 / 60, 1 / 60, 10_080)
    series = at(minutes)
    grid = RegularGrid.learn(series)
    assert grid.step_ms == 60_000
    np.testing.assert_array_equal(grid.cells(series, 100, 64)[0], np.arange(10_080))


def test_months_lie_one_in_a_cell():
    months = np.arange("2000-01", "2025-01", dtype="datetime64[M]").astype("datetime64[ms]")
    series = Series(months, np.arange(300.0))
    np.testing.assert_array_equal(RegularGrid.learn(series).cells(series, 400, 64)[0], np.arange(300))


def test_a_step_of_no_round_length_is_kept():
    assert RegularGrid.learn(at(np.arange(200) * 7.1234)).step_ms == 427_400  # of 427,404


def test_jitter_stays_in_its_cell():
    jitter = RNG.uniform(-0.1, 0.1, 50)
    series = at(np.arange(50) * 5 + jitter)
    cells, _ = RegularGrid.learn(series).cells(series, 100, 64)
    np.testing.assert_array_equal(cells, np.arange(50))


def test_irregular_times_are_counted():
    series = at(np.cumsum(RNG.exponential(5, 200)))
    assert RegularGrid.learn(series).step_ms is None


def test_an_almost_empty_grid_is_refused():
    minutes = np.cumsum(np.where(np.arange(1000) % 2, 1, 900))
    assert RegularGrid.learn(at(minutes)).step_ms is None


def test_a_long_gap_keeps_its_place_in_the_chunks():
    series = at([*range(0, 500, 5), *range(5_000_000, 5_000_500, 5)])
    cells, first = RegularGrid.learn(series).cells(series, 200, 64)
    assert cells[-1] < 600
    assert (cells[-1] - cells[0]) % 64 == (5_000_495 // 5) % 64
    assert first == 0


def test_a_season_keeps_its_place_over_a_gap():
    t = np.arange(48 * 20)
    values = np.sin(2 * np.pi * t / 48)
    keep = ~((t > 400) & (t < 431))
    times = (START + t * 1_800_000).astype("datetime64[ms]")
    series = Series(times[keep], values[keep])
    found = SeasonalNaive.fit(series).detect(series)
    assert found.period == 48
    assert not found.events
    known = np.isfinite(found.expected)
    np.testing.assert_allclose(found.expected[known], series.values[known], atol=1e-9)


@pytest.mark.parametrize("length", [1, 2, 3, 5])
@pytest.mark.parametrize("detector", [LSTM, SeasonalNaive])
@pytest.mark.parametrize("seasonal", [False, True])
def test_only_the_fault_is_flagged_not_what_follows(detector, length, seasonal):
    t = np.arange(1500)
    values = 5 + RNG.normal(0, 0.2, 1500) + (3 * np.sin(2 * np.pi * t / 24) if seasonal else 0)
    values[1000 : 1000 + length] -= 15
    series = Series(None, values)
    found = detector.fit(series).detect(series)
    [event] = [event for event in found.events if 950 < event.start < 1150]
    assert (event.start, event.stop, event.direction) == (1000, 1000 + length, "below")


@pytest.mark.parametrize("detector", [LSTM, SeasonalNaive])
def test_a_spike_on_a_walk_does_not_echo(detector):
    values = np.cumsum(np.random.default_rng(3).normal(size=1500))
    values[1000] += 40
    series = Series(None, values)
    found = detector.fit(series, merge_gap=0).detect(series)
    assert [(event.start, event.stop) for event in found.events if 990 < event.start < 1050] == [(1000, 1001)]


@pytest.mark.parametrize("detector", [LSTM, SeasonalNaive])
def test_the_memory_covers_what_was_hidden_before_a_gap(detector):
    values = np.cumsum(np.random.default_rng(5).normal(size=3000))
    for start in range(1500, 2900, 100):
        values[start] += 40
        values[start + 1 : start + 13] = np.nan
    series = Series(None, values)
    fitted = detector.fit(series)
    whole = fitted.detect(series)
    for stop in range(2000, 2999, 7):
        tail = fitted.detect(series.slice(stop - fitted.memory - 1, stop))
        np.testing.assert_allclose(tail.expected[-1], whole.expected[stop - 1], rtol=0, atol=1e-3 * np.nanstd(values))


def test_a_new_level_is_believed_after_a_while():
    x = RNG.normal(0, 0.2, 2000) + 5
    x[1500:] += 10
    series = Series(None, x)
    found = LSTM.fit(series).detect(series)
    assert found.is_anomaly[1500]
    assert not found.is_anomaly[1560:].any()


def test_first_of_each_run_by_the_definition():
    flags = RNG.random(300) < 0.5
    longest = 4
    slow = [flags[i] and flags[max(i - longest, 0) : i].sum() < longest for i in range(300)]
    np.testing.assert_array_equal(limit_runs(flags, longest), slow)


@pytest.mark.parametrize("periods", [(), (24,), (24, 168)])
def test_few_points_are_forecast_to_the_bit_as_many_are(periods, monkeypatch):
    values = henon(1500, 0.1)
    values[[5, 40, 41, 700]] = np.nan
    learned = Autoregression.fit(values, periods)
    seasons, rows = learned.seasons(values), np.array([0, 3, 30, 41, 701, 1499])
    few, some = learned.forecast(values, seasons), learned.forecast(values, seasons, rows)
    monkeypatch.setattr("forecasting.autoregression.MAX_MATRIX_ROWS", 0)
    np.testing.assert_array_equal(few, learned.forecast(values, seasons))
    np.testing.assert_array_equal(some, few[rows])
    np.testing.assert_array_equal(some, learned.forecast(values, seasons, rows))


@pytest.mark.parametrize("periods", [(), (24,)])
def test_the_last_points_are_forecast_from_a_part_of_the_series_to_the_same_bits(periods):
    x = henon(1500, 0.05) + np.sin(2 * np.pi * np.arange(1500) / 24)
    forecaster = LSTMForecaster.fit(x, periods)
    assert forecaster.network is not None
    whole, last = forecaster.forecast(x), forecaster.forecast(x, since=1000)
    assert len(last.preliminary) == len(last.expected) == 500
    np.testing.assert_array_equal(
        last.preliminary[forecaster.mask_reach :], whole.preliminary[1000 + forecaster.mask_reach :]
    )
    settled = forecaster.mask_reach + forecaster.context
    np.testing.assert_allclose(last.expected[settled:], whole.expected[1000 + settled :], rtol=0, atol=1e-5)
