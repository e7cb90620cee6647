"""Fixtures of the stream tests: streams over a test database, a manual clock, fits to wait for."""

import numpy as np
import pytest

from detectors import find_detector
from events.scored_points import COLUMNS
from store import StreamStore
from streams import Streams
from tests.waiting import SECONDS
from timeseries import Series

NOW_MS = 1_800_000_000_000


class Clock:
    """A manual clock: seconds since 1970 UTC."""

    def __init__(self):
        self.ms = NOW_MS

    def __call__(self):
        return self.ms / 1000


@pytest.fixture
def clock():
    return Clock()


def with_quick_demo(store):
    """A store whose demo stream has a detector with a fast fit: training a network slows every test."""
    if store.stream("demo") is None:
        store.put("demo", "robust_zscore", {}, 100_000)
    return store


@pytest.fixture
def open_streams(database_url, clock):
    """Opens the streams of the test's database, with options, also repeatedly once they are stopped. Their periodic
    work is done by `tick`."""
    opened = []

    def start(**options):
        store = with_quick_demo(StreamStore.open(database_url))
        streams = Streams(store, now=clock, **{"periodic": False, **options})
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
    """Fits a stream's detector on the stored points."""
    assert streams.request_fit(name).wait(SECONDS)


def stored_fit(streams, name):
    """The stored fit of a stream's detector."""
    return streams.store.load_fit(streams.store.stream(name).id)


def fitted_detector(streams, name):
    """The detector of the stored fit of a stream."""
    fit = stored_fit(streams, name)
    return find_detector(fit.detector).from_state(fit.state)


def residual_threshold_of(detector):
    """The threshold of a forecaster's residuals."""
    return detector.detect(Series(None, np.zeros(100))).threshold


def repair_counts(points):
    """The number of points of each repair."""
    return {repair.code: repair.count for repair in points.repairs}


def seasonal(n, seed=0):
    """A cycle of 48 points with noise."""
    t = np.arange(n)
    return 5 + 2 * np.sin(2 * np.pi * t / 48) + np.random.default_rng(seed).normal(0, 0.2, n)


def times(n, first=0, step_ms=60_000):
    """n times a minute apart, which end before the clock's present."""
    return (np.arange(first, first + n) * step_ms + NOW_MS - 10_000 * 60_000).astype("datetime64[ms]")


def assert_same(one, other):
    """Asserts that scored points are the same, to the bit."""
    assert one.judged_by == other.judged_by
    np.testing.assert_array_equal(one.times, other.times)
    for name in COLUMNS:
        np.testing.assert_array_equal(getattr(one, name), getattr(other, name))
