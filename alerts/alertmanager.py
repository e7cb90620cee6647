"""Alertmanager's own API, version 2: an event becomes an alert there, and is ended there when it is over."""

from alerts.alert import Alert, rfc3339
from alerts.posting import post

DAY_MS = 86_400_000
OPEN_DAYS = 365
"""Alertmanager forgets an alert whose end it was not told of after minutes; so a firing one gets a far end, and the
earlier end in `resolved` replaces it."""


class Alertmanager:
    """Posts to POST /api/v2/alerts; Alertmanager itself drops repeats, by the labels."""

    name = "alertmanager"

    def __init__(self, url: str) -> None:
        self._url = f"{url.rstrip('/')}/api/v2/alerts"

    def send(self, alert: Alert, key: str, now: int) -> None:
        """See Channel.send."""
        post(self._url, [document(alert, key, now)], {"Idempotency-Key": key})


def document(alert: Alert, key: str, now: int) -> dict[str, object]:
    """The alert by the clock: times of the stream's own, which may lie anywhere, stand in the annotations."""
    told: dict[str, object] = {"labels": alert.labels, "annotations": {**alert.annotations, "message_id": key}}
    if alert.status == "firing":
        return {**told, "startsAt": rfc3339(alert.noticed), "endsAt": rfc3339(now + OPEN_DAYS * DAY_MS)}
    return {**told, "endsAt": rfc3339(alert.noticed)}
