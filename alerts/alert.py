"""An alert: what every channel makes its message of, as it lies in the outbox."""

import hashlib
import json
import math
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Self

from anomaly_detection import explain
from event_policy import Event, Notice, duration
from store import Silence

ALERT_NAMES = {"anomaly": "AnomalyDetected", "silent": "StreamSilent"}
"""What a receiver tells the kinds of events by."""
TEST_STREAM = "test"


@dataclass(frozen=True)
class Alert:
    """A message about an event of a stream.

    status   firing or resolved
    stream   its name
    summary  one sentence for a person
    facts    the event's numbers as text, by name
    noticed  when it was noticed, ms since 1970 UTC
    started  when the event began by the stream's own times, or was noticed; ms since 1970 UTC
    event    identifies the event within its stream and kind: the same for firing and resolved
    kind     anomaly or silent
    """

    status: str
    stream: str
    summary: str
    facts: Mapping[str, str]
    noticed: int
    started: int
    event: int
    kind: str = "anomaly"

    @classmethod
    def of(cls, stream: str, notice: Notice, now: int) -> Self:
        """The alert that tells of a notice."""
        event = notice.event
        sentence = explain(event.value, event.expected, event.direction, event.severity, event.anomalies)
        over = "Over: " if notice.status == "resolved" else ""
        started = now if event.start_time is None else event.start_time
        return cls(notice.status, stream, f"{over}{sentence}", _facts(event), now, started, event.start)

    @classmethod
    def of_silence(cls, stream: str, silence: Silence, status: str, now: int) -> Self:
        """The alert that tells that a stream is silent, or that it is back."""
        started = silence.seen if silence.last_time is None else silence.last_time
        if status == "firing" or silence.stop is None:
            said = f"Silent: nothing came for longer than the {duration(silence.allowed)} that its rhythm allows."
        else:
            said = f"Over: points come again after {duration(silence.stop - silence.seen)}."
        facts = {"kind": "silent", "last_point": rfc3339(started), "allowed": duration(silence.allowed)}
        return cls(status, stream, said, facts, now, started, silence.number, "silent")

    @classmethod
    def test(cls, now: int) -> Self:
        """An alert that says only that alerts arrive."""
        return cls("firing", TEST_STREAM, "This is a test: messages arrive here.", {}, now, now, now)

    def to_plain(self) -> dict[str, Any]:
        """JSON values."""
        return {**vars(self), "facts": dict(self.facts)}

    @classmethod
    def from_plain(cls, plain: Mapping[str, Any]) -> Self:
        """The alert that gave these JSON values."""
        return cls(**plain)

    @property
    def labels(self) -> dict[str, str]:
        """What identifies it in Alertmanager's eyes: the same while an event lasts and when it is over."""
        return {"alertname": ALERT_NAMES[self.kind], "stream": self.stream}

    @property
    def annotations(self) -> dict[str, str]:
        """What it says."""
        return {"summary": self.summary, **self.facts}

    @property
    def fingerprint(self) -> str:
        """16 hexadecimal digits of stream and event, and of the kind where it is no anomaly."""
        named = [self.stream, self.event, *([] if self.kind == "anomaly" else [self.kind])]
        return hashlib.sha256(json.dumps(named).encode()).hexdigest()[:16]


def new_key() -> str:
    """What a receiver tells repeats of a message by."""
    return uuid.uuid4().hex


def rfc3339(time: int) -> str:
    """Milliseconds since 1970 UTC as text, held within the years that a date can have."""
    seconds = min(max(time / 1000, -62_135_596_800.0), 253_402_300_799.0)
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _facts(event: Event) -> dict[str, str]:
    numbers = {"value": event.value, "expected": event.expected, "severity": event.severity}
    facts = {name: f"{number:.6g}" for name, number in numbers.items() if math.isfinite(number)}
    times = {"first_anomaly": event.start_time, "last_anomaly": event.last_time}
    told = {name: rfc3339(time) for name, time in times.items() if time is not None}
    return {**facts, "direction": event.direction, "anomalies": str(event.anomalies), **told}
