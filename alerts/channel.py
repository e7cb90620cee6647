"""Channels: where messages are sent. Only the settings name a target, never a request."""

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
    """One way to send alerts."""

    name: str

    def send(self, alert: Alert, key: str, now: int) -> None:
        """Send one alert and return once it is accepted. `key` is the same in a repeated attempt; `now` is in ms since
        1970 UTC. Raises SendFailed."""


def channels_of(settings: Settings) -> list[Channel]:
    """The channels in the settings. Raises BadSetting for a mail server without addresses, or the reverse."""
    channels: list[Channel] = []
    if settings.webhook_url:
        channels.append(Webhook(settings.webhook_url, settings.public_url))
    if settings.alertmanager_url:
        channels.append(Alertmanager(settings.alertmanager_url, settings.public_url))
    if settings.smtp_url or settings.mail_to:
        channels.append(_mail(settings))
    return channels


def _mail(settings: Settings) -> Mail:
    for name in ("smtp_url", "mail_from", "mail_to"):
        if not getattr(settings, name):
            raise BadSetting(f"Mail needs {variable(name)} too.", name=variable(name))
    return Mail(urlsplit(settings.smtp_url), settings.mail_from, settings.mail_to, settings.public_url)
