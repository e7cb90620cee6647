"""Fixtures of the alert tests: a store, a watched stream, and a function that appends points."""

from dataclasses import replace

import numpy as np
import pytest

from events.scored_points import ScoredPoints
from store import AppendedPoints, StreamStore

START = 1_767_225_600_000
HEIGHT = {".": 0.0, "#": 5.0}


@pytest.fixture
def url(database_url):
    """The URL of the database."""
    return database_url


@pytest.fixture
def store(url):
    """An empty store."""
    opened = StreamStore.open(url)
    yield opened
    opened.close()


@pytest.fixture(autouse=True)
def no_proxy(monkeypatch):
    """Sends no request through a proxy: the receivers are local."""
    monkeypatch.setenv("no_proxy", "*")


def make(store, name="boiler"):
    return store.put(name, "rolling_zscore", {}, 100_000)


def append(store, picture, name="boiler"):
    """Adds points around 100 ± 2, a second apart: . normal, # an anomaly of 105."""
    stream = store.stream(name)
    away = np.array([HEIGHT[sign] for sign in picture])
    cursor, n = stream.cursor + len(away), len(away)
    times = (START + 1000 * np.arange(stream.cursor, cursor)).astype("datetime64[ms]")
    columns = (100 + away, np.full(n, 100.0), np.full(n, 98.0), np.full(n, 102.0), away, away > 2)
    points = ScoredPoints(times, *columns, ("rolling_zscore",) * n, np.full(n, np.nan), np.zeros(n, bool), cursor)
    last = int(times[-1].astype(np.int64))
    after = replace(
        stream, cursor=cursor, timed=True, last_time=last, last_arrival=last, detector_names=("rolling_zscore",)
    )
    store.append([AppendedPoints(after, points)])
