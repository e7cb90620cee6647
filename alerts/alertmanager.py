"""Alertmanager's own API, version 2: an event becomes an alert there, and is ended there when it is over."""

from alerts.alert import Alert, rfc3339
from alerts.http_client import post

DAY_MS = 86_400_000
OPEN_DAYS = 365
"""Alertmanager forgets an alert whose end it was not told of after minutes; so a firing one gets a far end, and the
earlier end in `resolved` replaces it."""

TEST_MS = 300_000
"""So long Alertmanager shows a test, which nothing ends; it groups and sends one within this time."""


class Alertmanager:
    """Posts to POST /api/v2/alerts; Alertmanager itself drops repeats, by the labels."""

    name = "alertmanager"

    def __init__(self, url: str, public_url: str = "") -> None:
        self._url, self._public_url = f"{url.rstrip('/')}/api/v2/alerts", public_url

    def send(self, alert: Alert, key: str, now: int) -> None:
        """See Channel.send."""
        post(self._url, [document(alert, key, now, self._public_url)], {"Idempotency-Key": key})


def document(alert: Alert, key: str, now: int, public_url: str = "") -> dict[str, object]:
    """The alert by the clock: times of the stream's own, which may lie anywhere, stand in the annotations."""
    told: dict[str, object] = {"labels": alert.labels, "annotations": {**alert.annotations, "message_id": key}}
    if link := alert.link(public_url):
        told["generatorURL"] = link
    if alert.kind == "test":
        return {**told, "startsAt": rfc3339(alert.noticed), "endsAt": rfc3339(now + TEST_MS)}
    if alert.status == "firing":
        return {**told, "startsAt": rfc3339(alert.noticed), "endsAt": rfc3339(now + OPEN_DAYS * DAY_MS)}
    return {**told, "endsAt": rfc3339(alert.noticed)}
