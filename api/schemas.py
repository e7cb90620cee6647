"""The shapes of the answers; the API's documentation is written from them, and the tests hold the answers to them."""

from typing import Annotated, Any, Literal

import msgspec

from api.body import described

Number = float | None
Count = Annotated[int, msgspec.Meta(ge=0)]
Time = Annotated[str | int, described("ISO 8601 in UTC; with ?times=ms, milliseconds since 1970.")]
Times = Annotated[list[str | int] | None, described("One per point; null for a series without times.")]
Column = Annotated[list[Number], described("One per point, in the unit of the series; null where there is none.")]
Position = Annotated[int, described("Of a point, counted from 0.", ge=0)]


class Error(msgspec.Struct, forbid_unknown_fields=True):
    """Why a request failed."""

    code: Annotated[str, described("The kind of mistake; stable, for programs.")]
    message: Annotated[str, described("One sentence that says what to change.")]
    detail: Annotated[dict[str, Any], described("The facts: line, column, name, limit, choices, known, …")]


class ErrorAnswer(msgspec.Struct, forbid_unknown_fields=True):
    """The one shape of every failure."""

    error: Error


class Repair(msgspec.Struct, forbid_unknown_fields=True):
    """A change made to what was sent, to be able to read it."""

    code: str
    message: str
    count: Annotated[int, described("How many cells, rows or columns it touched.")]
    lines: Annotated[list[int], described("The first few: line numbers of a file from 1, positions in JSON from 0.")]


class Event(msgspec.Struct, forbid_unknown_fields=True):
    """A run of anomalous points; positions are half open."""

    start: Position
    stop: Annotated[int, described("One after the last anomalous point.", ge=1)]
    peak: Annotated[int, described("The point of the highest score.", ge=0)]
    start_time: Time | None
    stop_time: Annotated[Time | None, described("The time of the last anomalous point, stop − 1.")]
    peak_time: Time | None
    direction: Literal["above", "below", "shape"]
    severity: Annotated[Number, described("Highest score ÷ threshold; above 1.")]
    value: Annotated[Number, described("What came, at the peak.")]
    expected: Annotated[Number, described("What was expected there.")]
    explanation: Annotated[str, described("One sentence for a person.")]


class Seconds(msgspec.Struct, forbid_unknown_fields=True):
    """How long each stage took."""

    read: float
    fit: float
    detect: float


class Summary(msgspec.Struct, forbid_unknown_fields=True):
    """The detection in a few numbers."""

    points: Count
    missing: Annotated[int, described("Points without a value.", ge=0)]
    anomalies: Annotated[int, described("Anomalous points.", ge=0)]
    events: Count
    warm_up: Annotated[int, described("Points that have a value and no judgement.", ge=0)]
    period: Annotated[int | None, described("Points after which the series repeats itself; null where none was found.")]
    notes: Annotated[list[str], described("What was learned and what to know about it, in sentences.")]
    seconds: Seconds


class Detection(msgspec.Struct, forbid_unknown_fields=True):
    """The judgement of every point; the columns have equal length."""

    detector: str
    name: str
    column: Annotated[str, described("The value column that was judged.")]
    columns: Annotated[list[str], described("Every value column of the input.")]
    time_column: str | None
    params: Annotated[dict[str, int | float], described("Every parameter in effect.")]
    times: Times
    values: Column
    expected: Column
    lower: Column
    upper: Column
    score: Annotated[list[Number], described("0 or more, in the detector's unit; null where it cannot tell.")]
    is_anomaly: Annotated[list[bool], described("score > threshold.")]
    threshold: Number
    events: list[Event]
    repairs: list[Repair]
    summary: Summary


class Reading(msgspec.Struct, forbid_unknown_fields=True):
    """What was understood of an input."""

    name: str
    column: Annotated[str, described("The value column whose values these are.")]
    columns: Annotated[list[str], described("Every value column of the input.")]
    time_column: str | None
    points: Count
    missing: Annotated[int, described("Points without a value.", ge=0)]
    start: Time | None
    stop: Annotated[Time | None, described("Time of the last point.")]
    step_seconds: Annotated[Number, described("The usual distance between points: the median.")]
    gaps: Annotated[int, described("Neighbours more than 1.5 usual steps apart.", ge=0)]
    repairs: list[Repair]
    times: Times
    values: Column


class Parameter(msgspec.Struct, forbid_unknown_fields=True):
    """A parameter of a detector."""

    name: str
    type: Literal["integer", "number"]
    default: int | float
    unit: str | None
    minimum: int | float
    maximum: int | float
    help: str


class Detector(msgspec.Struct, forbid_unknown_fields=True):
    """A detector."""

    name: str
    title: str
    help: str
    memory: Annotated[int, described("How many past points a judgement needs, with the default parameters.", ge=0)]
    params: list[Parameter]


class Detectors(msgspec.Struct, forbid_unknown_fields=True):
    """Every detector; the first is the default."""

    detectors: list[Detector]


class Planted(msgspec.Struct, forbid_unknown_fields=True):
    """A fault planted into a demo series; positions are half open."""

    name: str
    start: Position
    stop: Annotated[int, described("One after its last point.", ge=1)]


class Demo(msgspec.Struct, forbid_unknown_fields=True):
    """A labelled demo series."""

    kind: str
    times: list[str | int]
    values: Column
    labels: Annotated[list[bool], described("True inside a planted fault.")]
    anomalies: list[Planted]


class Kind(msgspec.Struct, forbid_unknown_fields=True):
    """A kind of demo series."""

    name: str
    title: str
    help: str


class Kinds(msgspec.Struct, forbid_unknown_fields=True):
    """The kinds of demo series."""

    kinds: list[Kind]


class Status(msgspec.Struct, forbid_unknown_fields=True):
    """How the service is."""

    status: Literal["ok", "ready", "starting"]


ANSWERS = (ErrorAnswer, Detection, Reading, Detectors, Demo, Kinds, Status)
