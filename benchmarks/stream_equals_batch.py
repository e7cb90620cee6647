"""A stream judges as a file does: the same points one by one, in random batches, over a restart, and as a whole.

./run bench stream_equals_batch      50,000 points for every detector; one by one, the slow ones take minutes
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

POINTS, HISTORY, STEP_MS = 50_000, 2_000, 60_000


def values_of(points: int) -> Floats:
    """A cycle with noise, a second one, faults of several kinds and gaps."""
    rng, at = np.random.default_rng(0), np.arange(points)
    values: Floats = 5 + 2 * np.sin(2 * np.pi * at / 48) + np.sin(2 * np.pi * at / 7.3) + rng.normal(0, 0.2, points)
    faults = rng.choice(np.arange(HISTORY, points), points // 500, replace=False)
    values[faults] += rng.normal(0, 8, len(faults))
    values[rng.choice(points, points // 200, replace=False)] = np.nan
    return values


def sizes(way: str, left: int) -> Iterator[int]:
    """How many points are pushed at a time."""
    rng = np.random.default_rng(1)
    while left:
        size = min(1 if way == "one by one" else int(rng.integers(1, 500)), left)
        yield size
        left -= size


def streamed(name: str, fit: Detector, values: Floats, times: np.ndarray, way: str) -> np.ndarray:
    """The flags that a stream gives after its history."""
    with tempfile.TemporaryDirectory() as folder:
        store = StreamStore.open(address(folder))
        stream = store.put("s", name, fit.params, len(values) + 1)
        store.save_fit(stream.id, SavedFit(name, stream.params, HISTORY, fit.state()))
        store.close()
        store, streams = opened(folder)  # judges by the fit that was kept, so that no other is begun
        streams.push("s", times[:HISTORY], values[:HISTORY].tolist())
        flags, at = [], HISTORY
        for size in sizes(way, len(values) - HISTORY):
            if way == "over a restart" and at < len(values) // 2 <= at + size:
                streams.stop()
                store.close()
                store, streams = opened(folder)
            flags.append(streams.push("s", times[at : at + size], values[at : at + size].tolist()).is_anomaly)
            at += size
        streams.stop()
        store.close()
    return np.concatenate(flags)


def address(folder: str) -> str:
    """Of the database there."""
    return f"sqlite:///{folder}/streams.db"


def opened(folder: str) -> tuple[StreamStore, Streams]:
    """The streams of a store; their detectors are not fitted again."""
    store = StreamStore.open(address(folder))
    streams = Streams(store, growth=np.inf)
    streams.start()
    return store, streams


def main(points: int = POINTS) -> int:
    """Prints one line per detector and way; 1 where flags differ."""
    values = values_of(points)
    times = (np.arange(points) * STEP_MS + 1_600_000_000_000).astype("datetime64[ms]")
    different = 0
    for name, detector in DETECTORS.items():
        fit = detector.fit(Series(times[:HISTORY], values[:HISTORY]))
        whole = detector.from_state(fit.state()).detect(Series(times, values)).is_anomaly[HISTORY:]
        for way in ("random batches", "over a restart", "one by one"):
            began = time.perf_counter()
            flags = streamed(name, fit, values, times, way)
            unequal = int(np.count_nonzero(flags != whole))
            different += unequal
            rate = len(flags) / (time.perf_counter() - began)
            print(
                f"{name:15} {way:15} {int(flags.sum()):5} flags, {unequal} other than the file's; {rate:,.0f} points/s"
            )
    return int(bool(different))


if __name__ == "__main__":
    sys.exit(main(*map(int, sys.argv[1:])))
