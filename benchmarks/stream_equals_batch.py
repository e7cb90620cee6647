"""A stream is scored as a file: the same points one by one, in random batches, over a restart, and as one series.

./run bench stream_equals_batch   50,000 points for every detector; one by one, the slow ones take minutes
"""

import sys
import tempfile
import time
from collections.abc import Iterator

import numpy as np

from anomaly_detection import Detector
from detectors.registry import DETECTORS
from store import SavedFit, StreamStore
from streams import Streams
from timeseries import Floats, Series

POINTS = 50_000
HISTORY = 2_000
"""Points before those that are compared; the detector is fitted on them."""
STEP_MS = 60_000


def make_values(points: int) -> Floats:
    """A cycle with noise, a second one, faults of several kinds and gaps."""
    rng = np.random.default_rng(0)
    t = np.arange(points)
    values: Floats = 5 + 2 * np.sin(2 * np.pi * t / 48) + np.sin(2 * np.pi * t / 7.3) + rng.normal(0, 0.2, points)
    faults = rng.choice(np.arange(HISTORY, points), points // 500, replace=False)
    values[faults] += rng.normal(0, 8, len(faults))
    values[rng.choice(points, points // 200, replace=False)] = np.nan
    return values


def batch_sizes(mode: str, points: int) -> Iterator[int]:
    """The number of points of each push."""
    rng = np.random.default_rng(1)
    while points:
        size = min(1 if mode == "one by one" else int(rng.integers(1, 500)), points)
        yield size
        points -= size


def push_all(name: str, fit: Detector, values: Floats, times: np.ndarray, mode: str) -> np.ndarray:
    """The flags of a stream after its history."""
    with tempfile.TemporaryDirectory() as folder:
        store = StreamStore.open(database_url(folder))
        stream = store.put("s", name, fit.params, len(values) + 1)
        store.save_fit(stream.id, SavedFit(name, stream.params, HISTORY, fit.state()))
        store.close()
        store, streams = open_streams(folder)  # scores by the stored fit, so that no other is requested
        streams.push("s", times[:HISTORY], values[:HISTORY].tolist())
        flags = []
        at = HISTORY
        for size in batch_sizes(mode, len(values) - HISTORY):
            if mode == "over a restart" and at < len(values) // 2 <= at + size:
                streams.stop()
                store.close()
                store, streams = open_streams(folder)
            flags.append(streams.push("s", times[at : at + size], values[at : at + size].tolist()).is_anomaly)
            at += size
        streams.stop()
        store.close()
    return np.concatenate(flags)


def database_url(folder: str) -> str:
    """The URL of the database in a folder."""
    return f"sqlite:///{folder}/streams.db"


def open_streams(folder: str) -> tuple[StreamStore, Streams]:
    """The streams of a store; their detectors are not fitted again."""
    store = StreamStore.open(database_url(folder))
    streams = Streams(store, growth=np.inf)
    streams.start()
    return store, streams


def main(points: int = POINTS) -> int:
    """Prints one line per detector and mode; returns 1 where flags differ."""
    values = make_values(points)
    times = (np.arange(points) * STEP_MS + 1_600_000_000_000).astype("datetime64[ms]")
    different = 0
    for name, detector in DETECTORS.items():
        fit = detector.fit(Series(times[:HISTORY], values[:HISTORY]))
        expected = detector.from_state(fit.state()).detect(Series(times, values)).is_anomaly[HISTORY:]
        for mode in ("random batches", "over a restart", "one by one"):
            began = time.perf_counter()
            flags = push_all(name, fit, values, times, mode)
            differing = int(np.count_nonzero(flags != expected))
            different += differing
            rate = len(flags) / (time.perf_counter() - began)
            print(f"{name:15} {mode:15} {int(flags.sum()):5} flags, ", end="")
            print(f"{differing} other than the file's; {rate:,.0f} points/s")
    return int(bool(different))


if __name__ == "__main__":
    sys.exit(main(*map(int, sys.argv[1:])))
