"""Kept detections over HTTP: asked for, followed, read in windows, judged again."""

from typing import Annotated, Any, Literal

import msgspec
from flask import Blueprint, Response

from anomaly_detection import parameters_of
from api import responses
from api.concurrency import deadline_check
from api.datasets import opened as uploads
from api.errors import Refused
from api.request_body import described
from api.state import state
from api.streams import decoded, only, whole
from api.v1 import csv, json, times_as_ms
from detectors import default_detector, find_detector
from errors import BadParameter, UnknownName
from evaluation.detectability import measure_detectability
from events.event import Event
from events.filter import read_event_filter
from jobs import JobQueue
from parameters import check_given, check_parameter
from store import Dataset, DetectionRecord

detections = Blueprint("detections", __name__, url_prefix="/api/v1")

MOST_BUCKETS = 4_000
"""Twice as many points are answered at most."""
MOST_EVENTS, MOST_POSITION = 1_000, 99_999_999
AT_ONCE = 0.3
"""Seconds that an answer waits for work that is perhaps done by then."""


class DetectionBody(msgspec.Struct, forbid_unknown_fields=True):
    """What is to be judged, and how."""

    column: Annotated[str | None, described("A value column of the series; absent: its first.")] = None
    detector: Annotated[str | None, described("Its name; absent: the first of GET /api/v1/detectors.")] = None
    params: Annotated[dict[str, Any], described("The detector's parameters; those left out keep their default.")] = (
        msgspec.field(default_factory=dict)
    )


class CatchesBody(DetectionBody, forbid_unknown_fields=True):
    """Into which column known faults are planted, and how they are judged."""

    mode: Annotated[
        Literal["offline", "online"],
        described("offline: scored with later points too, as a file; online: with earlier points only, as a stream."),
    ] = "offline"


class CountingBody(msgspec.Struct, forbid_unknown_fields=True, omit_defaults=True):
    """Which points beyond the threshold count as anomalies; what is left out stays as it is."""

    min_points: Annotated[int, described("An event has at least so many anomalies.", ge=1)] | None = None
    min_abs_deviation: (
        Annotated[float, described("A distance from the expected value below this is no anomaly.", ge=0)] | None
    ) = None
    min_rel_deviation: Annotated[float, described("The same as a fraction of the expected value.", ge=0)] | None = None
    direction: Literal["both", "above", "below"] | None = None


class RejudgeBody(msgspec.Struct, forbid_unknown_fields=True):
    """What changes; the rest stays as it is."""

    params: Annotated[dict[str, Any], described("Of the detector's parameters those that need no new fit.")] = (
        msgspec.field(default_factory=dict)
    )
    policy: Annotated[CountingBody, described("Which points beyond the threshold count.")] = msgspec.field(
        default_factory=CountingBody
    )


@detections.post("/series/<series_id>/detections")
def ask_detection(series_id: str) -> tuple[Response, int]:
    """Queues a detection of a series; work that is quickly done is done when this answers."""
    as_ms, body, jobs = times_as_ms(), decoded(DetectionBody), opened()
    kept = jobs.results.series(series_id)
    column = column_of(kept, body.column)
    name = body.detector or default_detector()
    asked = jobs.submit(series_id, column, name, all_params(name, body.params))
    jobs.wait(asked.id, AT_ONCE)
    asked = jobs.results.get(asked.id)
    response = json(of_asked(jobs, asked, as_ms))
    response.headers["Location"] = f"/api/v1/detections/{asked.id}"
    return response, 202 if asked.status in ("queued", "running") else 201


@detections.post("/series/<series_id>/detectability")
def series_detectability(series_id: str) -> Response:
    """Says what would be caught in a kept series: plants known faults into quiet stretches, and judges them."""
    only()
    body, found = decoded(CatchesBody), uploads()
    kept = found.get(series_id)
    column, name = column_of(kept, body.column), body.detector or default_detector()
    params = all_params(name, body.params)
    with state().slots.take():
        series, odd = found.store.series(kept, column), found.labelled_anomalous(kept)
        live, avoid = body.mode == "online", odd[: len(series)]
        told = measure_detectability(
            series, find_detector(name), params, online=live, excluded=avoid, should_stop=deadline_check()
        )
    source = {"name": kept.name, **{each: getattr(kept, each) for each in ("columns", "time_column")}, "column": column}
    asked = {"detector": name, "mode": body.mode, "params": params}
    return json({**asked, **source, **responses.of_catches(told, kept.repairs)})


@detections.get("/series/<series_id>/detections")
def list_detections(series_id: str) -> Response:
    """The detections of a series, the newest first, without their events."""
    as_ms, jobs = times_as_ms(), opened()
    jobs.results.series(series_id)
    jobs.warm()
    told = [of_asked(jobs, asked, as_ms) for asked in jobs.results.of_series(series_id)]
    return json({"detections": [{**each, "events": None} for each in told]})


@detections.get("/detections/<detection_id>")
def get_detection(detection_id: str) -> Response:
    """A detection: how far it is, or what came of it."""
    as_ms, jobs = times_as_ms(), opened()
    return json(of_asked(jobs, jobs.results.get(detection_id), as_ms))


@detections.delete("/detections/<detection_id>")
def end_detection(detection_id: str) -> Response:
    """Cancels a detection that waits or is worked on; forgets any other."""
    jobs = opened()
    return json({"id": detection_id, "outcome": jobs.end(jobs.results.get(detection_id, events=False))})


@detections.patch("/detections/<detection_id>")
def rejudge_detection(detection_id: str) -> Response:
    """Judges again from the kept scores, without fitting."""
    as_ms, body, jobs = times_as_ms(), decoded(RejudgeBody), opened()
    told = {name: value for name in CountingBody.__struct_fields__ if (value := getattr(body.policy, name)) is not None}
    asked = jobs.results.get(detection_id, events=False)
    return json(of_asked(jobs, jobs.results.rejudge(asked, body.params, told), as_ms))


@detections.get("/detections/<detection_id>/points")
def detection_points(detection_id: str) -> Response:
    """The points of a window, reduced to what a chart can show; no event is lost."""
    as_ms, given, jobs = times_as_ms(), only("from", "to", "buckets"), opened()
    buckets = whole(given, "buckets", 1_000, 1, MOST_BUCKETS)
    asked = jobs.results.get(detection_id, events=False)
    window = jobs.results.window(asked, given.get("from"), given.get("to"), buckets)
    told = responses.of_window(window.detection, window.positions, as_ms=as_ms)
    return json({"start": window.start, "stop": window.stop, **told})


@detections.get("/detections/<detection_id>/events")
def detection_events(detection_id: str) -> Response:
    """All events of a detection, page by page, in order."""
    as_ms, given, jobs = times_as_ms(), only("after", "limit"), opened()
    after = whole(given, "after", 0, 0, MOST_POSITION) if "after" in given else -1
    asked = jobs.results.get(detection_id, events=False)
    found, following = jobs.results.events(asked, after, whole(given, "limit", 100, 1, MOST_EVENTS))
    return json({"events": responses.of_events(found, as_ms=as_ms), "next": following})


@detections.get("/detections/<detection_id>/sensitivity")
def detection_sensitivity(detection_id: str) -> Response:
    """How many events each sigma would give; with labels, how many of them are right."""
    given, jobs = only("events_per_month"), opened()
    wanted = amount(given, "events_per_month", 1e6)
    name, curve, target = jobs.results.sensitivity(jobs.results.get(detection_id, events=False), wanted)
    return json({"param": name, "curve": [vars(each) for each in curve], "target": target and vars(target)})


@detections.get("/detections/<detection_id>.csv")
def detection_csv(detection_id: str) -> Response:
    """The judgement of every point, as a file."""
    as_ms, jobs = times_as_ms(), opened()
    asked = jobs.results.get(detection_id, events=False)
    with state().slots.take():
        return csv(responses.detection_csv(jobs.results.detection(asked), as_ms=as_ms), f"detection-{asked.id}")


def opened() -> JobQueue:
    """The service's jobs. Raises Refused (503) in an app that was made without a store."""
    found = state().jobs
    if found is None:
        raise Refused(503, "no_store", "This service was started without a store; it keeps no detections.")
    return found


def column_of(kept: Dataset, asked: str | None) -> str:
    """The value column that is meant. Raises UnknownName."""
    column = kept.default if asked is None else asked
    if column not in kept.columns:
        said = f"The series has no value column {column!r}; use one of {', '.join(kept.columns)}."
        raise UnknownName(said, name=column, known=list(kept.columns))
    return column


def all_params(name: str, given: dict[str, Any]) -> dict[str, Any]:
    """Every parameter of a detector, those left out with their default. Raises UnknownName, BadParameter."""
    detector = find_detector(name)
    check_given(detector.fit, given)
    return {
        param.name: check_parameter(param, given.get(param.name, param.default))
        for param in parameters_of(detector).values()
    }


def amount(given: dict[str, str], name: str, most: float) -> float | None:
    """A number from 0 to the most. Raises BadParameter."""
    if name not in given:
        return None
    try:
        value = float(given[name])
    except ValueError:
        value = -1.0
    if not 0 <= value <= most:
        raise BadParameter(f"{name} must be a number from 0 to {most:g}.", name=name, maximum=most)
    return value


def of_asked(jobs: JobQueue, asked: DetectionRecord, as_ms: bool) -> dict[str, Any]:
    """A detection, as it is answered."""
    progress, summary = jobs.progress(asked), asked.summary
    return {
        "id": asked.id,
        "series_id": asked.dataset_id,
        "column": asked.column,
        "detector": asked.detector,
        "params": dict(asked.params),
        "adjustable_params": list(find_detector(asked.detector).adjustable_params),
        "policy": vars(read_event_filter(asked.event_filter)),
        "status": asked.status,
        "progress": progress.fraction,
        "stage": progress.stage,
        "seconds_left": progress.seconds_left,
        "ahead": progress.ahead,
        "error": asked.error,
        **{name: responses.time(getattr(asked, name), as_ms=as_ms) for name in ("created", "started", "finished")},
        "summary": summary and responses.of_statistics(summary.statistics),
        "threshold": summary and summary.threshold,
        "events": summary and responses.of_events([*map(Event.from_plain, summary.events)], as_ms=as_ms),
    }
