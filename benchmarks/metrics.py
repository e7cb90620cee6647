"""A scrape of /metrics: milliseconds and bytes for 1,000 streams, in memory and after a restart."""

import tempfile
import time

import numpy as np
from flask.testing import FlaskClient

from app import create_app
from store import StreamStore
from streams import Streams

STREAMS, POINTS, SCRAPES = 1_000, 100, 10


def main() -> None:
    """Prints one line per measurement."""
    with tempfile.TemporaryDirectory() as folder:
        opened = StreamStore.open(f"sqlite:///{folder}/streams.db")
        streams = Streams(opened)
        streams.start()
        times = (int(time.time() * 1000) - 60_000 * np.arange(POINTS, 0, -1)).astype("datetime64[ms]")
        values = np.sin(np.arange(POINTS)).tolist()
        for k in range(STREAMS):
            opened.put(f"stream {k:04}", "rolling_zscore", {"window": 20}, 100_000)
        streams.push_many({f"stream {k:04}": (times, values) for k in range(STREAMS)})
        print_latencies("in memory", create_app(streams=streams).test_client())
        streams.stop()
        reopened = Streams(opened)  # as after a restart: nothing is in memory
        client = create_app(streams=reopened).test_client()
        print(f"{STREAMS:,} streams, the first scrape after a restart: {1000 * seconds(client):.0f} ms")
        print_latencies("not in memory", client)
        opened.close()


def print_latencies(what: str, client: FlaskClient) -> None:
    """Prints the median of some scrapes."""
    took = float(np.median([seconds(client) for _ in range(SCRAPES)]))
    size = len(client.get("/metrics").data)
    print(f"{STREAMS:,} streams {what}: {1000 * took:.0f} ms a scrape, {size / 1e6:.1f} MB")


def seconds(client: FlaskClient) -> float:
    """How long a scrape takes."""
    began = time.perf_counter()
    assert client.get("/metrics").data
    return time.perf_counter() - began


if __name__ == "__main__":
    main()
