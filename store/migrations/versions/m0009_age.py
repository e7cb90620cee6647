"""Streams may forget by age, and say up to which point they have."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    """Adds the columns; until now no stream forgot by age."""
    op.add_column("stream", sa.Column("keep_ms", sa.BigInteger))
    op.add_column("stream", sa.Column("forgotten", sa.BigInteger, nullable=False, server_default="0"))
