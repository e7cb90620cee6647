"""Who waits for the database while another holds it, how long, and what the log is told."""

import sqlite3
import threading
import time

import pytest

from store import DiskFull, StreamStore, ThrottledLogger, Unavailable
from store.write_lock import LockTimeout, WriteLock
from tests.waiting import SECONDS, until


@pytest.fixture
def held():
    """Turns of which one is held until the test ends."""
    made, end = [], threading.Event()

    def make(*arguments):
        turns, begun = WriteLock(*arguments), threading.Event()

        def hold():
            with turns.acquire():
                begun.set()
                end.wait(SECONDS)

        threading.Thread(target=hold).start()
        assert begun.wait(SECONDS)
        made.append(turns)
        return turns

    yield make
    end.set()


def outcomes(turns, threads):
    """How many got no turn, of so many threads that ask at once, once all but three got none; the others still wait."""
    refused = []

    def ask():
        try:
            with turns.acquire():
                pass
        except LockTimeout:
            refused.append(1)

    started = [threading.Thread(target=ask, daemon=True) for _ in range(threads)]
    for thread in started:
        thread.start()
    until(lambda: len(refused) >= threads - 3)
    return len(refused)


def test_only_a_few_wait_long(held):
    assert outcomes(held(3, SECONDS, 0.01), 20) == 17


def test_a_turn_that_comes_is_taken():
    turns, order = WriteLock(2, SECONDS, SECONDS), []

    def work(name):
        with turns.acquire():
            order.append(name)

    threads = [threading.Thread(target=work, args=(name,)) for name in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(order) == list(range(20))


def test_many_short_turns_send_nobody_away():
    turns, done = WriteLock(1, 60.0, 1.0), []

    def work():
        with turns.acquire():
            time.sleep(0.15)
            done.append(1)

    threads = [threading.Thread(target=work) for _ in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(done) == 16


def test_who_may_not_wait_any_longer_is_told(held):
    with pytest.raises(LockTimeout), held(3, SECONDS, SECONDS).acquire(timeout=0.01):
        raise AssertionError


def test_a_database_that_another_program_holds_is_unavailable_and_free_again_later(tmp_path, monkeypatch):
    monkeypatch.setattr("store.database.BUSY_MS", 50)
    store = StreamStore.open(f"sqlite:///{tmp_path}/x.db")
    other = sqlite3.connect(tmp_path / "x.db", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(Unavailable, match="locked"):
        store.put("a", "d", {}, 10)
    assert store.stream("a") is None  # reading goes on
    other.execute("COMMIT")
    other.close()
    assert store.put("a", "d", {}, 10).name == "a"
    store.close()


def test_a_full_disk_has_its_own_name(tmp_path):
    store = StreamStore.open(f"sqlite:///{tmp_path}/x.db")
    with store.database.engine.connect() as connection:
        pages = connection.exec_driver_sql("PRAGMA page_count").scalar_one()
        connection.exec_driver_sql(f"PRAGMA max_page_count={pages}")
    with pytest.raises(DiskFull):
        for k in range(1000):
            store.put(f"{k}" * 100, "d", {}, 10)
    store.close()


def test_a_cause_is_told_once_a_minute(caplog):
    clock = [0.0]
    complaints = ThrottledLogger(lambda: clock[0])
    for second in (0, 1, 59, 61, 62):
        clock[0] = float(second)
        complaints.warn("full")
    complaints.warn("away")
    complaints.warn("full")
    assert [record.getMessage() for record in caplog.records] == ["full", "full", "away", "full"]
