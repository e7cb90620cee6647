"""When a stream is silent: rhythms of many kinds learned from their distances, and streams that stop."""

import json

import numpy as np
import pytest

from streams.arrival_intervals import FEWEST, ArrivalIntervals

MINUTE, HOUR, DAY = 60_000, 3_600_000, 86_400_000
START = 1_800_000_000_000 // DAY * DAY


def followed(moments, timed=False):
    """The rhythm after points at moments (n,), and the moments after which the stream would have been silent."""
    rhythm, before, silent = ArrivalIntervals(), None, []
    for moment in (START + np.asarray(moments)).astype(int).tolist():
        own = before if timed else None
        if before is not None and moment - before > rhythm.allowed(own, before):
            silent.append(before - START)
        rhythm.took(np.array([moment], "datetime64[ms]") if timed else None, own, moment)
        rhythm.refresh()
        before = moment
    return rhythm, silent


def allowed(rhythm, moment):
    """Minutes that a stream without times may be quiet after a moment."""
    return rhythm.allowed(None, START + moment) / MINUTE


@pytest.mark.parametrize("timed", [True, False])
def test_a_regular_stream_is_silent_after_four_steps_once_it_is_known_well(timed):
    rhythm, silent = followed(np.arange(300) * MINUTE, timed)
    assert silent == []
    last = START + 299 * MINUTE
    assert rhythm.allowed(last if timed else None, last) == 4 * MINUTE


def test_with_few_distances_more_is_allowed():
    assert allowed(followed(np.arange(FEWEST) * MINUTE)[0], 0) == np.inf
    assert allowed(followed(np.arange(FEWEST + 1) * MINUTE)[0], 0) == 10
    assert allowed(followed(np.arange(41) * MINUTE)[0], 0) == 5


def test_no_stream_is_silent_before_ten_seconds():
    assert allowed(followed(np.arange(300) * 100)[0], 0) == 10 / 60


@pytest.mark.parametrize("seed", range(5))
def test_jitter_is_no_silence(seed):
    rng = np.random.default_rng(seed)
    assert followed(np.cumsum(MINUTE * rng.uniform(0.3, 1.7, 3000)))[1] == []
    assert followed(np.cumsum(MINUTE * rng.exponential(1, 3000)))[1] == []


@pytest.mark.parametrize("share", [0.01, 0.05])
def test_bursts_are_learned_after_a_few_pauses(share):
    found = []
    for seed in range(10):
        rng = np.random.default_rng(seed)
        pauses = np.where(rng.random(10_000) < share, rng.exponential(10 * MINUTE, 10_000), 1000)
        found.append(len(followed(np.cumsum(pauses))[1]))
    assert np.mean(found) <= 3  # of some 100 or 500 pauses
    assert max(found) <= 6


def test_a_night_is_learned_after_two_and_the_day_stays_watched():
    days = np.concatenate([day * DAY + 8 * HOUR + np.arange(720) * MINUTE for day in range(14)])
    rhythm, silent = followed(days)
    evening = 8 * HOUR + 719 * MINUTE
    assert silent == [evening, DAY + evening]
    assert allowed(rhythm, 13 * DAY + evening) > 12 * 60
    assert allowed(rhythm, 13 * DAY + 13 * HOUR) < 10


def test_one_outage_is_no_rhythm():
    moments = np.concatenate([np.arange(300) * MINUTE, DAY + np.arange(300) * MINUTE])
    rhythm, silent = followed(moments)
    assert silent == [299 * MINUTE]
    assert allowed(rhythm, DAY + 300 * MINUTE) == 4


def test_history_that_is_loaded_at_once_says_its_rhythm_by_its_times():
    rhythm = ArrivalIntervals()
    days = np.concatenate([day * DAY + 8 * HOUR + np.arange(720) * MINUTE for day in range(14)])
    times = (START + days).astype("datetime64[ms]")
    rhythm.took(times, None, START + 20 * DAY)
    rhythm.refresh()
    noon, evening = START + 14 * DAY + 12 * HOUR, START + 14 * DAY + 8 * HOUR + 719 * MINUTE
    assert rhythm.allowed(noon, START + 20 * DAY) == 4 * MINUTE
    assert rhythm.allowed(evening, START + 20 * DAY) > 12 * HOUR


def test_counted_points_that_come_at_once_say_nothing():
    rhythm = ArrivalIntervals()
    rhythm.took(None, None, START)
    assert rhythm.allowed(None, START) == np.inf


def test_what_is_measured_each_second_and_sent_each_minute_is_allowed_minutes():
    rhythm, last = ArrivalIntervals(), None
    for minute in range(30):
        times = (START + minute * MINUTE + 1000 * np.arange(60)).astype("datetime64[ms]")
        rhythm.took(times, last, START + (minute + 1) * MINUTE)
        rhythm.refresh()
        last = int(times[-1].astype(np.int64))
        if minute:
            assert rhythm.allowed(last, START + (minute + 1) * MINUTE) > 2 * MINUTE


@pytest.mark.parametrize("count", [5, 100, 700])
def test_a_rhythm_that_was_kept_allows_the_same(count):
    rng = np.random.default_rng(count)
    rhythm, _ = followed(np.cumsum(MINUTE * rng.exponential(1, count)), timed=True)
    kept = ArrivalIntervals.from_plain(json.loads(json.dumps(rhythm.to_plain())))
    for moment in (START, START + 5 * HOUR):
        rhythm.times.refresh()
        rhythm.arrivals.refresh()
        assert kept.allowed(moment, moment) == pytest.approx(rhythm.allowed(moment, moment), rel=1e-3)


def test_the_cheap_question_never_says_silent_too_late():
    rng = np.random.default_rng(1)
    rhythm, _ = followed(np.cumsum(np.where(rng.random(3000) < 0.05, rng.exponential(10 * MINUTE, 3000), 1000)))
    assert rhythm.least <= min(rhythm.allowed(None, START + hour * HOUR) for hour in range(48))
