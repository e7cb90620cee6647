"""What every test shares: how Hypothesis searches, and the real server."""

import os
import sys
import threading
import time

import pytest
from hypothesis import settings

from tests.databases import postgresql
from tests.serving import serving

# A slow machine is no failure. In continuous integration the same cases each time, elsewhere new ones.
settings.register_profile("house", deadline=None, derandomize="CI" in os.environ, print_blob=True)
settings.load_profile("house")


SECONDS_TO_END = 30.0


def pytest_addoption(parser):
    parser.addoption("--without-torch", action="store_true", help="fail tests that import torch; ./run test quick")


def pytest_configure(config):
    if config.getoption("--without-torch"):
        sys.modules["torch"] = None  # importing it raises ImportError


def pytest_sessionfinish():
    """Lets the fits end that stopped streams left at work: torch aborts a process that ends under it."""
    until = time.monotonic() + SECONDS_TO_END
    for thread in threading.enumerate():
        if thread.name == "fitter":
            thread.join(max(0.0, until - time.monotonic()))


@pytest.fixture(scope="session")
def postgresql_server():
    """A PostgreSQL of these tests' own; skips where there is none."""
    with postgresql() as server:
        yield server


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request, tmp_path):
    """The address of an empty database: a test that asks for it runs on each kind."""
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
