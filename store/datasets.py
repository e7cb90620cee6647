"""Series that were uploaded: tables of values to rows and back, and what people said of them."""

import json
import secrets
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any, cast

import numpy as np
import sqlalchemy as sa

from errors import LimitExceeded
from store.codec import FULL_CHUNK, chunked, joined
from store.column_cache import Columns
from store.database import Database
from store.dataset_tables import detection, series, series_chunk, series_label
from store.labels import Label
from timeseries import DatesRead, Floats, Repair, Series, Table, Times

TIMES = -1
"""The part of a series that its times are."""

AT_ONCE = 32
"""Chunks in one transaction, 1 MB: a point that is pushed to a stream waits no longer than that takes."""

DATES = "dates "
"""How the code begins under which it is kept how dates were read."""

LEAST_BYTES = 4096
"""What a series counts as at least: its row and its repairs lie on the disk, too."""

HELD_BYTES = 256 * 1024 * 1024
"""Memory for the columns that were looked at last: thirty of a million points."""

ID_BYTES = 12
"""Random bytes of an id; it is written with 16 characters."""


@dataclass(frozen=True)
class Dataset:
    """A series as it is kept, without its points.

    created      when it came, ms since 1970 UTC
    bytes        what it takes on the disk
    columns      the names of its value columns, in order; `default` is the one judged when none is asked for
    time_column  where its times came from; None where it has none, or JSON told them
    start, stop  of its first and last point, ms since 1970 UTC; None where it has no times
    step         the usual distance of points, ms
    dates        how dates that can be written in several orders were read; None where there were none
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
    """The uploaded series' share of a database. Safe to use from many threads."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._held = Columns(HELD_BYTES)

    def add(self, table: Table, now: int, most_bytes: int) -> Dataset:
        """Keeps a table, which came at `now` (ms since 1970 UTC); durable when it returns.

        Raises LimitExceeded where all that is kept would take more than `most_bytes`.
        """
        parts = ([(TIMES, table.times)] if table.times is not None else []) + list(enumerate(table.columns.values()))
        size = max(LEAST_BYTES, sum(column.nbytes for _, column in parts))
        new = _kept(table, secrets.token_urlsafe(ID_BYTES), now, size)
        with self._database.write() as connection:
            _check_room(_taken(connection), size, most_bytes)
            connection.execute(sa.insert(series).values(_row(new)))
        for rows in _some(
            {"series_id": new.id, "part": part, "number": number, "data": data}
            for part, column in parts
            for number, data in enumerate(chunked(column))
        ):
            with self._database.write() as connection:
                connection.execute(sa.insert(series_chunk), rows)
        with self._database.write() as connection:
            connection.execute(sa.update(series).where(series.c.id == new.id).values(whole=True))
        return new

    def listed(self, limit: int, after: tuple[int, str] | None = None) -> list[Dataset]:
        """Series, the newest first; those after one that came at a time (ms) and has an id."""
        order = (series.c.created.desc(), series.c.id.desc())
        query = sa.select(series).where(series.c.whole).order_by(*order).limit(limit)
        if after is not None:
            earlier = sa.or_(series.c.created < after[0], sa.and_(series.c.created == after[0], series.c.id < after[1]))
            query = query.where(earlier)
        with self._database.read() as connection:
            return [_of(row) for row in connection.execute(query)]

    def get(self, series_id: str) -> Dataset | None:
        """A series by its id."""
        if "\0" in series_id:  # no text of PostgreSQL's holds it
            return None
        with self._database.read() as connection:
            row = connection.execute(sa.select(series).where(series.c.id == series_id, series.c.whole)).one_or_none()
        return None if row is None else _of(row)

    def delete(self, series_id: str) -> bool:
        """Forgets a series with its labels and detections. Returns whether it was there."""
        with self._database.write() as connection:
            there = connection.execute(sa.delete(series).where(series.c.id == series_id)).rowcount
        self._held.forget(lambda key: key[0] == series_id)
        return bool(there)

    def forget(self, before: int, unfinished_before: int) -> list[str]:
        """Forgets the series that came before a time (ms since 1970 UTC), and what was left of those whose keeping
        began before another and never ended. Gives their ids."""
        unfinished = sa.and_(sa.not_(series.c.whole), series.c.created < unfinished_before)
        query = sa.select(series.c.id).where(sa.or_(series.c.created < before, unfinished))
        with self._database.read() as connection:
            old = list(connection.execute(query).scalars())
        for series_id in old:
            self.delete(series_id)
        return old

    def taken(self) -> int:
        """Bytes that all series and their detections take."""
        with self._database.read() as connection:
            return _taken(connection)

    def series(self, of: Dataset, column: str, start: int = 0, stop: int | None = None) -> Series:
        """The points `start` to `stop` (half open positions) of one column, which is one of `of.columns`. Fewer than
        asked for, perhaps none, where the series was deleted meanwhile."""
        values = self.values(of, column, start, stop)
        times = self.times(of, start, stop)
        return Series(None if times is None else times[: len(values)], values, column)

    def values(self, of: Dataset, column: str, start: int = 0, stop: int | None = None) -> Floats:
        """(n,) the values of a column from `start` up to `stop`; see `series`."""
        return self._part(of, of.columns.index(column), np.dtype("<f8"), start, stop).astype(np.float64, copy=False)

    def times(self, of: Dataset, start: int = 0, stop: int | None = None) -> Times | None:
        """(n,) the times of points from `start` up to `stop`; None where the series has none. See `series`."""
        if of.start is None:
            return None
        return self._part(of, TIMES, np.dtype("<M8[ms]"), start, stop)

    def held(self, of: Dataset, column: str) -> Series:
        """A whole column, which stays in memory for a while; its arrays cannot be written to. See `series`."""
        values = self._held.get((of.id, of.columns.index(column)), lambda: self.values(of, column))
        if of.start is None:
            return Series(None, values, column)
        times = self._held.get((of.id, TIMES), lambda: self._part(of, TIMES, np.dtype("<M8[ms]"), 0, None))
        return Series(times[: len(values)], values[: len(times)], column)

    def table(self, of: Dataset) -> Table:
        """The whole table, as it was kept."""
        columns = {name: self.values(of, name) for name in of.columns}
        return Table(of.name, self.times(of), columns, of.time_column, of.repairs, of.default, of.dates)

    def labels(self, series_id: str) -> list[Label]:
        """What people said of a series, in the order in which they said it; positions."""
        query = sa.select(series_label).where(series_label.c.series_id == series_id).order_by(series_label.c.position)
        with self._database.read() as connection:
            return [Label(row.start, row.stop, row.kind, row.note) for row in connection.execute(query)]

    def put_labels(self, series_id: str, labels: Sequence[Label]) -> bool:
        """Keeps the labels of a series in place of those before. False where it was deleted meanwhile."""
        rows = [{"series_id": series_id, "position": at, **vars(each)} for at, each in enumerate(labels)]
        with self._database.write() as connection:
            if not connection.execute(sa.select(series.c.id).where(series.c.id == series_id)).one_or_none():
                return False
            connection.execute(sa.delete(series_label).where(series_label.c.series_id == series_id))
            if rows:
                connection.execute(sa.insert(series_label), rows)
        return True

    def _part(self, of: Dataset, part: int, kind: np.dtype[Any], start: int, stop: int | None) -> np.ndarray[Any, Any]:
        stop = of.points if stop is None else min(stop, of.points)
        first, last = start // FULL_CHUNK, max(start, stop - 1) // FULL_CHUNK
        query = (
            sa.select(series_chunk.c.data)
            .where(series_chunk.c.series_id == of.id, series_chunk.c.part == part)
            .where(series_chunk.c.number.between(first, last))
            .order_by(series_chunk.c.number)
        )
        with self._database.read() as connection:
            found = joined(connection.execute(query).scalars(), kind)
        return found[start - first * FULL_CHUNK : max(start, stop) - first * FULL_CHUNK]


def _kept(table: Table, series_id: str, now: int, size: int) -> Dataset:
    whole = table.series()
    times = None if table.times is None else table.times.astype(np.int64)
    timed = times is not None and len(times) > 0
    return Dataset(
        id=series_id,
        name=table.name or whole.name,
        created=now,
        points=len(whole),
        bytes=size,
        columns=tuple(table.columns),
        default=whole.name,
        time_column=table.time_column,
        start=int(times[0]) if times is not None and timed else None,
        stop=int(times[-1]) if times is not None and timed else None,
        step=whole.step_ms,
        repairs=table.repairs,
        dates=table.dates,
    )


def _row(kept: Dataset) -> dict[str, Any]:
    told = {
        "name": json.dumps(kept.name),  # as JSON it may hold any letter: no text of PostgreSQL's holds NUL
        "time_column": json.dumps(kept.time_column),
        "columns": json.dumps(kept.columns),
        "default": kept.columns.index(kept.default),
        "repairs": json.dumps([asdict(each) for each in (*kept.repairs, *_as_repair(kept.dates))]),
        "whole": False,
    }
    return {name: value for name, value in {**vars(kept), **told}.items() if name != "dates"}


def _of(row: sa.Row[Any]) -> Dataset:
    told = row._asdict()
    del told["whole"]
    told |= {"name": json.loads(row.name), "time_column": json.loads(row.time_column)}
    columns = tuple(json.loads(row.columns))
    every = [Repair(**{**each, "lines": tuple(each["lines"])}) for each in json.loads(row.repairs)]
    repairs = tuple(each for each in every if not each.code.startswith(DATES))
    dates = next((_as_dates(each) for each in every if each.code.startswith(DATES)), None)
    return Dataset(
        **told | {"columns": columns, "default": columns[told["default"]], "repairs": repairs, "dates": dates}
    )


def _as_repair(dates: DatesRead | None) -> list[Repair]:
    """How dates were read, in the shape in which it is kept among the repairs; an earlier version tells it as one."""
    return [] if dates is None else [Repair(f"{DATES}{dates.order} {dates.by}", dates.message)]


def _as_dates(kept: Repair) -> DatesRead:
    order, by = kept.code.removeprefix(DATES).split(" ")
    return DatesRead(cast(Any, order), cast(Any, by), kept.message)


def _taken(connection: sa.Connection) -> int:
    sums = (sa.select(sa.func.coalesce(sa.func.sum(each.c.bytes), 0)) for each in (series, detection))
    return sum(int(connection.execute(query).scalar_one()) for query in sums)


def _check_room(taken: int, size: int, most: int) -> None:
    if taken + size <= most:
        return
    said = (
        f"All series that are kept may take {most} bytes; {taken} are taken and this one needs {size}. "
        "Delete some, or raise the limit."
    )
    raise LimitExceeded(said, limit=most, taken=taken, needed=size, setting="max_dataset_bytes")


def _some(rows: Iterator[dict[str, Any]]) -> Iterator[list[dict[str, Any]]]:
    """At most AT_ONCE rows at a time."""
    some: list[dict[str, Any]] = []
    for row in rows:
        some.append(row)
        if len(some) == AT_ONCE:
            yield some
            some = []
    if some:
        yield some
