"""A page and a stream that stay open for a day, sped up: does the server's memory stay flat?

An hour of a page is 7,200 polls, an hour of its stream (a point a second) 3,600 pushes; here they follow one another as
fast as the server answers. Memory is read after each simulated hour; the slope leaves the first quarter out, in which
buffers fill.
"""

import asyncio
import sys
import tempfile
import time

import numpy as np
import orjson

from benchmarks._service import Connection, Latencies, Service, make_warm_stream, request, serving

HOURS = 24
POLLS = 7_200
"""Polls of a page in an hour."""
PUSHES = 3_600
"""Points of a stream in an hour."""
CAPACITY = 10_000
"""Capacity of the stream: small, so that old points are deleted."""


async def poll(port: int, stream: str, count: int, waits: Latencies) -> None:
    """Polls for new points."""
    connection = await Connection.open(port)
    cursor = ""
    for _ in range(count):
        path = f"/api/v1/streams/{stream}/points?times=ms&limit=2000{cursor}"
        if body := await waits.send(connection, request("GET", path)):
            cursor = f"&after={orjson.loads(body)['cursor']}"
    connection.close()


async def push(port: int, count: int, waits: Latencies) -> None:
    """Pushes single points."""
    connection = await Connection.open(port)
    for value in np.random.default_rng(0).normal(size=count).tolist():
        message = request("POST", "/api/v1/streams/s/points", orjson.dumps({"values": [value]}))
        await waits.send(connection, message)
    connection.close()


async def measure(service: Service, hours: int) -> int:
    """Prints the memory after each simulated hour, and its slope; returns 1 where a request failed."""
    connection = await Connection.open(service.port)
    await make_warm_stream(connection, "s", "rolling_zscore", CAPACITY)
    waits = Latencies()
    memory = [service.memory()]
    began = time.monotonic()
    for _ in range(hours):
        await asyncio.gather(
            poll(service.port, "demo", POLLS // 2, waits),
            poll(service.port, "s", POLLS // 2, waits),
            push(service.port, PUSHES, waits),
        )
        memory.append(service.memory())
        waits.seconds.clear()
    print(f"{hours} simulated hours in {time.monotonic() - began:.0f} s, {len(waits.errors)} errors")
    print("MiB: " + " ".join(f"{size:.0f}" for size in memory))
    connection.close()
    late = memory[-(-len(memory) // 4) :]
    print(f"slope after the first quarter: {np.polyfit(np.arange(len(late)), late, 1)[0]:+.2f} MiB an hour")
    return int(bool(waits.errors))


def main(hours: int = HOURS) -> int:
    """Starts the server and measures."""
    with tempfile.TemporaryDirectory() as folder, serving(folder, "--log-level", "error") as service:
        return asyncio.run(measure(service, hours))


if __name__ == "__main__":
    sys.exit(main(*map(int, sys.argv[1:])))
