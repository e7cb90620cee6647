"""The tables of alerts: watched streams, and the messages about them."""

from sqlalchemy import BigInteger, Column, ForeignKey, Index, Integer, String, Table, Text

from store.stream_tables import MAX_NAME_LENGTH, metadata

watch = Table(
    "watch",
    metadata,
    Column("stream_id", Integer, ForeignKey("stream.id", ondelete="CASCADE"), primary_key=True),
    Column("policy", Text, nullable=False),  # JSON: see events.policy.Policy
    Column("cursor", BigInteger, nullable=False),  # of the last point that the policy has processed
    Column("state", Text, nullable=False),  # JSON: see events.policy.PolicyState
)

message = Table(
    "message",
    metadata,
    Column("id", Integer, primary_key=True),  # in the order of creation
    Column("key", String(32), nullable=False, unique=True),  # sent along: the receiver can drop repeats by it
    Column("channel", String(100), nullable=False),
    Column("stream", String(MAX_NAME_LENGTH), nullable=False),
    Column("body", Text, nullable=False),  # JSON: see alerts/alert.py
    Column("status", String(10), nullable=False),  # waiting, sent or given_up
    Column("created", BigInteger, nullable=False),  # ms since 1970 UTC
    Column("due", BigInteger, nullable=False),  # of the next attempt, or of the sending; ms since 1970 UTC
    Column("attempts", Integer, nullable=False),
    Column("error", Text, nullable=False),  # of the last attempt
    Index("message_waiting", "channel", "status", "id"),
)
