"""The rhythm of streams, their silences, and what people said of their points."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Makes the tables."""
    op.create_table(
        "rhythm",
        sa.Column("stream_id", sa.Integer, sa.ForeignKey("stream.id", ondelete="CASCADE"), primary_key=True),
        sa.Column("state", sa.Text, nullable=False),
    )
    op.create_table(
        "silence",
        sa.Column("stream_id", sa.Integer, sa.ForeignKey("stream.id", ondelete="CASCADE"), primary_key=True),
        sa.Column("number", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("cursor", sa.BigInteger, nullable=False),
        sa.Column("last_time", sa.BigInteger),
        sa.Column("seen", sa.BigInteger, nullable=False),
        sa.Column("allowed", sa.BigInteger, nullable=False),
        sa.Column("noticed", sa.BigInteger, nullable=False),
        sa.Column("stop", sa.BigInteger),
        sa.Column("announced", sa.Boolean),
        sa.Column("pending", sa.Boolean, nullable=False),
    )
    op.create_index("silence_pending", "silence", ["pending"])
    op.create_table(
        "label",
        sa.Column("stream_id", sa.Integer, sa.ForeignKey("stream.id", ondelete="CASCADE"), primary_key=True),
        sa.Column("position", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("start", sa.BigInteger, nullable=False),
        sa.Column("stop", sa.BigInteger, nullable=False),
        sa.Column("kind", sa.String(10), nullable=False),
        sa.Column("note", sa.Text, nullable=False),
    )
