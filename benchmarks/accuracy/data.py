"""The labelled series of ../shared/data; no detector is shown the labels."""

import csv
import gzip
import json
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from timeseries import Bools, Series
from timeseries.intervals import runs

DATA = Path(__file__).parents[3] / "shared/data"
MISSING = "SKIPPED: ../shared/data is missing, so there are no labelled series to measure on"


@dataclass(frozen=True, eq=False)
class Labelled:
    """A series and what is known of it.

    file      as index.csv names it
    data_set  NAB, SMD, IOPS, SMAP, MSL or MGAB
    labels    (n,) true for an anomalous point
    """

    file: str
    data_set: str
    series: Series
    labels: Bools

    @property
    def events(self) -> list[tuple[int, int]]:
        """The labelled events: half open positions of the runs of anomalous points."""
        return runs(self.labels)


def labelled_series(only: Iterable[str] = ()) -> Iterator[Labelled]:
    """The series in the order of index.csv; with `only`, those whose file begins with one of these words.

    Says on stderr that there are none where the folder is missing.
    """
    if not (DATA / "index.csv").exists():
        print(MISSING, file=sys.stderr)
        return
    chosen = tuple(only)
    with (DATA / "index.csv").open(encoding="utf-8", newline="") as index:
        for row in csv.DictReader(index):
            if not chosen or row["file"].startswith(chosen):
                yield read(row["file"])


def read(file: str) -> Labelled:
    """One series by its name in index.csv."""
    if file.startswith("nab/"):
        return _nab(file)
    with gzip.open(DATA / file, "rt", encoding="utf-8") as lines:
        table = np.loadtxt(lines, delimiter=",", skiprows=1, ndmin=2)
    name = Path(file).name.removesuffix(".csv.gz")
    return Labelled(file, name.split("_")[0].upper(), Series(None, table[:, 0], name), table[:, 1] > 0)


def _nab(file: str) -> Labelled:
    """Labels are the official windows, both ends included. Rows whose time does not rise are left out: in six files
    the clock was set back, some ten rows each, and a series has strictly rising times."""
    with (DATA / file).open(encoding="utf-8", newline="") as lines:
        rows = list(csv.DictReader(lines))
    times = np.array([row["timestamp"] for row in rows], dtype="datetime64[ms]")
    values = np.array([float(row["value"]) for row in rows])
    ticks = times.astype(np.int64)
    rising = np.concatenate(([True], ticks[1:] > np.maximum.accumulate(ticks)[:-1]))
    times, values = times[rising], values[rising]
    windows = json.loads((DATA / "nab/windows.json").read_text(encoding="utf-8"))[file.removeprefix("nab/")]
    labels = np.zeros(len(times), dtype=bool)
    for first, last in windows:
        labels |= (times >= np.datetime64(first, "ms")) & (times <= np.datetime64(last, "ms"))
    return Labelled(file, "NAB", Series(times, values, Path(file).stem), labels)
