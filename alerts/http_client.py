"""A JSON document posted to an address."""

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

SECONDS = 10
"""Longest wait for a connection and for each part of an answer."""
IN_ALL = 30.0
"""Longest wait for the whole of it, seconds: a receiver that answers byte by byte holds up those after it."""


class NoRedirects(urllib.request.HTTPRedirectHandler):
    """The setting names the target; an answer cannot name another."""

    def redirect_request(self, *_args: Any) -> None:
        """Follows no redirect: it becomes an HTTPError."""


class Watched(urllib.request.HTTPHandler, urllib.request.HTTPSHandler):
    """Opens connections that a Deadline ends."""

    def __init__(self, deadline: Deadline) -> None:
        super().__init__()
        self._deadline = deadline

    def do_open(self, http_class: Any, req: Any, **options: Any) -> http.client.HTTPResponse:
        """See AbstractHTTPHandler."""
        deadline = self._deadline

        class Connection(http_class):  # type: ignore[misc]  # its class is known only here: plain or TLS
            def connect(self) -> None:
                super().connect()
                opened = self.sock  # an answer that ends with its connection takes it over
                deadline.watch(lambda: opened)

        return super().do_open(Connection, req, **options)


def post(url: str, document: Any, headers: Mapping[str, str]) -> None:
    """Posts a document as JSON. Raises SendFailed unless the answer is 2xx."""
    body = json.dumps(document, allow_nan=False).encode()
    url, login = without_password(url)
    all_headers = {"Content-Type": "application/json", **login, **headers}
    request = urllib.request.Request(url, body, all_headers, method="POST")
    with Deadline(IN_ALL) as deadline:
        _post(request, urllib.request.build_opener(NoRedirects, Watched(deadline)))


def _post(request: urllib.request.Request, opener: urllib.request.OpenerDirector) -> None:
    try:
        with opener.open(request, timeout=SECONDS):
            return
    except urllib.error.HTTPError as error:
        raise SendFailed(f"answered {error.code}: {_said(error)}") from error
    except urllib.error.URLError as error:
        raise SendFailed(f"not reached: {error.reason}") from error
    except (OSError, http.client.HTTPException) as error:
        raise SendFailed(f"broken off: {error!r}") from error


def _said(error: urllib.error.HTTPError) -> str:
    """The beginning of what came with an error."""
    try:
        with error:
            return error.read(200).decode("utf-8", "replace").strip()
    except (OSError, http.client.HTTPException):
        return "broken off"


def without_password(url: str) -> tuple[str, dict[str, str]]:
    """An address without its `user:password@`, and the header that says these instead (RFC 7617)."""
    parts = urlsplit(url)
    user, at, host = parts.netloc.rpartition("@")
    if not at:
        return url, {}
    login = base64.b64encode(unquote(user).encode()).decode()
    return parts._replace(netloc=host).geturl(), {"Authorization": f"Basic {login}"}
