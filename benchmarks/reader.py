"""Seconds and peak memory of reading 1,000,000 rows of a time and a number, beside plain `pandas.read_csv`.

`python -m benchmarks.reader` prints the table; each measurement runs in a process of its own.
"""

import tempfile
from pathlib import Path

import numpy as np
import pandas as pd  # type: ignore[import-untyped]  # pandas ships no types

from benchmarks._measure import Work, measure
from readers import read_csv

ROWS = 1_000_000
LIMIT = 120.0


def ours(points: int) -> Work:
    """This service's reader, from the bytes of the file; those count in its peak memory, not in its growth."""
    data = file_of(points).read_bytes()

    def work() -> None:
        assert len(read_csv(data).series()) == points

    return work


def pandas_text(points: int) -> Work:
    """pandas with its defaults, which leave the times as text."""
    path = file_of(points)

    def work() -> None:
        assert len(pd.read_csv(path)) == points

    return work


def pandas_times(points: int) -> Work:
    """pandas, given the column of times."""
    path = file_of(points)

    def work() -> None:
        assert len(pd.read_csv(path, parse_dates=[0])) == points

    return work


def file_of(points: int) -> Path:
    """A clean file, written once: ISO times a second apart, values with all their digits."""
    path = Path(tempfile.gettempdir()) / f"anomaly-benchmark-{points}.csv"
    if not path.exists():
        times = np.datetime_as_string(np.datetime64("2026-01-01", "s") + np.arange(points))
        values = np.random.default_rng(0).normal(50, 10, points)
        lines = [f"{time}Z,{value!r}\n" for time, value in zip(times.tolist(), values.tolist(), strict=True)]
        path.write_text("timestamp,value\n" + "".join(lines))
    return path


def main() -> None:
    """Prints the table."""
    path = file_of(ROWS)
    size = path.stat().st_size / 2**20
    print(f"{ROWS:,} rows x 2 columns, {size:.1f} MiB")
    print(f"{'reader':<32}{'seconds':>8}{'peak MiB':>10}{'growth MiB':>12}{'growth/file':>12}")
    for name, function in (
        ("series.read_csv", "ours"),
        ("pandas.read_csv, times as text", "pandas_text"),
        ("pandas.read_csv, times parsed", "pandas_times"),
    ):
        result = measure("reader", function, ROWS, limit=LIMIT)
        if result.problem:
            print(f"{name:<32} {result.problem}")
            continue
        growth = f"{result.growth:>12.0f}{result.growth / size:>12.1f}"
        print(f"{name:<32}{result.seconds:>8.2f}{result.peak:>10.0f}{growth}")
    path.unlink()


if __name__ == "__main__":
    main()
