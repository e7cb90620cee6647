"""Streams over HTTP: created, pushed to, read after a cursor, deleted."""

import pytest

from app import create_app
from settings import Settings
from store import StreamStore
from streams import Streams
from tests.api.invariants import check_error, strict_json
from tests.api.test_openapi import check_schema
from tests.streams.conftest import with_quick_demo

VALUES = [10.0, 11.0, 10.0, 12.0, 11.0] * 8
TIMES = [f"2025-03-01T10:{minute:02}:00Z" for minute in range(40)]


@pytest.fixture
def store(tmp_path):
    opened = StreamStore.open(f"sqlite:///{tmp_path / 'x.db'}")
    yield opened
    opened.close()


@pytest.fixture
def client(store):
    yield from served(with_quick_demo(store))


@pytest.fixture
def new_client(store):
    """A client of a service with an empty store."""
    yield from served(store)


def served(store):
    streams = Streams(store, max_streams=6)
    streams.start()
    yield create_app(Settings(), streams).test_client()
    streams.stop()


def put(client, name="a", **body):
    response = client.put(f"/api/v1/streams/{name}", json=body)
    assert response.status_code == 200, response.data
    return strict_json(response.data)


def push(client, name="a", **body):
    response = client.post(f"/api/v1/streams/{name}/points", json=body)
    assert response.status_code == 200, response.data
    return strict_json(response.data)


def read(client, name="a", query=""):
    response = client.get(f"/api/v1/streams/{name}/points{query}")
    assert response.status_code == 200, response.data
    return strict_json(response.data)


def without_repairs(result):
    return {name: column for name, column in result.items() if name not in {"repairs", "events"}}


def test_pushed_points_are_scored_and_can_be_read(client):
    made = put(client, detector="rolling_zscore", params={"window": 20})
    assert made["params"] == {"window": 20, "threshold": 5.0, "merge_gap": 3}
    assert read(client)["cursor"] == 0
    assert (made["points"], made["cursor"], made["last_time"], made["state"]) == (0, 0, None, "warming_up")
    assert made["judged_by"] is None
    result = push(client, times=TIMES, values=VALUES)
    assert result["times"] == TIMES
    assert result["values"] == VALUES
    assert result["cursor"] == 40
    assert result["repairs"] == []
    assert result["judged_by"] == [None] * 10 + ["rolling_zscore"] * 30
    check_schema(result, "StreamPoints")
    assert without_repairs(read(client)) == without_repairs(result)
    check_schema(read(client), "StreamPoints")
    stream = client.get("/api/v1/streams/a").json
    assert (stream["last_time"], stream["judged_by"]) == ("2025-03-01T10:39:00Z", "rolling_zscore")


def test_a_spike_is_flagged_as_it_arrives(client):
    put(client, detector="rolling_zscore")
    assert not any(push(client, values=VALUES)["is_anomaly"])
    result = push(client, values=[500.0])
    assert result["is_anomaly"] == [True]
    assert result["judged_by"] == ["rolling_zscore"]
    assert result["upper"][0] < 500
    assert client.get("/api/v1/streams/a").json["state"] == "anomalous"


def test_reading_returns_the_events_of_the_points(client):
    put(client, detector="rolling_zscore")
    push(client, times=TIMES, values=[*VALUES[:30], 500.0, *VALUES[31:]])
    points = read(client, query="?after=30&limit=3")
    check_schema(points, "StreamPoints")
    [event] = points["events"]
    assert (event["id"], event["start"], event["stop"], event["peak"]) == ("anomaly-31", 31, 32, 31)
    assert (event["start_time"], event["open"], event["value"]) == (TIMES[30], False, 500.0)
    assert read(client, query="?after=0&limit=20")["events"] == []
    assert read(client, query="?after=36&times=ms")["events"] == []


def test_reading_after_a_cursor(client):
    put(client, detector="rolling_zscore")
    push(client, values=VALUES)
    first = read(client, query="?limit=15&after=0")
    assert (first["values"], first["cursor"]) == (VALUES[:15], 15)
    rest = read(client, query=f"?after={first['cursor']}")
    assert (rest["values"], rest["cursor"]) == (VALUES[15:], 40)
    nothing = read(client, query="?after=40")
    assert (nothing["values"], nothing["cursor"]) == ([], 40)
    assert read(client, query="?limit=3")["values"] == VALUES[-3:]
    assert read(client, query="?limit=3&after=41")["values"] == VALUES[-3:]


def test_a_csv_file_is_pushed_too(client):
    put(client, detector="rolling_zscore")
    lines = "\n".join(f"{time},{value}" for time, value in zip(TIMES, VALUES, strict=True))
    result = client.post("/api/v1/streams/a/points", data=f"time,value\n{lines}\n", content_type="text/csv").json
    assert (result["times"], result["values"], result["cursor"]) == (TIMES, VALUES, 40)
    check_schema(result, "StreamPoints")


def test_a_file_with_several_columns_names_the_one_taken(client):
    put(client, detector="rolling_zscore")
    rows = (f"{time},{value + 7},{value}\n" for time, value in zip(TIMES, VALUES, strict=True))
    table = "time,a,b\n" + "".join(rows)
    url = "/api/v1/streams/a/points"
    result = client.post(f"{url}?value_column=b", data=table, content_type="text/csv").json
    check_schema(result, "StreamPoints")
    assert (result["column"], result["columns"], result["time_column"]) == ("b", ["a", "b"], "time")
    assert result["values"] == VALUES


@pytest.mark.parametrize("name", ["a/b", "a/points", "ü 100%", "cpu.load{host=x,zone=y}", "a%2Fb", "?", "x" * 500])
def test_any_text_is_a_name(client, name):
    from urllib.parse import quote

    path = f"/api/v1/streams/{quote(name, safe='')}"
    assert client.put(path, json={"detector": "rolling_zscore"}).json["name"] == name
    client.post(f"{path}/points", json={"values": [1]})
    assert client.get(path).json["points"] == 1
    assert client.get(f"{path}/points").json["values"] == [1]
    assert name in [stream["name"] for stream in client.get("/api/v1/streams").json["streams"]]
    assert client.delete(path).json == {"deleted": name}
    check_error(client.get(path), 404, "not_found")


@pytest.mark.parametrize("name", ["%2E", "%00", "%0A", "%FF", "x" * 501, "%2e%2e"])
def test_names_that_are_refused(client, name):
    check_error(client.put(f"/api/v1/streams/{name}", json={}), 400, "bad_input")


def test_streams_are_listed_by_name_page_by_page(client):
    for name in ("b", "a", "c"):
        put(client, name, detector="rolling_zscore")
    first = client.get("/api/v1/streams?limit=2").json
    assert [stream["name"] for stream in first["streams"]] == ["a", "b"]
    rest = client.get(f"/api/v1/streams?after={first['next']}").json
    assert [stream["name"] for stream in rest["streams"]] == ["c", "demo"]
    assert rest["next"] is None
    check_schema(rest, "StreamList")


def test_the_retention_is_returned_changed_and_removed(client):
    for body, result in (
        ({}, None),
        ({"retention_days": 0.5}, 0.5),
        ({}, 0.5),
        ({"retention_days": 7}, 7.0),
        ({"retention_days": None}, None),
    ):
        answer = client.put("/api/v1/streams/a", json={"detector": "rolling_zscore", **body}).get_json()
        assert answer["retention_days"] == result
        check_schema(answer, "Stream")
        assert client.get("/api/v1/streams/a").get_json()["retention_days"] == result
    for days in (0, -1, 1e9):
        error = check_error(client.put("/api/v1/streams/a", json={"retention_days": days}), 400, "bad_parameter")
        assert error["detail"]["name"] == "retention_days"
    check_error(client.put("/api/v1/streams/a", json={"retention_days": "7"}), 400, "unreadable")


def test_there_are_only_so_many_streams(client):
    for name in "abcde":
        put(client, name, detector="rolling_zscore")
    error = check_error(client.put("/api/v1/streams/f", json={}), 413, "limit_exceeded")
    assert error["detail"] == {"limit": 6, "setting": "ANOMALY_MAX_STREAMS"}


@pytest.mark.parametrize(
    ("body", "code", "facts"),
    [
        ({"values": [1, "x"]}, "unreadable", {"name": "values", "index": 1}),
        ({"values": [1, 2], "times": ["2025-03-01T10:00:00Z", None]}, "unreadable", {"name": "times", "index": 1}),
        ({"values": [1, 2], "times": ["2025-03-01T10:00:00Z", "soon"]}, "unreadable", {"name": "times", "index": 1}),
        ({"values": [1, 2], "times": [1]}, "unreadable", {"name": "times"}),
        ({"values": [1], "times": ["2999-03-01T10:00:00Z"]}, "bad_input", {"index": 0}),
        ({}, "unreadable", {}),
    ],
)
def test_one_bad_point_refuses_the_push(client, body, code, facts):
    put(client, detector="rolling_zscore")
    error = check_error(client.post("/api/v1/streams/a/points", json=body), 400, code)
    assert facts.items() <= error["detail"].items()
    assert read(client)["values"] == []


@pytest.mark.parametrize(
    ("method", "path", "body", "status", "code"),
    [
        ("get", "/none", None, 404, "not_found"),
        ("get", "/none/points", None, 404, "not_found"),
        ("post", "/none/points", {"values": [1]}, 404, "not_found"),
        ("delete", "/none", None, 404, "not_found"),
        ("delete", "/demo", None, 400, "bad_input"),
        ("post", "/demo/points", {"values": [1]}, 400, "bad_input"),
        ("put", "/a", {"detector": "none"}, 400, "unknown_name"),
        ("put", "/a", {"detector": "lstm", "params": {"windows": 3}}, 400, "unknown_name"),
        ("put", "/a", {"detector": "lstm", "params": {"series": 3}}, 400, "unknown_name"),
        ("put", "/a", {"params": {"progress": 3}}, 400, "unknown_name"),
        ("put", "/a", {"detector": "lstm", "params": {"sigma": -3}}, 400, "bad_parameter"),
        ("put", "/a", {"capacity": 10**10}, 400, "bad_parameter"),
        ("put", "/a", {"capacity": 0}, 400, "unreadable"),
        ("get", "/demo/points?limit=0", None, 400, "bad_parameter"),
        ("get", "/demo/points?after=x", None, 400, "bad_parameter"),
        ("get", "/demo/points?afetr=3", None, 400, "unknown_name"),
    ],
)
def test_refusals(client, method, path, body, status, code):
    check_error(getattr(client, method)(f"/api/v1/streams{path}", json=body), status, code)


def test_the_demo_stream_is_always_there_and_grows(new_client):
    client = new_client
    [demo] = client.get("/api/v1/streams").json["streams"]
    assert (demo["name"], demo["detector"]) == ("demo", "lstm")
    result = read(client, "demo", "?limit=50&times=ms")
    assert len(result["values"]) == 50
    assert [b - a for a, b in zip(result["times"], result["times"][1:], strict=False)] == [100] * 49
    assert None not in result["score"]
    older = read(client, "demo", f"?after={result['cursor'] - 20_000}&limit=7")
    assert older["cursor"] == result["cursor"] - 20_000 + 7
    overlap = read(client, "demo", f"?after={result['cursor'] - 50}&limit=50&times=ms")
    assert overlap["values"] == result["values"]


def test_without_a_store_streams_are_refused_in_a_sentence():
    check_error(create_app().test_client().get("/api/v1/streams"), 503, "no_store")


def test_labels_are_stored_by_time_and_by_cursor(client):
    put(client)
    push(client, times=TIMES, values=VALUES)
    path = "/api/v1/streams/a/labels"
    assert client.get(path).json == {"labels": []}
    message = [{"start": TIMES[3], "stop": TIMES[5], "kind": "anomaly", "note": "off"}]
    result = strict_json(client.put(path, json=message).data)
    assert result == {"labels": message} == client.get(path).json
    check_schema(result, "StreamLabels")
    put(client, "b")
    push(client, "b", values=VALUES)
    message = [{"start": 3, "stop": 5, "kind": "normal", "note": ""}]
    assert client.put("/api/v1/streams/b/labels", json=message).json == {"labels": message}
    assert client.put("/api/v1/streams/b/labels", json=[]).json == {"labels": []}


def test_labels_as_they_were_answered_can_be_sent_back(client):
    put(client)
    push(client, times=TIMES, values=VALUES)
    path = "/api/v1/streams/a/labels"
    client.put(path, json=[{"start": TIMES[3], "stop": TIMES[5], "kind": "anomaly"}])
    result = client.get(path).json
    assert client.put(path, json=result).json == result != {"labels": []}


def test_the_error_of_a_label_names_the_allowed_values(client):
    put(client)
    push(client, times=TIMES, values=VALUES)

    def refused(label):
        response = client.put("/api/v1/streams/a/labels", json=[label])
        return check_error(response, 400, response.json["error"]["code"])["message"]

    label = {"start": TIMES[3], "stop": TIMES[5], "kind": "anomaly"}
    assert "kind is one of anomaly, normal" in refused(label | {"kind": "odd"})
    assert "Known: start, stop, kind, note" in refused(label | {"why": "x"})
    assert "3 is not a time; this stream has times" in refused(label | {"start": 3, "stop": 5})


@pytest.mark.parametrize(
    ("labels", "code"),
    [
        ([{"start": "2025-03-01", "stop": "nonsense", "kind": "anomaly"}], None),
        ([{"start": "2025-03-02", "stop": "2025-03-01", "kind": "anomaly"}], "bad_input"),
        ([{"start": "2025-03-01", "stop": "2025-03-02", "kind": "odd"}], "unreadable"),
        ([{"start": "2025-03-01", "stop": "2025-03-02", "kind": "normal", "note": "a\0b"}], "bad_input"),
        ({}, "unreadable"),
    ],
)
def test_bad_labels_are_one_sentence(client, labels, code):
    put(client)
    push(client, times=TIMES, values=VALUES)
    response = client.put("/api/v1/streams/a/labels", json=labels)
    assert response.status_code == 400
    assert code in {None, response.json["error"]["code"]}
