"""Databases of every earlier version are brought up to date with all that is in them, or left as they are."""

import struct

import pytest
import sqlalchemy as sa

from store import CannotOpen, Database, Outbox, Store

REVISIONS = ("0001", "0002", "0003", "0004", "0005", "0006", "0007", "0008")


def point(ms, value):
    """A point as schema 0001 had it."""
    return struct.pack("<q5d2B", ms, value, value, value - 1, value + 1, 0.5, 0, 0)


def insert(connection, table, **row):
    columns = ", ".join(row)
    connection.execute(sa.text(f"INSERT INTO {table} ({columns}) VALUES (:{', :'.join(row)})"), row)


def fill(database, revision):
    with database.write() as connection:
        told = {"params": '{"sigma": 3}', "capacity": 5, "cursor": 6, "timed": True, "last_time": 60, "seen": 61}
        insert(connection, "stream", id=1, name="s", detector="d", judges='["a"]', **told)
        for last, times in ((4, (10, 20, 30, 40)), (6, (50, 60))):
            data = b"".join(point(ms, ms / 10) for ms in times)
            first = {"first_time": times[0]} if revision >= "0004" else {}
            row = {"points": len(times), "last_time": times[-1], "data": data, **first}
            insert(connection, "chunk", stream_id=1, last=last, **row)
        if revision >= "0008":
            connection.execute(sa.text("UPDATE last_id SET stream = 1"))
        if revision >= "0002":
            insert(connection, "watch", stream_id=1, policy='{"recovery": 2}', cursor=4, state="{}")


@pytest.mark.parametrize("revision", REVISIONS)
def test_a_database_of_an_earlier_version_is_read_whole(database_url, revision):
    database = Database(sa.create_engine(database_url))
    database.upgrade(revision)
    fill(database, revision)
    database.close()
    store = Store.open(database_url)
    stream = store.stream("s")
    assert (stream.cursor, stream.capacity, stream.params) == (6, 5, {"sigma": 3})
    assert (stream.keep_ms, stream.forgotten) == (None, 0)
    kept = store.read(stream, 0, 10)
    assert kept.values.tolist() == [2.0, 3.0, 4.0, 5.0, 6.0]
    assert kept.judged_by == ("a",) * 5
    assert not kept.late.any()
    assert store.around(stream, 30, 40, 1).values.tolist() == [2.0, 3.0, 4.0]
    if revision >= "0002":
        assert Outbox(store.database).watch(1).cursor == 4
    store.delete(1)
    assert store.put("s", "d", {}, 5).id == 2
    store.close()


def test_a_newer_database_is_refused_in_one_sentence(database_url):
    store = Store.open(database_url)
    with store.database.write() as connection:
        connection.execute(sa.text("UPDATE alembic_version SET version_num = '9999'"))
    store.close()
    with pytest.raises(CannotOpen, match="newer version of this program"):
        Store.open(database_url)


def test_a_migration_that_fails_leaves_the_old_schema_whole(database_url):
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
