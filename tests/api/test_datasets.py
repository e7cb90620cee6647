"""Datasets over HTTP: stored, listed, read in windows, labelled, deleted; acknowledged uploads survive kill -9."""

import csv
import io
import json
import os
import signal
import urllib.request
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from api import responses
from app import create_app
from datasets.datasets import DAY_MS, Datasets
from readers import positions, read_csv
from settings import Settings
from store import DatasetStore, StreamStore
from tests.api.invariants import check_error, strict_json
from tests.api.test_openapi import check_schema
from tests.serving import served
from timeseries import Table

CSV = 'time,a,"b, c",text\n2026-03-01T10:00:00Z,1.5,-2,x\n2026-03-01T10:01:00Z,,1e-300,y\n2026-03-01T10:02:00Z,3,4,z\n'
DAY = 86_400


class Clock:
    def __init__(self):
        self.seconds = 1_800_000_000.0

    def __call__(self):
        return self.seconds


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def store(tmp_path):
    store = StreamStore.open(f"sqlite:///{tmp_path / 'x.db'}")
    yield store
    store.close()


@pytest.fixture
def client(store, clock):
    datasets = Datasets(DatasetStore(store.database), max_bytes=10**9, retention_days=30, now=clock)
    return create_app(Settings(), datasets=datasets).test_client()


def add(client, data=CSV, query="", **options):
    options = {"content_type": "text/csv", **options}
    response = client.post(f"/api/v1/series{query}", data=data, **options)
    assert response.status_code == 201, response.data
    result = strict_json(response.data)
    assert response.headers["Location"] == f"/api/v1/series/{result['id']}"
    check_schema(result, "Dataset")
    return result


def get(client, path, shape=None):
    response = client.get(f"/api/v1/series{path}")
    assert response.status_code == 200, response.data
    result = strict_json(response.data)
    if shape:
        check_schema(result, shape)
    return result


def test_every_value_column_is_stored_and_returned_unchanged(client):
    result = add(client, query="?name=pump")
    assert {**result, "id": "", "created": ""} == {
        "id": "",
        "created": "",
        "name": "pump",
        "points": 3,
        "columns": ["a", "b, c"],
        "column": "a",
        "time_column": "time",
        "date_order": None,
        "start": "2026-03-01T10:00:00Z",
        "stop": "2026-03-01T10:02:00Z",
        "step_seconds": 60.0,
        "repairs": [
            {"code": "text_column", "message": "Column 'text' holds text and was left out.", "count": 1, "lines": []}
        ],
    }
    assert get(client, f"/{result['id']}") == result
    window = get(client, f"/{result['id']}/points?column=b, c", "DatasetPoints")
    assert window == {
        "column": "b, c",
        "start": 0,
        "stop": 3,
        "positions": [0, 1, 2],
        "times": ["2026-03-01T10:00:00Z", "2026-03-01T10:01:00Z", "2026-03-01T10:02:00Z"],
        "values": [-2, 1e-300, 4],
    }
    overview = get(client, f"/{result['id']}/overview?times=ms", "Overview")
    assert [each["values"] for each in overview["columns"]] == [[1.5, None, 3], [-2, 1e-300, 4]]
    assert overview["columns"][0]["times"][0] == 1772359200000
    assert [each["missing"] for each in overview["columns"]] == [1, 0]
    assert overview["gaps"] == 0


def test_json_and_forms_are_stored_too(client):
    result = add(client, json.dumps({"series": {"values": [1, None, 3], "name": "v"}}), content_type="application/json")
    assert (result["points"], result["columns"], result["start"], result["step_seconds"]) == (3, ["v"], None, None)
    assert get(client, f"/{result['id']}/points")["values"] == [1, None, 3]
    form = {"file": (io.BytesIO(CSV.encode()), "pump.csv"), "time_column": "time", "value_column": "b, c"}
    result = add(client, form, content_type="multipart/form-data")
    assert (result["name"], result["column"], result["columns"]) == ("pump.csv", "b, c", ["a", "b, c"])


@pytest.mark.parametrize(
    ("query", "start", "stop"),
    [
        ("", 0, 3),
        ("from=2026-03-01T10:01:00Z", 1, 3),
        ("to=2026-03-01T10:01:00Z", 0, 1),
        ("from=1772359200001&to=1772359320000", 1, 2),
        ("from=2030-01-01", 3, 3),
        ("from=1&to=2026-03-01T10:02:00Z", 1, 2),
        ("from=2020-01-01&to=2020-01-02", 0, 0),
    ],
)
def test_a_window_is_half_open_in_time(client, query, start, stop):
    window = get(client, f"/{add(client)['id']}/points?{query}", "DatasetPoints")
    assert (window["start"], window["stop"], window["positions"]) == (start, stop, list(range(start, stop)))


def test_a_window_of_a_series_without_times_is_one_of_positions(client):
    result = add(client, json.dumps({"series": {"values": list(range(100))}}), content_type="application/json")
    window = get(client, f"/{result['id']}/points?from=10&to=2000&buckets=5", "DatasetPoints")
    assert (window["start"], window["stop"], window["times"]) == (10, 100, None)
    assert window["positions"] == [10, 27, 28, 45, 46, 63, 64, 81, 82, 99]
    assert window["values"] == window["positions"]


def test_a_large_window_is_reduced_and_has_its_extremes(client):
    n = 30_000
    values = np.sin(np.arange(n) / 100)
    values[[7777, 22222]] = 9, -9
    start = datetime(2026, 1, 1, tzinfo=UTC)
    rows = (f"{start + timedelta(seconds=60 * at):%Y-%m-%dT%H:%M:%SZ},{value}" for at, value in enumerate(values))
    result = add(client, "\n".join(["time,v", *rows, ""]))
    window = get(client, f"/{result['id']}/points?buckets=100", "DatasetPoints")
    assert 150 < len(window["positions"]) <= 200
    assert {7777, 22222} <= set(window["positions"])
    assert window["values"] == values[window["positions"]].tolist()
    assert len(get(client, f"/{result['id']}/overview", "Overview")["columns"][0]["values"]) == 240


def test_a_downloaded_file_can_be_uploaded(client):
    first = add(client, CSV)
    response = client.get(f"/api/v1/series/{first['id']}.csv")
    assert response.mimetype == "text/csv"
    assert f"series-{first['id']}.csv" in response.headers["Content-Disposition"]
    second = add(client, response.data)
    assert second["repairs"] == []
    for name in ("points", "columns", "column", "time_column", "start", "stop", "step_seconds"):
        assert second[name] == first[name]
    for column in first["columns"]:
        path = f"points?column={column}"
        assert get(client, f"/{second['id']}/{path}") == get(client, f"/{first['id']}/{path}")


def test_ten_thousand_label_times_are_read_together(client, monkeypatch):
    single_reads = []
    read = positions.read_time
    monkeypatch.setattr(positions, "read_time", lambda text: single_reads.append(text) or read(text))
    start = datetime(2026, 1, 1, tzinfo=UTC)
    result = add(
        client, "time,v\n" + "".join(f"{start + timedelta(minutes=k):%Y-%m-%dT%H:%MZ},{k}\n" for k in range(20_001))
    )
    times = [f"{start + timedelta(minutes=k):%Y-%m-%dT%H:%M:%SZ}" for k in range(20_001)]
    labels = [{"start": times[2 * k], "stop": times[2 * k + 1], "kind": "normal"} for k in range(9_999)]
    unusual_format = {"start": "2026-01-01T00:00:00.000Z", "stop": "Jan 1, 2026 00:03", "kind": "anomaly"}
    stored = strict_json(client.put(f"/api/v1/series/{result['id']}/labels", json=[*labels, unusual_format]).data)
    assert [(each["start"], each["stop"]) for each in stored["labels"]] == [
        *((2 * k, 2 * k + 1) for k in range(9_999)),
        (0, 3),
    ]
    assert stored["times"][:2] == [[times[0], times[0]], [times[2], times[2]]]
    assert len(single_reads) <= 2
    labels[5000] = {**labels[5000], "stop": "2026-02-30T00:00:00Z"}
    wrong = client.put(f"/api/v1/series/{result['id']}/labels", json=labels[4990:5010])
    assert check_error(wrong, 400, "bad_input")["detail"]["index"] == 10


def test_the_date_order_is_returned_and_names_are_no_formulas(client):
    result = add(client, "date,=1+1,@load\n13/02/2026,1,2\n14/02/2026,2,3\n", query="?name=pu%07mp")
    assert result["date_order"] == {
        "order": "dmy",
        "by": "numbers",
        "message": "Dates like '13/02/2026' were read day first: there is no month 13.",
    }
    assert (result["name"], [each["code"] for each in result["repairs"]]) == ("pump", ["name_cleaned"])
    assert get(client, f"/{result['id']}") == result
    assert result["columns"] == ["=1+1", "@load"]
    assert client.get(f"/api/v1/series/{result['id']}.csv").data.startswith(b'date,"\'=1+1",@load\n')


NUMBERS = st.floats(allow_nan=False, allow_infinity=False) | st.integers(-5, 5).map(float)
NAMES = st.text(st.characters(codec="utf-8", categories=["L", "N", "P", "S", "Zs"]), min_size=1, max_size=12)
NAMES = NAMES.map(lambda name: " ".join(f"v {name} v".split()))  # as the reader cleans them


@given(
    columns=st.lists(st.tuples(NAMES, st.lists(st.none() | NUMBERS, min_size=5, max_size=5)), min_size=1, max_size=4),
    timed=st.booleans(),
    as_ms=st.booleans(),
)
def test_a_downloaded_file_is_read_as_the_same_table(columns, timed, as_ms):
    named = {name: np.array([np.nan if each is None else each for each in values]) for name, values in columns}
    # The reader drops columns without a number, and takes a column that counts up for row numbers.
    with np.errstate(over="ignore"):
        named = {n: v for n, v in named.items() if np.isfinite(v).any() and not (np.diff(v) == 1).all()}
    if not named:
        return
    times = (np.array([0, 1, 5, 6, 7]) * 1000 + 1_700_000_000_123).astype("datetime64[ms]") if timed else None
    restored = read_csv(b"".join(responses.table_csv(Table("t", times, named), as_ms=as_ms)))
    assert restored.repairs == ()
    assert list(restored.columns) == list(named)
    for name, values in named.items():
        assert restored.columns[name].tolist() == pytest.approx(values.tolist(), rel=0, abs=0, nan_ok=True)
    assert (restored.times is None) == (times is None)
    if times is not None:
        np.testing.assert_array_equal(restored.times, times)


def test_the_column_of_times_gets_a_name_of_its_own():
    times = np.arange(2).astype("datetime64[s]").astype("datetime64[ms]")
    table = Table("t", times, {"time": np.zeros(2), "timestamp": np.zeros(2)})
    assert next(csv.reader(io.StringIO(b"".join(responses.table_csv(table)).decode()))) == [
        "time_2",
        "time",
        "timestamp",
    ]


def test_the_pages_of_the_list_have_all_datasets_newest_first(client, clock):
    ids = []
    for _ in range(5):
        ids.append(add(client)["id"])
        clock.seconds += 1
    listed_ids, after = [], ""
    while after is not None:
        result = get(client, f"?limit=2{after and f'&after={after}'}", "DatasetList")
        listed_ids += [each["id"] for each in result["series"]]
        after = result["next"]
    assert listed_ids == ids[::-1]


def test_deleting_a_dataset_makes_every_path_not_found(client):
    result = add(client)
    path = f"/api/v1/series/{result['id']}"
    assert strict_json(client.delete(path).data) == {"deleted": result["id"]}
    for address in (path, f"{path}.csv", f"{path}/points", f"{path}/overview", f"{path}/labels"):
        check_error(client.get(address), 404, "not_found")
    check_error(client.delete(path), 404, "not_found")
    check_error(client.put(f"{path}/labels", json=[]), 404, "not_found")
    assert get(client, "")["series"] == []


def test_expired_datasets_are_deleted(client, clock, store):
    old = add(client)["id"]
    clock.seconds += 30 * DAY + 1
    check_error(client.get(f"/api/v1/series/{old}"), 404, "not_found")
    assert get(client, "") == {"series": [], "next": None}
    new = add(client)["id"]
    assert [each.id for each in DatasetStore(store.database).page(10)] == [new]
    assert DAY_MS == DAY * 1000


def test_an_upload_beyond_the_size_limit_is_refused(store):
    datasets = Datasets(DatasetStore(store.database), max_bytes=5000)
    client = create_app(Settings(), datasets=datasets).test_client()
    add(client)
    result = check_error(client.post("/api/v1/series", data=CSV, content_type="text/csv"), 413, "limit_exceeded")
    assert result["detail"]["setting"] == "ANOMALY_MAX_DATASET_BYTES"
    assert "Delete some" in result["message"]


def test_labels_are_positions_or_times(client):
    path = f"/api/v1/series/{add(client)['id']}/labels"
    assert strict_json(client.get(path).data) == {"labels": [], "times": []}
    labels = [
        {"start": 0, "stop": 2, "kind": "anomaly", "note": "pump off"},
        {"start": "2026-03-01T10:01:00Z", "stop": "2026-03-02", "kind": "normal"},
    ]
    result = strict_json(client.put(path, json=labels).data)
    check_schema(result, "DatasetLabels")
    assert result["labels"] == [labels[0], {"start": 1, "stop": 3, "kind": "normal", "note": ""}]
    assert result["times"][1] == ["2026-03-01T10:01:00Z", "2026-03-01T10:02:00Z"]
    assert strict_json(client.get(path).data) == result
    assert strict_json(client.put(path, json=result).data) == result
    assert (
        get(client, f"{path.removeprefix('/api/v1/series')}?times=ms", "DatasetLabels")["times"][0][0] == 1772359200000
    )


@pytest.mark.parametrize(
    "wrong",
    [
        {"start": 2, "stop": 4, "kind": "normal"},
        {"start": 1, "stop": 1, "kind": "normal"},
        {"start": -1, "stop": 1, "kind": "normal"},
        {"start": 2**70, "stop": 2**71, "kind": "normal"},
        {"start": 0, "stop": 1, "kind": "odd"},
        {"start": 0, "stop": 1},
        {"start": "soon", "stop": 1, "kind": "normal"},
        {"start": "2026-03-01T10:00:00Z", "stop": "2026-03-01T10:00:00Z", "kind": "normal"},
        {"start": 0, "stop": 1, "kind": "normal", "note": "a\0b"},
        {"start": 0, "stop": 1, "kind": "normal", "note": "a" * 1001},
    ],
)
def test_one_bad_label_refuses_all_and_is_named(client, wrong):
    path = f"/api/v1/series/{add(client)['id']}/labels"
    good = {"start": 0, "stop": 1, "kind": "anomaly", "note": ""}
    client.put(path, json=[good])
    response = client.put(path, json=[good, wrong])
    result = check_error(response, 400, response.json["error"]["code"])
    assert result["detail"]["index"] == 1
    assert strict_json(client.get(path).data)["labels"] == [good]


@pytest.mark.parametrize(
    ("method", "path", "code", "word"),
    [
        ("GET", "?after=yesterday", "bad_parameter", "next"),
        ("GET", "?limit=0", "bad_parameter", "limit"),
        ("GET", "?color=red", "unknown_name", "color"),
        ("GET", "/{id}/points?column=x", "unknown_name", "'a', 'b, c'"),
        ("GET", "/{id}/points?from=soon", "bad_parameter", "from"),
        ("GET", "/{id}/points?to=2026-13-45", "bad_parameter", "to"),
        ("GET", "/{id}/points?from=2026-03-02&to=2026-03-01", "bad_parameter", "before"),
        ("GET", "/{id}/points?buckets=100000", "bad_parameter", "buckets"),
        ("GET", "/{id}/overview?buckets=x", "bad_parameter", "buckets"),
        ("GET", "/{id}?color=red", "unknown_name", "color"),
        ("POST", "?detector=lstm", "unknown_name", "detector"),
        ("POST", "?sigma=3", "unknown_name", "sigma"),
        ("POST", "?time_column=x", "unknown_name", "'time'"),
    ],
)
def test_a_bad_request_gets_one_sentence(client, method, path, code, word):
    path = path.replace("{id}", add(client)["id"])
    data = {"data": CSV, "content_type": "text/csv"} if method == "POST" else {}
    result = check_error(client.open(f"/api/v1/series{path}", method=method, **data), 400, code)
    assert word in result["message"]
    assert len(get(client, "")["series"]) == 1


def test_an_unknown_id_is_404(client):
    for name in ("nothing", "a%00b", "%F0%9F%98%80", "a" * 500, "' OR 1=1"):
        for tail in ("", ".csv", "/points", "/overview", "/labels"):
            check_error(client.get(f"/api/v1/series/{name}{tail}"), 404, "not_found")


def test_without_a_store_the_error_is_no_store(client):
    bare = create_app().test_client()
    for path in ("", "/a", "/a/points", "/a.csv"):
        check_error(bare.get(f"/api/v1/series{path}"), 503, "no_store")


def test_a_series_that_was_acknowledged_is_there_after_kill_9(tmp_path):
    n = 50_000
    body = "v,w\n" + "\n".join(f"{at * at},{-at}" for at in range(n))
    for turn in range(2):
        with served(tmp_path) as (run, url):
            series = f"{url}/api/v1/series"
            if turn == 0:
                request = urllib.request.Request(series, body.encode(), {"Content-Type": "text/csv"})
                with urllib.request.urlopen(request) as response:
                    result = json.load(response)
            else:
                with urllib.request.urlopen(f"{series}/{result['id']}.csv") as response:
                    assert read_csv(response.read()).columns["v"].tolist() == [float(at * at) for at in range(n)]
            os.kill(run.pid, signal.SIGKILL)
