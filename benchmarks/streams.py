"""Pushing to streams within the process: points per second, and seconds until a single point is durable."""

import tempfile
import threading
import time

import numpy as np

from store import StreamStore
from streams import Streams

BATCH = 1000
"""Points of a batch."""
BATCHES = 200
SINGLES = 300
"""Single points of each thread."""
THREADS = 8


def main() -> None:
    """Prints one line per measurement."""
    with tempfile.TemporaryDirectory() as folder:
        store = StreamStore.open(f"sqlite:///{folder}/streams.db")
        streams = Streams(store, growth=np.inf)
        streams.start()
        for name in ("rolling_zscore", "lstm"):
            streams.put(name, name)
            streams.push(name, None, wave(2000))
            while streams.get(name).state == "warming_up":  # until its own detector is fitted
                time.sleep(1)
                streams.push(name, None, wave(1))
            print(f"{name}: {batches(streams, name):,.0f} points/s in batches of {BATCH}")
            waits = singles(streams, name, 1)
            print(f"{name}: a single point is durable after {percentiles(waits)}")
            began = time.perf_counter()
            waits = singles(streams, name, THREADS)
            rate = len(waits) / (time.perf_counter() - began)
            print(f"{name}: {THREADS} threads push {rate:,.0f} single points/s to one stream, {percentiles(waits)}")
        streams.stop()
        store.close()


def wave(points: int) -> list[float]:
    """A cycle of 48 points."""
    values: list[float] = np.sin(2 * np.pi * np.arange(points) / 48).tolist()
    return values


def batches(streams: Streams, name: str) -> float:
    """Points per second."""
    values = wave(BATCH)
    began = time.perf_counter()
    for _ in range(BATCHES):
        streams.push(name, None, values)
    return BATCH * BATCHES / (time.perf_counter() - began)


def singles(streams: Streams, name: str, threads: int) -> list[float]:
    """Seconds until each single point is durable."""
    waits: list[float] = []

    def push() -> None:
        for value in wave(SINGLES):
            began = time.perf_counter()
            streams.push(name, None, [value])
            waits.append(time.perf_counter() - began)

    workers = [threading.Thread(target=push) for _ in range(threads)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    return waits


def percentiles(waits: list[float]) -> str:
    """Median and 99th percentile."""
    return f"median {np.median(waits) * 1000:.1f} ms, p99 {np.quantile(waits, 0.99) * 1000:.1f} ms"


if __name__ == "__main__":
    main()
