"""Windows as whole numbers: sums over them are exact, gaps are filled, and long gaps are not judged."""

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


def test_values_become_whole_numbers_of_a_spread():
    scale = Scale(10.0, 2.0)
    told = scale.quantize(np.array([10.0, 12.0, 9.0, np.nan, 1e300]))
    np.testing.assert_array_equal(told, [0, STEPS_PER_STD, -STEPS_PER_STD / 2, np.nan, CLIP_STDS * STEPS_PER_STD])


def test_the_scale_is_hardly_moved_by_a_few_far_values():
    values = np.random.default_rng(0).normal(3, 2, 5000)
    far = values.copy()
    far[::50] = 1e6
    for one in (Scale.fit(values), Scale.fit(far)):
        assert one.centre == pytest.approx(3, abs=0.2)
        assert one.std == pytest.approx(2, rel=0.15)


def test_the_scale_of_a_series_that_mostly_rests_is_its_standard_deviation():
    values = np.where(np.arange(1000) % 100 == 0, 5.0, 1.0)
    assert Scale.fit(values).std == pytest.approx(np.std(values))
    assert Scale.fit(np.full(9, 0.1)).std > 0


def test_a_moving_sum_is_exact_wherever_it_starts():
    whole = np.random.default_rng(1).integers(-(2**18), 2**18, 3000).astype(float)
    sums = moving_sum(whole, 100)
    assert sums[2999] == whole[2900:].sum()
    np.testing.assert_array_equal(sums[1000 + 99 :], moving_sum(whole[1000:], 100)[99:])
    assert moving_sum(whole, 100)[4] == whole[:5].sum()


def test_a_short_gap_is_filled_as_the_series_went_a_period_before():
    whole = np.tile([0.0, 10.0, 20.0, 30.0], 5)
    whole[9:11] = np.nan
    np.testing.assert_array_equal(fill_short_gaps(whole, 4), np.tile([0.0, 10.0, 20.0, 30.0], 5))
    assert fill_short_gaps(whole, None)[9:11].tolist() == [0.0, 0.0]  # the last value


def test_a_window_that_was_mostly_filled_is_not_judged():
    whole = np.arange(100.0)
    whole[40:43] = np.nan
    good = usable_windows(whole, fill_short_gaps(whole, None), 10)
    allowed = int(MAX_MISSING_SHARE * 10)
    assert good[:9].tolist() == [0.0] * 9
    assert good[9:40].all()
    assert not good[40:43].any()
    assert not good[43:50].any()  # three of ten
    assert good[52 - allowed + 1 :].all()


@pytest.mark.parametrize(("points", "most", "size", "stride"), [(48, 64, 48, 1), (64, 64, 64, 1), (128, 64, 64, 2)])
def test_a_long_window_is_told_by_sums_of_neighbours(points, most, size, stride):
    shape = WindowShape.covering(points, most)
    assert (shape.size, shape.stride, shape.points) == (size, stride, points)
    full = np.random.default_rng(2).integers(-1000, 1000, 300).astype(float)
    windows = shape.windows(full)
    assert windows.shape == (300 - points + 1, size)
    np.testing.assert_array_equal(windows[7], full[7 : 7 + points].reshape(size, stride).sum(axis=1))
    np.testing.assert_array_equal(np.concatenate([block for _, block in shape.blocks(full)]), windows)
    assert shape.windows(full[: points - 1]).shape == (0, size)
