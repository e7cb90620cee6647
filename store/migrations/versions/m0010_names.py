"""Tables, columns and JSON keys get the names of the field; how dates were read gets a column of its own.

Results of fits are written under the old names, so they are computed again: streams fit their detectors at their next
push, and done detections are queued. Datasets, labels, points, settings and messages stay.
"""

import json
from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"

TABLES = {
    "series": "dataset",
    "series_chunk": "dataset_chunk",
    "series_label": "dataset_label",
    "rhythm": "arrival_intervals",
}
COLUMNS = {
    "dataset": {"whole": "complete"},
    "dataset_chunk": {"series_id": "dataset_id"},
    "dataset_label": {"series_id": "dataset_id"},
    "detection": {
        "series_id": "dataset_id",
        "counting": "event_filter",
        "beat": "heartbeat",
        "summary": "statistics",
    },
    "stream": {
        "keep_ms": "retention_ms",
        "forgotten": "expired_cursor",
        "seen": "last_arrival",
        "judges": "detector_names",
    },
    "silence": {"seen": "last_arrival"},
    "message": {"made": "created"},
}
INDEXES = {
    "series_created": ("dataset_created", "dataset", ["created", "id"]),
    "detection_series": ("detection_dataset", "detection", ["dataset_id"]),
}
PARAMS = {"gap": "merge_gap"}
POLICY = {
    "absolute_floor": "min_abs_deviation",
    "relative_floor": "min_rel_deviation",
    "minimum_length": "min_points",
    "recovery": "recovery_points",
}
JSON_COLUMNS = (
    ("stream", "id", "params", PARAMS),
    ("detection", "id", "params", PARAMS),
    ("detection", "id", "event_filter", POLICY),
    ("watch", "stream_id", "policy", POLICY),
)
"""Table, key, column, and the keys of its JSON objects to rename."""
EVIDENCE = {"asked": "requested"}
DATES = "dates "
"""Until now how dates were read was stored as a repair with a code of this, the order and the reason."""


def upgrade() -> None:
    """Rename, then compute nothing: see the module's docstring."""
    for old, new in TABLES.items():
        op.rename_table(old, new)
    for table, columns in COLUMNS.items():
        for old, new in columns.items():
            op.execute(sa.text(f'ALTER TABLE "{table}" RENAME COLUMN "{old}" TO "{new}"'))
    for old, (new, table, names) in INDEXES.items():
        op.drop_index(old, table)
        op.create_index(new, table, names)
    for table, key, column, keys in JSON_COLUMNS:
        rename_keys(table, key, column, keys)
    op.add_column("dataset", sa.Column("dates", sa.Text))
    move_dates()
    drop_results()


def rename_keys(table: str, key: str, column: str, keys: Mapping[str, str]) -> None:
    """Rename keys of the JSON objects in a column."""
    connection = op.get_bind()
    rows = sa.table(table, sa.column(key), sa.column(column))
    for at, text in connection.execute(sa.select(rows.c[key], rows.c[column])).all():
        before: dict[str, Any] = json.loads(text)
        after = {keys.get(name, name): value for name, value in before.items()}
        if after != before:
            update = sa.update(rows).where(rows.c[key] == at)
            connection.execute(update.values({column: json.dumps(after)}))


def move_dates() -> None:
    """Move how dates were read from a dataset's repairs to its new column."""
    connection = op.get_bind()
    dataset = sa.table("dataset", sa.column("id"), sa.column("repairs"), sa.column("dates"))
    for at, text in connection.execute(sa.select(dataset.c.id, dataset.c.repairs)).all():
        repairs = json.loads(text)
        dates = [each for each in repairs if each["code"].startswith(DATES)]
        if dates:
            order, by = dates[0]["code"].removeprefix(DATES).split(" ")
            values = {
                "repairs": json.dumps([each for each in repairs if each not in dates]),
                "dates": json.dumps({"order": order, "by": EVIDENCE.get(by, by), "message": dates[0]["message"]}),
            }
            connection.execute(sa.update(dataset).where(dataset.c.id == at).values(values))


def drop_results() -> None:
    """Delete the results of fits, and queue the detections that had one."""
    connection = op.get_bind()
    for table in ("fitted", "detection_result", "detection_state"):
        connection.execute(sa.delete(sa.table(table)))
    columns = ("status", "stage", "progress", "statistics", "threshold", "events", "started", "finished", "attempts")
    detection = sa.table("detection", *(sa.column(name) for name in (*columns, "bytes")))
    queued: dict[str, Any] = {**dict.fromkeys(columns), "status": "queued", "stage": "queued"}
    queued |= {"progress": 0.0, "attempts": 0, "bytes": 0}
    connection.execute(sa.update(detection).where(detection.c.status == "done").values(queued))
