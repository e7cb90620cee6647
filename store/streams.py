"""Streams, their points and their fitted detectors as rows and back."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import sqlalchemy as sa
from numpy.typing import NDArray

from events.scored_points import ScoredPoints
from store.codec import (
    CHUNK_POINTS,
    POINT,
    Points,
    decode_points,
    encode_points,
    from_points,
    pack_state,
    to_points,
    unpack_state,
)
from store.database import BUSY_MS, Database
from store.stream_tables import chunk, fitted, last_id, stream

MAX_QUERY_IDS = 500
"""Ids in one query."""

MAX_QUERY_NAMES = 500
"""Names in one query."""

UPDATE_STREAM = (
    sa.update(stream)
    .where(stream.c.id == sa.bindparam("stream_id"), stream.c.cursor == sa.bindparam("cursor_before"))
    .values({name: sa.bindparam(name) for name in ("cursor", "timed", "last_time", "last_arrival", "detector_names")})
)
INSERT_CHUNK = sa.insert(chunk)
"""Built once: building a statement takes longer than running it for one point."""


@dataclass(frozen=True)
class Stream:
    """A stream without its points.

    capacity        points that are stored at least
    cursor          of the last point, 0 before the first
    timed           whether points have times; None before the first
    last_time       of the newest point, ms since 1970 UTC; None without times, or without points
    last_arrival    when the newest point arrived, ms since 1970 UTC
    detector_names  the detector names that the codes of its points index
    retention_ms    points older than this expire; None: never
    expired_cursor  of the last point deleted for its age
    """

    id: int
    name: str
    detector: str
    params: Mapping[str, Any]
    capacity: int
    cursor: int = 0
    timed: bool | None = None
    last_time: int | None = None
    last_arrival: int | None = None
    detector_names: tuple[str, ...] = ()
    retention_ms: int | None = None
    expired_cursor: int = 0

    @property
    def dropped_cursor(self) -> int:
        """The cursor of the last point that cannot be read any more; 0 where all can."""
        return max(self.cursor - self.capacity, self.expired_cursor, 0)

    @property
    def points(self) -> int:
        """How many points can be read."""
        return self.cursor - self.dropped_cursor


@dataclass(frozen=True)
class AppendedPoints:
    """Points to append to a stream; `stream` is the row after it.

    merge  also join small chunks into full ones, and delete those beyond the stream's capacity
    """

    stream: Stream
    points: ScoredPoints
    merge: bool = False


class Conflict(Exception):
    """The stream is not as it was when its points were scored; read it again and retry."""


@dataclass(frozen=True)
class SavedFit:
    """A fitted detector: the parameters requested, the cursor of the newest point of the fit, `Detector.state()`."""

    detector: str
    params: Mapping[str, Any]
    cursor: int
    state: Mapping[str, Any]


class StreamStore:
    """The streams in a database. Safe to use from many threads; writes follow one another."""

    def __init__(self, database: Database) -> None:
        self.database = database

    @classmethod
    def open(cls, url: str) -> Self:
        """The store at an SQLAlchemy URL, its schema upgraded. Raises CannotOpen."""
        return cls(Database.open(url))

    def close(self) -> None:
        """Close every connection."""
        self.database.close()

    def streams(self, limit: int | None = None, after: str = "") -> list[Stream]:
        """At most `limit` streams in the order of their names, those after `after`."""
        after = after.partition("\0")[0]  # no name contains NUL, and PostgreSQL's text cannot hold it
        query = sa.select(stream).where(stream.c.name > after).order_by(stream.c.name).limit(limit)
        with self.database.read() as connection:
            return [_stream(row) for row in connection.execute(query)]

    def count(self) -> int:
        """How many streams there are."""
        with self.database.read() as connection:
            return int(connection.execute(sa.select(sa.func.count()).select_from(stream)).scalar_one())

    def stream(self, name: str) -> Stream | None:
        """A stream by name."""
        if "\0" in name:
            return None
        with self.database.read() as connection:
            row = connection.execute(sa.select(stream).where(stream.c.name == name)).one_or_none()
        return None if row is None else _stream(row)

    def missing_names(self, names: Sequence[str]) -> list[str]:
        """The names that no stream has, in their order."""
        named = sa.select(stream.c.name).where(stream.c.name.in_(sa.bindparam("names", expanding=True)))
        there: set[str] = set()
        with self.database.read() as connection:
            for start in range(0, len(names), MAX_QUERY_NAMES):
                some = [name for name in names[start : start + MAX_QUERY_NAMES] if "\0" not in name]
                there.update(connection.execute(named, {"names": some}).scalars())
        return [name for name in names if name not in there]

    def put(
        self, name: str, detector: str, params: Mapping[str, Any], capacity: int, retention_ms: int | None = None
    ) -> Stream:
        """Create a stream, or change the settings of one."""
        settings: dict[str, Any] = {"detector": detector, "params": json.dumps(dict(params))}
        settings |= {"capacity": capacity, "retention_ms": retention_ms}
        with self.database.write() as connection:
            updated = connection.execute(sa.update(stream).where(stream.c.name == name).values(settings)).rowcount
            if not updated:
                new = {"id": _new_ids(connection, 1)[0], "name": name, "cursor": 0, "detector_names": "[]", **settings}
                connection.execute(sa.insert(stream).values(new))
            row = connection.execute(sa.select(stream).where(stream.c.name == name)).one()
        return _stream(row)

    def create_missing(
        self, names: Sequence[str], detector: str, params: Mapping[str, Any], capacity: int
    ) -> list[Stream]:
        """Create the streams that do not exist yet, in one transaction; returns these."""
        new = {"detector": detector, "params": json.dumps(dict(params)), "capacity": capacity}
        named = sa.select(stream).where(stream.c.name.in_(sa.bindparam("names", expanding=True)))
        created: list[Stream] = []
        with self.database.write() as connection:
            for start in range(0, len(names), MAX_QUERY_NAMES):
                some = names[start : start + MAX_QUERY_NAMES]
                there = {row.name for row in connection.execute(named, {"names": some})}
                rows = [
                    {"name": name, "cursor": 0, "detector_names": "[]", **new} for name in some if name not in there
                ]
                if rows:
                    ids = _new_ids(connection, len(rows))
                    rows = [{"id": each, **row} for each, row in zip(ids, rows, strict=True)]
                    connection.execute(sa.insert(stream), rows)
                    inserted = connection.execute(named, {"names": [row["name"] for row in rows]})
                    created.extend(_stream(row) for row in inserted)
        return created

    def delete(self, stream_id: int) -> None:
        """Delete a stream with its points and its fit."""
        with self.database.write() as connection:
            for table, column in ((chunk, chunk.c.stream_id), (fitted, fitted.c.stream_id), (stream, stream.c.id)):
                connection.execute(sa.delete(table).where(column == stream_id))

    def append(self, appends: Sequence[AppendedPoints]) -> None:
        """Append points in one transaction, all or nothing; durable when it returns.

        Raises Conflict where a stream was deleted, or written to by another service, since its points were scored.
        """
        rows = [row for each in appends for row in _chunks(each)]
        ends: dict[int, dict[str, Any]] = {}
        for each in appends:
            earlier = ends.get(each.stream.id, {"cursor_before": each.points.cursor - len(each.points)})
            ends[each.stream.id] = {**_end(each.stream), "cursor_before": earlier["cursor_before"]}
        with self.database.write(timeout=BUSY_MS / 1000) as connection:
            if connection.execute(UPDATE_STREAM, [*ends.values()]).rowcount != len(ends):
                raise Conflict("a stream was changed or deleted by another service")
            connection.execute(INSERT_CHUNK, rows)
            for each in appends:
                if each.merge:
                    _merge(connection, each.stream)

    def count_small_chunks(self, stream_id: int) -> int:
        """How many chunks of a stream are not full."""
        query = sa.select(sa.func.count()).select_from(chunk).where(_is_small(stream_id))
        with self.database.read() as connection:
            return int(connection.execute(query).scalar_one())

    def read(self, stored: Stream, after: int, limit: int) -> ScoredPoints:
        """At most `limit` points after a cursor, in the order of arrival; none that arrived after `stored` was read."""
        after = max(after, stored.dropped_cursor)
        limit = min(limit, max(stored.cursor - after, 0))
        query = sa.select(chunk.c.data, chunk.c.last, chunk.c.points).where(_of(stored.id), chunk.c.last > after)
        return self._collect(stored, query.order_by(chunk.c.last), after, limit)

    def read_newest(self, stored: Stream, limit: int) -> ScoredPoints:
        """The last `limit` points by arrival."""
        return self.read(stored, stored.cursor - limit, limit)

    def read_latest(self, stored: Stream, limit: int) -> ScoredPoints:
        """The last `limit` points by time; the cursor is the stream's."""
        newest = self.read_newest(stored, limit)
        if stored.last_time is None or not newest.late.any():  # a point that is not late is newer than all before it
            return newest
        return self.read_interval(stored, stored.last_time + 1, stored.last_time, limit)

    def read_interval(self, stored: Stream, start: int, stop: int, before: int) -> ScoredPoints:
        """The points from one time to another, both included (ms since 1970 UTC), and `before` points before these, in
        the order of their times. The cursor is the stream's."""
        dropped = stored.dropped_cursor
        heads = sa.select(chunk.c.last, chunk.c.last_time, chunk.c.points)
        heads = heads.where(_of(stored.id), chunk.c.last > dropped, chunk.c.first_time <= stop)
        points = np.empty(0, POINT)
        with self.database.read() as connection:
            for last, newest, count in connection.execute(heads.order_by(chunk.c.last_time.desc())).all():
                if newest < start and _is_complete(points["time"], start, before, newest):
                    break
                query = sa.select(chunk.c.data).where(_of(stored.id), chunk.c.last == last)
                readable = slice(max(0, dropped - last + count), max(0, stored.cursor - last + count))
                part = decode_points(connection.execute(query).scalar_one(), count)[readable]
                points = np.concatenate([points, part[part["time"] <= stop]])
        points = points[np.argsort(points["time"], kind="stable")]
        first = int(np.searchsorted(points["time"], start)) - before
        return from_points(points[max(0, first) :], stored.detector_names, stored.cursor, timed=True)

    def oldest_time(self, stored: Stream) -> int:
        """The time of the oldest point that can be read, ms since 1970 UTC; that of the newest where none can."""
        dropped = stored.dropped_cursor
        readable = sa.select(sa.func.min(chunk.c.first_time))
        readable = readable.where(_of(stored.id), chunk.c.last - chunk.c.points >= dropped)
        cut = sa.select(chunk.c.data, chunk.c.points, chunk.c.last)
        cut = cut.where(_of(stored.id), chunk.c.last > dropped, chunk.c.last - chunk.c.points < dropped)
        with self.database.read() as connection:
            times = [connection.execute(readable).scalar_one()]
            for data, count, last in connection.execute(cut):
                times.append(decode_points(data, count)["time"][dropped - last + count :].min())
        return min((int(time) for time in times if time is not None), default=stored.last_time or 0)

    def last_points(self, streams: Sequence[Stream], limit: int) -> dict[int, ScoredPoints]:
        """By id of stream its last points by arrival: at most `limit`, fewer where pushes are small. A few queries for
        all streams, which read only the end of each chunk."""
        result: dict[int, ScoredPoints] = {}
        size = sa.func.length(chunk.c.data, type_=sa.Integer) // chunk.c.points
        count = sa.case((chunk.c.points < limit, chunk.c.points), else_=limit)
        end = sa.func.substr(chunk.c.data, sa.func.length(chunk.c.data) - size * count + 1)
        # Decoding needs the stream's row as of this query: it may have changed since `streams` were read.
        row = (stream.c.detector_names, stream.c.timed)
        query = sa.select(chunk.c.stream_id, sa.type_coerce(end, sa.LargeBinary), count, chunk.c.last, *row)
        query = query.join(stream, sa.and_(stream.c.id == chunk.c.stream_id, stream.c.cursor == chunk.c.last))
        with self.database.read() as connection:
            for start in range(0, len(streams), MAX_QUERY_IDS):
                ids = [each.id for each in streams[start : start + MAX_QUERY_IDS]]
                for stream_id, data, points, last, names, timed in connection.execute(
                    query.where(stream.c.id.in_(ids))
                ):
                    part = decode_points(data, points)
                    result[stream_id] = from_points(part, json.loads(names), last, bool(timed))
        return result

    def save_fit(self, stream_id: int, fit: SavedFit) -> None:
        """Replace the fit of a stream; nothing happens where the stream does not exist."""
        row = {
            "stream_id": stream_id,
            "detector": fit.detector,
            "params": json.dumps(dict(fit.params)),
            "cursor": fit.cursor,
            "state": pack_state(fit.state),
        }
        with self.database.write() as connection:
            if connection.execute(sa.select(stream.c.id).where(stream.c.id == stream_id)).one_or_none():
                connection.execute(sa.delete(fitted).where(fitted.c.stream_id == stream_id))
                connection.execute(sa.insert(fitted).values(row))

    def load_fit(self, stream_id: int) -> SavedFit | None:
        """The fit of a stream."""
        with self.database.read() as connection:
            row = connection.execute(sa.select(fitted).where(fitted.c.stream_id == stream_id)).one_or_none()
        if row is None:
            return None
        return SavedFit(row.detector, json.loads(row.params), row.cursor, unpack_state(row.state))

    def _collect(self, stored: Stream, query: sa.Select[Any], after: int, limit: int) -> ScoredPoints:
        """Read chunks in order until there are `limit` points after the cursor `after`."""
        parts: list[Points] = []
        missing = limit
        last = after
        with self.database.read() as connection:
            for data, stop, points in connection.execute(query):
                begin = max(0, after - (stop - points))
                part = decode_points(data, points)[begin : begin + missing]
                parts.append(part)
                missing -= len(part)
                last = stop - points + begin + len(part)
                if not missing:
                    break
        return from_points(
            np.concatenate([np.empty(0, POINT), *parts]), stored.detector_names, last, bool(stored.timed)
        )


def _new_ids(connection: sa.Connection, count: int) -> range:
    """Ids that no stream ever had."""
    first: int = connection.execute(sa.select(last_id.c.stream)).scalar_one() + 1
    connection.execute(sa.update(last_id).values(stream=first + count - 1))
    return range(first, first + count)


def _of(stream_id: int) -> sa.ColumnElement[bool]:
    return chunk.c.stream_id == stream_id


def _is_complete(times: NDArray[np.int64], start: int, before: int, newest: int) -> bool:
    """Whether the last `before` points before `start` are among `times`, if no other point is newer than `newest`."""
    earlier = times[times < start]
    return len(earlier) >= before and (not before or np.partition(earlier, -before)[-before] > newest)


def _is_small(stream_id: int) -> sa.ColumnElement[bool]:
    return sa.and_(_of(stream_id), chunk.c.points < CHUNK_POINTS)


def _stream(row: sa.Row[Any]) -> Stream:
    decoded = {"params": json.loads(row.params), "detector_names": tuple(json.loads(row.detector_names))}
    return Stream(**row._asdict() | decoded)


def _end(after: Stream) -> dict[str, Any]:
    return {
        "stream_id": after.id,
        "cursor": after.cursor,
        "timed": after.timed,
        "last_time": after.last_time,
        "last_arrival": after.last_arrival,
        "detector_names": json.dumps(after.detector_names),
    }


def _chunks(each: AppendedPoints) -> list[dict[str, Any]]:
    return _rows(each.stream.id, to_points(each.points, each.stream.detector_names), each.points.cursor)


def _rows(stream_id: int, points: Points, last: int) -> list[dict[str, Any]]:
    """Rows of at most CHUNK_POINTS points, `last` is the cursor of the last point."""
    first = last - len(points)
    parts = [points[start : start + CHUNK_POINTS] for start in range(0, len(points), CHUNK_POINTS)]
    return [
        {
            "stream_id": stream_id,
            "last": min(first + (k + 1) * CHUNK_POINTS, last),
            "points": len(part),
            "first_time": int(part["time"].min()),
            "last_time": int(part["time"].max()),
            "data": encode_points(part),
        }
        for k, part in enumerate(parts)
    ]


def _merge(connection: sa.Connection, merged: Stream) -> None:
    """Join the chunks from the first small one on into full ones; delete those beyond the stream's capacity."""
    connection.execute(sa.delete(chunk).where(_of(merged.id), chunk.c.last <= merged.cursor - merged.capacity))
    # The first chunk after the expired points is small because it was cut, and everything comes after it: leave it.
    expired = sa.select(stream.c.expired_cursor).where(stream.c.id == merged.id).scalar_subquery()
    is_uncut = sa.or_(expired == 0, chunk.c.last - chunk.c.points != expired)
    first = sa.select(sa.func.min(chunk.c.last)).where(_is_small(merged.id), is_uncut).scalar_subquery()
    query = sa.select(chunk.c.data, chunk.c.points, chunk.c.last)
    query = query.where(_of(merged.id), chunk.c.last >= first).order_by(chunk.c.last)
    rows = connection.execute(query).all()
    if rows:
        connection.execute(sa.delete(chunk).where(_of(merged.id), chunk.c.last >= rows[0].last))
        points = np.concatenate([decode_points(data, count) for data, count, _ in rows])
        connection.execute(sa.insert(chunk), _rows(merged.id, points, rows[-1].last))
