"""Each chunk says how old its oldest point is: with late points among them, that is not the first."""

import struct

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"

AT_ONCE = 20


def upgrade() -> None:
    """Makes the table anew, with the times before the data: SQLite reads what stands behind a blob through it."""
    op.rename_table("chunk", "chunk_before")
    chunk = op.create_table(
        "chunk",
        sa.Column("stream_id", sa.Integer, sa.ForeignKey("stream.id", ondelete="CASCADE"), primary_key=True),
        sa.Column("last", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("points", sa.Integer, nullable=False),
        sa.Column("first_time", sa.BigInteger, nullable=False),
        sa.Column("last_time", sa.BigInteger, nullable=False),
        sa.Column("data", sa.LargeBinary, nullable=False),
    )
    connection, before = op.get_bind(), sa.table("chunk_before", *(sa.column(name) for name in BEFORE))
    key = (before.c.stream_id, before.c.last)
    keys = [tuple(row) for row in connection.execute(sa.select(*key))]
    for start in range(0, len(keys), AT_ONCE):
        rows = connection.execute(sa.select(before).where(sa.tuple_(*key).in_(keys[start : start + AT_ONCE])))
        # A point began with its time and the points of a chunk stood in its order.
        told = [{**row._asdict(), "first_time": struct.unpack_from("<q", row.data)[0]} for row in rows]
        connection.execute(sa.insert(chunk), told)
    op.drop_table("chunk_before")


BEFORE = ("stream_id", "last", "points", "last_time", "data")
