"""Choices repeated without one data set, and pictures of the worst results."""

import xml.etree.ElementTree as ElementTree

import numpy as np
import pytest

from benchmarks.accuracy import left_out, pictures, report, results
from benchmarks.accuracy.data import Labelled
from benchmarks.accuracy.events import event_metrics
from benchmarks.accuracy.figures import Figures, Summary
from benchmarks.accuracy.left_out import Choice, choices, joined
from benchmarks.accuracy.methods import Method, Output
from benchmarks.accuracy.results import Result
from detectors.lstm import LSTM
from timeseries import Series


def series(name, data_set="SET", n=700):
    values = np.sin(np.arange(n) / 4) + np.random.default_rng(len(name)).normal(0, 0.1, n)
    values[300:340] = 0.0
    return Labelled(name, data_set, Series(None, values, name), (np.arange(n) >= 300) & (np.arange(n) < 340))


def test_the_present_choice_comes_first_and_choices_are_unique():
    for family in left_out.FAMILIES:
        names = [str(choice) for choice in choices(family)]
        assert names[0] == str(Choice(left_out.FAMILIES[family][0]))
        assert len(names) == len(set(names))


def test_the_present_choice_of_lstm_equals_its_offline_scores():
    one = series("a")
    result = joined(left_out.parts_of(one.series), Choice(left_out.FAMILIES["lstm"][0]))
    fitted = LSTM.fit(one.series)
    calibrated_scores = fitted.detect_offline(one.series).scorer_scores
    own = np.nansum(list(calibrated_scores.values()), axis=0)
    assert np.allclose(result, own, atol=1e-6)


def test_a_data_set_left_out_has_no_part_in_the_choice(monkeypatch):
    names = [str(choice) for choice in choices("lstm")]
    best = {"A": names[1], "B": names[2]}
    one, other = series("a", "A"), series("b", "B")
    vus = {"A": dict.fromkeys(names, 0.1) | {best["A"]: 0.9}, "B": dict.fromkeys(names, 0.2) | {best["B"]: 0.8}}
    rows = left_out._family("lstm", names, ["A", "B"], [("A", vus["A"]), ("B", vus["B"])])
    assert f"| A | {best['B']} | 0.100 | 0.100 |" in rows
    assert f"| B | {best['A']} | 0.200 | 0.200 |" in rows
    assert "| mean over files |  | 0.150 | 0.150 |" in rows
    assert one.data_set != other.data_set


def test_the_parts_of_a_series_are_cached(tmp_path, monkeypatch):
    monkeypatch.setattr(results, "FOLDER", tmp_path)
    one = series("a")
    first = left_out.measured(one)
    monkeypatch.setattr(left_out, "parts_of", lambda series: pytest.fail("it was cached"))
    assert left_out.measured(one) == first
    assert all(0 <= vus <= 1 for vus in first.values())


class TestPictures:
    def test_the_worst_are_drawn_and_old_pictures_deleted(self, tmp_path, monkeypatch):
        several = [series(f"nab/{name}.csv") for name in "abc"]
        severity = np.zeros(700)
        severity[310] = 2.0
        result = Result(Output(severity, np.array([[310, 311, 310]])))
        monkeypatch.setattr(pictures, "load_result", lambda method, file: result)
        monkeypatch.setattr(pictures, "PICTURES", 2)
        metrics = event_metrics([(310, 311)], several[0].labels)
        figures = [
            Figures(one.file, "NAB", vus, metrics, 0.0, 0.0)
            for one, vus in zip(several, (0.5, 0.1, float("nan")), strict=True)
        ]
        (tmp_path / "old.svg").write_text("")
        method = Method("auto offline", "ours", lambda series: result.output, "1")
        printed = pictures.draw(method, Summary("auto offline", "ours", figures), several, tmp_path)
        assert sorted(file.name for file in tmp_path.iterdir()) == ["a.svg", "b.svg"]
        assert printed.index("b, VUS-PR 0.10") < printed.index("a, VUS-PR 0.50")
        root = ElementTree.parse(tmp_path / "b.svg").getroot()
        colours = [part.get("fill") for part in root]
        assert {"#fbc4c4", "#b00020"} <= set(colours)

    def test_a_picture_shows_extremes_and_breaks_at_missing_values(self):
        column = np.zeros(10_000)
        column[5000], column[7000:8000] = 1.0, np.nan
        drawn = pictures.path(column, 0.0, 100.0, "#000")
        assert " 0.0" in drawn
        assert drawn.count("M") == 2
        assert len(drawn) < 20_000


def test_figures_of_some_methods_are_merged_with_the_others(tmp_path):
    def summary(name, kind, vus):
        metrics = event_metrics([(310, 311)], series("a").labels)
        return Summary(name, kind, [Figures("nab/a.csv", "NAB", vus, metrics, 1.0, 2.0)], {}, 10 * vus, 20 * vus)

    before = report.tables([summary("one", "ours", 0.5), summary("TSB-AD two", "rival", 0.4)])
    page = tmp_path / "page.md"
    page.write_text("\n".join(f"<!-- {name} -->\n{table}\n<!-- /{name} -->" for name, table in before.items()))
    now = [summary("one", "ours", 0.3), summary("three", "plain", 0.35)]
    after = report.merged([page], report.tables(now), now)
    assert [row.split(" | ")[0] for row in after["summary"].splitlines()[2:]] == [
        "| TSB-AD two",
        "| three",
        "| **one**",
    ]
    assert "| **one** | 1 | 0.300 |" in after["summary"]
    assert "| TSB-AD two | 1 | 0.400 |" in after["summary"]
    assert after["files"].splitlines()[0] == "| file | two | three | one |"
    assert after["files"].splitlines()[2] == "| a | 0.40 | 0.35 | 0.30 |"
    assert [row.split(" | ")[1] for row in after["nab"].splitlines()[2:]] == ["4.0", "3.5", "3.0"]
    report.write([page], after)
    assert "| **one** | 0.500 |" not in page.read_text()
