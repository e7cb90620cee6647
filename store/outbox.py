"""Watched streams and the messages about them: what is to be told is kept in the transaction that notices it, and
stays until it was sent."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from store.alert_tables import message, watch
from store.database import Database
from store.stream_tables import silence
from store.tables import stream

WAITING, SENT, GIVEN_UP = "waiting", "sent", "given_up"
STATUSES = (WAITING, SENT, GIVEN_UP)


@dataclass(frozen=True)
class Watch:
    """A watched stream: `policy` and `state` are JSON values; points up to `cursor` were followed."""

    stream_id: int
    policy: Mapping[str, Any]
    cursor: int
    state: Mapping[str, Any]


@dataclass(frozen=True)
class Message:
    """A message to one channel. `key` lets the receiver drop repeats; times are ms since 1970 UTC."""

    key: str
    channel: str
    stream: str
    body: Mapping[str, Any]
    made: int
    status: str = WAITING
    due: int = 0
    attempts: int = 0
    error: str = ""


@dataclass(frozen=True)
class Step:
    """A stream was followed from one state to another, and this is to be told of it."""

    before: Watch
    after: Watch
    messages: Sequence[Message] = ()


class Outbox:
    """The alerts' share of a database. Safe to use from many threads."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def put(self, new: Watch) -> bool:
        """Watches a stream, or changes its policy: one that is watched is followed on from where it stands, so that
        nothing is skipped and what was told to begin is told to end. False where the stream was deleted meanwhile."""
        row = {**_watch_values(new), "stream_id": new.stream_id, "policy": json.dumps(dict(new.policy))}
        update = sa.update(watch).where(watch.c.stream_id == new.stream_id).values(policy=row["policy"])
        with self._database.write() as connection:
            if not connection.execute(sa.select(stream.c.id).where(stream.c.id == new.stream_id)).one_or_none():
                return False
            if not connection.execute(update).rowcount:
                connection.execute(sa.insert(watch).values(row))
        return True

    def watch(self, stream_id: int) -> Watch | None:
        """The watch of a stream."""
        with self._database.read() as connection:
            row = connection.execute(sa.select(watch).where(watch.c.stream_id == stream_id)).one_or_none()
        return None if row is None else watch_of(row._asdict())

    def unwatch(self, stream_id: int, last: Callable[[Watch], Sequence[Message]]) -> bool:
        """Watches a stream no longer, and keeps the `last` messages about it. Returns whether it was watched."""
        named = watch.c.stream_id == stream_id
        with self._database.write() as connection:
            row = connection.execute(sa.select(watch).where(named)).one_or_none()
            if row is None:
                return False
            if messages := last(watch_of(row._asdict())):
                connection.execute(sa.insert(message), [message_values(each) for each in messages])
            connection.execute(sa.update(silence).where(untold(stream_id)).values(announced=False))
            connection.execute(sa.delete(watch).where(named))
        return True

    def behind(self, limit: int) -> list[tuple[str, Watch]]:
        """Watched streams with points that were not followed yet, with their names."""
        columns = [stream.c.name, *watch.c]
        query = sa.select(*columns).join(stream, stream.c.id == watch.c.stream_id)
        query = query.where(stream.c.cursor > watch.c.cursor).order_by(watch.c.stream_id).limit(limit)
        with self._database.read() as connection:
            return [(row.name, watch_of(row._asdict())) for row in connection.execute(query)]

    def advance(self, steps: Sequence[Step]) -> list[bool]:
        """Keeps how far streams were followed together with the messages that came of it: all or nothing.

        Says for each whether it was kept; one whose watch is no longer as it was `before` is left out.
        """
        with self._database.write() as connection:
            return [_advance(connection, step) for step in steps]

    def add(self, new: Message) -> None:
        """Keeps a message that is about no stream's points."""
        with self._database.write() as connection:
            connection.execute(sa.insert(message).values(message_values(new)))

    def due(self, channel: str, now: int, limit: int) -> list[Message]:
        """Messages of a channel that are to be sent, the oldest first: of each stream the first one that waits, so
        that nobody hears of an end before its beginning."""
        first = sa.select(sa.func.min(message.c.id)).where(_waiting(channel)).group_by(message.c.stream)
        query = sa.select(message).where(message.c.id.in_(first), message.c.due <= now)
        with self._database.read() as connection:
            return [_message(row) for row in connection.execute(query.order_by(message.c.id).limit(limit))]

    def sent(self, key: str, now: int) -> None:
        """Marks a message as sent."""
        self._mark(key, {"status": SENT, "due": now, "error": ""})

    def failed(self, key: str, error: str, due: int | None) -> None:
        """Keeps why a message was not sent, and when it is tried again; with `due` None it is given up."""
        error = error.replace("\0", "\ufffd")  # a receiver may answer it; no text of PostgreSQL's holds it
        self._mark(key, {"error": error} | ({"status": GIVEN_UP} if due is None else {"due": due}))

    def newest(self, limit: int) -> list[Message]:
        """The last messages, the newest first."""
        with self._database.read() as connection:
            query = sa.select(message).order_by(message.c.id.desc()).limit(limit)
            return [_message(row) for row in connection.execute(query)]

    def counts(self) -> dict[tuple[str, str], int]:
        """How many messages are kept, by channel and status."""
        query = sa.select(message.c.channel, message.c.status, sa.func.count())
        with self._database.read() as connection:
            rows = connection.execute(query.group_by(message.c.channel, message.c.status))
            return {(channel, status): int(count) for channel, status, count in rows}

    def forget(self, before: int) -> int:
        """Deletes messages made before a time that no longer wait. Returns how many."""
        old = sa.and_(message.c.status != WAITING, message.c.made < before)
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


def untold(stream_id: int) -> sa.ColumnElement[bool]:
    """The silences of a stream whose beginning was told and whose end was not."""
    lasts = sa.or_(silence.c.stop.is_(None), silence.c.pending)
    return sa.and_(silence.c.stream_id == stream_id, silence.c.announced.is_(True), lasts)


def _waiting(channel: str) -> sa.ColumnElement[bool]:
    return sa.and_(message.c.channel == channel, message.c.status == WAITING)


def watch_of(row: Mapping[str, Any]) -> Watch:
    """The watch that a row holds."""
    return Watch(row["stream_id"], json.loads(row["policy"]), row["cursor"], json.loads(row["state"]))


def _watch_values(of: Watch) -> dict[str, Any]:
    return {"cursor": of.cursor, "state": json.dumps(dict(of.state))}


def _message(row: sa.Row[Any]) -> Message:
    told = row._asdict()
    del told["id"]
    return Message(**told | {"body": json.loads(row.body)})


def message_values(of: Message) -> dict[str, Any]:
    """A message as a row."""
    return {**vars(of), "body": json.dumps(dict(of.body))}
