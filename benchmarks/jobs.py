"""Stored detections: what a fit of a million points does to the service meanwhile, and how fast rethresholding is.

./run bench jobs        python -m benchmarks.jobs 100000 for another length of the long fit
"""

import asyncio
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
import orjson

from benchmarks._service import Connection, Latencies, Service, request, serving
from data_generation import demo
from store import DatasetStore, StreamStore
from timeseries import Table

POINTS, OTHER = 1_000_000, 100_000
EVERY = 0.02
"""Seconds between two questions whether the service lives."""
RETHRESHOLDS, WINDOWS = 40, 50
DETECTORS = ("rolling_zscore", "level_spread", "auto")


def upload(folder: str, points: int) -> str:
    """Keeps a demo series; its id."""
    store = StreamStore.open(f"sqlite:///{Path(folder) / 'anomaly.db'}")
    series = demo(points=min(points, 200_000)).series
    values = np.resize(series.values, points)
    times = np.datetime64("2024-01-01", "ms") + np.timedelta64(60_000, "ms") * np.arange(points)
    dataset = DatasetStore(store.database).add(Table("b", times, {"value": values}, "time", (), "value"), 1, 10**12)
    store.close()
    return dataset.id


async def fetch(connection: Connection, waits: Latencies, method: str, path: str, body: Any = None) -> dict[str, Any]:
    """A request and its answer; the wait is noted."""
    data = b"" if body is None else orjson.dumps(body)
    answer = await waits.send(connection, request(method, path, data))
    return dict(orjson.loads(answer))


async def done(connection: Connection, series: str, detector: str, health: Latencies) -> dict[str, Any]:
    """Run a detection to its end; poll /healthz meanwhile."""
    other, body = Latencies(), orjson.dumps({"detector": detector})
    _, data = await connection.send(request("POST", f"/api/v1/series/{series}/detections", body))
    detection = orjson.loads(data)
    while detection["status"] in ("queued", "running"):
        for _ in range(10):
            await fetch(connection, health, "GET", "/healthz")
            await asyncio.sleep(EVERY)
        detection = await fetch(connection, other, "GET", f"/api/v1/detections/{detection['id']}")
    assert detection["status"] == "done", detection["error"]
    return dict(detection)


async def rethreshold(connection: Connection, detection: dict[str, Any]) -> Latencies:
    """Rethreshold repeatedly, as a slider does; the first request, which reads from disk, is left out."""
    name = next(each for each in detection["adjustable_params"] if each != "merge_gap")
    waits, path = Latencies(), f"/api/v1/detections/{detection['id']}"
    await fetch(connection, Latencies(), "PATCH", path, {"params": {name: 3}})
    for sigma in np.linspace(5, 12, RETHRESHOLDS).tolist():
        await fetch(connection, waits, "PATCH", path, {"params": {name: sigma}})
    return waits


async def windows(connection: Connection, detection: dict[str, Any], points: int) -> Latencies:
    """A chart that is zoomed and moved."""
    waits, path = Latencies(), f"/api/v1/detections/{detection['id']}/points"
    await fetch(connection, Latencies(), "GET", path)
    for step in range(WINDOWS):
        width = int(points * 0.9**step) + 10
        start = (points - width) * step // WINDOWS
        await fetch(connection, waits, "GET", f"{path}?from={start}&to={start + width}&buckets=1000")
    return waits


def worker_memory(service: Service) -> str:
    """What the worker holds and at most held so far, it being the one process that the service has started."""
    children = Path(f"/proc/{service.process.pid}/task").glob("*/children")
    (pid,) = " ".join(each.read_text() for each in children).split()
    detection = dict(line.split(":") for line in Path(f"/proc/{pid}/status").read_text().splitlines())
    resident, peak = (int(detection[name].split()[0]) // 2**10 for name in ("VmRSS", "VmHWM"))
    return f"{resident} MiB, at most {peak} MiB so far"


async def measured(service: Service, folder: str, peak: int) -> None:
    """Prints a line per detector, length and question."""
    connection = await Connection.open(service.port)
    await done(connection, upload(folder, 1000), "rolling_zscore", Latencies())  # the worker is warm
    print(f"the worker after a small detection: {worker_memory(service)}")
    for points in (OTHER, peak):
        series = upload(folder, points)
        for detector in DETECTORS:
            health, began = Latencies(), time.monotonic()
            detection = await done(connection, series, detector, health)
            print(f"{detector}, {points:,} points: {time.monotonic() - began:.1f} s, {len(detection['events'])} events")
            print(f"    the worker: {worker_memory(service)}")
            if health.seconds:
                print(f"    /healthz meanwhile: {health.summary()}")
            print(f"    rethresholded: {(await rethreshold(connection, detection)).summary()}")
            print(f"    a window of points: {(await windows(connection, detection, points)).summary()}")
    connection.close()


def main(arguments: list[str]) -> None:
    """Starts the server and asks it."""
    peak = int(arguments[0]) if arguments else POINTS
    with tempfile.TemporaryDirectory() as folder, serving(folder, "--log-level", "error") as service:
        asyncio.run(measured(service, folder, peak))


if __name__ == "__main__":
    main(sys.argv[1:])
