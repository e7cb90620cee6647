"""The NAB score, against cases computed by hand from its formulas and against plain loops."""

import math

import numpy as np
import pytest

from benchmarks.accuracy import nab


def sigmoid(position):
    """2 / (1 + e^(5 x)) − 1: 0.98661 at the left end of a window (x = −1), 0 at its right end."""
    return 2 / (1 + math.exp(5 * position)) - 1


BEST = 0.9866142981514305
LABELS = np.isin(np.arange(100), range(50, 60))
"""One window of ten points; the first fifteen points are probation."""


def alarms(*at, n=100):
    return np.isin(np.arange(n), at).astype(float) * 2


def raw(*at):
    """Before it is normalised: −1 nothing, 1 perfect."""
    return nab.at_threshold([nab.scored(alarms(*at), LABELS)]) / 50 - 1


def test_the_sigmoid_of_these_tests_is_the_published_one():
    assert sigmoid(-1) == pytest.approx(BEST)
    assert sigmoid(-0.5) == pytest.approx(0.84828, abs=1e-5)


class TestOneFile:
    def test_no_alarm_is_0_and_the_first_point_of_the_window_100(self):
        assert nab.at_threshold([nab.scored(alarms(), LABELS)]) == 0
        assert nab.at_threshold([nab.scored(alarms(50), LABELS)]) == pytest.approx(100)

    def test_later_in_the_window_is_worth_less(self):
        assert raw(54) == pytest.approx(sigmoid(-6 / 10) / BEST)
        assert raw(59) == pytest.approx(sigmoid(-1 / 10) / BEST)

    def test_only_the_earliest_alarm_of_a_window_is_counted(self):
        assert raw(52, 55, 58) == raw(52)

    def test_a_false_alarm_before_any_window_costs_all(self):
        assert raw(30) == pytest.approx(-1 - 0.11)

    def test_a_false_alarm_soon_after_a_window_costs_less(self):
        assert raw(50, 61) == pytest.approx(1 + 0.11 * sigmoid(2 / 9))
        assert raw(50, 90) == pytest.approx(1 - 0.11)

    def test_probation_counts_nothing(self):
        assert raw(3, 14) == -1
        assert raw(15) == pytest.approx(-1 - 0.11)

    def test_probation_is_limited_to_750_points(self):
        labels = np.isin(np.arange(10_000), range(9_000, 9_100))
        assert len(nab.scored(alarms(n=10_000), labels).weight) == 10_000 - 750


class TestBestThreshold:
    @pytest.mark.parametrize("seed", range(20))
    def test_is_the_best_of_all_thresholds(self, seed):
        rng = np.random.default_rng(seed)
        files = []
        for _ in range(4):
            n = int(rng.integers(60, 200))
            labels = np.zeros(n, dtype=bool)
            for start in rng.integers(n // 6 + 1, n, rng.integers(0, 4)):
                labels[start : start + int(rng.integers(2, 15))] = True
            severity = np.round(rng.normal(size=n) + labels * rng.normal(1), int(rng.integers(0, 3)))
            severity[: n // 10] = np.nan
            severity[-1] = np.inf if seed % 2 else severity[-1]
            files.append(nab.scored(severity, labels))
        if not sum(file.windows for file in files):
            assert math.isnan(nab.at_best_threshold(files))
            return
        levels = np.unique(np.concatenate([file.severity[np.isfinite(file.severity)] for file in files]))
        every = [nab.at_threshold(files, level) for level in [*(levels - 1e-9), 1e9, np.inf]]
        assert nab.at_best_threshold(files) == pytest.approx(max(every))

    def test_one_threshold_serves_all_files(self):
        good, bad = nab.scored(alarms(50), LABELS), nab.scored(3 * alarms(*range(20, 40)), LABELS)
        assert nab.at_best_threshold([good]) == pytest.approx(100)
        assert nab.at_best_threshold([good, bad]) == pytest.approx(0)
        assert nab.at_best_threshold([good, nab.scored(alarms(*range(20, 24)), LABELS)]) == pytest.approx(
            100 * (1 - 1 - 4 * 0.11 + 2) / 4
        )
