"""Alert policies, the events of streams, and messages about them."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import Annotated, Any, Literal, Self

import msgspec

from api.schemas.fields import Count, Number, Schema, Time, choice, described, format_time
from api.schemas.streams import SIDE, StreamEvent
from events.filter import DIRECTIONS
from events.policy import Notice
from events.policy import Policy as StreamPolicy
from parameters import Param, parameters
from store import Message

DIRECTION = choice("both", "above", "below")


class ChannelBody(Schema):
    """Where a test message is sent."""

    channel: Annotated[str, described("One of the channels that GET /api/v1/alerts lists.")]


class PolicyBody(Schema):
    """What counts as an event and which events are announced; absent fields have their default."""

    min_points: Annotated[float | None, described("Anomalies that make an event.")] = None
    merge_gap: Annotated[float | None, described("Normal points between anomalies of one event, at most.")] = None
    recovery_points: Annotated[float | None, described("Consecutive normal points that end an event.")] = None
    cool_down: Annotated[float | None, described("Points after an event in which the next is not announced.")] = None
    min_abs_deviation: Annotated[float | None, described("Smaller distances are no anomalies; series unit.")] = None
    min_rel_deviation: Annotated[float | None, described("The same, as a fraction of the expected value.")] = None
    direction: Literal["both", "above", "below"] | None = None
    silent: Annotated[bool | None, described("Whether to announce that the stream went silent or is back.")] = None

    def fields(self) -> dict[str, Any]:
        """The fields that the request names, by name."""
        return {name: value for name, value in msgspec.structs.asdict(self).items() if value is not None}


class Policy(Schema):
    """What counts as an event of a stream and which events are announced; see docs/reference/alerts.md."""

    min_points: int
    merge_gap: int
    recovery_points: int
    cool_down: int
    min_abs_deviation: float
    min_rel_deviation: float
    direction: Annotated[str, DIRECTION]
    silent: Annotated[bool, described("Whether silence is announced.")]

    @classmethod
    def from_policy(cls, policy: StreamPolicy) -> Self:
        """The response for a policy."""
        return cls(**asdict(policy))


class StreamNotice(Schema):
    """A message that a policy makes, and its event; start, last and at are cursors."""

    status: Literal["firing", "resolved"]
    at: Annotated[int, described("The point after which it is sent.", ge=1)]
    start: Annotated[int, described("The event's first anomaly.", ge=1)]
    last: Annotated[int, described("Its latest anomaly so far.", ge=1)]
    start_time: Time | None
    last_time: Time | None
    anomalies: Annotated[int, described("How many so far.", ge=1)]
    severity: Annotated[Number, described("Greatest distance ÷ the distance allowed.")]
    value: Annotated[Number, described("The observed value there.")]
    expected: Annotated[Number, described("The expected value there.")]
    direction: Annotated[str, SIDE]
    peak: Annotated[int, described("Its worst point.", ge=0)]
    peak_time: Time | None

    @classmethod
    def from_notice(cls, notice: Notice, *, as_ms: bool) -> Self:
        """The response for a notice of a replay."""
        event = notice.event
        return cls(
            status=notice.status,
            at=notice.at,
            start=event.start,
            last=event.stop - 1,
            start_time=format_time(event.start_time, as_ms=as_ms),
            last_time=format_time(event.stop_time, as_ms=as_ms),
            anomalies=event.anomalies,
            severity=event.severity,
            value=event.value,
            expected=event.expected,
            direction=event.direction,
            peak=event.peak,
            peak_time=format_time(event.peak_time, as_ms=as_ms),
        )


class StreamEvents(Schema):
    """The events of a stream, the newest first."""

    events: list[StreamEvent]
    cursor: Annotated[str, described("Send it as `after` to read what changed since.")]
    policy: Annotated[Policy, described("The default one where the stream is not watched.")]
    watched: Annotated[bool, described("Whether the stream has a policy of its own, so that its events are announced.")]


class Replay(Schema):
    """The messages that a policy would have sent over a stream's history."""

    message: Annotated[str, described("The outcome in one sentence.")]
    points: Count
    policy: Policy
    notices: list[StreamNotice]
    silences: Annotated[list[StreamEvent], described("Those that would have been announced, the newest first.")]


class AlertMessage(Schema):
    """A message to a channel, and its delivery."""

    id: Annotated[str, described("Lets the receiver drop repeats.")]
    channel: str
    stream: str
    status: Annotated[str, choice("firing", "resolved")]
    kind: Annotated[str, choice("anomaly", "silence", "test")]
    summary: str
    state: Annotated[str, choice("waiting", "sent", "given_up")]
    made: Time
    attempts: Count
    error: Annotated[str | None, described("Why the last attempt failed.")]

    @classmethod
    def from_message(cls, message: Message, *, as_ms: bool) -> Self:
        """The response for a message of the outbox."""
        return cls(
            id=message.key,
            channel=message.channel,
            stream=message.stream,
            status=message.body["status"],
            kind=message.body.get("kind", "anomaly"),
            summary=message.body["summary"],
            state=message.status,
            made=format_time(message.created, as_ms=as_ms),
            attempts=message.attempts,
            error=message.error or None,
        )


class PolicyParameter(Schema):
    """A number, a choice or a boolean of a policy."""

    name: str
    type: Annotated[str, choice("integer", "number", "choice", "boolean")]
    default: int | float | str | bool
    help: str
    unit: str | msgspec.UnsetType | None = msgspec.UNSET
    minimum: int | float | msgspec.UnsetType = msgspec.UNSET
    maximum: int | float | msgspec.UnsetType = msgspec.UNSET
    choices: Annotated[list[str | bool], described("Instead of bounds.")] | msgspec.UnsetType = msgspec.UNSET

    @classmethod
    def from_param(cls, param: Param) -> Self:
        """The response for a declared number."""
        return cls(
            name=param.name,
            type=param.type,
            default=param.default,
            help=param.help,
            unit=param.unit,
            minimum=param.minimum,
            maximum=param.maximum,
        )


def policy_parameters() -> list[PolicyParameter]:
    """Everything that makes a policy: its numbers, its direction, and whether silence counts."""
    default = StreamPolicy()
    numbers = [PolicyParameter.from_param(param) for param in parameters(StreamPolicy).values()]
    direction = PolicyParameter(
        name="direction",
        type="choice",
        default=default.direction,
        help="On which side of the expected value a value counts.",
        choices=list(DIRECTIONS),
    )
    silent = PolicyParameter(
        name="silent",
        type="boolean",
        default=default.silent,
        help="Whether to announce that the stream went silent or is back.",
        choices=[True, False],
    )
    return [*numbers, direction, silent]


class AlertList(Schema):
    """The configured channels, and the last messages, the newest first."""

    channels: list[str]
    messages: list[AlertMessage]
    policy_params: Annotated[list[PolicyParameter], described("The fields of a policy, with bounds or choices.")]

    @classmethod
    def from_messages(cls, channels: Sequence[str], messages: Sequence[Message], *, as_ms: bool) -> Self:
        """The response for the channels and their messages."""
        listed = [AlertMessage.from_message(message, as_ms=as_ms) for message in messages]
        return cls(list(channels), listed, policy_parameters())
