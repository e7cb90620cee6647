"""The season view against a loop, and what it alone sees."""

import numpy as np

from detectors.auto.seasonal_difference import CYCLES, DIFFERENCE_CAP, SeasonalDifference
from detectors.level_spread import LevelSpreadScorer
from timeseries.seasonality import same_phase_median


def weekly(points=6000, seed=0, off=()):
    """Days of 48 points, five busy ones and two quiet ones; `off` days stay as quiet as weekends."""
    at = np.arange(points)
    day = at // 48
    busy = (day % 7 < 5) & ~np.isin(day, off)
    noise = np.random.default_rng(seed).normal(0, 0.3, points)
    return 10 + np.where(busy, 6.0, 1.0) * np.maximum(-np.cos(2 * np.pi * at / 48), -0.5) + noise


def nothing(fraction):
    pass


def test_the_distances_are_those_of_a_loop():
    values = weekly(2000)
    values[[700, 1500]] = np.nan
    assert np.isnan(SeasonalDifference.fit(values, 336).score_by_window_length(values, nothing)[0][1][1500])
    view = SeasonalDifference.fit(values, 336)
    several = view.score_by_window_length(values, nothing)
    assert [length for length, _ in several] == [32, 64, 128]  # at most an eighth of the series
    missed = np.abs(values - same_phase_median(values, 336, CYCLES)) / view.scale.std
    for length, told in several:
        for at in (1100, 1510, 1999):
            window = np.minimum(missed[at - length + 1 : at + 1], DIFFERENCE_CAP)
            assert abs(told[at] - np.nanmean(window)) < 1e-3
        assert np.isnan(told[:336]).all()


def test_the_last_points_are_judged_from_the_memory_alone():
    values = weekly()
    view = SeasonalDifference.fit(values, 336)
    tail = view.score_by_window_length(values[-view.memory - 1 :], nothing)
    for (_, every), (_, last) in zip(view.score_by_window_length(values, nothing), tail, strict=True):
        assert every[-1] == last[-1]


def test_without_a_period_nothing_is_judged():
    view = SeasonalDifference.fit(np.random.default_rng(0).normal(size=1000), None)
    assert view.score_by_window_length(np.zeros(1000), nothing) == []
    assert view.notes == []
    assert SeasonalDifference.from_state(view.state()) == view


def test_a_working_day_like_a_weekend_is_far_from_the_season_though_its_level_is_usual():
    values = weekly(off=[70])
    day = slice(70 * 48 + 24, 71 * 48)
    for view, odd in ((SeasonalDifference.fit(values, 336), True), (LevelSpreadScorer.fit(values, 336), False)):
        distances = dict(view.score_by_window_length(values, nothing))[64]
        usual = np.nanquantile(distances[1008:], 0.95)
        assert (np.nanmax(distances[day]) > 2 * usual) == odd
