"""The scorers combined: outliers, levels and shapes are detected, and each event names its top scorer."""

import numpy as np
import pytest

from anomaly_detection import Detection
from data_generation import clean
from detectors.auto.detector import Auto
from detectors.auto.margins import DEFAULT_SIGMA
from detectors.lstm import MAX_ISOLATED
from evaluation.fault_injection import inject_fault
from events.attribution import CLEAR_SHARE
from events.scorer import ScorerId
from events.wording import explanation, scorer_phrase
from timeseries import Series


def daily(points=4000, seed=0):
    """A cycle of 96 points with noise."""
    at = np.arange(points)
    return Series(None, 20 + 4 * np.sin(2 * np.pi * at / 96) + np.random.default_rng(seed).normal(0, 0.3, points))


def offline(series):
    return Auto.fit(series).detect_offline(series)


def around(detection, start, stop):
    """The events that overlap an interval."""
    return [event for event in detection.events if event.start < stop and event.stop > start]


def codes(detection):
    """The codes of a detection's notes."""
    return [note.code for note in detection.notes]


def test_an_outlier_has_a_note_only_where_it_widens_the_band():
    values = daily(1000).values.copy()
    values[500] = -999
    series = Series(None, values)
    detector = Auto.fit(series)
    assert "outliers_widen_band" in codes(detector.detect(series))  # the causal band follows the plain std
    detection = detector.detect_offline(series)
    assert np.nanmedian(detection.margin) < 5 and "outliers_widen_band" not in codes(detection)
    noise = Series(None, np.where(values < 0, values, np.random.default_rng(0).normal(20, 1, 1000)))
    assert "outliers_widen_band" in codes(offline(noise))


def test_a_value_within_the_typical_range_is_detected_by_its_residual():
    values = daily().values.copy()
    values[2000] = 20.0 if values[2000] > 23 or values[2000] < 17 else values[2000] + 4.5
    detection = offline(Series(None, values))
    (event,) = around(detection, 2000, 2001)
    assert event.top_scorer == "forecast_residual"
    assert event.direction in ("above", "below")
    assert f"expected {event.expected:.6g}" in explanation(event)


@pytest.mark.parametrize("fault", ["flat_line", "missing_cycle", "noise_burst", "level_shift", "changed_frequency"])
def test_a_fault_of_many_points_is_detected_and_explained(fault):
    detection = offline(inject_fault(daily(), fault, 2000, 96, 2.0))
    events = around(detection, 2000, 2096)
    assert events
    assert detection.events == around(detection, 1960, 2136)
    worst = max(events, key=lambda event: event.severity)
    assert ScorerId(worst.top_scorer, worst.window) in detection.scorer_scores
    assert scorer_phrase(ScorerId(worst.top_scorer, worst.window)) in explanation(worst)


def test_an_event_within_the_band_has_the_direction_shape():
    detection = offline(inject_fault(daily(), "flat_line", 2000, 96))
    assert detection.events
    for event in detection.events:
        away = np.abs(detection.series.values - detection.expected)[event.start : event.stop]
        assert (event.direction == "shape") == (away <= CLEAR_SHARE * detection.margin[event.start : event.stop]).all()


@pytest.mark.parametrize(("change", "direction"), [(3.0, "above"), (-3.0, "below")])
def test_a_level_shift_has_its_side_though_the_highest_score_lies_elsewhere(change, direction):
    values = daily().values.copy()
    values[2000:2096] += change
    detection = offline(Series(None, values))
    events = around(detection, 2000, 2096)
    worst = max(events, key=lambda event: event.severity)
    assert worst.direction == direction
    assert explanation(worst).startswith(f"{values[worst.peak]:.6g} is ")
    assert f" {direction} the expected {worst.expected:.6g}," in explanation(worst)
    assert (worst.value, worst.expected) == (values[worst.peak], detection.expected[worst.peak])
    assert detection.score[worst.peak] < detection.score[worst.start : worst.stop].max()
    assert worst.top_scorer != "forecast_residual"


def test_an_event_on_both_sides_has_the_direction_shape():
    at = np.arange(100)
    values = np.where((at >= 50) & (at < 60), np.where(at % 2, 5.0, -5.0), 0.0)
    flat = np.zeros(100)
    scores = {ScorerId("matrix_profile", 32): np.where(at < 55, 5.0, 1.0), ScorerId("level_spread", 64): flat + 2.0}
    both = Detection(Series(None, values), flat, flat + 2.0, np.abs(values), 1.0, scorer_scores=scores)
    assert [event.direction for event in both.events] == ["shape"]
    up = Detection(Series(None, np.abs(values)), flat, flat + 2.0, np.abs(values), 1.0, scorer_scores=scores)
    assert [event.direction for event in up.events] == ["above"]
    assert (up.events[0].top_scorer, up.events[0].window) == ("matrix_profile", 32)
    assert "by its shape over 32 points, also mean and spread over 64 points: 5 times" in explanation(up.events[0])


def test_whatever_lies_outside_the_band_is_an_anomaly():
    detection = offline(inject_fault(daily(), "noise_burst", 2000, 60, 3.0))
    outside = np.abs(detection.series.values - detection.expected) > detection.margin
    assert outside.any()
    assert detection.is_anomaly[outside].all()


def test_a_clean_series_has_no_events():
    assert not any(offline(daily(seed=seed)).events for seed in range(3))


def test_detect_uses_no_later_point():
    series = inject_fault(daily(), "level_shift", 2000, 96, 3.0)
    detector = Auto.fit(series)
    early = detector.detect(series.slice(0, 2000))
    np.testing.assert_allclose(early.score, detector.detect(series).score[:2000], rtol=1e-6)
    assert around(detector.detect(series), 2000, 2200)


def streamed(kind):
    """A detector of 3,000 points, and these with 600 more."""
    at, rng = np.arange(3600), np.random.default_rng(7)
    noise = rng.normal(0, 0.3, 3600)
    values = {"daily": 20 + 4 * np.sin(2 * np.pi * at / 96) + noise, "walk": np.cumsum(noise), "noise": noise}[kind]
    return Auto.fit(Series(None, values[:3000])), values


@pytest.mark.parametrize("kind", ["daily", "walk", "noise"])
@pytest.mark.parametrize("points", [1, 3])
def test_an_outlier_makes_no_long_event_in_a_stream(kind, points):
    detector, values = streamed(kind)
    before = detector.detect(Series(None, values)).is_anomaly
    values[3100 : 3100 + points] += 1e3 * np.ptp(values)
    detection = detector.detect(Series(None, values))
    new = np.flatnonzero(detection.is_anomaly & ~before)
    assert new.tolist() == list(range(3100, 3100 + points))
    assert np.isfinite(detection.score[3100:]).all()


def test_outliers_that_go_on_are_a_new_level():
    """All but the first few enter the windows as they are."""
    detector, values = streamed("noise")
    values[3100:] += 1e3
    tail = detector.scorers.grid.tail(Series(None, values), values, len(values), detector.memory)
    margin = detector.residual_stats.margin(DEFAULT_SIGMA)
    clipped = detector.scorers.clip_outliers(tail, margin)
    np.testing.assert_array_equal(np.flatnonzero(clipped != values), np.arange(3100, 3100 + MAX_ISOLATED))
    assert (np.abs(clipped[3100 : 3100 + MAX_ISOLATED]) < 10).all()
    assert np.count_nonzero(detector.detect(Series(None, values)).is_anomaly[3103:3300]) > 100


@pytest.mark.parametrize("kind", ["daily", "walk", "noise"])
def test_a_tail_with_outliers_is_scored_as_within_the_series(kind):
    detector, values = streamed(kind)
    rng = np.random.default_rng(3)
    for at in rng.integers(1500, 3600, 60):
        values[at : at + rng.integers(1, 6)] += rng.normal(0, 1) * 10.0 ** rng.integers(0, 7)
    series = Series(None, np.where(rng.random(3600) < 0.02, np.nan, values))
    complete = detector.detect(series)
    assert detector.memory < 2400
    for stop in (2500, 2901, *range(3180, 3600, 60)):
        tail = detector.detect(series.slice(stop - detector.memory - 1, stop))
        last = detector.detect_last(series.slice(0, stop), 1)
        np.testing.assert_allclose([tail.score[-1], last.score[-1]], complete.score[stop - 1], rtol=1e-3)
        for scorer, scores in complete.scorer_scores.items():
            if scorer.name != "forecast_residual":  # whose network may differ in the last digits
                assert tail.scorer_scores[scorer][-1] == pytest.approx(scores[stop - 1], abs=0, nan_ok=True)


@pytest.mark.parametrize(("fault", "length"), [("flat_line", 12), ("missing_cycle", 24), ("level_shift", 24)])
def test_a_fault_shorter_than_any_window_is_detected_in_a_clean_season(fault, length):
    plain = clean("seasonal", 3000)
    at = 1512
    if fault == "level_shift":
        values = plain.values.copy()
        values[at : at + length] += 3 * 2.0  # three standard deviations of the noise
        detection = offline(Series(plain.times, values))
    else:
        detection = offline(inject_fault(plain, fault, at, length))
    assert around(detection, at, at + length)
    assert detection.events == around(detection, at - 12, at + length + 12)


def test_the_top_scorer_of_a_stuck_value_is_the_flatline():
    detection = offline(inject_fault(clean("random_walk", 3000), "flat_line", 1512, 20))
    (event,) = around(detection, 1512, 1532)
    assert (event.start, event.stop) == (1511, 1532)
    assert event.top_scorer == "flatline"


def test_the_band_follows_the_noise_of_the_time_of_day():
    detection = offline(daily())
    width = np.nanmedian(detection.margin) / 0.3
    assert 5.5 < width < 7.5
    busy = clean("business_hours", 3000)
    margin = offline(busy).margin
    hour = (np.arange(3000) % 48) / 2
    working = (np.arange(3000) // 48) % 7 < 5
    assert np.nanmedian(margin[working & (hour == 11)]) > 2 * np.nanmedian(margin[working & (hour == 3)])


def test_residuals_with_a_heavy_tail_have_the_wide_band():
    rng = np.random.default_rng(0)
    series = Series(None, daily().values + 0.1 * rng.normal(size=4000) ** 5)
    detector = Auto.fit(series)
    assert detector.overrides.noise.confidence == 0
    np.testing.assert_allclose(np.nanmax(detector.detect_offline(series).margin), detector.margin)
