"""A locked SQLite file and a full disk: reads go on, and each refused write gets the reason."""

import json
import sqlite3
import urllib.error
import urllib.request
from concurrent.futures import ThreadPoolExecutor

import pytest
import sqlalchemy as sa

from tests.api.test_fast_path import StreamService, push_request
from tests.serving import serving
from tests.waiting import SECONDS

CLIENTS = 80  # more than the server has threads


def call(url, method, path, body=None, content_type="application/json"):
    request = urllib.request.Request(
        f"{url}{path}", body, {"Content-Type": content_type} if body else {}, method=method
    )
    try:
        with urllib.request.urlopen(request, timeout=SECONDS) as response:
            return response.status, json.load(response), dict(response.headers)
    except urllib.error.HTTPError as error:
        with error:
            return error.code, json.load(error), dict(error.headers)


@pytest.mark.parametrize("writer", ["points", "file", "stream"])
def test_reads_are_answered_while_the_database_is_locked(tmp_path, monkeypatch, writer):
    monkeypatch.setenv("no_proxy", "*")
    requests = {
        "points": ("POST", "/api/v1/streams/s/points", b'{"values": [1]}'),
        "file": ("POST", "/api/v1/streams/s/points", b"value\n1\n2\n", "text/csv"),
        "stream": ("PUT", "/api/v1/streams/t", b'{"detector": "rolling_zscore"}'),
    }
    with serving(tmp_path) as url, ThreadPoolExecutor(CLIENTS) as pool:
        assert call(url, "PUT", "/api/v1/streams/s", b'{"detector": "rolling_zscore"}')[0] == 200
        other = sqlite3.connect(tmp_path / "anomaly.db", isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        pending = [pool.submit(call, url, *requests[writer]) for _ in range(CLIENTS)]
        assert call(url, "GET", "/healthz")[0] == 200
        done_early = [each for each in pending if each.done()]
        other.execute("ROLLBACK")
        other.close()
        responses = [each.result() for each in pending]
        assert {each.result()[0] for each in done_early} <= {503}  # on a slow machine a late request times out
        assert len(done_early) < CLIENTS
        assert {status for status, _, _ in responses} <= {200, 503}
        assert all(headers["Retry-After"] for status, _, headers in responses if status == 503)
        status, body, _ = call(url, *requests["points"])
        stored = sum({"points": 1, "file": 2, "stream": 0}[writer] for status, _, _ in responses if status == 200)
        assert (status, body["cursor"]) == (200, stored + 1)


@pytest.fixture
def full_disk(tmp_path):
    """A service with a stream, whose disk is then full."""
    service = StreamService(f"sqlite:///{tmp_path}/x.db")
    engine = service.store.database.engine
    with engine.connect() as connection:
        pages = connection.exec_driver_sql("PRAGMA page_count").scalar_one()
    engine.dispose()

    def limit_pages(connection, _record):
        connection.execute(f"PRAGMA max_page_count={pages}").close()

    sa.event.listen(engine, "connect", limit_pages)
    yield service
    service.close()


def test_a_full_disk_is_reported_to_the_client_and_logged_once(full_disk, caplog):
    bodies = {json.dumps(full_disk.via_fast_path(*push_request(*range(200)))[2]) for _ in range(60)}
    errors = [json.loads(text)["error"]["message"] for text in bodies if "error" in text]
    assert len(errors) == 1
    assert errors[0].startswith("The disk of the service is full")
    logged = [record.getMessage() for record in caplog.records if record.levelname == "ERROR"]
    assert logged.count("points could not be written: The disk of the database is full.") == 1
    assert len(logged) <= 2  # a fit may have been running
    assert "Traceback" not in caplog.text
    client = full_disk.app.test_client()
    for k in range(100):
        response = client.put(f"/api/v1/streams/{'x' * 400}{k}", json={"detector": "rolling_zscore"})
        if response.status_code != 200:
            break
    assert response.status_code == 503
    assert response.get_json()["error"]["message"].startswith("The disk of the service is full")
