"""Alertmanager's API, version 2: an event becomes an alert there, which ends when the event is resolved."""

from alerts.alert import Alert, rfc3339
from alerts.http_client import post

DAY_MS = 86_400_000
OPEN_DAYS = 365
"""Alertmanager resolves an alert without an end after minutes, so a firing one ends in a year, until the `resolved`
message replaces its end."""

TEST_MS = 300_000
"""How long Alertmanager shows a test alert, which no message resolves; it groups and sends one within this time."""


class Alertmanager:
    """Posts to /api/v2/alerts. Alertmanager itself drops repeated alerts, by their labels."""

    name = "alertmanager"

    def __init__(self, url: str, public_url: str = "") -> None:
        self._url = f"{url.rstrip('/')}/api/v2/alerts"
        self._public_url = public_url

    def send(self, alert: Alert, key: str, now: int) -> None:
        """See Channel.send."""
        post(self._url, [document(alert, key, now, self._public_url)], {"Idempotency-Key": key})


def document(alert: Alert, key: str, now: int, public_url: str = "") -> dict[str, object]:
    """The alert with times of the clock; those of the stream, which may lie anywhere, are in the annotations."""
    fields: dict[str, object] = {"labels": alert.labels, "annotations": {**alert.annotations, "message_id": key}}
    if link := alert.link(public_url):
        fields["generatorURL"] = link
    if alert.kind == "test":
        return {**fields, "startsAt": rfc3339(alert.noticed), "endsAt": rfc3339(now + TEST_MS)}
    if alert.status == "firing":
        return {**fields, "startsAt": rfc3339(alert.noticed), "endsAt": rfc3339(now + OPEN_DAYS * DAY_MS)}
    return {**fields, "endsAt": rfc3339(alert.noticed)}
