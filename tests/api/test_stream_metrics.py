"""/metrics: one label per stream, a bounded number of queries, restarts, and the real Prometheus."""

import contextlib
import json
import re
import shutil
import subprocess
import threading
import time
import urllib.parse
import urllib.request
from pathlib import Path

import pytest
import sqlalchemy as sa
from prometheus_client.parser import text_string_to_metric_families

from alerts import Alerts
from api.metrics import CONTENT_TYPE
from app import create_app
from settings import Settings
from store import StreamStore
from streams import Streams
from tests.serving import free_port, serving
from tests.streams.conftest import NOW_MS, Clock
from tests.waiting import SECONDS, until

ROOT = Path(__file__).parents[2]
NORMAL_VALUES = [10.0, 11.0, 10.0, 12.0, 11.0] * 8
UNUSUAL_NAMES = [
    "a/b",
    'quoted "twice"',
    "back\\slash",
    "\\n",
    "küche 温度 🔥",
    "x" * 500,
    "m.f{tag=a b,zone=c}",
    "#",
    "\u00e9\u2603",
]


class NeverSent:
    """A channel that is never sent to, because no thread runs."""

    name = "here"


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def serve(tmp_path, clock):
    """A client of an app over the test's database, which may be reopened."""
    with contextlib.ExitStack() as open_ones:

        def start(**settings):
            open_ones.close()
            store = StreamStore.open(f"sqlite:///{tmp_path / 'x.db'}")
            streams = Streams(store, now=clock)
            streams.put("demo", "robust_zscore")  # its fit takes milliseconds
            streams.start()
            open_ones.callback(store.close)
            open_ones.callback(streams.stop)
            return create_app(Settings(**settings), streams, Alerts(store, [NeverSent()])).test_client()

        yield start


@pytest.fixture
def client(serve):
    return serve()


def make(client, name="boiler", values=NORMAL_VALUES, times=None):
    path = f"/api/v1/streams/{urllib.parse.quote(name, safe='')}"
    body = {"detector": "rolling_zscore", "params": {"window": 20, "threshold": 6}}
    assert client.put(path, json=body).status_code == 200
    times = [NOW_MS - 1000 * (len(values) - 1 - k) for k in range(len(values))] if times is None else times
    response = client.post(f"{path}/points", json={"values": values, "times": times})
    assert response.status_code == 200
    return response.json


def samples(client):
    """The samples, by metric and stream, as Prometheus parses them."""
    response = client.get("/metrics")
    assert response.content_type == CONTENT_TYPE
    metrics = {}
    for family in text_string_to_metric_families(response.get_data(as_text=True)):
        for sample in family.samples:
            key = (sample.name, *sample.labels.values())
            assert key not in metrics
            metrics[key] = sample.value
    return metrics


def of_stream(metrics, name):
    prefix = "anomaly_stream_"
    return {
        key[0].removeprefix(prefix): value
        for key, value in metrics.items()
        if key[0].startswith(prefix) and key[1:] == (name,)
    }


def test_the_samples_of_a_stream_are_its_newest_point(client):
    points = make(client)
    result = of_stream(samples(client), "boiler")
    for name, column in [("value", "values"), ("expected",) * 2, ("lower",) * 2, ("upper",) * 2, ("score",) * 2]:
        assert result[name] == points[column][-1]
    assert result["threshold"] == 6
    assert (result["anomalous"], result["silent"], result["points_total"], result["anomalies_total"]) == (0, 0, 40, 0)


def test_an_event_and_silence_are_gauges(client, clock):
    make(client, values=[*NORMAL_VALUES, 95.0])
    result = of_stream(samples(client), "boiler")
    assert (result["anomalous"], result["value"], result["anomalies_total"]) == (1, 95, 1)
    assert result["score"] > result["threshold"]
    clock.ms += 3_600_000  # the points were a second apart
    result = of_stream(samples(client), "boiler")
    assert (result["anomalous"], result["silent"]) == (1, 1)  # the event did not end


def test_missing_samples_are_left_out_and_never_nan(client):
    make(client, values=[*NORMAL_VALUES, None])
    make(client, "empty", [])
    text = client.get("/metrics").get_data(as_text=True)
    assert "nan" not in text.lower().replace("anomaly_", "")
    result = of_stream(samples(client), "boiler")
    assert set(result) & {"value", "score"} == set()
    assert result["points_total"] == 41
    assert of_stream(samples(client), "empty") == {"anomalous": 0, "silent": 0, "points_total": 0, "anomalies_total": 0}


def test_any_name_is_a_label(client):
    for name in UNUSUAL_NAMES:
        make(client, name)
    metrics = samples(client)
    assert [of_stream(metrics, name)["value"] for name in UNUSUAL_NAMES] == [11] * len(UNUSUAL_NAMES)


def test_the_demo_is_there(client):
    result = of_stream(samples(client), "demo")
    assert set(result) >= {"value", "anomalous", "points_total"}


def test_the_number_of_names_is_bounded(serve):
    client = serve(metrics_streams=3)
    for k in range(5):
        make(client, f"a{k}", NORMAL_VALUES[:3])
    metrics = samples(client)
    assert {key[1] for key in metrics if key[0] == "anomaly_stream_points_total"} == {"a0", "a1", "a2"}
    assert metrics["anomaly_streams_unnamed",] == 3  # demo too
    assert sum(value for key, value in metrics.items() if key[0] == "anomaly_streams") == 6
    assert not [key for key in samples(serve(metrics_streams=0)) if key[0].startswith("anomaly_stream_")]


def test_after_a_restart_the_samples_are_the_same(serve, clock):
    client = serve()
    make(client, values=[*NORMAL_VALUES, 95.0])
    make(client, "küche", NORMAL_VALUES[:3])
    before = samples(client)
    metrics = samples(serve())
    for name in ("boiler", "küche"):
        then, now = of_stream(before, name), of_stream(metrics, name)
        since_start = {"threshold", "anomalies_total"}
        assert {key: now[key] for key in then if key not in since_start} == {
            key: then[key] for key in then if key not in since_start
        }
        assert "threshold" not in now
    assert metrics["anomaly_streams", "anomalous"] == 1


def test_streams_that_are_not_loaded_are_counted(serve):
    make(serve(), "x")
    metrics = samples(serve(metrics_streams=1))
    assert metrics["anomaly_streams", "not_loaded"] == 1


def test_the_number_of_queries_is_independent_of_the_streams(serve):
    client = serve()
    make(client, "s")
    one_stream = count_queries(client := serve())
    for k in range(20):
        make(client, f"s{k}")
    client = serve()
    assert count_queries(client) == one_stream
    assert count_queries(client) < one_stream  # streams that did not grow are not read a second time


def count_queries(client):
    """The number of statements that a scrape sends to the database, without those of other threads."""
    engine, statements = client.application.extensions["anomaly"].streams.store.database.engine, []
    scrape = threading.get_ident()

    def record_statement(_connection, _cursor, statement, *_rest):
        if threading.get_ident() == scrape:
            statements.append(statement)

    sa.event.listen(engine, "before_cursor_execute", record_statement)
    client.get("/metrics")
    sa.event.remove(engine, "before_cursor_execute", record_statement)
    return len(statements)


def test_the_work_of_the_threads_is_counted(client):
    make(client)
    client.application.extensions["anomaly"].alerts.test("here")
    metrics = samples(client)
    assert metrics["anomaly_database_up",] == 1
    assert metrics["anomaly_points_total",] == 40
    assert metrics["anomaly_pushes_total",] == 1
    assert metrics["anomaly_commit_seconds_count",] == 1
    assert metrics["anomaly_commit_seconds_sum",] > 0
    assert metrics["anomaly_commit_failures_total",] == 0
    assert metrics["anomaly_fit_failures_total",] == 0
    assert metrics["anomaly_commits_waiting",] == 0
    assert metrics["anomaly_alert_messages", "here", "waiting"] == 1
    assert metrics["anomaly_alert_messages", "here", "given_up"] == 0
    assert metrics["process_resident_memory_bytes",] > 1e6
    assert metrics["process_open_fds",] > 0
    assert metrics["anomaly_http_request_seconds_count", "/api/v1/streams/<name>/points"] == 1


def test_failures_are_counted(client, monkeypatch):
    make(client)
    streams = client.application.extensions["anomaly"].streams
    monkeypatch.setattr("streams.fitting.mask_anomalies", lambda *_: {}["no fit"])
    assert streams.request_fit("boiler").wait(SECONDS)
    monkeypatch.setattr(streams.store, "append", lambda appends: {}[len(appends)])
    assert client.post("/api/v1/streams/boiler/points", json={"values": [1], "times": [NOW_MS + 1]}).status_code == 503
    metrics = samples(client)
    assert metrics["anomaly_fit_failures_total",] == 1
    assert metrics["anomaly_commit_failures_total",] == 1


def programs_or_skip(*programs):
    """The paths of Debian's programs; skips the test where one is missing."""
    paths = [shutil.which(name) for name in programs]
    if None in paths:
        pytest.skip("NO PROMETHEUS HERE: `apt-get install prometheus`; scraping /metrics is not tested")
    return paths


def test_promtool_reports_nothing(client):
    (promtool,) = programs_or_skip("promtool")
    for name in ("boiler", *UNUSUAL_NAMES):
        make(client, name)
    text = client.get("/metrics").data
    done = subprocess.run([promtool, "check", "metrics"], input=text, capture_output=True, timeout=SECONDS)
    assert (done.returncode, done.stdout + done.stderr) == (0, b"")


def blocks(language):
    """The fenced code blocks of the page about Prometheus, by the comment in their first line."""
    text = (ROOT / "docs/how-to/monitor-with-prometheus.md").read_text("utf-8")
    pairs = re.findall(rf"(?ms)^```{language}\n# (\S+)[^\n]*\n(.*?)^```", text)
    return dict(pairs)


class Prometheus:
    """A running Prometheus with the configuration of the documentation."""

    def __init__(self, url):
        self.url = url

    def query(self, query):
        request = f"{self.url}/api/v1/query?{urllib.parse.urlencode({'query': query})}"
        with urllib.request.urlopen(request, timeout=SECONDS) as response:
            metrics = json.load(response)["data"]["result"]
        return {
            each["metric"].get("stream", each["metric"].get("alertname")): float(each["value"][1]) for each in metrics
        }

    def until(self, query, expected):
        """The result of a query, once it contains `expected`."""

        def matching_result():
            metrics = self.request(query)
            return metrics if expected in metrics.items() else None

        return until(matching_result, pause=0.1)

    def request(self, query):
        try:
            return self.query(query)
        except OSError:  # not started yet
            return {}


@contextlib.contextmanager
def prometheus(folder, target, interval="1s"):
    program, promtool = programs_or_skip("prometheus", "promtool")
    metrics = blocks("yaml")
    port = free_port()
    config = metrics["prometheus.yml"].replace("localhost:5001", target)
    config = f"global:\n  scrape_interval: {interval}\n  evaluation_interval: {interval}\n{config}"
    (folder / "prometheus.yml").write_text(config)
    (folder / "anomaly_rules.yml").write_text(metrics["anomaly_rules.yml"].replace("for: 1m", "for: 0s"))
    subprocess.run([promtool, "check", "config", folder / "prometheus.yml"], check=True, capture_output=True)
    options = {"config.file": "prometheus.yml", "storage.tsdb.path": "data", "web.listen-address": f"127.0.0.1:{port}"}
    command = [program, *(f"--{name}={value}" for name, value in options.items())]
    with (folder / "log").open("w") as log, subprocess.Popen(command, cwd=folder, stdout=log, stderr=log) as process:
        try:
            yield Prometheus(f"http://127.0.0.1:{port}")
        finally:
            process.kill()


def test_the_real_prometheus_scrapes_the_real_server(tmp_path, monkeypatch):
    programs_or_skip("prometheus", "promtool")
    monkeypatch.setenv("no_proxy", "*")
    with serving(tmp_path / "data") as url, prometheus(tmp_path, urllib.parse.urlsplit(url).netloc) as metrics:
        for name in ("boiler", *UNUSUAL_NAMES):
            path = f"{url}/api/v1/streams/{urllib.parse.quote(name, safe='')}"
            call("PUT", path, {"detector": "rolling_zscore", "params": {"window": 20}})
            now = int(time.time() * 1000)
            values = [*NORMAL_VALUES, 95.0] if name == "boiler" else NORMAL_VALUES
            times = [now - 60_000 * (len(values) - k) for k in range(len(values))]
            call("POST", f"{path}/points", {"times": times, "values": values})
        anomalous = metrics.until("anomaly_stream_anomalous", (UNUSUAL_NAMES[-1], 0.0))
        assert anomalous["boiler"] == 1
        assert {name: value for name, value in anomalous.items() if name in UNUSUAL_NAMES} == dict.fromkeys(
            UNUSUAL_NAMES, 0.0
        )
        assert metrics.query("anomaly_stream_value")["boiler"] == 95
        assert metrics.query("anomaly_stream_points_total")["boiler"] == 41
        assert metrics.until('ALERTS{alertname="StreamAnomalous"}', ("boiler", 1.0)) == {"boiler": 1.0}


def call(method, url, body):
    request = urllib.request.Request(
        url, json.dumps(body).encode(), {"Content-Type": "application/json"}, method=method
    )
    with urllib.request.urlopen(request, timeout=SECONDS) as response:
        return json.load(response)
