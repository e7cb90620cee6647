"""Deletes the points of streams that are older than the stream's retention."""

import numpy as np
import sqlalchemy as sa

from store.codec import decode_points, encode_points
from store.database import Database
from store.stream_tables import chunk, stream


class RetentionStore:
    """The retention of streams in a database. Safe to use from many threads."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def with_retention(self) -> list[tuple[int, str, int]]:
        """Id, name and retention (ms) of each stream whose points expire."""
        query = sa.select(stream.c.id, stream.c.name, stream.c.retention_ms).where(stream.c.retention_ms.is_not(None))
        with self._database.read() as connection:
            return [(row.id, row.name, row.retention_ms) for row in connection.execute(query)]

    def expire(self, stream_id: int, before: int) -> int:
        """Delete points in the order of arrival, up to the first whose time is `before` (ms since 1970 UTC) or later.

        Returns the cursor of the last expired point, 0 where the stream does not exist or has no times. No byte of an
        expired point stays in the table.
        """
        with self._database.write() as connection:
            row = connection.execute(sa.select(stream).where(stream.c.id == stream_id)).one_or_none()
            if row is None or not row.timed:
                return 0
            expired = _cut_expired(connection, stream_id, before)
            expired = max(row.expired_cursor, row.cursor if expired is None else expired)
            if expired > row.expired_cursor:
                connection.execute(sa.delete(chunk).where(chunk.c.stream_id == stream_id, chunk.c.last <= expired))
                update = sa.update(stream).where(stream.c.id == stream_id)
                connection.execute(update.values(expired_cursor=expired))
        return int(expired)


def _cut_expired(connection: sa.Connection, stream_id: int, before: int) -> int | None:
    """Cut the expired points off the first chunk with others; the cursor of the last of them, None if all expired."""
    query = sa.select(chunk.c.last, chunk.c.points, chunk.c.data)
    query = query.where(chunk.c.stream_id == stream_id, chunk.c.last_time >= before).order_by(chunk.c.last).limit(1)
    row = connection.execute(query).one_or_none()
    if row is None:
        return None
    points = decode_points(row.data, row.points)
    expired = int(np.argmax(points["time"] >= before))
    if expired:
        rest = points[expired:]
        values = {"points": len(rest), "first_time": int(rest["time"].min()), "data": encode_points(rest)}
        key = (chunk.c.stream_id == stream_id, chunk.c.last == row.last)
        connection.execute(sa.update(chunk).where(*key).values(values))
    return int(row.last) - len(points) + expired
