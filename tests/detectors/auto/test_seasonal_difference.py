"""The seasonal difference: its distances against a loop, and what only it detects."""

import numpy as np

from detectors.auto.seasonal_difference import CYCLES, DIFFERENCE_CAP, SeasonalDifference
from detectors.level_spread import LevelSpreadScorer
from timeseries.seasonality import same_phase_median


def weekly(points=6000, seed=0, off=()):
    """Days of 48 points, five busy ones and two quiet ones; `off` days are as quiet as weekends."""
    at = np.arange(points)
    day = at // 48
    busy = (day % 7 < 5) & ~np.isin(day, off)
    noise = np.random.default_rng(seed).normal(0, 0.3, points)
    return 10 + np.where(busy, 6.0, 1.0) * np.maximum(-np.cos(2 * np.pi * at / 48), -0.5) + noise


def ignore(fraction):
    pass


def test_the_distances_are_those_of_a_loop():
    values = weekly(2000)
    values[[700, 1500]] = np.nan
    scorer = SeasonalDifference.fit(values, 336)
    windows = scorer.score_by_window_length(values, ignore)
    assert [length for length, _ in windows] == [32, 64, 128]  # at most an eighth of the series
    assert np.isnan(windows[0][1][1500])
    difference = np.abs(values - same_phase_median(values, 336, CYCLES)) / scorer.scale.std
    for length, distances in windows:
        for at in (1100, 1510, 1999):
            window = np.minimum(difference[at - length + 1 : at + 1], DIFFERENCE_CAP)
            assert abs(distances[at] - np.nanmean(window)) < 1e-3
        assert np.isnan(distances[:336]).all()


def test_the_last_point_needs_no_more_than_the_memory():
    values = weekly()
    scorer = SeasonalDifference.fit(values, 336)
    tail = scorer.score_by_window_length(values[-scorer.memory - 1 :], ignore)
    for (_, complete), (_, last) in zip(scorer.score_by_window_length(values, ignore), tail, strict=True):
        assert complete[-1] == last[-1]


def test_without_a_period_nothing_is_scored():
    scorer = SeasonalDifference.fit(np.random.default_rng(0).normal(size=1000), None)
    assert scorer.score_by_window_length(np.zeros(1000), ignore) == []
    assert scorer.notes == []
    assert SeasonalDifference.from_state(scorer.state()) == scorer


def test_a_working_day_like_a_weekend_is_unusual_though_its_level_is_typical():
    values = weekly(off=[70])
    day = slice(70 * 48 + 24, 71 * 48)
    scorers = ((SeasonalDifference.fit(values, 336), True), (LevelSpreadScorer.fit(values, 336), False))
    for scorer, unusual in scorers:
        distances = dict(scorer.score_by_window_length(values, ignore))[64]
        high = np.nanquantile(distances[1008:], 0.95)
        assert (np.nanmax(distances[day]) > 2 * high) == unusual
