"""Silences of streams, and the arrival intervals that define them; stored, so that each is alerted once."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import sqlalchemy as sa

from store.alert_tables import message, watch
from store.database import Database
from store.outbox import Message, WatchedStream, message_values, unresolved, watch_of
from store.stream_tables import arrival_intervals, silence, stream

MAX_SILENCES = 1_000
"""Silences stored of one stream, the newest."""


@dataclass(frozen=True)
class Silence:
    """An interval without points; times are ms since 1970 UTC.

    number         counts the stream's silences, from 1
    cursor         of the last point before it
    last_time      of that point; None where points have no times
    last_arrival   when that point arrived
    allowed        longest interval without points that is normal, ms
    noticed        when the silence was detected
    stop           when the next point arrived; None while it lasts
    announced      whether a `firing` message was sent; None before that is decided
    """

    stream_id: int
    number: int
    cursor: int
    last_time: int | None
    last_arrival: int
    allowed: int
    noticed: int
    stop: int | None = None
    announced: bool | None = None


@dataclass(frozen=True)
class PendingSilence:
    """A silence that may need a message, its stream's name, and the stream's watch where it has one."""

    name: str
    silence: Silence
    watch: WatchedStream | None


class Silences:
    """The silences in a database. Safe to use from many threads."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def open(self) -> dict[str, tuple[Silence, int | None]]:
        """The open silences by the stream's name, and when the stream's newest point arrived."""
        query = sa.select(stream.c.name, stream.c.last_arrival.label("stream_arrival"), *silence.c)
        query = query.join(stream, stream.c.id == silence.c.stream_id).where(silence.c.stop.is_(None))
        with self._database.read() as connection:
            return {row.name: (_silence(row), row.stream_arrival) for row in connection.execute(query)}

    def of(self, stream_id: int, limit: int = MAX_SILENCES) -> list[Silence]:
        """The silences of a stream, newest first."""
        query = sa.select(silence).where(silence.c.stream_id == stream_id).order_by(silence.c.number.desc())
        with self._database.read() as connection:
            return [_silence(row) for row in connection.execute(query.limit(limit))]

    def begin(self, silences: Mapping[str, Silence]) -> dict[str, Silence]:
        """Store silences that begin, by the name of their stream, and number them; returns these.

        All or nothing, except for streams that do not exist any more.
        """
        stored = {}
        with self._database.write() as connection:
            for name, each in silences.items():
                same_stream = sa.and_(stream.c.id == each.stream_id, stream.c.name == name)
                if connection.execute(sa.select(stream.c.id).where(same_stream)).one_or_none():
                    last = sa.select(sa.func.max(silence.c.number)).where(silence.c.stream_id == each.stream_id)
                    number = (connection.execute(last).scalar_one() or 0) + 1
                    stored[name] = replace(each, number=number)
                    connection.execute(sa.insert(silence).values(**vars(stored[name]), pending=True))
                    old = sa.and_(silence.c.stream_id == each.stream_id, silence.c.number <= number - MAX_SILENCES)
                    connection.execute(sa.delete(silence).where(old))
        return stored

    def end(self, ended: Iterable[Silence]) -> None:
        """Store when silences ended: their `stop`."""
        with self._database.write() as connection:
            for each in ended:
                connection.execute(sa.update(silence).where(_at(each)).values(stop=each.stop, pending=True))

    def pending(self, limit: int) -> list[PendingSilence]:
        """At most `limit` silences that may need a message."""
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

    def decide(self, each: Silence, announced: bool, messages: Sequence[Message]) -> bool:
        """Store whether a silence was announced, with its messages. False where it changed meanwhile."""
        same = sa.and_(_at(each), silence.c.stop.is_not_distinct_from(each.stop), silence.c.pending)
        with self._database.write() as connection:
            update = sa.update(silence).where(same).values(announced=announced, pending=False)
            if not connection.execute(update).rowcount:
                return False
            if messages:
                connection.execute(sa.insert(message), [message_values(each) for each in messages])
        return True

    def unresolved(self, stream_id: int) -> list[Silence]:
        """The silences of a stream with a `firing` and without a `resolved` message."""
        with self._database.read() as connection:
            return [_silence(row) for row in connection.execute(sa.select(silence).where(unresolved(stream_id)))]

    def reconsider(self, stream_id: int) -> None:
        """Make an open silence that was not announced pending again: its stream is watched now."""
        unannounced = sa.and_(
            silence.c.stream_id == stream_id, silence.c.stop.is_(None), silence.c.announced.is_(False)
        )
        with self._database.write() as connection:
            connection.execute(sa.update(silence).where(unannounced).values(announced=None, pending=True))

    def load_arrival_intervals(self, stream_id: int) -> dict[str, Any] | None:
        """The stored state of a stream's ArrivalIntervals, a JSON object."""
        with self._database.read() as connection:
            query = sa.select(arrival_intervals.c.state).where(arrival_intervals.c.stream_id == stream_id)
            state = connection.execute(query).scalar_one_or_none()
        return None if state is None else dict(json.loads(state))

    def save_arrival_intervals(self, states: Mapping[int, Mapping[str, Any]]) -> None:
        """Store the states of ArrivalIntervals by stream id, except for streams that do not exist any more."""
        ids = list(states)
        with self._database.write() as connection:
            connection.execute(sa.delete(arrival_intervals).where(arrival_intervals.c.stream_id.in_(ids)))
            existing = connection.execute(sa.select(stream.c.id).where(stream.c.id.in_(ids))).scalars()
            rows = [{"stream_id": each, "state": json.dumps(dict(states[each]))} for each in existing]
            if rows:
                connection.execute(sa.insert(arrival_intervals), rows)

    def active_streams(self) -> list[str]:
        """The names of the streams that have points and no open silence, the latest arrival first."""
        silent = sa.select(silence.c.stream_id).where(silence.c.stop.is_(None))
        query = sa.select(stream.c.name).where(stream.c.cursor > 0, stream.c.id.not_in(silent))
        with self._database.read() as connection:
            return list(connection.execute(query.order_by(stream.c.last_arrival.desc())).scalars())


def _at(each: Silence) -> sa.ColumnElement[bool]:
    return sa.and_(silence.c.stream_id == each.stream_id, silence.c.number == each.number)


def _silence(row: sa.Row[Any]) -> Silence:
    return Silence(**{name: getattr(row, name) for name in Silence.__dataclass_fields__})


def _pending(row: sa.Row[Any]) -> PendingSilence:
    values = {column.name: getattr(row, f"watch_{column.name}") for column in watch.c}
    return PendingSilence(row.name, _silence(row), None if values["stream_id"] is None else watch_of(values))
