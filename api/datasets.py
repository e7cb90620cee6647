"""Uploaded datasets over HTTP: store, list, read in windows, label, delete."""

from flask import Blueprint, Response

from api.endpoint import BODY_ERRORS, STREAM_ERRORS, JsonSchema, endpoint
from api.openapi_parts import FILE, TEXT, TIMES, json_array_body, limit_param, query_param, ref, series_body
from api.request_body import decode_json, json_bytes
from api.request_params import int_param, query_params, times_as_ms
from api.responses import csv_response, table_csv
from api.schemas.datasets import ColumnOverview, Dataset, DatasetList, DatasetPoints, Overview
from api.schemas.labels import DatasetLabels, LabelBody, LabelsBody, label_tuples
from api.schemas.service import Deleted
from api.schemas.table import SeriesBody
from api.series_input import parse_request, without_detector
from api.services import get_datasets
from api.state import state

datasets = Blueprint("datasets", __name__, url_prefix="/api/v1/series")

MAX_DATASETS = 1_000
"""Datasets in one response."""
MAX_BUCKETS = 10_000

SERIES_ONLY = {
    "type": "object",
    "properties": {"series": ref(SeriesBody)},
    "required": ["series"],
    "additionalProperties": False,
}
PLACE = "A position of at most eight digits, or a time;"
LABELS_EXAMPLE = [{"start": 13, "stop": 14, "kind": "anomaly", "note": "the pump was off"}]
AFTER = query_param(
    "after", {"type": "string", "pattern": r"^[0-9]{1,18}\.[A-Za-z0-9_-]{1,22}$"}, "The `next` of the page before."
)


def buckets_param(default: int) -> JsonSchema:
    """How finely a window is downsampled."""
    return limit_param("buckets", MAX_BUCKETS, default, "At most twice as many points are returned.")


@datasets.post("")
@endpoint(errors=BODY_ERRORS, query=(*FILE, TIMES), body=series_body(SERIES_ONLY, SeriesBody), statuses=(201,))
def add_dataset() -> tuple[Dataset, int, dict[str, str]]:
    """Stores a series, with every value column. Responds once it is durable."""
    as_ms, store = times_as_ms(), get_datasets()
    with state().detection_limit.acquire():
        stored = store.add(without_detector(parse_request()).read_table())
    if jobs := state().jobs:
        jobs.start_worker()
    return Dataset.from_stored(stored, as_ms=as_ms), 201, {"Location": f"/api/v1/series/{stored.id}"}


@datasets.get("")
@endpoint(errors=(400, 403, 503), query=(AFTER, limit_param("limit", MAX_DATASETS, 100), TIMES))
def list_datasets() -> DatasetList:
    """Lists the series, the newest first."""
    as_ms, params = times_as_ms(), query_params("limit", "after")
    page, after = get_datasets().page(int_param(params, "limit", 100, 1, MAX_DATASETS), params.get("after"))
    return DatasetList([Dataset.from_stored(stored, as_ms=as_ms) for stored in page], after)


@datasets.get("/<series_id>")
@endpoint(errors=STREAM_ERRORS, query=(TIMES,))
def get_dataset(series_id: str) -> Dataset:
    """Returns a series, without its points."""
    as_ms, _ = times_as_ms(), query_params()
    return Dataset.from_stored(get_datasets().get(series_id), as_ms=as_ms)


@datasets.delete("/<series_id>")
@endpoint(errors=STREAM_ERRORS)
def delete_dataset(series_id: str) -> Deleted:
    """Deletes a series with its points, labels and detections."""
    query_params()
    get_datasets().delete(series_id)
    if jobs := state().jobs:
        jobs.dataset_deleted()
    return Deleted(series_id)


@datasets.get("/<series_id>.csv")
@endpoint(texts=("text/csv",), errors=STREAM_ERRORS, query=(TIMES,))
def get_file(series_id: str) -> Response:
    """Returns a series as a file, which can be uploaded again."""
    as_ms, _ = times_as_ms(), query_params()
    with state().detection_limit.acquire():
        return csv_response(table_csv(get_datasets().table(series_id), as_ms=as_ms), f"series-{series_id}")


@datasets.get("/<series_id>/points")
@endpoint(
    errors=STREAM_ERRORS,
    query=(
        query_param("column", TEXT, "A value column; absent: the default one."),
        query_param("from", TEXT, f"{PLACE} the first point; absent: the beginning."),
        query_param("to", TEXT, f"{PLACE} exclusive; absent: the end."),
        buckets_param(1_000),
        TIMES,
    ),
)
def read_window(series_id: str) -> DatasetPoints:
    """Returns the points of a column in a window, downsampled to at most 2 per bucket."""
    as_ms, params = times_as_ms(), query_params("column", "from", "to", "buckets")
    buckets = int_param(params, "buckets", 1_000, 1, MAX_BUCKETS)
    window = get_datasets().window(series_id, params.get("column"), params.get("from"), params.get("to"), buckets)
    return DatasetPoints.from_window(window, as_ms=as_ms)


@datasets.get("/<series_id>/overview")
@endpoint(errors=STREAM_ERRORS, query=(buckets_param(120), TIMES))
def get_overview(series_id: str) -> Overview:
    """Returns every column of a series, downsampled for a small chart."""
    as_ms, params = times_as_ms(), query_params("buckets")
    windows = get_datasets().overview(series_id, int_param(params, "buckets", 120, 1, MAX_BUCKETS))
    columns = [ColumnOverview.from_window(window, as_ms=as_ms) for window in windows]
    return Overview(get_datasets().count_gaps(series_id), columns)


@datasets.get("/<series_id>/labels")
@endpoint(errors=STREAM_ERRORS, query=(TIMES,))
def get_dataset_labels(series_id: str) -> DatasetLabels:
    """Returns the labels of a series."""
    as_ms, _ = times_as_ms(), query_params()
    labels = get_datasets().labels(series_id)
    return DatasetLabels.from_labels(labels, get_datasets().times_of(series_id, labels), as_ms=as_ms)


@datasets.put("/<series_id>/labels")
@endpoint(errors=(404, *BODY_ERRORS), query=(TIMES,), body=json_array_body(LabelBody, LABELS_EXAMPLE))
def put_dataset_labels(series_id: str) -> DatasetLabels:
    """Replaces the labels of a series."""
    as_ms, _ = times_as_ms(), query_params()
    body = decode_json(json_bytes(), list[LabelBody] | LabelsBody)
    labels = get_datasets().put_labels(series_id, label_tuples(body))
    return DatasetLabels.from_labels(labels, get_datasets().times_of(series_id, labels), as_ms=as_ms)
