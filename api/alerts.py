"""Alerts over HTTP: which streams are watched, what a policy would have told, what was sent."""

import re
from dataclasses import asdict
from typing import Annotated, Any, Literal

import msgspec
from flask import Blueprint, Response, request

from alerts import Alerts
from api import detector_registry, responses
from api.errors import Refused
from api.request_body import body_bytes, described
from api.state import state
from api.streams import decoded, only, opened, plain, whole
from api.v1 import json, times_as_ms
from errors import BadInput, BadParameter
from events.event import Event
from events.filter import DIRECTIONS
from events.policy import Notice, Policy, read_policy, replay
from events.wording import replay_summary
from parameters import parameters
from store import Message
from streams import EventCursor, changed_since
from streams.demo import NAME as DEMO

alerts = Blueprint("alerts", __name__, url_prefix="/api/v1")

HISTORY = 100_000
"""Points of a replay, the newest."""
MOST_MESSAGES = MOST_EVENTS = 1_000

CHOICES: tuple[dict[str, Any], ...] = (
    {
        "name": "direction",
        "type": "choice",
        "default": Policy().direction,
        "choices": DIRECTIONS,
        "help": "On which side of the expected value a value counts.",
    },
    {
        "name": "silent",
        "type": "boolean",
        "default": Policy().silent,
        "choices": (True, False),
        "help": "Whether it is told that the stream went silent, and is back.",
    },
)
"""What makes a policy beside its numbers."""


class ChannelBody(msgspec.Struct, forbid_unknown_fields=True):
    """Where a test message is to go."""

    channel: Annotated[str, described("One of the channels that GET /api/v1/alerts lists.")]


class PolicyBody(msgspec.Struct, forbid_unknown_fields=True):
    """What counts as an event and what is told; what is left out has its default."""

    min_points: Annotated[float | None, described("Anomalies that make an event.")] = None
    merge_gap: Annotated[float | None, described("Most normal points between anomalies that count together.")] = None
    recovery_points: Annotated[float | None, described("Normal points in a row after which an event is over.")] = None
    cool_down: Annotated[float | None, described("Points after an event in which the next is not told.")] = None
    min_abs_deviation: Annotated[float | None, described("Smaller distances are no anomalies; series unit.")] = None
    min_rel_deviation: Annotated[float | None, described("The same, as a fraction of the expected value.")] = None
    direction: Literal["both", "above", "below"] | None = None
    silent: Annotated[bool | None, described("Whether it is told that the stream went silent, and is back.")] = None


@alerts.get("/alerts")
def list_alerts() -> Response:
    """The channels, and the last messages, the newest first."""
    as_ms, given = times_as_ms(), only("limit")
    limit = whole(given, "limit", 100, 1, MOST_MESSAGES)
    found = watching()
    return json(
        {
            "channels": found.channels,
            "messages": [of_message(each, as_ms) for each in found.newest(limit)],
            "policy_params": [*map(detector_registry.parameter, parameters(Policy).values()), *CHOICES],
        }
    )


@alerts.post("/alerts/test")
def try_channel() -> Response:
    """Puts a test message for a channel into the outbox; GET /api/v1/alerts says what became of it."""
    as_ms = times_as_ms()
    return json(of_message(watching().test(decoded(ChannelBody).channel), as_ms))


@alerts.get("/streams/<name>/policy")
def get_policy(name: str) -> Response:
    """By what a stream is watched."""
    return json(asdict(watching().policy(plain(name))))


@alerts.put("/streams/<name>/policy")
def put_policy(name: str) -> Response:
    """Watches a stream: its events from now on are told."""
    if plain(name) == DEMO:
        raise BadInput("The stream demo is not kept, so it cannot be watched; its policy can be replayed.", name=DEMO)
    return json(asdict(watching().watch(plain(name), given_policy())))


@alerts.delete("/streams/<name>/policy")
def delete_policy(name: str) -> Response:
    """Watches a stream no longer."""
    watching().unwatch(plain(name))
    return json({"deleted": plain(name)})


@alerts.get("/streams/<name>/events")
def list_events(name: str) -> Response:
    """What happened in a stream, the newest first: runs of anomalies by its policy, and silences."""
    as_ms, given = times_as_ms(), only("limit", "after")
    limit = whole(given, "limit", 100, 1, MOST_EVENTS)
    known = read_seen(given["after"]) if "after" in given else None
    watched = watching().policy_if_any(plain(name))
    policy = watched or Policy()
    found, seen = opened().events(plain(name), policy)
    return json(
        {
            "events": [responses.of_stream_event(each, as_ms=as_ms) for each in changed_since(found, known)[:limit]],
            "cursor": f"{seen.cursor}.{seen.silences}",
            "policy": asdict(policy),
            "watched": watched is not None,
        }
    )


@alerts.post("/streams/<name>/replay")
def replay_policy(name: str) -> Response:
    """Says what a policy would have told over the history of a stream; sends nothing."""
    as_ms, policy = times_as_ms(), read_policy(given_policy() if request.mimetype or body_bytes() else {})
    history = opened().read(plain(name), None, HISTORY)
    notices = replay(policy, history)
    silences = opened().silences(plain(name), history.cursor - len(history)) if policy.silent else []
    back = sum(not each.open for each in silences)
    return json(
        {
            "message": replay_summary(notices, len(history), history.span_ms, len(silences), back),
            "points": len(history),
            "policy": asdict(policy),
            "notices": [of_notice(notice, as_ms) for notice in notices],
            "silences": [responses.of_stream_event(each, as_ms=as_ms) for each in silences],
        }
    )


def watching() -> Alerts:
    """The service's alerts. Raises Refused (503) in an app that was made without a store."""
    found = state().alerts
    if found is None:
        raise Refused(503, "no_store", "This service was started without a store; it watches no streams.")
    return found


def given_policy() -> dict[str, Any]:
    """The policy in the body, what was left out left out."""
    given = msgspec.structs.asdict(decoded(PolicyBody))
    return {name: value for name, value in given.items() if value is not None}


def read_seen(text: str) -> EventCursor:
    """How far the caller knows a stream's events. Raises BadParameter."""
    if not re.fullmatch(r"[0-9]{1,18}\.[0-9]{1,18}", text):
        raise BadParameter("after must be a cursor that this address answered before, like 120.0.", name="after")
    cursor, _, silences = text.partition(".")
    return EventCursor(int(cursor), int(silences))


def of_message(message: Message, as_ms: bool) -> dict[str, Any]:
    """A message, as it is answered."""
    return {
        "id": message.key,
        "channel": message.channel,
        "stream": message.stream,
        "status": message.body["status"],
        "kind": message.body.get("kind", "anomaly"),
        "summary": message.body["summary"],
        "state": message.status,
        "made": responses.time(message.created, as_ms=as_ms),
        "attempts": message.attempts,
        "error": message.error or None,
    }


def of_notice(notice: Notice, as_ms: bool) -> dict[str, Any]:
    """A notice of a replay, as it is answered."""
    return {"status": notice.status, "at": notice.at, **of_event(notice.event, as_ms)}


def of_event(event: Event, as_ms: bool) -> dict[str, Any]:
    """An event of a stream, as it is answered."""
    return {
        "start": event.start,
        "last": event.stop - 1,
        "start_time": responses.time(event.start_time, as_ms=as_ms),
        "last_time": responses.time(event.stop_time, as_ms=as_ms),
        "anomalies": event.anomalies,
        "severity": event.severity,
        "value": event.value,
        "expected": event.expected,
        "direction": event.direction,
        "peak": event.peak,
        "peak_time": responses.time(event.peak_time, as_ms=as_ms),
    }
