"""The benchmarks of streams on a small scale: they run, and their claims hold."""

import re
import sys

import pytest

from benchmarks import crash_recovery, pages, stream_equals_batch
from streams.training_data import mask_anomalies
from tests.waiting import SECONDS

needs_proc = pytest.mark.skipif(sys.platform != "linux", reason="SKIPPED: what a server uses is read from /proc")


@pytest.fixture(autouse=True)
def long_timeouts(monkeypatch):
    """Allows for a busy machine."""
    monkeypatch.setattr("benchmarks._service.TIMEOUT", SECONDS)
    monkeypatch.setattr(crash_recovery, "TIMEOUT", SECONDS)


def test_killed_servers_lose_nothing(monkeypatch, capsys):
    assert crash_recovery.main(3) == 0
    printed = capsys.readouterr().out
    assert " 0 lost, 0 with another value" in printed
    assert " 0 without a message" in printed
    assert int(re.search(r"^([0-9,]+) events", printed, re.MULTILINE)[1].replace(",", "")) > 0


def test_kills_that_hit_nothing_prove_nothing(monkeypatch, capsys):
    monkeypatch.setattr(crash_recovery, "TIMEOUT", 0.0)
    monkeypatch.setattr(crash_recovery, "HISTORY", 10**9)  # no stream reaches this length: there is no event
    assert crash_recovery.main(1) == 1
    assert capsys.readouterr().out.splitlines()[1].startswith("0 events")


def test_a_stream_gives_the_flags_of_a_file_by_every_protocol(monkeypatch, capsys):
    fast = {
        name: detector for name, detector in stream_equals_batch.DETECTORS.items() if name in {"rolling_zscore", "lstm"}
    }
    monkeypatch.setattr(stream_equals_batch, "DETECTORS", fast)
    learned = []  # a late fit of the stream's own detector would replace the file's
    monkeypatch.setattr("streams.fitting.mask_anomalies", lambda *args: learned.append(args) or mask_anomalies(*args))
    assert stream_equals_batch.main(stream_equals_batch.HISTORY + 300) == 0
    assert capsys.readouterr().out.count(" 0 other than the file's") == 6
    assert learned == []


@needs_proc
def test_pages_are_answered(monkeypatch, capsys):
    monkeypatch.setattr(pages, "OPENING", 0.5)
    pages.main(10, 2)
    printed = capsys.readouterr().out
    assert printed.startswith("10 pages")
    assert printed.count(" 0 errors") == 2
