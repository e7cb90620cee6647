"""After its warm-up a stream gives the flags that the same fit gives the same points as a file: every detector."""

import numpy as np
import pytest

from detectors.registry import DETECTORS
from tests.streams.conftest import fit, seasonal, stored_fit, times
from timeseries import Series

HISTORY, POINTS = 600, 900
EXACT = dict.fromkeys(DETECTORS, 0.0) | {"lstm": 1e-3}
"""How far numbers may lie apart, in spreads of the series; see tests/detectors/test_laws.py."""
UNTOLD = dict.fromkeys(DETECTORS, 0) | {"seasonal": 1}
"""Points after the missing ones that are not judged: the level of `seasonal` is here that of the last three values."""


@pytest.fixture
def database_url(tmp_path):
    """SQLite alone: that PostgreSQL keeps the same numbers is tested where nothing has to be fitted."""
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
    judged = streams.read("s", HISTORY, POINTS)

    stored = stored_fit(streams, "s")
    detector = DETECTORS[stored.detector].from_state(stored.state)
    whole = detector.detect(Series(stamps, values))
    np.testing.assert_array_equal(judged.is_anomaly, whole.is_anomaly[HISTORY:])
    assert judged.is_anomaly[700 - HISTORY]
    spread = float(np.nanstd(values))
    for one, other in ((judged.expected, whole.expected), (judged.score, whole.score)):
        np.testing.assert_allclose(one, other[HISTORY:], rtol=0, atol=EXACT[name] * spread)
    untold = list(range(760 - HISTORY, 770 + UNTOLD[name] - HISTORY))
    assert set(judged.judged_by) == {name, None}  # None: the missing values
    assert [k for k, by in enumerate(judged.judged_by) if by is None] == untold
