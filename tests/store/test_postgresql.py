"""PostgreSQL only: a restarted server, passwords in errors, concurrent writers."""

import json
import urllib.error
import urllib.request
from concurrent.futures import ThreadPoolExecutor

import pytest

from store import CannotOpen, StreamStore, Unavailable
from streams import Streams, WriteFailed
from tests.databases import PASSWORD, postgresql
from tests.serving import serving
from tests.streams.conftest import with_quick_demo


@pytest.fixture
def restartable_server():
    """A server that the test may stop."""
    with postgresql() as server:
        yield server


def call(url, method, path, body):
    data, headers = json.dumps(body).encode(), {"Content-Type": "application/json"}
    try:
        with urllib.request.urlopen(urllib.request.Request(f"{url}{path}", data, headers, method=method)) as response:
            return response.status, json.load(response)
    except urllib.error.HTTPError as error:
        return error.code, json.load(error)


def metrics(url):
    """The lines of /metrics."""
    with urllib.request.urlopen(f"{url}/metrics") as response:
        return set(response.read().decode().splitlines())


def test_a_restarted_server_loses_no_acknowledged_point(restartable_server, tmp_path, monkeypatch):
    monkeypatch.setenv("no_proxy", "*")
    stream, push = "/api/v1/streams/s", {"values": [1.0, 2.0]}
    with serving(tmp_path, "--database-url", restartable_server.url("postgres")) as url:
        assert call(url, "PUT", stream, {"detector": "rolling_zscore"})[0] == 200
        assert call(url, "POST", f"{stream}/points", push)[0] == 200
        restartable_server.stop("immediate")  # as after a crash
        for _ in range(2):  # the first time the stream is in memory, the second time it is not
            status, body = call(url, "POST", f"{stream}/points", push)
            assert (status, body["error"]["code"]) == (503, "not_stored")
        status, body = call(url, "PUT", "/api/v1/streams/t", {})
        assert (status, body["error"]["code"]) == (503, "unavailable")
        during_outage = metrics(url)
        assert "anomaly_database_up 0.0" in during_outage
        assert "anomaly_points_total 2.0" in during_outage  # needs no database
        assert "anomaly_streams{" not in "".join(during_outage)
        restartable_server.start()
        status, body = call(url, "POST", f"{stream}/points", push)
        assert (status, body["cursor"]) == (200, 4)
        assert call(url, "PUT", "/api/v1/streams/t", {})[0] == 200
        assert {"anomaly_database_up 1.0", 'anomaly_stream_points_total{stream="s"} 4.0'} <= metrics(url)


def test_a_stopped_server_raises_write_failed_and_unavailable(restartable_server):
    store = StreamStore.open(restartable_server.url("postgres"))
    streams = Streams(with_quick_demo(store))
    streams.start()
    streams.put("s", "rolling_zscore")
    restartable_server.stop("immediate")
    with pytest.raises(WriteFailed):
        streams.push("s", None, [1.0])
    with pytest.raises(Unavailable) as caught:
        store.streams()
    assert PASSWORD not in str(caught.value)
    restartable_server.start()
    assert streams.push("s", None, [1.0]).cursor == 1
    streams.stop()
    store.close()


def test_a_wrong_password_is_one_sentence_without_a_password(postgresql_server):
    url = postgresql_server.url("postgres").replace(PASSWORD, "wr0ng-secret")
    with pytest.raises(CannotOpen) as caught:
        StreamStore.open(url)
    assert "password authentication failed" in caught.value.message
    assert "wr0ng" not in f"{caught.value.message} {caught.value.detail}"


def test_services_that_start_together_upgrade_one_database(postgresql_server):
    url = postgresql_server.new()
    with ThreadPoolExecutor(4) as pool:
        for store in pool.map(StreamStore.open, [url] * 4):
            assert store.streams() == []
            store.close()


def test_concurrent_writers_are_serialized(database_url):
    store = StreamStore.open(database_url)

    def put(_):
        return [store.put(f"s{k}", "d", {"sigma": k}, 100).id for k in range(20)]

    with ThreadPoolExecutor(4) as pool:
        made = list(pool.map(put, range(4)))
    assert made == [made[0]] * 4
    assert store.count() == 20
    store.close()


def test_a_stream_name_with_a_null_character_returns_none(database_url):
    store = StreamStore.open(database_url)
    for name in ("a", "b"):
        store.put(name, "d", {}, 100)
    assert store.stream("a\0") is None
    assert [stream.name for stream in store.streams(after="a\0b")] == ["b"]
    store.close()
