"""Datasets of the service: stored, listed, read in intervals, labelled, deleted."""

import re
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from datasets.label_input import LabelInput, read_labels
from errors import BadParameter, NotFound, UnknownName
from readers.positions import read_interval
from store import Dataset, DatasetStore, Label, labelled_anomalous
from timeseries import Bools, Floats, Series, Table, Times
from timeseries.downsampling import Positions, downsample
from timeseries.regular_grid import count_gaps

DAY_MS = 86_400_000

INCOMPLETE_MS = 3_600_000
"""A dataset still incomplete after this long was left behind by a service that was killed."""

MAX_OVERVIEW_POINTS = 250_000
"""Points in one overview: of very many columns, each shows fewer."""

PAGE_CURSOR = re.compile(r"([0-9]{1,18})\.([\w-]{1,22})", re.ASCII)
"""`created` and id of the last dataset of a page."""


@dataclass(frozen=True, eq=False)
class PointRange:
    """An interval of a column, downsampled.

    start, stop  the interval: half-open positions in the dataset
    positions    (k,) of the points, rising; every position of the interval where it has few
    times        (k,) or None
    values       (k,)
    missing      how many points of the interval have no value, left-out ones included
    """

    column: str
    start: int
    stop: int
    positions: Positions
    times: Times | None
    values: Floats
    missing: int = 0


class Datasets:
    """The datasets of one service. Safe to use from many threads.

    max_bytes       disk space of all datasets and their detections
    retention_days  after which a dataset is deleted; 0: never
    now             returns the time in seconds since 1970 UTC
    """

    def __init__(
        self, store: DatasetStore, max_bytes: int, retention_days: int = 0, now: Callable[[], float] = time.time
    ) -> None:
        self.store = store
        self._max_bytes = max_bytes
        self._retention_days = retention_days
        self._now = now

    def add(self, table: Table) -> Dataset:
        """Store a table; durable when it returns. Raises LimitExceeded where the disk space is used up."""
        self.delete_old()
        return self.store.add(table, self._now_ms(), self._max_bytes)

    def delete_old(self) -> None:
        """Delete datasets older than the retention, and incomplete ones of a killed service."""
        now = self._now_ms()
        self.store.delete_old(self._oldest(now), now - INCOMPLETE_MS)

    def page(self, limit: int, after: str | None = None) -> tuple[list[Dataset], str | None]:
        """At most `limit` datasets, newest first, and the `after` of the next page. Raises BadParameter."""
        cursor = None
        if after is not None:
            match = PAGE_CURSOR.fullmatch(after)
            if match is None:
                raise BadParameter("after must be the `next` of an earlier page.", name="after")
            cursor = int(match[1]), match[2]
        oldest = self._oldest(self._now_ms())
        stored = [each for each in self.store.page(limit + 1, cursor) if each.created >= oldest]
        last = stored[limit - 1] if len(stored) > limit else None
        return stored[:limit], f"{last.created}.{last.id}" if last else None

    def get(self, dataset_id: str) -> Dataset:
        """A dataset by its id. Raises NotFound."""
        stored = self.store.get(dataset_id)
        if stored is None or stored.created < self._oldest(self._now_ms()):
            message = f"There is no dataset {dataset_id!r}; it may have been deleted."
            raise NotFound(message, name=dataset_id)
        return stored

    def delete(self, dataset_id: str) -> None:
        """Delete a dataset, its labels and its detections. Raises NotFound."""
        if not self.store.delete(self.get(dataset_id).id):
            raise _deleted(dataset_id)

    def table(self, dataset_id: str) -> Table:
        """A dataset with all its points. Raises NotFound."""
        stored = self.get(dataset_id)
        table = self.store.table(stored)
        if any(len(values) != stored.points for values in table.columns.values()):
            raise _deleted(dataset_id)
        return table

    def window(
        self, dataset_id: str, column: str | None, start: str | None, stop: str | None, buckets: int
    ) -> PointRange:
        """The points of a column from `start` up to `stop`, half open, downsampled to at most 2 · `buckets`.

        `start` and `stop` are positions, or times of a dataset that has times; None is the end of the dataset.
        Raises NotFound, UnknownName for a column, BadParameter.
        """
        series = self._column(self.get(dataset_id), column)
        first, last = read_interval(start, stop, series.times, len(series))
        return _downsampled(series, first, last, buckets)

    def overview(self, dataset_id: str, buckets: int) -> list[PointRange]:
        """Every column of a dataset, each downsampled to at most 2 · `buckets` points. Raises NotFound."""
        stored = self.get(dataset_id)
        buckets = max(2, min(buckets, MAX_OVERVIEW_POINTS // (2 * len(stored.columns))))
        return [_downsampled(self._column(stored, name), 0, stored.points, buckets) for name in stored.columns]

    def labels(self, dataset_id: str) -> list[Label]:
        """The labels of a dataset, in the order they were put. Raises NotFound."""
        return self.store.labels(self.get(dataset_id).id)

    def labelled_anomalous(self, stored: Dataset) -> Bools:
        """(n,) true where a point is labelled an anomaly; of overlapping labels the last one counts."""
        return labelled_anomalous(self.store.labels(stored.id), stored.points)

    def count_gaps(self, dataset_id: str) -> int:
        """How many neighbouring points lie more than 1.5 steps apart. Raises NotFound."""
        stored = self.get(dataset_id)
        return count_gaps(self._column(stored, None).times, stored.step)

    def times_of(self, dataset_id: str, labels: Sequence[Label]) -> list[tuple[int, int]] | None:
        """Times of the first and last point of each label, ms since 1970 UTC; None for a dataset without times.

        Raises NotFound.
        """
        stored = self.get(dataset_id)
        if stored.start is None:
            return None
        if not labels:
            return []
        times = self._column(stored, None).times
        assert times is not None  # a dataset that has a start has times
        stamps = times.view(np.int64)
        return [(int(stamps[label.start]), int(stamps[label.stop - 1])) for label in labels]

    def put_labels(self, dataset_id: str, inputs: Sequence[LabelInput]) -> list[Label]:
        """Replace the labels of a dataset, all or nothing. Raises NotFound; BadInput with the `index` of a label."""
        stored = self.get(dataset_id)
        has_times = stored.start is not None and any(isinstance(end, str) for each in inputs for end in each[:2])
        labels = read_labels(inputs, self._column(stored, None).times if has_times else None, stored.points)
        if not self.store.put_labels(stored.id, labels):
            raise _deleted(dataset_id)
        return labels

    def _column(self, stored: Dataset, column: str | None) -> Series:
        name = stored.default if column is None else column
        if name not in stored.columns:
            names = ", ".join(map(repr, stored.columns[:20]))
            message = f"There is no value column {name!r}; use one of {names}."
            raise UnknownName(message, name=name, known=list(stored.columns))
        series = self.store.cached_series(stored, name)
        if len(series) != stored.points:
            raise _deleted(stored.id)
        return series

    def _now_ms(self) -> int:
        return int(self._now() * 1000)

    def _oldest(self, now: int) -> int:
        """The creation time, ms since 1970 UTC, before which datasets have expired."""
        return now - self._retention_days * DAY_MS if self._retention_days else 0


def _deleted(dataset_id: str) -> NotFound:
    return NotFound(f"There is no dataset {dataset_id!r}; it was deleted.", name=dataset_id)


def _downsampled(series: Series, start: int, stop: int, buckets: int) -> PointRange:
    values = series.values[start:stop]
    times = None if series.times is None else series.times[start:stop]
    positions = downsample(values, times, buckets=buckets)
    return PointRange(
        column=series.name,
        start=start,
        stop=stop,
        positions=positions + start,
        times=None if times is None else times[positions],
        values=values[positions],
        missing=int(np.count_nonzero(np.isnan(values))),
    )
