"""Streams in the store: round trips, chunks, the schema, databases that cannot be opened."""

from dataclasses import replace

import numpy as np
import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext

from events.scored_points import COLUMNS, ScoredPoints
from store import AppendedPoints, CannotOpen, SavedFit, StreamStore, Unavailable
from store.codec import CHUNK_POINTS
from store.stream_tables import metadata
from store.streams import Conflict


@pytest.fixture
def store(database_url):
    store = StreamStore.open(database_url)
    yield store
    store.close()


def points(first, n):
    """n points from cursor `first` on, all numbers different."""
    at = np.arange(first, first + n, dtype=float)
    names = tuple("ab"[k % 2] if k % 3 else None for k in range(first, first + n))
    columns = (at, at + 0.1, at - 1, at + 1, at / 7, at % 5 == 0, names, 1 / at, at % 3 == 0)
    return ScoredPoints(None, *columns, cursor=first + n - 1)


def append(store, stream, n, merge=False):
    stream = replace(stream, cursor=stream.cursor + n, timed=False, detector_names=("b", "a"))
    store.append([AppendedPoints(stream, points(stream.cursor - n + 1, n), merge)])
    return stream


def assert_points(actual, first, n):
    expected = points(first, n)
    assert (actual.judged_by, actual.cursor, actual.times) == (expected.judged_by, expected.cursor, None)
    for name in COLUMNS:
        np.testing.assert_array_equal(getattr(actual, name), getattr(expected, name))


def test_points_round_trip_whatever_the_chunks(store):
    stream = store.put("s", "d", {"sigma": 3.5}, 10**6)
    for n, merge in ((1, False), (700, False), (9000, False), (3, True), (5, False), (4096, True)):
        stream = append(store, stream, n, merge)
    assert store.stream("s") == stream
    for after, limit in ((0, 20_000), (0, 1), (1, 700), (4095, 2), (9700, 10), (stream.cursor - 1, 5)):
        n = min(limit, stream.cursor - after)
        assert_points(store.read(stream, after, limit), after + 1, n)
    assert_points(store.read_newest(stream, 10), stream.cursor - 9, 10)
    assert len(store.read(stream, stream.cursor, 10)) == 0


def test_points_appended_after_the_stream_was_read_are_left_out(store):
    before = store.put("s", "d", {}, 10**6)
    assert before.detector_names == ()
    middle = append(store, before, 5)
    append(store, middle, 3, merge=True)
    assert len(store.read(before, 0, 10)) == len(store.read_latest(before, 10)) == 0
    assert_points(store.read(middle, 0, 10), 1, 5)
    assert_points(store.read_newest(middle, 10), 1, 5)
    assert store.last_points([before], 10)[before.id].judged_by == points(1, 8).judged_by


def test_late_points_appended_after_the_stream_was_read_are_left_out(store):
    before = store.put("s", "d", {}, 10**6)
    for n in (4, 3):
        untimed = points(before.cursor + 1, n)
        stamps = (np.arange(n) + 10 * n).astype("datetime64[ms]")
        after = replace(before, cursor=before.cursor + n, timed=True, last_time=43, detector_names=("b", "a"))
        store.append([AppendedPoints(after, replace(untimed, times=stamps), merge=n == 3)])
        before, earlier = after, before
    interval = store.read_interval(earlier, 0, 1000, 5)
    np.testing.assert_array_equal(interval.times.astype(int), [40, 41, 42, 43])


def test_merging_makes_full_chunks_and_drops_points_beyond_the_capacity(store):
    stream = store.put("s", "d", {}, 5000)
    for _ in range(200):
        stream = append(store, stream, 100)
    assert store.count_small_chunks(stream.id) == 200
    stream = append(store, stream, 1, merge=True)
    assert store.count_small_chunks(stream.id) <= 1
    assert len(store.read(stream, 0, 10**6)) == 5000
    with store.database.read() as connection:
        rows = connection.execute(sa.text("SELECT points FROM chunk")).scalars().all()
    assert sum(rows) < 5000 + CHUNK_POINTS


def test_an_append_is_all_or_nothing(store):
    one, other = store.put("one", "d", {}, 100), store.put("other", "d", {}, 100)
    good = AppendedPoints(replace(one, cursor=1, timed=False, detector_names=("b", "a")), points(1, 1))
    bad = AppendedPoints(replace(other, id=999, cursor=1, timed=False, detector_names=("b", "a")), points(1, 1))
    with pytest.raises(Conflict):
        store.append([good, bad])
    assert store.stream("one").cursor == 0
    assert len(store.read(one, 0, 10)) == 0


def test_a_saved_fit_round_trips(store):
    stream = store.put("s", "d", {}, 100)
    state = {"weights": {"a": np.arange(6.0).reshape(2, 3)}, "unit": np.float64(2), "none": None, "list": [1, "x"]}
    store.save_fit(stream.id, SavedFit("d", {"sigma": 3}, 7, {"old": 1}))
    store.save_fit(stream.id, SavedFit("e", {"sigma": 4}, 8, state))
    fit = store.load_fit(stream.id)
    assert (fit.detector, fit.params, fit.cursor) == ("e", {"sigma": 4}, 8)
    np.testing.assert_array_equal(fit.state["weights"]["a"], state["weights"]["a"])
    assert (fit.state["unit"], fit.state["none"], fit.state["list"]) == (2, None, [1, "x"])


def test_stream_ids_are_never_reused(store):
    ids = []
    for name in ("a", "b", "b", "c"):
        ids.append(store.put(name, "d", {}, 10).id)
        store.delete(ids[-1])
    created = store.create_missing(["x", "y"], "d", {}, 10)
    store.delete(created[-1].id)
    ids += [each.id for each in [*created, *store.create_missing(["y", "z"], "d", {}, 10)]]
    assert len(set(ids)) == len(ids)


def test_deleting_a_stream_deletes_its_points_and_fit(store):
    stream = append(store, store.put("s", "d", {}, 100), 10)
    store.save_fit(stream.id, SavedFit("d", {}, 7, {}))
    store.delete(stream.id)
    assert store.stream("s") is None
    assert store.count() == 0
    assert store.count_small_chunks(stream.id) == 0
    assert store.load_fit(stream.id) is None


def test_streams_are_listed_by_name(store):
    for name in ("b", "ä", "a", "B", "c"):
        store.put(name, "d", {}, 100)
    assert [stream.name for stream in store.streams()] == ["B", "a", "b", "c", "ä"]
    assert [stream.name for stream in store.streams(limit=2, after="a")] == ["b", "c"]


def test_the_migrations_make_the_tables_that_the_code_uses(store):
    with store.database.read() as connection:
        assert compare_metadata(MigrationContext.configure(connection), metadata) == []


def test_reopening_changes_nothing(database_url):
    first = StreamStore.open(database_url)
    stream = append(first, first.put("s", "d", {}, 100), 5)
    first.close()
    second = StreamStore.open(database_url)
    assert second.stream("s") == stream
    second.close()


@pytest.mark.parametrize(
    "url",
    [
        "nonsense",
        "me:secret@host",
        "sqlite:////nowhere/at/all.db",
        "oracle+none://me:secret@host/x",
        "postgres://me:secret@host/x",
        "postgresql+psycopg://me:secret@host:port/x",
        "postgresql+psycopg://me:sec@secret@localhost/x",
        "postgresql+psycopg://localhost:1/x?user=me&password=secret",
        "postgresql+psycopg://localhost:1/x?no_such_option=secret",
        "postgresql+none://me:secret@host/x",
        "postgresql+psycopg2://me:secret@host/x",
    ],
)
def test_a_database_that_cannot_be_opened_is_one_sentence_without_its_password(url):
    with pytest.raises(CannotOpen) as caught:
        StreamStore.open(url)
    assert caught.value.message.endswith(".")
    assert "secret" not in caught.value.message


@pytest.mark.parametrize("replaced", [False, True])
def test_nothing_is_written_to_a_file_that_was_deleted(tmp_path, replaced):
    store = StreamStore.open(f"sqlite:///{tmp_path}/a.db")
    store.put("a", "lstm", {}, 100)
    for file in tmp_path.glob("a.db*"):
        file.unlink()
    if replaced:
        (tmp_path / "a.db").touch()
    with pytest.raises(Unavailable, match="deleted or replaced"):
        store.put("b", "lstm", {}, 100)
    assert store.stream("b") is None
    store.close()
