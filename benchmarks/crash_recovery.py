"""kill -9 under load, again and again: is every acknowledged point there, and is every event told?

    ./run bench crash_recovery       a hundred kills; python -m benchmarks.crash_recovery 5 for five

Several programs push to the real server, each its own stream; some streams are watched, and a receiver takes their
messages. The server is killed at a moment of chance and started again on the same data, as often as is asked for.
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

from benchmarks._service import Connection, Lost, request, serving, told

KILLS, PUSHERS, WATCHED = 100, 6, 3
HISTORY = 40
SPIKE_EACH = 10
"""Pushes after which a watched stream gets three far values: an event."""
PUSHED = 10
"""Pushes of each program that are acknowledged before a server is killed, so that a slow machine does as much, too."""
AFTER = 60.0
"""Most seconds after the last start in which messages must have come."""
LOOKS = 0.25
"""Seconds between two looks at what was done and told."""


class Receiver(ThreadingHTTPServer):
    """Takes webhooks; fails now and then, as receivers do."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Taker)
        self.got: dict[str, list[dict[str, Any]]] = defaultdict(list)  # by Idempotency-Key


class Taker(BaseHTTPRequestHandler):
    """One message."""

    def do_POST(self) -> None:  # the name that http.server calls
        """Keeps it."""
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        assert isinstance(self.server, Receiver)
        self.server.got[self.headers["Idempotency-Key"]].append(body)
        self.send_response(500 if random.random() < 0.1 else 200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, format: str, *args: Any) -> None:
        """Says nothing."""


class Pusher:
    """Pushes to one stream for as long as there is a server, and remembers what was acknowledged."""

    def __init__(self, name: str) -> None:
        self.name, self.at = name, 0
        self.acknowledged: dict[int, float] = {}
        self.pushes = 0
        self.chance = random.Random(name)
        self.spikes = 0

    async def push(self, port: int) -> None:
        """Until the server is gone."""
        try:
            connection = await Connection.open(port)
            while True:
                first, values = self.next()
                sent = {"times": [stamp(k) for k in range(first, first + len(values))], "values": values}
                asked = request("POST", f"/api/v1/streams/{self.name}/points", orjson.dumps(sent))
                status, body = await connection.ask(asked)
                if status == 200:
                    answer = orjson.loads(body)
                    if answer["repairs"]:
                        raise RuntimeError(f"a new point was told to be old: {answer['repairs']}")
                    self.pushes += 1
                    self.acknowledged.update(zip(range(first, first + len(values)), values, strict=True))
        except (Lost, OSError):
            return

    def next(self) -> tuple[int, list[float]]:
        """What is pushed next; a push without an answer is not sent again: its points may be there or not."""
        first, count = self.at, self.chance.choice([1, 1, 3, 20])
        values = [self.chance.gauss(0, 1) for _ in range(count)]
        if self.at > HISTORY and (not self.spikes or self.chance.random() < 1 / SPIKE_EACH):
            self.spikes += 1
            values = [100.0 + self.chance.random() for _ in range(3)]
        self.at += len(values)
        return first, values


def stamp(number: int) -> int:
    """The time of a pusher's point, ms since 1970 UTC."""
    return 1_700_000_000_000 + number * 1000


async def kept(port: int, name: str) -> dict[int, float]:
    """Every point of a stream that the server has, by number."""
    connection, after = await Connection.open(port), 0
    found: dict[int, float] = {}
    while True:
        path = f"/api/v1/streams/{name}/points?times=ms&after={after}&limit=10000"
        answer = await told(connection, "GET", path)
        for k, ms in enumerate(answer["times"] or []):
            found[(ms - stamp(0)) // 1000] = answer["values"][k]
        if answer["cursor"] == after:
            connection.close()
            return found
        after = answer["cursor"]


async def prepare(port: int, pushers: list[Pusher]) -> None:
    """Makes the streams, and watches some."""
    connection = await Connection.open(port)
    for k, pusher in enumerate(pushers):
        path = f"/api/v1/streams/{pusher.name}"
        await told(connection, "PUT", path, {"detector": "rolling_zscore", "capacity": 10_000_000})
        if k < WATCHED:
            await told(connection, "PUT", f"{path}/policy", {})
    connection.close()


async def under_load(port: int, pushers: list[Pusher], kill: Any) -> None:
    """Pushes until the server is killed, at a moment of chance once each program was heard."""
    before = [pusher.pushes for pusher in pushers]
    work = asyncio.gather(*(pusher.push(port) for pusher in pushers))
    while not work.done() and any(pusher.pushes < n + PUSHED for pusher, n in zip(pushers, before, strict=True)):
        await asyncio.sleep(LOOKS)
    await asyncio.sleep(random.uniform(0.0, 1.0))
    kill()
    await work


def main(kills: int = KILLS) -> int:
    """Prints what was lost; 1 where anything was."""
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
                asyncio.run(under_load(service.port, pushers, service.process.kill))
        with serving(folder, *options) as service:
            asyncio.run(all_told(service.port, pushers, receiver))
            faults = asyncio.run(examine(service.port, pushers, receiver))
    print(f"{kills} kills in {time.monotonic() - began:.0f} s")
    receiver.shutdown()
    receiver.server_close()
    return faults


async def all_told(port: int, pushers: list[Pusher], receiver: Receiver) -> None:
    """Returns once each event has its message, at the latest after AFTER seconds."""
    until = time.monotonic() + AFTER
    for pusher in pushers[:WATCHED]:
        while not await started(port, pusher.name) <= firing(receiver)[pusher.name] and time.monotonic() < until:
            await asyncio.sleep(LOOKS)


async def examine(port: int, pushers: list[Pusher], receiver: Receiver) -> int:
    """Compares what was acknowledged and told with what is there. 1 where anything is missing, or nothing was there
    that could have been lost."""
    acknowledged = lost = wrong = events = silent = 0
    told_of = firing(receiver)
    for k, pusher in enumerate(pushers):
        points = await kept(port, pusher.name)
        acknowledged += len(pusher.acknowledged)
        for number, value in pusher.acknowledged.items():
            lost += number not in points
            wrong += number in points and points[number] != value
        if k < WATCHED:
            starts = await started(port, pusher.name)
            events += len(starts)
            silent += len(starts - told_of[pusher.name])
    bodies = [messages for messages in list(receiver.got.values()) if messages]
    changed = sum(len({json.dumps(each, sort_keys=True) for each in messages}) - 1 for messages in bodies)
    print(f"{acknowledged:,} points acknowledged: {lost} lost, {wrong} with another value")
    print(f"{events} events of watched streams: {silent} without a message")
    print(f"{len(bodies)} messages, {sum(map(len, bodies)) - len(bodies)} repeats, {changed} of these not as the first")
    return int(bool(lost or wrong or silent or changed or not acknowledged or not events))


def firing(receiver: Receiver) -> dict[str, set[int]]:
    """By stream, when the events began of which a message came, ms since 1970 UTC."""
    found: dict[str, set[int]] = defaultdict(set)
    for messages in list(receiver.got.values()):  # others may come meanwhile
        if not messages:
            continue
        alert = messages[0]["alerts"][0]
        if alert["status"] == "firing" and alert["labels"]["alertname"] == "AnomalyDetected":
            began = datetime.fromisoformat(alert["startsAt"]).timestamp()
            found[alert["labels"]["stream"]].add(round(began * 1000))
    return found


async def started(port: int, name: str) -> set[int]:
    """When the events began of which messages are due, as a replay of the whole history tells."""
    connection = await Connection.open(port)
    answer = await told(connection, "POST", f"/api/v1/streams/{name}/replay?times=ms", {})
    connection.close()
    return {notice["start_time"] for notice in answer["notices"] if notice["status"] == "firing"}


if __name__ == "__main__":
    sys.exit(main(*map(int, sys.argv[1:])))
