"""Stored detections over HTTP: equality with a direct detection, windows, rethresholding, sensitivity, CSV."""

import io
from tempfile import SpooledTemporaryFile

import numpy as np
import pytest

from api import responses
from app import create_app
from detectors.registry import DETECTORS
from jobs import JobQueue
from settings import Settings
from store import Label
from tests.api.invariants import check_error, strict_json
from tests.api.test_openapi import check_schema
from tests.jobs.conftest import MAX_BYTES, table, wait_until_finished


def make_detection(client, jobs, series_id, **body):
    """The JSON of a new detection, once it has finished."""
    response = client.post(f"/api/v1/series/{series_id}/detections", json=body)
    assert response.status_code in (201, 202), response.data
    record = strict_json(response.data)
    assert response.headers["Location"] == f"/api/v1/detections/{record['id']}"
    assert (response.status_code == 201) == (record["status"] == "done")
    check_schema(record, "StoredDetection")
    wait_until_finished(lambda: jobs.results.get(record["id"]))
    return fetch(client, record["id"])


def fetch(client, detection_id, path="", name="StoredDetection"):
    response = client.get(f"/api/v1/detections/{detection_id}{path}")
    assert response.status_code == 200, response.data
    body = strict_json(response.data)
    check_schema(body, name)
    return body


def detect_directly(client, dataset, datasets, detector, **params):
    """The response of POST /api/v1/detect for the same data."""
    series = datasets.series(dataset, dataset.default)
    times = None if series.times is None else series.times.astype(np.int64).tolist()
    body = {"series": {"values": series.values.tolist(), "times": times}, "detector": detector, "params": params}
    response = client.post("/api/v1/detect", json=body)
    assert response.status_code == 200, response.data
    return strict_json(response.data)


@pytest.mark.parametrize("detector", DETECTORS)
def test_a_stored_detection_equals_a_direct_one_also_with_another_sigma(client, jobs, dataset, datasets, detector):
    direct = detect_directly(client, dataset, datasets, detector)
    stored = make_detection(client, jobs, dataset.id, detector=detector)
    assert stored["status"] == "done", stored["error"]
    for name in ("params", "threshold", "events"):
        assert stored[name] == direct[name]
    assert {**stored["summary"], "seconds": None} == {**direct["summary"], "seconds": None}
    points = fetch(client, stored["id"], "/points", "DetectionPoints")
    for name in ("times", "values", "expected", "lower", "upper", "score", "is_anomaly", "threshold"):
        assert points[name] == direct[name], name
    threshold_param = next(name for name in stored["adjustable_params"] if name != "merge_gap")
    if detector not in ("lstm", "seasonal_naive"):  # there another sigma at the fit changes the forecasts, too
        other = detect_directly(client, dataset, datasets, detector, **{threshold_param: 8})
        response = client.patch(f"/api/v1/detections/{stored['id']}", json={"params": {threshold_param: 8}})
        rethresholded = strict_json(response.data)
        assert (rethresholded["events"], rethresholded["threshold"]) == (other["events"], other["threshold"])
        assert fetch(client, stored["id"], "/points", "DetectionPoints")["lower"] == other["lower"]


def test_a_stored_detection_uses_the_requested_parameters(client, jobs, dataset, datasets):
    stored = make_detection(client, jobs, dataset.id, detector="rolling_zscore", params={"window": 5, "threshold": 3})
    direct = detect_directly(client, dataset, datasets, "rolling_zscore", window=5, threshold=3)
    assert (stored["params"], stored["events"]) == (direct["params"], direct["events"])
    assert len(stored["events"]) > 2  # the defaults give two


def test_another_column_and_a_series_without_times(client, jobs, datasets):
    dataset = datasets.add(table(times=False), 1, MAX_BYTES)
    detection = make_detection(client, jobs, dataset.id, detector="rolling_zscore", column="other")
    assert [event["peak"] for event in detection["events"]] == [149, 299]
    assert detection["events"][0]["start_time"] is None
    points = fetch(client, detection["id"], "/points?from=140&to=160", "DetectionPoints")
    assert (points["positions"], points["times"]) == (list(range(140, 160)), None)
    check_error(client.get(f"/api/v1/detections/{detection['id']}/points?from=2026-03-01"), 400, "bad_parameter")


def test_decimated_windows_contain_every_event(client, jobs, datasets):
    dataset = datasets.add(table(20_000, spikes=range(300, 20_000, 1_500)), 1, MAX_BYTES)
    detection = make_detection(client, jobs, dataset.id, detector="rolling_zscore")
    peaks = {event["peak"] for event in detection["events"]}
    assert len(peaks) >= 13
    for path in ("?buckets=50", "?from=100&to=15000&buckets=40", "?from=2026-03-02&to=2026-05-01T00:00Z&buckets=60"):
        points = fetch(client, detection["id"], f"/points{path}", "DetectionPoints")
        inside = {peak for peak in peaks if points["start"] <= peak < points["stop"]}
        flagged = {p for p, flag in zip(points["positions"], points["is_anomaly"], strict=True) if flag}
        assert inside and inside <= flagged
        assert len(points["positions"]) <= 120
    ms = fetch(client, detection["id"], "/points?from=1772323200000&to=1772326800000&times=ms", "DetectionPoints")
    assert ms["times"][0] == 1772323200000 and len(ms["times"]) == 6


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("from=9&to=8", "bad_parameter"),
        ("buckets=0", "bad_parameter"),
        ("buckets=x", "bad_parameter"),
        ("fro=1", "unknown_name"),
        ("from=when", "bad_parameter"),
        ("to=", "bad_parameter"),
    ],
)
def test_bad_window_parameters_are_refused(client, jobs, dataset, query, code):
    detection = make_detection(client, jobs, dataset.id, detector="rolling_zscore")
    check_error(client.get(f"/api/v1/detections/{detection['id']}/points?{query}"), 400, code)


def test_rethresholding_is_stored(client, jobs, dataset, store):
    detection = make_detection(client, jobs, dataset.id, detector="rolling_zscore")
    path = f"/api/v1/detections/{detection['id']}"
    assert len(detection["events"]) == 2
    stricter = strict_json(client.patch(path, json={"params": {"threshold": 500}}).data)
    check_schema(stricter, "StoredDetection")
    assert (stricter["events"], stricter["threshold"]) == ([], 500)
    assert stricter["summary"]["anomalies"] == 0
    back = client.patch(
        path, json={"params": {"threshold": 5, "merge_gap": 9}, "event_filter": {"direction": "below"}}
    ).json
    assert (back["events"], back["event_filter"]["direction"]) == ([], "below")
    # another service on the same database returns the same
    other = create_app(Settings(), jobs=JobQueue(store, max_queued=1, max_bytes=MAX_BYTES)).test_client()
    assert fetch(other, detection["id"])["event_filter"] == back["event_filter"]
    assert not any(fetch(other, detection["id"], "/points", "DetectionPoints")["is_anomaly"])
    back = client.patch(path, json={"event_filter": {"direction": "above", "min_abs_deviation": 1}}).json
    assert [event["peak"] for event in back["events"]] == [100, 250]
    assert (back["params"]["merge_gap"], back["event_filter"]["min_abs_deviation"]) == (9, 1)
    assert fetch(other, detection["id"])["events"] == back["events"]
    assert sum(fetch(other, detection["id"], "/points", "DetectionPoints")["is_anomaly"]) >= 2


def test_invalid_changes_are_refused_with_the_reason(client, jobs, dataset):
    detection = make_detection(client, jobs, dataset.id, detector="rolling_zscore")
    path = f"/api/v1/detections/{detection['id']}"
    error = check_error(client.patch(path, json={"params": {"window": 30}}), 400, "bad_parameter")
    assert "new fit" in error["message"]
    for body, code in (
        ({"params": {"sigma": 3}}, "unknown_name"),
        ({"params": {"threshold": 0}}, "bad_parameter"),
        ({"event_filter": {"direction": "up"}}, "unreadable"),
        ({"event_filter": {"min_abs_deviation": 1e301}}, "bad_parameter"),
        ({"x": 1}, "unreadable"),
    ):
        check_error(client.patch(path, json=body), 400, code)
    error = check_error(client.patch(path, json={"event_filter": {"direction": "up"}}), 400, "unreadable")
    assert error["message"].endswith("direction is one of above, below, both.")
    error = check_error(client.patch(path, json={"event_filter": {"odd": 1}}), 400, "unreadable")
    assert error["message"].endswith(
        "Known: params, event_filter; min_points, min_abs_deviation, min_rel_deviation, direction."
    )


def test_sensitivity_counts_events_for_each_threshold(client, jobs, datasets):
    dataset = datasets.add(table(20_000, spikes=range(300, 20_000, 1_500)), 1, MAX_BYTES)
    detection = make_detection(client, jobs, dataset.id, detector="rolling_zscore")
    sensitivity = fetch(client, detection["id"], "/sensitivity?events_per_month=2", "Sensitivity")
    curve = sensitivity["curve"]
    assert sensitivity["param"] == "threshold"
    assert 20 <= len(curve) <= 32
    assert curve[-1]["events"] == 0 and curve[0]["events"] > 14
    present = next(each for each in curve if each["value"] == detection["params"]["threshold"])
    assert present["events"] == len(detection["events"])
    assert present["per_month"] == pytest.approx(len(detection["events"]) / (20_000 * 600 / 2_629_746))
    assert sensitivity["target"]["per_month"] <= 2 < max(each["per_month"] for each in curve)
    patched = client.patch(
        f"/api/v1/detections/{detection['id']}", json={"params": {"threshold": sensitivity["target"]["value"]}}
    )
    assert len(patched.json["events"]) == sensitivity["target"]["events"]
    assert present["recall"] is None


def test_labelled_anomalies_are_masked_in_the_fit_and_give_precision_and_recall(client, jobs, dataset, datasets):
    first = make_detection(client, jobs, dataset.id, detector="seasonal_naive")
    datasets.put_labels(dataset.id, [Label(95, 105, "anomaly"), Label(249, 252, "anomaly"), Label(249, 252, "normal")])
    second = make_detection(client, jobs, dataset.id, detector="seasonal_naive")
    assert second["threshold"] < first["threshold"]  # the labelled spike no longer widens the band
    curve = fetch(client, second["id"], "/sensitivity", "Sensitivity")["curve"]
    at = next(each for each in curve if each["value"] == second["params"]["sigma"])
    assert at["detected"] == 1 and at["recall"] == 1.0
    assert at["precision"] == pytest.approx(at["true_positives"] / at["events"])
    assert curve[-1]["recall"] == 0.0 and curve[-1]["precision"] is None


def test_csv_equals_that_of_a_direct_detection(client, jobs, dataset, datasets):
    detection = make_detection(client, jobs, dataset.id, detector="rolling_zscore")
    response = client.get(f"/api/v1/detections/{detection['id']}.csv")
    assert response.mimetype == "text/csv" and "attachment" in response.headers["Content-Disposition"]
    body = datasets.table(dataset)
    series = body.series()
    text = "\n".join(f"{t},{v!r}" for t, v in zip(series.times.astype(str), series.values.tolist(), strict=True))
    path, headers = "/api/v1/detect?detector=rolling_zscore", {"Accept": "text/csv", "Content-Type": "text/csv"}
    direct = client.post(path, data=io.BytesIO(f"time,value\n{text}\n".encode()), headers=headers)
    assert response.data == direct.data


def test_detections_are_listed_and_deleted(client, jobs, dataset):
    one, two = (
        make_detection(client, jobs, dataset.id, detector="rolling_zscore", params={"window": w}) for w in (20, 30)
    )
    listed = strict_json(client.get(f"/api/v1/series/{dataset.id}/detections").data)
    check_schema(listed, "DetectionList")
    assert {each["id"] for each in listed["detections"]} == {one["id"], two["id"]}
    assert client.delete(f"/api/v1/detections/{one['id']}").json == {"id": one["id"], "outcome": "deleted"}
    check_error(client.get(f"/api/v1/detections/{one['id']}"), 404, "not_found")
    assert [each["id"] for each in client.get(f"/api/v1/series/{dataset.id}/detections").json["detections"]] == [
        two["id"]
    ]


def test_bad_requests_are_refused(client, dataset):
    path = f"/api/v1/series/{dataset.id}/detections"
    for body, code in (
        ({"column": "none"}, "unknown_name"),
        ({"detector": "none"}, "unknown_name"),
        ({"params": {"sogma": 1}}, "unknown_name"),
        ({"params": {"sigma": "x"}}, "bad_parameter"),
        ({"other": 1}, "unreadable"),
    ):
        check_error(client.post(path, json=body), 400, code)
    check_error(client.post("/api/v1/series/none/detections", json={}), 404, "not_found")
    check_error(client.get("/api/v1/series/none/detections"), 404, "not_found")
    for path_end in ("", "/points", "/sensitivity", ".csv"):
        check_error(client.get(f"/api/v1/detections/none%00{path_end}"), 404, "not_found")
    check_error(create_app().test_client().get("/api/v1/detections/x"), 503, "no_store")


def test_a_queued_detection_has_no_result(store, datasets, dataset):
    waiting = JobQueue(store, max_queued=1, max_bytes=MAX_BYTES)  # not started
    client = create_app(Settings(), jobs=waiting).test_client()
    response = client.post(f"/api/v1/series/{dataset.id}/detections", json={})
    detection = strict_json(response.data)
    assert (response.status_code, detection["status"], detection["ahead"], detection["progress"]) == (
        202,
        "queued",
        0,
        0,
    )
    check_error(client.get(f"/api/v1/detections/{detection['id']}/points"), 409, "not_done")
    check_error(client.patch(f"/api/v1/detections/{detection['id']}", json={}), 409, "not_done")
    fail_write = check_error(client.post(f"/api/v1/series/{dataset.id}/detections", json={}), 429, "queue_full")
    assert "1 detections wait" in fail_write["message"]
    assert client.delete(f"/api/v1/detections/{detection['id']}").json["outcome"] == "cancelled"
    assert fetch(client, detection["id"])["status"] == "cancelled"
    assert client.delete(f"/api/v1/detections/{detection['id']}").json["outcome"] == "deleted"


@pytest.fixture
def many_events(client, jobs, datasets):
    """A detection that has many events once its threshold is low."""
    dataset = datasets.add(table(), 1, MAX_BYTES)
    return make_detection(client, jobs, dataset.id, detector="rolling_zscore", params={"merge_gap": 0})


def test_the_response_holds_the_most_severe_events_and_pages_hold_all(client, jobs, many_events, monkeypatch):
    monkeypatch.setattr("jobs.serialization.MAX_EVENTS", 20)
    path = f"/api/v1/detections/{many_events['id']}"
    response = strict_json(client.patch(path, json={"params": {"threshold": 1.2}}).data)
    every = all_events(client, path)
    assert response["summary"]["events"] == len(every) > 25
    assert len(response["events"]) == 20
    severities = sorted((event["severity"] for event in every), reverse=True)
    assert sorted((event["severity"] for event in response["events"]), reverse=True) == severities[:20]
    assert [event for event in every if event["start"] in {each["start"] for each in response["events"]}] == response[
        "events"
    ]
    detection = jobs.results.detection(jobs.results.get(many_events["id"]))
    assert [(event["start"], event["stop"]) for event in every] == detection.intervals
    assert fetch(client, many_events["id"])["events"] == response["events"]


def all_events(client, path):
    """All events of a detection, read in pages of seven."""
    events, after = [], ""
    while after is not None:
        page = strict_json(client.get(f"{path}/events?limit=7{after}").data)
        check_schema(page, "EventPage")
        assert 0 < len(page["events"]) <= 7
        events += page["events"]
        after = None if page["next"] is None else f"&after={page['next']}"
    return events


def test_empty_and_refused_event_pages(client, jobs, dataset):
    detection = make_detection(client, jobs, dataset.id, detector="rolling_zscore")
    path = f"/api/v1/detections/{detection['id']}/events"
    last = detection["events"][-1]["start"]
    assert client.get(f"{path}?after={last}").json == {"events": [], "next": None}
    assert client.get(f"{path}?after={last - 1}").json == {"events": detection["events"][-1:], "next": None}
    ms = client.get(f"{path}?times=ms").json["events"][0]["peak_time"]
    assert np.datetime64(ms, "ms") == np.datetime64(detection["events"][0]["peak_time"][:-1])
    for query in ("after=-1", "after=x", "limit=0", "limit=1001"):
        check_error(client.get(f"{path}?{query}"), 400, "bad_parameter")


def test_a_long_csv_is_spooled_to_disk(client, jobs, datasets, monkeypatch):
    dataset = datasets.add(table(9_000), 1, MAX_BYTES)
    detection = make_detection(client, jobs, dataset.id, detector="rolling_zscore")
    short = client.get(f"/api/v1/detections/{detection['id']}.csv")
    monkeypatch.setattr(responses, "MAX_BYTES_IN_MEMORY", 5_000)
    with client.get(f"/api/v1/detections/{detection['id']}.csv", buffered=False) as response:
        assert response.headers["Content-Length"] == str(len(short.data))
        assert len(next(response.response)) < len(short.data)  # in pieces
    rollover, memory_bytes = SpooledTemporaryFile.rollover, []
    record_size = lambda file: (memory_bytes.append(file.tell()), rollover(file))  # noqa: E731  # shorter than a function
    monkeypatch.setattr("tempfile.SpooledTemporaryFile.rollover", record_size)
    with client.get(f"/api/v1/detections/{detection['id']}.csv") as response:
        assert response.data == short.data and response.data.count(b"\n") == 9_001
    assert memory_bytes[0] < len(short.data)  # moved to disk before all of it was written
    monkeypatch.setattr("tempfile.SpooledTemporaryFile.write", fail_write)
    check_error(client.get(f"/api/v1/detections/{detection['id']}.csv"), 503, "unavailable")


def fail_write(self, piece):
    """Fails as a full disk does."""
    raise OSError(28, "No space left on device")
