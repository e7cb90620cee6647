"""What the API's description tells of uploaded series: the shapes of their answers, and their operations."""

from typing import Annotated, Literal

import msgspec

from api.datasets import MOST_BUCKETS, MOST_SERIES
from api.operation import (
    BODY_ERRORS,
    EXAMPLE,
    STREAM_ERRORS,
    TEXT,
    Operation,
    Schema,
    asked_in_query,
    bounded,
    example_csv,
    file_query,
    ref,
    times_query,
)
from api.reading_shapes import DatesRead, Repair
from api.request_body import CSV, FORM, JSON, described
from api.schemas import Column, Count, Number, Time, Times


class Series(msgspec.Struct, forbid_unknown_fields=True):
    """A series that is kept."""

    id: str
    name: str
    created: Annotated[Time, described("When it came.")]
    points: Count
    columns: Annotated[list[str], described("Its value columns, in order.")]
    column: Annotated[str, described("The one that is meant where none is asked for.")]
    time_column: str | None
    date_order: DatesRead | None
    start: Annotated[Time | None, described("Time of the first point; null for a series without times.")]
    stop: Annotated[Time | None, described("Time of the last point.")]
    step_seconds: Annotated[Number, described("The usual distance between points: the median.")]
    repairs: list[Repair]


class SeriesList(msgspec.Struct, forbid_unknown_fields=True):
    """Series, the newest first."""

    series: list[Series]
    next: Annotated[str | None, described("What to send as `after` for those that follow; null: there are none.")]


Positions = Annotated[list[int], described("Which points of the series these are, counted from 0.")]


class SeriesWindow(msgspec.Struct, forbid_unknown_fields=True):
    """The points of a window of a column, all or reduced; the columns have equal length."""

    column: str
    start: Annotated[int, described("The first position of the window.", ge=0)]
    stop: Annotated[int, described("One after its last.", ge=0)]
    positions: Positions
    times: Times
    values: Column


class ColumnOverview(msgspec.Struct, forbid_unknown_fields=True):
    """A column as few points."""

    column: str
    missing: Annotated[int, described("Its points without a value, of all of them.", ge=0)]
    positions: Positions
    times: Times
    values: Column


class Overview(msgspec.Struct, forbid_unknown_fields=True):
    """Every column of a series as few points."""

    gaps: Annotated[int, described("Neighbours more than 1.5 usual steps apart.", ge=0)]
    columns: list[ColumnOverview]


class SeriesLabel(msgspec.Struct, forbid_unknown_fields=True):
    """What somebody said of some points: half open positions."""

    start: Annotated[int, described("Of the first point, counted from 0.", ge=0)]
    stop: Annotated[int, described("One after the last.", ge=1)]
    kind: Literal["anomaly", "normal"]
    note: str


class SeriesLabels(msgspec.Struct, forbid_unknown_fields=True):
    """The labels of a series, in the order given."""

    labels: list[SeriesLabel]
    times: Annotated[
        list[Annotated[list[Time], msgspec.Meta(min_length=2, max_length=2)]] | None,
        described("Of each label the times of its first and its last point; null for a series without times."),
    ]


STORED = (Series, SeriesList, SeriesWindow, Overview, SeriesLabels)


def kept_query() -> list[Schema]:
    """Which series of the list."""
    said = "The `next` of the page before."
    after = asked_in_query("after", {"type": "string", "pattern": r"^[0-9]{1,18}\.[A-Za-z0-9_-]{1,22}$"}, said)
    return [after, bounded("limit", MOST_SERIES, 100), *times_query()]


def buckets_query(default: int) -> Schema:
    """How finely a window is shown."""
    schema = {"type": "integer", "minimum": 1, "maximum": MOST_BUCKETS, "default": default}
    return asked_in_query("buckets", schema, "At most twice as many points are answered.")


def window_query() -> list[Schema]:
    """Which points of a series."""
    place = "A position of at most eight digits, or a time; half open."
    return [
        asked_in_query("column", TEXT, "A value column; absent: the series' `column`."),
        asked_in_query("from", TEXT, f"{place} Absent: the beginning."),
        asked_in_query("to", TEXT, f"{place} Absent: the end."),
        buckets_query(1_000),
        *times_query(),
    ]


def overview_query() -> list[Schema]:
    """How finely every column is shown."""
    return [buckets_query(120), *times_query()]


def kept_content() -> Schema:
    """A body with a series and nothing else: JSON, CSV, or a form with a file."""
    wrapped = {"type": "object", "properties": {"series": ref("SeriesBody")}, "required": ["series"]}
    form = {"type": "object", "properties": {"file": {"type": "string", "contentMediaType": "text/csv"}}}
    return {
        "required": True,
        "content": {
            JSON: {"schema": wrapped | {"additionalProperties": False}, "example": {"series": {"values": EXAMPLE}}},
            CSV[0]: {"schema": {"type": "string"}, "example": example_csv()},
            FORM: {"schema": {**form, "required": ["file"]}},
        },
    }


def positions_content() -> Schema:
    """What is said of the points of a series."""
    example = [{"start": 13, "stop": 14, "kind": "anomaly", "note": "the pump was off"}]
    schema = {"type": "array", "items": ref("LabelBody")}
    return {"required": True, "content": {JSON: {"schema": schema, "example": example}}}


OPERATIONS: dict[str, Operation] = {
    "series.add_series": Operation({JSON: ref("Series")}, BODY_ERRORS, file_query, kept_content, status=201),
    "series.list_series": Operation({JSON: ref("SeriesList")}, (400, 403, 503), kept_query),
    "series.get_series": Operation({JSON: ref("Series")}, STREAM_ERRORS, times_query),
    "series.delete_series": Operation({JSON: ref("Deleted")}, STREAM_ERRORS),
    "series.get_file": Operation({"text/csv": TEXT}, STREAM_ERRORS, times_query),
    "series.read_window": Operation({JSON: ref("SeriesWindow")}, STREAM_ERRORS, window_query),
    "series.get_overview": Operation({JSON: ref("Overview")}, STREAM_ERRORS, overview_query),
    "series.get_series_labels": Operation({JSON: ref("SeriesLabels")}, STREAM_ERRORS, times_query),
    "series.put_series_labels": Operation(
        {JSON: ref("SeriesLabels")}, (404, *BODY_ERRORS), times_query, positions_content
    ),
}
