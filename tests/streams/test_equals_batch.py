"""After its warm-up a stream has the flags that the same fit gives the same points as a file: every detector."""

import numpy as np
import pytest

from detectors.registry import DETECTORS
from tests.streams.conftest import fit, seasonal, stored_fit, times
from timeseries import Series

HISTORY = 600
POINTS = 900
TOLERANCE = dict.fromkeys(DETECTORS, 0.0) | {"lstm": 1e-3}
"""Tolerance, in standard deviations of the series; see tests/detectors/test_laws.py."""
UNSCORED_AFTER_GAP = dict.fromkeys(DETECTORS, 0) | {"seasonal": 1}
"""Points after the missing ones without a score: the level of `seasonal` is here that of the last three values."""


@pytest.fixture
def database_url(tmp_path):
    """SQLite only: that PostgreSQL stores the same numbers is tested where nothing has to be fitted."""
    return f"sqlite:///{tmp_path / 'anomaly.db'}"


def with_faults():
    values = seasonal(POINTS)
    values[[700, 730, 731, 850]] += [12.0, -9.0, -9.0, 19.0]
    values[760:770] = np.nan
    return values


def one_by_one(rng, left):
    return np.ones(left, int)


def random_batches(rng, left):
    return rng.integers(1, 80, left)


def as_a_file(rng, left):
    return np.array([left])


@pytest.mark.parametrize("name", DETECTORS)
@pytest.mark.parametrize("sizes", [one_by_one, random_batches, as_a_file])
@pytest.mark.parametrize("timed", [True, False])
def test_stream_equals_batch(open_streams, name, sizes, timed):
    streams = open_streams(growth=np.inf)
    values, stamps = with_faults(), times(POINTS) if timed else None
    streams.put("s", name)

    def push(start, stop):
        return streams.push("s", None if stamps is None else stamps[start:stop], values[start:stop].tolist())

    push(0, HISTORY)
    fit(streams, "s")
    at = HISTORY
    for size in sizes(np.random.default_rng(1), POINTS - HISTORY):
        if at < POINTS:
            push(at, min(at + size, POINTS))
            at += size
    scored = streams.read("s", HISTORY, POINTS)

    stored = stored_fit(streams, "s")
    detector = DETECTORS[stored.detector].from_state(stored.state)
    expected = detector.detect(Series(stamps, values))
    np.testing.assert_array_equal(scored.is_anomaly, expected.is_anomaly[HISTORY:])
    assert scored.is_anomaly[700 - HISTORY]
    std = float(np.nanstd(values))
    for actual, batch in ((scored.expected, expected.expected), (scored.score, expected.score)):
        np.testing.assert_allclose(actual, batch[HISTORY:], rtol=0, atol=TOLERANCE[name] * std)
    unscored = list(range(760 - HISTORY, 770 + UNSCORED_AFTER_GAP[name] - HISTORY))
    assert set(scored.judged_by) == {name, None}  # None: the missing values
    assert [k for k, by in enumerate(scored.judged_by) if by is None] == unscored
