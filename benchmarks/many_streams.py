"""Ten thousand streams with a point each every 10 s, in line protocol as Telegraf writes it: does the server keep up?

./run bench many_streams                                       10,000 streams without history, 3 minutes
.venv-bench/bin/python -m benchmarks.many_streams 10000 180 250    with 250 points each first, so that all are fitted
"""

import asyncio
import math
import os
import sys
import tempfile
import time

from benchmarks._service import Connection, Service, Waits, request, serving, told

STREAMS, SECONDS, HISTORY = 10_000, 180, 0
EACH = 10.0
"""Seconds between two points of a stream."""
LINES = 1_000
"""In one request: Telegraf's metric_batch_size."""


def line(stream: int, at: int) -> str:
    """A point; `at` in s since 1970 UTC."""
    value = 20 + stream % 7 + math.sin(2 * math.pi * (at / 480 + stream / 11)) + (stream * 7919 + at) % 13 / 20
    return f"sensor,room=r{stream} temperature={value:.3f} {at}"


def write(lines: list[str]) -> bytes:
    """A request that writes them."""
    return request("POST", "/write?db=home&precision=s", "\n".join(lines).encode(), "text/plain")


async def preload(connection: Connection, streams: int, points: int, stop: int, waits: Waits) -> None:
    """Writes history that ends at `stop`: whole streams in each request."""
    some = max(10_000 // points, 1)
    for first in range(0, streams, some):
        times = range(stop - points * int(EACH), stop, int(EACH))
        lines = [line(k, at) for k in range(first, min(first + some, streams)) for at in times]
        await waits.ask(connection, write(lines), right=204)


async def states(connection: Connection) -> dict[str, int]:
    """How many streams are in which state."""
    found: dict[str, int] = {}
    after = ""
    while True:
        answer = await told(connection, "GET", f"/api/v1/streams?limit=1000{after}")
        for stream in answer["streams"]:
            found[stream["state"]] = found.get(stream["state"], 0) + 1
        if not answer["next"]:
            return found
        after = "&after=" + answer["next"].replace(",", "%2C").replace("=", "%3D").replace(" ", "%20")


async def measured(service: Service, streams: int, seconds: float, history: int) -> int:
    """Prints how long writing takes and what the server uses meanwhile; 1 where it does not keep up."""
    connection = await Connection.open(service.port)
    start, began = int(time.time()), time.monotonic()
    making = Waits()
    if history:
        await preload(connection, streams, history, start - int(EACH), making)
    else:
        for first in range(0, streams, LINES):
            lines = [line(k, start - int(EACH)) for k in range(first, min(first + LINES, streams))]
            await making.ask(connection, write(lines), right=204)
    took = time.monotonic() - began
    print(f"{streams:,} streams made with {max(history, 1)} points each in {took:.1f} s, {len(making.errors)} errors")
    waits, since, late, sent = Waits(), service.moment(), 0.0, 0
    batches = -(-streams // LINES)
    began, most = time.monotonic(), 0.0
    while time.monotonic() - began < seconds:
        due = began + sent * EACH / batches
        await asyncio.sleep(max(due - time.monotonic(), 0))
        late = max(late, time.monotonic() - due)
        first, at = sent % batches * LINES, start + sent // batches * int(EACH)
        await waits.ask(connection, write([line(k, at) for k in range(first, min(first + LINES, streams))]), right=204)
        sent += 1
        most = max(most, service.memory())
    print(f"{sent} requests of {LINES} points: {waits.told()}; at most {late:.1f} s behind")
    share, load = service.share(since), os.getloadavg()[0]
    print(f"server {share:.0%} of a core, at most {most:.0f} MiB; load of the machine {load:.1f}")
    print(await states(connection))
    connection.close()
    return int(bool(waits.errors or making.errors or late > EACH))


def main(streams: int = STREAMS, seconds: int = SECONDS, history: int = HISTORY) -> int:
    """Starts the server and writes."""
    options = ("--max-streams", str(streams + 100), "--log-level", "error")
    with tempfile.TemporaryDirectory() as folder, serving(folder, *options) as service:
        return asyncio.run(measured(service, streams, seconds, history))


if __name__ == "__main__":
    sys.exit(main(*map(int, sys.argv[1:])))
