"""Streams and their points."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import Annotated, Any, Self

import msgspec

from api.schemas.fields import (
    NUMBER_OR_NULL,
    Column,
    FlagColumn,
    Number,
    Params,
    Schema,
    ScoreColumn,
    Time,
    TimeColumn,
    array_of,
    choice,
    described,
    format_time,
)
from api.schemas.table import Repair
from streams import ScoredPoints, StreamInfo
from streams import StreamEvent as StreamEventRecord
from timeseries import Bools, Floats, Table, format_times

SIDE = choice("above", "below", "shape")


class StreamBody(Schema):
    """How a stream is scored; absent fields stay as they are, or have their default."""

    detector: Annotated[str | None, described("Its name; absent: the present one, or the default.")] = None
    params: Annotated[dict[str, Any] | None, described("The detector's parameters.")] = None
    capacity: Annotated[int, described("Points that are stored; older ones are deleted.", ge=1)] | None = None
    retention_days: (
        Annotated[float, described("Days after which a point is deleted, by its time; null: points never expire.")]
        | msgspec.UnsetType
        | None
    ) = msgspec.UNSET


class PointsBody(Schema):
    """Points of a stream."""

    values: Annotated[list[float | None], described("null where a value is missing.")]
    times: Annotated[
        list[int | float | str] | None,
        described("One per value: ISO 8601, or numbers counting s, ms, µs or ns since 1970. Absent: counted."),
    ] = None


class Stream(Schema):
    """A series that grows."""

    name: str
    detector: str
    params: Params
    points: Annotated[int, described("How many are stored.", ge=0)]
    capacity: Annotated[int, described("How many are stored at most.", ge=1)]
    retention_days: Annotated[
        float | None, described("Days after which a point is deleted, by its time; null: points never expire.")
    ]
    last_time: Time | None
    state: Annotated[
        str,
        choice("warming_up", "normal", "anomalous", "silent"),
        described("warming_up: scored by a fallback detector; anomalous: an event is open; silent: no points arrive."),
    ]
    cursor: Annotated[int, described("Of the last point; 0 before the first.", ge=0)]
    judged_by: Annotated[str | None, described("The detector that scores the next point; null where none can yet.")]

    @classmethod
    def from_info(cls, info: StreamInfo, *, as_ms: bool) -> Self:
        """The response for a stream."""
        return cls(
            name=info.name,
            detector=info.detector,
            params=dict(info.params),
            points=info.points,
            capacity=info.capacity,
            retention_days=info.retention_days,
            last_time=format_time(info.last_time, as_ms=as_ms),
            state=info.state,
            cursor=info.cursor,
            judged_by=info.judged_by,
        )


class StreamList(Schema):
    """Streams by name."""

    streams: list[Stream]
    next: Annotated[str | None, described("Send it as `after` for the next page; null on the last page.")]


class StreamEvent(Schema):
    """An event of a stream. Positions are cursors; a silence has that of the last point before it."""

    id: Annotated[str, described("Identifies it within its stream, also after it changes.")]
    kind: Annotated[str, choice("anomaly", "silence")]
    open: Annotated[bool, described("Whether it is ongoing.")]
    start: Annotated[int, described("The first anomaly.", ge=0)]
    stop: Annotated[int, described("One after the last anomaly so far.", ge=1)]
    peak: Annotated[int, described("The worst anomaly.", ge=0)]
    start_time: Time | None
    stop_time: Annotated[Time | None, described("Of the last anomaly; of a silence when points arrived again.")]
    peak_time: Time | None
    seconds: Annotated[Number, described("Duration; of a silence from arrival to arrival, null until it is over.")]
    direction: Annotated[str, SIDE] | None
    severity: Annotated[Number, described("Greatest distance ÷ the distance allowed; null for a silence.")]
    value: Annotated[Number, described("The observed value at the peak.")]
    expected: Annotated[Number, described("The expected value at the peak.")]
    anomalies: Annotated[int, described("How many so far.", ge=0)]
    explanation: Annotated[str, described("The event in one sentence.")]

    @classmethod
    def from_record(cls, event: StreamEventRecord, *, as_ms: bool) -> Self:
        """The response for an event of a stream."""
        fields = asdict(event)
        del fields["changed"]
        times = {name: format_time(fields[name], as_ms=as_ms) for name in ("start_time", "stop_time", "peak_time")}
        return cls(id=event.id, **{**fields, **times})


class StreamPoints(Schema):
    """Scored points of a stream; the columns have equal length."""

    times: TimeColumn
    values: Column
    expected: Column
    lower: Column
    upper: Column
    score: ScoreColumn
    is_anomaly: FlagColumn
    judged_by: Annotated[list[str | None], described("The detector that scored each point; null where none could.")]
    confidence: Annotated[
        Floats, array_of(NUMBER_OR_NULL, "Confidence in each flag, 0 to 1; null where the detector gives none.")
    ]
    late: Annotated[
        Bools, array_of({"type": "boolean"}, "Whether each point arrived after a newer one; order is that of arrival.")
    ]
    cursor: Annotated[int, described("Send it as `after` to read the points that follow.", ge=0)]
    repairs: list[Repair]
    column: Annotated[str, described("After a push of CSV: the value column that was taken.")] | msgspec.UnsetType = (
        msgspec.UNSET
    )
    columns: (
        Annotated[list[str], described("After a push of CSV: every value column of the input.")] | msgspec.UnsetType
    ) = msgspec.UNSET
    time_column: str | msgspec.UnsetType | None = msgspec.UNSET
    events: (
        Annotated[
            list[StreamEvent],
            described("After a read: the events that these points belong to, the oldest first, each complete."),
        ]
        | msgspec.UnsetType
    ) = msgspec.UNSET

    @classmethod
    def from_read(cls, points: ScoredPoints, events: Sequence[StreamEventRecord], *, as_ms: bool) -> Self:
        """The response for points that are read, with the events that they belong to."""
        response = cls.from_scored(points, as_ms=as_ms)
        response.events = [StreamEvent.from_record(event, as_ms=as_ms) for event in events]
        return response

    @classmethod
    def from_scored(cls, points: ScoredPoints, *, as_ms: bool, table: Table | None = None) -> Self:
        """The response for points that were pushed, and for the table that they were sent as."""
        return cls(
            times=format_times(points.times, as_ms=as_ms),
            values=points.values,
            expected=points.expected,
            lower=points.lower,
            upper=points.upper,
            score=points.score,
            is_anomaly=points.is_anomaly,
            judged_by=list(points.judged_by),
            confidence=points.confidence,
            late=points.late,
            cursor=points.cursor,
            repairs=[Repair.from_repair(repair) for repair in points.repairs],
            column=msgspec.UNSET if table is None else table.series().name,
            columns=msgspec.UNSET if table is None else list(table.columns),
            time_column=msgspec.UNSET if table is None else table.time_column,
        )
