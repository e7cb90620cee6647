"""InfluxDB writes: the real clients against the real server, and each refusal."""

import gzip
import http.client
import json
import time
from urllib.parse import quote, urlsplit

import pytest
from influxdb import InfluxDBClient as Client1
from influxdb.exceptions import InfluxDBClientError
from influxdb_client.client.influxdb_client import InfluxDBClient as Client2
from influxdb_client.client.write.point import Point
from influxdb_client.client.write_api import SYNCHRONOUS
from influxdb_client.domain.write_precision import WritePrecision
from influxdb_client.rest import ApiException

from api.influx import MAX_REFUSALS
from app import create_app
from settings import Settings
from store import StreamStore
from streams import Streams, WriteFailed
from tests.streams.conftest import with_quick_demo

START = 1_767_225_600_000


@pytest.fixture
def streams(tmp_path):
    store = StreamStore.open(f"sqlite:///{tmp_path / 'x.db'}")
    running = Streams(with_quick_demo(store))
    running.start()
    yield running
    running.stop()
    store.close()


@pytest.fixture
def client(streams):
    return create_app(Settings(max_upload_bytes=100_000), streams).test_client()


def stored(streams, name):
    """The times in ms and the values of a stream."""
    points = streams.read(name)
    return list(zip(points.times.astype(int).tolist(), points.values.tolist(), strict=True))


def lines(*parts):
    return "\n".join(parts).encode()


@pytest.fixture
def client_1(server_url):
    address = urlsplit(server_url)
    with Client1(address.hostname, address.port, "user", "password", "database") as client:
        yield client


@pytest.fixture
def client_2(server_url):
    with Client2(server_url, token="token", org="org") as client:
        yield client


def read(server_url, name):
    address = urlsplit(server_url)
    connection = http.client.HTTPConnection(address.hostname, address.port)
    connection.request("GET", f"/api/v1/streams/{quote(name, safe='')}/points?times=ms")
    result = json.load(connection.getresponse())
    connection.close()
    return list(zip(result["times"], result["values"], strict=True))


def test_the_client_of_version_1(client_1, server_url):
    assert client_1.ping().startswith("1.8.0-")
    points = [
        {"measurement": "v1 room", "tags": {"floor": "2", "building": "A, west"}, "time": START + k, "fields": fields}
        for k, fields in enumerate([{"temp": 21.5, "on": True, "note": 'a "quoted", note'}, {"temp": 22.5, "count": 3}])
    ]
    assert client_1.write_points(points, time_precision="ms")
    assert read(server_url, r"v1 room.temp{building=A\, west,floor=2}") == [(START, 21.5), (START + 1, 22.5)]
    assert read(server_url, r"v1 room.on{building=A\, west,floor=2}") == [(START, 1.0)]
    assert read(server_url, r"v1 room.count{building=A\, west,floor=2}") == [(START + 1, 3.0)]


def test_the_client_of_version_1_makes_and_lists_databases_before_it_writes(client_1):
    client_1.create_database("telegraf")
    assert client_1.get_list_database() == [{"name": "database"}]
    with pytest.raises(InfluxDBClientError, match="Only CREATE DATABASE and SHOW DATABASES"):
        client_1.query("SELECT * FROM cpu")


def test_the_empty_write_of_home_assistant_is_accepted(client_1):
    assert client_1.write_points([])


def test_the_client_of_version_1_writes_lines_and_compresses(server_url):
    address = urlsplit(server_url)
    with Client1(address.hostname, address.port, gzip=True) as client:
        assert client.write_points([f"v1gzip value={k} {START // 1000 + k}" for k in range(50)], "s", protocol="line")
    assert read(server_url, "v1gzip.value") == [(START + 1000 * k, float(k)) for k in range(50)]


def test_the_client_of_version_1_gets_the_refused_line(client_1, server_url):
    with pytest.raises(InfluxDBClientError) as raised:
        client_1.write_points([f"v1bad value=1 {START}", "v1bad value=", "v1good value=2"], "ms", protocol="line")
    assert raised.value.code == 400
    expected = "partial write: unable to parse 'v1bad value=': missing field value (line 2) dropped=1"
    assert json.loads(raised.value.content) == {"error": expected}
    assert read(server_url, "v1bad.value") == [(START, 1.0)]


def test_the_client_of_version_2(client_2, server_url):
    assert client_2.ping()
    with pytest.warns(DeprecationWarning, match="ping"):
        assert client_2.health().status == "pass"
    assert client_2.ready().status == "ready"
    assert client_2.version().startswith("1.8.0-")
    with client_2.write_api(write_options=SYNCHRONOUS) as writer:
        points = [
            Point("v2").tag("küche", "a=b").field("temp", 20 + k).time(START + k, WritePrecision.MS) for k in range(30)
        ]
        writer.write("bucket", record=points)
        writer.write("bucket", record={"measurement": "v2", "fields": {"dict": 1.5}, "time": START * 10**6})
    assert read(server_url, "v2.temp{küche=a=b}") == [(START + k, 20.0 + k) for k in range(30)]
    assert read(server_url, "v2.dict") == [(START, 1.5)]


def test_the_client_of_version_2_writes_in_batches_from_its_own_thread(client_2, server_url):
    failures = []
    with client_2.write_api(error_callback=lambda *facts: failures.append(facts)) as writer:
        for k in range(2_500):
            writer.write("bucket", record=f"v2batch value={k} {(START + k) * 10**6}")
    assert failures == []
    assert read(server_url, "v2batch.value")[-1] == (START + 2_499, 2_499.0)


def test_the_client_of_version_2_gets_the_refused_line(client_2):
    with client_2.write_api(write_options=SYNCHRONOUS) as writer, pytest.raises(ApiException) as raised:
        writer.write("bucket", record=["v2bad value=1", "v2bad value=NaN"])
    assert raised.value.status == 400
    result = json.loads(raised.value.body)
    assert (result["code"], result["line"]) == ("invalid", 2)
    assert "invalid field value NaN" in result["message"]


@pytest.mark.parametrize("path", ["/write", "/api/v2/write"])
class TestEitherVersion:
    def test_good_lines_are_stored_and_get_no_content(self, client, streams, path):
        response = client.post(f"{path}?precision=ms", data=lines(f"m v=1 {START}", f"m v=2,w=3 {START + 1}"))
        assert (response.status_code, response.data) == (204, b"")
        assert stored(streams, "m.v") == [(START, 1.0), (START + 1, 2.0)]
        assert stored(streams, "m.w") == [(START + 1, 3.0)]

    def test_one_write_may_hold_many_streams_old_and_new(self, client, streams, path):
        for k in range(3):
            body = lines(*(f"m,id={i} v={k} {START + k}" for i in range(10 + 10 * k)))
            assert client.post(f"{path}?precision=ms", data=body).status_code == 204
        assert stored(streams, "m.v{id=0}") == [(START + k, float(k)) for k in range(3)]
        assert stored(streams, "m.v{id=29}") == [(START + 2, 2.0)]

    def test_more_streams_than_allowed_are_refused_and_the_others_are_stored(self, client, streams, path, monkeypatch):
        client.post(f"{path}?precision=ms", data=lines(f"m v=1 {START}"))
        monkeypatch.setattr(streams, "max_streams", 2)  # with the demo stream there are two
        response = client.post(f"{path}?precision=ms", data=lines(f"n v=1 {START}", f"m v=2 {START + 1}"))
        assert response.status_code == 400
        assert "There are 2 streams already; delete one first. (line 1) dropped=1" in response.get_data(as_text=True)
        assert len(stored(streams, "m.v")) == 2

    def test_a_write_without_numbers_is_accepted(self, client, path):
        for body in (b"", b"\n", b"# comment\n", b'm note="text"'):
            assert client.post(path, data=body).status_code == 204

    def test_a_line_without_a_time_has_the_time_of_its_arrival(self, client, streams, path):
        client.post(path, data=b"m v=1")
        [(time, _)] = stored(streams, "m.v")
        assert time > START

    def test_a_repeated_write_changes_nothing(self, client, streams, path):
        for _ in range(2):
            assert client.post(f"{path}?precision=ms", data=lines(f"m v=1 {START}")).status_code == 204
        assert stored(streams, "m.v") == [(START, 1.0)]

    def test_late_points_are_stored_in_the_order_of_arrival(self, client, streams, path):
        client.post(f"{path}?precision=ms", data=lines(f"m v=1 {START}"))
        response = client.post(f"{path}?precision=ms", data=lines(f"m v=2 {START - 5}", f"m v=3 {START + 5}"))
        assert response.status_code == 204
        assert stored(streams, "m.v") == [(START, 1.0), (START - 5, 2.0), (START + 5, 3.0)]

    def test_points_beyond_the_capacity_are_refused_with_a_reason(self, client, streams, path):
        streams.put("m.v", "rolling_zscore", capacity=1)
        client.post(f"{path}?precision=ms", data=lines(f"m v=1 {START}"))
        response = client.post(f"{path}?precision=ms", data=lines("n v=1 1", f"m v=2 {START - 5}"))
        assert response.status_code == 400
        assert "points of 'm.v' beyond its capacity (from line 2 on) dropped=1" in response.get_data(as_text=True)
        assert stored(streams, "m.v") == [(START, 1.0)]
        assert stored(streams, "n.v") == [(1, 1.0)]

    def test_late_points_beyond_the_retention_are_refused_with_a_reason(self, client, streams, path):
        streams.put("m.v", "rolling_zscore", retention_days=1)
        now = int(time.time() * 1000)
        client.post(f"{path}?precision=ms", data=lines(f"m v=1 {now}"))
        response = client.post(f"{path}?precision=ms", data=lines(f"m v=2 {now - 2 * 86_400_000}"))
        assert response.status_code == 400
        assert "points of 'm.v' older than its retention (from line 1 on) dropped=1" in response.get_data(as_text=True)
        assert stored(streams, "m.v") == [(now, 1.0)]

    def test_a_refused_stream_does_not_affect_the_others(self, client, streams, path):
        long = "x" * 600
        response = client.post(path, data=lines(f"{long} v=1", "m v=1 9000000000000000000", "n v=1 1000000"))
        message = response.get_data(as_text=True)
        assert response.status_code == 400
        assert "(line 1)" in message
        assert "too far in the future" in message
        assert "dropped=2" in message
        assert stored(streams, "n.v") == [(1, 1.0)]

    def test_a_line_in_the_future_is_refused_and_the_others_are_stored(self, client, streams, path):
        ahead = int(time.time()) + 3600
        sent = lines(f"m v=1 {START // 1000}", f"m v=2 {ahead}", f"m v=3 {START // 1000 + 1}", f"n v=1 {ahead}")
        response = client.post(f"{path}?precision=s", data=sent)
        message = response.get_data(as_text=True)
        assert response.status_code == 400
        assert f"unable to parse 'm v=2 {ahead}': time too far in the future: the clock here shows " in message
        assert (
            "and 10 minutes more are allowed. Check the sender's clock, the time zone and the precision (line 2)"
            in message
        )
        assert "(line 4) dropped=2" in message
        assert stored(streams, "m.v") == [(START, 1.0), (START + 1000, 3.0)]
        assert [each.name for each in streams.list()] == ["demo", "m.v"]

    def test_an_unknown_precision(self, client, path):
        response = client.post(f"{path}?precision=d", data=b"m v=1")
        assert response.status_code == 400
        assert "precision must be one of" in response.get_data(as_text=True)

    def test_many_refusals_are_counted(self, client, path):
        response = client.post(path, data=b"bad\n" * 500)
        message = response.get_data(as_text=True)
        assert message.count("unable to parse") == MAX_REFUSALS
        assert f"and {100 - MAX_REFUSALS} more dropped=500" in message
        assert "\n" not in response.headers["X-Influxdb-Error"]

    def test_a_body_that_is_too_large(self, client, path):
        response = client.post(path, data=b"x" * 200_000)
        assert response.status_code == 413

    def test_a_broken_gzip_and_an_unknown_compression(self, client, path):
        broken = gzip.compress(b"m v=1" * 100)[:20]
        assert client.post(path, data=broken, headers={"Content-Encoding": "gzip"}).status_code == 400
        assert client.post(path, data=broken, headers={"Content-Encoding": "br"}).status_code == 415

    def test_without_a_store(self, path):
        assert create_app().test_client().post(path, data=b"m v=1").status_code == 503

    def test_a_failed_write_can_be_repeated(self, client, streams, path, monkeypatch):
        def fail(*_args):
            raise WriteFailed("The points could not be written; send them again.")

        monkeypatch.setattr(streams, "push_many", fail)
        response = client.post(path, data=b"m v=1")
        assert response.status_code == 503
        assert "send them again" in response.get_data(as_text=True)

    def test_a_defect_is_only_logged(self, client, streams, path, monkeypatch, caplog):
        monkeypatch.setattr(streams, "push_many", lambda *_args: 1 / 0)
        response = client.post(path, data=b"m v=1")
        assert response.status_code == 500
        assert "ZeroDivisionError" not in response.get_data(as_text=True)
        assert "ZeroDivisionError" in caplog.text

    def test_every_refusal_has_the_shape_of_its_version(self, client, path):
        refusals = [
            client.post(path, data=b"bad"),
            client.post(path, data=b"x" * 200_000),
            client.post(path, data=b"m v=1", headers={"Host": "evil.example.org"}),
            client.post(path, data=b"m v=1", headers={"Content-Encoding": "br"}),
        ]
        assert [response.status_code for response in refusals] == [400, 413, 403, 415]
        for response in refusals:
            result = json.loads(response.data)
            if path == "/write":
                assert set(result) == {"error"}
            else:
                assert {"code", "message"} <= set(result) <= {"code", "message", "line"}
            assert response.headers["X-Influxdb-Version"].startswith("1.8.0-")


def test_health_and_ready_follow_whether_points_can_be_stored():
    without_store = create_app(Settings()).test_client()  # no store
    for path in ("/health", "/ready"):
        response = without_store.get(path)
        assert (response.status_code, response.json["code"]) == (503, "unavailable")


def test_ping(client):
    for response in (client.get("/ping"), client.head("/ping")):
        assert (response.status_code, response.data) == (204, b"")
        assert response.headers["X-Influxdb-Version"].startswith("1.8.0-")


def test_a_carriage_return_in_a_refused_line_and_long_ones(client):
    response = client.post("/write", data=b"\xc2\x85bad\rline\x7f\r x=1,y\n" + b"z" * 50_000)
    assert response.status_code == 400
    assert response.headers["X-Influxdb-Error"].isprintable()
    assert len(response.data) < 2_000
    assert len(client.post("/write", data=b"n" * 40_000 + b" v=1").data) < 2_000


def test_a_large_body_is_refused_by_its_own_limit_also_compressed(streams):
    client = create_app(Settings(max_write_bytes=2_000), streams).test_client()
    for data, headers in ((b"\n" * 2_001, {}), (gzip.compress(b"\n" * 2_001), {"Content-Encoding": "gzip"})):
        response = client.post("/write", data=data, headers=headers)
        assert response.status_code == 413
        assert "ANOMALY_MAX_WRITE_BYTES" in response.json["error"]
    assert client.post("/write", data=b"\n" * 2_000).status_code == 204


@pytest.mark.parametrize("pack", [bytes, gzip.compress])
def test_large_writes_run_one_at_a_time(streams, monkeypatch, pack):
    app = create_app(Settings(max_queued_requests=0), streams)
    headers = {"Content-Encoding": "gzip"} if pack is gzip.compress else {}
    with app.extensions["anomaly"].write_limit.acquire():
        response = app.test_client().post("/write", data=pack(b"\n" * 1_500_000), headers=headers)
        assert response.status_code == 503
        assert int(response.headers["Retry-After"]) > 0
        assert app.test_client().post("/write", data=pack(b"m v=1"), headers=headers).status_code == 204
    assert app.test_client().post("/write", data=pack(b"\n" * 1_500_000), headers=headers).status_code == 204


def test_unknown_streams_are_looked_up_in_one_query(streams, client, monkeypatch):
    monkeypatch.setattr(streams, "max_streams", 1)
    lookups = []
    monkeypatch.setattr(streams.store, "stream", lambda name: lookups.append(name))
    response = client.post("/write", data="\n".join(f"m{k} v=1" for k in range(3_000)).encode())
    assert response.status_code == 400
    assert "dropped=3000" in response.json["error"]
    assert not lookups


@pytest.mark.parametrize("letter", "\x7f\x85\u2028\u2029\u202e\u2066\u200f")
def test_names_that_show_as_others_are_refused(client, letter):
    assert client.put("/api/v1/streams/" + quote(f"a{letter}b"), json={}).status_code == 400
    assert client.post("/write", data=f"a{letter}b v=1".encode()).status_code == 400
