"""/metrics: each stream by name, whatever that is; few queries; there after a restart; read by the real Prometheus."""

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
STEADY = [10.0, 11.0, 10.0, 12.0, 11.0] * 8
ODD = [
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


class Here:
    """A channel that is never sent to, because no thread runs."""

    name = "here"


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def serve(tmp_path, clock):
    """A client of an app over the test's database, which may be opened again."""
    with contextlib.ExitStack() as open_ones:

        def start(**settings):
            open_ones.close()
            store = StreamStore.open(f"sqlite:///{tmp_path / 'x.db'}")
            streams = Streams(store, now=clock)
            streams.put("demo", "robust_zscore")  # fitted at once
            streams.start()
            open_ones.callback(store.close)
            open_ones.callback(streams.stop)
            return create_app(Settings(**settings), streams, Alerts(store, [Here()])).test_client()

        yield start


@pytest.fixture
def client(serve):
    return serve()


def make(client, name="boiler", values=STEADY, times=None):
    path = f"/api/v1/streams/{urllib.parse.quote(name, safe='')}"
    body = {"detector": "rolling_zscore", "params": {"window": 20, "threshold": 6}}
    assert client.put(path, json=body).status_code == 200
    times = [NOW_MS - 1000 * (len(values) - 1 - k) for k in range(len(values))] if times is None else times
    answer = client.post(f"{path}/points", json={"values": values, "times": times})
    assert answer.status_code == 200
    return answer.json


def samples(client):
    """By metric and stream: what Prometheus would read."""
    answer = client.get("/metrics")
    assert answer.content_type == CONTENT_TYPE
    metrics = {}
    for family in text_string_to_metric_families(answer.get_data(as_text=True)):
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
    judged = make(client)
    result = of_stream(samples(client), "boiler")
    for name, column in [("value", "values"), ("expected",) * 2, ("lower",) * 2, ("upper",) * 2, ("score",) * 2]:
        assert result[name] == judged[column][-1]
    assert result["threshold"] == 6
    assert (result["anomalous"], result["silent"], result["points_total"], result["anomalies_total"]) == (0, 0, 40, 0)


def test_an_event_and_silence_are_gauges(client, clock):
    make(client, values=[*STEADY, 95.0])
    result = of_stream(samples(client), "boiler")
    assert (result["anomalous"], result["value"], result["anomalies_total"]) == (1, 95, 1)
    assert result["score"] > result["threshold"]
    clock.ms += 3_600_000  # it came a second apart
    result = of_stream(samples(client), "boiler")
    assert (result["anomalous"], result["silent"]) == (1, 1)  # the event did not end


def test_what_is_missing_is_left_out_and_never_nan(client):
    make(client, values=[*STEADY, None])
    make(client, "empty", [])
    text = client.get("/metrics").get_data(as_text=True)
    assert "nan" not in text.lower().replace("anomaly_", "")
    result = of_stream(samples(client), "boiler")
    assert set(result) & {"value", "score"} == set()
    assert result["points_total"] == 41
    assert of_stream(samples(client), "empty") == {"anomalous": 0, "silent": 0, "points_total": 0, "anomalies_total": 0}


def test_any_name_is_a_label(client):
    for name in ODD:
        make(client, name)
    metrics = samples(client)
    assert [of_stream(metrics, name)["value"] for name in ODD] == [11] * len(ODD)


def test_the_demo_is_there(client):
    result = of_stream(samples(client), "demo")
    assert set(result) >= {"value", "anomalous", "points_total"}


def test_the_number_of_names_is_bounded(serve):
    client = serve(metrics_streams=3)
    for k in range(5):
        make(client, f"a{k}", STEADY[:3])
    metrics = samples(client)
    assert {key[1] for key in metrics if key[0] == "anomaly_stream_points_total"} == {"a0", "a1", "a2"}
    assert metrics["anomaly_streams_unnamed",] == 3  # demo too
    assert sum(value for key, value in metrics.items() if key[0] == "anomaly_streams") == 6
    assert not [key for key in samples(serve(metrics_streams=0)) if key[0].startswith("anomaly_stream_")]


def test_after_a_restart_every_stream_is_there_as_it_was(serve, clock):
    client = serve()
    make(client, values=[*STEADY, 95.0])
    make(client, "küche", STEADY[:3])
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


def test_beyond_the_names_what_is_not_loaded_is_counted_so(serve):
    make(serve(), "x")
    metrics = samples(serve(metrics_streams=1))
    assert metrics["anomaly_streams", "not_loaded"] == 1


def test_the_queries_do_not_grow_with_the_streams(serve):
    client = serve()
    make(client, "s")
    few = counted(client := serve())
    for k in range(20):
        make(client, f"s{k}")
    client = serve()
    assert counted(client) == few
    assert counted(client) < few  # nothing is read again of streams that did not grow


def counted(client):
    """How many statements a scrape sends to the database; what other threads do meanwhile is left out."""
    engine, seen = client.application.extensions["anomaly"].streams.store.database.engine, []
    scrape = threading.get_ident()

    def note(_connection, _cursor, statement, *_rest):
        if threading.get_ident() == scrape:
            seen.append(statement)

    sa.event.listen(engine, "before_cursor_execute", note)
    client.get("/metrics")
    sa.event.remove(engine, "before_cursor_execute", note)
    return len(seen)


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


def needs(*programs):
    """The paths of Debian's programs, or a loud skip."""
    metrics = [shutil.which(name) for name in programs]
    if None in metrics:
        pytest.skip("NO PROMETHEUS HERE: `apt-get install prometheus`; that it reads /metrics is not tested")
    return metrics


def test_promtool_finds_nothing_to_mend(client):
    (promtool,) = needs("promtool")
    for name in ("boiler", *ODD):
        make(client, name)
    text = client.get("/metrics").data
    done = subprocess.run([promtool, "check", "metrics"], input=text, capture_output=True, timeout=SECONDS)
    assert (done.returncode, done.stdout + done.stderr) == (0, b"")


def blocks(language):
    """The fenced blocks of the page about Prometheus, by the comment in their first line."""
    text = (ROOT / "docs/how-to/monitor-with-prometheus.md").read_text("utf-8")
    metrics = re.findall(rf"(?ms)^```{language}\n# (\S+)[^\n]*\n(.*?)^```", text)
    return dict(metrics)


class Prometheus:
    """The real one, with the configuration of the documentation."""

    def __init__(self, url):
        self.url = url

    def query(self, query):
        request = f"{self.url}/api/v1/query?{urllib.parse.urlencode({'query': query})}"
        with urllib.request.urlopen(request, timeout=SECONDS) as answer:
            metrics = json.load(answer)["data"]["result"]
        return {
            each["metric"].get("stream", each["metric"].get("alertname")): float(each["value"][1]) for each in metrics
        }

    def until(self, query, wanted):
        """The answer to a query once `wanted` is in it."""

        def answer():
            metrics = self.request(query)
            return metrics if wanted in metrics.items() else None

        return until(answer, pause=0.1)

    def request(self, query):
        try:
            return self.query(query)
        except OSError:  # not up yet
            return {}


@contextlib.contextmanager
def prometheus(folder, target, interval="1s"):
    program, promtool = needs("prometheus", "promtool")
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
    needs("prometheus", "promtool")
    monkeypatch.setenv("no_proxy", "*")
    with serving(tmp_path / "data") as url, prometheus(tmp_path, urllib.parse.urlsplit(url).netloc) as metrics:
        for name in ("boiler", *ODD):
            path = f"{url}/api/v1/streams/{urllib.parse.quote(name, safe='')}"
            call("PUT", path, {"detector": "rolling_zscore", "params": {"window": 20}})
            now = int(time.time() * 1000)
            values = [*STEADY, 95.0] if name == "boiler" else STEADY
            times = [now - 60_000 * (len(values) - k) for k in range(len(values))]
            call("POST", f"{path}/points", {"times": times, "values": values})
        anomalous = metrics.until("anomaly_stream_anomalous", (ODD[-1], 0.0))
        assert anomalous["boiler"] == 1
        assert {name: value for name, value in anomalous.items() if name in ODD} == dict.fromkeys(ODD, 0.0)
        assert metrics.query("anomaly_stream_value")["boiler"] == 95
        assert metrics.query("anomaly_stream_points_total")["boiler"] == 41
        assert metrics.until('ALERTS{alertname="StreamAnomalous"}', ("boiler", 1.0)) == {"boiler": 1.0}


def call(method, url, body):
    request = urllib.request.Request(
        url, json.dumps(body).encode(), {"Content-Type": "application/json"}, method=method
    )
    with urllib.request.urlopen(request, timeout=SECONDS) as answer:
        return json.load(answer)
