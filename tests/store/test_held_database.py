"""While another program holds the SQLite file, or the disk is full: who only reads is served, and each is told why."""

import json
import sqlite3
import urllib.error
import urllib.request
from concurrent.futures import ThreadPoolExecutor

import pytest
import sqlalchemy as sa

from tests.api.test_fast_path import Side, pushed
from tests.serving import serving
from tests.waiting import SECONDS

MANY = 80  # more than there are threads


def ask(url, method, path, body=None, kind="application/json"):
    request = urllib.request.Request(f"{url}{path}", body, {"Content-Type": kind} if body else {}, method=method)
    try:
        with urllib.request.urlopen(request, timeout=SECONDS) as answer:
            return answer.status, json.load(answer), dict(answer.headers)
    except urllib.error.HTTPError as error:
        with error:
            return error.code, json.load(error), dict(error.headers)


@pytest.mark.parametrize("how", ["points", "file", "stream"])
def test_who_only_reads_is_answered_meanwhile(tmp_path, monkeypatch, how):
    monkeypatch.setenv("no_proxy", "*")
    requests = {
        "points": ("POST", "/api/v1/streams/s/points", b'{"values": [1]}'),
        "file": ("POST", "/api/v1/streams/s/points", b"value\n1\n2\n", "text/csv"),
        "stream": ("PUT", "/api/v1/streams/t", b'{"detector": "rolling_zscore"}'),
    }
    with serving(tmp_path) as url, ThreadPoolExecutor(MANY) as pool:
        assert ask(url, "PUT", "/api/v1/streams/s", b'{"detector": "rolling_zscore"}')[0] == 200
        other = sqlite3.connect(tmp_path / "anomaly.db", isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        waiting = [pool.submit(ask, url, *requests[how]) for _ in range(MANY)]
        assert ask(url, "GET", "/healthz")[0] == 200
        early = [each for each in waiting if each.done()]
        other.execute("ROLLBACK")
        other.close()
        answers = [each.result() for each in waiting]
        assert {each.result()[0] for each in early} <= {503}  # a slow machine: who comes after a while is sent away
        assert len(early) < MANY
        assert {status for status, _, _ in answers} <= {200, 503}
        assert all(headers["Retry-After"] for status, _, headers in answers if status == 503)
        status, told, _ = ask(url, *requests["points"])
        kept = sum({"points": 1, "file": 2, "stream": 0}[how] for status, _, _ in answers if status == 200)
        assert (status, told["cursor"]) == (200, kept + 1)


@pytest.fixture
def full(tmp_path):
    """A service with a stream, whose disk then has no room for more."""
    side = Side(f"sqlite:///{tmp_path}/x.db")
    engine = side.store.database.engine
    with engine.connect() as connection:
        pages = connection.exec_driver_sql("PRAGMA page_count").scalar_one()
    engine.dispose()

    def no_room(connection, _record):
        connection.execute(f"PRAGMA max_page_count={pages}").close()

    sa.event.listen(engine, "connect", no_room)
    yield side
    side.close()


def test_a_full_disk_is_named_to_the_caller_and_once_to_the_log(full, caplog):
    told = {json.dumps(full.short(*pushed(*range(200)))[2]) for _ in range(60)}
    errors = [json.loads(text)["error"]["message"] for text in told if "error" in text]
    assert len(errors) == 1
    assert errors[0].startswith("The disk of the service is full")
    said = [record.getMessage() for record in caplog.records if record.levelname == "ERROR"]
    assert said.count("points could not be written: The disk of the database is full.") == 1
    assert len(said) <= 2  # a fit may have been under way
    assert "Traceback" not in caplog.text
    client = full.app.test_client()
    for k in range(100):
        response = client.put(f"/api/v1/streams/{'x' * 400}{k}", json={"detector": "rolling_zscore"})
        if response.status_code != 200:
            break
    assert response.status_code == 503
    assert response.get_json()["error"]["message"].startswith("The disk of the service is full")
