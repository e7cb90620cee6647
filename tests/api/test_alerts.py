"""Alerts over HTTP: policies, replay, test messages; and from a push to a receiver with the real server."""

import json
import urllib.request
from dataclasses import replace

import pytest

from alerts import Alerts
from app import create_app
from settings import Settings
from store import Silence, Silences, StreamStore
from streams import Streams
from tests.alerts.receivers import http_receiver
from tests.api.invariants import check_error, strict_json
from tests.api.test_openapi import check_schema
from tests.serving import serving
from tests.streams.conftest import with_quick_demo
from tests.waiting import until

NORMAL_VALUES = [10.0, 11.0, 10.0, 12.0, 11.0] * 8
SPIKE = [95.0]
CALM = [10.0, 11.0, 10.0, 12.0, 11.0, 10.0]


class NeverSent:
    """A channel that is never sent to, because no thread runs."""

    name = "here"


@pytest.fixture
def store(tmp_path):
    store = StreamStore.open(f"sqlite:///{tmp_path / 'x.db'}")
    yield store
    store.close()


@pytest.fixture
def client(store):
    streams = Streams(with_quick_demo(store))
    streams.start()
    client = create_app(Settings(), streams, Alerts(store, [NeverSent()])).test_client()
    client.put("/api/v1/streams/boiler", json={"detector": "rolling_zscore", "params": {"window": 20}})
    yield client
    streams.stop()


def call(client, method, path, status=200, **body):
    response = client.open(f"/api/v1/{path}", method=method, **({"json": body["json"]} if "json" in body else {}))
    assert response.status_code == status, response.data
    return strict_json(response.data)


def push(client, values):
    call(client, "POST", "streams/boiler/points", json={"values": values})


def test_a_policy_is_put_read_and_deleted(client):
    put = call(client, "PUT", "streams/boiler/policy", json={"min_points": 2, "direction": "above"})
    assert (put["min_points"], put["direction"], put["recovery_points"]) == (2, "above", 4)
    assert call(client, "GET", "streams/boiler/policy") == put
    check_schema(put, "Policy")
    assert call(client, "DELETE", "streams/boiler/policy") == {"deleted": "boiler"}
    check_error(client.get("/api/v1/streams/boiler/policy"), 404, "not_found")
    check_error(client.delete("/api/v1/streams/boiler/policy"), 404, "not_found")


def test_a_replay_returns_the_messages_of_a_policy(client):
    push(client, NORMAL_VALUES + SPIKE + 4 * CALM + SPIKE)
    result = call(client, "POST", "streams/boiler/replay", json={})
    assert result["message"] == "Over the last 66 points this would have sent 3 messages, about 2 events."
    assert [notice["status"] for notice in result["notices"]] == ["firing", "resolved", "firing"]
    assert (result["notices"][0]["at"], result["notices"][0]["value"]) == (41, 95.0)
    check_schema(result, "Replay")
    assert call(client, "POST", "streams/boiler/replay") == result
    assert call(client, "POST", "streams/boiler/replay", json={"min_points": 2})["notices"] == []
    assert call(client, "GET", "alerts")["messages"] == []


def add_silence(store, cursor, stop):
    """Stores a silence of boiler after the point at a cursor; `stop` is None while it lasts."""
    stream, silences = store.stream("boiler"), Silences(store.database)
    [stored] = silences.begin({"boiler": Silence(stream.id, 0, cursor, None, 1000, 60_000, 61_000)}).values()
    if stop is not None:
        silences.end([replace(stored, stop=stop)])


def test_a_replay_counts_the_silences_of_its_points(client, store):
    call(client, "PUT", "streams/boiler", json={"capacity": 60})
    push(client, NORMAL_VALUES + SPIKE + 4 * CALM)  # 65 points, of which the first five are beyond the capacity
    for cursor, stop in ((3, 100_000), (50, 200_000), (65, None)):
        add_silence(store, cursor, stop)
    result = call(client, "POST", "streams/boiler/replay", json={})
    check_schema(result, "Replay")
    assert result["message"].endswith("would have sent 5 messages, about 1 event and 2 silences.")
    assert [(each["start"], each["open"]) for each in result["silences"]] == [(65, True), (50, False)]
    result = call(client, "POST", "streams/boiler/replay", json={"silent": False})
    assert result["silences"] == []
    assert result["message"].endswith("would have sent 2 messages, about 1 event.")
    result = call(client, "POST", "streams/boiler/replay", json={"min_points": 2})
    assert result["message"].endswith("would have sent 3 messages, about 2 silences.")


def test_the_parameters_of_a_policy_are_listed(client):
    result = call(client, "GET", "alerts")
    check_schema(result, "AlertList")
    listed = {param.pop("name"): param for param in result["policy_params"]}
    policy = call(client, "PUT", "streams/boiler/policy", json={})
    assert {name: param["default"] for name, param in listed.items()} == policy
    assert (listed["direction"]["type"], listed["direction"]["choices"]) == ("choice", ["both", "above", "below"])
    assert (listed["silent"]["type"], listed["silent"]["choices"]) == ("boolean", [True, False])
    assert listed["recovery_points"]["minimum"] == 1


def test_the_events_of_a_stream_report_its_policy(client):
    assert call(client, "GET", "streams/boiler/events")["watched"] is False
    policy = call(client, "PUT", "streams/boiler/policy", json={"recovery_points": 9})
    result = call(client, "GET", "streams/boiler/events?limit=1")
    assert (result["watched"], result["policy"]) == (True, policy)


def test_events_are_listed_and_read_after_a_cursor(client):
    push(client, NORMAL_VALUES + SPIKE + 4 * CALM)
    result = call(client, "GET", "streams/boiler/events?times=ms")
    [event] = result["events"]
    assert (event["id"], event["open"], event["start"], event["stop"], event["value"]) == (
        *("anomaly-41", False, 41, 42),
        95.0,
    )
    check_schema(result, "StreamEvents")
    assert call(client, "GET", f"streams/boiler/events?after={result['cursor']}")["events"] == []
    push(client, 2 * SPIKE)
    more = call(client, "GET", f"streams/boiler/events?after={result['cursor']}")
    assert [each["open"] for each in more["events"]] == [True]
    assert len(call(client, "GET", "streams/boiler/events?limit=1")["events"]) == 1
    call(client, "PUT", "streams/boiler/policy", json={"direction": "below"})
    assert call(client, "GET", "streams/boiler/events")["events"] == []
    check_schema(call(client, "GET", "streams/demo/events"), "StreamEvents")


def test_the_demo_stream_can_be_replayed_but_not_watched(client):
    assert call(client, "POST", "streams/demo/replay", json={})["points"] > 0
    check_error(client.put("/api/v1/streams/demo/policy", json={}), 400, "bad_input")


def test_a_test_message_waits_in_the_outbox(client):
    message = call(client, "POST", "alerts/test", json={"channel": "here"})
    result = call(client, "GET", "alerts?times=ms")
    assert result["channels"] == ["here"]
    [listed] = result["messages"]
    assert (listed["id"], listed["state"], listed["attempts"], listed["error"]) == (message["id"], "waiting", 0, None)
    assert listed["made"] > 1_700_000_000_000
    check_schema(result, "AlertList")


@pytest.mark.parametrize(
    ("method", "path", "body", "status", "code"),
    [
        ("PUT", "streams/pump/policy", {}, 404, "not_found"),
        ("GET", "streams/pump/policy", None, 404, "not_found"),
        ("POST", "streams/pump/replay", {}, 404, "not_found"),
        ("PUT", "streams/boiler/policy", {"recovery_points": 0}, 400, "bad_parameter"),
        ("PUT", "streams/boiler/policy", {"recovery_points": 1.5}, 400, "bad_parameter"),
        ("PUT", "streams/boiler/policy", {"direction": "up"}, 400, "unreadable"),
        ("PUT", "streams/boiler/policy", {"url": "http://evil.example.org"}, 400, "unreadable"),
        ("POST", "alerts/test", {"channel": "http://evil.example.org"}, 400, "unknown_name"),
        ("POST", "alerts/test", {}, 400, "unreadable"),
        ("GET", "alerts?limit=0", None, 400, "bad_parameter"),
        ("GET", "streams/pump/events", None, 404, "not_found"),
        ("GET", "streams/boiler/events?after=7", None, 400, "bad_parameter"),
    ],
)
def test_bad_requests_are_refused(client, method, path, body, status, code):
    response = client.open(f"/api/v1/{path}", method=method, **({} if body is None else {"json": body}))
    check_error(response, status, code)


def test_without_a_store():
    client = create_app().test_client()
    check_error(client.get("/api/v1/alerts"), 503, "no_store")
    check_error(client.put("/api/v1/streams/a/policy", json={}), 503, "no_store")


def call_server(url, method, path, body=None):
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(f"{url}{path}", data, {"Content-Type": "application/json"}, method=method)
    with urllib.request.urlopen(request) as response:
        return json.load(response)


def test_from_a_push_to_a_receiver_across_a_restart(tmp_path, monkeypatch):
    monkeypatch.setenv("no_proxy", "*")
    boiler = "/api/v1/streams/boiler"
    with http_receiver() as (hook, received):
        received.answers += [503] * 1000  # the receiver is down for as long as the first server runs
        with serving(tmp_path, "--webhook-url", f"{hook}/hook") as url:
            call_server(url, "PUT", boiler, {"detector": "rolling_zscore", "params": {"window": 20}})
            call_server(url, "PUT", f"{boiler}/policy", {})
            call_server(url, "POST", f"{boiler}/points", {"values": NORMAL_VALUES + SPIKE})
            until(lambda: received.requests)
            assert call_server(url, "GET", "/api/v1/alerts")["messages"][0]["state"] == "waiting"
        received.answers.clear()
        failed = len(received.requests)
        with serving(tmp_path, "--webhook-url", f"{hook}/hook") as url:
            call_server(url, "POST", f"{boiler}/points", {"values": CALM})
            until(lambda: len(received.requests) >= failed + 2)
            result = call_server(url, "GET", "/api/v1/alerts")["messages"]
    assert [document["status"] for document in received.documents[failed:]] == ["firing", "resolved"]
    assert received.keys[0] == received.keys[failed] != received.keys[failed + 1]
    assert [message["stream"] for message in result] == ["boiler", "boiler"]
