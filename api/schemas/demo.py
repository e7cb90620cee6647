"""Labelled demo series."""

from typing import Annotated, Self

from api.schemas.fields import Column, Position, Schema, TimeColumn, array_of, described
from data_generation import Demo
from timeseries import Bools, format_times


class InjectedFault(Schema):
    """A fault injected into a demo series; positions are half open."""

    name: str
    start: Position
    stop: Annotated[int, described("One after its last point.", ge=1)]


class DemoSeries(Schema):
    """A labelled demo series."""

    kind: str
    times: TimeColumn
    values: Column
    labels: Annotated[Bools, array_of({"type": "boolean"}, "One flag per point: true inside an injected fault.")]
    anomalies: list[InjectedFault]

    @classmethod
    def from_demo(cls, demo: Demo, *, as_ms: bool) -> Self:
        """The response for a demo series."""
        faults = [InjectedFault(name, start, stop) for name, start, stop in demo.anomalies]
        times = format_times(demo.series.times, as_ms=as_ms)
        return cls(demo.kind, times, demo.series.values, demo.labels, faults)


class DemoKind(Schema):
    """A kind of demo series."""

    name: str
    title: str
    help: str


class DemoKindList(Schema):
    """The kinds of demo series."""

    kinds: list[DemoKind]
