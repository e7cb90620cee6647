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

from benchmarks._service import Connection, Latencies, Service, get_json, request, serving

STREAMS = 10_000
SECONDS = 180
HISTORY = 0
"""Points pushed to each stream before the measurement."""
STEP = 10.0
"""Seconds between two points of a stream."""
LINES = 1_000
"""Lines of one request: Telegraf's metric_batch_size."""


def line(stream: int, at: int) -> str:
    """A point in line protocol; `at` in s since 1970 UTC."""
    value = 20 + stream % 7 + math.sin(2 * math.pi * (at / 480 + stream / 11)) + (stream * 7919 + at) % 13 / 20
    return f"sensor,room=r{stream} temperature={value:.3f} {at}"


def write(lines: list[str]) -> bytes:
    """A request that writes lines."""
    return request("POST", "/write?db=home&precision=s", "\n".join(lines).encode(), "text/plain")


async def preload(connection: Connection, streams: int, points: int, stop: int, waits: Latencies) -> None:
    """Writes history that ends at `stop`: complete streams in each request."""
    per_request = max(10_000 // points, 1)
    for first in range(0, streams, per_request):
        times = range(stop - points * int(STEP), stop, int(STEP))
        lines = [line(k, at) for k in range(first, min(first + per_request, streams)) for at in times]
        await waits.send(connection, write(lines), right=204)


async def count_states(connection: Connection) -> dict[str, int]:
    """The number of streams in each state."""
    counts: dict[str, int] = {}
    after = ""
    while True:
        answer = await get_json(connection, "GET", f"/api/v1/streams?limit=1000{after}")
        for stream in answer["streams"]:
            counts[stream["state"]] = counts.get(stream["state"], 0) + 1
        if not answer["next"]:
            return counts
        after = "&after=" + answer["next"].replace(",", "%2C").replace("=", "%3D").replace(" ", "%20")


async def measure(service: Service, streams: int, seconds: float, history: int) -> int:
    """Prints how long writing takes and what the server uses; returns 1 where it does not keep up."""
    connection = await Connection.open(service.port)
    start = int(time.time())
    began = time.monotonic()
    creation = Latencies()
    if history:
        await preload(connection, streams, history, start - int(STEP), creation)
    else:
        for first in range(0, streams, LINES):
            lines = [line(k, start - int(STEP)) for k in range(first, min(first + LINES, streams))]
            await creation.send(connection, write(lines), right=204)
    seconds_taken = time.monotonic() - began
    print(f"{streams:,} streams created with {max(history, 1)} points each in {seconds_taken:.1f} s", end="")
    print(f", {len(creation.errors)} errors")
    waits = Latencies()
    since = service.moment()
    max_delay = 0.0
    max_memory = 0.0
    sent = 0
    batches = -(-streams // LINES)
    began = time.monotonic()
    while time.monotonic() - began < seconds:
        due = began + sent * STEP / batches
        await asyncio.sleep(max(due - time.monotonic(), 0))
        max_delay = max(max_delay, time.monotonic() - due)
        first = sent % batches * LINES
        at = start + sent // batches * int(STEP)
        await waits.send(connection, write([line(k, at) for k in range(first, min(first + LINES, streams))]), right=204)
        sent += 1
        max_memory = max(max_memory, service.memory())
    print(f"{sent} requests of {LINES} points: {waits.summary()}; at most {max_delay:.1f} s behind")
    share = service.share(since)
    load = os.getloadavg()[0]
    print(f"server {share:.0%} of a core, at most {max_memory:.0f} MiB; load of the machine {load:.1f}")
    print(await count_states(connection))
    connection.close()
    return int(bool(waits.errors or creation.errors or max_delay > STEP))


def main(streams: int = STREAMS, seconds: int = SECONDS, history: int = HISTORY) -> int:
    """Starts the server and measures."""
    options = ("--max-streams", str(streams + 100), "--log-level", "error")
    with tempfile.TemporaryDirectory() as folder, serving(folder, *options) as service:
        return asyncio.run(measure(service, streams, seconds, history))


if __name__ == "__main__":
    sys.exit(main(*map(int, sys.argv[1:])))
