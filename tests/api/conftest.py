"""The app called in process, and series to send it."""

import pytest

from app import create_app
from settings import Settings


@pytest.fixture
def client():
    """The app with its default settings."""
    return create_app().test_client()


@pytest.fixture
def app_with():
    """A client of an app with other settings."""

    def make(**facts):
        return create_app(Settings(**facts)).test_client()

    return make


@pytest.fixture(scope="session")
def csv_file():
    """A demo series of 400 points with known faults, as the bytes of a file."""
    return create_app().test_client().get("/api/v1/demo?points=400", headers={"Accept": "text/csv"}).data
