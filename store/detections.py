"""Detections that are kept: those that wait, the one that is worked on, and what came of the others."""

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
from store.codec import chunked, joined, pack_state, unpack_state
from store.database import Database
from store.dataset_tables import detection, detection_result, detection_state, series
from store.datasets import AT_ONCE, ID_BYTES

MOST_OF_SERIES = 100
"""Detections of one series."""
WHOLE: sa.Select[Any] = sa.select(detection)
BRIEF: sa.Select[Any] = sa.select(
    *(column for column in detection.c if column.name != "events"),
    sa.case((detection.c.events.is_(None), None), else_="[]").label("events"),
)
"""Detections, and the same without their events."""
KINDS = {"f": np.dtype("<f8"), "b": np.dtype("?"), "u": np.dtype("u1")}
"""The kinds of columns; the first letter of a part's name in the database tells which it is."""


class LeaseLost(Exception):
    """A detection is not its worker's any more: cancelled, deleted, or given to another."""


@dataclass(frozen=True)
class DetectionSummary:
    """What came of a detection, in few words; it changes when the detection is judged again."""

    threshold: float
    events: Sequence[Mapping[str, Any]]
    summary: Mapping[str, Any]


@dataclass(frozen=True)
class DetectionRecord:
    """A detection as it is kept, without its columns.

    params    every parameter in effect; counting: see events/filter.py
    status    queued, running, done, failed or cancelled
    progress  0 to 1, of which `stage` is at work
    error     code, message and detail, if it failed
    created, started, finished  ms since 1970 UTC; started: the last attempt
    owner     who works on it; beat: when that was last heard of, ms since 1970 UTC; attempts: how often one began to
    """

    id: str
    series_id: str
    column: str
    detector: str
    params: Mapping[str, Any]
    counting: Mapping[str, Any] = field(default_factory=dict)
    status: str = "queued"
    progress: float = 0.0
    stage: str = "queued"
    error: Mapping[str, Any] | None = None
    created: int = 0
    started: int | None = None
    finished: int | None = None
    bytes: int = 0
    owner: str | None = None
    beat: int | None = None
    attempts: int = 0
    verdict: DetectionSummary | None = None


class Detections:
    """The detections' share of a database. Safe to use from many threads and processes."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def add(
        self, series_id: str, column: str, detector: str, params: Mapping[str, Any], now: int
    ) -> DetectionRecord | None:
        """Queues a detection; durable when it returns. None where the series is gone. Raises LimitExceeded."""
        new = DetectionRecord(secrets.token_urlsafe(ID_BYTES), series_id, column, detector, dict(params), created=now)
        count = sa.select(sa.func.count()).select_from(detection).where(detection.c.series_id == series_id)
        with self._database.write() as connection:
            if not connection.execute(sa.select(series.c.id).where(series.c.id == series_id)).one_or_none():
                return None
            if connection.execute(count).scalar_one() >= MOST_OF_SERIES:
                said = f"A series keeps at most {MOST_OF_SERIES} detections; delete one of this series first."
                raise LimitExceeded(said, limit=MOST_OF_SERIES)
            connection.execute(sa.insert(detection).values(_row(new)))
        return new

    def get(self, detection_id: str, *, events: bool = True) -> DetectionRecord | None:
        """A detection by its id; without its events it is quickly read."""
        if "\0" in detection_id:  # no text of PostgreSQL's holds it
            return None
        query = (WHOLE if events else BRIEF).where(detection.c.id == detection_id)
        with self._database.read() as connection:
            row = connection.execute(query).one_or_none()
        return None if row is None else _of(row)

    def of_series(self, series_id: str) -> list[DetectionRecord]:
        """The detections of a series without their events, the newest first."""
        order = (detection.c.created.desc(), detection.c.id.desc())
        query = BRIEF.where(detection.c.series_id == series_id).order_by(*order)
        with self._database.read() as connection:
            return [_of(row) for row in connection.execute(query)]

    def waiting(self) -> int:
        """How many are queued."""
        query = sa.select(sa.func.count()).select_from(detection).where(detection.c.status == "queued")
        with self._database.read() as connection:
            return int(connection.execute(query).scalar_one())

    def ahead(self, of: DetectionRecord) -> int:
        """How many are queued before one, or worked on."""
        earlier = sa.or_(
            detection.c.created < of.created, sa.and_(detection.c.created == of.created, detection.c.id < of.id)
        )
        busy = sa.or_(detection.c.status == "running", sa.and_(detection.c.status == "queued", earlier))
        with self._database.read() as connection:
            query = sa.select(sa.func.count()).select_from(detection).where(busy)
            return int(connection.execute(query).scalar_one())

    def claim(self, owner: str, now: int) -> DetectionRecord | None:
        """Gives the oldest that waits to an owner, which has begun at `now` (ms since 1970 UTC)."""
        if not self.waiting():
            return None
        oldest = (
            sa.select(detection).where(detection.c.status == "queued").order_by(detection.c.created, detection.c.id)
        )
        with self._database.write() as connection:
            row = connection.execute(oldest.limit(1)).one_or_none()
            if row is None:
                return None
            changed = {"status": "running", "stage": "read", "progress": 0.0, "owner": owner, "started": now}
            changed |= {"beat": now, "attempts": row.attempts + 1}
            connection.execute(sa.update(detection).where(detection.c.id == row.id).values(changed))
        return _of(row, **changed)

    def beat(self, of: DetectionRecord, now: int, progress: float, stage: str) -> bool:
        """Says that it is worked on. False where it is not its owner's any more."""
        return self._change(of, beat=now, progress=progress, stage=stage)

    def running(self) -> list[DetectionRecord]:
        """Those that somebody works on, or did."""
        with self._database.read() as connection:
            return [_of(row) for row in connection.execute(sa.select(detection).where(_is("running")))]

    def give_back(self, of: DetectionRecord, *, counted: bool = True) -> bool:
        """Queues one again that its owner does not go on with; whether the attempt counts."""
        again = {"status": "queued", "stage": "queued", "progress": 0.0, "owner": None, "beat": None}
        return self._change(of, **again, attempts=of.attempts if counted else of.attempts - 1)

    def fail(self, of: DetectionRecord, error: Mapping[str, Any], now: int) -> bool:
        """Ends one that failed: `error` has a code, a message and detail."""
        return self._change(of, status="failed", error=json.dumps(dict(error)), finished=now, owner=None, beat=None)

    def cancel(self, detection_id: str, now: int) -> bool:
        """Ends one that waits or is worked on. False where it is none of these."""
        which = sa.and_(detection.c.id == detection_id, detection.c.status.in_(("queued", "running")))
        ended = {"status": "cancelled", "stage": "cancelled", "finished": now, "owner": None, "beat": None}
        with self._database.write() as connection:
            return bool(connection.execute(sa.update(detection).where(which).values(ended)).rowcount)

    def delete(self, detection_id: str) -> bool:
        """Forgets one. Returns whether it was there."""
        with self._database.write() as connection:
            return bool(connection.execute(sa.delete(detection).where(detection.c.id == detection_id)).rowcount)

    def finish(
        self,
        of: DetectionRecord,
        columns: Mapping[str, NDArray[Any]],
        state: Mapping[str, Any],
        verdict: DetectionSummary,
        now: int,
    ) -> int:
        """Keeps what came of one and ends it; durable when it returns. Gives the bytes that it takes. Raises Lost.

        Columns go in several transactions, so that other writes do not wait for a million points; nobody reads them
        before the last one has ended it.
        """
        packed = pack_state(state)
        size = len(packed) + sum(column.nbytes for column in columns.values())
        with self._owned(of) as connection:
            connection.execute(sa.delete(detection_result).where(detection_result.c.detection_id == of.id))
            connection.execute(sa.delete(detection_state).where(detection_state.c.detection_id == of.id))
        for some in _rows_of(of.id, columns):
            with self._owned(of) as connection:
                connection.execute(sa.insert(detection_result), some)
        ended = {"status": "done", "stage": "done", "progress": 1.0, "finished": now, "owner": None, "beat": None}
        with self._owned(of) as connection:
            connection.execute(sa.insert(detection_state).values(detection_id=of.id, data=packed))
            values = {**ended, **_told(verdict), "bytes": size}
            connection.execute(sa.update(detection).where(detection.c.id == of.id).values(values))
        return size

    def rejudge(
        self, of: DetectionRecord, params: Mapping[str, Any], counting: Mapping[str, Any], verdict: DetectionSummary
    ) -> DetectionRecord | None:
        """Keeps another judgement of one that is done, and gives it. None where it was deleted meanwhile."""
        given = {"params": json.dumps(dict(params)), "counting": json.dumps(dict(counting)), **_told(verdict)}
        which = sa.and_(detection.c.id == of.id, _is("done"))
        with self._database.write() as connection:
            if not connection.execute(sa.update(detection).where(which).values(given)).rowcount:
                return None
        return replace(of, params=dict(params), counting=dict(counting), verdict=verdict)

    def columns(self, detection_id: str) -> dict[str, NDArray[Any]]:
        """The columns of one that is done, by name."""
        row = detection_result.c
        query = sa.select(row.part, row.data).where(row.detection_id == detection_id).order_by(row.part, row.number)
        parts: dict[str, list[bytes]] = {}
        with self._database.read() as connection:
            for part, data in connection.execute(query):
                parts.setdefault(part, []).append(data)
        return {part[1:]: joined(chunks, KINDS[part[0]]) for part, chunks in parts.items()}

    def state(self, detection_id: str) -> dict[str, Any] | None:
        """What else was kept of one that is done."""
        query = sa.select(detection_state.c.data).where(detection_state.c.detection_id == detection_id)
        with self._database.read() as connection:
            data = connection.execute(query).scalar_one_or_none()
        return None if data is None else unpack_state(data)

    def _change(self, of: DetectionRecord, **values: Any) -> bool:
        """Changes one that is still its owner's."""
        with self._database.write() as connection:
            return bool(connection.execute(sa.update(detection).where(_held(of)).values(values)).rowcount)

    @contextmanager
    def _owned(self, of: DetectionRecord) -> Iterator[sa.Connection]:
        """A transaction that only begins while the detection is its owner's. Raises Lost."""
        with self._database.write() as connection:
            if connection.execute(sa.select(detection.c.id).where(_held(of))).one_or_none() is None:
                raise LeaseLost(f"detection {of.id} is not this worker's any more")
            yield connection


def _is(status: str) -> sa.ColumnElement[bool]:
    return detection.c.status == status


def _held(of: DetectionRecord) -> sa.ColumnElement[bool]:
    return sa.and_(
        detection.c.id == of.id, _is("running"), detection.c.owner == of.owner, detection.c.attempts == of.attempts
    )


def _rows_of(detection_id: str, columns: Mapping[str, NDArray[Any]]) -> Iterator[list[dict[str, Any]]]:
    """The rows of columns, at most AT_ONCE at a time."""
    some: list[dict[str, Any]] = []
    for name, column in columns.items():
        for number, data in enumerate(chunked(column)):
            part = f"{column.dtype.kind}{name}"
            some.append({"detection_id": detection_id, "part": part, "number": number, "data": data})
            if len(some) == AT_ONCE:
                yield some
                some = []
    if some:
        yield some


def _told(verdict: DetectionSummary) -> dict[str, Any]:
    return {
        "threshold": verdict.threshold,
        "events": json.dumps(list(verdict.events)),
        "summary": json.dumps(dict(verdict.summary)),
    }


def _row(of: DetectionRecord) -> dict[str, Any]:
    told = {name: value for name, value in vars(of).items() if name not in ("verdict", "error")}
    return told | {"params": json.dumps(dict(of.params)), "counting": json.dumps(dict(of.counting))}


def _of(row: sa.Row[Any], **changed: Any) -> DetectionRecord:
    told = row._asdict() | changed
    threshold, events, summary = (told.pop(name) for name in ("threshold", "events", "summary"))
    verdict = None if events is None else DetectionSummary(threshold, json.loads(events), json.loads(summary))
    error = None if told["error"] is None else json.loads(told["error"])
    plain = {"params": json.loads(row.params), "counting": json.loads(row.counting)}
    return DetectionRecord(**told | plain | {"error": error, "verdict": verdict})
