"""Quantized windows: sums are exact, short gaps are filled, windows with long gaps are unusable."""

import numpy as np
import pytest

from timeseries.windows import (
    CLIP_STDS,
    MAX_MISSING_SHARE,
    STEPS_PER_STD,
    Scale,
    WindowShape,
    fill_short_gaps,
    moving_sum,
    usable_windows,
)


def test_values_are_quantized_in_units_of_the_scale():
    scale = Scale(10.0, 2.0)
    quantized = scale.quantize(np.array([10.0, 12.0, 9.0, np.nan, 1e300]))
    np.testing.assert_array_equal(quantized, [0, STEPS_PER_STD, -STEPS_PER_STD / 2, np.nan, CLIP_STDS * STEPS_PER_STD])


def test_the_scale_is_robust_against_outliers():
    values = np.random.default_rng(0).normal(3, 2, 5000)
    outlying = values.copy()
    outlying[::50] = 1e6
    for sample in (Scale.fit(values), Scale.fit(outlying)):
        assert sample.centre == pytest.approx(3, abs=0.2)
        assert sample.std == pytest.approx(2, rel=0.15)


def test_the_scale_of_a_mostly_constant_series_is_its_standard_deviation():
    values = np.where(np.arange(1000) % 100 == 0, 5.0, 1.0)
    assert Scale.fit(values).std == pytest.approx(np.std(values))
    assert Scale.fit(np.full(9, 0.1)).std > 0


def test_a_moving_sum_is_exact_wherever_it_starts():
    quantized = np.random.default_rng(1).integers(-(2**18), 2**18, 3000).astype(float)
    sums = moving_sum(quantized, 100)
    assert sums[2999] == quantized[2900:].sum()
    np.testing.assert_array_equal(sums[1000 + 99 :], moving_sum(quantized[1000:], 100)[99:])
    assert moving_sum(quantized, 100)[4] == quantized[:5].sum()


def test_a_short_gap_is_filled_with_the_values_one_period_before():
    quantized = np.tile([0.0, 10.0, 20.0, 30.0], 5)
    quantized[9:11] = np.nan
    np.testing.assert_array_equal(fill_short_gaps(quantized, 4), np.tile([0.0, 10.0, 20.0, 30.0], 5))
    assert fill_short_gaps(quantized, None)[9:11].tolist() == [0.0, 0.0]  # the last value


def test_a_window_with_too_many_filled_values_is_unusable():
    quantized = np.arange(100.0)
    quantized[40:43] = np.nan
    usable = usable_windows(quantized, fill_short_gaps(quantized, None), 10)
    allowed = int(MAX_MISSING_SHARE * 10)
    assert usable[:9].tolist() == [0.0] * 9
    assert usable[9:40].all()
    assert not usable[40:43].any()
    assert not usable[43:50].any()  # three of ten
    assert usable[52 - allowed + 1 :].all()


@pytest.mark.parametrize(
    ("points", "max_values", "size", "stride"), [(48, 64, 48, 1), (64, 64, 64, 1), (128, 64, 64, 2)]
)
def test_a_long_window_is_reduced_to_sums_of_neighbours(points, max_values, size, stride):
    shape = WindowShape.covering(points, max_values)
    assert (shape.size, shape.stride, shape.points) == (size, stride, points)
    filled = np.random.default_rng(2).integers(-1000, 1000, 300).astype(float)
    windows = shape.windows(filled)
    assert windows.shape == (300 - points + 1, size)
    np.testing.assert_array_equal(windows[7], filled[7 : 7 + points].reshape(size, stride).sum(axis=1))
    np.testing.assert_array_equal(np.concatenate([block for _, block in shape.blocks(filled)]), windows)
    assert shape.windows(filled[: points - 1]).shape == (0, size)
