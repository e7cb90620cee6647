"""Jobs under what goes wrong: killed workers, killed services, cancelling, restarts, several services."""

import json
import os
import signal
import subprocess
import sys
import urllib.request
from dataclasses import replace

import numpy as np
import pytest

from evaluation.rethresholding import rethreshold
from jobs import JobQueue, NotDone, QueueFull
from jobs.serialization import from_columns, to_columns
from store import MAX_DETECTIONS_PER_DATASET, DatasetStore, Detections, DetectionSummary, LeaseLost, StreamStore
from tests.jobs.conftest import MAX_BYTES, ended, table
from tests.jobs.worker import FOLDER
from tests.serving import served
from tests.waiting import until

QUICK = {"window": 50, "threshold": 5.0, "merge_gap": 3}
SLOW = {"merge_gap": 3}
FITTED = 6_000  # points: a fit of a second or more


@pytest.fixture
def store(database_url):
    """Of each kind, for each test."""
    found = StreamStore.open(database_url)
    yield found
    found.close()


@pytest.fixture
def datasets(store):
    return DatasetStore(store.database)


@pytest.fixture
def detections(store):
    return Detections(store.database)


@pytest.fixture
def kept(datasets):
    return datasets.add(table(), 1, MAX_BYTES)


@pytest.fixture
def go(tmp_path, monkeypatch):
    """Has detectors go on that are `held`."""
    monkeypatch.setenv(FOLDER, str(tmp_path))
    return (tmp_path / "go").touch


@pytest.fixture
def jobs(store, go):
    """Jobs whose worker has the detectors of tests/jobs/worker.py."""
    found = JobQueue(store, max_queued=5, max_bytes=MAX_BYTES, worker="tests.jobs.worker")
    found.start()
    yield found
    found.stop()


def at_fit(jobs, asked, attempt=1):
    """Waits until a detection is being fitted, in an attempt."""

    def fitting():
        now = jobs.results.get(asked.id)
        return now.attempts == attempt and jobs.progress(now).stage == "fit"

    until(fitting)


def done_with(jobs, asked):
    """A detection once it has ended."""
    return ended(lambda: jobs.results.get(asked.id))


def test_a_killed_worker_is_followed_by_another(jobs, kept, go):
    asked = jobs.submit(kept.id, "value", "held", SLOW)
    at_fit(jobs, asked)
    first = jobs.worker_pid
    os.kill(first, signal.SIGKILL)
    at_fit(jobs, asked, attempt=2)
    assert jobs.worker_pid != first
    go()
    found = done_with(jobs, asked)
    assert (found.status, found.attempts, len(found.summary.events)) == ("done", 2, 2)


def test_a_killed_worker_costs_one_attempt_even_if_it_takes_long_to_be_gone(jobs, kept, go, monkeypatch):
    """What it says ends a moment before the system knows that it has ended: that must not be another attempt."""
    monkeypatch.setattr(
        "jobs.worker_process.WorkerProcess.alive", property(lambda process: process._process.returncode is None)
    )
    asked = jobs.submit(kept.id, "value", "held", SLOW)
    at_fit(jobs, asked)
    os.kill(jobs.worker_pid, signal.SIGKILL)
    go()
    found = done_with(jobs, asked)
    assert (found.status, found.attempts) == ("done", 2)


def test_what_ends_its_process_each_time_is_given_up_and_in_nobodys_way(jobs, kept):
    deadly, quick = (jobs.submit(kept.id, "value", *each) for each in (("deadly", SLOW), ("rolling_zscore", QUICK)))
    found = done_with(jobs, deadly)
    assert (found.status, found.attempts, found.error["code"]) == ("failed", 3, "worker_ended")
    assert "started 3 times" in found.error["message"]
    assert done_with(jobs, quick).status == "done"


def test_a_defect_fails_one_detection_and_not_the_next(jobs, kept, capfd):
    broken, quick = (jobs.submit(kept.id, "value", *each) for each in (("broken", SLOW), ("rolling_zscore", QUICK)))
    found = done_with(jobs, broken)
    assert (found.status, found.attempts, found.error["code"]) == ("failed", 1, "internal_error")
    pid = jobs.worker_pid
    assert done_with(jobs, quick).status == "done" and jobs.worker_pid == pid
    assert "a defect" in capfd.readouterr().err  # for whoever reads the log


def test_cancelled_work_ends_and_the_next_begins_in_the_same_process(jobs, kept):
    first, second, third = (
        jobs.submit(kept.id, "value", *each)
        for each in (("held", SLOW), ("rolling_zscore", QUICK), ("rolling_zscore", QUICK))
    )
    at_fit(jobs, first)
    pid = jobs.worker_pid
    assert [jobs.progress(each).ahead for each in (second, third)] in ([1, 2], [2, 1])  # asked in one millisecond
    assert jobs.end(second) == "cancelled"
    assert jobs.end(first) == "cancelled"
    assert done_with(jobs, third).status == "done"
    assert [jobs.results.get(each.id).status for each in (first, second)] == ["cancelled", "cancelled"]
    assert jobs.results.get(second.id).attempts == 0  # nobody began it
    assert jobs.worker_pid == pid
    assert jobs.end(first) == "deleted"


def test_work_that_does_not_hear_is_ended_with_its_process(jobs, kept, monkeypatch):
    monkeypatch.setattr("jobs.job_queue.CANCEL_SECONDS", 0.1)
    first, second = (jobs.submit(kept.id, "value", *each) for each in (("stubborn", SLOW), ("rolling_zscore", QUICK)))
    at_fit(jobs, first)
    pid = jobs.worker_pid
    assert jobs.end(first) == "cancelled"
    assert done_with(jobs, second).status == "done"
    assert jobs.worker_pid != pid and not runs(pid)
    assert jobs.results.get(first.id).status == "cancelled"


def test_work_on_a_deleted_series_ends(jobs, kept, datasets):
    asked = jobs.submit(kept.id, "value", "held", SLOW)
    at_fit(jobs, asked)
    datasets.delete(kept.id)  # takes its detections with it
    jobs.dataset_deleted()
    until(lambda: jobs._running is None)
    other = datasets.add(table(), 1, MAX_BYTES)
    assert done_with(jobs, jobs.submit(other.id, "value", "rolling_zscore", QUICK)).status == "done"


def test_the_store_hears_that_work_goes_on_and_how_far_it_is(jobs, kept, detections, monkeypatch):
    monkeypatch.setattr("jobs.job_queue.HEARTBEAT_SECONDS", 0.05)
    asked = jobs.submit(kept.id, "value", "held", SLOW)
    until(lambda: detections.get(asked.id).stage == "fit")
    heard = detections.get(asked.id)
    assert 0.3 < heard.progress < 0.4 and heard.heartbeat >= heard.started
    until(lambda: detections.get(asked.id).heartbeat > heard.heartbeat)


def test_what_another_service_took_over_is_left_to_it(jobs, kept, detections, monkeypatch):
    monkeypatch.setattr("jobs.job_queue.HEARTBEAT_SECONDS", 0.05)
    asked = jobs.submit(kept.id, "value", "held", SLOW)
    at_fit(jobs, asked)
    assert detections.requeue(detections.get(asked.id))
    taken = detections.claim("elsewhere:1:x", 2**50)
    assert taken is None or taken.id == asked.id  # else these jobs were as quick again
    if taken is not None:
        until(lambda: jobs._running is None)
        found = detections.get(asked.id)
        assert (found.status, found.owner, found.attempts) == ("running", "elsewhere:1:x", 2)


def test_work_left_behind_is_done_by_the_next_service(store, kept, detections, go):
    gone = detections.add(kept.id, "value", "rolling_zscore", QUICK, 1)
    with subprocess.Popen([sys.executable, "-c", ""]) as process:
        pass
    here = JobQueue(store, max_queued=5, max_bytes=MAX_BYTES, worker="tests.jobs.worker")
    host = here._owner.rsplit(":", 2)[0]
    assert detections.claim(f"{host}:{process.pid}:x", 2**50).id == gone.id  # a process that has ended
    elsewhere = detections.add(kept.id, "value", "rolling_zscore", QUICK, 2)
    assert detections.claim("elsewhere:1:x", 2**50).id == elsewhere.id  # was heard of lately
    silent = detections.add(kept.id, "value", "rolling_zscore", QUICK, 3)
    assert detections.claim("elsewhere:2:x", 5).id == silent.id  # was not heard of for long
    here.start()
    for each in (gone, silent):
        found = ended(lambda each=each: detections.get(each.id))
        assert (found.status, found.attempts) == ("done", 2)
    assert detections.get(elsewhere.id).status == "running"
    here.stop()


def test_a_stopped_service_leaves_its_work_queued_and_uncounted(store, kept, detections, go):
    first = JobQueue(store, max_queued=5, max_bytes=MAX_BYTES, worker="tests.jobs.worker")
    first.start()
    asked = first.submit(kept.id, "value", "held", SLOW)
    at_fit(first, asked)
    pid = first.worker_pid
    first.stop()
    found = detections.get(asked.id)
    assert (found.status, found.attempts, first.worker_pid) == ("queued", 0, None)
    assert not runs(pid)


def test_a_service_that_stops_while_it_waits_takes_its_worker_along(store, go):
    jobs = JobQueue(store, max_queued=5, max_bytes=MAX_BYTES, worker="tests.jobs.worker")
    jobs.start()
    jobs.warm()
    until(lambda: jobs.worker_pid is not None)
    pid = jobs.worker_pid
    jobs.stop()
    assert not runs(pid)


def test_each_detection_has_one_owner(kept, detections):
    asked = detections.add(kept.id, "value", "rolling_zscore", QUICK, 1)
    later = detections.add(kept.id, "value", "rolling_zscore", QUICK, 2)
    held = detections.claim("a", 3)
    assert (held.id, held.status, held.attempts) == (asked.id, "running", 1)
    assert detections.claim("b", 3).id == later.id
    assert detections.claim("c", 3) is None
    verdict = DetectionSummary(1.0, [], {})
    for other in (replace(held, owner="c"), replace(held, attempts=2)):  # an earlier attempt of the same owner's
        assert not detections.heartbeat(other, 4, 0.5, "fit") and not detections.requeue(other)
        with pytest.raises(LeaseLost):
            detections.finish(other, {"score": np.ones(9)}, {}, verdict, 5)
    assert detections.heartbeat(held, 4, 0.5, "fit")
    assert detections.cancel(held.id, 5)
    with pytest.raises(LeaseLost):
        detections.finish(held, {"score": np.ones(9)}, {}, verdict, 6)
    assert detections.get(held.id).status == "cancelled" and detections.columns(held.id) == {}


def test_there_is_an_end_to_what_is_kept(store, datasets, detections):
    kept = datasets.add(table(points=50, spikes=()), 1, MAX_BYTES)
    jobs = JobQueue(store, max_queued=2, max_bytes=MAX_BYTES)  # not started
    for _ in range(2):
        jobs.submit(kept.id, "value", "rolling_zscore", QUICK)
    with pytest.raises(QueueFull):
        jobs.submit(kept.id, "value", "rolling_zscore", QUICK)
    many = JobQueue(store, max_queued=1000, max_bytes=MAX_BYTES)
    with pytest.raises(Exception, match=f"at most {MAX_DETECTIONS_PER_DATASET} detections"):
        for _ in range(MAX_DETECTIONS_PER_DATASET):
            many.submit(kept.id, "value", "rolling_zscore", QUICK)


def test_a_detection_that_takes_too_much_room_fails_with_a_sentence(store, kept, go):
    jobs = JobQueue(store, max_queued=5, max_bytes=10_000, worker="tests.jobs.worker")
    jobs.start()
    found = jobs.submit(kept.id, "value", "rolling_zscore", QUICK)
    error = ended(lambda: jobs.results.get(found.id)).error
    jobs.stop()
    assert error["code"] == "limit_exceeded" and "may take 10000 bytes" in error["message"]


@pytest.mark.parametrize("name", ["auto", "level_spread", "rolling_zscore", "seasonal_naive"])
def test_what_is_kept_is_judged_again_as_what_was_not(name):
    from detectors.registry import DETECTORS

    series = replace(table().series(), name="value")
    kept = DETECTORS[name].fit(series).detect_offline(series)
    back = from_columns(DETECTORS[name], series, *to_columns(kept))
    strictness = next(each for each in DETECTORS[name].adjustable_params if each != "merge_gap")
    for params in ({}, {strictness: 2.5}):
        one, other = (rethreshold(DETECTORS[name], each, params) for each in (kept, back))
        for column in ("expected", "margin", "score", "is_anomaly"):
            np.testing.assert_array_equal(getattr(one, column), getattr(other, column))
        assert repr(one.events) == repr(other.events)


def test_a_detection_saved_by_another_version_is_refused_with_its_remedy(jobs, detections, kept, monkeypatch):
    found = done_with(jobs, jobs.submit(kept.id, "value", "rolling_zscore", QUICK))
    monkeypatch.setattr("anomaly_detection.STATE_VERSION", 0)
    with pytest.raises(NotDone, match="make it again"):
        jobs.results.detection(found)


def test_kill_9_of_the_service_loses_nothing(tmp_path):
    """What was acknowledged is there, the worker ends with its service, and the next service does the work."""
    with served(tmp_path) as (server, url):
        kept = asked_of(f"{url}/api/v1/series", uploaded())
        path = f"{url}/api/v1/series/{kept['id']}/detections"
        done, waiting, later = (asked_of(path, {"detector": name}) for name in ("rolling_zscore", "lstm", "lstm"))
        until(lambda: asked_of(f"{url}/api/v1/detections/{waiting['id']}")["stage"] == "fit")
        done = asked_of(f"{url}/api/v1/detections/{done['id']}")
        workers = children(server.pid)
        assert len(workers) == 1
        server.kill()
    until(lambda: not any(map(runs, workers)))
    with served(tmp_path) as (_, url):
        assert asked_of(f"{url}/api/v1/series/{kept['id']}") == kept
        assert asked_of(f"{url}/api/v1/detections/{done['id']}") == done
        found = ended(lambda: Told(asked_of(f"{url}/api/v1/detections/{later['id']}")))
        assert found.status == "done"
        assert asked_of(f"{url}/api/v1/detections/{waiting['id']}")["status"] == "done"
    store = StreamStore.open(f"sqlite:///{tmp_path / 'anomaly.db'}")
    assert [Detections(store.database).get(each["id"]).attempts for each in (waiting, later)] == [2, 1]
    store.close()


class Told:
    """An answer's status, by that name."""

    def __init__(self, told):
        self.status = told["status"]


def uploaded():
    """A series as JSON."""
    values = table(FITTED).columns["value"]
    return {"series": {"times": (np.arange(FITTED) * 60_000).tolist(), "values": values.tolist()}}


def asked_of(url, body=None):
    """What is answered."""
    data = None if body is None else json.dumps(body).encode()
    with urllib.request.urlopen(urllib.request.Request(url, data, {"Content-Type": "application/json"})) as response:
        return json.load(response)


def children(pid):
    """The processes that one has started and that live."""
    table = subprocess.run(["ps", "-eo", "pid=,ppid="], capture_output=True, text=True, check=True).stdout
    return [int(child) for child, parent in map(str.split, table.splitlines()) if int(parent) == pid]


def runs(pid):
    """Whether it lives and is no zombie."""
    state = subprocess.run(["ps", "-o", "stat=", "-p", str(pid)], capture_output=True, text=True).stdout.strip()
    return bool(state) and not state.startswith("Z")
