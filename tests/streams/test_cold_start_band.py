"""What a young stream did twice is no surprise the third time."""

import itertools

import numpy as np
import pytest

from detectors.robust_zscore import RobustZScore
from events.scored_points import COLUMNS, unscored
from store import Stream
from streams.cold_start_band import APART, BEYOND, LOOK_BACK, second_highest
from streams.confidence import WINDOWED, sure
from streams.stream_state import StreamState
from timeseries import Series

NOBODY = unscored(None, np.empty(0), 0)


def early():
    return RobustZScore.fit(Series(None, np.empty(0)))


def judged(values, *parts):
    """A stream's first points, in one push or in parts that end at these positions."""
    live = StreamState(Stream(1, "s", "lstm", {}, 10**6), NOBODY, early())
    edges = [0, *parts, len(values)]
    found = [live.judge(Series(None, values[a:b]), 0) for a, b in itertools.pairwise(edges)]
    return {name: np.concatenate([getattr(each, name) for each in found]) for name in COLUMNS}


def noise(n, seed=0):
    return np.random.default_rng(seed).normal(0, 1, n)


def spiked(height, *places, n=200):
    values = noise(n)
    values[list(places)] = height
    return values


def test_the_third_excursion_of_a_kind_is_no_anomaly():
    found = np.flatnonzero(judged(spiked(30.0, 70, 110, 150, 190))["is_anomaly"])
    assert found.tolist() == [70, 110]


def test_one_excursion_of_some_points_counts_once():
    assert judged(spiked(30.0, 70, 71, 72, 110))["is_anomaly"][[70, 71, 72, 110]].all()


def test_what_goes_clearly_further_or_to_the_other_side_still_is_one():
    values = spiked(30.0, 70, 110)
    for value, anomaly in ((30 * BEYOND * 0.97, False), (30 * BEYOND * 1.1, True), (-12.0, True)):
        values[150] = value
        found = judged(values)
        assert bool(found["is_anomaly"][150]) is anomaly
        assert bool((found["lower"][150] <= value) & (value <= found["upper"][150])) is not anomaly


def test_what_lies_too_far_back_is_forgotten():
    values = spiked(30.0, 20, 60, 20 + LOOK_BACK + 30, n=320)
    assert judged(values)["is_anomaly"][20 + LOOK_BACK + 30]


def test_the_band_is_wider_while_the_window_is_not_full():
    values = noise(100)
    alone = early().detect(Series(None, values))
    found = judged(values)
    ratio = (found["upper"] - found["expected"]) / alone.margin
    full = sure(WINDOWED["robust_zscore"], np.array(60))
    assert ratio[11] == pytest.approx(full / sure(WINDOWED["robust_zscore"], np.array(11)))
    assert (ratio[11:60] > 1).all()
    np.testing.assert_allclose(ratio[60:], 1)
    np.testing.assert_allclose(found["score"][60:], alone.score[60:])


@pytest.mark.parametrize("size", [1.0, 1e300, 1e-300])
def test_the_verdicts_are_the_same_in_parts_and_in_any_unit(size):
    values = spiked(30.0, 70, 110, 150, n=300)
    values[[80, 81, 200]] = np.nan
    whole = judged(values)
    parts = judged(values * size, 3, 71, 72, 111, 150, 151, 290)
    for name in ("score", "is_anomaly", "confidence"):
        np.testing.assert_allclose(parts[name], whole[name], rtol=1e-9)
    for name in ("lower", "upper", "expected"):
        np.testing.assert_allclose(parts[name] / size, whole[name], rtol=1e-9)


def test_values_that_never_change_and_then_do():
    found = judged(np.concatenate((np.full(50, 7.0), [7.5])))
    assert np.flatnonzero(found["is_anomaly"]).tolist() == [50]
    assert np.isfinite(found["score"][11:]).all()


@pytest.mark.parametrize(("at_once", "few"), [(7, 16), (65_536, 16), (65_536, 1000)])
def test_the_second_highest_is_that_of_the_formula(monkeypatch, at_once, few):
    monkeypatch.setattr("streams.cold_start_band.AT_ONCE", at_once)
    monkeypatch.setattr("streams.cold_start_band.FEW", few)
    values = np.random.default_rng(1).normal(size=300).round(1)  # some are equal
    values[100:130] = np.nan
    values[np.random.default_rng(2).random(300) < 0.2] = np.nan
    found = second_highest(values, 24)
    assert len(found) == 300 - 24 + 1
    for start, second in enumerate(found.tolist()):
        known = [-np.inf if np.isnan(each) else float(each) for each in values[start : start + 24]]
        top = known.index(max(known))
        assert second == max(each for place, each in enumerate(known) if abs(place - top) >= APART)
