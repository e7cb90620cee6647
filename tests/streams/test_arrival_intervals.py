"""The limit of a silence: arrival intervals of many kinds, and streams that stop."""

import json

import numpy as np
import pytest

from streams.arrival_intervals import MIN_INTERVALS, ArrivalIntervals

MINUTE, HOUR, DAY = 60_000, 3_600_000, 86_400_000
START = 1_800_000_000_000 // DAY * DAY


def observe(moments, timed=False):
    """The intervals of points at moments (n,), and the moments after which the stream was silent."""
    intervals = ArrivalIntervals()
    before = None
    silent = []
    for moment in (START + np.asarray(moments)).astype(int).tolist():
        own = before if timed else None
        if before is not None and moment - before > intervals.limit(own, before):
            silent.append(before - START)
        intervals.observe_points(np.array([moment], "datetime64[ms]") if timed else None, own, moment)
        intervals.refresh()
        before = moment
    return intervals, silent


def limit(intervals, moment):
    """The minutes that a stream without times may be without a point, at a moment."""
    return intervals.limit(None, START + moment) / MINUTE


@pytest.mark.parametrize("timed", [True, False])
def test_a_regular_stream_is_silent_after_four_steps(timed):
    intervals, silent = observe(np.arange(300) * MINUTE, timed)
    assert silent == []
    last = START + 299 * MINUTE
    assert intervals.limit(last if timed else None, last) == 4 * MINUTE


def test_the_limit_is_higher_with_fewer_than_typical_intervals():
    assert limit(observe(np.arange(MIN_INTERVALS) * MINUTE)[0], 0) == np.inf
    assert limit(observe(np.arange(MIN_INTERVALS + 1) * MINUTE)[0], 0) == 10
    assert limit(observe(np.arange(41) * MINUTE)[0], 0) == 5


def test_the_minimum_of_the_limit_is_ten_seconds():
    assert limit(observe(np.arange(300) * 100)[0], 0) == 10 / 60


@pytest.mark.parametrize("seed", range(5))
def test_jitter_is_not_a_silence(seed):
    rng = np.random.default_rng(seed)
    assert observe(np.cumsum(MINUTE * rng.uniform(0.3, 1.7, 3000)))[1] == []
    assert observe(np.cumsum(MINUTE * rng.exponential(1, 3000)))[1] == []


@pytest.mark.parametrize("share", [0.01, 0.05])
def test_repeated_pauses_between_bursts_become_typical(share):
    counts = []
    for seed in range(10):
        rng = np.random.default_rng(seed)
        pauses = np.where(rng.random(10_000) < share, rng.exponential(10 * MINUTE, 10_000), 1000)
        counts.append(len(observe(np.cumsum(pauses))[1]))
    assert np.mean(counts) <= 3  # of some 100 or 500 pauses
    assert max(counts) <= 6


def test_nights_become_typical_after_two_and_the_limit_by_day_stays():
    days = np.concatenate([day * DAY + 8 * HOUR + np.arange(720) * MINUTE for day in range(14)])
    intervals, silent = observe(days)
    evening = 8 * HOUR + 719 * MINUTE
    assert silent == [evening, DAY + evening]
    assert limit(intervals, 13 * DAY + evening) > 12 * 60
    assert limit(intervals, 13 * DAY + 13 * HOUR) < 10


def test_one_outage_does_not_raise_the_limit():
    moments = np.concatenate([np.arange(300) * MINUTE, DAY + np.arange(300) * MINUTE])
    intervals, silent = observe(moments)
    assert silent == [299 * MINUTE]
    assert limit(intervals, DAY + 300 * MINUTE) == 4


def test_loaded_history_sets_the_limit_by_its_times():
    intervals = ArrivalIntervals()
    days = np.concatenate([day * DAY + 8 * HOUR + np.arange(720) * MINUTE for day in range(14)])
    times = (START + days).astype("datetime64[ms]")
    intervals.observe_points(times, None, START + 20 * DAY)
    intervals.refresh()
    noon, evening = START + 14 * DAY + 12 * HOUR, START + 14 * DAY + 8 * HOUR + 719 * MINUTE
    assert intervals.limit(noon, START + 20 * DAY) == 4 * MINUTE
    assert intervals.limit(evening, START + 20 * DAY) > 12 * HOUR


def test_counted_points_of_one_push_set_no_limit():
    intervals = ArrivalIntervals()
    intervals.observe_points(None, None, START)
    assert intervals.limit(None, START) == np.inf


def test_batches_set_the_limit_by_their_span():
    intervals = ArrivalIntervals()
    last = None
    for minute in range(30):
        times = (START + minute * MINUTE + 1000 * np.arange(60)).astype("datetime64[ms]")
        intervals.observe_points(times, last, START + (minute + 1) * MINUTE)
        intervals.refresh()
        last = int(times[-1].astype(np.int64))
        if minute:
            assert intervals.limit(last, START + (minute + 1) * MINUTE) > 2 * MINUTE


@pytest.mark.parametrize("count", [5, 100, 700])
def test_restored_intervals_have_the_same_limit(count):
    rng = np.random.default_rng(count)
    intervals, _ = observe(np.cumsum(MINUTE * rng.exponential(1, count)), timed=True)
    restored = ArrivalIntervals.from_json(json.loads(json.dumps(intervals.to_json())))
    for moment in (START, START + 5 * HOUR):
        intervals.times.refresh()
        intervals.arrivals.refresh()
        assert restored.limit(moment, moment) == pytest.approx(intervals.limit(moment, moment), rel=1e-3)


def test_min_limit_is_a_lower_bound():
    rng = np.random.default_rng(1)
    intervals, _ = observe(np.cumsum(np.where(rng.random(3000) < 0.05, rng.exponential(10 * MINUTE, 3000), 1000)))
    assert intervals.min_limit <= min(intervals.limit(None, START + hour * HOUR) for hour in range(48))
