"""Forecasts up to 24 points ahead: the mean error of the regression, and when the network is used."""

import numpy as np
import pytest

from forecasting.lstm import LSTMForecaster
from forecasting.lstm_multi_step import MultiStepForecaster
from forecasting.multi_step import HORIZONS
from timeseries import Floats
from timeseries.windows import STEPS_PER_STD, fill_short_gaps, usable_windows


def no_report(fraction):
    """Ignores progress."""


def mackey_glass(n, tau=18) -> Floats:
    """A deterministic, chaotic delay equation (Mackey & Glass, Science 1977), which no linear model can forecast."""
    x = np.full(n + 500 + tau, 1.2)
    x[:tau] += 0.1 * np.sin(np.arange(tau))
    for t in range(tau, len(x) - 1):
        x[t + 1] = x[t] + 0.2 * x[t - tau] / (1 + x[t - tau] ** 10) - 0.1 * x[t]
    return x[-n:]


def fit(values, period=None):
    return MultiStepForecaster.fit(
        values, period, LSTMForecaster.fit(values, (period,) if period else ()), 0, no_report
    )


@pytest.fixture(scope="module")
def chaotic():
    values = mackey_glass(5000)
    return values, fit(values)


def test_the_mean_error_equals_its_definition():
    values = np.sin(np.arange(900) / 7) + np.random.default_rng(0).normal(0, 0.1, 900)
    values[400] = np.nan
    forecaster = fit(values)
    assert forecaster.network is None
    quantized = forecaster.regression.scale.quantize(values)
    filled = fill_short_gaps(quantized, forecaster.regression.period)
    length = forecaster.regression.length
    usable = usable_windows(quantized, filled, length)
    for at in (length, length + 5, 401, 700, 899):
        residuals = []
        for ahead in range(1, HORIZONS + 1):
            end = at - ahead
            if end >= length - 1 and usable[end]:
                window = filled[end - length + 1 : end + 1]
                forecast = (
                    window @ forecaster.regression.weights[:, ahead - 1] + forecaster.regression.offset[ahead - 1]
                )
                residuals.append(abs(quantized[at] - forecast) / STEPS_PER_STD)
        assert forecaster.mean_error(values, no_report)[at] == pytest.approx(np.mean(residuals), abs=1e-9)
    assert np.isnan(forecaster.mean_error(values, no_report)[[0, length - 1, 400]]).all()


def test_a_chaotic_series_uses_the_network(chaotic):
    values, forecaster = chaotic
    assert forecaster.network is not None
    assert [note.code for note in forecaster.notes] == ["lstm_multi_step"]
    without_network = MultiStepForecaster(forecaster.regression, forecaster.one_step, forecaster.residual_stds, None)
    assert np.nanmean(forecaster.mean_error(values, no_report)) < 0.6 * np.nanmean(
        without_network.mean_error(values, no_report)
    )


def test_the_network_detects_a_splice_that_the_regression_misses(chaotic):
    """A piece is removed where values and slopes match, as in the MGAB series: no single step is an outlier."""
    values, forecaster = chaotic
    ends = np.arange(2100, 4500)
    before, after = (np.lib.stride_tricks.sliding_window_view(values, 4)[at] for at in ([2000], ends))
    cut = ends[np.argmin(np.abs(after - before).sum(axis=1))]
    spliced = np.concatenate((values[:2000], values[cut:]))

    def rank(forecaster):
        smooth = np.convolve(np.nan_to_num(forecaster.mean_error(spliced, no_report)), np.ones(50) / 50, "same")
        return np.mean(smooth < smooth[1990:2050].max())

    without_network = MultiStepForecaster(forecaster.regression, forecaster.one_step, forecaster.residual_stds, None)
    assert rank(forecaster) > 0.995
    assert rank(without_network) < 0.97


@pytest.mark.parametrize("n", [0, 1, 40, 300, 3000])
def test_noise_is_forecast_without_a_network(n):
    forecaster = fit(np.random.default_rng(1).normal(size=n))
    assert forecaster.network is None
    assert not forecaster.notes
    assert forecaster.mean_error(np.zeros(n), no_report).shape == (n,)


def test_a_restored_forecaster_has_the_same_mean_error(chaotic):
    values, forecaster = chaotic
    restored = MultiStepForecaster.from_state(
        forecaster.state(), LSTMForecaster.from_state(forecaster.one_step.state())
    )
    np.testing.assert_array_equal(restored.mean_error(values, no_report), forecaster.mean_error(values, no_report))
