"""Robust location and scale."""

import numpy as np
import pytest

from timeseries import robust

NORMAL = np.random.default_rng(0).normal(10, 3, 100_000)
SIZES = np.abs(NORMAL - 10)


@pytest.mark.parametrize(
    "std",
    [
        robust.median_and_q5_q95_std(NORMAL)[1],
        robust.q5_q95_std(NORMAL),
        robust.median_and_iqr_std(NORMAL)[1],
        robust.median_and_decile_std(NORMAL)[1],
        robust.median_and_upper_quartile_std(NORMAL)[1],
        robust.median_and_upper_decile_std(NORMAL)[1],
        robust.mad_std(NORMAL - 10),
        robust.residual_std(NORMAL - 10),
        robust.abs_std(SIZES),
        robust.window_median_and_std(NORMAL[None], 11)[1][0],
    ],
)
def test_each_scale_of_normal_noise_is_its_standard_deviation(std):
    assert std == pytest.approx(3, rel=0.02)


@pytest.mark.parametrize(
    "function",
    [robust.median_and_q5_q95_std, robust.median_and_iqr_std, robust.q5_q95_std, robust.residual_std, robust.mad_std],
)
def test_missing_values_are_ignored(function):
    holes = np.insert(NORMAL[:50], [3, 20, 20], np.nan)
    assert function(holes) == function(NORMAL[:50])


@pytest.mark.parametrize("values", [np.full(9, 0.1), np.full(5, np.nan), np.empty(0), np.r_[np.zeros(99), 1.0]])
def test_a_scale_to_divide_by_is_never_zero(values):
    assert robust.median_and_q5_q95_std(values)[1] > 0
    assert robust.median_and_iqr_std(values)[1] > 0
    assert robust.q5_q95_std(values) > 0
    assert robust.residual_std(values) > 0


def test_iqr_std_ignores_outliers_and_survives_constants():
    values = np.random.default_rng(0).normal(5, 2, 10_000)
    values[:50] = 1e6
    median, std = robust.median_and_iqr_std(values)
    assert median == pytest.approx(5, abs=0.1)
    assert std == pytest.approx(2, rel=0.05)
    assert robust.median_and_iqr_std(np.full(10, 0.1)) == (0.1, 1.0)
    assert robust.median_and_iqr_std(np.full(10, np.nan)) == (0.0, 1.0)


def test_a_window_of_more_than_half_equal_values_has_the_mean_deviation():
    window = np.r_[np.zeros(11), 1.0][None]
    assert robust.window_median_and_std(window, 11)[1][0] == pytest.approx(1.2533 / 12)
    assert np.isnan(robust.window_median_and_std(window[:, :10], 11)[1][0])


def test_sorted_median_ignores_missing_values():
    matrix = np.random.default_rng(0).normal(size=(7, 300))
    matrix[np.random.default_rng(1).random(matrix.shape) < 0.4] = np.nan
    matrix[:, 5] = np.nan
    median = robust.sorted_median(np.sort(matrix, axis=0), axis=0)
    assert np.isnan(median[5])
    known = np.delete(np.arange(300), 5)
    known = known[np.isfinite(matrix[:, known]).any(axis=0)]
    np.testing.assert_allclose(median[known], np.nanmedian(matrix[:, known], axis=0))
    np.testing.assert_array_equal(robust.sorted_median(np.sort(matrix.T, axis=1), axis=1), median)
