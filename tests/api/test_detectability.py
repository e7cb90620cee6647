"""POST /api/v1/detectability: which injected faults are detected in a series."""

import pytest

from api import concurrency
from app import create_app
from datasets.datasets import Datasets
from store import DatasetStore, StreamStore
from tests.api.invariants import check_error, strict_json
from tests.api.test_openapi import check_schema

DETECTABILITY = "/api/v1/detectability"


def json_of(response):
    assert response.status_code == 200, response.data[:500]
    response_json = strict_json(response.data)
    check_schema(response_json, "Detectability")
    return response_json


def post_csv(client, data, query="detector=robust_zscore"):
    return client.post(f"{DETECTABILITY}?{query}", data=data, content_type="text/csv")


def test_the_response_has_shares_and_a_summary(client, csv_file):
    response_json = json_of(post_csv(client, csv_file))
    assert (response_json["detector"], response_json["mode"], response_json["column"]) == (
        "robust_zscore",
        "offline",
        "value",
    )
    assert {"spike", "dip", "flat_line"} <= {fault["name"] for fault in response_json["faults"]}
    for fault in response_json["faults"]:
        assert fault["summary"] in response_json["summary"]
        assert [size["share"] for size in fault["sizes"]] == [s["detected"] / s["injected"] for s in fault["sizes"]]
        detected_sizes = [size["size"] for size in fault["sizes"] if size["share"] >= 0.8]
        assert fault["smallest"] == (detected_sizes[0] if detected_sizes else None)
        for size in fault["sizes"]:
            assert (size["delay_points"] is None) == (size["detected"] == 0)
    assert response_json == json_of(post_csv(client, csv_file))


def test_json_is_answered_too_without_seconds_where_there_are_no_times(client):
    body = {
        "series": {"values": [10.0, 11.0, 10.5, 12.0] * 100},
        "detector": "robust_zscore",
        "params": {"window": 20.0},
    }
    response_json = json_of(client.post(DETECTABILITY, json=body))
    assert response_json["params"]["window"] == 20
    assert all(size["delay_seconds"] is None for fault in response_json["faults"] for size in fault["sizes"])


@pytest.mark.parametrize("values", [[], [1], [None] * 50, [5] * 100])
def test_a_series_without_places_for_faults_has_a_reason(client, values):
    response = client.post(DETECTABILITY, json={"series": {"values": values}, "detector": "lstm"})
    if response.status_code == 400:
        check_error(response, 400, "unreadable")
    else:
        response_json = json_of(response)
        assert response_json["faults"] == []
        assert response_json["reason"] in response_json["summary"]


def test_the_response_is_truncated_at_the_deadline(stored, csv_file, monkeypatch):
    client, series = stored
    assert not json_of(post_csv(client, csv_file))["truncated"]
    monkeypatch.setattr(concurrency, "DEADLINE_SECONDS", 0.0)
    for response_json in (
        json_of(post_csv(client, csv_file)),
        json_of(client.post(f"/api/v1/series/{series}/detectability", json={"detector": "robust_zscore"})),
    ):
        assert response_json["faults"] == []
        assert "takes too long" in response_json["reason"]


def test_mode_online(client, csv_file):
    response_json = json_of(post_csv(client, csv_file, "detector=level_spread&mode=online"))
    assert response_json["mode"] == "online"
    assert response_json["faults"] != json_of(post_csv(client, csv_file, "detector=level_spread"))["faults"]


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("mode=later", "bad_parameter"),
        ("detector=oracle", "unknown_name"),
        ("detector=robust_zscore&sigma=3", "unknown_name"),
        ("detector=robust_zscore&window=-1", "bad_parameter"),
        ("value_column=nope", "unknown_name"),
    ],
)
def test_errors_in_a_request_with_a_file(client, csv_file, query, code):
    check_error(post_csv(client, csv_file, query), 400, code)


@pytest.fixture
def stored(tmp_path, csv_file):
    """A client of an app with a store, and the id of a dataset in it."""
    store = StreamStore.open(f"sqlite:///{tmp_path / 'x.db'}")
    client = create_app(datasets=Datasets(DatasetStore(store.database), max_bytes=10**9)).test_client()
    yield client, client.post("/api/v1/series", data=csv_file, content_type="text/csv").json["id"]
    store.close()


def test_a_dataset_gets_the_response_of_a_file(stored, csv_file):
    client, series = stored
    response_json = json_of(client.post(f"/api/v1/series/{series}/detectability", json={"detector": "robust_zscore"}))
    assert response_json == {**json_of(post_csv(client, csv_file)), "name": response_json["name"]}
    stream = json_of(
        client.post(f"/api/v1/series/{series}/detectability", json={"detector": "subspace", "mode": "online"})
    )
    assert stream["mode"] == "online"


def test_no_faults_are_injected_into_labelled_anomalies(stored):
    client, series = stored
    labels = [{"start": 0, "stop": 400, "kind": "anomaly"}]
    assert client.put(f"/api/v1/series/{series}/labels", json=labels).status_code == 200
    response_json = json_of(client.post(f"/api/v1/series/{series}/detectability", json={"detector": "robust_zscore"}))
    assert response_json["faults"] == []
    assert response_json["reason"]
    labels.append({"start": 100, "stop": 400, "kind": "normal"})  # the later label applies
    assert client.put(f"/api/v1/series/{series}/labels", json=labels).status_code == 200
    assert json_of(client.post(f"/api/v1/series/{series}/detectability", json={"detector": "robust_zscore"}))["faults"]


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({"mode": "later"}, 400, "unreadable"),
        ({"column": "nope"}, 400, "unknown_name"),
        ({"detector": "oracle"}, 400, "unknown_name"),
        ({"detector": "robust_zscore", "params": {"window": -1}}, 400, "bad_parameter"),
    ],
)
def test_errors_in_a_request_about_a_dataset(stored, body, status, code):
    client, series = stored
    check_error(client.post(f"/api/v1/series/{series}/detectability", json=body), status, code)
    check_error(client.post("/api/v1/series/none/detectability", json={}), 404, "not_found")


def test_an_unknown_mode_lists_the_modes(stored):
    client, series = stored
    error = check_error(
        client.post(f"/api/v1/series/{series}/detectability", json={"mode": "later"}), 400, "unreadable"
    )
    assert error["message"].endswith("mode is one of offline, online.")
