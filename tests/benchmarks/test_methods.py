"""The methods compared, their processes, their stored results and the tables."""

import math
import sys

import numpy as np
import pytest

from anomaly_detection import Detector
from benchmarks.accuracy import __main__ as command
from benchmarks.accuracy import data, methods, plain, proof, report, results
from benchmarks.accuracy.events import event_metrics
from benchmarks.accuracy.figures import Figures, Summary, summary
from benchmarks.accuracy.methods import Method, Output
from data_generation import clean
from detectors.registry import DETECTORS
from timeseries import Series


@pytest.fixture
def stored(tmp_path, monkeypatch):
    """An empty place for results and two short series, the second without a labelled event."""
    monkeypatch.setattr(results, "FOLDER", tmp_path / "kept")
    monkeypatch.setattr(data, "DATA", tmp_path)
    rng = np.random.default_rng(0)
    result = []
    for name in ("a", "b"):
        (tmp_path / name).write_text(name)
        values = np.sin(np.arange(600) / 4) + rng.normal(0, 0.1, 600)
        values[300] += 9
        labels = (np.arange(600) == 300) & (name == "a")
        result.append(data.Labelled(name, "SET", Series(None, values, name), labels))
    return result


class TestMethods:
    def test_every_detector_is_among_them(self):
        names = list(methods.methods())
        assert set(DETECTORS) < set(names)
        assert names[: len(DETECTORS)] == list(DETECTORS)
        offline_names = [name for name, kind in DETECTORS.items() if kind.detect_offline is not Detector.detect_offline]
        assert set(names) >= {f"{name} offline" for name in offline_names}
        assert len(names) == len(set(names)) == len(DETECTORS) + len(offline_names) + 11

    def test_offline_detection_is_measured_beside_the_causal_one(self):
        series = clean("seasonal", 1200)
        known = methods.methods()
        name = next(name for name in known if name.endswith(" offline")).removesuffix(" offline")
        causal, complete = known[name].run(series), known[f"{name} offline"].run(series)
        expected = DETECTORS[name].fit(series).detect_offline(series).severity
        assert np.array_equal(complete.severity, expected, equal_nan=True)
        assert not np.array_equal(complete.severity, causal.severity, equal_nan=True)

    def test_the_network_is_what_the_lstm_has_more_than_the_method_without(self):
        t = np.arange(1500)
        noise = Series(None, np.sin(t / 9) + np.random.default_rng(3).normal(0, 0.3, 1500))
        x = np.zeros(1502)
        for k in range(2, 1502):
            x[k] = 1 - 1.4 * x[k - 1] ** 2 + 0.3 * x[k - 2]
        chaos = Series(None, x[2:])
        known = methods.methods()
        for series, same in ((noise, True), (chaos, False)):
            ours, without = known["lstm"].run(series), known["lstm without network"].run(series)
            assert np.array_equal(ours.severity, without.severity, equal_nan=True) is same

    def test_our_methods_use_their_own_threshold_and_events(self):
        series = clean("seasonal", 1500)
        series.values[900] += 5000
        result = methods.methods()["rolling_zscore"].run(series)
        detection = DETECTORS["rolling_zscore"].fit(series).detect(series)
        assert np.array_equal(result.severity > 1, detection.is_anomaly)
        assert result.events.tolist() == [[event.start, event.stop, event.peak] for event in detection.events]
        assert any(start <= 900 < stop for start, stop, _ in result.events)

    def test_scores_without_a_threshold_use_mean_and_standard_deviation(self):
        score = np.zeros(1000)
        score[[500, 502, 700]] = 5, 9, 7
        score[0] = np.nan
        result = methods.by_sigma(score)
        assert result.events.tolist() == [[500, 503, 502], [700, 701, 700]]
        assert result.severity[502] == pytest.approx((9 - np.nanmean(score)) / (3 * np.nanstd(score)))
        assert math.isnan(result.severity[0])

    def test_a_threshold_of_the_method_has_precedence(self):
        assert methods.by_sigma(np.array([1.0, 4.0]), 2.0).severity.tolist() == [0.5, 2.0]
        assert methods.by_sigma(np.array([np.nan, np.nan])).events.shape == (0, 3)

    @pytest.mark.parametrize("name", plain.SCORES)
    def test_plain_ones_find_a_spike(self, name):
        values = np.sin(2 * np.pi * np.arange(2000) / 50) + np.random.default_rng(1).normal(0, 0.05, 2000)
        values[[1200, 1500]] = 4, np.nan
        score = plain.SCORES[name](Series(None, values))
        assert np.nanargmax(score) == 1200
        assert score.shape == (2000,)
        assert math.isnan(score[1500])

    def test_ridge_is_the_regression_of_the_textbook(self):
        values = np.random.default_rng(2).normal(size=400).cumsum()
        standard = (values - values.mean()) / values.std()
        lags = plain.estimated_period(values) or plain.WINDOW
        rows = np.array([standard[t - lags : t] for t in range(lags, 400)])
        stacked = np.vstack([rows, np.eye(lags)]), np.append(standard[lags:], np.zeros(lags))
        weights = np.linalg.lstsq(*stacked)[0]
        score = plain.ridge_autoregression(Series(None, values))
        assert score[lags:] == pytest.approx(np.abs(standard[lags:] - rows @ weights), abs=1e-9)
        assert np.isnan(score[:lags]).all()

    def test_versions_follow_the_imports(self, tmp_path, monkeypatch):
        monkeypatch.setattr(methods, "ROOT", tmp_path)
        (tmp_path / "detectors").mkdir()
        (tmp_path / "detectors/one.py").write_text("from kernel import f")
        (tmp_path / "kernel.py").write_text("import numpy\nimport deep")
        (tmp_path / "deep.py").write_text("")
        (tmp_path / "other.py").write_text("")
        assert {file.name for file in methods.imported_files("detectors.one")} == {"one.py", "kernel.py", "deep.py"}
        before = methods._version("detectors.one")
        (tmp_path / "other.py").write_text("1")
        assert methods._version("detectors.one") == before
        (tmp_path / "deep.py").write_text("1")
        assert methods._version("detectors.one") != before


ECHO = """
import json, sys, time, numpy as np
print("{}", flush=True)
for line in sys.stdin:
    file, target = line.rstrip().split("\\t")
    open("calls", "a").write(file)
    if file == "b":
        BEHAVE
    np.savez(open(target, "wb"), severity=[0.5] * 600, events=np.zeros((0, 3), int), cost=[2.0, 30.0])
    print("{}", flush=True)
"""


class TestResults:
    @pytest.fixture
    def method(self, stored, tmp_path, monkeypatch):
        """A method whose process fails as requested on the second series; the calls are counted in a file."""

        def make(behave):
            script = tmp_path / "echo.py"
            script.write_text(ECHO.replace("BEHAVE", behave))
            popen = results.subprocess.Popen
            echo = [sys.executable, str(script)]
            monkeypatch.setattr(
                results.subprocess, "Popen", lambda command, **rest: popen(echo, **{**rest, "cwd": tmp_path})
            )
            return Method("echo", "ours", lambda series: Output(series.values, np.zeros((0, 3), int)), "v1")

        return make

    def test_are_cached(self, stored, method, tmp_path):
        echo = method("pass")
        for _ in range(2):
            results.run_missing(echo, stored, limit=30)
        assert (tmp_path / "calls").read_text() == "ab"
        result = results.load_result(echo, "a")
        assert (result.seconds, result.peak, len(result.output.severity)) == (2.0, 30.0, 600)
        assert results.load_result(Method("echo", "ours", echo.run, "v2"), "a") is None

    @pytest.mark.parametrize(
        ("behave", "problem"),
        [
            ("print(json.dumps({'problem': 'too short'}), flush=True); continue", "too short"),
            ("sys.exit(3)", "its process ended with 3"),
            ("exec('while True: pass')", "over 1 s"),
        ],
    )
    def test_a_failure_is_stored_and_the_others_continue(self, stored, method, tmp_path, behave, problem):
        echo = method(behave)
        for _ in range(2):
            results.run_missing(echo, list(reversed(stored)), limit=1)
        assert results.load_result(echo, "b").problem == problem
        assert results.load_result(echo, "a").output is not None
        assert (tmp_path / "calls").read_text() == "ba"
        results.run_missing(echo, stored, limit=1, retry=True)
        assert (tmp_path / "calls").read_text() == "bab"

    def test_a_real_process_detects(self, tmp_path, monkeypatch):
        if not (data.DATA / "index.csv").exists():
            pytest.skip(data.MISSING)
        monkeypatch.setattr(results, "FOLDER", tmp_path)
        method, one = methods.methods()["rolling_zscore"], data.read("nab/realTraffic/speed_7578.csv")
        results.run_missing(method, [one], limit=60)
        result = results.load_result(method, one.file)
        assert result.problem == ""
        assert result.output.severity.shape == one.labels.shape
        assert 0 <= result.seconds < 5
        assert 30 < result.peak < 2000


class TestFigures:
    def test_come_from_the_stored_results(self, stored):
        severity = np.where(np.arange(600) == 300, 2.0, 0.1)
        good = results.Result(Output(severity, np.array([[299, 302, 300]])), seconds=0.06, peak=100)
        result = summary("x", "ours", stored, {"a": good, "b": results.Result(problem="over 1 s")}.get)
        [only] = result.figures
        assert (only.events.f1, only.events.peak_f1, only.events.delay) == (1, 1, 0)
        assert only.vus > 0.5
        assert only.seconds == pytest.approx(1.0)
        assert result.problems == {"b": "over 1 s"}

    def test_data_sets_count_alike(self):
        some = [figures("a", "X", 0.2), figures("b", "X", 0.4), figures("c", "Y", 0.9), figures("d", "Y", math.nan)]
        result = Summary("x", "ours", some)
        assert result.mean(lambda one: one.vus) == pytest.approx(0.5)
        assert result.over_sets(lambda one: one.vus) == pytest.approx(0.6)


def figures(file, data_set, vus):
    return Figures(file, data_set, vus, event_metrics([(2, 4)], np.arange(10) == 3), 1.0, 50.0)


class TestReport:
    result = (
        Summary("ours", "ours", [figures("labelled/a.csv.gz", "X", 0.5), figures("nab/s/b.csv", "Y", 0.7)]),
        Summary("theirs", "rival", [figures("nab/s/b.csv", "Y", 0.8)], {"labelled/a.csv.gz": "over 120 s"}),
        Summary("broken", "rival", [], {"labelled/a.csv.gz": "no module", "nab/s/b.csv": "no module"}),
    )

    def test_ranks_and_lists_missing_results(self):
        made = report.tables(self.result)
        first, second = made["summary"].splitlines()[2:]
        assert first.startswith("| theirs | 1 | 0.800 | 0.800 | 1.00 | 1.00 | 1.00 | 0.00 |")
        assert second.startswith("| **ours** | 2 | 0.600 | 0.600 |")
        assert made["missing"].splitlines()[len(report.LEFT_OUT) :] == [
            "- theirs: 1 file, over 120 s.",
            "- broken: 2 files, no module.",
        ]
        assert made["same"].splitlines()[2] == "| theirs | 1 | 0.800 | 0.700 (ours) | – | – |"
        assert "| a | – | 0.50 |" in made["files"]

    def test_writes_only_between_marks(self, tmp_path):
        page = tmp_path / "page.md"
        page.write_text("Prose.\n<!-- one -->\nold | \\1\n<!-- /one -->\nMore.\n")
        for _ in range(2):
            report.write([page], {"one": "| new \\1 |"})
        assert page.read_text() == "Prose.\n<!-- one -->\n\n| new \\1 |\n\n<!-- /one -->\nMore.\n"
        with pytest.raises(ValueError, match="no place for the table two"):
            report.write([page], {"two": ""})

    def test_the_pages_have_a_place_for_each_table(self, tmp_path):
        pages = []
        for number, name in enumerate(report.PAGES):
            pages.append(tmp_path / f"{number}.md")
            pages[-1].write_text((methods.ROOT / name).read_text())
        report.write(pages, report.tables(self.result))
        assert all("theirs" in page.read_text() for page in pages)


def test_ours_is_the_vus_of_tsb_ad():
    pytest.importorskip(
        "TSB_AD", reason="SKIPPED: TSB-AD is there only in .venv-bench; `./run bench accuracy` proves it"
    )
    assert proof.greatest_difference(5) < proof.CLOSE


class TestCommand:
    @pytest.fixture
    def runs(self, stored, monkeypatch):
        """Records which methods would run on how many series; stored results are empty."""
        runs = {}
        monkeypatch.setattr(data, "labelled_series", lambda: iter(stored))
        monkeypatch.setattr(proof, "main", lambda: None)
        monkeypatch.setattr(command, "run_missing", lambda method, series, *_: runs.update({method.name: len(series)}))
        monkeypatch.setattr(command, "write", lambda pages, made: runs.update(written=[page.name for page in pages]))
        return runs

    def call(self, monkeypatch, *options):
        monkeypatch.setattr(sys, "argv", ["accuracy", *options])
        return command.main()

    def test_runs_the_named_methods_and_writes_nothing(self, runs, monkeypatch, capsys):
        assert self.call(monkeypatch, "--only", "lstm, plain_zscore") == 0
        assert runs == {"lstm": 2, "plain_zscore": 2}
        assert "- plain_zscore: 2 files, not run yet." in capsys.readouterr().out

    def test_runs_everything_and_writes_the_page(self, runs, monkeypatch):
        assert self.call(monkeypatch) == 0
        assert set(runs) == {*methods.methods(), "written"}

    def test_a_quick_run_takes_short_series_and_writes_nothing(self, runs, monkeypatch):
        monkeypatch.setattr(command, "QUICK", 100)
        assert self.call(monkeypatch, "--quick") == 1
        assert runs == {}

    def test_writes_from_the_stored_results(self, runs, monkeypatch):
        assert self.call(monkeypatch, "--write") == 0
        assert runs == {"written": ["accuracy.md", "accuracy.md"]}

    def test_an_unknown_name_is_refused(self, runs, monkeypatch, capsys):
        assert self.call(monkeypatch, "--only", "lstn") == 2
        assert "there is no method lstn; there are auto, lstm," in capsys.readouterr().err
