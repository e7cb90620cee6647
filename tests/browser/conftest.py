"""A real Chromium against the real server; every test also fails on a script error or a request to another host."""

import json
import os
import shutil
from pathlib import Path
from urllib.parse import urlsplit
from urllib.request import Request, urlopen

import pytest
from playwright.sync_api import expect

from tests.browser.streams import Streams
from tests.waiting import until

ROOT = Path(__file__).parents[2]
QUIET = ["quic", "background-networking", "component-update", "sync", "gpu"]
FLAGS = ["--no-sandbox", "--no-first-run", *(f"--disable-{name}" for name in QUIET)]
NAMES = ["chromium", "chromium-browser", "google-chrome"]
# Chromium itself writes these for every answer of 400 and above, and for a request that a test holds back.
EXPECTED = "Failed to load resource"

PATIENCE = 90_000  # milliseconds; a busy machine is no failure, and only a failure takes so long

expect.set_options(timeout=PATIENCE)


@pytest.fixture(scope="session")
def base_url(server_url):
    """The server after a first detection, so that no test waits for its worker to start."""

    def ask(method, path, body=None, kind="application/json"):
        with urlopen(Request(server_url + path, body, {"Content-Type": kind}, method=method)) as answer:
            return json.load(answer)

    series = ask("POST", "/api/v1/series", b"value\n1\n2\n3\n", "text/csv")["id"]
    made = ask("POST", f"/api/v1/series/{series}/detections", b'{"detector": "rolling_zscore"}')
    until(lambda: ask("GET", f"/api/v1/detections/{made['id']}")["status"] not in ("queued", "running"), pause=0.1)
    ask("DELETE", f"/api/v1/series/{series}")
    return server_url


@pytest.fixture(scope="session")
def browser_type_launch_args(browser_type_launch_args):
    found = os.environ.get("CHROMIUM") or next(filter(None, map(shutil.which, NAMES)), None)
    # Without one on the path, Playwright takes the browser of its own install.
    return {**browser_type_launch_args, "args": FLAGS, **({"executable_path": found} if found else {})}


@pytest.fixture(scope="session")
def browser_context_args(browser_context_args):
    return {**browser_context_args, "viewport": {"width": 1280, "height": 800}, "reduced_motion": "reduce"}


@pytest.fixture
def host(base_url):
    """The one that a page may ask."""
    return urlsplit(base_url).netloc


@pytest.fixture
def streams(page):
    """Streams of a test's own, with 200 points."""
    made = Streams(page)
    made.push(200)
    return made


@pytest.fixture(autouse=True)
def nothing_wrong(context, host):
    """No script error, no complaint on the console (a breach of the CSP is one), no other host."""
    wrong = []
    context.set_default_timeout(PATIENCE)

    def console(message):
        if message.type in {"error", "warning"} and not message.text.startswith(EXPECTED):
            wrong.append(message.text)

    def request(asked):
        address = urlsplit(asked.url)
        if address.scheme not in {"data", "blob"} and address.netloc != host:
            wrong.append(f"asked {asked.url}")

    context.on("console", console)
    context.on("weberror", lambda error: wrong.append(str(error.error)))
    context.on("request", request)
    yield
    assert wrong == []
