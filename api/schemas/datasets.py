"""Stored datasets: uploaded tables, their points in windows."""

from typing import Annotated, Self

from api.schemas.fields import (
    Column,
    Count,
    Number,
    Schema,
    Time,
    TimeColumn,
    array_of,
    described,
    format_time,
    seconds,
)
from api.schemas.table import DateFormat, Repair
from datasets.datasets import PointRange
from store import Dataset as StoredDataset
from timeseries import format_times
from timeseries.downsampling import Positions

PositionColumn = Annotated[Positions, array_of({"type": "integer"}, "The position of each point, counted from 0.")]


class Dataset(Schema):
    """A stored dataset, without its points."""

    id: str
    name: str
    created: Annotated[Time, described("When it was uploaded.")]
    points: Count
    columns: Annotated[list[str], described("Its value columns, in order.")]
    column: Annotated[str, described("The default column.")]
    time_column: str | None
    date_order: DateFormat | None
    start: Annotated[Time | None, described("Time of the first point; null for a dataset without times.")]
    stop: Annotated[Time | None, described("Time of the last point.")]
    step_seconds: Annotated[Number, described("Median distance between points.")]
    repairs: list[Repair]

    @classmethod
    def from_stored(cls, stored: StoredDataset, *, as_ms: bool) -> Self:
        """The response for a dataset of the store."""
        return cls(
            id=stored.id,
            name=stored.name,
            created=format_time(stored.created, as_ms=as_ms),
            points=stored.points,
            columns=list(stored.columns),
            column=stored.default,
            time_column=stored.time_column,
            date_order=DateFormat.from_dates(stored.dates),
            start=format_time(stored.start, as_ms=as_ms),
            stop=format_time(stored.stop, as_ms=as_ms),
            step_seconds=seconds(stored.step),
            repairs=[Repair.from_repair(repair) for repair in stored.repairs],
        )


class DatasetList(Schema):
    """Datasets, the newest first."""

    series: list[Dataset]
    next: Annotated[str | None, described("Send it as `after` for the next page; null on the last page.")]


class DatasetPoints(Schema):
    """The points of a window of a column, all or downsampled; the columns have equal length."""

    column: str
    start: Annotated[int, described("The first position of the window.", ge=0)]
    stop: Annotated[int, described("One after its last.", ge=0)]
    positions: PositionColumn
    times: TimeColumn
    values: Column

    @classmethod
    def from_window(cls, window: PointRange, *, as_ms: bool) -> Self:
        """The response for a window."""
        times = format_times(window.times, as_ms=as_ms)
        return cls(window.column, window.start, window.stop, window.positions, times, window.values)


class ColumnOverview(Schema):
    """A downsampled column."""

    column: str
    missing: Annotated[int, described("Points of the complete column without a value.", ge=0)]
    positions: PositionColumn
    times: TimeColumn
    values: Column

    @classmethod
    def from_window(cls, window: PointRange, *, as_ms: bool) -> Self:
        """The response for a window that spans a column."""
        times = format_times(window.times, as_ms=as_ms)
        return cls(window.column, window.missing, window.positions, times, window.values)


class Overview(Schema):
    """Every column of a dataset, downsampled."""

    gaps: Annotated[int, described("Distances of more than 1.5 median steps between neighbours.", ge=0)]
    columns: list[ColumnOverview]
