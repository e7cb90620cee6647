"""An alert: what every channel makes its message of, as it lies in the outbox."""

import hashlib
import json
import math
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Self
from urllib.parse import quote

from events.policy import MOST_SEVERE, Event, Notice, duration
from events.wording import explain
from store import Silence

ALERT_NAMES = {"anomaly": "AnomalyDetected", "silent": "StreamSilent", "test": "AnomalyTest"}
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
    kind     anomaly, silent or test
    headline what happened, in a few words, for the subject of a mail; empty in messages kept from before there were any
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
    def of(cls, stream: str, notice: Notice, now: int) -> Self:
        """The alert that tells of a notice."""
        event, firing = notice.event, notice.status == "firing"
        worst = _worst(event)
        said = f"{worst}, {_beyond(event)}; {_counted(event.anomalies)} so far." if firing else _over(event)
        started = now if event.start_time is None else event.start_time
        headline = worst if firing else f"over, {_was(worst)}"
        return cls(notice.status, stream, said, _facts(event), now, started, event.start, headline=headline)

    @classmethod
    def of_silence(cls, stream: str, silence: Silence, status: str, now: int) -> Self:
        """The alert that tells that a stream is silent, or that it is back."""
        started = silence.last_arrival if silence.last_time is None else silence.last_time
        if status == "firing" or silence.stop is None:
            said = f"Silent: nothing came for longer than the {duration(silence.allowed)} that its rhythm allows."
        else:
            said = f"Over: points come again after {duration(silence.stop - silence.last_arrival)}."
        facts = {"kind": "silent", "last_point": rfc3339(started), "allowed": duration(silence.allowed)}
        headline = "silent" if status == "firing" else "points come again"
        return cls(status, stream, said, facts, now, started, silence.number, "silent", headline)

    @classmethod
    def test(cls, now: int) -> Self:
        """An alert that says only that alerts arrive."""
        said = "This is a test: messages arrive here. Nothing is wrong."
        return cls("firing", TEST_STREAM, said, {}, now, now, now, "test", "messages arrive here")

    def to_plain(self) -> dict[str, Any]:
        """JSON values."""
        return {**vars(self), "facts": dict(self.facts)}

    @classmethod
    def from_plain(cls, plain: Mapping[str, Any]) -> Self:
        """The alert that gave these JSON values."""
        return cls(**plain)

    def link(self, public_url: str) -> str:
        """Address of the page that shows the stream; empty where the service does not know its own."""
        return f"{public_url.rstrip('/')}/live?stream={quote(self.stream, safe='')}" if public_url else ""

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


def _counted(anomalies: int) -> str:
    return "1 anomaly" if anomalies == 1 else f"{anomalies} anomalies"


def _beyond(event: Event) -> str:
    """A severity in words: it counts the distance to the expected value in margins."""
    severity = event.severity
    if event.direction == "shape":
        return "unlike what came before"  # what only its shape tells apart may lie where it was expected
    if not math.isfinite(severity) or severity >= MOST_SEVERE:
        return "far outside the band of what is normal"
    told = f"{severity:.3g}"
    return "just further from it than is normal" if told == "1" else f"{told} times as far from it as is normal"


def _worst(event: Event) -> str:
    """What came at its worst point, and what was expected there."""
    return explain(event.value, event.expected, event.direction, event.severity, event.anomalies).split(", ")[0]


def _was(worst: str) -> str:
    """The same, of a time that is over."""
    return worst[:1].lower() + worst[1:].replace(" is ", " was ", 1)


def _over(event: Event) -> str:
    """What an event was, now that it is over."""
    number = f"{'was' if event.anomalies == 1 else 'were'} {_counted(event.anomalies)}"
    said = f"Over: there {number}; at worst {_was(_worst(event))}, {_beyond(event)}."
    if event.last_time is None or event.start_time is None:
        return said
    long = event.last_time - event.start_time
    return f"{said} The last came at {rfc3339(event.last_time)}{f', {duration(long)} after the first' if long else ''}."


def _facts(event: Event) -> dict[str, str]:
    numbers = {"value": event.value, "expected": event.expected, "severity": event.severity}
    facts = {name: f"{number:.6g}" for name, number in numbers.items() if math.isfinite(number)}
    times = {"first_anomaly": event.start_time, "last_anomaly": event.last_time}
    told = {name: rfc3339(time) for name, time in times.items() if time is not None}
    return {**facts, "direction": event.direction, "anomalies": str(event.anomalies), **told}
