"""Databases of every earlier revision are upgraded with all their data, or left as they are."""

import json
import struct

import pytest
import sqlalchemy as sa

from events.event import Event
from events.policy import PolicyState
from store import CannotOpen, Database, DatasetStore, Detections, Label, Outbox, Silences, StreamStore
from timeseries import DatesRead, Repair

REVISIONS = tuple(f"{number:04}" for number in range(1, 10))
STATE = {
    "event": {
        "start": 4,
        "last": 5,
        "start_time": 40,
        "last_time": 50,
        "anomalies": 2,
        "severity": 2.5,
        "value": 9.0,
        "expected": 4.0,
        "direction": "above",
    },
    "normal": 1,
    "open": True,
    "announced": True,
    "quiet_until": 3,
}
"""State of an alert policy, as the first versions stored it."""
SILENCE_BODY = '{"kind": "silent", "facts": {"kind": "silent"}}'
REPAIR = {"code": "order_mended", "message": "Rows were sorted.", "count": 2, "lines": [3, 9]}
DATES = {"code": "dates mdy asked", "message": "Month first.", "count": 1, "lines": []}


def point_v1(ms, value):
    """A point of schema 0001."""
    return struct.pack("<q5d2B", ms, value, value, value - 1, value + 1, 0.5, 0, 0)


def insert(connection, table, **row):
    columns = ", ".join(f'"{name}"' for name in row)
    connection.execute(sa.text(f"INSERT INTO {table} ({columns}) VALUES (:{', :'.join(row)})"), row)


def insert_stream(connection, revision):
    stream = {
        "params": '{"sigma": 3, "gap": 4}',
        "capacity": 5,
        "cursor": 6,
        "timed": True,
        "last_time": 60,
        "seen": 61,
    }
    retention = {"keep_ms": 10**15, "forgotten": 1} if revision >= "0009" else {}
    insert(connection, "stream", id=1, name="s", detector="d", judges='["a"]', **stream, **retention)
    insert(connection, "fitted", stream_id=1, detector="d", params="{}", cursor=6, state=b"of another version")
    for last, times in ((4, (10, 20, 30, 40)), (6, (50, 60))):
        data = b"".join(point_v1(ms, ms / 10) for ms in times)
        first_time = {"first_time": times[0]} if revision >= "0004" else {}
        insert(
            connection, "chunk", stream_id=1, last=last, points=len(times), last_time=times[-1], data=data, **first_time
        )
    if revision >= "0008":
        connection.execute(sa.text("UPDATE last_id SET stream = 1"))
    if revision >= "0002":
        policy = '{"recovery": 2, "minimum_length": 3, "absolute_floor": 0.5, "relative_floor": 0.25}'
        insert(connection, "watch", stream_id=1, policy=policy, cursor=4, state=json.dumps(STATE))
        message = {
            "key": "k",
            "channel": "mail",
            "stream": "s",
            "body": SILENCE_BODY,
            "status": "waiting",
            "made": 7,
            "due": 8,
        }
        insert(connection, "message", id=1, attempts=0, error="", **message)
    if revision >= "0003":
        insert(connection, "rhythm", stream_id=1, state='{"x": 1}')
        silence = {"number": 1, "cursor": 6, "last_time": 60, "seen": 61, "allowed": 5, "noticed": 70, "pending": True}
        insert(connection, "silence", stream_id=1, **silence)


def insert_dataset(connection, revision):
    series = {"name": '"t"', "created": 5, "points": 2, "bytes": 4096, "whole": True, "columns": '["a"]', "default": 0}
    times = {"time_column": '"time"', "start": 10, "stop": 20, "step": 10}
    insert(connection, "series", id="x", **series, **times, repairs=json.dumps([REPAIR, DATES]))
    insert(connection, "series", id="y", **series | {"created": 4}, **times, repairs=json.dumps([REPAIR]))
    insert(connection, "series_chunk", series_id="x", part=0, number=0, data=struct.pack("<2d", 1.5, 2.5))
    insert(connection, "series_chunk", series_id="x", part=-1, number=0, data=struct.pack("<2q", 10, 20))
    insert(connection, "series_label", series_id="x", position=0, start=0, stop=1, kind="anomaly", note="pump")
    for created, status in enumerate(("done", "failed"), start=1):
        detection = {"series_id": "x", "column": "a", "detector": "d", "params": '{"gap": 2}', "status": status}
        counting = {"counting": '{"minimum_length": 2}', "beat": 3} if revision >= "0007" else {}
        done = {"summary": "{}", "threshold": 3.0, "events": "[]", "finished": 9} if status == "done" else {}
        work = {"progress": 1, "stage": status, "created": created, "bytes": 10, "attempts": 2}
        insert(connection, "detection", id=status, **detection, **counting, **done, **work)
    insert(connection, "detection_result", detection_id="done", part="fscore", number=0, data=struct.pack("<d", 1))
    insert(connection, "detection_state", detection_id="done", data=b"of another version")


def fill(database, revision):
    with database.write() as connection:
        insert_stream(connection, revision)
        if revision >= "0006":
            insert_dataset(connection, revision)


@pytest.fixture(params=REVISIONS)
def revision(request):
    return request.param


@pytest.fixture
def upgraded(database_url, revision):
    """A store that was filled at a revision and upgraded by opening it."""
    database = Database(sa.create_engine(database_url))
    database.upgrade(revision)
    fill(database, revision)
    database.close()
    store = StreamStore.open(database_url)
    yield store
    store.close()


def test_streams_and_their_points_survive(upgraded, revision):
    stream = upgraded.stream("s")
    assert (stream.cursor, stream.capacity, stream.params) == (6, 5, {"sigma": 3, "merge_gap": 4})
    assert (stream.last_arrival, stream.detector_names) == (61, ("a",))
    assert (stream.retention_ms, stream.expired_cursor) == ((10**15, 1) if revision >= "0009" else (None, 0))
    points = upgraded.read(stream, 0, 10)
    assert points.values.tolist() == [2.0, 3.0, 4.0, 5.0, 6.0]
    assert points.judged_by == ("a",) * 5
    assert not points.late.any()
    assert upgraded.read_interval(stream, 30, 40, 1).values.tolist() == [2.0, 3.0, 4.0]
    assert upgraded.load_fit(1) is None  # refitted at the next push
    upgraded.delete(1)
    assert upgraded.put("s", "d", {}, 5).id == 2


def test_alerts_survive(upgraded, revision):
    if revision < "0002":
        return
    outbox = Outbox(upgraded.database)
    watch = outbox.watch(1)
    policy = {"recovery_points": 2, "min_points": 3, "min_abs_deviation": 0.5, "min_rel_deviation": 0.25}
    assert (watch.cursor, watch.policy) == (4, policy)
    event = Event(4, 6, 4, "above", 2.5, 9.0, 4.0, anomalies=2, start_time=40, stop_time=50)
    assert PolicyState.from_json(watch.state) == PolicyState(event, 1, True, True, 3, 2)
    [message] = outbox.newest(2)
    assert (message.key, message.created) == ("k", 7)
    assert message.body == {"kind": "silence", "facts": {"kind": "silence"}}
    if revision >= "0003":
        silences = Silences(upgraded.database)
        assert [(each.last_arrival, each.noticed) for each in silences.of(1)] == [(61, 70)]
        assert silences.load_arrival_intervals(1) == {"x": 1}


def test_datasets_survive_and_their_detections_run_again(upgraded, revision):
    if revision < "0006":
        return
    datasets = DatasetStore(upgraded.database)
    stored, plain = datasets.page(5)
    repairs = (Repair("rows_sorted", "Rows were sorted.", 2, (3, 9)),)
    assert (stored.id, stored.repairs, stored.dates) == ("x", repairs, DatesRead("mdy", "requested", "Month first."))
    assert (plain.id, plain.repairs, plain.dates) == ("y", repairs, None)
    series = datasets.series(stored, "a")
    assert (series.values.tolist(), series.times.astype(int).tolist()) == ([1.5, 2.5], [10, 20])
    assert datasets.labels("x") == [Label(0, 1, "anomaly", "pump")]
    detections = Detections(upgraded.database)
    failed, queued = detections.of_dataset("x")
    assert (failed.id, failed.status, failed.params) == ("failed", "failed", {"merge_gap": 2})
    assert (queued.id, queued.status, queued.attempts, queued.summary) == ("done", "queued", 0, None)
    assert queued.event_filter == ({"min_points": 2} if revision >= "0007" else {})
    assert (detections.columns("done"), detections.state("done")) == ({}, None)
    assert detections.claim("me", 10).id == "done"


def test_a_newer_database_is_refused_in_one_sentence(database_url):
    store = StreamStore.open(database_url)
    with store.database.write() as connection:
        connection.execute(sa.text("UPDATE alembic_version SET version_num = '9999'"))
    store.close()
    with pytest.raises(CannotOpen, match="newer version of this program"):
        StreamStore.open(database_url)


def test_a_failing_migration_changes_nothing(database_url):
    database = Database(sa.create_engine(database_url))
    database.upgrade("0003")
    fill(database, "0003")
    with database.write() as connection:
        connection.execute(sa.text("UPDATE chunk SET data = :none WHERE last = 6"), {"none": b""})
    with pytest.raises(struct.error):
        database.upgrade()
    with database.read() as connection:
        assert connection.execute(sa.text("SELECT version_num FROM alembic_version")).scalar_one() == "0003"
        assert connection.execute(sa.text("SELECT count(*) FROM chunk")).scalar_one() == 2
        assert "chunk_before" not in sa.inspect(connection).get_table_names()
    database.close()
