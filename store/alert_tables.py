"""The tables of alerts: which streams are watched, and the messages about them."""

from sqlalchemy import BigInteger, Column, ForeignKey, Index, Integer, String, Table, Text

from store.tables import LONGEST_NAME, metadata

watch = Table(
    "watch",
    metadata,
    Column("stream_id", Integer, ForeignKey("stream.id", ondelete="CASCADE"), primary_key=True),
    Column("policy", Text, nullable=False),  # JSON: see event_policy.Policy
    Column("cursor", BigInteger, nullable=False),  # of the last point that was followed
    Column("state", Text, nullable=False),  # JSON: see event_policy.Following
)

message = Table(
    "message",
    metadata,
    Column("id", Integer, primary_key=True),  # in the order of telling
    Column("key", String(32), nullable=False, unique=True),  # told to the receiver, who may drop repeats by it
    Column("channel", String(100), nullable=False),
    Column("stream", String(LONGEST_NAME), nullable=False),
    Column("body", Text, nullable=False),  # JSON: see alerts.py
    Column("status", String(10), nullable=False),  # waiting, sent or given_up
    Column("made", BigInteger, nullable=False),  # ms since 1970 UTC
    Column("due", BigInteger, nullable=False),  # when it is tried next, or was sent; ms since 1970 UTC
    Column("attempts", Integer, nullable=False),
    Column("error", Text, nullable=False),  # of the last attempt
    Index("message_waiting", "channel", "status", "id"),
)
