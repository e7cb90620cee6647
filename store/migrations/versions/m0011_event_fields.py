"""Events in the states of watched streams are stored with the fields that events of files have.

`last` (a cursor) and `last_time` become `stop`, one after it, and `stop_time`; `open` of the state becomes `is_event`.
"""

import json
from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"


def upgrade() -> None:
    """Rewrite the states of all watches."""
    connection = op.get_bind()
    watch = sa.table("watch", sa.column("stream_id"), sa.column("state"))
    for stream_id, text in connection.execute(sa.select(watch.c.stream_id, watch.c.state)).all():
        state = json.dumps(renamed_state(json.loads(text)))
        connection.execute(sa.update(watch).where(watch.c.stream_id == stream_id).values(state=state))


def renamed_state(state: Mapping[str, Any]) -> dict[str, Any]:
    """The state with its fields renamed; the earliest ones lack the number of anomalies and the peak."""
    state = {"is_event" if name == "open" else name: value for name, value in state.items()}
    event = state.get("event")
    if event is None:
        return {"anomalies": 0, **state}
    unchanged = {name: value for name, value in event.items() if name not in ("last", "last_time")}
    renamed = {name: value for name, value in unchanged.items() if value is not None}
    renamed |= {"stop": event["last"] + 1, "peak": event.get("peak") or event["start"]}
    if event.get("last_time") is not None:
        renamed["stop_time"] = event["last_time"]
    return {"anomalies": event["anomalies"], **state, "event": renamed}
