"""Forecasts up to 24 points ahead: the regression's misses, and when a network takes part."""

import numpy as np
import pytest

from forecasting.lstm import LSTMForecaster
from forecasting.lstm_multi_step import MultiStepForecaster
from forecasting.multi_step import HORIZONS
from timeseries import Floats
from timeseries.windows import STEPS_PER_STD, fill_short_gaps, usable_windows

NOTHING = lambda fraction: None  # noqa: E731  (a progress nobody looks at)


def mackey_glass(n, tau=18) -> Floats:
    """A delay equation whose values follow a law that no line can tell (Mackey & Glass, Science 1977)."""
    x = np.full(n + 500 + tau, 1.2)
    x[:tau] += 0.1 * np.sin(np.arange(tau))
    for t in range(tau, len(x) - 1):
        x[t + 1] = x[t] + 0.2 * x[t - tau] / (1 + x[t - tau] ** 10) - 0.1 * x[t]
    return x[-n:]


def fitted(values, period=None):
    return MultiStepForecaster.fit(values, period, LSTMForecaster.fit(values, (period,) if period else ()), 0, NOTHING)


@pytest.fixture(scope="module")
def chaotic():
    values = mackey_glass(5000)
    return values, fitted(values)


def test_misses_are_those_of_the_definition():
    values = np.sin(np.arange(900) / 7) + np.random.default_rng(0).normal(0, 0.1, 900)
    values[400] = np.nan
    far = fitted(values)
    assert far.network is None
    whole = far.regression.scale.quantize(values)
    full = fill_short_gaps(whole, far.regression.period)
    length = far.regression.length
    good = usable_windows(whole, full, length)
    for at in (length, length + 5, 401, 700, 899):
        misses = []
        for ahead in range(1, HORIZONS + 1):
            end = at - ahead
            if end >= length - 1 and good[end]:
                window = full[end - length + 1 : end + 1]
                forecast = window @ far.regression.weights[:, ahead - 1] + far.regression.offset[ahead - 1]
                misses.append(abs(whole[at] - forecast) / STEPS_PER_STD)
        assert far.mean_error(values, NOTHING)[at] == pytest.approx(np.mean(misses), abs=1e-9)
    assert np.isnan(far.mean_error(values, NOTHING)[[0, length - 1, 400]]).all()


def test_a_network_takes_part_where_no_line_can_tell(chaotic):
    values, far = chaotic
    assert far.network is not None
    assert [note.code for note in far.notes] == ["lstm_multi_step"]
    alone = MultiStepForecaster(far.regression, far.one_step, far.residual_stds, None)
    assert np.nanmean(far.mean_error(values, NOTHING)) < 0.6 * np.nanmean(alone.mean_error(values, NOTHING))


def test_it_finds_what_a_line_does_not_see(chaotic):
    """A piece is cut out where course and slope match, as in the series of MGAB: no single step looks odd."""
    values, far = chaotic
    ends = np.arange(2100, 4500)
    before, after = (np.lib.stride_tricks.sliding_window_view(values, 4)[at] for at in ([2000], ends))
    cut = ends[np.argmin(np.abs(after - before).sum(axis=1))]
    odd = np.concatenate((values[:2000], values[cut:]))

    def rank(forecaster):
        smooth = np.convolve(np.nan_to_num(forecaster.mean_error(odd, NOTHING)), np.ones(50) / 50, "same")
        return np.mean(smooth < smooth[1990:2050].max())

    alone = MultiStepForecaster(far.regression, far.one_step, far.residual_stds, None)
    assert rank(far) > 0.995
    assert rank(alone) < 0.97


@pytest.mark.parametrize("n", [0, 1, 40, 300, 3000])
def test_noise_is_left_to_the_line(n):
    far = fitted(np.random.default_rng(1).normal(size=n))
    assert far.network is None
    assert not far.notes
    assert far.mean_error(np.zeros(n), NOTHING).shape == (n,)


def test_saved_and_loaded_it_misses_the_same(chaotic):
    values, far = chaotic
    again = MultiStepForecaster.from_state(far.state(), LSTMForecaster.from_state(far.one_step.state()))
    np.testing.assert_array_equal(again.mean_error(values, NOTHING), far.mean_error(values, NOTHING))
