"""The shapes of the answers; the API's documentation is written from them, and the tests hold the answers to them."""

from typing import Annotated, Any, Literal

import msgspec

from api.reading_shapes import DatesRead, Note, Repair
from api.request_body import described

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


class Event(msgspec.Struct, forbid_unknown_fields=True):
    """A run of anomalous points; positions are half open."""

    start: Position
    stop: Annotated[int, described("One after the last anomalous point.", ge=1)]
    peak: Annotated[
        int, described("Its worst point: of the highest score, or the furthest off where views are joined.", ge=0)
    ]
    start_time: Time | None
    stop_time: Annotated[Time | None, described("The time of the last anomalous point, stop − 1.")]
    peak_time: Time | None
    direction: Literal["above", "below", "shape"]
    severity: Annotated[Number, described("Highest score ÷ threshold; above 1.")]
    value: Annotated[Number, described("What came, at the peak.")]
    expected: Annotated[Number, described("What was expected there.")]
    explanation: Annotated[str, described("One sentence for a person.")]
    top_scorer: Annotated[str | None, described("The scorer with the highest score at the peak; null if only one.")]
    window: Annotated[int | None, described("Length of that scorer's windows, in points; null where it has none.")]


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
    notes: Annotated[list[Note], described("What was learned, and what limits the detection.")]
    seconds: Seconds


class Detection(msgspec.Struct, forbid_unknown_fields=True):
    """The judgement of every point; the columns have equal length."""

    detector: str
    name: str
    column: Annotated[str, described("The value column that was judged.")]
    columns: Annotated[list[str], described("Every value column of the input.")]
    time_column: str | None
    date_order: DatesRead | None
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
    date_order: DatesRead | None
    points: Count
    missing: Annotated[int, described("Points without a value.", ge=0)]
    start: Time | None
    stop: Annotated[Time | None, described("Time of the last point.")]
    step_seconds: Annotated[Number, described("The usual distance between points: the median.")]
    gaps: Annotated[int, described("Neighbours more than 1.5 usual steps apart.", ge=0)]
    repairs: list[Repair]
    times: Times
    values: Column


class CaughtSize(msgspec.Struct, forbid_unknown_fields=True):
    """One size of a fault, planted several times."""

    size: Annotated[float, described("In the unit of the fault.")]
    change: Annotated[Number, described("The same in the unit of the series; null where the size is no distance.")]
    points: Annotated[int, described("How long the fault lasts.", ge=1)]
    injected: Annotated[int, described("How often it was injected.", ge=1)]
    detected: Count
    share: Annotated[float, described("detected ÷ injected.", ge=0, le=1)]
    delay_points: Annotated[
        Number, described("Delay by which half of those were caught, from the fault's first point; null: none.")
    ]
    delay_seconds: Annotated[Number, described("That of the same fault in seconds; null for a series without times.")]


class CaughtFault(msgspec.Struct, forbid_unknown_fields=True):
    """A known fault and what is caught of it."""

    name: str
    title: str
    unit: Annotated[str, described("What a size is a multiple of.")]
    summary: Annotated[str, described("What is caught of it, for a person.")]
    smallest: Annotated[Number, described("The first size of which four in five are caught; null: of none.")]
    sizes: Annotated[list[CaughtSize], described("Smallest first.")]


class Catches(msgspec.Struct, forbid_unknown_fields=True):
    """What would be caught in a series, by known faults planted into copies of its quiet stretches."""

    detector: str
    mode: Literal["offline", "online"]
    name: str
    column: Annotated[str, described("The value column that was taken.")]
    columns: Annotated[list[str], described("Every value column of the input.")]
    time_column: str | None
    params: Annotated[dict[str, int | float], described("Every parameter in effect.")]
    summary: Annotated[list[str], described("All of it, for a person.")]
    points: Annotated[int, described("Of each copy: the last ones of the series.", ge=0)]
    copies: Count
    noise: Annotated[Number, described("The usual noise, in the unit of the series.")]
    typical_change: Annotated[
        Number, described("The usual change over a cycle, or over 32 points, in the unit of the series.")
    ]
    period: Annotated[int | None, described("Points after which the series repeats itself; null where none was found.")]
    reason: Annotated[str | None, described("Why nothing, or not everything, could be planted.")]
    truncated: Annotated[bool, described("Whether fewer were planted than there is room for, to answer soon.")]
    faults: Annotated[list[CaughtFault], described("Those that could be planted.")]
    repairs: list[Repair]


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


class Stream(msgspec.Struct, forbid_unknown_fields=True):
    """A series that still grows."""

    name: str
    detector: str
    params: Annotated[dict[str, int | float], described("Every parameter in effect.")]
    points: Annotated[int, described("How many can be read.", ge=0)]
    capacity: Annotated[int, described("How many are kept.", ge=1)]
    retention_days: Annotated[
        float | None, described("Days after which a point is forgotten by its time; null: none is for its age.")
    ]
    last_time: Time | None
    state: Annotated[
        Literal["warming_up", "normal", "anomalous", "silent"],
        described("warming_up: judged by a simpler detector; anomalous: an event is open; silent: nothing comes."),
    ]
    cursor: Annotated[int, described("Of the last point; 0 before the first.", ge=0)]
    judged_by: Annotated[str | None, described("The detector that judges the next point; null where none can yet.")]


class StreamList(msgspec.Struct, forbid_unknown_fields=True):
    """Streams by name."""

    streams: list[Stream]
    next: Annotated[str | None, described("What to send as `after` for those that follow; null: there are none.")]


class Deleted(msgspec.Struct, forbid_unknown_fields=True):
    """What was forgotten."""

    deleted: str


class Points(msgspec.Struct, forbid_unknown_fields=True):
    """Points of a stream with their judgement; the columns have equal length."""

    times: Times
    values: Column
    expected: Column
    lower: Column
    upper: Column
    score: Annotated[list[Number], described("0 or more, in the unit of who judged; null where nobody can tell.")]
    is_anomaly: list[bool]
    judged_by: Annotated[list[str | None], described("The detector that judged each point; null where none could.")]
    confidence: Annotated[list[Number], described("How sure each verdict is, 0 to 1; null where nobody said.")]
    late: Annotated[list[bool], described("The point came after a newer one; it keeps its place in order of arrival.")]
    cursor: Annotated[int, described("Send it as `after` to read what follows.", ge=0)]
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
            list["StreamEvent"],
            described("After a read: the events that these points belong to, the oldest first, each complete."),
        ]
        | msgspec.UnsetType
    ) = msgspec.UNSET


class StreamLabel(msgspec.Struct, forbid_unknown_fields=True):
    """What somebody said of some points, half open."""

    start: Annotated[int | str, described("A time, or a cursor where the stream counts its points.")]
    stop: int | str
    kind: Literal["anomaly", "normal"]
    note: str


class LabelList(msgspec.Struct, forbid_unknown_fields=True):
    """The labels of a stream, in the order given."""

    labels: list[StreamLabel]


class Status(msgspec.Struct, forbid_unknown_fields=True):
    """How the service is."""

    status: Literal["ok", "ready", "starting"]


class Policy(msgspec.Struct, forbid_unknown_fields=True):
    """What counts as an event of a stream and what is told of it; see docs/reference/alerts.md."""

    min_points: int
    merge_gap: int
    recovery_points: int
    cool_down: int
    min_abs_deviation: float
    min_rel_deviation: float
    direction: Literal["both", "above", "below"]
    silent: Annotated[bool, described("Whether silence is told.")]


class StreamNotice(msgspec.Struct, forbid_unknown_fields=True):
    """A message that a policy makes, with the event it tells of; start, last and at are cursors."""

    status: Literal["firing", "resolved"]
    at: Annotated[int, described("The point after which it is told.", ge=1)]
    start: Annotated[int, described("The event's first anomaly.", ge=1)]
    last: Annotated[int, described("Its latest anomaly so far.", ge=1)]
    start_time: Time | None
    last_time: Time | None
    anomalies: Annotated[int, described("How many so far.", ge=1)]
    severity: Annotated[Number, described("Greatest distance ÷ the distance allowed.")]
    value: Annotated[Number, described("What came there.")]
    expected: Annotated[Number, described("What was expected there.")]
    direction: Literal["above", "below", "shape"]
    peak: Annotated[int, described("The point at which it was worst.", ge=0)]
    peak_time: Time | None


class StreamEvent(msgspec.Struct, forbid_unknown_fields=True):
    """Something that happened in a stream. Positions are cursors; a silence stands at the last point before it."""

    id: Annotated[str, described("Identifies it within its stream, also when it changes.")]
    kind: Literal["anomaly", "silent"]
    open: Annotated[bool, described("Whether it goes on.")]
    start: Annotated[int, described("The first anomaly.", ge=0)]
    stop: Annotated[int, described("One after the last anomaly so far.", ge=1)]
    peak: Annotated[int, described("The worst anomaly: read the points around it to jump there.", ge=0)]
    start_time: Time | None
    stop_time: Annotated[Time | None, described("Of the last anomaly; of a silence when points came again.")]
    peak_time: Time | None
    seconds: Annotated[Number, described("How long; of a silence from arrival to arrival, null until it is over.")]
    direction: Literal["above", "below", "shape"] | None
    severity: Annotated[Number, described("Greatest distance ÷ the distance allowed; null for a silence.")]
    value: Annotated[Number, described("What came at the peak.")]
    expected: Annotated[Number, described("What was expected there.")]
    anomalies: Annotated[int, described("How many so far.", ge=0)]
    explanation: Annotated[str, described("The event in a sentence.")]


class StreamEvents(msgspec.Struct, forbid_unknown_fields=True):
    """What happened in a stream, the newest first."""

    events: list[StreamEvent]
    cursor: Annotated[str, described("Send it as `after` to hear what changed since.")]
    policy: Annotated[Policy, described("The default one where the stream is not watched.")]
    watched: Annotated[bool, described("Whether the stream has a policy of its own, so that its events are told.")]


class Replay(msgspec.Struct, forbid_unknown_fields=True):
    """What a policy would have told over a stream's history."""

    message: Annotated[str, described("The outcome in a sentence.")]
    points: Count
    policy: Policy
    notices: list[StreamNotice]
    silences: Annotated[list[StreamEvent], described("Those of which would have been told, the newest first.")]


class AlertMessage(msgspec.Struct, forbid_unknown_fields=True):
    """A message to a channel, and what became of it."""

    id: Annotated[str, described("The receiver tells repeats by it.")]
    channel: str
    stream: str
    status: Literal["firing", "resolved"]
    kind: Literal["anomaly", "silent", "test"]
    summary: str
    state: Literal["waiting", "sent", "given_up"]
    made: Time
    attempts: Count
    error: Annotated[str | None, described("Why the last attempt failed.")]


class PolicyParameter(msgspec.Struct, forbid_unknown_fields=True):
    """A number, a choice or a yes or no of a policy."""

    name: str
    type: Literal["integer", "number", "choice", "boolean"]
    default: int | float | str | bool
    help: str
    unit: str | msgspec.UnsetType | None = msgspec.UNSET
    minimum: int | float | msgspec.UnsetType = msgspec.UNSET
    maximum: int | float | msgspec.UnsetType = msgspec.UNSET
    choices: Annotated[list[str | bool], described("Instead of bounds.")] | msgspec.UnsetType = msgspec.UNSET


class AlertList(msgspec.Struct, forbid_unknown_fields=True):
    """The channels that the settings name, and the last messages, the newest first."""

    channels: list[str]
    messages: list[AlertMessage]
    policy_params: Annotated[list[PolicyParameter], described("What makes a policy, with bounds or choices.")]


class InfluxError1(msgspec.Struct, forbid_unknown_fields=True):
    """A refusal as InfluxDB 1 tells it."""

    error: str


class InfluxError2(msgspec.Struct, forbid_unknown_fields=True):
    """A refusal as InfluxDB 2 tells it."""

    code: str
    message: str
    line: Annotated[int, described("The first line that was refused, from 1.", ge=1)] | msgspec.UnsetType = (
        msgspec.UNSET
    )


ALERTS = (Policy, PolicyParameter, Replay, StreamEvents, AlertMessage, AlertList)
INFLUX = (InfluxError1, InfluxError2)
ANSWERS = (
    ErrorAnswer,
    Detection,
    Catches,
    Reading,
    Detectors,
    Demo,
    Kinds,
    Stream,
    StreamList,
    Points,
    LabelList,
    Deleted,
    Status,
)
