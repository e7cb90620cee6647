"""Downsampling against a naive implementation; no extreme and no event is lost."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from timeseries.downsampling import downsample


def bucket_of(at, n, times, buckets):
    """The bucket, of `buckets` equal intervals, that contains the position `at`."""
    first, span = (0, n) if times is None else (int(times[0]), int(times[-1]) - int(times[0]) + 1)
    here = at if times is None else int(times[at])
    return max(k for k in range(buckets) if first + k * span // buckets <= here)


def in_buckets(positions, n, times, buckets):
    grouped = {}
    for at in positions:
        grouped.setdefault(bucket_of(at, n, times, buckets), []).append(at)
    return grouped.values()


def naive(values, times, buckets, flagged, score):
    n = len(values)
    if n <= 2 * buckets:
        return list(range(n))
    height = [-np.inf if np.isnan(each) else each for each in (np.zeros(n) if score is None else score)]
    runs, inside = [], False
    for at in range(n):
        if flagged is not None and flagged[at]:
            runs = [*runs[:-1], [*runs[-1], at]] if inside else [*runs, [at]]
        inside = flagged is not None and flagged[at]
    peaks = [max(run, key=lambda at: height[at]) for run in runs]
    if len(peaks) > buckets:
        peaks = [max(bucket, key=lambda at: height[at]) for bucket in in_buckets(peaks, n, times, buckets)]
    positions = set(peaks)
    for bucket in in_buckets(range(n), n, times, max(1, buckets - -(-len(peaks) // 2))):
        known = [at for at in bucket if not np.isnan(values[at])] or bucket[:1]
        positions |= {min(known, key=lambda at: values[at]), max(known, key=lambda at: values[at])}
    return sorted(positions)


@st.composite
def series(draw):
    n = draw(st.integers(0, 60))
    values = draw(st.lists(st.sampled_from([np.nan, -1.0, 0.0, 2.0, 7.5, 1e300]), min_size=n, max_size=n))
    steps = draw(st.none() | st.lists(st.integers(1, 50), min_size=n, max_size=n))
    times = None if steps is None else np.cumsum(np.array(steps, np.int64)).astype("datetime64[ms]")
    flagged = draw(st.none() | st.lists(st.booleans(), min_size=n, max_size=n).map(lambda flags: np.array(flags, bool)))
    scores = st.lists(st.sampled_from([np.nan, 1.0, 2.0, 3.0]), min_size=n, max_size=n)
    return np.array(values, float), times, flagged, draw(st.none() | scores.map(lambda each: np.array(each, float)))


@given(series(), st.integers(1, 20))
def test_it_equals_the_naive_reduction(drawn, buckets):
    values, times, flagged, score = drawn
    positions = downsample(values, times, buckets=buckets, flagged=flagged, score=score)
    plain = None if times is None else times.astype(int)
    assert positions.tolist() == naive(values, plain, buckets, flagged, score)
    assert len(positions) <= max(2 * buckets, 3)


@pytest.mark.parametrize("timed", [True, False])
def test_a_million_points_preserve_their_extremes_and_every_event(timed):
    n, buckets = 1_000_000, 1000
    generator = np.random.default_rng(1)
    values = generator.normal(size=n).cumsum()
    times = (np.arange(n) * 1000 + 1_700_000_000_000).astype("datetime64[ms]") if timed else None
    flagged, score = np.zeros(n, bool), np.abs(generator.normal(size=n))
    events = generator.choice(n // 10, 300, replace=False) * 10
    for start in events:
        flagged[start : start + 3] = True
    positions = downsample(values, times, buckets=buckets, flagged=flagged, score=score)
    assert len(positions) <= 2 * buckets
    assert {int(values.argmin()), int(values.argmax())} <= set(positions.tolist())
    for start in events:
        assert start + int(score[start : start + 3].argmax()) in positions


def test_with_more_events_than_buckets_every_bucket_has_one():
    n, buckets = 10_000, 50
    flagged = np.arange(n) % 3 == 0
    positions = downsample(np.zeros(n), buckets=buckets, flagged=flagged, score=np.arange(n) % 7 * 1.0)
    assert len(positions) <= 2 * buckets
    flagged_positions = positions[flagged[positions]]
    assert set(flagged_positions * buckets // n) == set(range(buckets))


def test_times_at_the_ends_of_the_calendar_do_not_overflow():
    times = np.array([*range(10)], np.int64) * 3 * 10**13
    positions = downsample(np.arange(10.0), times.astype("datetime64[ms]"), buckets=4)
    assert positions.tolist() == naive(np.arange(10.0), times, 4, None, None)
    many = np.linspace(-6e13, 2.5e14, 500_000).astype("datetime64[ms]")
    assert len(downsample(np.arange(500_000.0), many, buckets=100_000)) == 200_000
