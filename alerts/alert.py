"""An alert: what each channel makes a message of, as the outbox stores it."""

import hashlib
import json
import math
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Self
from urllib.parse import quote

from events import wording
from events.event import Event
from events.policy import Notice
from store import Silence
from timeseries import duration

ALERT_NAMES = {"anomaly": "AnomalyDetected", "silence": "StreamSilent", "test": "AnomalyTest"}
"""The label `alertname` of each kind of event."""
TEST_STREAM = "test"


@dataclass(frozen=True)
class Alert:
    """A message about an event of a stream; times are ms since 1970 UTC.

    status   firing or resolved
    stream   its name
    summary  one or two sentences
    facts    the event's numbers as text, by name
    noticed  when the alert was made
    started  when the event began by the stream's own times; `noticed` where it has none
    event    identifies the event within its stream and kind: the same for firing and resolved
    kind     anomaly, silence or test
    headline the summary in a few words, for the subject of a mail; empty in messages from before there were headlines
    """

    status: str
    stream: str
    summary: str
    facts: Mapping[str, str]
    noticed: int
    started: int
    event: int
    kind: str = "anomaly"
    headline: str = ""

    @classmethod
    def of_notice(cls, stream: str, notice: Notice, now: int, *, watched: bool = True) -> Self:
        """The alert for a notice; `watched` is false where it resolves an event because its policy was deleted."""
        event = notice.event
        last = None if event.stop_time is None else rfc3339(event.stop_time)
        summary = wording.alert_summary(notice, last) if watched else wording.unwatched_summary(event, last)
        started = now if event.start_time is None else event.start_time
        headline = wording.alert_headline(notice)
        return cls(notice.status, stream, summary, _facts(event), now, started, event.start, headline=headline)

    @classmethod
    def of_silence(cls, stream: str, silence: Silence, status: str, now: int, *, watched: bool = True) -> Self:
        """The alert for a stream that is silent (`firing`) or whose points have resumed (`resolved`)."""
        started = silence.last_arrival if silence.last_time is None else silence.last_time
        lasted = None if silence.stop is None else silence.stop - silence.last_arrival
        allowed = duration(silence.allowed)
        summary = wording.silence_summary(silence.allowed, None if status == "firing" else lasted, watched=watched)
        facts = {"kind": "silence", "last_point": rfc3339(started), "allowed": allowed}
        headline = wording.SILENCE_HEADLINES[status]
        return cls(status, stream, summary, facts, now, started, silence.number, "silence", headline)

    @classmethod
    def test(cls, now: int) -> Self:
        """An alert that only shows that alerts arrive."""
        summary, headline = wording.TEST_SUMMARY, wording.TEST_HEADLINE
        return cls("firing", TEST_STREAM, summary, {}, now, now, now, "test", headline)

    def to_json(self) -> dict[str, Any]:
        """JSON values."""
        return {**vars(self), "facts": dict(self.facts)}

    @classmethod
    def from_json(cls, plain: Mapping[str, Any]) -> Self:
        """Inverse of `to_json`."""
        return cls(**plain)

    def link(self, public_url: str) -> str:
        """URL of the page that shows the stream; empty where `public_url` is."""
        return f"{public_url.rstrip('/')}/live?stream={quote(self.stream, safe='')}" if public_url else ""

    @property
    def labels(self) -> dict[str, str]:
        """Identify the alert in Alertmanager: the same when it fires and when it is resolved."""
        return {"alertname": ALERT_NAMES[self.kind], "stream": self.stream}

    @property
    def annotations(self) -> dict[str, str]:
        """The summary and the facts."""
        return {"summary": self.summary, **self.facts}

    @property
    def fingerprint(self) -> str:
        """16 hexadecimal digits of stream and event, and of the kind unless that is anomaly."""
        identity = [self.stream, self.event, *([] if self.kind == "anomaly" else [self.kind])]
        return hashlib.sha256(json.dumps(identity).encode()).hexdigest()[:16]


def new_key() -> str:
    """A key by which a receiver recognises a repeated message."""
    return uuid.uuid4().hex


def rfc3339(time: int) -> str:
    """Milliseconds since 1970 UTC as text, clipped to the years that a date can have."""
    seconds = min(max(time / 1000, -62_135_596_800.0), 253_402_300_799.0)
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _facts(event: Event) -> dict[str, str]:
    numbers = {"value": event.value, "expected": event.expected, "severity": event.severity}
    facts = {name: f"{number:.6g}" for name, number in numbers.items() if math.isfinite(number)}
    times = {"first_anomaly": event.start_time, "last_anomaly": event.stop_time}
    texts = {name: rfc3339(time) for name, time in times.items() if time is not None}
    return {**facts, "direction": event.direction, "anomalies": str(event.anomalies), **texts}
