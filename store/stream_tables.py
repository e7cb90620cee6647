"""The tables of streams beside their points: arrival intervals, silences, labels."""

from sqlalchemy import BigInteger, Boolean, Column, ForeignKey, Index, Integer, String, Table, Text

from store.tables import metadata

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
