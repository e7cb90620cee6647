"""Streams, their points and what their detectors have learned."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Makes the tables."""
    op.create_table(
        "stream",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("name", sa.String(500), nullable=False, unique=True),
        sa.Column("detector", sa.String(100), nullable=False),
        sa.Column("params", sa.Text, nullable=False),
        sa.Column("capacity", sa.BigInteger, nullable=False),
        sa.Column("cursor", sa.BigInteger, nullable=False),
        sa.Column("timed", sa.Boolean),
        sa.Column("last_time", sa.BigInteger),
        sa.Column("seen", sa.BigInteger),
        sa.Column("judges", sa.Text, nullable=False),
    )
    op.create_table(
        "chunk",
        sa.Column("stream_id", sa.Integer, sa.ForeignKey("stream.id", ondelete="CASCADE"), primary_key=True),
        sa.Column("last", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("points", sa.Integer, nullable=False),
        sa.Column("last_time", sa.BigInteger, nullable=False),
        sa.Column("data", sa.LargeBinary, nullable=False),
    )
    op.create_table(
        "fitted",
        sa.Column("stream_id", sa.Integer, sa.ForeignKey("stream.id", ondelete="CASCADE"), primary_key=True),
        sa.Column("detector", sa.String(100), nullable=False),
        sa.Column("params", sa.Text, nullable=False),
        sa.Column("cursor", sa.BigInteger, nullable=False),
        sa.Column("state", sa.LargeBinary, nullable=False),
    )
