"""Pushing to a stream over HTTP, judged and durable: single points and batches of 1,000."""

import asyncio
import os
import tempfile
import time

import orjson

from benchmarks._service import Connection, Service, Waits, request, serving, settled, warm, wave

BATCH, BATCHES, SINGLES, CONNECTIONS = 1000, 60, 6000, 32


async def push(port: int, stream: str, values: list[float], count: int, waits: Waits) -> None:
    """The same values again and again, over a connection of its own."""
    connection = await Connection.open(port)
    asked = request("POST", f"/api/v1/streams/{stream}/points", orjson.dumps({"values": values}))
    for _ in range(count):
        await waits.ask(connection, asked)
    connection.close()


async def measured(service: Service) -> None:
    """Prints one line per way to push."""
    connection = await Connection.open(service.port)
    await warm(connection, "z", "rolling_zscore")
    await warm(connection, "lstm", "lstm")
    await settled(connection)
    connection.close()
    for title, stream, values, count, at_once in (
        ("single points, one at a time", "z", [0.5], 500, 1),
        ("single points, one at a time, lstm", "lstm", [0.5], 300, 1),
        (f"single points, {CONNECTIONS} connections", "z", [0.5], SINGLES, CONNECTIONS),
        (f"batches of {BATCH}, 2 connections", "z", wave(BATCH), BATCHES, 2),
    ):
        waits, began, cpu, own = Waits(), time.monotonic(), service.cpu(), time.process_time()
        await asyncio.gather(*(push(service.port, stream, values, count // at_once, waits) for _ in range(at_once)))
        rate = len(waits.seconds) / (time.monotonic() - began)
        used = (service.cpu() - cpu) / max(len(waits.seconds), 1) * 1000
        client = (time.process_time() - own) / max(len(waits.seconds), 1) * 1000
        load = os.getloadavg()[0]
        print(f"{title}: {rate:,.0f} requests/s, {rate * len(values):,.0f} points/s, {waits.told()}")
        print(f"    {used:.2f} ms of CPU a request, {client:.2f} ms of this client; load of the machine {load:.1f}")


def main() -> None:
    """Starts the server and pushes."""
    with tempfile.TemporaryDirectory() as folder, serving(folder, "--log-level", "error") as service:
        asyncio.run(measured(service))


if __name__ == "__main__":
    main()
