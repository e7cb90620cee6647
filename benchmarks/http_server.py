"""What each part of `http_server` gains over plain waitress and Flask.

Each part is switched off in turn. The figure is the CPU time of the server per request, which other programs on the
machine hardly change; with and without take turns, and the median of the rounds counts. docs/decisions says which parts
stay.
"""

import asyncio
import statistics
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import orjson

from benchmarks import pages
from benchmarks._service import Connection, Latencies, Service, make_warm_stream, request, serving, wait_until_idle

ROUNDS = 3
PUSHES = 3000
CONNECTIONS = 32
POLL_SECONDS = 8.0
EVERYTHING = ("server.py",)


@dataclass(frozen=True)
class Load:
    """A title, and what sends the requests: it returns how many were answered."""

    title: str
    run: Callable[[Service], Awaitable[int]]


async def push(service: Service) -> int:
    """Push single points over many connections."""
    waits = Latencies()

    async def over_one_connection() -> None:
        connection = await Connection.open(service.port)
        body = request("POST", "/api/v1/streams/z/points", orjson.dumps({"values": [0.5]}))
        for _ in range(PUSHES // CONNECTIONS):
            await waits.send(connection, body)
        connection.close()

    await asyncio.gather(*(over_one_connection() for _ in range(CONNECTIONS)))
    return answered(waits)


async def poll(service: Service) -> int:
    """Let many live pages poll."""
    waits = Latencies()
    end = time.monotonic() + POLL_SECONDS
    await asyncio.gather(*(pages.page(service.port, "z", 0.0, end, waits) for _ in range(pages.PAGES)))
    return answered(waits)


def answered(waits: Latencies) -> int:
    """Return how many requests were answered. Raises RuntimeError for an error among them."""
    if waits.errors:
        raise RuntimeError(f"{len(waits.errors)} errors, the first: {waits.errors[0]}")
    return len(waits.seconds)


PUSHES_LOAD = Load(f"single pushes, {CONNECTIONS} connections", push)
POLLS_LOAD = Load(f"{pages.PAGES} live pages", poll)
COMPARED = (
    ("fast_path", PUSHES_LOAD),
    ("fast_path", POLLS_LOAD),
    ("epoll", PUSHES_LOAD),
    ("epoll", POLLS_LOAD),
)


async def prepared(service: Service, load: Load) -> float:
    """Return the CPU time per request under a load, in ms, once the server is idle."""
    connection = await Connection.open(service.port)
    await make_warm_stream(connection, "z", "rolling_zscore", 300)
    await wait_until_idle(connection)
    connection.close()
    before = service.cpu()
    count = await load.run(service)
    return 1000 * (service.cpu() - before) / count


def cpu_per_request(program: tuple[str, ...], load: Load) -> float:
    """Return the CPU time per request of a fresh server, in ms."""
    with (
        tempfile.TemporaryDirectory() as folder,
        serving(folder, "--log-level", "error", program=program) as service,
    ):
        return asyncio.run(prepared(service, load))


def main(rounds: int = ROUNDS, only: str = "") -> None:
    """Print a line per part and load."""
    for part, load in COMPARED:
        if only and only != part:
            continue
        without = ("-m", "benchmarks._server_without", part)
        pairs = [(cpu_per_request(EVERYTHING, load), cpu_per_request(without, load)) for _ in range(rounds)]
        present, absent = (statistics.median(each) for each in zip(*pairs, strict=True))
        gains = ", ".join(f"{1 - here / there:.0%}" for here, there in pairs)
        print(
            f"{part:10} {load.title:32} {present:.2f} ms with, {absent:.2f} ms without: "
            f"{1 - present / absent:.0%} less (rounds: {gains})",
            flush=True,
        )


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else ROUNDS, sys.argv[2] if len(sys.argv) > 2 else "")
