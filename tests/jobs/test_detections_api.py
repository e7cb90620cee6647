"""Kept detections over HTTP: the same as a detection of the same series at once, in windows, judged again."""

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
from tests.jobs.conftest import MAX_BYTES, ended, table


def made(client, jobs, series_id, **body):
    """A detection that is done."""
    response = client.post(f"/api/v1/series/{series_id}/detections", json=body)
    assert response.status_code in (201, 202), response.data
    told = strict_json(response.data)
    assert response.headers["Location"] == f"/api/v1/detections/{told['id']}"
    assert (response.status_code == 201) == (told["status"] == "done")
    check_schema(told, "StoredDetection")
    ended(lambda: jobs.results.get(told["id"]))
    return got(client, told["id"])


def got(client, detection_id, path="", name="StoredDetection"):
    response = client.get(f"/api/v1/detections/{detection_id}{path}")
    assert response.status_code == 200, response.data
    told = strict_json(response.data)
    check_schema(told, name)
    return told


def detected_directly(client, kept, datasets, detector, **params):
    """What POST /api/v1/detect answers for the same data."""
    series = datasets.series(kept, kept.default)
    times = None if series.times is None else series.times.astype(np.int64).tolist()
    body = {"series": {"values": series.values.tolist(), "times": times}, "detector": detector, "params": params}
    response = client.post("/api/v1/detect", json=body)
    assert response.status_code == 200, response.data
    return strict_json(response.data)


@pytest.mark.parametrize("detector", DETECTORS)
def test_it_equals_a_direct_detection_even_with_another_sigma(client, jobs, kept, datasets, detector):
    whole = detected_directly(client, kept, datasets, detector)
    told = made(client, jobs, kept.id, detector=detector)
    assert told["status"] == "done", told["error"]
    for name in ("params", "threshold", "events"):
        assert told[name] == whole[name]
    assert {**told["summary"], "seconds": None} == {**whole["summary"], "seconds": None}
    points = got(client, told["id"], "/points", "DetectionPoints")
    for name in ("times", "values", "expected", "lower", "upper", "score", "is_anomaly", "threshold"):
        assert points[name] == whole[name], name
    strictness = next(name for name in told["adjustable_params"] if name != "merge_gap")
    if detector not in ("lstm", "seasonal_naive"):  # there another sigma at the fit changes the forecasts, too
        other = detected_directly(client, kept, datasets, detector, **{strictness: 8})
        response = client.patch(f"/api/v1/detections/{told['id']}", json={"params": {strictness: 8}})
        again = strict_json(response.data)
        assert (again["events"], again["threshold"]) == (other["events"], other["threshold"])
        assert got(client, told["id"], "/points", "DetectionPoints")["lower"] == other["lower"]


def test_it_uses_the_requested_parameters(client, jobs, kept, datasets):
    told = made(client, jobs, kept.id, detector="rolling_zscore", params={"window": 5, "threshold": 3})
    whole = detected_directly(client, kept, datasets, "rolling_zscore", window=5, threshold=3)
    assert (told["params"], told["events"]) == (whole["params"], whole["events"])
    assert len(told["events"]) > 2  # what others than the defaults find


def test_another_column_and_a_series_without_times(client, jobs, datasets):
    kept = datasets.add(table(times=False), 1, MAX_BYTES)
    told = made(client, jobs, kept.id, detector="rolling_zscore", column="other")
    assert [event["peak"] for event in told["events"]] == [149, 299]
    assert told["events"][0]["start_time"] is None
    points = got(client, told["id"], "/points?from=140&to=160", "DetectionPoints")
    assert (points["positions"], points["times"]) == (list(range(140, 160)), None)
    check_error(client.get(f"/api/v1/detections/{told['id']}/points?from=2026-03-01"), 400, "bad_parameter")


def test_windows_by_time_and_by_position_keep_every_event(client, jobs, datasets):
    kept = datasets.add(table(20_000, spikes=range(300, 20_000, 1_500)), 1, MAX_BYTES)
    told = made(client, jobs, kept.id, detector="rolling_zscore")
    peaks = {event["peak"] for event in told["events"]}
    assert len(peaks) >= 13
    for path in ("?buckets=50", "?from=100&to=15000&buckets=40", "?from=2026-03-02&to=2026-05-01T00:00Z&buckets=60"):
        points = got(client, told["id"], f"/points{path}", "DetectionPoints")
        inside = {peak for peak in peaks if points["start"] <= peak < points["stop"]}
        flagged = {p for p, flag in zip(points["positions"], points["is_anomaly"], strict=True) if flag}
        assert inside and inside <= flagged
        assert len(points["positions"]) <= 120
    ms = got(client, told["id"], "/points?from=1772323200000&to=1772326800000&times=ms", "DetectionPoints")
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
def test_windows_that_are_none(client, jobs, kept, query, code):
    told = made(client, jobs, kept.id, detector="rolling_zscore")
    check_error(client.get(f"/api/v1/detections/{told['id']}/points?{query}"), 400, code)


def test_it_is_judged_again_and_stays_so(client, jobs, kept, store):
    told = made(client, jobs, kept.id, detector="rolling_zscore")
    path = f"/api/v1/detections/{told['id']}"
    assert len(told["events"]) == 2
    stricter = strict_json(client.patch(path, json={"params": {"threshold": 500}}).data)
    check_schema(stricter, "StoredDetection")
    assert (stricter["events"], stricter["threshold"]) == ([], 500)
    assert stricter["summary"]["anomalies"] == 0
    back = client.patch(
        path, json={"params": {"threshold": 5, "merge_gap": 9}, "event_filter": {"direction": "below"}}
    ).json
    assert (back["events"], back["event_filter"]["direction"]) == ([], "below")
    # another service on the same database reads the same
    other = create_app(Settings(), jobs=JobQueue(store, max_queued=1, max_bytes=MAX_BYTES)).test_client()
    assert got(other, told["id"])["event_filter"] == back["event_filter"]
    assert not any(got(other, told["id"], "/points", "DetectionPoints")["is_anomaly"])
    back = client.patch(path, json={"event_filter": {"direction": "above", "min_abs_deviation": 1}}).json
    assert [event["peak"] for event in back["events"]] == [100, 250]
    assert (back["params"]["merge_gap"], back["event_filter"]["min_abs_deviation"]) == (9, 1)
    assert got(other, told["id"])["events"] == back["events"]
    assert sum(got(other, told["id"], "/points", "DetectionPoints")["is_anomaly"]) >= 2


def test_invalid_changes_are_refused_with_the_reason(client, jobs, kept):
    told = made(client, jobs, kept.id, detector="rolling_zscore")
    path = f"/api/v1/detections/{told['id']}"
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


def test_sensitivity_says_how_many_events_each_sigma_gives(client, jobs, datasets):
    kept = datasets.add(table(20_000, spikes=range(300, 20_000, 1_500)), 1, MAX_BYTES)
    told = made(client, jobs, kept.id, detector="rolling_zscore")
    found = got(client, told["id"], "/sensitivity?events_per_month=2", "Sensitivity")
    curve = found["curve"]
    assert found["param"] == "threshold"
    assert 20 <= len(curve) <= 32
    assert curve[-1]["events"] == 0 and curve[0]["events"] > 14
    present = next(each for each in curve if each["value"] == told["params"]["threshold"])
    assert present["events"] == len(told["events"])
    assert present["per_month"] == pytest.approx(len(told["events"]) / (20_000 * 600 / 2_629_746))
    assert found["target"]["per_month"] <= 2 < max(each["per_month"] for each in curve)
    patched = client.patch(f"/api/v1/detections/{told['id']}", json={"params": {"threshold": found["target"]["value"]}})
    assert len(patched.json["events"]) == found["target"]["events"]
    assert present["recall"] is None


def test_labels_are_left_out_of_learning_and_give_precision_and_recall(client, jobs, kept, datasets):
    first = made(client, jobs, kept.id, detector="seasonal_naive")
    datasets.put_labels(kept.id, [Label(95, 105, "anomaly"), Label(249, 252, "anomaly"), Label(249, 252, "normal")])
    again = made(client, jobs, kept.id, detector="seasonal_naive")
    assert again["threshold"] < first["threshold"]  # the spike does not widen the band any more
    curve = got(client, again["id"], "/sensitivity", "Sensitivity")["curve"]
    at = next(each for each in curve if each["value"] == again["params"]["sigma"])
    assert at["detected"] == 1 and at["recall"] == 1.0
    assert at["precision"] == pytest.approx(at["true_positives"] / at["events"])
    assert curve[-1]["recall"] == 0.0 and curve[-1]["precision"] is None


def test_csv_is_that_of_a_detection_at_once(client, jobs, kept, datasets):
    told = made(client, jobs, kept.id, detector="rolling_zscore")
    response = client.get(f"/api/v1/detections/{told['id']}.csv")
    assert response.mimetype == "text/csv" and "attachment" in response.headers["Content-Disposition"]
    body = datasets.table(kept)
    series = body.series()
    text = "\n".join(f"{t},{v!r}" for t, v in zip(series.times.astype(str), series.values.tolist(), strict=True))
    path, headers = "/api/v1/detect?detector=rolling_zscore", {"Accept": "text/csv", "Content-Type": "text/csv"}
    at_once = client.post(path, data=io.BytesIO(f"time,value\n{text}\n".encode()), headers=headers)
    assert response.data == at_once.data


def test_lists_and_deletes(client, jobs, kept):
    one, two = (made(client, jobs, kept.id, detector="rolling_zscore", params={"window": w}) for w in (20, 30))
    told = strict_json(client.get(f"/api/v1/series/{kept.id}/detections").data)
    check_schema(told, "DetectionList")
    assert {each["id"] for each in told["detections"]} == {one["id"], two["id"]}
    assert client.delete(f"/api/v1/detections/{one['id']}").json == {"id": one["id"], "outcome": "deleted"}
    check_error(client.get(f"/api/v1/detections/{one['id']}"), 404, "not_found")
    assert [each["id"] for each in client.get(f"/api/v1/series/{kept.id}/detections").json["detections"]] == [two["id"]]


def test_bad_requests(client, kept):
    path = f"/api/v1/series/{kept.id}/detections"
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
    for way in ("", "/points", "/sensitivity", ".csv"):
        check_error(client.get(f"/api/v1/detections/none%00{way}"), 404, "not_found")
    check_error(create_app().test_client().get("/api/v1/detections/x"), 503, "no_store")


def test_a_result_that_is_not_there_yet(store, datasets, kept):
    waiting = JobQueue(store, max_queued=1, max_bytes=MAX_BYTES)  # not started
    client = create_app(Settings(), jobs=waiting).test_client()
    response = client.post(f"/api/v1/series/{kept.id}/detections", json={})
    told = strict_json(response.data)
    assert (response.status_code, told["status"], told["ahead"], told["progress"]) == (202, "queued", 0, 0)
    check_error(client.get(f"/api/v1/detections/{told['id']}/points"), 409, "not_done")
    check_error(client.patch(f"/api/v1/detections/{told['id']}", json={}), 409, "not_done")
    full = check_error(client.post(f"/api/v1/series/{kept.id}/detections", json={}), 429, "queue_full")
    assert "1 detections wait" in full["message"]
    assert client.delete(f"/api/v1/detections/{told['id']}").json["outcome"] == "cancelled"
    assert got(client, told["id"])["status"] == "cancelled"
    assert client.delete(f"/api/v1/detections/{told['id']}").json["outcome"] == "deleted"


@pytest.fixture
def busy(client, jobs, datasets):
    """A detection of more events than are kept with it."""
    kept = datasets.add(table(), 1, MAX_BYTES)
    return made(client, jobs, kept.id, detector="rolling_zscore", params={"merge_gap": 0})


def test_of_very_many_events_the_gravest_are_answered_and_all_can_be_read(client, jobs, busy, monkeypatch):
    monkeypatch.setattr("jobs.serialization.MAX_EVENTS", 20)
    path = f"/api/v1/detections/{busy['id']}"
    told = strict_json(client.patch(path, json={"params": {"threshold": 1.2}}).data)
    every = pages(client, path)
    assert told["summary"]["events"] == len(every) > 25
    assert len(told["events"]) == 20
    severities = sorted((event["severity"] for event in every), reverse=True)
    assert sorted((event["severity"] for event in told["events"]), reverse=True) == severities[:20]
    assert [event for event in every if event["start"] in {each["start"] for each in told["events"]}] == told["events"]
    detection = jobs.results.detection(jobs.results.get(busy["id"]))
    assert [(event["start"], event["stop"]) for event in every] == detection.intervals
    assert got(client, busy["id"])["events"] == told["events"]


def pages(client, path):
    """All events, a few at a time."""
    found, after = [], ""
    while after is not None:
        told = strict_json(client.get(f"{path}/events?limit=7{after}").data)
        check_schema(told, "EventPage")
        assert 0 < len(told["events"]) <= 7
        found += told["events"]
        after = None if told["next"] is None else f"&after={told['next']}"
    return found


def test_pages_of_events_that_are_none(client, jobs, kept):
    told = made(client, jobs, kept.id, detector="rolling_zscore")
    path = f"/api/v1/detections/{told['id']}/events"
    last = told["events"][-1]["start"]
    assert client.get(f"{path}?after={last}").json == {"events": [], "next": None}
    assert client.get(f"{path}?after={last - 1}").json == {"events": told["events"][-1:], "next": None}
    ms = client.get(f"{path}?times=ms").json["events"][0]["peak_time"]
    assert np.datetime64(ms, "ms") == np.datetime64(told["events"][0]["peak_time"][:-1])
    for query in ("after=-1", "after=x", "limit=0", "limit=1001"):
        check_error(client.get(f"{path}?{query}"), 400, "bad_parameter")


def test_a_long_file_is_sent_from_the_disk(client, jobs, datasets, monkeypatch):
    kept = datasets.add(table(9_000), 1, MAX_BYTES)
    told = made(client, jobs, kept.id, detector="rolling_zscore")
    short = client.get(f"/api/v1/detections/{told['id']}.csv")
    monkeypatch.setattr(responses, "MAX_BYTES_IN_MEMORY", 5_000)
    with client.get(f"/api/v1/detections/{told['id']}.csv", buffered=False) as response:
        assert response.headers["Content-Length"] == str(len(short.data))
        assert len(next(response.response)) < len(short.data)  # in pieces
    rollover, held = SpooledTemporaryFile.rollover, []
    noted = lambda file: (held.append(file.tell()), rollover(file))  # noqa: E731  # shorter than a function
    monkeypatch.setattr("tempfile.SpooledTemporaryFile.rollover", noted)
    with client.get(f"/api/v1/detections/{told['id']}.csv") as response:
        assert response.data == short.data and response.data.count(b"\n") == 9_001
    assert held[0] < len(short.data)  # put on the disk before all of it was written
    monkeypatch.setattr("tempfile.SpooledTemporaryFile.write", full)
    check_error(client.get(f"/api/v1/detections/{told['id']}.csv"), 503, "unavailable")


def full(self, piece):
    """What a disk without room does."""
    raise OSError(28, "No space left on device")
