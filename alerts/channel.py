"""Channels: where messages go. Only the settings name a target, never a request."""

from typing import Protocol
from urllib.parse import urlsplit

from alerts.alert import Alert
from alerts.alertmanager import Alertmanager
from alerts.failure import SendFailed
from alerts.mail import Mail
from alerts.webhook import Webhook
from settings import BadSetting, Settings, variable

__all__ = ["Channel", "SendFailed", "channels_of"]


class Channel(Protocol):
    """A way to tell somebody."""

    name: str

    def send(self, alert: Alert, key: str, now: int) -> None:
        """Sends one alert; returns once it was accepted. `key` is the same when an alert is sent again, `now` is in
        ms since 1970 UTC. Raises SendFailed."""


def channels_of(settings: Settings) -> list[Channel]:
    """The channels that the settings name. Raises BadSetting for a mail server without addresses, or the reverse."""
    found: list[Channel] = []
    if settings.webhook_url:
        found.append(Webhook(settings.webhook_url, settings.public_url))
    if settings.alertmanager_url:
        found.append(Alertmanager(settings.alertmanager_url, settings.public_url))
    if settings.smtp_url or settings.mail_to:
        found.append(_mail(settings))
    return found


def _mail(settings: Settings) -> Mail:
    for name in ("smtp_url", "mail_from", "mail_to"):
        if not getattr(settings, name):
            raise BadSetting(f"Mail needs {variable(name)} too.", name=variable(name))
    return Mail(urlsplit(settings.smtp_url), settings.mail_from, settings.mail_to, settings.public_url)
