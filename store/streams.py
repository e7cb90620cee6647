"""Streams and their points: rows to kernel types and back."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import sqlalchemy as sa
from numpy.typing import NDArray

from events.scored_points import ScoredPoints
from store.codec import FULL_CHUNK, POINT, Points, from_points, pack_state, packed, to_points, unpack_state, unpacked
from store.database import BUSY_MS, Database
from store.tables import chunk, fitted, last_id, stream

IDS_AT_ONCE = 500
"""Ids in one query."""


NAMED_AT_ONCE = 500
"""Names in one query."""

GROW = (
    sa.update(stream)
    .where(stream.c.id == sa.bindparam("at"), stream.c.cursor == sa.bindparam("before"))
    .values({name: sa.bindparam(name) for name in ("cursor", "timed", "last_time", "seen", "judges")})
)
ADD = sa.insert(chunk)
"""Made once: to make a statement takes longer than to run it for one point."""


@dataclass(frozen=True)
class Stream:
    """A stream as it is stored.

    capacity   points that are kept at least
    cursor     of the last point, 0 before the first
    timed      whether points have times; None before the first
    last_time  of the newest point, ms since 1970 UTC (None: counted, or no point yet)
    seen       when that arrived, ms since 1970 UTC
    judges     the detector names that its points' codes count
    keep_ms    points older than that are forgotten; None: none is for its age
    forgotten  cursor of the last point that was forgotten for its age
    """

    id: int
    name: str
    detector: str
    params: Mapping[str, Any]
    capacity: int
    cursor: int = 0
    timed: bool | None = None
    last_time: int | None = None
    seen: int | None = None
    judges: tuple[str, ...] = ()
    keep_ms: int | None = None
    forgotten: int = 0

    @property
    def gone(self) -> int:
        """The cursor of the last point that cannot be read any more; 0 where all can."""
        return max(self.cursor - self.capacity, self.forgotten, 0)

    @property
    def points(self) -> int:
        """How many points can be read."""
        return self.cursor - self.gone


@dataclass(frozen=True)
class Append:
    """Points to be added to a stream, which then is as `stream` says; `merge` small chunks and forget old ones."""

    stream: Stream
    judged: ScoredPoints
    merge: bool = False


class Conflict(Exception):
    """Points cannot follow those that are there; whoever reads the stream again may go on."""


@dataclass(frozen=True)
class Fitted:
    """What a detector learned: `params` are what it was asked for, `cursor` that of the newest point it saw."""

    detector: str
    params: Mapping[str, Any]
    cursor: int
    state: Mapping[str, Any]


class Store:
    """One database. Safe to use from many threads; writes follow one another."""

    def __init__(self, database: Database) -> None:
        self.database = database

    @classmethod
    def open(cls, url: str) -> Self:
        """The store at an SQLAlchemy URL, its schema upgraded. Raises CannotOpen."""
        return cls(Database.open(url))

    def close(self) -> None:
        """Closes every connection."""
        self.database.close()

    def streams(self, limit: int | None = None, after: str = "") -> list[Stream]:
        """Streams by name, those after `after`."""
        after = after.partition("\0")[0]  # no name holds that letter, and PostgreSQL takes none that does
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

    def missing(self, names: Sequence[str]) -> list[str]:
        """Those of the names that no stream has."""
        named = sa.select(stream.c.name).where(stream.c.name.in_(sa.bindparam("names", expanding=True)))
        there: set[str] = set()
        with self.database.read() as connection:
            for start in range(0, len(names), NAMED_AT_ONCE):
                some = [name for name in names[start : start + NAMED_AT_ONCE] if "\0" not in name]
                there.update(connection.execute(named, {"names": some}).scalars())
        return [name for name in names if name not in there]

    def put(
        self, name: str, detector: str, params: Mapping[str, Any], capacity: int, keep_ms: int | None = None
    ) -> Stream:
        """Makes a stream, or changes one."""
        changed: dict[str, Any] = {"detector": detector, "params": json.dumps(dict(params))}
        changed |= {"capacity": capacity, "keep_ms": keep_ms}
        with self.database.write() as connection:
            there = connection.execute(sa.update(stream).where(stream.c.name == name).values(changed)).rowcount
            if not there:
                new = {"id": _new_ids(connection, 1)[0], "name": name, "cursor": 0, "judges": "[]", **changed}
                connection.execute(sa.insert(stream).values(new))
            row = connection.execute(sa.select(stream).where(stream.c.name == name)).one()
        return _stream(row)

    def make(self, names: Sequence[str], detector: str, params: Mapping[str, Any], capacity: int) -> list[Stream]:
        """Makes the streams that do not exist yet, in one transaction; gives these."""
        new = {"detector": detector, "params": json.dumps(dict(params)), "capacity": capacity}
        named = sa.select(stream).where(stream.c.name.in_(sa.bindparam("names", expanding=True)))
        made: list[Stream] = []
        with self.database.write() as connection:
            for start in range(0, len(names), NAMED_AT_ONCE):
                some = names[start : start + NAMED_AT_ONCE]
                there = {row.name for row in connection.execute(named, {"names": some})}
                rows = [{"name": name, "cursor": 0, "judges": "[]", **new} for name in some if name not in there]
                if rows:
                    ids = _new_ids(connection, len(rows))
                    rows = [{"id": each, **row} for each, row in zip(ids, rows, strict=True)]
                    connection.execute(sa.insert(stream), rows)
                    found = connection.execute(named, {"names": [row["name"] for row in rows]})
                    made.extend(_stream(row) for row in found)
        return made

    def delete(self, stream_id: int) -> None:
        """Forgets a stream, its points and what was learned."""
        with self.database.write() as connection:
            for table, column in ((chunk, chunk.c.stream_id), (fitted, fitted.c.stream_id), (stream, stream.c.id)):
                connection.execute(sa.delete(table).where(column == stream_id))

    def append(self, appends: Sequence[Append]) -> None:
        """Adds points in one transaction; durable when it returns. All or nothing.

        Raises Conflict where a stream is not as it was when its points were judged: deleted, or written to by another
        service.
        """
        rows = [row for each in appends for row in _chunks(each)]
        ends: dict[int, dict[str, Any]] = {}
        for each in appends:
            begun = ends.get(each.stream.id, {"before": each.judged.cursor - len(each.judged)})
            ends[each.stream.id] = {**_end(each.stream), "before": begun["before"]}
        with self.database.write(patience=BUSY_MS / 1000) as connection:
            if connection.execute(GROW, [*ends.values()]).rowcount != len(ends):
                raise Conflict("a stream was changed or deleted by another service")
            connection.execute(ADD, rows)
            for each in appends:
                if each.merge:
                    _merge(connection, each.stream)

    def pieces(self, stream_id: int) -> int:
        """How many rows of a stream are not full."""
        query = sa.select(sa.func.count()).select_from(chunk).where(_small(stream_id))
        with self.database.read() as connection:
            return int(connection.execute(query).scalar_one())

    def read(self, of: Stream, after: int, limit: int) -> ScoredPoints:
        """At most `limit` points after a cursor, the oldest first; none that came after the stream was as `of` says."""
        after = max(after, of.gone)
        limit = min(limit, max(of.cursor - after, 0))
        query = sa.select(chunk.c.data, chunk.c.last, chunk.c.points).where(_of(of.id), chunk.c.last > after)
        return self._collect(of, query.order_by(chunk.c.last), after, limit)

    def newest(self, of: Stream, limit: int) -> ScoredPoints:
        """The last `limit` points."""
        return self.read(of, of.cursor - limit, limit)

    def latest(self, of: Stream, limit: int) -> ScoredPoints:
        """The last `limit` points by time; the cursor is the stream's."""
        newest = self.newest(of, limit)
        if of.last_time is None or not newest.late.any():  # a point that is not late is newer than all before it
            return newest
        return self.around(of, of.last_time + 1, of.last_time, limit)

    def around(self, of: Stream, start: int, stop: int, before: int) -> ScoredPoints:
        """By time: the points from a time to another, both included (ms since 1970 UTC), and `before` points before
        the first. The cursor is the stream's."""
        gone = of.gone
        heads = sa.select(chunk.c.last, chunk.c.last_time, chunk.c.points)
        heads = heads.where(_of(of.id), chunk.c.last > gone, chunk.c.first_time <= stop)
        found = np.empty(0, POINT)
        with self.database.read() as connection:
            for last, newest, count in connection.execute(heads.order_by(chunk.c.last_time.desc())).all():
                if newest < start and _complete(found["time"], start, before, newest):
                    break
                query = sa.select(chunk.c.data).where(_of(of.id), chunk.c.last == last)
                known = slice(max(0, gone - last + count), max(0, of.cursor - last + count))
                part = unpacked(connection.execute(query).scalar_one(), count)[known]
                found = np.concatenate([found, part[part["time"] <= stop]])
        found = found[np.argsort(found["time"], kind="stable")]
        first = int(np.searchsorted(found["time"], start)) - before
        return from_points(found[max(0, first) :], of.judges, of.cursor, timed=True)

    def oldest_time(self, of: Stream) -> int:
        """The time of the oldest point that can be read, ms since 1970 UTC; that of the newest where none can."""
        gone = of.gone
        whole = sa.select(sa.func.min(chunk.c.first_time)).where(_of(of.id), chunk.c.last - chunk.c.points >= gone)
        cut = sa.select(chunk.c.data, chunk.c.points, chunk.c.last)
        cut = cut.where(_of(of.id), chunk.c.last > gone, chunk.c.last - chunk.c.points < gone)
        with self.database.read() as connection:
            times = [connection.execute(whole).scalar_one()]
            for data, count, last in connection.execute(cut):
                times.append(unpacked(data, count)["time"][gone - last + count :].min())
        return min((int(time) for time in times if time is not None), default=of.last_time or 0)

    def last_points(self, streams: Sequence[Stream], most: int) -> dict[int, ScoredPoints]:
        """By id of stream the points that came last, at most `most`, fewer where pushes are small: one query for all,
        and of each row only its end."""
        found: dict[int, ScoredPoints] = {}
        size = sa.func.length(chunk.c.data, type_=sa.Integer) // chunk.c.points
        count = sa.case((chunk.c.points < most, chunk.c.points), else_=most)
        end = sa.func.substr(chunk.c.data, sa.func.length(chunk.c.data) - size * count + 1)
        # What the points say depends on the stream's row, which may have changed since it was read.
        row = (stream.c.judges, stream.c.timed)
        query = sa.select(chunk.c.stream_id, sa.type_coerce(end, sa.LargeBinary), count, chunk.c.last, *row)
        query = query.join(stream, sa.and_(stream.c.id == chunk.c.stream_id, stream.c.cursor == chunk.c.last))
        with self.database.read() as connection:
            for start in range(0, len(streams), IDS_AT_ONCE):
                ids = [each.id for each in streams[start : start + IDS_AT_ONCE]]
                for stream_id, data, points, last, judges, timed in connection.execute(
                    query.where(stream.c.id.in_(ids))
                ):
                    found[stream_id] = from_points(unpacked(data, points), json.loads(judges), last, bool(timed))
        return found

    def save_fit(self, stream_id: int, fit: Fitted) -> None:
        """Keeps what a stream's detector learned, in place of what it learned before; nothing of a stream that was
        deleted meanwhile."""
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

    def fit(self, stream_id: int) -> Fitted | None:
        """What a stream's detector learned."""
        with self.database.read() as connection:
            row = connection.execute(sa.select(fitted).where(fitted.c.stream_id == stream_id)).one_or_none()
        if row is None:
            return None
        return Fitted(row.detector, json.loads(row.params), row.cursor, unpack_state(row.state))

    def _collect(self, of: Stream, query: sa.Select[Any], after: int, limit: int) -> ScoredPoints:
        """Reads chunks in order until there are `limit` points after the cursor `after`."""
        found: list[Points] = []
        left, last = limit, after
        with self.database.read() as connection:
            for data, stop, points in connection.execute(query):
                begin = max(0, after - (stop - points))
                part = unpacked(data, points)[begin : begin + left]
                found.append(part)
                left -= len(part)
                last = stop - points + begin + len(part)
                if not left:
                    break
        return from_points(np.concatenate([np.empty(0, POINT), *found]), of.judges, last, bool(of.timed))


def _new_ids(connection: sa.Connection, count: int) -> range:
    """Ids that no stream ever had."""
    first: int = connection.execute(sa.select(last_id.c.stream)).scalar_one() + 1
    connection.execute(sa.update(last_id).values(stream=first + count - 1))
    return range(first, first + count)


def _of(stream_id: int) -> sa.ColumnElement[bool]:
    return chunk.c.stream_id == stream_id


def _complete(times: NDArray[np.int64], start: int, before: int, newest: int) -> bool:
    """Whether of the points before `start` the last `before` are known, when the others are not after `newest`."""
    earlier = times[times < start]
    return len(earlier) >= before and (not before or np.partition(earlier, -before)[-before] > newest)


def _small(stream_id: int) -> sa.ColumnElement[bool]:
    return sa.and_(_of(stream_id), chunk.c.points < FULL_CHUNK)


def _stream(row: sa.Row[Any]) -> Stream:
    told = row._asdict()
    return Stream(**told | {"params": json.loads(row.params), "judges": tuple(json.loads(row.judges))})


def _end(of: Stream) -> dict[str, Any]:
    return {
        "at": of.id,
        "cursor": of.cursor,
        "timed": of.timed,
        "last_time": of.last_time,
        "seen": of.seen,
        "judges": json.dumps(of.judges),
    }


def _chunks(each: Append) -> list[dict[str, Any]]:
    return _rows(each.stream.id, to_points(each.judged, each.stream.judges), each.judged.cursor)


def _rows(stream_id: int, points: Points, last: int) -> list[dict[str, Any]]:
    """Rows of at most FULL_CHUNK points, of which the last has the cursor `last`."""
    first = last - len(points)
    parts = [points[start : start + FULL_CHUNK] for start in range(0, len(points), FULL_CHUNK)]
    return [
        {
            "stream_id": stream_id,
            "last": min(first + (k + 1) * FULL_CHUNK, last),
            "points": len(part),
            "first_time": int(part["time"].min()),
            "last_time": int(part["time"].max()),
            "data": packed(part),
        }
        for k, part in enumerate(parts)
    ]


def _merge(connection: sa.Connection, of: Stream) -> None:
    """Makes full chunks from the first small one on, and forgets those that lie wholly beyond the stream's capacity."""
    connection.execute(sa.delete(chunk).where(_of(of.id), chunk.c.last <= of.cursor - of.capacity))
    # The row that begins where forgetting by age ended is small for that reason, and everything comes after it.
    cut = sa.select(stream.c.forgotten).where(stream.c.id == of.id).scalar_subquery()
    whole = sa.or_(cut == 0, chunk.c.last - chunk.c.points != cut)
    first = sa.select(sa.func.min(chunk.c.last)).where(_small(of.id), whole).scalar_subquery()
    query = (
        sa.select(chunk.c.data, chunk.c.points, chunk.c.last)
        .where(_of(of.id), chunk.c.last >= first)
        .order_by(chunk.c.last)
    )
    rows = connection.execute(query).all()
    if rows:
        connection.execute(sa.delete(chunk).where(_of(of.id), chunk.c.last >= rows[0].last))
        points = np.concatenate([unpacked(data, count) for data, count, _ in rows])
        connection.execute(sa.insert(chunk), _rows(of.id, points, rows[-1].last))
