"""Detectors, demo data, health, metrics, headers, concurrency limits."""

import threading
import tomllib
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from api.concurrency import Busy, ConcurrencyLimit
from api.headers import CONTENT_SECURITY_POLICY
from app import create_app
from data_generation import FAULTS, KINDS, demo
from detectors.registry import DETECTORS
from parameters import parameters
from tests.api.invariants import check_error, strict_json
from tests.waiting import SECONDS

ROOT = Path(__file__).parents[2]


def metrics(client):
    text = client.get("/metrics").get_data(as_text=True)
    families = text_string_to_metric_families(text)
    return {(sample.name, *sorted(sample.labels.items())): sample.value for f in families for sample in f.samples}


class TestDetectors:
    def test_each_is_listed_with_the_parameters_of_its_code(self, client):
        result = strict_json(client.get("/api/v1/detectors").data)["detectors"]
        assert [detector["name"] for detector in result] == list(DETECTORS)
        for detector in result:
            known = parameters(DETECTORS[detector["name"]].fit)
            assert [param["name"] for param in detector["params"]] == list(known)
            for param in detector["params"]:
                assert param["minimum"] <= param["default"] <= param["maximum"]
                assert param["help"]
            assert detector["title"]
            assert detector["help"]
            assert detector["memory"] >= 0


class TestDemo:
    def test_it_is_the_series_of_its_kind_and_seed(self, client):
        generated = demo("heartbeat", 300, 5)
        result = strict_json(client.get("/api/v1/demo?kind=heartbeat&points=300&seed=5").data)
        assert result["values"] == generated.series.values.tolist()
        assert result["labels"] == generated.labels.tolist()
        assert result["kind"] == "heartbeat"
        assert [a["name"] for a in result["anomalies"]] == [name for name, _, _ in generated.anomalies]
        assert {a["name"] for a in result["anomalies"]} <= set(FAULTS)

    def test_times_as_milliseconds(self, client):
        result = client.get("/api/v1/demo?points=50&times=ms").json
        assert result["times"][1] - result["times"][0] == 3_600_000

    @pytest.mark.parametrize("kind", KINDS)
    def test_its_file_can_be_parsed(self, client, kind):
        path = f"/api/v1/demo?kind={kind}&points=200&seed=3"
        file = client.get(path, headers={"Accept": "text/csv"})
        assert file.mimetype == "text/csv"
        parsed = client.post("/api/v1/parse", data=file.data, content_type="text/csv").json
        result = client.get(path).json
        assert parsed["values"] == result["values"]
        assert parsed["times"] == result["times"]
        assert parsed["repairs"] == []

    @pytest.mark.parametrize(
        ("query", "code", "name"),
        [
            ("kind=nope", "unknown_name", "nope"),
            ("points=1", "bad_parameter", "points"),
            ("points=1e9", "bad_parameter", "points"),
            ("points=abc", "bad_parameter", "points"),
            ("seed=-1", "bad_parameter", "seed"),
            ("seed=1.5", "bad_parameter", "seed"),
            ("colour=red", "unknown_name", "colour"),
            ("points=60&points=70", "bad_parameter", "points"),
        ],
    )
    def test_a_bad_query(self, client, query, code, name):
        assert check_error(client.get(f"/api/v1/demo?{query}"), 400, code)["detail"]["name"] == name

    def test_a_long_demo_waits_for_a_slot_and_a_short_one_does_not(self, app_with):
        client = app_with(max_concurrent_detections=1, max_queued_requests=0)
        with client.application.extensions["anomaly"].detection_limit.acquire():
            check_error(client.get("/api/v1/demo?points=20001"), 503, "busy")
            check_error(client.get("/api/v1/demo?points=1e999"), 503, "busy")
            assert client.get("/api/v1/demo?points=20000").status_code == 200
            assert client.get("/api/v1/demo").status_code == 200
        assert client.get("/api/v1/demo?points=20001").status_code == 200
        check_error(client.get("/api/v1/demo?points=1e999"), 400, "bad_parameter")

    def test_its_kinds(self, client):
        result = client.get("/api/v1/demo/kinds").json["kinds"]
        assert [kind["name"] for kind in result] == list(KINDS)
        assert all(kind["title"] and kind["help"] for kind in result)


class TestHealth:
    def test_healthz(self, client):
        assert client.get("/healthz").json == {"status": "ok"}

    def test_it_is_ready_when_warm(self):
        app = create_app()
        client = app.test_client()
        assert (client.get("/readyz").status_code, client.get("/readyz").json) == (503, {"status": "starting"})
        app.extensions["anomaly"].ready.set()
        assert (client.get("/readyz").status_code, client.get("/readyz").json) == (200, {"status": "ready"})

    def test_pages_are_served(self, client):
        for path in ("/", "/docs"):
            response = client.get(path)
            assert (response.status_code, response.mimetype) == (200, "text/html")


class TestMetrics:
    def test_requests_are_counted_by_route_and_status(self, client):
        client.get("/healthz")
        client.get("/healthz")
        client.get("/api/v1/demo?kind=nope")
        samples = metrics(client)
        name = "anomaly_http_requests_total"
        assert samples[name, ("method", "GET"), ("route", "/healthz"), ("status", "200")] == 2
        assert samples[name, ("method", "GET"), ("route", "/api/v1/demo"), ("status", "400")] == 1

    def test_labels_of_metrics_are_bounded(self, client):
        def call(i):
            client.get(f"/random/{i}")
            client.open(f"/random/{i}", method=f"WEIRD{i}")

        call(0)
        metrics(client)
        before = set(metrics(client))
        for i in range(1, 20):
            call(i)
        assert set(metrics(client)) == before

    def test_the_stages_of_a_detection_are_timed(self, client, csv_file):
        client.post("/api/v1/detect?detector=rolling_zscore", data=csv_file, content_type="text/csv")
        samples = metrics(client)
        for stage in ("read", "fit", "detect"):
            assert samples["anomaly_detect_seconds_count", ("detector", "rolling_zscore"), ("stage", stage)] == 1

    def test_build_and_uptime(self, client):
        samples = metrics(client)
        project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
        assert samples["anomaly_build_info", ("version", project["version"])] == 1
        assert samples["anomaly_uptime_seconds",] >= 0

    def test_seconds_are_counted_by_route_also_for_refused_requests(self, client):
        client.get("/healthz")
        client.get("/healthz", headers={"Host": "elsewhere.example"})
        samples = metrics(client)
        assert samples["anomaly_http_request_seconds_count", ("route", "/healthz")] == 2

    def test_two_apps_count_apart(self):
        one, two = create_app().test_client(), create_app().test_client()
        one.get("/healthz")
        assert not [name for name in metrics(two) if ("route", "/healthz") in name]


class TestHeaders:
    @pytest.mark.parametrize("path", ["/", "/docs", "/api/v1/detectors", "/api/nothing", "/nothing", "/healthz"])
    def test_every_response_has_security_headers(self, client, path):
        headers = client.get(path).headers
        assert headers["Content-Security-Policy"] == CONTENT_SECURITY_POLICY
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["Referrer-Policy"] == "no-referrer"
        assert headers["Cross-Origin-Opener-Policy"] == "same-origin"
        assert headers["Cross-Origin-Resource-Policy"] == "same-origin"
        assert headers["Cache-Control"] == "no-store"
        assert "Set-Cookie" not in headers

    def test_the_policy_allows_nothing_from_elsewhere(self):
        assert "unsafe" not in CONTENT_SECURITY_POLICY
        assert "http" not in CONTENT_SECURITY_POLICY

    def test_vendored_files_are_cached_and_our_own_are_validated(self, client):
        root = client.application.static_folder
        vendored = next(Path(root, "vendor").glob("*.js")).name
        assert "immutable" in client.get(f"/static/vendor/{vendored}", buffered=True).headers["Cache-Control"]
        own = next(Path(root, "js").rglob("*.js")).relative_to(Path(root, "js")).as_posix()
        response = client.get(f"/static/js/{own}", buffered=True)
        assert response.headers["Cache-Control"] == "no-cache"
        etag = {"If-None-Match": response.headers["ETag"]}
        assert client.get(f"/static/js/{own}", headers=etag, buffered=True).status_code == 304


class TestConcurrencyLimit:
    def test_work_waits_for_a_slot(self):
        limit, order = ConcurrencyLimit(1, 1, SECONDS), []
        with limit.acquire():
            other = threading.Thread(target=self.work, args=(limit, order))
            other.start()
            order.append("first")
        other.join(SECONDS)
        assert order == ["first", "second"]

    def work(self, limit, order):
        with limit.acquire():
            order.append("second")

    def test_a_full_queue_refuses_without_waiting(self):
        limit = ConcurrencyLimit(1, 0, SECONDS)
        with limit.acquire(), pytest.raises(Busy), limit.acquire():
            pass

    def test_a_timeout_frees_the_place_in_the_queue(self):
        limit = ConcurrencyLimit(1, 1, 0.01)
        with limit.acquire():
            for _ in range(3):
                with pytest.raises(Busy), limit.acquire():
                    pass
        with limit.acquire():
            pass

    def test_a_failure_releases_its_slot(self):
        limit = ConcurrencyLimit(1, 0, 0.01)
        for _ in range(3):
            with pytest.raises(KeyError), limit.acquire():
                raise KeyError
        with limit.acquire():
            pass
