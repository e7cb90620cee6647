"""Jobs with a store of their own and a worker that is ended after each test."""

import numpy as np
import pytest

from app import create_app
from jobs import JobQueue
from settings import Settings
from store import DatasetStore, StreamStore
from tests.waiting import until
from timeseries import Table

MAX_BYTES = 10**9


def table(points=400, times=True, seed=0, spikes=(100, 250)):
    """A daily cycle with spikes."""
    values = 10 + np.sin(np.arange(points) / 4) + np.random.default_rng(seed).normal(0, 0.1, points)
    values[list(spikes)] += 8
    stamps = np.datetime64("2026-03-01", "ms") + np.timedelta64(600_000, "ms") * np.arange(points) if times else None
    columns = {"value": values, "other": values[::-1].copy()}
    return Table("t", stamps, columns, "time" if times else None, (), "value")


def ended(get):
    """What `get` gives once its status is that of an end."""

    def end():
        found = get()
        return None if found.status in ("queued", "running") else found

    return until(end)


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    """A store that the tests of a module share; test_jobs.py asks for its own, of each kind."""
    found = StreamStore.open(f"sqlite:///{tmp_path_factory.mktemp('store') / 'anomaly.db'}")
    yield found
    found.close()


@pytest.fixture(scope="module")
def datasets(store):
    return DatasetStore(store.database)


@pytest.fixture(scope="module")
def jobs(store):
    """Jobs whose worker is warm after the first test."""
    found = JobQueue(store, max_queued=5, max_bytes=MAX_BYTES)
    found.start()
    yield found
    found.stop()


@pytest.fixture(scope="module")
def client(jobs):
    return create_app(Settings(), jobs=jobs).test_client()


@pytest.fixture
def kept(datasets):
    return datasets.add(table(), 1, MAX_BYTES)
