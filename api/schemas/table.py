"""How an uploaded table was parsed, and the series that a request sends."""

from typing import Annotated, Literal, Self

from api.schemas.fields import Column, Count, Number, Schema, Time, TimeColumn, described, seconds
from timeseries import DatesRead, Series, Table, format_times
from timeseries import Repair as RepairMade
from timeseries.regular_grid import count_gaps


class SeriesBody(Schema):
    """A series: values, and optionally their times."""

    values: Annotated[list[float | None], described("In order of time; null where a value is missing.")]
    times: Annotated[
        list[int | float | str] | None,
        described("One per value: ISO 8601, or numbers counting s, ms, µs or ns since 1970. Absent: 0, 1, 2, …"),
    ] = None
    name: Annotated[str, described("A name of your choice.")] = "value"


class Repair(Schema):
    """A change made to the input so that it could be parsed."""

    code: str
    message: str
    count: Annotated[int, described("How many cells, rows or columns it changed.")]
    lines: Annotated[list[int], described("The first few: line numbers of a file from 1, positions in JSON from 0.")]

    @classmethod
    def from_repair(cls, repair: RepairMade) -> Self:
        """The response for a repair."""
        return cls(repair.code, repair.message, repair.count, list(repair.lines))


class DateFormat(Schema):
    """How dates like 01/02/2026 were parsed; null where there are none."""

    order: Literal["dmy", "mdy", "ymd"]
    by: Annotated[
        Literal["requested", "numbers", "steps", "dots", "either"],
        described(
            "requested: by date_order; numbers: the other order has no such date; steps: only this order gives even "
            "steps; dots: dates with dots are day first as a rule; either: both orders give the same times."
        ),
    ]
    message: Annotated[str, described("The same in one sentence.")]

    @classmethod
    def from_dates(cls, dates: DatesRead | None) -> Self | None:
        """The response for how dates were parsed."""
        return None if dates is None else cls(dates.order, dates.by, dates.message)


def repairs_of(table: Table) -> list[Repair]:
    """The responses for the repairs of a table."""
    return [Repair.from_repair(repair) for repair in table.repairs]


def name_of(table: Table, series: Series) -> str:
    """The name of a table; that of its column where it has none."""
    return table.name or series.name


class ParsedSeries(Schema):
    """How an input was parsed."""

    name: str
    column: Annotated[str, described("The value column that `values` holds.")]
    columns: Annotated[list[str], described("Every value column of the input.")]
    time_column: str | None
    date_order: DateFormat | None
    points: Count
    missing: Annotated[int, described("Points without a value.", ge=0)]
    start: Time | None
    stop: Annotated[Time | None, described("Time of the last point.")]
    step_seconds: Annotated[Number, described("Median distance between points.")]
    gaps: Annotated[int, described("Distances of more than 1.5 median steps between neighbours.", ge=0)]
    repairs: list[Repair]
    times: TimeColumn
    values: Column

    @classmethod
    def from_table(cls, table: Table, *, as_ms: bool) -> Self:
        """The response for a table, with the values of its default column."""
        series = table.series()
        times = format_times(series.times, as_ms=as_ms)
        return cls(
            name=name_of(table, series),
            column=series.name,
            columns=list(table.columns),
            time_column=table.time_column,
            date_order=DateFormat.from_dates(table.dates),
            points=len(series),
            missing=series.missing,
            start=times[0] if times else None,
            stop=times[-1] if times else None,
            step_seconds=seconds(series.step_ms),
            gaps=count_gaps(series.times, series.step_ms),
            repairs=repairs_of(table),
            times=times,
            values=series.values,
        )
