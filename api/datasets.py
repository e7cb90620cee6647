"""Uploaded series over HTTP: kept, listed, read in windows, labelled, forgotten."""

from typing import Any

import msgspec
from flask import Blueprint, Response

from api import responses
from api.errors import Refused
from api.request_body import ParsedRequest, parse_request
from api.state import state
from api.streams import LabelBody, LabelsBody, decoded_as, only, whole
from api.v1 import csv, json, times_as_ms
from datasets.datasets import Datasets, Window
from errors import UnknownName
from store import Dataset, Label

series = Blueprint("series", __name__, url_prefix="/api/v1/series")

MOST_SERIES = 1_000
"""In one answer."""

MOST_BUCKETS = 10_000


@series.post("")
def add_series() -> Response:
    """Keeps a series, every value column of it. Answers once it is durable."""
    as_ms, found = times_as_ms(), opened()
    with state().slots.take():
        kept = found.add(nothing_else(parse_request()).table())
    if jobs := state().jobs:
        jobs.warm()
    response = json(of_kept(kept, as_ms))
    response.status_code = 201
    response.headers["Location"] = f"/api/v1/series/{kept.id}"
    return response


@series.get("")
def list_series() -> Response:
    """The series, the newest first."""
    as_ms, given = times_as_ms(), only("limit", "after")
    found, following = opened().page(whole(given, "limit", 100, 1, MOST_SERIES), given.get("after"))
    return json({"series": [of_kept(each, as_ms) for each in found], "next": following})


@series.get("/<series_id>")
def get_series(series_id: str) -> Response:
    """A series, without its points."""
    as_ms, _ = times_as_ms(), only()
    return json(of_kept(opened().get(series_id), as_ms))


@series.delete("/<series_id>")
def delete_series(series_id: str) -> Response:
    """Forgets a series with its points, labels and detections."""
    only()
    opened().delete(series_id)
    if jobs := state().jobs:
        jobs.series_deleted()
    return json({"deleted": series_id})


@series.get("/<series_id>.csv")
def get_file(series_id: str) -> Response:
    """A series as a file, which can be uploaded again."""
    as_ms, _ = times_as_ms(), only()
    with state().slots.take():
        return csv(responses.table_csv(opened().table(series_id), as_ms=as_ms), f"series-{series_id}")


@series.get("/<series_id>/points")
def read_window(series_id: str) -> Response:
    """The points of a column in a window, reduced to at most 2 a bucket."""
    as_ms, given = times_as_ms(), only("column", "from", "to", "buckets")
    buckets = whole(given, "buckets", 1_000, 1, MOST_BUCKETS)
    window = opened().window(series_id, given.get("column"), given.get("from"), given.get("to"), buckets)
    return json({"column": window.column, "start": window.start, "stop": window.stop, **of_window(window, as_ms)})


@series.get("/<series_id>/overview")
def get_overview(series_id: str) -> Response:
    """Every column of a series, reduced for a small chart."""
    as_ms, given = times_as_ms(), only("buckets")
    columns = opened().overview(series_id, whole(given, "buckets", 120, 1, MOST_BUCKETS))
    told = [{"column": each.column, "missing": each.missing, **of_window(each, as_ms)} for each in columns]
    return json({"gaps": opened().count_gaps(series_id), "columns": told})


@series.get("/<series_id>/labels")
def get_series_labels(series_id: str) -> Response:
    """What people said of a series' points."""
    as_ms, _ = times_as_ms(), only()
    return json(of_labels(series_id, opened().labels(series_id), as_ms))


@series.put("/<series_id>/labels")
def put_series_labels(series_id: str) -> Response:
    """Says of a series' points what is an anomaly and what is normal, in place of what was said before."""
    as_ms, _ = times_as_ms(), only()
    given = decoded_as(list[LabelBody] | LabelsBody)
    said = [msgspec.structs.astuple(each) for each in (given.labels if isinstance(given, LabelsBody) else given)]
    return json(of_labels(series_id, opened().put_labels(series_id, said), as_ms))


def opened() -> Datasets:
    """The service's uploaded series. Raises Refused (503) in an app that was made without a store."""
    found = state().uploads
    if found is None:
        raise Refused(503, "no_store", "This service was started without a store; it keeps no series.")
    return found


def nothing_else(question: ParsedRequest) -> ParsedRequest:
    """A request that is about a series alone. Raises UnknownName for a detector or a parameter of one."""
    words = sorted(question.params) + ([] if question.detector is None else ["detector"])
    if words:
        said = f"{words[0]} has no meaning where a series is kept; leave it out."
        raise UnknownName(said, name=words[0], known=["name", "time_column", "value_column", "date_order"])
    return question


def of_kept(kept: Dataset, as_ms: bool) -> dict[str, Any]:
    """A series, as it is answered."""
    return {
        "id": kept.id,
        "name": kept.name,
        "created": responses.time(kept.created, as_ms=as_ms),
        "points": kept.points,
        "columns": list(kept.columns),
        "column": kept.default,
        "time_column": kept.time_column,
        "date_order": responses.of_dates(kept.dates),
        "start": responses.time(kept.start, as_ms=as_ms),
        "stop": responses.time(kept.stop, as_ms=as_ms),
        "step_seconds": None if kept.step is None else kept.step / 1000,
        "repairs": [responses.of_repair(each) for each in kept.repairs],
    }


def of_window(window: Window, as_ms: bool) -> dict[str, Any]:
    """The points of a window, as they are answered."""
    return responses.of_points(window.positions, window.times, window.values, as_ms=as_ms)


def of_labels(series_id: str, labels: list[Label], as_ms: bool) -> dict[str, Any]:
    """Labels and the times of their first and last points, as they are answered."""
    times = opened().times_of(series_id, labels)
    told = None if times is None else responses.pairs_of_times(times, as_ms=as_ms)
    return {"labels": [of_label(each) for each in labels], "times": told}


def of_label(label: Label) -> dict[str, Any]:
    """A label, as it is answered."""
    return {"start": label.start, "stop": label.stop, "kind": label.kind, "note": label.note}
