"""Detections say how points beyond their threshold count, and when whoever works on one was last heard of."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    """Adds the columns; until now no detection was kept."""
    op.add_column("detection", sa.Column("counting", sa.Text, nullable=False, server_default="{}"))
    op.add_column("detection", sa.Column("beat", sa.BigInteger))
