"""Watched streams and an outbox of the messages about them.

A message is stored in the same transaction as the state it follows from, and stays until it is sent: delivery is at
least once.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from store.alert_tables import message, watch
from store.database import Database
from store.stream_tables import silence, stream

WAITING, SENT, GIVEN_UP = "waiting", "sent", "given_up"
STATUSES = (WAITING, SENT, GIVEN_UP)


@dataclass(frozen=True)
class WatchedStream:
    """A watched stream. `policy` and `state` are JSON objects; the policy has processed the points up to `cursor`."""

    stream_id: int
    policy: Mapping[str, Any]
    cursor: int
    state: Mapping[str, Any]


@dataclass(frozen=True)
class Message:
    """A message to one channel. The receiver can drop repeats by `key`; times are ms since 1970 UTC."""

    key: str
    channel: str
    stream: str
    body: Mapping[str, Any]
    created: int
    status: str = WAITING
    due: int = 0
    attempts: int = 0
    error: str = ""


@dataclass(frozen=True)
class Step:
    """A policy advanced from one state to another, with the messages to send about it."""

    before: WatchedStream
    after: WatchedStream
    messages: Sequence[Message] = ()


class Outbox:
    """The watched streams and messages in a database. Safe to use from many threads."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def put(self, new: WatchedStream) -> bool:
        """Watch a stream, or change the policy of a watched one. False where the stream does not exist.

        Cursor and state of a watched stream stay: no point is skipped, and an open event is still resolved.
        """
        row = {**_watch_values(new), "stream_id": new.stream_id, "policy": json.dumps(dict(new.policy))}
        update = sa.update(watch).where(watch.c.stream_id == new.stream_id).values(policy=row["policy"])
        with self._database.write() as connection:
            if not connection.execute(sa.select(stream.c.id).where(stream.c.id == new.stream_id)).one_or_none():
                return False
            if not connection.execute(update).rowcount:
                connection.execute(sa.insert(watch).values(row))
        return True

    def watch(self, stream_id: int) -> WatchedStream | None:
        """The watch of a stream."""
        with self._database.read() as connection:
            row = connection.execute(sa.select(watch).where(watch.c.stream_id == stream_id)).one_or_none()
        return None if row is None else watch_of(row._asdict())

    def unwatch(self, stream_id: int, last: Callable[[WatchedStream], Sequence[Message]]) -> bool:
        """Stop watching a stream, and store the `last` messages about it. Returns whether it was watched."""
        named = watch.c.stream_id == stream_id
        with self._database.write() as connection:
            row = connection.execute(sa.select(watch).where(named)).one_or_none()
            if row is None:
                return False
            if messages := last(watch_of(row._asdict())):
                connection.execute(sa.insert(message), [message_values(each) for each in messages])
            connection.execute(sa.update(silence).where(unresolved(stream_id)).values(announced=False))
            connection.execute(sa.delete(watch).where(named))
        return True

    def lagging(self, limit: int) -> list[tuple[str, WatchedStream]]:
        """Names and watches of at most `limit` streams with points that their policy has not processed yet."""
        columns = [stream.c.name, *watch.c]
        query = sa.select(*columns).join(stream, stream.c.id == watch.c.stream_id)
        query = query.where(stream.c.cursor > watch.c.cursor).order_by(watch.c.stream_id).limit(limit)
        with self._database.read() as connection:
            return [(row.name, watch_of(row._asdict())) for row in connection.execute(query)]

    def advance(self, steps: Sequence[Step]) -> list[bool]:
        """Store the new states together with their messages, all or nothing.

        Returns for each step whether it was stored; one whose watch is no longer as it was `before` is skipped.
        """
        with self._database.write() as connection:
            return [_advance(connection, step) for step in steps]

    def add(self, new: Message) -> None:
        """Store a message that belongs to no watched stream."""
        with self._database.write() as connection:
            connection.execute(sa.insert(message).values(message_values(new)))

    def due(self, channel: str, now: int, limit: int) -> list[Message]:
        """At most `limit` messages of a channel to send now, the oldest first.

        Only the first waiting one of each stream, so that nothing is resolved before it fires.
        """
        first = sa.select(sa.func.min(message.c.id)).where(_waiting(channel)).group_by(message.c.stream)
        query = sa.select(message).where(message.c.id.in_(first), message.c.due <= now)
        with self._database.read() as connection:
            return [_message(row) for row in connection.execute(query.order_by(message.c.id).limit(limit))]

    def mark_sent(self, key: str, now: int) -> None:
        """Mark a message as sent."""
        self._mark(key, {"status": SENT, "due": now, "error": ""})

    def mark_failed(self, key: str, error: str, due: int | None) -> None:
        """Store the error of an attempt, and when to retry; `due` None: give up."""
        error = error.replace("\0", "\ufffd")  # a receiver may send it, and PostgreSQL's text cannot hold it
        self._mark(key, {"error": error} | ({"status": GIVEN_UP} if due is None else {"due": due}))

    def newest(self, limit: int) -> list[Message]:
        """The last `limit` messages, newest first."""
        with self._database.read() as connection:
            query = sa.select(message).order_by(message.c.id.desc()).limit(limit)
            return [_message(row) for row in connection.execute(query)]

    def counts(self) -> dict[tuple[str, str], int]:
        """How many messages are stored, by channel and status."""
        query = sa.select(message.c.channel, message.c.status, sa.func.count())
        with self._database.read() as connection:
            rows = connection.execute(query.group_by(message.c.channel, message.c.status))
            return {(channel, status): int(count) for channel, status, count in rows}

    def delete_old(self, before: int) -> int:
        """Delete messages created before a time (ms since 1970 UTC), except waiting ones. Returns how many."""
        old = sa.and_(message.c.status != WAITING, message.c.created < before)
        with self._database.write() as connection:
            return connection.execute(sa.delete(message).where(old)).rowcount

    def _mark(self, key: str, values: Mapping[str, Any]) -> None:
        update = sa.update(message).where(message.c.key == key)
        with self._database.write() as connection:
            connection.execute(update.values(attempts=message.c.attempts + 1, **values))


def _advance(connection: sa.Connection, step: Step) -> bool:
    before = step.before
    same = sa.and_(
        watch.c.stream_id == before.stream_id,
        watch.c.cursor == before.cursor,
        watch.c.policy == json.dumps(dict(before.policy)),
    )
    if not connection.execute(sa.update(watch).where(same).values(_watch_values(step.after))).rowcount:
        return False
    if step.messages:
        connection.execute(sa.insert(message), [message_values(each) for each in step.messages])
    return True


def unresolved(stream_id: int) -> sa.ColumnElement[bool]:
    """The silences of a stream with a `firing` and without a `resolved` message."""
    is_open = sa.or_(silence.c.stop.is_(None), silence.c.pending)
    return sa.and_(silence.c.stream_id == stream_id, silence.c.announced.is_(True), is_open)


def _waiting(channel: str) -> sa.ColumnElement[bool]:
    return sa.and_(message.c.channel == channel, message.c.status == WAITING)


def watch_of(row: Mapping[str, Any]) -> WatchedStream:
    """The watch of a row."""
    return WatchedStream(row["stream_id"], json.loads(row["policy"]), row["cursor"], json.loads(row["state"]))


def _watch_values(watched: WatchedStream) -> dict[str, Any]:
    return {"cursor": watched.cursor, "state": json.dumps(dict(watched.state))}


def _message(row: sa.Row[Any]) -> Message:
    values = row._asdict()
    del values["id"]
    return Message(**values | {"body": json.loads(row.body)})


def message_values(new: Message) -> dict[str, Any]:
    """The row of a message."""
    return {**vars(new), "body": json.dumps(dict(new.body))}
