"""Points that are forgotten for their age."""

import numpy as np
import sqlalchemy as sa

from store.codec import packed, unpacked
from store.database import Database
from store.tables import chunk, stream


class RetentionStore:
    """Of one database. Safe to use from many threads."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def limited(self) -> list[tuple[int, str, int]]:
        """Id, name and oldest age (ms) of each stream that forgets by age."""
        query = sa.select(stream.c.id, stream.c.name, stream.c.keep_ms).where(stream.c.keep_ms.is_not(None))
        with self._database.read() as connection:
            return [(each.id, each.name, each.keep_ms) for each in connection.execute(query)]

    def forget(self, stream_id: int, before: int) -> int:
        """Forgets the points of a stream, in the order of arrival, up to the first whose time is `before` or later (ms
        since 1970 UTC); gives the cursor of the last one that is forgotten. Nothing of them stays in the table."""
        with self._database.write() as connection:
            row = connection.execute(sa.select(stream).where(stream.c.id == stream_id)).one_or_none()
            if row is None or not row.timed:
                return 0
            gone = _oldest_kept(connection, stream_id, before)
            gone = max(row.forgotten, row.cursor if gone is None else gone)
            if gone > row.forgotten:
                connection.execute(sa.delete(chunk).where(chunk.c.stream_id == stream_id, chunk.c.last <= gone))
                connection.execute(sa.update(stream).where(stream.c.id == stream_id).values(forgotten=gone))
        return int(gone)


def _oldest_kept(connection: sa.Connection, stream_id: int, before: int) -> int | None:
    """The cursor before the first point that is not older than `before`, None where all are; its row begins there."""
    query = sa.select(chunk.c.last, chunk.c.points, chunk.c.data)
    query = query.where(chunk.c.stream_id == stream_id, chunk.c.last_time >= before).order_by(chunk.c.last).limit(1)
    row = connection.execute(query).one_or_none()
    if row is None:
        return None
    points = unpacked(row.data, row.points)
    old = int(np.argmax(points["time"] >= before))
    if old:
        left = points[old:]
        less = {"points": len(left), "first_time": int(left["time"].min()), "data": packed(left)}
        at = (chunk.c.stream_id == stream_id, chunk.c.last == row.last)
        connection.execute(sa.update(chunk).where(*at).values(less))
    return int(row.last) - len(points) + old
