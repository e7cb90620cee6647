"""Datasets: tables as rows and back, intervals, limits, labels, deletion."""

from dataclasses import replace

import numpy as np
import pytest
import sqlalchemy as sa

from errors import LimitExceeded
from store import DatasetStore, Label, StreamStore
from store import datasets as datasets_module
from store.codec import CHUNK_POINTS
from store.dataset_tables import detection
from timeseries import DatesRead, Repair, Table

MAX_BYTES = 10**9
POINTS = 2 * CHUNK_POINTS + 100
REPAIRS = (Repair("duplicate_time", "Two rows had the same time.", 2, (3, 9)),)


@pytest.fixture
def database(database_url):
    store = StreamStore.open(database_url)
    yield store.database
    store.close()


@pytest.fixture
def datasets(database):
    return DatasetStore(database)


def table(points=POINTS, timed=True):
    at = np.arange(points)
    values = np.where(at % 7 == 3, np.nan, at / 3)
    columns = {"a": values, 'b, "c"': -values, "tiny": values * 5e-324}
    times = (at * 60_000 + 1_700_000_000_123).astype("datetime64[ms]") if timed else None
    return Table("t", times, columns, "time" if timed else None, REPAIRS, 'b, "c"')


def count_rows(database, name):
    with database.read() as connection:
        return connection.execute(sa.text(f"SELECT count(*) FROM {name}")).scalar_one()


@pytest.mark.parametrize(("points", "timed"), [(POINTS, True), (CHUNK_POINTS, False), (1, True), (0, False)])
def test_a_table_round_trips_exactly(datasets, points, timed):
    dates = DatesRead("mdy", "steps", "Dates like '01/02/2026' were taken as month first.") if timed else None
    sent = replace(table(points, timed), name="a\0é\u2028", dates=dates)
    stored = datasets.add(sent, 5, MAX_BYTES)
    assert datasets.get(stored.id) == stored
    assert (stored.points, stored.default, stored.created, stored.repairs) == (points, 'b, "c"', 5, REPAIRS)
    restored = datasets.table(stored)
    assert list(restored.columns) == list(sent.columns)
    for name, values in sent.columns.items():
        assert restored.columns[name].tobytes() == values.tobytes()
    assert (restored.times is None) == (not timed)
    if timed:
        np.testing.assert_array_equal(restored.times, sent.times)
        assert (stored.start, stored.stop) == (int(sent.times[0].astype(int)), int(sent.times[-1].astype(int)))
    assert (restored.name, restored.time_column, restored.repairs, restored.default, restored.dates) == (
        sent.name,
        sent.time_column,
        sent.repairs,
        sent.default,
        dates,
    )


@pytest.mark.parametrize(
    ("start", "stop"),
    [
        (0, 1),
        (0, CHUNK_POINTS),
        (CHUNK_POINTS - 1, CHUNK_POINTS + 1),
        (CHUNK_POINTS, 2 * CHUNK_POINTS),
        (5000, 10**9),
        (7, 7),
    ],
)
def test_an_interval_equals_the_slice_of_the_column(datasets, start, stop):
    sent = table()
    stored = datasets.add(sent, 5, MAX_BYTES)
    window, expected = datasets.series(stored, "a", start, stop), sent.series("a").slice(start, stop)
    np.testing.assert_array_equal(window.values, expected.values)
    np.testing.assert_array_equal(window.times, expected.times)


def test_a_cached_column_is_read_once(datasets, monkeypatch):
    sent = table()
    stored = datasets.add(sent, 5, MAX_BYTES)
    first = datasets.cached_series(stored, "a")
    monkeypatch.setattr(datasets, "_database", None)
    second = datasets.cached_series(stored, "a")
    assert np.shares_memory(second.values, first.values)
    for each in (first, second):
        np.testing.assert_array_equal(each.values, sent.columns["a"])
        np.testing.assert_array_equal(each.times, sent.times)


def test_a_deleted_dataset_leaves_the_cache(datasets):
    stored = datasets.add(table(timed=False), 5, MAX_BYTES)
    assert len(datasets.cached_series(stored, "a")) == POINTS
    datasets.delete(stored.id)
    assert len(datasets.cached_series(stored, "a")) == 0


def test_pages_list_the_newest_first_and_continue_after_any(datasets):
    stored = [datasets.add(table(2), created, MAX_BYTES) for created in (5, 7, 7, 6)]
    expected = datasets.page(10)  # equal times in any stable order: each database has its own collation
    assert [each.created for each in expected] == [7, 7, 6, 5]
    assert {each.id for each in expected} == {each.id for each in stored}
    for at, each in enumerate(expected):
        assert datasets.page(2, (each.created, each.id)) == expected[at + 1 : at + 3]


def test_the_size_limit_counts_datasets_and_detections(datasets, database):
    size = datasets.add(table(), 5, MAX_BYTES).bytes
    assert datasets.used_bytes() == size == 4 * 8 * POINTS
    with pytest.raises(LimitExceeded) as refused:
        datasets.add(table(), 5, 2 * size - 1)
    assert refused.value.detail == {
        "limit": 2 * size - 1,
        "taken": size,
        "needed": size,
        "setting": "max_dataset_bytes",
    }
    assert count_rows(database, "dataset") == 1
    datasets.add(table(), 5, 2 * size)
    with database.write() as connection:
        connection.execute(sa.insert(detection).values(**queued_detection(datasets.page(1)[0].id), bytes=1))
    assert datasets.used_bytes() == 2 * size + 1


def queued_detection(dataset_id):
    fields = {"column": "a", "detector": "d", "params": "{}", "status": "queued", "progress": 0, "stage": ""}
    return {"id": "x", "dataset_id": dataset_id, "created": 1, "attempts": 0, **fields}


def test_labels_replace_earlier_ones(datasets):
    stored = datasets.add(table(10), 5, MAX_BYTES)
    first = [Label(1, 3, "anomaly", "pump"), Label(0, 9, "normal")]
    assert datasets.put_labels(stored.id, first)
    assert datasets.labels(stored.id) == first
    assert datasets.put_labels(stored.id, first[1:])
    assert datasets.labels(stored.id) == first[1:]
    assert not datasets.put_labels("gone", first)
    assert datasets.labels("gone") == []


def test_deleting_a_dataset_deletes_everything_that_belongs_to_it(datasets, database):
    deleted, remaining = datasets.add(table(), 5, MAX_BYTES), datasets.add(table(10), 6, MAX_BYTES)
    for each in (deleted, remaining):
        datasets.put_labels(each.id, [Label(0, 1, "normal")])
    with database.write() as connection:
        connection.execute(sa.insert(detection).values(**queued_detection(deleted.id), bytes=1))
        result = {"detection_id": "x", "data": b"1"}
        for name, more in (("result", {"part": "score", "number": 0}), ("state", {})):
            columns = result | more
            marks = ", ".join(f":{each}" for each in columns)
            insert = f"INSERT INTO detection_{name} ({', '.join(columns)}) VALUES ({marks})"
            connection.execute(sa.text(insert), columns)
    assert datasets.delete(deleted.id)
    assert not datasets.delete(deleted.id)
    assert datasets.get(deleted.id) is None
    assert datasets.page(10) == [remaining]
    assert len(datasets.series(deleted, "a")) == 0
    counts = {"dataset": 1, "dataset_chunk": 4, "dataset_label": 1, "detection": 0, "detection_result": 0}
    assert {name: count_rows(database, name) for name in counts} == counts
    assert count_rows(database, "detection_state") == 0


def test_a_long_upload_lets_others_write_and_is_listed_when_complete(datasets, database, monkeypatch):
    """Writes batches of at most 1 MiB; a label written between two batches does not wait for the rest."""
    other, listings = datasets.add(table(10), 0, MAX_BYTES), []
    label = Label(1, 2, "anomaly", "")
    batches = datasets_module._batches

    def spy_batches(count_rows):
        for batch in batches(count_rows):
            assert sum(len(row["data"]) for row in batch) <= 2**20 + CHUNK_POINTS
            assert DatasetStore(database).put_labels(other.id, [label] * (len(listings) + 1))
            listings.append([stored.id for stored in datasets.page(10)])
            yield batch

    monkeypatch.setattr(datasets_module, "_batches", spy_batches)
    stored = datasets.add(table(40 * CHUNK_POINTS), 0, MAX_BYTES)
    assert listings == [[other.id]] * 5  # 160 chunks
    assert len(datasets.labels(other.id)) == 5
    assert {each.id for each in datasets.page(10)} == {stored.id, other.id}


def test_an_incomplete_dataset_is_not_listed_and_is_deleted(datasets, database, monkeypatch):
    def fail_encoding(_):
        yield b"1"
        raise OSError("the disk is full")

    monkeypatch.setattr(datasets_module, "encode_column", fail_encoding)
    with pytest.raises(OSError, match="full"):
        datasets.add(table(), 5, MAX_BYTES)
    assert datasets.page(10) == []
    with database.read() as connection:
        incomplete = connection.execute(sa.text("SELECT id FROM dataset")).scalar_one()
    assert datasets.get(incomplete) is None
    assert datasets.delete_old(0, 5) == []
    assert datasets.delete_old(0, 6) == [incomplete]
    assert count_rows(database, "dataset") == 0


def test_old_datasets_are_deleted(datasets):
    old, new = datasets.add(table(2), 5, MAX_BYTES), datasets.add(table(2), 6, MAX_BYTES)
    assert datasets.delete_old(6, 0) == [old.id]
    assert datasets.page(10) == [new]


def test_ids_are_long_and_unique(datasets):
    ids = {datasets.add(table(1), 5, MAX_BYTES).id for _ in range(20)}
    assert len(ids) == 20
    assert {len(each) for each in ids} == {16}


def test_an_id_with_a_null_character_returns_none(datasets):
    assert datasets.get("a\0b") is None
