"""Fixtures of the API tests: in-process clients and a demo file."""

import pytest

from app import create_app
from settings import Settings


@pytest.fixture
def client():
    """A client of the app with its default settings."""
    return create_app().test_client()


@pytest.fixture
def app_with():
    """A client of an app with other settings."""

    def make(**settings):
        return create_app(Settings(**settings)).test_client()

    return make


@pytest.fixture(scope="session")
def csv_file():
    """A CSV file of a demo series with 400 points and known faults."""
    return create_app().test_client().get("/api/v1/demo?points=400", headers={"Accept": "text/csv"}).data
