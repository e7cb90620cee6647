"""The job queue under faults: killed workers, killed services, cancelling, restarts, several services."""

import json
import os
import signal
import subprocess
import sys
import urllib.request
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

from evaluation.rethresholding import rethreshold
from jobs import JobQueue, NotDone, QueueFull
from jobs.serialization import from_columns, to_columns
from store import MAX_DETECTIONS_PER_DATASET, DatasetStore, Detections, DetectionSummary, LeaseLost, StreamStore
from tests.jobs.conftest import MAX_BYTES, table, wait_until_finished
from tests.jobs.worker import FOLDER
from tests.serving import served
from tests.waiting import until

QUICK = {"window": 50, "threshold": 5.0, "merge_gap": 3}
SLOW = {"merge_gap": 3}
FITTED = 6_000  # points: a fit of a second or more


@pytest.fixture
def store(database_url):
    """A store for each test, on each kind of database."""
    opened = StreamStore.open(database_url)
    yield opened
    opened.close()


@pytest.fixture
def datasets(store):
    return DatasetStore(store.database)


@pytest.fixture
def detections(store):
    return Detections(store.database)


@pytest.fixture
def dataset(datasets):
    return datasets.add(table(), 1, MAX_BYTES)


@pytest.fixture
def go(tmp_path, monkeypatch):
    """A function that lets the `held` detectors finish."""
    monkeypatch.setenv(FOLDER, str(tmp_path))
    return (tmp_path / "go").touch


@pytest.fixture
def jobs(store, go):
    """A started queue whose worker has the detectors of tests/jobs/worker.py."""
    queue = JobQueue(store, max_queued=5, max_bytes=MAX_BYTES, worker="tests.jobs.worker")
    queue.start()
    yield queue
    queue.stop()


def wait_for_fit(jobs, submitted, attempt=1):
    """Waits until a detection is in its fit, at its attempt number `attempt`."""

    def fitting():
        record = jobs.results.get(submitted.id)
        return record.attempts == attempt and jobs.progress(record).stage == "fit"

    until(fitting)


def wait_until_done(jobs, submitted):
    """The record of a detection, once it has finished."""
    return wait_until_finished(lambda: jobs.results.get(submitted.id))


def test_a_killed_worker_is_replaced(jobs, dataset, go):
    submitted = jobs.submit(dataset.id, "value", "held", SLOW)
    wait_for_fit(jobs, submitted)
    first = jobs.worker_pid
    os.kill(first, signal.SIGKILL)
    wait_for_fit(jobs, submitted, attempt=2)
    assert jobs.worker_pid != first
    go()
    result = wait_until_done(jobs, submitted)
    assert (result.status, result.attempts, len(result.summary.events)) == ("done", 2, 2)


def test_a_killed_worker_costs_one_attempt_also_if_the_process_ends_late(jobs, dataset, go, monkeypatch):
    """The worker's pipe closes before its process has ended: that must not count as a second attempt."""
    monkeypatch.setattr(
        "jobs.worker_process.WorkerProcess.alive", property(lambda process: process._process.returncode is None)
    )
    submitted = jobs.submit(dataset.id, "value", "held", SLOW)
    wait_for_fit(jobs, submitted)
    os.kill(jobs.worker_pid, signal.SIGKILL)
    go()
    result = wait_until_done(jobs, submitted)
    assert (result.status, result.attempts) == ("done", 2)


def test_a_detection_that_kills_its_worker_fails_after_three_attempts(jobs, dataset):
    deadly, quick = (jobs.submit(dataset.id, "value", *each) for each in (("deadly", SLOW), ("rolling_zscore", QUICK)))
    result = wait_until_done(jobs, deadly)
    assert (result.status, result.attempts, result.error["code"]) == ("failed", 3, "worker_ended")
    assert "started 3 times" in result.error["message"]
    assert wait_until_done(jobs, quick).status == "done"


def test_a_defect_fails_one_detection_and_not_the_next(jobs, dataset, capfd):
    broken, quick = (jobs.submit(dataset.id, "value", *each) for each in (("broken", SLOW), ("rolling_zscore", QUICK)))
    result = wait_until_done(jobs, broken)
    assert (result.status, result.attempts, result.error["code"]) == ("failed", 1, "internal_error")
    pid = jobs.worker_pid
    assert wait_until_done(jobs, quick).status == "done" and jobs.worker_pid == pid
    assert "a defect" in capfd.readouterr().err  # the traceback is logged


def test_a_cancelled_job_ends_and_the_next_runs_in_the_same_process(jobs, dataset):
    first, second, third = (
        jobs.submit(dataset.id, "value", *each)
        for each in (("held", SLOW), ("rolling_zscore", QUICK), ("rolling_zscore", QUICK))
    )
    wait_for_fit(jobs, first)
    pid = jobs.worker_pid
    assert [jobs.progress(each).ahead for each in (second, third)] in ([1, 2], [2, 1])  # submitted in one millisecond
    assert jobs.end(second) == "cancelled"
    assert jobs.end(first) == "cancelled"
    assert wait_until_done(jobs, third).status == "done"
    assert [jobs.results.get(each.id).status for each in (first, second)] == ["cancelled", "cancelled"]
    assert jobs.results.get(second.id).attempts == 0  # never started
    assert jobs.worker_pid == pid
    assert jobs.end(first) == "deleted"


def test_a_job_that_ignores_cancelling_is_killed_with_its_process(jobs, dataset, monkeypatch):
    monkeypatch.setattr("jobs.job_queue.CANCEL_SECONDS", 0.1)
    first, second = (
        jobs.submit(dataset.id, "value", *each) for each in (("stubborn", SLOW), ("rolling_zscore", QUICK))
    )
    wait_for_fit(jobs, first)
    pid = jobs.worker_pid
    assert jobs.end(first) == "cancelled"
    assert wait_until_done(jobs, second).status == "done"
    assert jobs.worker_pid != pid and not is_running(pid)
    assert jobs.results.get(first.id).status == "cancelled"


def test_deleting_a_dataset_stops_its_running_job(jobs, dataset, datasets):
    submitted = jobs.submit(dataset.id, "value", "held", SLOW)
    wait_for_fit(jobs, submitted)
    datasets.delete(dataset.id)  # and its detections with it
    jobs.dataset_deleted()
    until(lambda: jobs._running is None)
    other = datasets.add(table(), 1, MAX_BYTES)
    assert wait_until_done(jobs, jobs.submit(other.id, "value", "rolling_zscore", QUICK)).status == "done"


def test_heartbeat_and_progress_are_stored(jobs, dataset, detections, monkeypatch):
    monkeypatch.setattr("jobs.job_queue.HEARTBEAT_SECONDS", 0.05)
    submitted = jobs.submit(dataset.id, "value", "held", SLOW)
    until(lambda: detections.get(submitted.id).stage == "fit")
    first = detections.get(submitted.id)
    assert 0.3 < first.progress < 0.4 and first.heartbeat >= first.started
    until(lambda: detections.get(submitted.id).heartbeat > first.heartbeat)


def test_a_job_that_another_service_claimed_is_stopped(jobs, dataset, detections, monkeypatch):
    monkeypatch.setattr("jobs.job_queue.HEARTBEAT_SECONDS", 0.05)
    submitted = jobs.submit(dataset.id, "value", "held", SLOW)
    wait_for_fit(jobs, submitted)
    assert detections.requeue(detections.get(submitted.id))
    taken = detections.claim("elsewhere:1:x", 2**50)
    assert taken is None or taken.id == submitted.id  # None: this queue claimed it first
    if taken is not None:
        until(lambda: jobs._running is None)
        result = detections.get(submitted.id)
        assert (result.status, result.owner, result.attempts) == ("running", "elsewhere:1:x", 2)


def test_abandoned_jobs_are_done_by_the_next_service(store, dataset, detections, go):
    ended_owner = detections.add(dataset.id, "value", "rolling_zscore", QUICK, 1)
    with subprocess.Popen([sys.executable, "-c", ""]) as process:
        pass
    queue = JobQueue(store, max_queued=5, max_bytes=MAX_BYTES, worker="tests.jobs.worker")
    host = queue._owner.rsplit(":", 2)[0]
    assert detections.claim(f"{host}:{process.pid}:x", 2**50).id == ended_owner.id  # a process that has ended
    live_owner = detections.add(dataset.id, "value", "rolling_zscore", QUICK, 2)
    assert detections.claim("elsewhere:1:x", 2**50).id == live_owner.id  # its heartbeat is recent
    silent_owner = detections.add(dataset.id, "value", "rolling_zscore", QUICK, 3)
    assert detections.claim("elsewhere:2:x", 5).id == silent_owner.id  # its heartbeat is too old
    queue.start()
    for each in (ended_owner, silent_owner):
        result = wait_until_finished(lambda each=each: detections.get(each.id))
        assert (result.status, result.attempts) == ("done", 2)
    assert detections.get(live_owner.id).status == "running"
    queue.stop()


def test_stopping_requeues_the_running_job_without_counting_an_attempt(store, dataset, detections, go):
    first = JobQueue(store, max_queued=5, max_bytes=MAX_BYTES, worker="tests.jobs.worker")
    first.start()
    submitted = first.submit(dataset.id, "value", "held", SLOW)
    wait_for_fit(first, submitted)
    pid = first.worker_pid
    first.stop()
    result = detections.get(submitted.id)
    assert (result.status, result.attempts, first.worker_pid) == ("queued", 0, None)
    assert not is_running(pid)


def test_stopping_an_idle_queue_ends_its_worker(store, go):
    jobs = JobQueue(store, max_queued=5, max_bytes=MAX_BYTES, worker="tests.jobs.worker")
    jobs.start()
    jobs.start_worker()
    until(lambda: jobs.worker_pid is not None)
    pid = jobs.worker_pid
    jobs.stop()
    assert not is_running(pid)


def test_each_detection_has_one_owner(dataset, detections):
    submitted = detections.add(dataset.id, "value", "rolling_zscore", QUICK, 1)
    later = detections.add(dataset.id, "value", "rolling_zscore", QUICK, 2)
    held = detections.claim("a", 3)
    assert (held.id, held.status, held.attempts) == (submitted.id, "running", 1)
    assert detections.claim("b", 3).id == later.id
    assert detections.claim("c", 3) is None
    summary = DetectionSummary(1.0, [], {})
    for other in (replace(held, owner="c"), replace(held, attempts=2)):  # another owner; another attempt
        assert not detections.heartbeat(other, 4, 0.5, "fit") and not detections.requeue(other)
        with pytest.raises(LeaseLost):
            detections.finish(other, {"score": np.ones(9)}, {}, summary, 5)
    assert detections.heartbeat(held, 4, 0.5, "fit")
    assert detections.cancel(held.id, 5)
    with pytest.raises(LeaseLost):
        detections.finish(held, {"score": np.ones(9)}, {}, summary, 6)
    assert detections.get(held.id).status == "cancelled" and detections.columns(held.id) == {}


def test_queue_and_detections_per_dataset_are_limited(store, datasets, detections):
    dataset = datasets.add(table(points=50, spikes=()), 1, MAX_BYTES)
    jobs = JobQueue(store, max_queued=2, max_bytes=MAX_BYTES)  # not started
    for _ in range(2):
        jobs.submit(dataset.id, "value", "rolling_zscore", QUICK)
    with pytest.raises(QueueFull):
        jobs.submit(dataset.id, "value", "rolling_zscore", QUICK)
    unlimited = JobQueue(store, max_queued=1000, max_bytes=MAX_BYTES)
    with pytest.raises(Exception, match=f"at most {MAX_DETECTIONS_PER_DATASET} detections"):
        for _ in range(MAX_DETECTIONS_PER_DATASET):
            unlimited.submit(dataset.id, "value", "rolling_zscore", QUICK)


def test_a_detection_beyond_the_size_limit_fails_with_a_message(store, dataset, go):
    jobs = JobQueue(store, max_queued=5, max_bytes=10_000, worker="tests.jobs.worker")
    jobs.start()
    submitted = jobs.submit(dataset.id, "value", "rolling_zscore", QUICK)
    error = wait_until_finished(lambda: jobs.results.get(submitted.id)).error
    jobs.stop()
    assert error["code"] == "limit_exceeded" and "may take 10000 bytes" in error["message"]


@pytest.mark.parametrize("name", ["auto", "level_spread", "rolling_zscore", "seasonal_naive"])
def test_a_restored_detection_is_rethresholded_as_the_original(name):
    from detectors.registry import DETECTORS

    series = replace(table().series(), name="value")
    detection = DETECTORS[name].fit(series).detect_offline(series)
    restored = from_columns(DETECTORS[name], series, *to_columns(detection))
    threshold_param = next(each for each in DETECTORS[name].adjustable_params if each != "merge_gap")
    for params in ({}, {threshold_param: 2.5}):
        one, other = (rethreshold(DETECTORS[name], each, params) for each in (detection, restored))
        for column in ("expected", "margin", "score", "is_anomaly"):
            np.testing.assert_array_equal(getattr(one, column), getattr(other, column))
        assert repr(one.events) == repr(other.events)


def test_a_detection_saved_by_another_version_is_refused_with_its_remedy(jobs, detections, dataset, monkeypatch):
    record = wait_until_done(jobs, jobs.submit(dataset.id, "value", "rolling_zscore", QUICK))
    monkeypatch.setattr("anomaly_detection.STATE_VERSION", 0)
    with pytest.raises(NotDone, match="make it again"):
        jobs.results.detection(record)


def test_kill_9_of_the_service_loses_nothing(tmp_path):
    """Acknowledged detections survive, the worker ends with its service, and the next service does the queued jobs."""
    with served(tmp_path) as (server, url):
        dataset = call(f"{url}/api/v1/series", dataset_body())
        path = f"{url}/api/v1/series/{dataset['id']}/detections"
        done, waiting, later = (call(path, {"detector": name}) for name in ("rolling_zscore", "lstm", "lstm"))
        until(lambda: call(f"{url}/api/v1/detections/{waiting['id']}")["stage"] == "fit")
        done = call(f"{url}/api/v1/detections/{done['id']}")
        workers = child_pids(server.pid)
        assert len(workers) == 1
        server.kill()
    until(lambda: not any(map(is_running, workers)))
    with served(tmp_path) as (_, url):
        assert call(f"{url}/api/v1/series/{dataset['id']}") == dataset
        assert call(f"{url}/api/v1/detections/{done['id']}") == done
        result = wait_until_finished(lambda: SimpleNamespace(**call(f"{url}/api/v1/detections/{later['id']}")))
        assert result.status == "done"
        assert call(f"{url}/api/v1/detections/{waiting['id']}")["status"] == "done"
    store = StreamStore.open(f"sqlite:///{tmp_path / 'anomaly.db'}")
    assert [Detections(store.database).get(each["id"]).attempts for each in (waiting, later)] == [2, 1]
    store.close()


def dataset_body():
    """The JSON body of a dataset of FITTED points."""
    values = table(FITTED).columns["value"]
    return {"series": {"times": (np.arange(FITTED) * 60_000).tolist(), "values": values.tolist()}}


def call(url, body=None):
    """The JSON response of the service at `url`; a POST with `body`, else a GET."""
    data = None if body is None else json.dumps(body).encode()
    with urllib.request.urlopen(urllib.request.Request(url, data, {"Content-Type": "application/json"})) as response:
        return json.load(response)


def child_pids(pid):
    """The ids of the child processes of `pid`."""
    table = subprocess.run(["ps", "-eo", "pid=,ppid="], capture_output=True, text=True, check=True).stdout
    return [int(child) for child, parent in map(str.split, table.splitlines()) if int(parent) == pid]


def is_running(pid):
    """Whether the process exists and is no zombie."""
    state = subprocess.run(["ps", "-o", "stat=", "-p", str(pid)], capture_output=True, text=True).stdout.strip()
    return bool(state) and not state.startswith("Z")
