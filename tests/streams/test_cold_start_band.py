"""The third excursion of a kind on a young stream is not an anomaly."""

import itertools

import numpy as np
import pytest

from detectors.robust_zscore import RobustZScore
from events.scored_points import COLUMNS, unscored
from store import Stream
from streams.cold_start_band import EXCURSION_FACTOR, EXCURSION_POINTS, MIN_DISTANCE, second_maximum
from streams.confidence import WINDOW_COEFFICIENTS, band_confidence
from streams.stream_state import StreamState
from timeseries import Series

NO_POINTS = unscored(None, np.empty(0), 0)


def fallback():
    return RobustZScore.fit(Series(None, np.empty(0)))


def score(values, *parts):
    """Columns of a stream's first points, scored in one push or in parts that end at these positions."""
    state = StreamState(Stream(1, "s", "lstm", {}, 10**6), NO_POINTS, fallback())
    edges = [0, *parts, len(values)]
    scored = [state.score(Series(None, values[a:b]), 0) for a, b in itertools.pairwise(edges)]
    return {name: np.concatenate([getattr(each, name) for each in scored]) for name in COLUMNS}


def noise(n, seed=0):
    return np.random.default_rng(seed).normal(0, 1, n)


def spiked(height, *places, n=200):
    values = noise(n)
    values[list(places)] = height
    return values


def test_the_third_excursion_of_a_size_is_not_an_anomaly():
    scored = np.flatnonzero(score(spiked(30.0, 70, 110, 150, 190))["is_anomaly"])
    assert scored.tolist() == [70, 110]


def test_an_excursion_of_several_points_is_one_excursion():
    assert score(spiked(30.0, 70, 71, 72, 110))["is_anomaly"][[70, 71, 72, 110]].all()


def test_a_larger_excursion_and_one_to_the_other_side_are_anomalies():
    values = spiked(30.0, 70, 110)
    for value, anomaly in ((30 * EXCURSION_FACTOR * 0.97, False), (30 * EXCURSION_FACTOR * 1.1, True), (-12.0, True)):
        values[150] = value
        scored = score(values)
        assert bool(scored["is_anomaly"][150]) is anomaly
        assert bool((scored["lower"][150] <= value) & (value <= scored["upper"][150])) is not anomaly


def test_old_excursions_are_not_counted():
    values = spiked(30.0, 20, 60, 20 + EXCURSION_POINTS + 30, n=320)
    assert score(values)["is_anomaly"][20 + EXCURSION_POINTS + 30]


def test_the_band_is_wider_while_the_window_is_not_full():
    values = noise(100)
    unwidened = fallback().detect(Series(None, values))
    scored = score(values)
    ratio = (scored["upper"] - scored["expected"]) / unwidened.margin
    full = band_confidence(WINDOW_COEFFICIENTS["robust_zscore"], np.array(60))
    assert ratio[11] == pytest.approx(full / band_confidence(WINDOW_COEFFICIENTS["robust_zscore"], np.array(11)))
    assert (ratio[11:60] > 1).all()
    np.testing.assert_allclose(ratio[60:], 1)
    np.testing.assert_allclose(scored["score"][60:], unwidened.score[60:])


@pytest.mark.parametrize("size", [1.0, 1e300, 1e-300])
def test_the_scores_are_the_same_in_parts_and_in_any_unit(size):
    values = spiked(30.0, 70, 110, 150, n=300)
    values[[80, 81, 200]] = np.nan
    complete = score(values)
    parts = score(values * size, 3, 71, 72, 111, 150, 151, 290)
    for name in ("score", "is_anomaly", "confidence"):
        np.testing.assert_allclose(parts[name], complete[name], rtol=1e-9)
    for name in ("lower", "upper", "expected"):
        np.testing.assert_allclose(parts[name] / size, complete[name], rtol=1e-9)


def test_a_change_of_constant_values_is_an_anomaly():
    scored = score(np.concatenate((np.full(50, 7.0), [7.5])))
    assert np.flatnonzero(scored["is_anomaly"]).tolist() == [50]
    assert np.isfinite(scored["score"][11:]).all()


@pytest.mark.parametrize("block", [1, 7, 1000])
def test_the_second_maximum_equals_the_definition(monkeypatch, block):
    monkeypatch.setattr("streams.cold_start_band.BLOCK", block)
    values = np.random.default_rng(1).normal(size=300).round(1)  # some are equal
    values[100:130] = np.nan
    values[np.random.default_rng(2).random(300) < 0.2] = np.nan
    scored = second_maximum(values, 24)
    assert len(scored) == 300 - 24 + 1
    for start, second in enumerate(scored.tolist()):
        known = [-np.inf if np.isnan(each) else float(each) for each in values[start : start + 24]]
        top = known.index(max(known))
        assert second == max(each for place, each in enumerate(known) if abs(place - top) >= MIN_DISTANCE)
