"""The tables as the code uses them; `migrations/` makes them, and a test holds the two together."""

from sqlalchemy import BigInteger, Boolean, Column, ForeignKey, Integer, LargeBinary, MetaData, String, Table, Text

LONGEST_NAME = 500
NAME = String(LONGEST_NAME, collation="C")
"""Sorted letter by letter, as SQLite does it."""
metadata = MetaData()

stream = Table(
    "stream",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("name", String(LONGEST_NAME).with_variant(NAME, "postgresql"), nullable=False, unique=True),
    Column("detector", String(100), nullable=False),
    Column("params", Text, nullable=False),  # JSON
    Column("capacity", BigInteger, nullable=False),  # points
    Column("cursor", BigInteger, nullable=False),  # of the last point; 0 before the first
    Column("timed", Boolean),  # NULL before the first point
    Column("last_time", BigInteger),  # of the newest point, ms since 1970 UTC
    Column("seen", BigInteger),  # when it arrived, ms since 1970 UTC
    Column("judges", Text, nullable=False),  # JSON: the detector names that the codes in chunks count
    Column("keep_ms", BigInteger),  # points older than so many ms are forgotten; NULL: none is for its age
    Column("forgotten", BigInteger, nullable=False, server_default="0"),  # cursor of the last point that was
)

last_id = Table(
    "last_id",
    metadata,
    Column("stream", Integer, nullable=False),  # the highest that any had, deleted ones too; the table has one row
)

chunk = Table(
    "chunk",
    metadata,
    Column("stream_id", Integer, ForeignKey("stream.id", ondelete="CASCADE"), primary_key=True),
    Column("last", BigInteger, primary_key=True, autoincrement=False),  # cursor of its last point
    Column("points", Integer, nullable=False),
    Column("first_time", BigInteger, nullable=False),  # of its oldest point
    Column("last_time", BigInteger, nullable=False),  # of its newest point
    Column("data", LargeBinary, nullable=False),  # see packing.py
)

fitted = Table(
    "fitted",
    metadata,
    Column("stream_id", Integer, ForeignKey("stream.id", ondelete="CASCADE"), primary_key=True),
    Column("detector", String(100), nullable=False),
    Column("params", Text, nullable=False),  # JSON: what was asked for when it was fitted
    Column("cursor", BigInteger, nullable=False),  # of the newest point it has learned from
    Column("state", LargeBinary, nullable=False),  # see packing.py
)
