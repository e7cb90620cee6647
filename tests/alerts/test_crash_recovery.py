"""The service is killed repeatedly: each event is sent, under one key."""

import contextlib
import itertools
import json
import os
import signal
import time
import urllib.request

import pytest

from tests.alerts.receivers import http_receiver
from tests.serving import served
from tests.waiting import SECONDS, until

KILLS = 5
NORMAL_VALUES = [10.0, 11.0, 10.0, 12.0, 11.0] * 8
EVENT = [*NORMAL_VALUES, 95.0, *NORMAL_VALUES]
BOILER = "/api/v1/streams/boiler"


def call(url, method, path, body):
    request = urllib.request.Request(
        f"{url}{path}", json.dumps(body).encode(), {"Content-Type": "application/json"}, method=method
    )
    with urllib.request.urlopen(request, timeout=SECONDS) as response:
        return json.load(response)


@contextlib.contextmanager
def killed_server(folder, hook):
    """The real server; killed at the end."""
    with served(folder, "--webhook-url", hook) as (process, url):
        yield url, process
        process.kill()


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="SKIPPED: this system cannot kill without warning")
def test_every_acknowledged_event_is_sent(tmp_path, monkeypatch):
    monkeypatch.setenv("no_proxy", "*")
    acknowledged = 0
    with http_receiver() as (hook, received):
        for kill, wait in zip(range(KILLS), itertools.cycle((0.0, 0.3, 0.6, 0.05)), strict=False):
            with killed_server(tmp_path, f"{hook}/hook") as (url, process):
                if not kill:
                    call(url, "PUT", BOILER, {"detector": "rolling_zscore", "params": {"window": 20}})
                    call(url, "PUT", f"{BOILER}/policy", {})
                for _ in range(4):
                    call(url, "POST", f"{BOILER}/points", {"values": EVENT})
                    acknowledged += 1
                time.sleep(wait)
                os.kill(process.pid, signal.SIGKILL)
        with killed_server(tmp_path, f"{hook}/hook") as (url, _):
            until(lambda: len(firing_keys(received)) == acknowledged)
            until(lambda: not waiting(url))
    events = firing_keys(received)
    assert len(events) == acknowledged == 4 * KILLS
    assert {len(keys) for keys in events.values()} == {1}


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="SKIPPED: this system cannot kill without warning")
def test_an_unrecorded_message_is_resent_with_its_key(tmp_path, monkeypatch):
    monkeypatch.setenv("no_proxy", "*")
    with http_receiver() as (hook, received):
        with killed_server(tmp_path, f"{hook}/hook") as (url, process):
            received.before = process.kill
            call(url, "PUT", BOILER, {"detector": "rolling_zscore", "params": {"window": 20}})
            call(url, "PUT", f"{BOILER}/policy", {})
            push(url, 40)  # a second apart, up to now: in some seconds it is silent
            process.wait(SECONDS)
        received.before = lambda: None
        with killed_server(tmp_path, f"{hook}/hook") as (url, process):
            until(lambda: len(received.keys) == 2)
            received.before = process.kill
            push(url, 1)
            process.wait(SECONDS)
        received.before = lambda: None
        with killed_server(tmp_path, f"{hook}/hook"):
            until(lambda: len(received.keys) == 4)
    kinds = [(one["status"], one["alerts"][0]["labels"]["alertname"]) for one in received.documents]
    assert kinds == [(status, "StreamSilent") for status in ("firing", "firing", "resolved", "resolved")]
    firing, firing_repeated, resolved, resolved_repeated = received.keys
    assert firing == firing_repeated != resolved == resolved_repeated


def push(url, n):
    """Points a second apart, the last of them now."""
    now = int(time.time() * 1000)
    times = [now - 1000 * (n - 1 - k) for k in range(n)]
    call(url, "POST", f"{BOILER}/points", {"times": times, "values": (NORMAL_VALUES * n)[:n]})


def waiting(url):
    """The messages that wait in the outbox."""
    with urllib.request.urlopen(f"{url}/api/v1/alerts", timeout=SECONDS) as response:
        return [message for message in json.load(response)["messages"] if message["state"] == "waiting"]


def firing_keys(received):
    """The keys of the `firing` messages, by event."""
    keys = {}
    for key, document in zip(received.keys, received.documents, strict=False):
        if document["status"] == "firing":
            keys.setdefault(document["alerts"][0]["fingerprint"], set()).add(key)
    return keys
