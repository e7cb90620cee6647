"""Jobs under what goes wrong: killed workers, killed services, cancelling, restarts, several services."""

import os
import signal
import subprocess
import sys
from contextlib import contextmanager
from dataclasses import replace

import numpy as np
import pytest

from jobs import Jobs, QueueFull
from jobs.keeping import put_together, taken_apart
from rejudging import rejudged
from store import MOST_OF_SERIES, Archive, Detections, Lost, Store, Verdict
from tests.jobs.conftest import ROOM, ended, table, until
from tests.serving import ROOT, free_port, wait_for

LSTM = {"sigma": 6.0, "gap": 3, "seed": 0}
QUICK = {"window": 50, "threshold": 5.0, "gap": 3}
LONG = 30_000  # points: a fit of some seconds


@pytest.fixture
def store(database_url):
    """Of each kind, for each test."""
    found = Store.open(database_url)
    yield found
    found.close()


@pytest.fixture
def archive(store):
    return Archive(store.database)


@pytest.fixture
def detections(store):
    return Detections(store.database)


@pytest.fixture
def jobs(store):
    found = Jobs(store, most_waiting=5, most_bytes=ROOM)
    found.start()
    yield found
    found.stop()


def at_fit(jobs, asked):
    """Waits until a detection is being fitted."""
    until(lambda: jobs.progress(jobs.results.get(asked.id)).stage == "fit")


def test_a_killed_worker_is_followed_by_another_and_at_last_given_up(jobs, archive):
    kept = archive.add(table(LONG), 1, ROOM)
    asked = jobs.submit(kept.id, "value", "lstm", LSTM)
    for attempt in (1, 2, 3):
        at_fit(jobs, asked)
        assert jobs.results.get(asked.id).attempts == attempt
        pid = jobs.worker_pid
        os.kill(pid, signal.SIGKILL)
        until(lambda pid=pid, asked=asked: jobs.worker_pid != pid or jobs.results.get(asked.id).status == "failed")
    found = ended(lambda: jobs.results.get(asked.id))
    assert found.status == "failed"
    assert found.error["code"] == "worker_ended"
    assert "begun 3 times" in found.error["message"]
    quick = jobs.submit(kept.id, "value", "rolling_zscore", QUICK)
    assert ended(lambda: jobs.results.get(quick.id)).status == "done"  # nobody is in its way


def test_cancelled_work_ends_and_the_next_begins(jobs, archive):
    kept = archive.add(table(LONG), 1, ROOM)
    first, second = (jobs.submit(kept.id, "value", *each) for each in (("lstm", LSTM), ("rolling_zscore", QUICK)))
    at_fit(jobs, first)
    assert jobs.progress(second).ahead == 1
    assert jobs.end(first) == "cancelled"
    assert jobs.results.get(first.id).status == "cancelled"
    assert ended(lambda: jobs.results.get(second.id)).status == "done"
    assert jobs.results.get(first.id).status == "cancelled"
    third = jobs.submit(kept.id, "value", "lstm", LSTM)
    at_fit(jobs, third)
    archive.delete(kept.id)  # takes its detections with it
    jobs.series_deleted()
    until(lambda: jobs._work is None)


def test_work_left_behind_is_done_by_the_next_service(store, archive, detections):
    kept = archive.add(table(), 1, ROOM)
    gone = detections.add(kept.id, "value", "rolling_zscore", QUICK, 1)
    with subprocess.Popen([sys.executable, "-c", ""]) as process:
        pass
    here = Jobs(store, most_waiting=5, most_bytes=ROOM)
    host = here._owner.rsplit(":", 2)[0]
    assert detections.claim(f"{host}:{process.pid}:x", 2**50).id == gone.id  # a process that has ended
    elsewhere = detections.add(kept.id, "value", "rolling_zscore", QUICK, 2)
    assert detections.claim("elsewhere:1:x", 2**50).id == elsewhere.id  # was heard of lately
    silent = detections.add(kept.id, "value", "rolling_zscore", QUICK, 3)
    assert detections.claim("elsewhere:2:x", 5).id == silent.id  # was not heard of for long
    here.start()
    for each in (gone, silent):
        assert ended(lambda each=each: detections.get(each.id)).status == "done"
    assert detections.get(elsewhere.id).status == "running"
    here.stop()


def test_a_stopped_service_leaves_its_work_queued_and_uncounted(store, archive, detections):
    kept = archive.add(table(LONG), 1, ROOM)
    first = Jobs(store, most_waiting=5, most_bytes=ROOM)
    first.start()
    asked = first.submit(kept.id, "value", "lstm", LSTM)
    at_fit(first, asked)
    first.stop()
    found = detections.get(asked.id)
    assert (found.status, found.attempts, first.worker_pid) == ("queued", 0, None)


def test_each_detection_has_one_owner(archive, detections):
    kept = archive.add(table(), 1, ROOM)
    asked = detections.add(kept.id, "value", "rolling_zscore", QUICK, 1)
    later = detections.add(kept.id, "value", "rolling_zscore", QUICK, 2)
    held = detections.claim("a", 3)
    assert (held.id, held.status, held.attempts) == (asked.id, "running", 1)
    assert detections.claim("b", 3).id == later.id
    assert detections.claim("c", 3) is None
    other = replace(held, owner="c")
    verdict = Verdict(1.0, [], {})
    assert not detections.beat(other, 4, 0.5, "fit") and not detections.give_back(other)
    with pytest.raises(Lost):
        detections.finish(other, {"score": np.ones(9)}, {}, verdict, 5)
    assert detections.cancel(held.id, 5)
    with pytest.raises(Lost):
        detections.finish(held, {"score": np.ones(9)}, {}, verdict, 6)
    assert detections.get(held.id).status == "cancelled" and detections.columns(held.id) == {}


def test_there_is_an_end_to_what_is_kept(store, archive, detections):
    kept = archive.add(table(points=50, spikes=()), 1, ROOM)
    jobs = Jobs(store, most_waiting=2, most_bytes=ROOM)  # not started
    for _ in range(2):
        jobs.submit(kept.id, "value", "rolling_zscore", QUICK)
    with pytest.raises(QueueFull):
        jobs.submit(kept.id, "value", "rolling_zscore", QUICK)
    many = Jobs(store, most_waiting=1000, most_bytes=ROOM)
    with pytest.raises(Exception, match=f"at most {MOST_OF_SERIES} detections"):
        for _ in range(MOST_OF_SERIES):
            many.submit(kept.id, "value", "rolling_zscore", QUICK)


def test_a_detection_that_takes_too_much_room_fails_with_a_sentence(store, archive):
    kept = archive.add(table(), 1, ROOM)
    jobs = Jobs(store, most_waiting=5, most_bytes=10_000)
    jobs.start()
    found = jobs.submit(kept.id, "value", "rolling_zscore", QUICK)
    error = ended(lambda: jobs.results.get(found.id)).error
    jobs.stop()
    assert error["code"] == "limit_exceeded" and "may take 10000 bytes" in error["message"]


@pytest.mark.parametrize("name", ["auto", "level_spread", "rolling_zscore", "seasonal_naive"])
def test_what_is_kept_is_judged_again_as_what_was_not(name):
    from detectors import DETECTORS

    series = replace(table().series(), name="value")
    kept = DETECTORS[name].fit(series).review(series)
    back = put_together(series, *taken_apart(kept))
    strictness = next(each for each in DETECTORS[name].without_fit if each != "gap")
    for params in ({}, {strictness: 2.5}):
        one, other = (rejudged(DETECTORS[name], each, params) for each in (kept, back))
        for column in ("expected", "margin", "score", "is_anomaly"):
            np.testing.assert_array_equal(getattr(one, column), getattr(other, column))
        assert repr(one.events) == repr(other.events)


def test_kill_9_of_the_service_loses_nothing(tmp_path):
    """The worker ends with its service; the next service does the work."""
    store = Store.open(f"sqlite:///{tmp_path / 'anomaly.db'}")
    detections = Detections(store.database)
    kept = Archive(store.database).add(table(LONG), 1, ROOM)
    asked = detections.add(kept.id, "value", "lstm", LSTM, 1)
    with served(tmp_path) as server:
        until(lambda: detections.get(asked.id).stage == "fit")
        workers = children(server.pid)
        assert len(workers) == 1
        server.kill()
    until(lambda: not any(map(runs, workers)))
    assert detections.get(asked.id).status == "running"
    with served(tmp_path):
        assert ended(lambda: detections.get(asked.id)).status == "done"
    assert detections.get(asked.id).attempts == 2
    store.close()


@contextmanager
def served(folder):
    """The real server; gives its process."""
    port = free_port()
    command = [sys.executable, "server.py", "--host", "127.0.0.1", "--port", str(port), "--data-dir", str(folder)]
    with (folder / "log").open("w+") as log, subprocess.Popen(command, cwd=ROOT, stdout=log, stderr=log) as server:
        wait_for(port, server, log)
        yield server
        server.terminate()


def children(pid):
    """The processes that one has started and that live."""
    table = subprocess.run(["ps", "-eo", "pid=,ppid="], capture_output=True, text=True, check=True).stdout
    return [int(child) for child, parent in map(str.split, table.splitlines()) if int(parent) == pid]


def runs(pid):
    """Whether it lives and is no zombie."""
    state = subprocess.run(["ps", "-o", "stat=", "-p", str(pid)], capture_output=True, text=True).stdout.strip()
    return bool(state) and not state.startswith("Z")
