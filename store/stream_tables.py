"""The tables of streams, and the metadata of all tables. `migrations/` creates them, and a test compares the two."""

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
)

MAX_NAME_LENGTH = 500
NAME = String(MAX_NAME_LENGTH, collation="C")
"""Sorted by code point on PostgreSQL too, as SQLite does."""
metadata = MetaData()

stream = Table(
    "stream",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("name", String(MAX_NAME_LENGTH).with_variant(NAME, "postgresql"), nullable=False, unique=True),
    Column("detector", String(100), nullable=False),
    Column("params", Text, nullable=False),  # JSON
    Column("capacity", BigInteger, nullable=False),  # points
    Column("cursor", BigInteger, nullable=False),  # of the last point; 0 before the first
    Column("timed", Boolean),  # NULL before the first point
    Column("last_time", BigInteger),  # of the newest point, ms since 1970 UTC
    Column("last_arrival", BigInteger),  # when the newest point arrived, ms since 1970 UTC
    Column("detector_names", Text, nullable=False),  # JSON: the detector names that the codes in chunks index
    Column("retention_ms", BigInteger),  # points older than this expire; NULL: never
    Column("expired_cursor", BigInteger, nullable=False, server_default="0"),  # of the last expired point
)

last_id = Table(
    "last_id",
    metadata,
    Column("stream", Integer, nullable=False),  # the highest id ever used, deleted streams included; one row
)

chunk = Table(
    "chunk",
    metadata,
    Column("stream_id", Integer, ForeignKey("stream.id", ondelete="CASCADE"), primary_key=True),
    Column("last", BigInteger, primary_key=True, autoincrement=False),  # cursor of its last point
    Column("points", Integer, nullable=False),
    Column("first_time", BigInteger, nullable=False),  # of its oldest point
    Column("last_time", BigInteger, nullable=False),  # of its newest point
    Column("data", LargeBinary, nullable=False),  # see codec.py
)

fitted = Table(
    "fitted",
    metadata,
    Column("stream_id", Integer, ForeignKey("stream.id", ondelete="CASCADE"), primary_key=True),
    Column("detector", String(100), nullable=False),
    Column("params", Text, nullable=False),  # JSON: the parameters requested for the fit
    Column("cursor", BigInteger, nullable=False),  # of the newest point used for the fit
    Column("state", LargeBinary, nullable=False),  # see codec.py
)

arrival_intervals = Table(
    "arrival_intervals",
    metadata,
    Column("stream_id", Integer, ForeignKey("stream.id", ondelete="CASCADE"), primary_key=True),
    Column("state", Text, nullable=False),  # JSON: see streams/arrival_intervals.py
)

silence = Table(
    "silence",
    metadata,
    Column("stream_id", Integer, ForeignKey("stream.id", ondelete="CASCADE"), primary_key=True),
    Column("number", Integer, primary_key=True, autoincrement=False),  # counts the stream's silences, from 1
    Column("cursor", BigInteger, nullable=False),  # of the last point before it
    Column("last_time", BigInteger),  # of that point, ms since 1970 UTC; NULL where points have no times
    Column("last_arrival", BigInteger, nullable=False),  # when that point arrived, ms since 1970 UTC
    Column("allowed", BigInteger, nullable=False),  # longest interval without points that is normal, ms
    Column("noticed", BigInteger, nullable=False),  # ms since 1970 UTC
    Column("stop", BigInteger),  # when the next point arrived, ms since 1970 UTC; NULL while it lasts
    Column("announced", Boolean),  # whether a firing alert was sent; NULL before that is decided
    Column("pending", Boolean, nullable=False),  # whether an alert about it may be due
    Index("silence_pending", "pending"),
)

label = Table(
    "label",
    metadata,
    Column("stream_id", Integer, ForeignKey("stream.id", ondelete="CASCADE"), primary_key=True),
    Column("position", Integer, primary_key=True, autoincrement=False),  # in the order they were put
    Column("start", BigInteger, nullable=False),  # ms since 1970 UTC, or a cursor where points have no times
    Column("stop", BigInteger, nullable=False),  # likewise; half open
    Column("kind", String(10), nullable=False),  # anomaly or normal
    Column("note", Text, nullable=False),
)
