"""The matrix profile against a naive loop, its approximation, and what it sees."""

import numpy as np
import pytest

from detectors.matrix_profile import MatrixProfile as Detector
from detectors.matrix_profile import MatrixProfileScorer, fingerprints
from evaluation.fault_injection import plant
from timeseries import Series
from timeseries.windows import STEPS_PER_STD


def seasonal(n=3000, seed=0):
    return 5 + 2 * np.sin(2 * np.pi * np.arange(n) / 32) + np.random.default_rng(seed).normal(0, 0.2, n)


def naive(whole, length, at, judge):
    """Smallest root mean square difference of the window of `judge` up to a point to those of `whole`, one by one."""
    window, own = judge[at - length + 1 : at + 1], judge is whole
    others = [
        np.sqrt(np.mean((window - whole[end - length + 1 : end + 1]) ** 2)) / STEPS_PER_STD
        for end in range(length - 1, len(whole))
        if not (own and abs(end - at) <= length // 2)
    ]
    return min(others)


def test_the_distances_are_those_of_a_naive_loop():
    view = MatrixProfileScorer.fit(seasonal(700), 32, most=20_000)
    short = [each for each in view.references if each.shape.stride == 1]
    assert [each.shape.points for each in short] == [32]
    whole, other = view.scale.quantize(seasonal(700)), view.scale.quantize(seasonal(200, seed=9))
    for each in short:
        length = each.shape.points
        for judge in (whole, other):
            told = each.distances(judge, lambda fraction: None)
            for at in (length - 1, 77, len(judge) - 1):
                assert told[at] == pytest.approx(naive(whole, length, at, judge), rel=1e-12)


def test_few_references_are_hardly_further_than_all():
    values = seasonal(10_000)
    every = MatrixProfileScorer.fit(values, 32, most=20_000).score_by_window_length(values, lambda fraction: None)
    some = MatrixProfileScorer.fit(values, 32, most=1024).score_by_window_length(values, lambda fraction: None)
    for (_, exact), (_, near) in zip(every, some, strict=True):
        known = np.isfinite(exact)
        assert (near[known] >= exact[known]).all()
        assert np.median(near[known] / exact[known]) < 1.25
        assert np.corrcoef(near[known], exact[known])[0, 1] > 0.6


def test_a_fingerprint_is_that_of_the_numbers_alone():
    whole = np.random.default_rng(0).integers(-1000, 1000, 500).astype(float)
    marks = fingerprints(whole, 20)
    np.testing.assert_array_equal(marks[119:], fingerprints(whole[100:], 20)[19:])
    assert len(set(marks[19:].tolist())) == 481
    twice = fingerprints(np.concatenate((whole, whole)), 20)
    np.testing.assert_array_equal(twice[519:], marks[19:])


@pytest.mark.parametrize("fault", ["missing_cycle", "flat_line", "changed_frequency", "level_shift"])
def test_it_sees_a_shape_that_happens_once(fault):
    series = plant(Series(None, seasonal()), fault, 2000, 48)
    found = Detector.fit(series).detect(series)
    assert [event for event in found.events if event.start < 2112 and event.stop > 2000]
    assert len(found.events) <= 2


def test_a_new_series_is_compared_with_the_learned_one():
    detector = Detector.fit(Series(None, seasonal()))
    assert not detector.detect(Series(None, seasonal(seed=5))).events
    assert detector.detect(plant(Series(None, seasonal(seed=5)), "missing_cycle", 1000, 64)).events


def test_a_series_too_short_for_windows_is_not_judged():
    series = Series(None, seasonal(50))
    assert np.isnan(Detector.fit(series).detect(series).score).all()


def test_of_the_last_points_no_other_windows_are_compared():
    values = seasonal(3000)
    view = MatrixProfileScorer.fit(values, 32, most=1024)
    whole = view.score_by_window_length(values, lambda fraction: None)
    last = view.score_by_window_length(values, lambda fraction: None, 2990)
    assert len(whole) == len(last) == 4
    for (_, every), (_, some) in zip(whole, last, strict=True):
        assert np.isnan(some[:2990]).all()
        np.testing.assert_array_equal(some[2990:], every[2990:])
