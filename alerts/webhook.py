"""A webhook in the shape of Alertmanager's webhook_config (version 4), so that receivers made for it work."""

import json

from alerts.alert import Alert, rfc3339
from alerts.http_client import post

NEVER = "0001-01-01T00:00:00Z"
"""End of an alert that is still firing, as Alertmanager writes it."""


class Webhook:
    """Posts each alert to one URL; a repeated one has the same Idempotency-Key."""

    name = "webhook"

    def __init__(self, url: str, public_url: str = "") -> None:
        self._url = url
        self._public_url = public_url

    def send(self, alert: Alert, key: str, now: int) -> None:
        """See Channel.send."""
        post(self._url, document(alert, key, self._public_url), {"Idempotency-Key": key})


def document(alert: Alert, key: str, public_url: str = "") -> dict[str, object]:
    """The alert as a group of one, as Alertmanager would send it."""
    firing = alert.status == "firing"
    name = alert.labels["alertname"]
    quoted = json.dumps(alert.stream, ensure_ascii=False)
    annotations = {**alert.annotations, "message_id": key}
    one = {
        "status": alert.status,
        "labels": alert.labels,
        "annotations": annotations,
        "startsAt": rfc3339(alert.started),
        "endsAt": NEVER if firing else rfc3339(max(alert.noticed, alert.started)),
        "generatorURL": alert.link(public_url),
        "fingerprint": alert.fingerprint,
    }
    return {
        "version": "4",
        "groupKey": f'{{}}:{{alertname="{name}", stream={quoted}}}',
        "truncatedAlerts": 0,
        "status": alert.status,
        "receiver": Webhook.name,
        "groupLabels": alert.labels,
        "commonLabels": alert.labels,
        "commonAnnotations": annotations,
        "externalURL": public_url,
        "alerts": [one],
    }
