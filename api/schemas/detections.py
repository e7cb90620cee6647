"""Stored detections: their state, their points and events, and how sensitive they are."""

from typing import Annotated, Any, Literal, Self

import msgspec

from api.schemas.datasets import PositionColumn
from api.schemas.detection import Event as EventSchema
from api.schemas.detection import Summary, events_of
from api.schemas.errors import Error
from api.schemas.fields import (
    Column,
    FlagColumn,
    Number,
    Params,
    Schema,
    ScoreColumn,
    Time,
    TimeColumn,
    choice,
    described,
    format_time,
)
from evaluation.threshold_curve import CurvePoint
from events.event import Event
from events.filter import read_event_filter
from jobs import PointRange, Progress
from store import DetectionRecord
from timeseries import format_times
from timeseries.residuals import band

DIRECTION = choice("both", "above", "below")


class DetectionBody(Schema):
    """Which column is scored, and how."""

    column: Annotated[str | None, described("A value column; absent: the dataset's default column.")] = None
    detector: Annotated[str | None, described("Its name; absent: the first of GET /api/v1/detectors.")] = None
    params: Annotated[dict[str, Any], described("The detector's parameters; absent ones have their default.")] = (
        msgspec.field(default_factory=dict)
    )


class EventFilterBody(Schema, omit_defaults=True):
    """Which points beyond the threshold count as anomalies; absent fields stay as they are."""

    min_points: Annotated[int, described("Anomalies that make an event.", ge=1)] | None = None
    min_abs_deviation: (
        Annotated[float, described("Smaller distances from the expected value are no anomalies.", ge=0)] | None
    ) = None
    min_rel_deviation: Annotated[float, described("The same as a fraction of the expected value.", ge=0)] | None = None
    direction: Literal["both", "above", "below"] | None = None

    def changes(self) -> dict[str, Any]:
        """The fields that the request names, by name."""
        return {name: value for name, value in msgspec.structs.asdict(self).items() if value is not None}


class RethresholdBody(Schema):
    """What changes; the rest stays as it is."""

    params: Annotated[dict[str, Any], described("Those of the detector's parameters that need no new fit.")] = (
        msgspec.field(default_factory=dict)
    )
    event_filter: Annotated[EventFilterBody, described("Which points beyond the threshold count.")] = msgspec.field(
        default_factory=EventFilterBody
    )


class EventFilter(Schema):
    """Which points beyond the threshold count as anomalies."""

    min_points: int
    min_abs_deviation: float
    min_rel_deviation: float
    direction: Annotated[str, DIRECTION]


class StoredDetection(Schema):
    """A detection in a stored dataset."""

    id: str
    series_id: str
    column: Annotated[str, described("The value column that is scored.")]
    detector: str
    params: Params
    adjustable_params: Annotated[list[str], described("The parameters that PATCH changes without a new fit.")]
    event_filter: EventFilter
    status: Annotated[str, choice("queued", "running", "done", "failed", "cancelled")]
    progress: Annotated[float, described("0 to 1.", ge=0, le=1)]
    stage: Annotated[str, described("start, read, fit, detect or save while it runs; otherwise the status.")]
    seconds_left: Annotated[Number, described("Estimated remaining time; null while it is unknown.")]
    ahead: Annotated[int | None, described("Detections queued before it; null unless it is queued.")]
    error: Annotated[Error | None, described("Why it failed.")]
    created: Time
    started: Time | None
    finished: Time | None
    summary: Annotated[Summary | None, described("null until it is done, like the next two.")]
    threshold: Number
    events: Annotated[
        list[EventSchema] | None,
        described(
            "In order; of more than 1,000 those with the highest scores: `summary.events` is the full count and "
            "/events lists all of them. null in a list of detections."
        ),
    ]

    @classmethod
    def from_record(
        cls,
        record: DetectionRecord,
        progress: Progress,
        adjustable_params: tuple[str, ...],
        *,
        as_ms: bool,
        with_events: bool = True,
    ) -> Self:
        """The response for a detection of the store."""
        result = record.summary
        return cls(
            id=record.id,
            series_id=record.dataset_id,
            column=record.column,
            detector=record.detector,
            params=dict(record.params),
            adjustable_params=list(adjustable_params),
            event_filter=EventFilter(**vars(read_event_filter(record.event_filter))),
            status=record.status,
            progress=progress.fraction,
            stage=progress.stage,
            seconds_left=progress.seconds_left,
            ahead=progress.ahead,
            error=None if record.error is None else Error(**record.error),
            created=format_time(record.created, as_ms=as_ms),
            started=format_time(record.started, as_ms=as_ms),
            finished=format_time(record.finished, as_ms=as_ms),
            summary=None if result is None else Summary.from_statistics(result.statistics),
            threshold=None if result is None else result.threshold,
            events=None
            if result is None or not with_events
            else events_of([*map(Event.from_json, result.events)], as_ms=as_ms),
        )


class DetectionList(Schema):
    """The detections of a dataset, the newest first."""

    detections: list[StoredDetection]


class EndedDetection(Schema):
    """What DELETE did to a detection."""

    id: str
    outcome: Annotated[str, choice("cancelled", "deleted")]


class DetectionPoints(Schema):
    """Points of a detection, downsampled for a chart; the columns have equal length."""

    start: Annotated[int, described("The first position of the window.", ge=0)]
    stop: Annotated[int, described("One after its last.", ge=0)]
    positions: PositionColumn
    times: TimeColumn
    values: Column
    expected: Column
    lower: Column
    upper: Column
    score: ScoreColumn
    is_anomaly: FlagColumn
    threshold: Number

    @classmethod
    def from_window(cls, window: PointRange, *, as_ms: bool) -> Self:
        """The response for a window of a detection."""
        detection, at = window.detection, window.positions
        times, expected = detection.series.times, detection.expected[at]
        lower, upper = band(expected, detection.margin[at])
        return cls(
            start=window.start,
            stop=window.stop,
            positions=at,
            times=None if times is None else format_times(times[at], as_ms=as_ms),
            values=detection.series.values[at],
            expected=expected,
            lower=lower,
            upper=upper,
            score=detection.score[at],
            is_anomaly=detection.is_anomaly[at],
            threshold=detection.threshold,
        )


class EventPage(Schema):
    """Events of a detection, in order."""

    events: list[EventSchema]
    next: Annotated[int | None, described("Send it as `after` for the next page; null on the last page.")]


class SensitivityPoint(Schema):
    """The events that one value of the parameter gives."""

    value: float
    events: int
    per_month: Annotated[Number, described("On average; null for a dataset without times.")]
    detected: Annotated[int | None, described("Labelled segments that an event touches; null without labels.")]
    true_positives: Annotated[int | None, described("Events that touch a labelled segment; null without labels.")]
    precision: Annotated[Number, described("true_positives ÷ events; null without labels or events.")]
    recall: Annotated[Number, described("detected ÷ labelled segments; null without labels.")]

    @classmethod
    def from_result(cls, result: CurvePoint) -> Self:
        """The response for one value."""
        return cls(**vars(result))


class Sensitivity(Schema):
    """How many events each value of a parameter gives."""

    param: Annotated[str, described("Its name: sigma or threshold.")]
    curve: list[SensitivityPoint]
    target: Annotated[
        SensitivityPoint | None, described("The smallest value that gives at most `events_per_month` events.")
    ]
