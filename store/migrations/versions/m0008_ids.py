"""The highest id that a stream ever had, so that none is given twice: SQLite would give a deleted one's again.

Not AUTOINCREMENT: for that the table would have to be made anew, and dropping the old one takes all rows with it that
refer to it.
"""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    """Makes the table, which has one row."""
    last_id = op.create_table("last_id", sa.Column("stream", sa.Integer, nullable=False))
    stream = sa.table("stream", sa.column("id"))
    highest = sa.select(sa.func.coalesce(sa.func.max(stream.c.id), 0))
    op.execute(sa.insert(last_id).from_select(["stream"], highest))
