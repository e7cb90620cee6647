"""A JSON document posted to an address."""

import base64
import http.client
import json
import urllib.error
import urllib.request
from collections.abc import Mapping
from typing import Any
from urllib.parse import unquote, urlsplit

from alerts.failure import SendFailed

SECONDS = 10
"""Longest wait for a connection and for each part of an answer."""


class NoRedirects(urllib.request.HTTPRedirectHandler):
    """The setting names the target; an answer cannot name another."""

    def redirect_request(self, *_args: Any) -> None:
        """Follows no redirect: it becomes an HTTPError."""


def post(url: str, document: Any, headers: Mapping[str, str]) -> None:
    """Posts a document as JSON. Raises SendFailed unless the answer is 2xx."""
    body = json.dumps(document, allow_nan=False).encode()
    url, login = without_password(url)
    all_headers = {"Content-Type": "application/json", **login, **headers}
    request = urllib.request.Request(url, body, all_headers, method="POST")
    try:
        with urllib.request.build_opener(NoRedirects).open(request, timeout=SECONDS):
            return
    except urllib.error.HTTPError as error:
        with error:
            told = error.read(200).decode("utf-8", "replace").strip()
        raise SendFailed(f"answered {error.code}: {told}") from error
    except urllib.error.URLError as error:
        raise SendFailed(f"not reached: {error.reason}") from error
    except (OSError, http.client.HTTPException) as error:
        raise SendFailed(f"broken off: {error!r}") from error


def without_password(url: str) -> tuple[str, dict[str, str]]:
    """An address without its `user:password@`, and the header that says these instead (RFC 7617)."""
    parts = urlsplit(url)
    user, at, host = parts.netloc.rpartition("@")
    if not at:
        return url, {}
    login = base64.b64encode(unquote(user).encode()).decode()
    return parts._replace(netloc=host).geturl(), {"Authorization": f"Basic {login}"}
