"""Fixtures of the job tests: a shared store, a job queue with a worker, a stored dataset."""

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


def wait_until_finished(read):
    """The record that `read` returns, once its status is final."""

    def finished_record():
        record = read()
        return None if record.status in ("queued", "running") else record

    return until(finished_record)


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    """One SQLite store for each test module; test_job_queue.py overrides it with one for each test and database."""
    opened = StreamStore.open(f"sqlite:///{tmp_path_factory.mktemp('store') / 'anomaly.db'}")
    yield opened
    opened.close()


@pytest.fixture(scope="module")
def datasets(store):
    return DatasetStore(store.database)


@pytest.fixture(scope="module")
def jobs(store):
    """A started queue; its worker is warm after the first test of the module."""
    queue = JobQueue(store, max_queued=5, max_bytes=MAX_BYTES)
    queue.start()
    yield queue
    queue.stop()


@pytest.fixture(scope="module")
def client(jobs):
    return create_app(Settings(), jobs=jobs).test_client()


@pytest.fixture
def dataset(datasets):
    return datasets.add(table(), 1, MAX_BYTES)
