"""Messages about silences are of the kind `silence`, and the repair of the order of rows has the code `rows_sorted`."""

import json
from collections.abc import Callable
from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"


def upgrade() -> None:
    """Rewrite the bodies of messages and the repairs of datasets."""
    rewrite("message", "body", with_new_kind)
    rewrite("dataset", "repairs", with_new_codes)


def rewrite(table: str, column: str, change: Callable[[Any], Any]) -> None:
    """Apply a change to the JSON value of a column in every row."""
    connection = op.get_bind()
    rows = sa.table(table, sa.column("id"), sa.column(column))
    for at, text in connection.execute(sa.select(rows.c.id, rows.c[column])).all():
        before = json.loads(text)
        after = change(before)
        if after != before:
            connection.execute(sa.update(rows).where(rows.c.id == at).values({column: json.dumps(after)}))


def with_new_kind(body: dict[str, Any]) -> dict[str, Any]:
    """The message; its facts repeat the kind."""
    if body.get("kind") != "silent":
        return body
    return {**body, "kind": "silence", "facts": {**body["facts"], "kind": "silence"}}


def with_new_codes(repairs: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The repairs with the present code of sorted rows."""
    codes = {"order_mended": "rows_sorted"}
    return [{**each, "code": codes.get(each["code"], each["code"])} for each in repairs]
