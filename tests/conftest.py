"""Shared by all tests: Hypothesis settings, databases, the real server."""

import os
import sys
import threading
import time

import pytest
from hypothesis import settings

from tests.databases import postgresql
from tests.serving import serving

# No deadline: machines may be slow. Continuous integration repeats the same cases, other runs draw new ones.
settings.register_profile("house", deadline=None, derandomize="CI" in os.environ, print_blob=True)
settings.load_profile("house")


SECONDS_TO_END = 30.0


def pytest_addoption(parser):
    parser.addoption("--without-torch", action="store_true", help="fail tests that import torch; ./run test quick")


def pytest_configure(config):
    if config.getoption("--without-torch"):
        sys.modules["torch"] = None  # importing it raises ImportError


def pytest_sessionfinish():
    """Waits for fits of stopped streams: torch aborts a process that exits during a fit."""
    until = time.monotonic() + SECONDS_TO_END
    for thread in threading.enumerate():
        if thread.name == "fitter":
            thread.join(max(0.0, until - time.monotonic()))


@pytest.fixture(scope="session")
def postgresql_server():
    """A PostgreSQL server of this test session; skips where PostgreSQL is not installed."""
    with postgresql() as server:
        yield server


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request, tmp_path):
    """The URL of an empty database; a test that uses it runs on SQLite and on PostgreSQL."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'anomaly.db'}"
        return
    server = request.getfixturevalue("postgresql_server")
    url = server.new()
    yield url
    server.drop(url)


@pytest.fixture(scope="session")
def server_url(tmp_path_factory):
    """The real server with its default settings."""
    with serving(tmp_path_factory.mktemp("instance")) as url:
        yield url
