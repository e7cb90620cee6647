"""Misses over stretches, against the definition; and what a review of the LSTM detector sees by them."""

import numpy as np
import pytest

from data_generation import plant
from detectors.lstm import LSTM
from detectors.residual_windows import RESIDUAL_OFFSET, ResidualWindows, trailing_mean
from timeseries import Series


def test_trailing_means_are_of_the_known():
    distances = np.array([1.0, 3.0, np.nan, 5.0, 2.0, np.nan, np.nan, 1.0])
    means = trailing_mean(distances, 4)
    assert means[3:5] == pytest.approx([3.0, 10 / 3])
    assert np.isnan(means[[0, 1, 2, 5, 6, 7]]).all()


def test_too_small_a_miss_is_as_odd_as_too_large_a_one():
    near = np.ones(2000)
    near[1000:1100], near[1500:1600] = 0.0, 1 / RESIDUAL_OFFSET + 1
    stretches = ResidualWindows.learn(near)
    found = {each.window: size for each, size in stretches.ending(near, near) if each.name == "residual_size"}
    assert tuple(found) == stretches.lengths
    assert found[64][900] == pytest.approx(0.0)
    assert found[64][1090] == pytest.approx(np.log((1 + RESIDUAL_OFFSET) / RESIDUAL_OFFSET))
    assert found[64][1590] == pytest.approx(
        np.log((1 / RESIDUAL_OFFSET + 1 + RESIDUAL_OFFSET) / (1 + RESIDUAL_OFFSET)), rel=1e-3
    )


def daily(seed=0):
    t = np.arange(4000)
    return Series(None, 5 + 2 * np.sin(2 * np.pi * t / 96) + np.random.default_rng(seed).normal(0, 0.2, 4000))


@pytest.mark.parametrize("fault", ["flat_line", "noise_burst", "missing_cycle"])
def test_a_review_sees_what_one_step_does_not(fault):
    series = plant(daily(), fault, 2000, 96, 2.0)
    detector = LSTM.fit(series)
    seen = [event for event in detector.detect_offline(series).events if event.start < 2096 and event.stop > 2000]
    assert seen
    assert detector.detect_offline(series).scorer_scores


def test_a_review_of_usual_series_has_no_events():
    assert not any(LSTM.fit(daily(seed)).detect_offline(daily(seed)).events for seed in range(3))


def test_a_spike_is_told_by_its_forecast():
    series = daily()
    series.values[2000] += 6
    detector = LSTM.fit(series)
    [event] = detector.detect_offline(series).events
    assert (event.start, event.stop, event.direction) == (2000, 2001, "above")
    assert (event.top_scorer, event.window) == ("forecast_residual", None)


def test_what_was_learned_before_there_were_reviews_is_judged_as_it_was():
    series = daily()
    state = LSTM.fit(series).state()
    del state["reviewer"]
    old = LSTM.from_state(state)
    np.testing.assert_array_equal(old.detect_offline(series).score, old.detect(series).score)
