"""Alerts over HTTP: policies of streams, their events, what a policy would have sent, what was sent."""

import re
from typing import Any

from flask import Blueprint, request

from api.endpoint import BODY_ERRORS, STREAM_ERRORS, endpoint
from api.openapi_parts import TIMES, json_body, limit_param, query_param
from api.request_body import body_bytes, decode_body
from api.request_params import decode_name, int_param, query_params, times_as_ms
from api.schemas.alerts import (
    AlertList,
    AlertMessage,
    ChannelBody,
    Policy,
    PolicyBody,
    Replay,
    StreamEvents,
    StreamNotice,
)
from api.schemas.service import Deleted
from api.schemas.streams import StreamEvent
from api.services import get_alerts, get_streams
from errors import BadInput, BadParameter
from events.policy import Policy as StreamPolicy
from events.policy import read_policy, replay
from events.wording import replay_summary
from streams import EventCursor, changed_since
from streams.demo import NAME as DEMO

alerts = Blueprint("alerts", __name__, url_prefix="/api/v1")

MAX_REPLAY_POINTS = 100_000
"""Points of a replay, the newest."""
MAX_MESSAGES = 1_000
"""Messages in one response."""
MAX_EVENTS = 1_000
"""Events in one response."""

CURSOR_PATTERN = r"[0-9]{1,18}\.[0-9]{1,18}"
AFTER = query_param(
    "after",
    {"type": "string", "pattern": f"^{CURSOR_PATTERN}$"},
    "The `cursor` of an earlier response: the events that began or changed since; absent: the newest.",
)
POLICY_BODY = json_body(PolicyBody, {"min_points": 3})


@alerts.get("/alerts")
@endpoint(errors=(400, 403, 503), query=(limit_param("limit", MAX_MESSAGES, 100), TIMES))
def list_alerts() -> AlertList:
    """Lists the channels, and the last messages, the newest first."""
    as_ms, params = times_as_ms(), query_params("limit")
    limit = int_param(params, "limit", 100, 1, MAX_MESSAGES)
    service = get_alerts()
    return AlertList.from_messages(service.channels, service.newest(limit), as_ms=as_ms)


@alerts.post("/alerts/test")
@endpoint(errors=BODY_ERRORS, query=(TIMES,), body=json_body(ChannelBody, {"channel": "webhook"}))
def send_test_message() -> AlertMessage:
    """Queues a test message for a channel; GET /api/v1/alerts reports its delivery."""
    as_ms = times_as_ms()
    return AlertMessage.from_message(get_alerts().test(decode_body(ChannelBody).channel), as_ms=as_ms)


@alerts.get("/streams/<name>/policy")
@endpoint(errors=STREAM_ERRORS)
def get_policy(name: str) -> Policy:
    """Returns the policy by which a stream is watched."""
    return Policy.from_policy(get_alerts().policy(decode_name(name)))


@alerts.put("/streams/<name>/policy")
@endpoint(errors=(404, *BODY_ERRORS), body=POLICY_BODY)
def put_policy(name: str) -> Policy:
    """Watches a stream: its events are announced from now on."""
    if decode_name(name) == DEMO:
        raise BadInput("The stream demo is not stored, so it cannot be watched; its policy can be replayed.", name=DEMO)
    return Policy.from_policy(get_alerts().watch(decode_name(name), decode_body(PolicyBody).fields()))


@alerts.delete("/streams/<name>/policy")
@endpoint(errors=STREAM_ERRORS)
def delete_policy(name: str) -> Deleted:
    """Stops watching a stream."""
    get_alerts().unwatch(decode_name(name))
    return Deleted(decode_name(name))


@alerts.get("/streams/<name>/events")
@endpoint(errors=STREAM_ERRORS, query=(AFTER, limit_param("limit", MAX_EVENTS, 100), TIMES))
def list_events(name: str) -> StreamEvents:
    """Lists the events of a stream, the newest first: runs of anomalies by its policy, and silences."""
    as_ms, params = times_as_ms(), query_params("limit", "after")
    limit = int_param(params, "limit", 100, 1, MAX_EVENTS)
    after = read_event_cursor(params["after"]) if "after" in params else None
    own_policy = get_alerts().policy_if_any(decode_name(name))
    policy = own_policy or StreamPolicy()
    events, cursor = get_streams().events(decode_name(name), policy)
    return StreamEvents(
        events=[StreamEvent.from_record(event, as_ms=as_ms) for event in changed_since(events, after)[:limit]],
        cursor=f"{cursor.cursor}.{cursor.silences}",
        policy=Policy.from_policy(policy),
        watched=own_policy is not None,
    )


@alerts.post("/streams/<name>/replay")
@endpoint(errors=(404, *BODY_ERRORS), query=(TIMES,), body=POLICY_BODY)
def replay_policy(name: str) -> Replay:
    """Returns the messages that a policy would have sent over a stream's history; sends none."""
    as_ms, policy = times_as_ms(), read_policy(policy_fields())
    history = get_streams().read(decode_name(name), None, MAX_REPLAY_POINTS)
    notices = replay(policy, history)
    first = history.cursor - len(history)
    silences = get_streams().silences(decode_name(name), first) if policy.silent else []
    ended = sum(not silence.open for silence in silences)
    return Replay(
        message=replay_summary(notices, len(history), history.span_ms, len(silences), ended),
        points=len(history),
        policy=Policy.from_policy(policy),
        notices=[StreamNotice.from_notice(notice, as_ms=as_ms) for notice in notices],
        silences=[StreamEvent.from_record(silence, as_ms=as_ms) for silence in silences],
    )


def policy_fields() -> dict[str, Any]:
    """The fields of a policy in the body; none where there is no body."""
    return decode_body(PolicyBody).fields() if request.mimetype or body_bytes() else {}


def read_event_cursor(text: str) -> EventCursor:
    """The cursor up to which the caller knows a stream's events. Raises BadParameter."""
    if not re.fullmatch(CURSOR_PATTERN, text):
        raise BadParameter("after must be the cursor of an earlier response, like 120.0.", name="after")
    cursor, _, silences = text.partition(".")
    return EventCursor(int(cursor), int(silences))
