"""The write lock and its timeouts, a locked or full database, throttled log messages."""

import sqlite3
import threading
import time

import pytest

from store import DiskFull, StreamStore, ThrottledLogger, Unavailable
from store.write_lock import LockTimeout, WriteLock
from tests.waiting import SECONDS, until


@pytest.fixture
def held_lock():
    """A factory of write locks that another thread holds until the test ends."""
    locks, end = [], threading.Event()

    def hold_lock(*arguments):
        lock, acquired = WriteLock(*arguments), threading.Event()

        def hold():
            with lock.acquire():
                acquired.set()
                end.wait(SECONDS)

        threading.Thread(target=hold).start()
        assert acquired.wait(SECONDS)
        locks.append(lock)
        return lock

    yield hold_lock
    end.set()


def count_timeouts(lock, threads):
    """The number of threads that time out, once all but three have; those three still wait."""
    timeouts = []

    def acquire():
        try:
            with lock.acquire():
                pass
        except LockTimeout:
            timeouts.append(1)

    workers = [threading.Thread(target=acquire, daemon=True) for _ in range(threads)]
    for thread in workers:
        thread.start()
    until(lambda: len(timeouts) >= threads - 3)
    return len(timeouts)


def test_only_three_threads_wait_for_the_long_timeout(held_lock):
    assert count_timeouts(held_lock(3, SECONDS, 0.01), 20) == 17


def test_every_waiting_thread_gets_the_lock():
    lock, order = WriteLock(2, SECONDS, SECONDS), []

    def work(name):
        with lock.acquire():
            order.append(name)

    threads = [threading.Thread(target=work, args=(name,)) for name in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(order) == list(range(20))


def test_short_holds_time_nobody_out():
    lock, done = WriteLock(1, 60.0, 1.0), []

    def work():
        with lock.acquire():
            time.sleep(0.15)
            done.append(1)

    threads = [threading.Thread(target=work) for _ in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(done) == 16


def test_acquire_raises_after_its_timeout(held_lock):
    with pytest.raises(LockTimeout), held_lock(3, SECONDS, SECONDS).acquire(timeout=0.01):
        raise AssertionError


def test_a_locked_database_is_unavailable_until_it_is_released(tmp_path, monkeypatch):
    monkeypatch.setattr("store.database.BUSY_MS", 50)
    store = StreamStore.open(f"sqlite:///{tmp_path}/x.db")
    other = sqlite3.connect(tmp_path / "x.db", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(Unavailable, match="locked"):
        store.put("a", "d", {}, 10)
    assert store.stream("a") is None  # reads go on
    other.execute("COMMIT")
    other.close()
    assert store.put("a", "d", {}, 10).name == "a"
    store.close()


def test_a_full_disk_raises_disk_full(tmp_path):
    store = StreamStore.open(f"sqlite:///{tmp_path}/x.db")
    with store.database.engine.connect() as connection:
        pages = connection.exec_driver_sql("PRAGMA page_count").scalar_one()
        connection.exec_driver_sql(f"PRAGMA max_page_count={pages}")
    with pytest.raises(DiskFull):
        for k in range(1000):
            store.put(f"{k}" * 100, "d", {}, 10)
    store.close()


def test_a_warning_is_logged_once_a_minute(caplog):
    clock = [0.0]
    logger = ThrottledLogger(lambda: clock[0])
    for second in (0, 1, 59, 61, 62):
        clock[0] = float(second)
        logger.warn("full")
    logger.warn("away")
    logger.warn("full")
    assert [record.getMessage() for record in caplog.records] == ["full", "full", "away", "full"]
