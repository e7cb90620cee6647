"""Uploaded series: tables to rows and back, windows, limits, labels, deletion."""

from dataclasses import replace

import numpy as np
import pytest
import sqlalchemy as sa

from errors import LimitExceeded
from store import DatasetStore, Label, Store, datasets
from store.codec import FULL_CHUNK
from timeseries import DatesRead, Repair, Table

ROOM = 10**9
POINTS = 2 * FULL_CHUNK + 100
REPAIRS = (Repair("duplicate_time", "Two rows had the same time.", 2, (3, 9)),)


@pytest.fixture
def database(database_url):
    store = Store.open(database_url)
    yield store.database
    store.close()


@pytest.fixture
def archive(database):
    return DatasetStore(database)


def table(points=POINTS, timed=True):
    at = np.arange(points)
    values = np.where(at % 7 == 3, np.nan, at / 3)
    columns = {"a": values, 'b, "c"': -values, "tiny": values * 5e-324}
    times = (at * 60_000 + 1_700_000_000_123).astype("datetime64[ms]") if timed else None
    return Table("t", times, columns, "time" if timed else None, REPAIRS, 'b, "c"')


def rows(database, name):
    with database.read() as connection:
        return connection.execute(sa.text(f"SELECT count(*) FROM {name}")).scalar_one()


@pytest.mark.parametrize(("points", "timed"), [(POINTS, True), (FULL_CHUNK, False), (1, True), (0, False)])
def test_a_table_comes_back_to_the_bit(archive, points, timed):
    dates = DatesRead("mdy", "steps", "Dates like '01/02/2026' were taken as month first.") if timed else None
    sent = replace(table(points, timed), name="a\0é\u2028", dates=dates)
    kept = archive.add(sent, 5, ROOM)
    assert archive.get(kept.id) == kept
    assert (kept.points, kept.default, kept.created, kept.repairs) == (points, 'b, "c"', 5, REPAIRS)
    again = archive.table(kept)
    assert list(again.columns) == list(sent.columns)
    for name, values in sent.columns.items():
        assert again.columns[name].tobytes() == values.tobytes()
    assert (again.times is None) == (not timed)
    if timed:
        np.testing.assert_array_equal(again.times, sent.times)
        assert (kept.start, kept.stop) == (int(sent.times[0].astype(int)), int(sent.times[-1].astype(int)))
    assert (again.name, again.time_column, again.repairs, again.default, again.dates) == (
        sent.name,
        sent.time_column,
        sent.repairs,
        sent.default,
        dates,
    )


@pytest.mark.parametrize(
    ("start", "stop"),
    [(0, 1), (0, FULL_CHUNK), (FULL_CHUNK - 1, FULL_CHUNK + 1), (FULL_CHUNK, 2 * FULL_CHUNK), (5000, 10**9), (7, 7)],
)
def test_a_window_is_the_part_of_the_whole(archive, start, stop):
    sent = table()
    kept = archive.add(sent, 5, ROOM)
    window, whole = archive.series(kept, "a", start, stop), sent.series("a").slice(start, stop)
    np.testing.assert_array_equal(window.values, whole.values)
    np.testing.assert_array_equal(window.times, whole.times)


def test_a_column_that_is_looked_at_again_is_not_read_again(archive, monkeypatch):
    sent = table()
    kept = archive.add(sent, 5, ROOM)
    first = archive.held(kept, "a")
    monkeypatch.setattr(archive, "_database", None)
    again = archive.held(kept, "a")
    assert np.shares_memory(again.values, first.values)
    for each in (first, again):
        np.testing.assert_array_equal(each.values, sent.columns["a"])
        np.testing.assert_array_equal(each.times, sent.times)


def test_what_was_deleted_is_not_seen_again_in_memory(archive):
    kept = archive.add(table(timed=False), 5, ROOM)
    assert len(archive.held(kept, "a")) == POINTS
    archive.delete(kept.id)
    assert len(archive.held(kept, "a")) == 0


def test_the_newest_is_listed_first_and_the_list_goes_on_after_any(archive):
    kept = [archive.add(table(2), created, ROOM) for created in (5, 7, 7, 6)]
    wanted = archive.listed(10)  # those of one moment in any order that stays: each database sorts letters its own way
    assert [each.created for each in wanted] == [7, 7, 6, 5]
    assert {each.id for each in wanted} == {each.id for each in kept}
    for at, each in enumerate(wanted):
        assert archive.listed(2, (each.created, each.id)) == wanted[at + 1 : at + 3]


def test_nothing_more_is_kept_than_there_is_room_for(archive, database):
    size = archive.add(table(), 5, ROOM).bytes
    assert archive.taken() == size == 4 * 8 * POINTS
    with pytest.raises(LimitExceeded) as refused:
        archive.add(table(), 5, 2 * size - 1)
    assert refused.value.detail == {
        "limit": 2 * size - 1,
        "taken": size,
        "needed": size,
        "setting": "max_dataset_bytes",
    }
    assert rows(database, "series") == 1
    archive.add(table(), 5, 2 * size)
    with database.write() as connection:
        connection.execute(sa.insert(datasets.detection).values(**queued(archive.listed(1)[0].id), bytes=1))
    assert archive.taken() == 2 * size + 1


def queued(series_id):
    told = {"column": "a", "detector": "d", "params": "{}", "status": "queued", "progress": 0, "stage": ""}
    return {"id": "x", "series_id": series_id, "created": 1, "attempts": 0, **told}


def test_labels_replace_those_before(archive):
    kept = archive.add(table(10), 5, ROOM)
    first = [Label(1, 3, "anomaly", "pump"), Label(0, 9, "normal")]
    assert archive.put_labels(kept.id, first)
    assert archive.labels(kept.id) == first
    assert archive.put_labels(kept.id, first[1:])
    assert archive.labels(kept.id) == first[1:]
    assert not archive.put_labels("gone", first)
    assert archive.labels("gone") == []


def test_what_is_deleted_is_gone_with_all_that_belongs_to_it(archive, database):
    gone, stays = archive.add(table(), 5, ROOM), archive.add(table(10), 6, ROOM)
    for each in (gone, stays):
        archive.put_labels(each.id, [Label(0, 1, "normal")])
    with database.write() as connection:
        connection.execute(sa.insert(datasets.detection).values(**queued(gone.id), bytes=1))
        result = {"detection_id": "x", "data": b"1"}
        for name, more in (("result", {"part": "score", "number": 0}), ("state", {})):
            columns = result | more
            marks = ", ".join(f":{each}" for each in columns)
            insert = f"INSERT INTO detection_{name} ({', '.join(columns)}) VALUES ({marks})"
            connection.execute(sa.text(insert), columns)
    assert archive.delete(gone.id)
    assert not archive.delete(gone.id)
    assert archive.get(gone.id) is None
    assert archive.listed(10) == [stays]
    assert len(archive.series(gone, "a")) == 0
    counts = {"series": 1, "series_chunk": 4, "series_label": 1, "detection": 0, "detection_result": 0}
    assert {name: rows(database, name) for name in counts} == counts
    assert rows(database, "detection_state") == 0


def test_a_long_upload_lets_others_write_and_is_there_only_when_it_is_whole(archive, database, monkeypatch):
    """In pieces of a megabyte at most; a label put between two of them does not wait for the others."""
    other, seen = archive.add(table(10), 0, ROOM), []
    label = Label(1, 2, "anomaly", "")
    pieces = datasets._some

    def between(rows):
        for piece in pieces(rows):
            assert sum(len(row["data"]) for row in piece) <= 2**20 + FULL_CHUNK
            assert DatasetStore(database).put_labels(other.id, [label] * (len(seen) + 1))
            seen.append([kept.id for kept in archive.listed(10)])
            yield piece

    monkeypatch.setattr(datasets, "_some", between)
    kept = archive.add(table(40 * FULL_CHUNK), 0, ROOM)
    assert seen == [[other.id]] * 5  # 160 chunks
    assert len(archive.labels(other.id)) == 5
    assert {each.id for each in archive.listed(10)} == {kept.id, other.id}


def test_a_series_that_was_not_written_to_its_end_is_not_there_and_is_forgotten(archive, database, monkeypatch):
    def broken(_):
        yield b"1"
        raise OSError("the disk is full")

    monkeypatch.setattr(datasets, "chunked", broken)
    with pytest.raises(OSError, match="full"):
        archive.add(table(), 5, ROOM)
    assert archive.listed(10) == []
    with database.read() as connection:
        half = connection.execute(sa.text("SELECT id FROM series")).scalar_one()
    assert archive.get(half) is None
    assert archive.forget(0, 5) == []
    assert archive.forget(0, 6) == [half]
    assert rows(database, "series") == 0


def test_the_old_are_forgotten(archive):
    old, new = archive.add(table(2), 5, ROOM), archive.add(table(2), 6, ROOM)
    assert archive.forget(6, 0) == [old.id]
    assert archive.listed(10) == [new]


def test_ids_are_long_and_different(archive):
    ids = {archive.add(table(1), 5, ROOM).id for _ in range(20)}
    assert len(ids) == 20
    assert {len(each) for each in ids} == {16}


def test_an_id_that_no_series_can_have_is_not_found(archive):
    assert archive.get("a\0b") is None
