"""Pushing to a stream over HTTP until the points are scored and durable: single points and batches of 1,000."""

import asyncio
import os
import tempfile
import time

import orjson

from benchmarks._service import (
    Connection,
    Latencies,
    Service,
    make_warm_stream,
    request,
    serving,
    wait_until_idle,
    wave,
)

BATCH = 1000
"""Points of a batch."""
BATCHES = 60
SINGLES = 6000
CONNECTIONS = 32


async def push(port: int, stream: str, values: list[float], count: int, waits: Latencies) -> None:
    """Pushes the same values `count` times, over a connection of its own."""
    connection = await Connection.open(port)
    message = request("POST", f"/api/v1/streams/{stream}/points", orjson.dumps({"values": values}))
    for _ in range(count):
        await waits.send(connection, message)
    connection.close()


async def measure(service: Service) -> None:
    """Prints two lines per mode."""
    connection = await Connection.open(service.port)
    await make_warm_stream(connection, "z", "rolling_zscore")
    await make_warm_stream(connection, "lstm", "lstm")
    await wait_until_idle(connection)
    connection.close()
    for title, stream, values, count, connections in (
        ("single points, one at a time", "z", [0.5], 500, 1),
        ("single points, one at a time, lstm", "lstm", [0.5], 300, 1),
        (f"single points, {CONNECTIONS} connections", "z", [0.5], SINGLES, CONNECTIONS),
        (f"batches of {BATCH}, 2 connections", "z", wave(BATCH), BATCHES, 2),
    ):
        waits = Latencies()
        began = time.monotonic()
        cpu = service.cpu()
        client_cpu = time.process_time()
        await asyncio.gather(
            *(push(service.port, stream, values, count // connections, waits) for _ in range(connections))
        )
        rate = len(waits.seconds) / (time.monotonic() - began)
        used = (service.cpu() - cpu) / max(len(waits.seconds), 1) * 1000
        client = (time.process_time() - client_cpu) / max(len(waits.seconds), 1) * 1000
        load = os.getloadavg()[0]
        print(f"{title}: {rate:,.0f} requests/s, {rate * len(values):,.0f} points/s, {waits.summary()}")
        print(f"    {used:.2f} ms of CPU a request, {client:.2f} ms of this client; load of the machine {load:.1f}")


def main() -> None:
    """Starts the server and measures."""
    with tempfile.TemporaryDirectory() as folder, serving(folder, "--log-level", "error") as service:
        asyncio.run(measure(service))


if __name__ == "__main__":
    main()
