"""Level and spread: their numbers, and the faults they are there for."""

import numpy as np
import pytest

from detectors.level_spread import STD_OFFSET, LevelSpreadScorer, mean_and_log_std
from detectors.level_spread import LevelSpread as Detector
from evaluation.fault_injection import plant
from timeseries import Series
from timeseries.windows import STEPS_PER_STD


def seasonal(n=3000, seed=0):
    return 5 + 2 * np.sin(2 * np.pi * np.arange(n) / 48) + np.random.default_rng(seed).normal(0, 0.2, n)


def test_mean_and_spread_are_those_of_each_window():
    whole = np.round(np.random.default_rng(0).normal(1, 2, 500) * STEPS_PER_STD)
    mean, spread = mean_and_log_std(whole, 30)
    for at in (29, 200, 499):
        window = whole[at - 29 : at + 1] / STEPS_PER_STD
        assert mean[at] == pytest.approx(np.mean(window), rel=1e-12)
        assert spread[at] == pytest.approx(np.log(np.std(window) + STD_OFFSET), rel=1e-12)


def test_the_distance_is_the_root_of_the_mean_square_of_all_deviations():
    values = seasonal()
    view = LevelSpreadScorer.fit(values, 48)
    assert [usual.length for usual in view.usual] == [32, 64, 128, 256]
    told = dict(view.score_by_window_length(values, lambda fraction: None))
    whole = view.scale.quantize(values)
    for usual in view.usual:
        mean, spread = mean_and_log_std(whole, usual.length)
        first = (mean[2000] - usual.mean) / usual.mean_deviation
        second = (spread[2000] - usual.spread) / usual.spread_deviation
        assert told[usual.length][2000] == pytest.approx(np.sqrt((first**2 + second**2) / 2))
        assert np.isnan(told[usual.length][: usual.length - 1]).all()
        assert np.isfinite(told[usual.length][usual.length - 1 :]).all()


@pytest.mark.parametrize("fault", ["level_shift", "drift", "flat_line", "noise_burst", "changed_amplitude"])
def test_it_sees_what_it_is_there_for(fault):
    series = plant(Series(None, seasonal()), fault, 2000, 72, size=3.0)
    found = Detector.fit(series).detect(series)
    assert found.events
    assert all(2000 <= event.start < event.stop < 2072 + 96 for event in found.events)
    assert {event.direction for event in found.events} == {"shape"}


def test_a_clean_series_has_no_events():
    series = Series(None, seasonal(10_000))
    assert not Detector.fit(series).detect(series).events


def test_a_series_too_short_for_windows_is_not_judged():
    series = Series(None, seasonal(50))
    assert np.isnan(Detector.fit(series).detect(series).score).all()
