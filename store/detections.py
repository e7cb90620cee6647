"""Detections in the database: the queue of those to run, and the results of those that are done."""

import json
import secrets
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import sqlalchemy as sa
from numpy.typing import NDArray

from errors import LimitExceeded
from store.codec import decode_column, encode_column, pack_state, unpack_state
from store.database import Database
from store.dataset_tables import dataset, detection, detection_result, detection_state
from store.datasets import CHUNKS_PER_TRANSACTION, ID_BYTES

MAX_DETECTIONS_PER_DATASET = 100
SELECT_ALL: sa.Select[Any] = sa.select(detection)
SELECT_WITHOUT_EVENTS: sa.Select[Any] = sa.select(
    *(column for column in detection.c if column.name != "events"),
    sa.case((detection.c.events.is_(None), None), else_="[]").label("events"),
)
COLUMN_TYPES = {"f": np.dtype("<f8"), "b": np.dtype("?"), "u": np.dtype("u1")}
"""The dtypes of result columns, by the first letter of a part's name in the database."""
NOT_RUNNING = {"owner": None, "heartbeat": None}
"""Column values of a detection that nobody runs."""


class LeaseLost(Exception):
    """The worker does not own the detection any more: it was cancelled, deleted, or claimed by another."""


@dataclass(frozen=True)
class DetectionSummary:
    """The result of a detection without its columns; rethresholding replaces it.

    events      JSON objects, the most severe ones: see `jobs.serialization.summarize`
    statistics  JSON object: see `anomaly_detection.Detection.statistics`, and `seconds`
    """

    threshold: float
    events: Sequence[Mapping[str, Any]]
    statistics: Mapping[str, Any]


@dataclass(frozen=True)
class DetectionRecord:
    """A stored detection without its result columns.

    params        every parameter in effect
    event_filter  see events/filter.py
    status        queued, running, done, failed or cancelled
    progress      0 to 1; `stage` is the current one
    error         code, message and detail of a failed one
    created, started, finished  ms since 1970 UTC; started: of the last attempt
    owner         the service that runs it; heartbeat: its last sign of life, ms since 1970 UTC
    attempts      how often it was claimed
    """

    id: str
    dataset_id: str
    column: str
    detector: str
    params: Mapping[str, Any]
    event_filter: Mapping[str, Any] = field(default_factory=dict)
    status: str = "queued"
    progress: float = 0.0
    stage: str = "queued"
    error: Mapping[str, Any] | None = None
    created: int = 0
    started: int | None = None
    finished: int | None = None
    bytes: int = 0
    owner: str | None = None
    heartbeat: int | None = None
    attempts: int = 0
    summary: DetectionSummary | None = None


class Detections:
    """The detections in a database. Safe to use from many threads and processes."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def add(
        self, dataset_id: str, column: str, detector: str, params: Mapping[str, Any], now: int
    ) -> DetectionRecord | None:
        """Queue a detection; durable when it returns. None where the dataset does not exist. Raises LimitExceeded."""
        new = DetectionRecord(secrets.token_urlsafe(ID_BYTES), dataset_id, column, detector, dict(params), created=now)
        count = sa.select(sa.func.count()).select_from(detection).where(detection.c.dataset_id == dataset_id)
        with self._database.write() as connection:
            if not connection.execute(sa.select(dataset.c.id).where(dataset.c.id == dataset_id)).one_or_none():
                return None
            if connection.execute(count).scalar_one() >= MAX_DETECTIONS_PER_DATASET:
                message = f"A dataset has at most {MAX_DETECTIONS_PER_DATASET} detections; delete one of them first."
                raise LimitExceeded(message, limit=MAX_DETECTIONS_PER_DATASET)
            connection.execute(sa.insert(detection).values(_to_row(new)))
        return new

    def get(self, detection_id: str, *, events: bool = True) -> DetectionRecord | None:
        """A detection by its id; faster without its events."""
        if "\0" in detection_id:  # PostgreSQL's text cannot hold it
            return None
        query = (SELECT_ALL if events else SELECT_WITHOUT_EVENTS).where(detection.c.id == detection_id)
        with self._database.read() as connection:
            row = connection.execute(query).one_or_none()
        return None if row is None else _from_row(row)

    def of_dataset(self, dataset_id: str) -> list[DetectionRecord]:
        """The detections of a dataset without their events, newest first."""
        order = (detection.c.created.desc(), detection.c.id.desc())
        query = SELECT_WITHOUT_EVENTS.where(detection.c.dataset_id == dataset_id).order_by(*order)
        with self._database.read() as connection:
            return [_from_row(row) for row in connection.execute(query)]

    def count_queued(self) -> int:
        """How many detections are queued."""
        query = sa.select(sa.func.count()).select_from(detection).where(detection.c.status == "queued")
        with self._database.read() as connection:
            return int(connection.execute(query).scalar_one())

    def count_ahead(self, record: DetectionRecord) -> int:
        """How many detections run, or are queued before this one."""
        same_moment = sa.and_(detection.c.created == record.created, detection.c.id < record.id)
        earlier = sa.or_(detection.c.created < record.created, same_moment)
        ahead = sa.or_(detection.c.status == "running", sa.and_(detection.c.status == "queued", earlier))
        with self._database.read() as connection:
            query = sa.select(sa.func.count()).select_from(detection).where(ahead)
            return int(connection.execute(query).scalar_one())

    def claim(self, owner: str, now: int) -> DetectionRecord | None:
        """Assign the oldest queued detection to an owner, started at `now` (ms since 1970 UTC); None without one."""
        if not self.count_queued():
            return None
        queued = sa.select(detection).where(detection.c.status == "queued")
        with self._database.write() as connection:
            row = connection.execute(queued.order_by(detection.c.created, detection.c.id).limit(1)).one_or_none()
            if row is None:
                return None
            changes = {
                "status": "running",
                "stage": "read",
                "progress": 0.0,
                "owner": owner,
                "started": now,
                "heartbeat": now,
                "attempts": row.attempts + 1,
            }
            connection.execute(sa.update(detection).where(detection.c.id == row.id).values(changes))
        return _from_row(row, **changes)

    def heartbeat(self, record: DetectionRecord, now: int, progress: float, stage: str) -> bool:
        """Store a sign of life of the owner, and its progress. False where it does not own the detection any more."""
        return self._update_owned(record, heartbeat=now, progress=progress, stage=stage)

    def running(self) -> list[DetectionRecord]:
        """The running detections, those of crashed owners included."""
        with self._database.read() as connection:
            return [_from_row(row) for row in connection.execute(sa.select(detection).where(_has_status("running")))]

    def requeue(self, record: DetectionRecord, *, count_attempt: bool = True) -> bool:
        """Queue a running detection again. False where the owner does not own it any more."""
        changes = {"status": "queued", "stage": "queued", "progress": 0.0, **NOT_RUNNING}
        return self._update_owned(record, **changes, attempts=record.attempts - (not count_attempt))

    def fail(self, record: DetectionRecord, error: Mapping[str, Any], now: int) -> bool:
        """End a running detection with an error: code, message and detail. False where it is not owned any more."""
        return self._update_owned(record, status="failed", error=json.dumps(dict(error)), finished=now, **NOT_RUNNING)

    def cancel(self, detection_id: str, now: int) -> bool:
        """End a queued or running detection. False where it is neither."""
        active = sa.and_(detection.c.id == detection_id, detection.c.status.in_(("queued", "running")))
        changes = {"status": "cancelled", "stage": "cancelled", "finished": now, **NOT_RUNNING}
        with self._database.write() as connection:
            return bool(connection.execute(sa.update(detection).where(active).values(changes)).rowcount)

    def delete(self, detection_id: str) -> bool:
        """Delete a detection. Returns whether it existed."""
        with self._database.write() as connection:
            return bool(connection.execute(sa.delete(detection).where(detection.c.id == detection_id)).rowcount)

    def finish(
        self,
        record: DetectionRecord,
        columns: Mapping[str, NDArray[Any]],
        state: Mapping[str, Any],
        summary: DetectionSummary,
        now: int,
    ) -> int:
        """Store the result of a running detection and end it; durable when it returns. Returns its size in bytes.

        Columns are written in several transactions, so that other writers do not wait for a million points; nobody
        reads them before the last transaction sets the status. Raises LeaseLost.
        """
        packed = pack_state(state)
        size = len(packed) + sum(column.nbytes for column in columns.values())
        with self._owned(record) as connection:
            connection.execute(sa.delete(detection_result).where(detection_result.c.detection_id == record.id))
            connection.execute(sa.delete(detection_state).where(detection_state.c.detection_id == record.id))
        for rows in _column_rows(record.id, columns):
            with self._owned(record) as connection:
                connection.execute(sa.insert(detection_result), rows)
        changes = {"status": "done", "stage": "done", "progress": 1.0, "finished": now, "bytes": size, **NOT_RUNNING}
        with self._owned(record) as connection:
            connection.execute(sa.insert(detection_state).values(detection_id=record.id, data=packed))
            update = sa.update(detection).where(detection.c.id == record.id)
            connection.execute(update.values({**changes, **_summary_row(summary)}))
        return size

    def replace_summary(
        self,
        record: DetectionRecord,
        params: Mapping[str, Any],
        event_filter: Mapping[str, Any],
        summary: DetectionSummary,
    ) -> DetectionRecord | None:
        """Store the rethresholded summary of a done detection, and return it. None where the detection is gone."""
        changes = {
            "params": json.dumps(dict(params)),
            "event_filter": json.dumps(dict(event_filter)),
            **_summary_row(summary),
        }
        done = sa.and_(detection.c.id == record.id, _has_status("done"))
        with self._database.write() as connection:
            if not connection.execute(sa.update(detection).where(done).values(changes)).rowcount:
                return None
        return replace(record, params=dict(params), event_filter=dict(event_filter), summary=summary)

    def columns(self, detection_id: str) -> dict[str, NDArray[Any]]:
        """The result columns of a done detection by name, each (n,)."""
        row = detection_result.c
        query = sa.select(row.part, row.data).where(row.detection_id == detection_id).order_by(row.part, row.number)
        parts: dict[str, list[bytes]] = {}
        with self._database.read() as connection:
            for part, data in connection.execute(query):
                parts.setdefault(part, []).append(data)
        return {part[1:]: decode_column(chunks, COLUMN_TYPES[part[0]]) for part, chunks in parts.items()}

    def state(self, detection_id: str) -> dict[str, Any] | None:
        """The state stored with the result columns of a done detection."""
        query = sa.select(detection_state.c.data).where(detection_state.c.detection_id == detection_id)
        with self._database.read() as connection:
            data = connection.execute(query).scalar_one_or_none()
        return None if data is None else unpack_state(data)

    def _update_owned(self, record: DetectionRecord, **values: Any) -> bool:
        with self._database.write() as connection:
            return bool(connection.execute(sa.update(detection).where(_is_owned(record)).values(values)).rowcount)

    @contextmanager
    def _owned(self, record: DetectionRecord) -> Iterator[sa.Connection]:
        """A write transaction on a detection that its owner still owns. Raises LeaseLost."""
        with self._database.write() as connection:
            if connection.execute(sa.select(detection.c.id).where(_is_owned(record))).one_or_none() is None:
                raise LeaseLost(f"detection {record.id} is not owned by this worker any more")
            yield connection


def _has_status(status: str) -> sa.ColumnElement[bool]:
    return detection.c.status == status


def _is_owned(record: DetectionRecord) -> sa.ColumnElement[bool]:
    """Whether the detection is still in the attempt that the record was claimed for."""
    return sa.and_(
        detection.c.id == record.id,
        _has_status("running"),
        detection.c.owner == record.owner,
        detection.c.attempts == record.attempts,
    )


def _column_rows(detection_id: str, columns: Mapping[str, NDArray[Any]]) -> Iterator[list[dict[str, Any]]]:
    """The rows of result columns, at most CHUNKS_PER_TRANSACTION at a time."""
    batch: list[dict[str, Any]] = []
    for name, column in columns.items():
        for number, data in enumerate(encode_column(column)):
            part = f"{column.dtype.kind}{name}"
            batch.append({"detection_id": detection_id, "part": part, "number": number, "data": data})
            if len(batch) == CHUNKS_PER_TRANSACTION:
                yield batch
                batch = []
    if batch:
        yield batch


def _summary_row(summary: DetectionSummary) -> dict[str, Any]:
    return {
        "threshold": summary.threshold,
        "events": json.dumps(list(summary.events)),
        "statistics": json.dumps(dict(summary.statistics)),
    }


def _to_row(record: DetectionRecord) -> dict[str, Any]:
    values = {name: value for name, value in vars(record).items() if name not in ("summary", "error")}
    encoded = {"params": json.dumps(dict(record.params)), "event_filter": json.dumps(dict(record.event_filter))}
    return values | encoded


def _from_row(row: sa.Row[Any], **changes: Any) -> DetectionRecord:
    values = row._asdict() | changes
    threshold = values.pop("threshold")
    events = values.pop("events")
    statistics = values.pop("statistics")
    decoded = {
        "params": json.loads(row.params),
        "event_filter": json.loads(row.event_filter),
        "error": None if row.error is None else json.loads(row.error),
        "summary": None if events is None else DetectionSummary(threshold, json.loads(events), json.loads(statistics)),
    }
    return DetectionRecord(**values | decoded)
