"""A failing database: the error response, the logged cause, and /metrics."""

import pytest

from alerts import Alerts
from app import create_app
from settings import Settings
from store import StreamStore
from streams import Streams
from tests.api.invariants import check_error


@pytest.fixture
def client(tmp_path):
    """A client of an app whose database has lost a table: the driver raises the same error as for a full disk."""
    store = StreamStore.open(f"sqlite:///{tmp_path / 'x.db'}")
    streams = Streams(store)
    with store.database.write() as connection:
        connection.exec_driver_sql("ALTER TABLE stream RENAME TO lost")
    yield create_app(Settings(), streams, Alerts(store, [])).test_client()
    store.close()


def test_the_client_gets_a_message_and_the_cause_is_logged(client, caplog):
    response = client.get("/api/v1/streams/a")
    check_error(response, 503, "unavailable")
    assert response.headers["Retry-After"]
    [record] = caplog.records
    assert record.levelname == "ERROR"
    assert "GET /api/v1/streams/a" in record.getMessage()
    assert "no such table: stream" in record.getMessage()
    assert "no such table" not in response.get_data(as_text=True)


def test_metrics_without_the_database_are_returned(client, caplog):
    response = client.get("/metrics")
    assert response.status_code == 200
    lines = response.get_data(as_text=True).splitlines()
    assert {"anomaly_database_up 0.0", "anomaly_commits_waiting 0.0"} <= set(lines)
    assert not [line for line in lines if line.startswith(("anomaly_stream", "anomaly_alert"))]
    assert "no such table: stream" in caplog.text
