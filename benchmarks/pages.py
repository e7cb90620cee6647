"""Five hundred live pages: each polls for new points every 500 ms, as static/js/live/poller.js does."""

import asyncio
import os
import random
import sys
import tempfile
import time

import orjson

from benchmarks._service import Connection, Latencies, Service, make_warm_stream, request, serving

PAGES = 500
INTERVAL = 0.5
"""Seconds between two polls of a page."""
SECONDS = 30.0
OPENING = 5.0
"""Seconds within which the pages are opened: each first reads the newest LIMIT points."""
LIMIT = 2000
STREAMS = 10
"""Streams beside the demo stream; each receives a point per second. Half of the pages show them."""

BROWSER = (
    "Connection: keep-alive\r\nAccept: */*\r\nAccept-Encoding: gzip, deflate, br, zstd\r\n"
    "Accept-Language: en-GB,en;q=0.9\r\nReferer: http://localhost/live\r\nSec-Fetch-Dest: empty\r\n"
    "Sec-Fetch-Mode: cors\r\nSec-Fetch-Site: same-origin\r\n"
    "User-Agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 "
    "Safari/537.36\r\n"
)


async def page(port: int, stream: str, since: float, until: float, waits: Latencies) -> int:
    """Polls as one page until a time; returns the number of points received. Polls before `since` are not measured."""
    await asyncio.sleep(random.uniform(0, OPENING))
    connection = await Connection.open(port)
    cursor = ""
    points = 0
    opening_waits = Latencies(errors=waits.errors)
    while time.monotonic() < until:
        path = f"/api/v1/streams/{stream}/points?times=ms&limit={LIMIT}{cursor}"
        current = waits if time.monotonic() > since else opening_waits
        body = await current.send(connection, request("GET", path, more=BROWSER))
        if body:
            answer = orjson.loads(body)
            points += len(answer["values"]) if cursor else 0
            cursor = f"&after={answer['cursor']}"
        await asyncio.sleep(INTERVAL)
    connection.close()
    return points


async def pusher(port: int, streams: list[str], until: float, waits: Latencies) -> int:
    """Pushes a point per second to each stream; returns their number."""
    connection = await Connection.open(port)
    pushed = 0
    while time.monotonic() < until:
        for stream in streams:
            message = request("POST", f"/api/v1/streams/{stream}/points", orjson.dumps({"values": [random.random()]}))
            pushed += bool(await waits.send(connection, message))
            await asyncio.sleep(1 / len(streams))
    connection.close()
    return pushed


async def measure(service: Service, pages: int, seconds: float) -> None:
    """Prints how long polls take and what the server uses."""
    connection = await Connection.open(service.port)
    streams = [f"stream-{k}" for k in range(STREAMS)]
    for stream in streams:
        await make_warm_stream(connection, stream, "rolling_zscore", 300)
    while orjson.loads((await connection.send(request("GET", "/api/v1/streams/demo")))[1])["state"] == "warming_up":
        await asyncio.sleep(0.5)
    waits = Latencies()
    pushes = Latencies()
    start = time.monotonic() + OPENING + 2
    shown_streams = [streams[k // 2 % STREAMS] if k % 2 else "demo" for k in range(pages)]
    work = asyncio.gather(
        pusher(service.port, streams, start + seconds, pushes),
        *(page(service.port, name, start, start + seconds, waits) for name in shown_streams),
    )
    await asyncio.sleep(start - time.monotonic())
    since = service.moment()
    client_cpu = time.process_time()
    pushed, *received = await work
    connection.close()
    took = time.monotonic() - since[1]
    await asyncio.sleep(0.1)  # for the connections to close
    print(
        f"{pages} pages, {len(waits.seconds) / took:,.0f} polls/s, {sum(received):,} points received: {waits.summary()}"
    )
    print(f"meanwhile {pushed} points pushed: {pushes.summary()}")
    print(
        f"server {service.share(since):.0%} of a core, {service.memory():.0f} MiB; "
        f"this client {(time.process_time() - client_cpu) / took:.0%}; load of the machine {os.getloadavg()[0]:.1f}"
    )


def main(pages: int = PAGES, seconds: float = SECONDS) -> None:
    """Starts the server and the pages."""
    with tempfile.TemporaryDirectory() as folder, serving(folder) as service:
        asyncio.run(measure(service, pages, seconds))


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
