"""A detection: the score of every point, its events and its summary."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Self

import msgspec

from anomaly_detection import Detection as DetectionResult
from api.schemas.fields import (
    Column,
    Count,
    FlagColumn,
    Number,
    Params,
    Position,
    Schema,
    ScoreColumn,
    Time,
    TimeColumn,
    choice,
    described,
)
from api.schemas.table import DateFormat, Repair, SeriesBody, name_of, repairs_of
from events.event import Event as DetectionEvent
from events.wording import explanation, note_message
from timeseries import Note as DetectionNote
from timeseries import Table, format_epoch_ms, format_times


class DetectBody(Schema):
    """A series to be scored, and how."""

    series: SeriesBody
    detector: Annotated[str | None, described("Its name; absent: the first of GET /api/v1/detectors.")] = None
    params: Annotated[dict[str, Any], described("The detector's parameters; absent ones have their default.")] = (
        msgspec.field(default_factory=dict)
    )


class Event(Schema):
    """A run of anomalous points; positions are half open."""

    start: Position
    stop: Annotated[int, described("One after the last anomalous point.", ge=1)]
    peak: Annotated[
        int,
        described("Its worst point: of the highest score, or of the largest residual for an ensemble.", ge=0),
    ]
    start_time: Time | None
    stop_time: Annotated[Time | None, described("The time of the last anomalous point, stop - 1.")]
    peak_time: Time | None
    direction: Annotated[str, choice("above", "below", "shape")]
    severity: Annotated[Number, described("Highest score ÷ threshold; above 1.")]
    value: Annotated[Number, described("The observed value at the peak.")]
    expected: Annotated[Number, described("The expected value at the peak.")]
    explanation: Annotated[str, described("One sentence for a person.")]
    top_scorer: Annotated[str | None, described("The scorer with the highest score at the peak; null if only one.")]
    window: Annotated[int | None, described("Length of that scorer's windows, in points; null where it has none.")]

    @classmethod
    def from_event(cls, event: DetectionEvent, times: Sequence[Time | None]) -> Self:
        """The response for an event, with the formatted times of its start, its last point and its peak."""
        start_time, stop_time, peak_time = times
        return cls(
            start=event.start,
            stop=event.stop,
            peak=event.peak,
            start_time=start_time,
            stop_time=stop_time,
            peak_time=peak_time,
            direction=event.direction,
            severity=event.severity,
            value=event.value,
            expected=event.expected,
            explanation=explanation(event),
            top_scorer=event.top_scorer,
            window=event.window,
        )


class Seconds(Schema):
    """How long each stage took."""

    read: float
    fit: float
    detect: float


class Note(Schema):
    """One thing that was learned, or that limits a detection."""

    code: Annotated[str, described("Stable, for programs.")]
    message: Annotated[str, described("One sentence for a person.")]


class Summary(Schema):
    """A detection in a few numbers."""

    points: Count
    missing: Annotated[int, described("Points without a value.", ge=0)]
    anomalies: Annotated[int, described("Anomalous points.", ge=0)]
    events: Count
    warm_up: Annotated[int, described("Points that have a value and no score.", ge=0)]
    period: Annotated[int | None, described("Points of one seasonal cycle; null where the series has none.")]
    notes: Annotated[list[Note], described("What was learned, and what limits the detection.")]
    seconds: Seconds

    @classmethod
    def from_statistics(cls, statistics: Mapping[str, Any]) -> Self:
        """The response for the statistics of a detection; its notes get their messages."""
        notes = [Note(each["code"], note_message(DetectionNote.from_json(each))) for each in statistics["notes"]]
        return cls(**{**statistics, "notes": notes, "seconds": Seconds(**statistics["seconds"])})


class Detection(Schema):
    """A detection; its columns have equal length."""

    detector: str
    name: str
    column: Annotated[str, described("The value column that was scored.")]
    columns: Annotated[list[str], described("Every value column of the input.")]
    time_column: str | None
    date_order: DateFormat | None
    params: Params
    times: TimeColumn
    values: Column
    expected: Column
    lower: Column
    upper: Column
    score: ScoreColumn
    is_anomaly: FlagColumn
    threshold: Number
    events: list[Event]
    repairs: list[Repair]
    summary: Summary

    @classmethod
    def from_result(
        cls, detector: str, table: Table, result: DetectionResult, seconds: Mapping[str, float], *, as_ms: bool
    ) -> Self:
        """The response for a detection in the default column of a table."""
        series = result.series
        times = format_times(series.times, as_ms=as_ms)
        lower, upper = result.band
        return cls(
            detector=detector,
            name=name_of(table, series),
            column=series.name,
            columns=list(table.columns),
            time_column=table.time_column,
            date_order=DateFormat.from_dates(table.dates),
            params=dict(result.params),
            times=times,
            values=series.values,
            expected=result.expected,
            lower=lower,
            upper=upper,
            score=result.score,
            is_anomaly=result.is_anomaly,
            threshold=result.threshold,
            events=events_of(result.events, as_ms=as_ms),
            repairs=repairs_of(table),
            summary=Summary.from_statistics({**result.statistics, "seconds": seconds}),
        )


def events_of(events: Sequence[DetectionEvent], *, as_ms: bool) -> list[Event]:
    """The responses for the events of a detection. Formats all times in one call, as there can be thousands."""
    times = [time for event in events for time in (event.start_time, event.stop_time, event.peak_time)]
    known = [time for time in times if time is not None]  # all or none
    texts: Sequence[Time | None] = format_epoch_ms(known, as_ms=as_ms) if known else times
    return [Event.from_event(event, texts[3 * k : 3 * k + 3]) for k, event in enumerate(events)]
