"""Five hundred live pages at once: each asks every 500 ms for what is new, as static/js/live/poller.js does."""

import asyncio
import os
import random
import sys
import tempfile
import time

import orjson

from benchmarks._service import Connection, Service, Waits, request, serving, warm

PAGES, INTERVAL, SECONDS = 500, 0.5, 30.0
OPENING = 5.0
"""Seconds over which the pages are opened, one after another: each first fetches its newest 2,000 points."""
LIMIT = 2000
STREAMS = 10
"""Ordinary streams, beside the demo stream; each is pushed a point a second. Half of the pages look at them."""

BROWSER = (
    "Connection: keep-alive\r\nAccept: */*\r\nAccept-Encoding: gzip, deflate, br, zstd\r\n"
    "Accept-Language: en-GB,en;q=0.9\r\nReferer: http://localhost/live\r\nSec-Fetch-Dest: empty\r\n"
    "Sec-Fetch-Mode: cors\r\nSec-Fetch-Site: same-origin\r\n"
    "User-Agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 "
    "Safari/537.36\r\n"
)


async def page(port: int, stream: str, since: float, until: float, waits: Waits) -> int:
    """One page's requests until a time; how many points it was told. Those before `since` are not counted."""
    await asyncio.sleep(random.uniform(0, OPENING))
    connection, cursor, points = await Connection.open(port), "", 0
    opening = Waits(errors=waits.errors)
    while time.monotonic() < until:
        path = f"/api/v1/streams/{stream}/points?times=ms&limit={LIMIT}{cursor}"
        counted = waits if time.monotonic() > since else opening
        body = await counted.ask(connection, request("GET", path, more=BROWSER))
        if body:
            answer = orjson.loads(body)
            points += len(answer["values"]) if cursor else 0
            cursor = f"&after={answer['cursor']}"
        await asyncio.sleep(INTERVAL)
    connection.close()
    return points


async def pusher(port: int, streams: list[str], until: float, waits: Waits) -> int:
    """A point a second to each stream; how many."""
    connection, pushed = await Connection.open(port), 0
    while time.monotonic() < until:
        for stream in streams:
            asked = request("POST", f"/api/v1/streams/{stream}/points", orjson.dumps({"values": [random.random()]}))
            pushed += bool(await waits.ask(connection, asked))
            await asyncio.sleep(1 / len(streams))
    connection.close()
    return pushed


async def measured(service: Service, pages: int, seconds: float) -> None:
    """Prints how long polls take and what the server uses meanwhile."""
    connection = await Connection.open(service.port)
    streams = [f"stream-{k}" for k in range(STREAMS)]
    for stream in streams:
        await warm(connection, stream, "rolling_zscore", 300)
    while orjson.loads((await connection.ask(request("GET", "/api/v1/streams/demo")))[1])["state"] == "warming_up":
        await asyncio.sleep(0.5)
    waits, pushes, start = Waits(), Waits(), time.monotonic() + OPENING + 2
    shown = [streams[k // 2 % STREAMS] if k % 2 else "demo" for k in range(pages)]
    work = asyncio.gather(
        pusher(service.port, streams, start + seconds, pushes),
        *(page(service.port, name, start, start + seconds, waits) for name in shown),
    )
    await asyncio.sleep(start - time.monotonic())
    since, own = service.moment(), time.process_time()
    told = await work
    connection.close()
    took = time.monotonic() - since[1]
    await asyncio.sleep(0.1)  # so that the connections are closed
    print(f"{pages} pages, {len(waits.seconds) / took:,.0f} polls/s, {sum(told[1:]):,} points told: {waits.told()}")
    print(f"meanwhile {told[0]} points pushed: {pushes.told()}")
    print(
        f"server {service.share(since):.0%} of a core, {service.memory():.0f} MiB; "
        f"this client {(time.process_time() - own) / took:.0%}; load of the machine {os.getloadavg()[0]:.1f}"
    )


def main(pages: int = PAGES, seconds: float = SECONDS) -> None:
    """Starts the server and the pages."""
    with tempfile.TemporaryDirectory() as folder, serving(folder) as service:
        asyncio.run(measured(service, pages, seconds))


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
