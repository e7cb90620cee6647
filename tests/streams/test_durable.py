"""Acknowledged points are stored: after a restart, after kill -9, after a failed write."""

import subprocess
import sys
import threading
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from anomaly_detection import STATE_VERSION
from store import StreamStore
from streams import WriteFailed
from tests.streams.conftest import assert_same, fit, seasonal, times
from tests.waiting import until

ROOT = Path(__file__).parents[2]

PUSH = """
import sys
import numpy as np
from anomaly_detection import STATE_VERSION
from store import StreamStore
from streams import Streams
def times(ms):
    return np.array(ms).astype("datetime64[ms]")
store = StreamStore.open(sys.argv[1])
if store.stream("demo") is None:
    store.put("demo", "robust_zscore", {}, 1000)  # not the network, which takes long to fit
streams = Streams(store)
streams.start()
streams.put("s", "rolling_zscore")
cursor = streams.get("s").cursor
while True:
    # Each push holds one late point: its time is before that of the previous push.
    scored = streams.push("s", times([10 * cursor - 15, 10 * cursor + 10]), [float(cursor + 1), float(cursor + 2)])
    cursor = scored.cursor
    print(cursor, flush=True)
"""


@pytest.mark.parametrize("name", ["rolling_zscore", "seasonal_naive"])
def test_a_restart_changes_no_score(open_streams, name):
    values, options = seasonal(600).tolist(), {"growth": np.inf}
    streams = open_streams(**options)
    for stream in ("without", "with"):
        streams.put(stream, name)
        streams.push(stream, times(400), values[:400])
        fit(streams, stream)
    # A second fit of the same history could only differ in when it was made: the two streams share the first.
    expected = streams.push("without", times(200, 400), values[400:])
    first = streams.push("with", times(100, 400), values[400:500])
    streams.stop()
    second = open_streams(**options).push("with", times(100, 500), values[500:])
    assert_same(first, expected.part(0, 100))
    assert_same(second, expected.part(100, 200))


@pytest.mark.parametrize("name", ["rolling_zscore", "seasonal_naive"])
def test_a_detector_saved_by_another_version_is_refitted(open_streams, name):
    streams = open_streams()
    streams.put("s", name)
    streams.push("s", times(400), seasonal(400).tolist())
    fit(streams, "s")
    stream = streams.store.stream("s")
    saved = streams.store.load_fit(stream.id)
    streams.store.save_fit(stream.id, replace(saved, state={**saved.state, "version": STATE_VERSION - 1}))
    streams.stop()
    reopened = open_streams()
    assert len(reopened.push("s", times(1, 400), [5.0])) == 1
    until(lambda: reopened.store.load_fit(stream.id).state["version"] == STATE_VERSION)
    scored = reopened.push("s", times(100, 401), seasonal(501)[401:].tolist())
    assert scored.judged_by[-1] == name


def test_kill_9_loses_no_acknowledged_point(database_url):
    for pushes in (1, 5, 20):
        acknowledged = killed_after(pushes, database_url)
        store = StreamStore.open(database_url)
        stream = store.stream("s")
        assert stream.cursor >= acknowledged
        stored = store.read(stream, 0, stream.cursor + 1)
        np.testing.assert_array_equal(stored.values, np.arange(1, stream.cursor + 1))
        np.testing.assert_array_equal(stored.late[2:], np.arange(2, stream.cursor) % 2 == 0)
        store.close()


def killed_after(pushes, url):
    """The last cursor acknowledged by a process that is killed while it pushes."""
    with subprocess.Popen([sys.executable, "-c", PUSH, url], cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        for _ in range(pushes):
            line = process.stdout.readline()
        time.sleep(0.01)  # somewhere within a push
        process.kill()
        output = (line + process.stdout.read()).split("\n")
    return int(output[-2])


def test_points_of_a_failed_write_are_not_stored_and_can_be_resent(streams, monkeypatch, caplog):
    streams.put("s", "rolling_zscore")
    streams.push("s", times(40), seasonal(40).tolist())

    def full(appends):
        raise OSError("No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(streams.store, "append", full)
        with pytest.raises(WriteFailed):
            streams.push("s", times(10, 40), seasonal(50)[40:].tolist())
    assert "No space left" in caplog.text
    assert streams.get("s").cursor == 40
    scored = streams.push("s", times(10, 40), seasonal(50)[40:].tolist())
    assert (scored.cursor, scored.repairs) == (50, ())
    assert len(streams.read("s", 0)) == 50


def test_pushes_of_many_threads_are_all_stored(streams):
    for name in ("a", "b"):
        streams.put(name, "rolling_zscore")
    cursors = {"a": [], "b": []}

    def push(name):
        for _ in range(20):
            cursors[name].append(streams.push(name, None, [1.0, 2.0, 3.0]).cursor)

    threads = [threading.Thread(target=push, args=(name,)) for name in ("a", "b") * 4]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for name in ("a", "b"):
        assert sorted(cursors[name]) == list(range(3, 241, 3))
        np.testing.assert_array_equal(streams.read(name, 0).values, [1.0, 2.0, 3.0] * 80)
