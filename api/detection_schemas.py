"""What the documentation tells of kept detections: their shapes and their operations."""

from typing import Annotated, Any, Literal

import msgspec

from api.detections import (
    MOST_BUCKETS,
    MOST_EVENTS,
    MOST_POSITION,
    CatchesBody,
    CountingBody,
    DetectionBody,
    RejudgeBody,
)
from api.operation import BODY_ERRORS, STREAM_ERRORS, TEXT, Operation, Schema, asked_in_query, bounded, ref, times_query
from api.request_body import JSON, described
from api.schemas import Column, Error, Event, Number, Position, Summary, Time, Times


class CountingPolicy(msgspec.Struct, forbid_unknown_fields=True):
    """Which points beyond the threshold count as anomalies."""

    min_points: int
    min_abs_deviation: float
    min_rel_deviation: float
    direction: Literal["both", "above", "below"]


class KeptDetection(msgspec.Struct, forbid_unknown_fields=True):
    """A detection of a kept series."""

    id: str
    series_id: str
    column: Annotated[str, described("The value column that is judged.")]
    detector: str
    params: Annotated[dict[str, int | float], described("Every parameter in effect.")]
    adjustable_params: Annotated[list[str], described("The parameters that PATCH changes without a new fit.")]
    policy: CountingPolicy
    status: Literal["queued", "running", "done", "failed", "cancelled"]
    progress: Annotated[float, described("0 to 1.", ge=0, le=1)]
    stage: Annotated[str, described("What is at work: start, read, fit, detect, save; or the status.")]
    seconds_left: Annotated[Number, described("How long it may still take; null while nobody knows.")]
    ahead: Annotated[int | None, described("While it is queued: how many are before it.")]
    error: Annotated[Error | None, described("Why it failed.")]
    created: Time
    started: Time | None
    finished: Time | None
    summary: Annotated[Summary | None, described("null until it is done, as the next two.")]
    threshold: Number
    events: Annotated[
        list[Event] | None,
        described(
            "In order; of more than 1,000 those with the highest scores: `summary.events` says how many there are, "
            "/events gives all of them. null in a list of detections, too."
        ),
    ]


class KeptDetections(msgspec.Struct, forbid_unknown_fields=True):
    """Detections, the newest first."""

    detections: list[KeptDetection]


class Ended(msgspec.Struct, forbid_unknown_fields=True):
    """What became of a detection."""

    id: str
    outcome: Literal["cancelled", "deleted"]


class DetectionPoints(msgspec.Struct, forbid_unknown_fields=True):
    """Points of a detection, reduced to what a chart can show; the columns have equal length."""

    start: Annotated[int, described("The first position of the window.", ge=0)]
    stop: Annotated[int, described("One after its last.", ge=0)]
    positions: Annotated[list[Position], described("Where in the series each point lies.")]
    times: Times
    values: Column
    expected: Column
    lower: Column
    upper: Column
    score: Annotated[list[Number], described("0 or more, in the detector's unit; null where it cannot tell.")]
    is_anomaly: Annotated[list[bool], described("score > threshold, and the policy lets it count.")]
    threshold: Number


class EventPage(msgspec.Struct, forbid_unknown_fields=True):
    """Events of a detection, in order."""

    events: list[Event]
    next: Annotated[int | None, described("What to send as `after` for those that follow; null: there are none.")]


class SensitivityPoint(msgspec.Struct, forbid_unknown_fields=True):
    """What one value of the parameter would find."""

    value: float
    events: int
    per_month: Annotated[Number, described("On average; null for a series without times.")]
    detected: Annotated[int | None, described("Labelled segments that an event touches; null without labels.")]
    true_positives: Annotated[int | None, described("Of the events, those that overlap one. null without labels.")]
    precision: Annotated[Number, described("true_positives ÷ events; null without labels or events.")]
    recall: Annotated[Number, described("detected ÷ labelled segments; null without labels.")]


class Sensitivity(msgspec.Struct, forbid_unknown_fields=True):
    """How many events each value of a parameter would give."""

    param: Annotated[str, described("Its name: sigma or threshold.")]
    curve: list[SensitivityPoint]
    target: Annotated[SensitivityPoint | None, described("The smallest value with at most as many as asked for.")]


def content(name: str, example: dict[str, Any]) -> Schema:
    """A body of JSON."""
    return {"required": True, "content": {JSON: {"schema": ref(name), "example": example}}}


def window_query() -> list[Schema]:
    """Which points."""
    edge = {"type": "string"}
    return [
        asked_in_query("from", edge, "A position or a time: the first point; absent: the first there is."),
        asked_in_query("to", edge, "A position or a time: the first point that is not meant; absent: none."),
        bounded("buckets", MOST_BUCKETS, 1_000),
        *times_query(),
    ]


def events_query() -> list[Schema]:
    """Which events."""
    position = {"type": "integer", "minimum": 0, "maximum": MOST_POSITION}
    after = asked_in_query("after", position, "A position: the events that start after it; absent: from the first.")
    return [after, bounded("limit", MOST_EVENTS, 100), *times_query()]


def target_query() -> list[Schema]:
    """How many events are wanted."""
    most = {"type": "number", "minimum": 0, "maximum": 1e6}
    return [asked_in_query("events_per_month", most, "A target: the answer says which value meets it.")]


MODELS = (
    DetectionBody,
    CatchesBody,
    CountingBody,
    RejudgeBody,
    CountingPolicy,
    KeptDetection,
    KeptDetections,
    Ended,
    DetectionPoints,
    EventPage,
    SensitivityPoint,
    Sensitivity,
)

OPERATIONS: dict[str, Operation] = {
    "detections.ask_detection": Operation(
        {JSON: ref("KeptDetection")},
        (*BODY_ERRORS, 404, 429),
        times_query,
        lambda: content("DetectionBody", {"detector": "rolling_zscore"}),
        also=(202,),
        status=201,
    ),
    "detections.series_detectability": Operation(
        {JSON: ref("Catches")},
        (*BODY_ERRORS, 404),
        body=lambda: content("CatchesBody", {"detector": "robust_zscore"}),
    ),
    "detections.list_detections": Operation({JSON: ref("KeptDetections")}, STREAM_ERRORS, times_query),
    "detections.get_detection": Operation({JSON: ref("KeptDetection")}, STREAM_ERRORS, times_query),
    "detections.end_detection": Operation({JSON: ref("Ended")}, STREAM_ERRORS),
    "detections.rejudge_detection": Operation(
        {JSON: ref("KeptDetection")},
        (*BODY_ERRORS, 404, 409),
        times_query,
        lambda: content("RejudgeBody", {"params": {"sigma": 4}}),
    ),
    "detections.detection_points": Operation({JSON: ref("DetectionPoints")}, (*STREAM_ERRORS, 409), window_query),
    "detections.detection_events": Operation({JSON: ref("EventPage")}, (*STREAM_ERRORS, 409), events_query),
    "detections.detection_sensitivity": Operation({JSON: ref("Sensitivity")}, (*STREAM_ERRORS, 409), target_query),
    "detections.detection_csv": Operation({"text/csv": TEXT}, (*STREAM_ERRORS, 409), times_query),
}
