"""On PostgreSQL names are compared letter by letter as on SQLite, whatever the language of the database."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """Changes the type of the column that lists are sorted by."""
    if op.get_bind().dialect.name == "postgresql":
        op.alter_column("stream", "name", type_=sa.String(500, collation="C"))
