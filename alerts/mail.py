"""E-mail by SMTP."""

import re
import smtplib
import ssl
from collections.abc import Sequence
from datetime import UTC, datetime
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime, parseaddr
from urllib.parse import SplitResult, unquote

from alerts.alert import Alert
from alerts.deadline import Deadline
from alerts.failure import SendFailed

TIMEOUT = 10
"""Timeout of each reply of the mail server, seconds."""
TOTAL_TIMEOUT = 60.0
"""Seconds for the complete SMTP session."""


class Mail:
    """Sends each alert as one mail; a repeated one has the same Message-ID.

    smtp://host:port is not encrypted, unless it has a user:password@, then STARTTLS is used; smtps:// is TLS from the
    start.
    """

    name = "mail"

    def __init__(self, server: SplitResult, sender: str, receivers: Sequence[str], public_url: str = "") -> None:
        self._server = server
        self._sender = sender
        self._receivers = receivers
        self._public_url = public_url

    def send(self, alert: Alert, key: str, now: int) -> None:
        """See Channel.send."""
        mail = message(alert, key, self._sender, self._receivers, self._public_url)
        try:
            with Deadline(TOTAL_TIMEOUT) as deadline, self._connection(deadline) as connection:
                self._log_in(connection)
                refused = connection.send_message(mail)
        except (OSError, smtplib.SMTPException) as error:
            raise SendFailed(_reason(error)) from error
        if refused:
            raise SendFailed(f"refused for {len(refused)} of {len(self._receivers)} addresses")

    def _connection(self, deadline: Deadline) -> smtplib.SMTP:
        host, port = self._server.hostname or "", self._server.port or 0
        connection = smtplib.SMTP(timeout=TIMEOUT)
        if self._server.scheme == "smtps":
            connection = smtplib.SMTP_SSL(timeout=TIMEOUT, context=ssl.create_default_context())
        deadline.watch(lambda: connection.sock)
        connection._host = host  # type: ignore[attr-defined]  # TLS checks it; only the constructor sets it
        connection.connect(host, port)
        return connection

    def _log_in(self, connection: smtplib.SMTP) -> None:
        """With the password, if there is one; it is never sent unencrypted."""
        if self._server.username:
            if self._server.scheme == "smtp":
                connection.starttls(context=ssl.create_default_context())
            connection.login(unquote(self._server.username), unquote(self._server.password or ""))


def message(alert: Alert, key: str, sender: str, receivers: Sequence[str], public_url: str = "") -> EmailMessage:
    """The alert as a mail."""
    mail = EmailMessage(policy=SMTP)
    mail["From"] = sender
    mail["To"] = ", ".join(receivers)
    stream = _one_line(alert.stream)
    mail["Subject"] = f"{stream}: {alert.headline}" if alert.headline else f"[{alert.status}] {stream}"
    mail["Date"] = format_datetime(datetime.fromtimestamp(alert.noticed / 1000, UTC))
    mail["Message-ID"] = f"<{key}@{parseaddr(sender)[1].rpartition('@')[2] or 'localhost'}>"
    mail["Auto-Submitted"] = "auto-generated"  # RFC 3834: no out-of-office answers
    link = alert.link(public_url)
    lines = [alert.summary, "", *([link, ""] if link else []), f"stream: {stream}"]
    mail.set_content("\n".join([*lines, *(f"{name}: {fact}" for name, fact in alert.facts.items()), ""]))
    return mail


def _one_line(text: str) -> str:
    """A header cannot contain every character that a stream's name may."""
    return re.sub(r"[\x00-\x1f\x7f\x85\u2028\u2029]", " ", text).encode("utf-8", "replace").decode()


def _reason(error: Exception) -> str:
    """The reason of a failure, without the password that some replies repeat."""
    if isinstance(error, smtplib.SMTPAuthenticationError):
        return f"the mail server refused the password ({error.smtp_code})"
    return f"{type(error).__name__}: {error}"[:300]
