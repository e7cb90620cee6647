"""Streams over a database of their own, a clock that stands still, and fits that can be waited for."""

import numpy as np
import pytest

from events.scored_points import COLUMNS
from store import StreamStore
from streams import Streams
from tests.waiting import SECONDS

NOW_MS = 1_800_000_000_000


class Clock:
    """The present, moved by hand; seconds since 1970 UTC."""

    def __init__(self):
        self.ms = NOW_MS

    def __call__(self):
        return self.ms / 1000


@pytest.fixture
def clock():
    return Clock()


def calm(store):
    """Has the demo stream judged by what is fitted at once: a network that learns beside a test slows it."""
    if store.stream("demo") is None:
        store.put("demo", "robust_zscore", {}, 100_000)
    return store


@pytest.fixture
def open_streams(database_url, clock):
    """Opens the streams of the test's database, with options; may be called again once they are stopped."""
    opened = []

    def start(**options):
        store = calm(StreamStore.open(database_url))
        streams = Streams(store, now=clock, **options)
        streams.start()
        opened.append((streams, store))
        return streams

    yield start
    for streams, store in opened:
        streams.stop()
        store.close()


@pytest.fixture
def streams(open_streams):
    return open_streams()


def fit(streams, name):
    """Has a stream's detector fitted on what there is, and waits for it."""
    assert streams._fitter.ask(name).wait(SECONDS)


def seasonal(n, seed=0):
    """A cycle of 48 points with noise."""
    t = np.arange(n)
    return 5 + 2 * np.sin(2 * np.pi * t / 48) + np.random.default_rng(seed).normal(0, 0.2, n)


def times(n, first=0, step_ms=60_000):
    """n times a minute apart, which end before the clock's present."""
    return (np.arange(first, first + n) * step_ms + NOW_MS - 10_000 * 60_000).astype("datetime64[ms]")


def assert_same(one, other):
    """Two stretches of judged points are the same, to the bit."""
    assert one.judged_by == other.judged_by
    np.testing.assert_array_equal(one.times, other.times)
    for name in COLUMNS:
        np.testing.assert_array_equal(getattr(one, name), getattr(other, name))
