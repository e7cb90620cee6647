"""Level and spread: its distances by hand, and the faults that it detects."""

import numpy as np
import pytest

from detectors.level_spread import STD_OFFSET, LevelSpread, LevelSpreadScorer, mean_and_log_std
from evaluation.fault_injection import inject_fault
from timeseries import Series
from timeseries.windows import STEPS_PER_STD


def seasonal(n=3000, seed=0):
    return 5 + 2 * np.sin(2 * np.pi * np.arange(n) / 48) + np.random.default_rng(seed).normal(0, 0.2, n)


def test_mean_and_log_std_are_those_of_each_window():
    quantized = np.round(np.random.default_rng(0).normal(1, 2, 500) * STEPS_PER_STD)
    mean, log_std = mean_and_log_std(quantized, 30)
    for at in (29, 200, 499):
        window = quantized[at - 29 : at + 1] / STEPS_PER_STD
        assert mean[at] == pytest.approx(np.mean(window), rel=1e-12)
        assert log_std[at] == pytest.approx(np.log(np.std(window) + STD_OFFSET), rel=1e-12)


def test_the_distance_is_the_root_mean_square_of_both_z_scores():
    values = seasonal()
    scorer = LevelSpreadScorer.fit(values, 48)
    assert [stats.length for stats in scorer.stats] == [32, 64, 128, 256]
    distances = dict(scorer.score_by_window_length(values, lambda fraction: None))
    quantized = scorer.scale.quantize(values)
    for stats in scorer.stats:
        mean, log_std = mean_and_log_std(quantized, stats.length)
        first = (mean[2000] - stats.mean_median) / stats.mean_std
        second = (log_std[2000] - stats.log_std_median) / stats.log_std_std
        assert distances[stats.length][2000] == pytest.approx(np.sqrt((first**2 + second**2) / 2))
        assert np.isnan(distances[stats.length][: stats.length - 1]).all()
        assert np.isfinite(distances[stats.length][stats.length - 1 :]).all()


@pytest.mark.parametrize("fault", ["level_shift", "drift", "flat_line", "noise_burst", "changed_amplitude"])
def test_it_detects_its_faults(fault):
    series = inject_fault(Series(None, seasonal()), fault, 2000, 72, size=3.0)
    detection = LevelSpread.fit(series).detect(series)
    assert detection.events
    assert all(2000 <= event.start < event.stop < 2072 + 96 for event in detection.events)
    assert {event.direction for event in detection.events} == {"shape"}


def test_a_clean_series_has_no_events():
    series = Series(None, seasonal(10_000))
    assert not LevelSpread.fit(series).detect(series).events


def test_a_series_too_short_for_windows_is_not_scored():
    series = Series(None, seasonal(50))
    assert np.isnan(LevelSpread.fit(series).detect(series).score).all()
