"""The flatline model: runs of equal values, by the chance of their length."""

import numpy as np
import pytest

from detectors.auto.flatline import CONFIG, FlatlineModel

RAREST = CONFIG.min_repeat_chance


def normal(points, seed=0):
    return np.random.default_rng(seed).normal(size=points)


def test_a_run_of_equal_values_is_surprising_where_values_never_repeat():
    values = normal(1000)
    values[400:412] = values[400]
    flatline = FlatlineModel.fit(values)
    assert flatline.repeat_chance == RAREST
    surprise = flatline.surprise(values)
    assert (surprise[400:412] == surprise[400]).all()
    assert surprise[400] == pytest.approx(11 * np.log10(1 / RAREST) - 3)
    assert surprise[np.r_[:400, 412:1000]].max() == 0


def test_a_series_that_often_rests_may_rest_longer():
    rng = np.random.default_rng(3)
    values = np.repeat(np.arange(400.0), rng.geometric(0.1, 400))  # a value is repeated nine times in ten
    flatline = FlatlineModel.fit(values)
    assert 0.85 < flatline.repeat_chance <= 1
    assert flatline.surprise(values).max() < 3


@pytest.mark.parametrize("values", [np.zeros(500), np.repeat([0.0, 1.0], 300), np.full(20, np.nan), np.empty(0)])
def test_without_enough_runs_there_is_no_surprise(values):
    flatline = FlatlineModel.fit(values)
    assert flatline.repeat_chance == 1
    assert not flatline.surprise(values).any()


def test_a_missing_value_ends_a_run():
    values = normal(600)
    values[100:110] = 2.0
    values[105] = np.nan
    surprise = FlatlineModel.fit(values).surprise(values)
    assert surprise[105] == 0
    assert surprise[100] == pytest.approx(4 * np.log10(1 / RAREST) - np.log10(600))
