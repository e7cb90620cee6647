"""Every error under /api has one JSON shape; elsewhere it is one readable line."""

import inspect
import io

import pytest

import errors
from api.concurrency import Busy
from api.errors import MAX_TEXT, STATUS, shorten
from app import create_app
from detectors import find_detector
from settings import Settings, options, variable
from tests.api.invariants import check_error

KINDS = [kind for _, kind in inspect.getmembers(errors, inspect.isclass) if issubclass(kind, errors.BadInput)]


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_every_kind_of_bad_input_has_a_status(kind):
    assert 400 <= STATUS[kind] < 500


@pytest.mark.parametrize(
    "path", ["/api", "/api/", "/api/v1", "/api/v2/detect", "/api//v1/detectors", "/api/v1/detect/"]
)
def test_unknown_paths(client, path):
    check_error(client.get(path), 404, "not_found")


def test_a_method_that_is_not_answered_to(client):
    response = client.get("/api/v1/detect")
    check_error(response, 405, "method_not_allowed")
    assert "POST" in response.headers["Allow"]
    check_error(client.delete("/api/v1/detectors"), 405, "method_not_allowed")


def test_a_body_that_is_too_large(app_with):
    client = app_with(max_upload_bytes=2048)
    for kind in ("text/csv", "application/json"):
        error = check_error(client.post("/api/v1/detect", data=b"1\n" * 2000, content_type=kind), 413, "limit_exceeded")
        assert error["detail"] == {"limit": 2048, "setting": "ANOMALY_MAX_UPLOAD_BYTES"}
    form = {"file": (io.BytesIO(b"1\n" * 2000), "a.csv")}
    check_error(client.post("/api/v1/detect", data=form), 413, "limit_exceeded")


def form_body(fields):
    parts = "".join(f'--x\r\nContent-Disposition: form-data; name="{n}"\r\n\r\n{v}\r\n' for n, v in fields.items())
    return f"{parts}--x--\r\n".encode()


@pytest.mark.parametrize(
    "fields",
    [
        {"window": "1" * 600_000},
        {f"field{i}": "1" for i in range(2000)},
    ],
    ids=["a long field", "many fields"],
)
def test_a_form_that_is_too_large(client, fields):
    response = client.post("/api/v1/detect", data=form_body(fields), content_type="multipart/form-data; boundary=x")
    check_error(response, 413, "limit_exceeded")


@pytest.mark.parametrize("data", [b"", b"nonsense", b"--x\r\n\r\n", b"--x\r\nContent-Disposition: form-data\r\n\r\n1"])
def test_a_broken_form(client, data):
    response = client.post("/api/v1/detect", data=data, content_type="multipart/form-data; boundary=x")
    check_error(response, 400, "unreadable")


def test_a_form_without_a_boundary(client):
    response = client.post("/api/v1/detect", data=b"x", content_type="multipart/form-data")
    check_error(response, 400, "unreadable")


def test_every_limit_is_named_by_its_setting(app_with, csv_file):
    for name, setting in {"max_rows": 10, "max_columns": 2, "max_name_length": 4}.items():
        client = app_with(**{name: setting})
        response = client.post("/api/v1/parse", data=csv_file, content_type="text/csv")
        error = check_error(response, 413, "limit_exceeded")
        assert error["detail"]["setting"] == variable(name)
        assert error["detail"]["limit"] == setting
    assert variable("max_rows") in {variable(name) for name in options()}


def test_a_defect_is_500_and_its_traceback_is_only_logged(client, monkeypatch, caplog, csv_file):
    class Broken:
        fit = find_detector("rolling_zscore").fit

        @classmethod
        def detect_offline(cls, *_args, **_options):
            raise ZeroDivisionError("secret")

    monkeypatch.setattr("detectors.all_detectors", lambda: {"broken": Broken})
    monkeypatch.setattr(Broken, "fit", lambda *_args, **_params: Broken)
    response = client.post("/api/v1/detect", data=csv_file, content_type="text/csv")
    error = check_error(response, 500, "internal_error")
    assert "secret" not in response.get_data(as_text=True)
    assert error["message"] == "The service failed; its log has the details."
    assert "ZeroDivisionError: secret" in caplog.text


def test_busy_has_retry_after(app_with, monkeypatch):
    app = create_app(Settings())

    def busy():
        raise Busy(7)

    monkeypatch.setattr(app.extensions["anomaly"].detection_limit, "acquire", busy)
    response = app.test_client().post("/api/v1/detect", json={"series": {"values": [1]}})
    check_error(response, 503, "busy")
    assert response.headers["Retry-After"] == "7"


@pytest.mark.parametrize(
    "path", ["/nothing", "/static/none.js", "/static/../app.py", "/static/%2e%2e/app.py", "/apixyz"]
)
def test_outside_the_api_an_error_is_one_readable_line(client, path):
    response = client.get(path)
    assert (response.status_code, response.mimetype) == (404, "text/plain")
    assert response.get_data(as_text=True).startswith("404: ")


def test_long_input_is_shortened_in_the_error(client):
    response = client.get("/api/v1/demo?kind=" + "x" * 50_000)
    assert check_error(response, 400, "unknown_name")
    assert len(response.data) < 4 * MAX_TEXT


def test_shorten():
    assert shorten("a" * 5000) == "a" * MAX_TEXT + "…"
    assert shorten(["\ud800", 1, None]) == ["?", 1, None]
