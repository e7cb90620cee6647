"""kill -9 under load, a hundred times: is every acknowledged point stored, and does every event have its message?

    ./run bench crash_recovery   a hundred kills; python -m benchmarks.crash_recovery 5 for five

Several programs push to the real server, each to its own stream; some streams have a policy, and a receiver takes their
messages. The server is killed at a random moment and restarted on the same data.
"""

import asyncio
import json
import random
import sys
import tempfile
import threading
import time
from collections import defaultdict
from datetime import datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import orjson

from benchmarks._service import Connection, Lost, get_json, request, serving

KILLS = 100
PUSHERS = 6
WATCHED = 3
"""Number of streams with a policy."""
HISTORY = 40
"""Points of a stream before its first outliers."""
PUSHES_PER_EVENT = 10
"""Average number of pushes after which a stream receives three outliers: an event."""
MIN_PUSHES = 10
"""Acknowledged pushes of each program before a kill, so that a slow machine does as much."""
TIMEOUT = 60.0
"""Seconds after the last start within which every message must arrive."""
POLL_SECONDS = 0.25


class Receiver(ThreadingHTTPServer):
    """Receives webhooks; answers one in ten with an error, as receivers do."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.messages: dict[str, list[dict[str, Any]]] = defaultdict(list)  # by Idempotency-Key


class Handler(BaseHTTPRequestHandler):
    """Receives one message."""

    def do_POST(self) -> None:  # the name that http.server calls
        """Records the message."""
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        assert isinstance(self.server, Receiver)
        self.server.messages[self.headers["Idempotency-Key"]].append(body)
        self.send_response(500 if random.random() < 0.1 else 200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, format: str, *args: Any) -> None:
        """Logs nothing."""


class Pusher:
    """Pushes to one stream while there is a server, and records the acknowledged points."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.next_number = 0
        self.acknowledged: dict[int, float] = {}
        self.pushes = 0
        self.random = random.Random(name)
        self.events = 0

    async def push(self, port: int) -> None:
        """Pushes until the server is killed."""
        try:
            connection = await Connection.open(port)
            while True:
                first, values = self.next()
                body = {"times": [stamp(k) for k in range(first, first + len(values))], "values": values}
                message = request("POST", f"/api/v1/streams/{self.name}/points", orjson.dumps(body))
                status, data = await connection.send(message)
                if status == 200:
                    response = orjson.loads(data)
                    if response["repairs"]:
                        raise RuntimeError(f"a new point was reported as an old one: {response['repairs']}")
                    self.pushes += 1
                    self.acknowledged.update(zip(range(first, first + len(values)), values, strict=True))
        except (Lost, OSError):
            return

    def next(self) -> tuple[int, list[float]]:
        """The points pushed next; a push without a response is not repeated, since its points may be stored or not."""
        first = self.next_number
        count = self.random.choice([1, 1, 3, 20])
        values = [self.random.gauss(0, 1) for _ in range(count)]
        if self.next_number > HISTORY and (not self.events or self.random.random() < 1 / PUSHES_PER_EVENT):
            self.events += 1
            values = [100.0 + self.random.random() for _ in range(3)]
        self.next_number += len(values)
        return first, values


def stamp(number: int) -> int:
    """The time of a pusher's point, ms since 1970 UTC."""
    return 1_700_000_000_000 + number * 1000


async def read_all(port: int, name: str) -> dict[int, float]:
    """Every stored point of a stream, by number."""
    connection = await Connection.open(port)
    after = 0
    values: dict[int, float] = {}
    while True:
        path = f"/api/v1/streams/{name}/points?times=ms&after={after}&limit=10000"
        answer = await get_json(connection, "GET", path)
        for k, ms in enumerate(answer["times"] or []):
            values[(ms - stamp(0)) // 1000] = answer["values"][k]
        if answer["cursor"] == after:
            connection.close()
            return values
        after = answer["cursor"]


async def prepare(port: int, pushers: list[Pusher]) -> None:
    """Creates the streams, some with a policy."""
    connection = await Connection.open(port)
    for k, pusher in enumerate(pushers):
        path = f"/api/v1/streams/{pusher.name}"
        await get_json(connection, "PUT", path, {"detector": "rolling_zscore", "capacity": 10_000_000})
        if k < WATCHED:
            await get_json(connection, "PUT", f"{path}/policy", {})
    connection.close()


async def push_until_kill(port: int, pushers: list[Pusher], kill: Any) -> None:
    """Pushes until the server is killed, at a random moment once each program has pushed."""
    before = [pusher.pushes for pusher in pushers]
    work = asyncio.gather(*(pusher.push(port) for pusher in pushers))
    while not work.done() and any(pusher.pushes < n + MIN_PUSHES for pusher, n in zip(pushers, before, strict=True)):
        await asyncio.sleep(POLL_SECONDS)
    await asyncio.sleep(random.uniform(0.0, 1.0))
    kill()
    await work


def main(kills: int = KILLS) -> int:
    """Prints what was lost; returns 1 where anything was."""
    receiver = Receiver()
    threading.Thread(target=receiver.serve_forever, daemon=True).start()
    pushers = [Pusher(f"pusher-{k}") for k in range(PUSHERS)]
    began = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        options = ("--webhook-url", f"http://127.0.0.1:{receiver.server_address[1]}/", "--log-level", "error")
        for k in range(kills):
            with serving(folder, *options) as service:
                if not k:
                    asyncio.run(prepare(service.port, pushers))
                asyncio.run(push_until_kill(service.port, pushers, service.process.kill))
        with serving(folder, *options) as service:
            asyncio.run(wait_for_messages(service.port, pushers, receiver))
            faults = asyncio.run(examine(service.port, pushers, receiver))
    print(f"{kills} kills in {time.monotonic() - began:.0f} s")
    receiver.shutdown()
    receiver.server_close()
    return faults


async def wait_for_messages(port: int, pushers: list[Pusher], receiver: Receiver) -> None:
    """Returns when each event has its message, at the latest after TIMEOUT seconds."""
    until = time.monotonic() + TIMEOUT
    for pusher in pushers[:WATCHED]:
        while (
            not await event_starts(port, pusher.name) <= notified_starts(receiver)[pusher.name]
            and time.monotonic() < until
        ):
            await asyncio.sleep(POLL_SECONDS)


async def examine(port: int, pushers: list[Pusher], receiver: Receiver) -> int:
    """Compares acknowledged points and messages with the stored ones. Returns 1 where anything is missing, or there was
    nothing to lose."""
    acknowledged = lost = wrong = events = missing = 0
    notified = notified_starts(receiver)
    for k, pusher in enumerate(pushers):
        points = await read_all(port, pusher.name)
        acknowledged += len(pusher.acknowledged)
        for number, value in pusher.acknowledged.items():
            lost += number not in points
            wrong += number in points and points[number] != value
        if k < WATCHED:
            starts = await event_starts(port, pusher.name)
            events += len(starts)
            missing += len(starts - notified[pusher.name])
    bodies = [messages for messages in list(receiver.messages.values()) if messages]
    changed = sum(len({json.dumps(each, sort_keys=True) for each in messages}) - 1 for messages in bodies)
    print(f"{acknowledged:,} points acknowledged: {lost} lost, {wrong} with another value")
    print(f"{events} events of streams with a policy: {missing} without a message")
    print(f"{len(bodies)} messages, {sum(map(len, bodies)) - len(bodies)} repeats, {changed} of these not as the first")
    return int(bool(lost or wrong or missing or changed or not acknowledged or not events))


def notified_starts(receiver: Receiver) -> dict[str, set[int]]:
    """By stream the starts of the events that have a message, ms since 1970 UTC."""
    starts: dict[str, set[int]] = defaultdict(set)
    for messages in list(receiver.messages.values()):  # others may arrive meanwhile
        if not messages:
            continue
        alert = messages[0]["alerts"][0]
        if alert["status"] == "firing" and alert["labels"]["alertname"] == "AnomalyDetected":
            began = datetime.fromisoformat(alert["startsAt"]).timestamp()
            starts[alert["labels"]["stream"]].add(round(began * 1000))
    return starts


async def event_starts(port: int, name: str) -> set[int]:
    """The starts of the events that must have a message, by a replay of the complete history."""
    connection = await Connection.open(port)
    answer = await get_json(connection, "POST", f"/api/v1/streams/{name}/replay?times=ms", {})
    connection.close()
    return {notice["start_time"] for notice in answer["notices"] if notice["status"] == "firing"}


if __name__ == "__main__":
    sys.exit(main(*map(int, sys.argv[1:])))
