"""The fast path gives the same responses as Flask, and leaves unusual requests to Flask."""

import json
import threading

import pytest

from alerts import Alerts
from api.fast_path import FastPath, RawRequest
from app import create_app
from settings import Settings
from store import StreamStore
from streams import Streams, WriteFailed
from tests.streams.conftest import with_quick_demo
from tests.waiting import SECONDS

POINTS = "/api/v1/streams/s/points"
LOCAL = {"HOST": "localhost"}
PUSH = {**LOCAL, "CONTENT_TYPE": "application/json"}
NOW = 1_800_000_000.0


class StreamService:
    """A service with one stream, called by the fast path or by Flask."""

    def __init__(self, url, **settings):
        self.store = StreamStore.open(url)
        self.streams = Streams(with_quick_demo(self.store), periodic=False, now=lambda: NOW)
        self.streams.start()
        self.app = create_app(Settings(**settings), self.streams, Alerts(self.store, []))
        self.streams.put("s", "rolling_zscore", {"window": 3})
        self.fast_path = FastPath(self.app.extensions["anomaly"])

    def via_flask(self, method, path, query, headers, body):
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        response = self.app.test_client().open(path, method=method, query_string=query, headers=named, data=body)
        return response.status, dict(response.headers), response.get_json()

    def via_fast_path(self, method, path, query, headers, body, peer="127.0.0.1"):
        """The response, or None where the request is left to Flask."""
        answered, responses = threading.Event(), []

        def reply(*answer):
            responses.append(answer)
            answered.set()

        length = {"CONTENT_LENGTH": str(len(body))} if body else {}
        if not self.fast_path.handle(RawRequest(method, path, query, {**headers, **length}, peer, lambda: body), reply):
            assert not responses
            return None
        assert answered.wait(SECONDS)
        [(status, headers, data)] = responses
        return status, dict(headers) | {"Content-Length": str(len(data))}, json.loads(data)

    def close(self):
        self.streams.stop()
        self.store.close()


@pytest.fixture
def make_service(tmp_path):
    opened = []

    def make(**settings):
        opened.append(StreamService(f"sqlite:///{tmp_path}/{len(opened)}.db", **settings))
        return opened[-1]

    yield make
    for each in opened:
        each.close()


def push_request(*values, **more):
    return ("POST", POINTS, "", PUSH, json.dumps({"values": values, **more}).encode())


REQUESTS = [
    push_request(1.0),
    push_request(2.0, None, 4.5),
    push_request(),
    ("POST", POINTS, "times=ms", PUSH, b'{"values": [100]}'),
    ("POST", "/api/v1/streams/%73/points", "times=iso", PUSH, b'{"values": [5, 6, 7, 1e308]}'),
    ("POST", POINTS, "", {**PUSH, "CONTENT_TYPE": "Application/JSON; charset=utf-8"}, b'{"values": [5]}'),
    ("GET", POINTS, "", LOCAL, b""),
    ("GET", POINTS, "times=ms&limit=3", LOCAL, b""),
    ("GET", POINTS, "after=1&limit=2&times=iso", LOCAL, b""),
    ("GET", POINTS, "after=999999999999999999", LOCAL, b""),
    ("GET", "/api/v1/streams/s/points", "", {**LOCAL, "SEC_FETCH_SITE": "same-origin", "ACCEPT": "*/*"}, b""),
]


def test_the_responses_equal_those_of_flask(make_service):
    one, other = make_service(), make_service()
    for raw in REQUESTS:
        fast, flask = one.via_fast_path(*raw), other.via_flask(*raw)
        assert fast is not None, raw
        assert fast == flask, raw
    assert one.streams.get("s").cursor == 10


def test_points_with_times_are_repaired_as_by_flask(make_service):
    one, other = make_service(), make_service()
    for raw in (
        push_request(1.0, 2.0, 3.0, times=["2025-01-01", "2025-01-03", "2025-01-02"]),
        push_request(9.0, 4.0, times=["2025-01-02", "2025-01-02T12:00:00Z"]),
    ):
        fast, flask = one.via_fast_path(*raw), other.via_flask(*raw)
        assert fast == flask
        assert fast[2]["repairs"]


LEFT_TO_FLASK = {
    "another path": ("GET", "/api/v1/streams/s", "", LOCAL, b""),
    "another method": ("PUT", POINTS, "", PUSH, b"{}"),
    "no stream": ("GET", "/api/v1/streams/none/points", "", LOCAL, b""),
    "a push to no stream": ("POST", "/api/v1/streams/none/points", "", PUSH, b'{"values": [1]}'),
    "a push to the demo stream": ("POST", "/api/v1/streams/demo/points", "", PUSH, b'{"values": [1]}'),
    "a name that is no UTF-8": ("GET", "/api/v1/streams/%ff/points", "", LOCAL, b""),
    "a slash": ("GET", "/api/v1/streams/s/points/points", "", LOCAL, b""),
    "an absolute address": ("GET", f"http://evil.example{POINTS}", "", LOCAL, b""),
    "an unknown parameter": ("GET", POINTS, "limit=3&x=1", LOCAL, b""),
    "a parameter twice": ("GET", POINTS, "limit=3&limit=4", LOCAL, b""),
    "a limit beyond": ("GET", POINTS, "limit=10001", LOCAL, b""),
    "limit 0": ("GET", POINTS, "limit=0", LOCAL, b""),
    "a cursor in a push": ("POST", POINTS, "after=3", PUSH, b'{"values": [1]}'),
    "an unknown format of times": ("GET", POINTS, "times=s", LOCAL, b""),
    "CSV": ("POST", POINTS, "", {**LOCAL, "CONTENT_TYPE": "text/csv"}, b"value\n1\n"),
    "compressed": ("POST", POINTS, "", {**PUSH, "CONTENT_ENCODING": "gzip"}, b'{"values": [1]}'),
    "no JSON": ("POST", POINTS, "", PUSH, b'{"values": [1'),
    "half a character": ("POST", POINTS, "", PUSH, b'{"values": ["\xff"]}'),
    "nested": ("POST", POINTS, "", PUSH, b"[" * 4000),
    "an unknown field": ("POST", POINTS, "", PUSH, b'{"values": [1], "x": 1}'),
    "a time too far ahead": push_request(1.0, times=["2999-01-01"]),
    "many points": push_request(*range(2000)),
    "no body": ("POST", POINTS, "", PUSH, b""),
    "no Host": ("GET", POINTS, "", {}, b""),
    "another Host": ("GET", POINTS, "", {"HOST": "evil.example"}, b""),
    "a page of another site": ("GET", POINTS, "", {**LOCAL, "SEC_FETCH_SITE": "cross-site"}, b""),
    "an Origin": ("POST", POINTS, "", {**PUSH, "ORIGIN": "http://evil.example"}, b'{"values": [1]}'),
    "a proxy": ("GET", POINTS, "", {**LOCAL, "X_FORWARDED_FOR": "10.0.0.1"}, b""),
    "a proxy's other name": ("GET", POINTS, "", {**LOCAL, "VIA": "x"}, b""),
}


@pytest.mark.parametrize("raw", LEFT_TO_FLASK.values(), ids=LEFT_TO_FLASK)
def test_unusual_requests_are_left_to_flask_unhandled(make_service, raw):
    service = make_service()
    assert service.via_fast_path(*raw) is None
    assert service.streams.get("s").cursor == 0


def test_another_computer_is_left_to_flask_unless_all_are_served(make_service):
    for opened in (False, True):
        fast = make_service(open=opened).via_fast_path(*push_request(1.0), peer="192.0.2.1")
        assert (fast is not None) == opened


def test_more_points_than_the_settings_allow_are_left_to_flask(make_service):
    assert make_service(max_json_points=1).via_fast_path(*push_request(*range(1100))) is None


def test_a_failed_write_gets_the_response_of_flask(make_service, monkeypatch, caplog):
    def fail_write(appends):
        raise OSError("No space left on device")

    one, other = make_service(), make_service()
    responses = []
    for service, call in ((one, one.via_fast_path), (other, other.via_flask)):
        monkeypatch.setattr(service.streams.store, "append", fail_write)
        responses.append(call(*push_request(1.0)))
    assert responses[0] == responses[1]
    assert responses[0][0].startswith("503")


@pytest.mark.parametrize("error", [WriteFailed("The points could not be written."), ValueError("a defect")])
def test_an_error_before_the_commit_gets_a_response(make_service, monkeypatch, caplog, error):
    def fail(*_):
        raise error

    one, other = make_service(), make_service()
    monkeypatch.setattr("streams.pipeline.Pipeline.accept", fail)
    assert one.via_fast_path(*push_request(1.0)) == other.via_flask(*push_request(1.0))
    assert ("Traceback" in caplog.text) == isinstance(error, ValueError)


def test_requests_of_both_paths_are_counted(make_service):
    service = make_service()
    service.via_fast_path(*push_request(1.0))
    service.via_flask(*push_request(1.0))
    text = service.app.test_client().get("/metrics").get_data(as_text=True)
    route = 'method="POST",route="/api/v1/streams/<name>/points",status="200"'
    assert f"anomaly_http_requests_total{{{route}}} 2.0" in text
