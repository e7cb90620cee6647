"""Stored detections over HTTP: queue, follow, read in windows, set another threshold."""

from flask import Blueprint, Response

from api.concurrency import deadline_check
from api.detector_params import all_params
from api.endpoint import BODY_ERRORS, STREAM_ERRORS, endpoint
from api.openapi_parts import TEXT, TIMES, json_body, limit_param, query_param
from api.request_body import decode_body
from api.request_params import float_param, int_param, query_params, times_as_ms
from api.responses import csv_response, detection_csv
from api.schemas.detectability import Detectability, DetectabilityBody, Source
from api.schemas.detection import events_of
from api.schemas.detections import (
    DetectionBody,
    DetectionList,
    DetectionPoints,
    EndedDetection,
    EventPage,
    RethresholdBody,
    Sensitivity,
    SensitivityPoint,
    StoredDetection,
)
from api.services import get_datasets, get_jobs
from api.state import state
from detectors import default_detector, find_detector
from errors import UnknownName
from evaluation.detectability import measure_detectability
from jobs import JobQueue
from store import Dataset, DetectionRecord

detections = Blueprint("detections", __name__, url_prefix="/api/v1")

MAX_BUCKETS = 4_000
"""At most twice as many points are returned."""
MAX_EVENTS = 1_000
"""Events in one response."""
MAX_POSITION = 99_999_999
WAIT_SECONDS = 0.3
"""How long a response waits for a detection that may be done by then."""


@detections.post("/series/<series_id>/detections")
@endpoint(
    errors=(*BODY_ERRORS, 404, 429),
    query=(TIMES,),
    body=json_body(DetectionBody, {"detector": "rolling_zscore"}),
    statuses=(201, 202),
)
def add_detection(series_id: str) -> tuple[StoredDetection, int, dict[str, str]]:
    """Queues a detection in a series; a short one is done when this responds."""
    as_ms, body, jobs = times_as_ms(), decode_body(DetectionBody), get_jobs()
    dataset = jobs.results.dataset(series_id)
    column = check_column(dataset, body.column)
    name = body.detector or default_detector()
    queued = jobs.submit(series_id, column, name, all_params(find_detector(name), body.params))
    jobs.wait(queued.id, WAIT_SECONDS)
    record = jobs.results.get(queued.id)
    status = 202 if record.status in ("queued", "running") else 201
    return response_of(jobs, record, as_ms=as_ms), status, {"Location": f"/api/v1/detections/{record.id}"}


@detections.post("/series/<series_id>/detectability")
@endpoint(errors=(*BODY_ERRORS, 404), body=json_body(DetectabilityBody, {"detector": "robust_zscore"}))
def dataset_detectability(series_id: str) -> Detectability:
    """Reports which faults are detected in a stored series: injects known ones into copies of it and scores these."""
    query_params()
    body, datasets = decode_body(DetectabilityBody), get_datasets()
    dataset = datasets.get(series_id)
    column, name = check_column(dataset, body.column), body.detector or default_detector()
    params = all_params(find_detector(name), body.params)
    with state().detection_limit.acquire():
        series = datasets.store.series(dataset, column)
        labelled = datasets.labelled_anomalous(dataset)[: len(series)]
        report = measure_detectability(
            series,
            find_detector(name),
            params,
            online=body.mode == "online",
            excluded=labelled,
            should_stop=deadline_check(),
        )
    return Detectability.from_report(report, Source.from_dataset(dataset, column), name, params, body.mode)


@detections.get("/series/<series_id>/detections")
@endpoint(errors=STREAM_ERRORS, query=(TIMES,))
def list_detections(series_id: str) -> DetectionList:
    """Lists the detections of a series, the newest first, without their events."""
    as_ms, jobs = times_as_ms(), get_jobs()
    jobs.results.dataset(series_id)
    jobs.start_worker()
    records = jobs.results.of_dataset(series_id)
    return DetectionList([response_of(jobs, record, as_ms=as_ms, with_events=False) for record in records])


@detections.get("/detections/<detection_id>")
@endpoint(errors=STREAM_ERRORS, query=(TIMES,))
def get_detection(detection_id: str) -> StoredDetection:
    """Returns the progress of a detection, or its result."""
    as_ms, jobs = times_as_ms(), get_jobs()
    return response_of(jobs, jobs.results.get(detection_id), as_ms=as_ms)


@detections.delete("/detections/<detection_id>")
@endpoint(errors=STREAM_ERRORS)
def end_detection(detection_id: str) -> EndedDetection:
    """Cancels a detection that is queued or running; deletes any other."""
    jobs = get_jobs()
    return EndedDetection(detection_id, jobs.end(jobs.results.get(detection_id, events=False)))


@detections.patch("/detections/<detection_id>")
@endpoint(
    errors=(*BODY_ERRORS, 404, 409),
    query=(TIMES,),
    body=json_body(RethresholdBody, {"params": {"sigma": 4}}),
)
def rethreshold_detection(detection_id: str) -> StoredDetection:
    """Sets another threshold or event filter, from the stored scores and without a new fit."""
    as_ms, body, jobs = times_as_ms(), decode_body(RethresholdBody), get_jobs()
    record = jobs.results.get(detection_id, events=False)
    changed = jobs.results.rethreshold(record, body.params, body.event_filter.changes())
    return response_of(jobs, changed, as_ms=as_ms)


@detections.get("/detections/<detection_id>/points")
@endpoint(
    errors=(*STREAM_ERRORS, 409),
    query=(
        query_param("from", TEXT, "A position or a time: the first point; absent: the beginning."),
        query_param("to", TEXT, "A position or a time, exclusive; absent: the end."),
        limit_param("buckets", MAX_BUCKETS, 1_000, "At most twice as many points are returned."),
        TIMES,
    ),
)
def detection_points(detection_id: str) -> DetectionPoints:
    """Returns the points of a window, downsampled for a chart; no event is lost."""
    as_ms, params, jobs = times_as_ms(), query_params("from", "to", "buckets"), get_jobs()
    buckets = int_param(params, "buckets", 1_000, 1, MAX_BUCKETS)
    record = jobs.results.get(detection_id, events=False)
    window = jobs.results.window(record, params.get("from"), params.get("to"), buckets)
    return DetectionPoints.from_window(window, as_ms=as_ms)


@detections.get("/detections/<detection_id>/events")
@endpoint(
    errors=(*STREAM_ERRORS, 409),
    query=(
        query_param(
            "after",
            {"type": "integer", "minimum": 0, "maximum": MAX_POSITION},
            "A position: the events that start after it; absent: from the first.",
        ),
        limit_param("limit", MAX_EVENTS, 100),
        TIMES,
    ),
)
def detection_events(detection_id: str) -> EventPage:
    """Lists the events of a detection page by page, in order."""
    as_ms, params, jobs = times_as_ms(), query_params("after", "limit"), get_jobs()
    after = int_param(params, "after", 0, 0, MAX_POSITION) if "after" in params else -1
    limit = int_param(params, "limit", 100, 1, MAX_EVENTS)
    record = jobs.results.get(detection_id, events=False)
    events, following = jobs.results.events(record, after, limit)
    return EventPage(events_of(events, as_ms=as_ms), following)


@detections.get("/detections/<detection_id>/sensitivity")
@endpoint(
    errors=(*STREAM_ERRORS, 409),
    query=(
        query_param(
            "events_per_month",
            {"type": "number", "minimum": 0, "maximum": 1e6},
            "A target: `target` is the value that meets it.",
        ),
    ),
)
def detection_sensitivity(detection_id: str) -> Sensitivity:
    """Counts the events that each sigma gives; with labels, also precision and recall."""
    params, jobs = query_params("events_per_month"), get_jobs()
    per_month = float_param(params, "events_per_month", 1e6)
    record = jobs.results.get(detection_id, events=False)
    name, curve, target = jobs.results.threshold_curve(record, per_month)
    points = [SensitivityPoint.from_result(result) for result in curve]
    return Sensitivity(name, points, None if target is None else SensitivityPoint.from_result(target))


@detections.get("/detections/<detection_id>.csv")
@endpoint(texts=("text/csv",), errors=(*STREAM_ERRORS, 409), query=(TIMES,))
def get_detection_file(detection_id: str) -> Response:
    """Returns the score of every point, as a file."""
    as_ms, jobs = times_as_ms(), get_jobs()
    record = jobs.results.get(detection_id, events=False)
    with state().detection_limit.acquire():
        return csv_response(detection_csv(jobs.results.detection(record), as_ms=as_ms), f"detection-{record.id}")


def check_column(dataset: Dataset, column: str | None) -> str:
    """The value column, the default one for None. Raises UnknownName."""
    if column is None:
        return dataset.default
    if column not in dataset.columns:
        message = f"The series has no value column {column!r}; use one of {', '.join(dataset.columns)}."
        raise UnknownName(message, name=column, known=list(dataset.columns))
    return column


def response_of(jobs: JobQueue, record: DetectionRecord, *, as_ms: bool, with_events: bool = True) -> StoredDetection:
    """The response for a detection, with its progress."""
    adjustable = find_detector(record.detector).adjustable_params
    return StoredDetection.from_record(record, jobs.progress(record), adjustable, as_ms=as_ms, with_events=with_events)
