"""Silences of streams and the rhythms that make them: kept so that each is told once, whatever happens between."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from store.alert_tables import message, watch
from store.database import Database
from store.outbox import Message, Watch, message_values, untold, watch_of
from store.stream_tables import rhythm, silence
from store.tables import stream

MOST = 1_000
"""Silences of one stream that are remembered, the newest."""


@dataclass(frozen=True)
class Silence:
    """A stretch in which nothing came; times are ms since 1970 UTC.

    number     it is the stream's so-and-so-manieth silence, from 1
    cursor, last_time, seen  of the last point before it: its cursor, its own time (None: counted), its arrival
    allowed    how long the stream could be quiet before it was silent, ms
    noticed    when it was found silent
    stop       when the next point arrived; None while it lasts
    announced  whether its beginning was told; None before that is decided
    """

    stream_id: int
    number: int
    cursor: int
    last_time: int | None
    seen: int
    allowed: int
    noticed: int
    stop: int | None = None
    announced: bool | None = None


@dataclass(frozen=True)
class Pending:
    """A silence of which something may have to be told, its stream's name and how that is watched, if it is."""

    name: str
    silence: Silence
    watch: Watch | None


class Silences:
    """The silences' share of a database. Safe to use from many threads."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def open(self) -> dict[str, tuple[Silence, int | None]]:
        """The silences that last, by the stream's name, and when the stream's newest point arrived."""
        query = sa.select(stream.c.name, stream.c.seen.label("came"), *silence.c)
        query = query.join(stream, stream.c.id == silence.c.stream_id).where(silence.c.stop.is_(None))
        with self._database.read() as connection:
            return {row.name: (_silence(row), row.came) for row in connection.execute(query)}

    def of(self, stream_id: int, limit: int = MOST) -> list[Silence]:
        """The silences of a stream, the newest first."""
        query = sa.select(silence).where(silence.c.stream_id == stream_id).order_by(silence.c.number.desc())
        with self._database.read() as connection:
            return [_silence(row) for row in connection.execute(query.limit(limit))]

    def begin(self, found: Mapping[str, Silence]) -> dict[str, Silence]:
        """Keeps silences that begin, by the name of their stream, which are numbered. All or nothing, but for streams
        that were deleted meanwhile. Gives what was kept."""
        kept = {}
        with self._database.write() as connection:
            for name, each in found.items():
                there = sa.and_(stream.c.id == each.stream_id, stream.c.name == name)
                if connection.execute(sa.select(stream.c.id).where(there)).one_or_none():
                    last = sa.select(sa.func.max(silence.c.number)).where(silence.c.stream_id == each.stream_id)
                    number = (connection.execute(last).scalar_one() or 0) + 1
                    kept[name] = Silence(**{**vars(each), "number": number})
                    connection.execute(sa.insert(silence).values(**vars(kept[name]), pending=True))
                    old = sa.and_(silence.c.stream_id == each.stream_id, silence.c.number <= number - MOST)
                    connection.execute(sa.delete(silence).where(old))
        return kept

    def end(self, over: Iterable[Silence]) -> None:
        """Keeps when silences ended: their `stop`."""
        with self._database.write() as connection:
            for each in over:
                connection.execute(sa.update(silence).where(_at(each)).values(stop=each.stop, pending=True))

    def pending(self, limit: int) -> list[Pending]:
        """Silences of which something may have to be told."""
        columns = [stream.c.name, *silence.c, *(column.label(f"watch_{column.name}") for column in watch.c)]
        query = (
            sa.select(*columns)
            .join(stream, stream.c.id == silence.c.stream_id)
            .outerjoin(watch, watch.c.stream_id == silence.c.stream_id)
            .where(silence.c.pending)
            .order_by(silence.c.noticed)
            .limit(limit)
        )
        with self._database.read() as connection:
            return [_pending(row) for row in connection.execute(query)]

    def settle(self, each: Silence, announced: bool, messages: Sequence[Message]) -> bool:
        """Keeps what was decided on a silence together with its messages. False where it changed meanwhile."""
        same = sa.and_(_at(each), silence.c.stop.is_not_distinct_from(each.stop), silence.c.pending)
        with self._database.write() as connection:
            update = sa.update(silence).where(same).values(announced=announced, pending=False)
            if not connection.execute(update).rowcount:
                return False
            if messages:
                connection.execute(sa.insert(message), [message_values(each) for each in messages])
        return True

    def told(self, stream_id: int) -> list[Silence]:
        """The silences of a stream whose beginning was told and whose end was not."""
        with self._database.read() as connection:
            return [_silence(row) for row in connection.execute(sa.select(silence).where(untold(stream_id)))]

    def tell_anew(self, stream_id: int) -> None:
        """Has a silence that lasts decided on again, where its beginning was not told: its stream is watched now."""
        lasts = sa.and_(silence.c.stream_id == stream_id, silence.c.stop.is_(None), silence.c.announced.is_(False))
        with self._database.write() as connection:
            connection.execute(sa.update(silence).where(lasts).values(announced=None, pending=True))

    def rhythm(self, stream_id: int) -> dict[str, Any] | None:
        """The rhythm of a stream as JSON values, if one is kept."""
        with self._database.read() as connection:
            found = connection.execute(sa.select(rhythm.c.state).where(rhythm.c.stream_id == stream_id))
            state = found.scalar_one_or_none()
        return None if state is None else dict(json.loads(state))

    def save_rhythms(self, states: Mapping[int, Mapping[str, Any]]) -> None:
        """Keeps the rhythms of streams, by id; those of streams that were deleted meanwhile are left out."""
        ids = list(states)
        with self._database.write() as connection:
            connection.execute(sa.delete(rhythm).where(rhythm.c.stream_id.in_(ids)))
            there = connection.execute(sa.select(stream.c.id).where(stream.c.id.in_(ids))).scalars()
            rows = [{"stream_id": each, "state": json.dumps(dict(states[each]))} for each in there]
            if rows:
                connection.execute(sa.insert(rhythm), rows)

    def awake(self) -> list[str]:
        """The names of the streams that have points and are not silent."""
        lasts = sa.select(silence.c.stream_id).where(silence.c.stop.is_(None))
        query = sa.select(stream.c.name).where(stream.c.cursor > 0, stream.c.id.not_in(lasts))
        with self._database.read() as connection:
            return list(connection.execute(query.order_by(stream.c.seen.desc())).scalars())


def _at(each: Silence) -> sa.ColumnElement[bool]:
    return sa.and_(silence.c.stream_id == each.stream_id, silence.c.number == each.number)


def _silence(row: sa.Row[Any]) -> Silence:
    return Silence(**{name: getattr(row, name) for name in Silence.__dataclass_fields__})


def _pending(row: sa.Row[Any]) -> Pending:
    named = {column.name: getattr(row, f"watch_{column.name}") for column in watch.c}
    return Pending(row.name, _silence(row), None if named["stream_id"] is None else watch_of(named))
