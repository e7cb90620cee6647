"""Series that were uploaded, what people said of them, and their detections."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"

ID = sa.String(22)


def upgrade() -> None:
    """Makes the tables."""
    op.create_table(
        "series",
        sa.Column("id", ID, primary_key=True),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("created", sa.BigInteger, nullable=False),
        sa.Column("points", sa.BigInteger, nullable=False),
        sa.Column("bytes", sa.BigInteger, nullable=False),
        sa.Column("whole", sa.Boolean, nullable=False),
        sa.Column("columns", sa.Text, nullable=False),
        sa.Column("default", sa.Integer, nullable=False),
        sa.Column("time_column", sa.Text, nullable=False),
        sa.Column("start", sa.BigInteger),
        sa.Column("stop", sa.BigInteger),
        sa.Column("step", sa.BigInteger),
        sa.Column("repairs", sa.Text, nullable=False),
    )
    op.create_index("series_created", "series", ["created", "id"])
    op.create_table(
        "series_chunk",
        sa.Column("series_id", ID, sa.ForeignKey("series.id", ondelete="CASCADE"), primary_key=True),
        sa.Column("part", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("number", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("data", sa.LargeBinary, nullable=False),
    )
    op.create_table(
        "series_label",
        sa.Column("series_id", ID, sa.ForeignKey("series.id", ondelete="CASCADE"), primary_key=True),
        sa.Column("position", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("start", sa.BigInteger, nullable=False),
        sa.Column("stop", sa.BigInteger, nullable=False),
        sa.Column("kind", sa.String(10), nullable=False),
        sa.Column("note", sa.Text, nullable=False),
    )
    make_detections()


def make_detections() -> None:
    """Makes the tables of detections."""
    op.create_table(
        "detection",
        sa.Column("id", ID, primary_key=True),
        sa.Column("series_id", ID, sa.ForeignKey("series.id", ondelete="CASCADE"), nullable=False),
        sa.Column("column", sa.Text, nullable=False),
        sa.Column("detector", sa.String(100), nullable=False),
        sa.Column("params", sa.Text, nullable=False),
        sa.Column("status", sa.String(10), nullable=False),
        sa.Column("progress", sa.Float, nullable=False),
        sa.Column("stage", sa.Text, nullable=False),
        sa.Column("error", sa.Text),
        sa.Column("summary", sa.Text),
        sa.Column("threshold", sa.Float),
        sa.Column("events", sa.Text),
        sa.Column("created", sa.BigInteger, nullable=False),
        sa.Column("started", sa.BigInteger),
        sa.Column("finished", sa.BigInteger),
        sa.Column("bytes", sa.BigInteger, nullable=False),
        sa.Column("owner", sa.String(64)),
        sa.Column("attempts", sa.Integer, nullable=False),
    )
    op.create_index("detection_series", "detection", ["series_id"])
    op.create_index("detection_status", "detection", ["status", "created", "id"])
    op.create_table(
        "detection_result",
        sa.Column("detection_id", ID, sa.ForeignKey("detection.id", ondelete="CASCADE"), primary_key=True),
        sa.Column("part", sa.String(20), primary_key=True),
        sa.Column("number", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("data", sa.LargeBinary, nullable=False),
    )
    op.create_table(
        "detection_state",
        sa.Column("detection_id", ID, sa.ForeignKey("detection.id", ondelete="CASCADE"), primary_key=True),
        sa.Column("data", sa.LargeBinary, nullable=False),
    )
