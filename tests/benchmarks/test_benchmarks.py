"""The benchmarks measure correctly; the rivals themselves are not needed."""

import importlib
import subprocess
import sys
import time

import numpy as np
import pytest

from anomaly_detection import Detection
from benchmarks import _measure, auto, false_alarms, injected_faults, rolling_zscore
from data_generation import clean, demo
from detectors.auto.detector import Auto
from tests import real_series


def test_a_measurement_runs_in_its_own_process():
    result = _measure.measure("rolling_zscore", "ours", 2_000, 50, limit=60)
    assert result.problem == ""
    assert 0 < result.seconds < 5
    assert result.peak > 20
    assert 0 <= result.growth < result.peak
    assert result.flags is not None


def test_pandas_and_ours_flag_the_same_points():
    ours, theirs = rolling_zscore.ours(20_000, 5_000)(), rolling_zscore.pandas(20_000, 5_000)()
    assert ours == theirs
    assert ours


def test_a_timeout_is_reported():
    assert _measure.measure("rolling_zscore", "ours", 2_000, 50, limit=0.01).problem == "over 0.01 s"


def test_a_failure_is_reported_with_its_reason():
    assert "window" in _measure.measure("rolling_zscore", "ours", 2_000, 1, limit=60).problem


@pytest.mark.skipif(sys.platform == "win32", reason="SKIPPED: Windows does not report the peak memory of a process")
def test_memory_is_in_mebibytes():
    code = "from benchmarks._measure import peak_memory as peak; a = peak(); b = bytearray(2**28); print(peak() - a)"
    done = subprocess.run([sys.executable, "-c", code], cwd=_measure.ROOT, capture_output=True, text=True, check=True)
    assert 250 < float(done.stdout) < 262


@pytest.mark.parametrize(("seconds", "repeats"), [(0.0, 3), (6.0, 1)])
def test_quick_work_is_repeated(monkeypatch, capsys, seconds, repeats):
    clock, calls = [0.0], []

    def work():
        clock[0] += seconds
        calls.append(1)

    monkeypatch.setattr(time, "perf_counter", lambda: clock[0])
    monkeypatch.setattr(importlib, "import_module", lambda name: type("Module", (), {"work": lambda: work}))
    _measure.main("any", "work")
    assert len(calls) == repeats


def test_a_rival_that_failed_is_not_run_on_longer_series(monkeypatch, capsys):
    def measure(module, function, points, limit):
        return (
            _measure.Measured(problem="over 1 s") if function == "theirs" else _measure.Measured(seconds=2.0, flags=3)
        )

    monkeypatch.setattr(_measure, "measure", measure)
    _measure.compare("any", {"Ours": "ours", "Theirs": "theirs"}, [10, 20], limit=1)
    lines = capsys.readouterr().out.splitlines()
    assert lines[1].split() == ["10", "Ours", "2.0000", "1.00", "0", "0", "3"]
    assert lines[2].endswith("not run: over 1 s")
    assert lines[4].endswith("not run: over 1 s at 10 points")


def test_false_alarms_are_counted_over_the_scored_points():
    series = clean("seasonal", 2_000)
    result, flags, events = false_alarms.false_alarms("rolling_zscore", series, window=50, threshold=0.5)
    assert result == 2_000 - 25
    assert result > flags > events > 0
    assert false_alarms.cell("rolling_zscore", [series] * 2, window=50, threshold=0.5).split() == [
        f"{1e4 * flags / result:.1f}",
        f"{1e4 * events / result:.1f}",
    ]


@real_series.needed
def test_there_are_six_real_series_without_anomalies():
    assert len(list(false_alarms.real_series())) == 6


def test_the_cost_of_auto_is_printed_beside_its_limits(monkeypatch, capsys):
    def measure(module, function, points, limit):
        if points == 1_000_000:
            return _measure.Measured(problem="over 1 s")
        return _measure.Measured(peak=300.0, flags=5, processor=0.5)

    monkeypatch.setattr(auto, "measure", measure)
    auto.main()
    lines = capsys.readouterr().out.splitlines()
    assert lines[1].split() == ["10,000", "0.50", "1.5", "300", "1024", "5"]
    assert lines[3].split(maxsplit=1) == ["1,000,000", "over 1 s"]
    assert lines[4].endswith(f": {500 / auto.STREAM_POINTS:.2f} ms")


def test_stream_points_are_detected_as_in_a_series(monkeypatch):
    monkeypatch.setattr(auto, "STREAM_POINTS", 40)
    series = auto.demo("machine_temperature", 640).series
    expected = Auto.fit(series.slice(0, 600)).detect(series).is_anomaly[600:].sum()
    assert auto.stream(600)() == expected


def test_false_alarms_can_be_counted_for_offline_detection():
    series = clean("trend", 600)
    one, other = false_alarms.judged_by("auto", series), false_alarms.judged_by("auto offline", series)
    assert not np.array_equal(one.score, other.score)
    assert {"auto", "auto offline", "rolling_zscore"} <= set(false_alarms.names())
    assert "rolling_zscore offline" not in false_alarms.names()


def test_injected_faults_are_counted():
    generated, result = demo("trend", 800, 0), injected_faults.Counts()
    flags = np.zeros(800)
    _, start, stop = generated.anomalies[0]
    flags[[start, stop - 1, 3]] = 2.0
    missing = np.full(800, np.nan)
    result.add(generated, Detection(generated.series, missing, missing, flags, 1.0, merge_gap=0))
    assert (result.share(), result.share("trend"), result.false) == ("1 of 2", "1 of 2", 1)
    assert result.share(generated.anomalies[0][0]) == "1 of 1"
    assert result.normal == 800 - generated.labels.sum()


def test_the_injected_faults_benchmark_prints_kinds_and_faults(monkeypatch, capsys):
    monkeypatch.setattr(injected_faults, "SIZES", {400: 1})
    monkeypatch.setattr(sys, "argv", ["planted", "robust_zscore"])
    injected_faults.main()
    printed = capsys.readouterr().out
    assert printed.startswith("robust_zscore, 400 points: ")
    assert "heartbeat" in printed
    assert " of 7 found, " in printed
