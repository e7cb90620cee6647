"""Post a JSON document to a URL."""

import base64
import http.client
import json
import urllib.error
import urllib.request
from collections.abc import Mapping
from typing import Any
from urllib.parse import unquote, urlsplit

from alerts.deadline import Deadline
from alerts.failure import SendFailed

TIMEOUT = 10
"""Timeout of connecting and of each read, seconds."""
TOTAL_TIMEOUT = 30.0
"""Seconds for the complete exchange: a receiver that responds byte by byte delays the messages after it."""


class NoRedirects(urllib.request.HTTPRedirectHandler):
    """The settings name the target; a response cannot name another."""

    def redirect_request(self, *_args: Any) -> None:
        """Follows no redirect: it becomes an HTTPError."""


class DeadlineHandler(urllib.request.HTTPHandler, urllib.request.HTTPSHandler):
    """Opens connections that a Deadline shuts down."""

    def __init__(self, deadline: Deadline) -> None:
        super().__init__()
        self._deadline = deadline

    def do_open(self, http_class: Any, req: Any, **options: Any) -> http.client.HTTPResponse:
        """See AbstractHTTPHandler."""
        deadline = self._deadline

        class Connection(http_class):  # type: ignore[misc]  # its class is known only here: plain or TLS
            def connect(self) -> None:
                super().connect()
                opened = self.sock  # a response that ends with its connection takes it over
                deadline.watch(lambda: opened)

        return super().do_open(Connection, req, **options)


def post(url: str, document: Any, headers: Mapping[str, str]) -> None:
    """Post a document as JSON. Raises SendFailed unless the response is 2xx."""
    body = json.dumps(document, allow_nan=False).encode()
    url, login = without_password(url)
    all_headers = {"Content-Type": "application/json", **login, **headers}
    request = urllib.request.Request(url, body, all_headers, method="POST")
    with Deadline(TOTAL_TIMEOUT) as deadline:
        _post(request, urllib.request.build_opener(NoRedirects, DeadlineHandler(deadline)))


def _post(request: urllib.request.Request, opener: urllib.request.OpenerDirector) -> None:
    try:
        with opener.open(request, timeout=TIMEOUT):
            return
    except urllib.error.HTTPError as error:
        raise SendFailed(f"answered {error.code}: {_body_start(error)}") from error
    except urllib.error.URLError as error:
        raise SendFailed(f"not reached: {error.reason}") from error
    except (OSError, http.client.HTTPException) as error:
        raise SendFailed(f"broken off: {error!r}") from error


def _body_start(error: urllib.error.HTTPError) -> str:
    """The first 200 bytes of an error response."""
    try:
        with error:
            return error.read(200).decode("utf-8", "replace").strip()
    except (OSError, http.client.HTTPException):
        return "broken off"


def without_password(url: str) -> tuple[str, dict[str, str]]:
    """A URL without its `user:password@`, and the header that carries these instead (RFC 7617)."""
    parts = urlsplit(url)
    user, at, host = parts.netloc.rpartition("@")
    if not at:
        return url, {}
    login = base64.b64encode(unquote(user).encode()).decode()
    return parts._replace(netloc=host).geturl(), {"Authorization": f"Basic {login}"}
