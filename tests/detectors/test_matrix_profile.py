"""The matrix profile: its distances against a naive loop, their approximation, and what it detects."""

import numpy as np
import pytest

from detectors.matrix_profile import MatrixProfile, MatrixProfileScorer, fingerprints
from evaluation.fault_injection import inject_fault
from timeseries import Series
from timeseries.windows import STEPS_PER_STD


def seasonal(n=3000, seed=0):
    return 5 + 2 * np.sin(2 * np.pi * np.arange(n) / 32) + np.random.default_rng(seed).normal(0, 0.2, n)


def naive(fitted, length, at, scored):
    """Smallest root mean square difference of the window of `scored` up to a point to those of `fitted`."""
    window = scored[at - length + 1 : at + 1]
    same = scored is fitted
    others = [
        np.sqrt(np.mean((window - fitted[end - length + 1 : end + 1]) ** 2)) / STEPS_PER_STD
        for end in range(length - 1, len(fitted))
        if not (same and abs(end - at) <= length // 2)
    ]
    return min(others)


def test_the_distances_are_those_of_a_naive_loop():
    scorer = MatrixProfileScorer.fit(seasonal(700), 32, max_references=20_000)
    short = [each for each in scorer.references if each.shape.stride == 1]
    assert [each.shape.points for each in short] == [32]
    fitted, other = scorer.scale.quantize(seasonal(700)), scorer.scale.quantize(seasonal(200, seed=9))
    for each in short:
        length = each.shape.points
        for scored in (fitted, other):
            distances = each.distances(scored, lambda fraction: None)
            for at in (length - 1, 77, len(scored) - 1):
                assert distances[at] == pytest.approx(naive(fitted, length, at, scored), rel=1e-12)


def test_sampled_references_approximate_the_distances():
    values = seasonal(10_000)
    exact_windows, approximate_windows = (
        MatrixProfileScorer.fit(values, 32, count).score_by_window_length(values, lambda fraction: None)
        for count in (20_000, 1024)
    )
    for (_, exact), (_, approximate) in zip(exact_windows, approximate_windows, strict=True):
        known = np.isfinite(exact)
        assert (approximate[known] >= exact[known]).all()
        assert np.median(approximate[known] / exact[known]) < 1.25
        assert np.corrcoef(approximate[known], exact[known])[0, 1] > 0.6


def test_a_fingerprint_depends_on_the_numbers_only():
    numbers = np.random.default_rng(0).integers(-1000, 1000, 500).astype(float)
    hashes = fingerprints(numbers, 20)
    np.testing.assert_array_equal(hashes[119:], fingerprints(numbers[100:], 20)[19:])
    assert len(set(hashes[19:].tolist())) == 481
    twice = fingerprints(np.concatenate((numbers, numbers)), 20)
    np.testing.assert_array_equal(twice[519:], hashes[19:])


@pytest.mark.parametrize("fault", ["missing_cycle", "flat_line", "changed_frequency", "level_shift"])
def test_it_detects_a_unique_shape(fault):
    series = inject_fault(Series(None, seasonal()), fault, 2000, 48)
    detection = MatrixProfile.fit(series).detect(series)
    assert [event for event in detection.events if event.start < 2112 and event.stop > 2000]
    assert len(detection.events) <= 2


def test_a_new_series_is_compared_with_the_fitted_one():
    detector = MatrixProfile.fit(Series(None, seasonal()))
    assert not detector.detect(Series(None, seasonal(seed=5))).events
    assert detector.detect(inject_fault(Series(None, seasonal(seed=5)), "missing_cycle", 1000, 64)).events


def test_a_series_too_short_for_windows_is_not_scored():
    series = Series(None, seasonal(50))
    assert np.isnan(MatrixProfile.fit(series).detect(series).score).all()


def test_only_the_windows_of_the_last_points_are_compared():
    values = seasonal(3000)
    scorer = MatrixProfileScorer.fit(values, 32, max_references=1024)
    complete = scorer.score_by_window_length(values, lambda fraction: None)
    last = scorer.score_by_window_length(values, lambda fraction: None, 2990)
    assert len(complete) == len(last) == 4
    for (_, distances), (_, some) in zip(complete, last, strict=True):
        assert np.isnan(some[:2990]).all()
        np.testing.assert_array_equal(some[2990:], distances[2990:])
