"""Datasets: uploaded tables as rows and back, with their labels."""

import json
import secrets
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import sqlalchemy as sa

from errors import LimitExceeded
from store.codec import CHUNK_POINTS, decode_column, encode_column
from store.column_cache import ColumnCache
from store.database import Database
from store.dataset_tables import dataset, dataset_chunk, dataset_label, detection
from store.labels import Label
from timeseries import DatesRead, Floats, Repair, Series, Table, Times

TIMES_PART = -1
"""`part` of the chunks that hold the times; value columns count from 0."""

CHUNKS_PER_TRANSACTION = 32
"""1 MB in one transaction: a point pushed to a stream waits no longer than that takes."""

MIN_DATASET_BYTES = 4096
"""Smallest size accounted for a dataset: its row and its repairs take disk space, too."""

CACHE_BYTES = 256 * 1024 * 1024
"""Memory for recently used columns: thirty of a million points."""

ID_BYTES = 12
"""Random bytes of an id; it has 16 characters."""


@dataclass(frozen=True)
class Dataset:
    """A stored table without its points.

    created      ms since 1970 UTC
    bytes        size on disk
    columns      the names of its value columns, in order; `default` is used where a request names none
    time_column  the column that held the times; None without times, or where they came in a JSON array
    start, stop  times of the first and last point, ms since 1970 UTC; None without times
    step         median interval of points, ms; None where unknown
    dates        how dates that can be read in several orders were read; None where there were none
    """

    id: str
    name: str
    created: int
    points: int
    bytes: int
    columns: tuple[str, ...]
    default: str
    time_column: str | None
    start: int | None
    stop: int | None
    step: int | None
    repairs: tuple[Repair, ...]
    dates: DatesRead | None = None


class DatasetStore:
    """The datasets in a database. Safe to use from many threads."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._cache = ColumnCache(CACHE_BYTES)

    def add(self, table: Table, now: int, max_bytes: int) -> Dataset:
        """Store a table, created at `now` (ms since 1970 UTC); durable when it returns.

        Raises LimitExceeded where all datasets and detections would take more than `max_bytes`.
        """
        parts = ([(TIMES_PART, table.times)] if table.times is not None else []) + list(
            enumerate(table.columns.values())
        )
        size = max(MIN_DATASET_BYTES, sum(column.nbytes for _, column in parts))
        new = _describe(table, secrets.token_urlsafe(ID_BYTES), now, size)
        with self._database.write() as connection:
            _check_size(_used_bytes(connection), size, max_bytes)
            connection.execute(sa.insert(dataset).values(_to_row(new)))
        for rows in _batches(
            {"dataset_id": new.id, "part": part, "number": number, "data": data}
            for part, column in parts
            for number, data in enumerate(encode_column(column))
        ):
            with self._database.write() as connection:
                connection.execute(sa.insert(dataset_chunk), rows)
        with self._database.write() as connection:
            connection.execute(sa.update(dataset).where(dataset.c.id == new.id).values(complete=True))
        return new

    def page(self, limit: int, after: tuple[int, str] | None = None) -> list[Dataset]:
        """At most `limit` datasets, newest first; `after`: `created` and id of the last one of the previous page."""
        order = (dataset.c.created.desc(), dataset.c.id.desc())
        query = sa.select(dataset).where(dataset.c.complete).order_by(*order).limit(limit)
        if after is not None:
            created, dataset_id = after
            same_moment = sa.and_(dataset.c.created == created, dataset.c.id < dataset_id)
            query = query.where(sa.or_(dataset.c.created < created, same_moment))
        with self._database.read() as connection:
            return [_from_row(row) for row in connection.execute(query)]

    def get(self, dataset_id: str) -> Dataset | None:
        """A dataset by its id."""
        if "\0" in dataset_id:  # PostgreSQL's text cannot hold it
            return None
        query = sa.select(dataset).where(dataset.c.id == dataset_id, dataset.c.complete)
        with self._database.read() as connection:
            row = connection.execute(query).one_or_none()
        return None if row is None else _from_row(row)

    def delete(self, dataset_id: str) -> bool:
        """Delete a dataset with its labels and detections. Returns whether it existed."""
        with self._database.write() as connection:
            deleted = connection.execute(sa.delete(dataset).where(dataset.c.id == dataset_id)).rowcount
        self._cache.discard(lambda key: key[0] == dataset_id)
        return bool(deleted)

    def delete_old(self, before: int, incomplete_before: int) -> list[str]:
        """Delete the datasets created before a time (ms since 1970 UTC), and incomplete ones created before another.

        Returns their ids.
        """
        incomplete = sa.and_(sa.not_(dataset.c.complete), dataset.c.created < incomplete_before)
        query = sa.select(dataset.c.id).where(sa.or_(dataset.c.created < before, incomplete))
        with self._database.read() as connection:
            ids = list(connection.execute(query).scalars())
        for dataset_id in ids:
            self.delete(dataset_id)
        return ids

    def used_bytes(self) -> int:
        """Size on disk of all datasets and their detections."""
        with self._database.read() as connection:
            return _used_bytes(connection)

    def series(self, stored: Dataset, column: str, start: int = 0, stop: int | None = None) -> Series:
        """The points `start` to `stop` (half-open positions) of one of the dataset's columns.

        Fewer points, perhaps none, where the dataset was deleted meanwhile.
        """
        values = self.values(stored, column, start, stop)
        times = self.times(stored, start, stop)
        return Series(None if times is None else times[: len(values)], values, column)

    def values(self, stored: Dataset, column: str, start: int = 0, stop: int | None = None) -> Floats:
        """(stop - start,) the values of a column; see `series`."""
        part = stored.columns.index(column)
        return self._read_part(stored, part, np.dtype("<f8"), start, stop).astype(np.float64, copy=False)

    def times(self, stored: Dataset, start: int = 0, stop: int | None = None) -> Times | None:
        """(stop - start,) the times; None for a dataset without times. See `series`."""
        if stored.start is None:
            return None
        return self._read_part(stored, TIMES_PART, np.dtype("<M8[ms]"), start, stop)

    def cached_series(self, stored: Dataset, column: str) -> Series:
        """A complete column, cached in memory; its arrays are read-only. See `series`."""
        values = self._cache.get((stored.id, stored.columns.index(column)), lambda: self.values(stored, column))
        if stored.start is None:
            return Series(None, values, column)
        times = self._cache.get(
            (stored.id, TIMES_PART), lambda: self._read_part(stored, TIMES_PART, np.dtype("<M8[ms]"), 0, None)
        )
        return Series(times[: len(values)], values[: len(times)], column)

    def table(self, stored: Dataset) -> Table:
        """The complete table."""
        columns = {name: self.values(stored, name) for name in stored.columns}
        return Table(
            stored.name, self.times(stored), columns, stored.time_column, stored.repairs, stored.default, stored.dates
        )

    def labels(self, dataset_id: str) -> list[Label]:
        """The labels of a dataset, in positions, in the order they were put."""
        query = sa.select(dataset_label).where(dataset_label.c.dataset_id == dataset_id)
        with self._database.read() as connection:
            rows = connection.execute(query.order_by(dataset_label.c.position))
            return [Label(row.start, row.stop, row.kind, row.note) for row in rows]

    def put_labels(self, dataset_id: str, labels: Sequence[Label]) -> bool:
        """Replace the labels of a dataset. False where it does not exist."""
        rows = [{"dataset_id": dataset_id, "position": at, **vars(each)} for at, each in enumerate(labels)]
        with self._database.write() as connection:
            if not connection.execute(sa.select(dataset.c.id).where(dataset.c.id == dataset_id)).one_or_none():
                return False
            connection.execute(sa.delete(dataset_label).where(dataset_label.c.dataset_id == dataset_id))
            if rows:
                connection.execute(sa.insert(dataset_label), rows)
        return True

    def _read_part(
        self, stored: Dataset, part: int, dtype: np.dtype[Any], start: int, stop: int | None
    ) -> np.ndarray[Any, Any]:
        stop = stored.points if stop is None else min(stop, stored.points)
        first = start // CHUNK_POINTS
        last = max(start, stop - 1) // CHUNK_POINTS
        query = (
            sa.select(dataset_chunk.c.data)
            .where(dataset_chunk.c.dataset_id == stored.id, dataset_chunk.c.part == part)
            .where(dataset_chunk.c.number.between(first, last))
            .order_by(dataset_chunk.c.number)
        )
        with self._database.read() as connection:
            column = decode_column(connection.execute(query).scalars(), dtype)
        return column[start - first * CHUNK_POINTS : max(start, stop) - first * CHUNK_POINTS]


def _describe(table: Table, dataset_id: str, now: int, size: int) -> Dataset:
    default = table.series()
    times = None if table.times is None or not len(table.times) else table.times.astype(np.int64)
    return Dataset(
        id=dataset_id,
        name=table.name or default.name,
        created=now,
        points=len(default),
        bytes=size,
        columns=tuple(table.columns),
        default=default.name,
        time_column=table.time_column,
        start=None if times is None else int(times[0]),
        stop=None if times is None else int(times[-1]),
        step=default.step_ms,
        repairs=table.repairs,
        dates=table.dates,
    )


def _to_row(stored: Dataset) -> dict[str, Any]:
    encoded = {
        "name": json.dumps(stored.name),  # as JSON it may hold any character: PostgreSQL's text cannot hold NUL
        "time_column": json.dumps(stored.time_column),
        "columns": json.dumps(stored.columns),
        "default": stored.columns.index(stored.default),
        "repairs": json.dumps([asdict(each) for each in stored.repairs]),
        "dates": None if stored.dates is None else json.dumps(asdict(stored.dates)),
        "complete": False,
    }
    return {**vars(stored), **encoded}


def _from_row(row: sa.Row[Any]) -> Dataset:
    values = row._asdict()
    del values["complete"]
    columns = tuple(json.loads(row.columns))
    decoded = {
        "name": json.loads(row.name),
        "time_column": json.loads(row.time_column),
        "columns": columns,
        "default": columns[values["default"]],
        "repairs": tuple(Repair(**{**each, "lines": tuple(each["lines"])}) for each in json.loads(row.repairs)),
        "dates": None if row.dates is None else DatesRead(**json.loads(row.dates)),
    }
    return Dataset(**values | decoded)


def _used_bytes(connection: sa.Connection) -> int:
    sums = (sa.select(sa.func.coalesce(sa.func.sum(table.c.bytes), 0)) for table in (dataset, detection))
    return sum(int(connection.execute(query).scalar_one()) for query in sums)


def _check_size(used: int, size: int, max_bytes: int) -> None:
    if used + size <= max_bytes:
        return
    message = (
        f"All datasets together may take {max_bytes} bytes; {used} are used and this one needs {size}. "
        "Delete some, or raise the limit."
    )
    raise LimitExceeded(message, limit=max_bytes, taken=used, needed=size, setting="max_dataset_bytes")


def _batches(rows: Iterator[dict[str, Any]]) -> Iterator[list[dict[str, Any]]]:
    """The rows in lists of at most CHUNKS_PER_TRANSACTION."""
    batch: list[dict[str, Any]] = []
    for row in rows:
        batch.append(row)
        if len(batch) == CHUNKS_PER_TRANSACTION:
            yield batch
            batch = []
    if batch:
        yield batch
