"""The metrics of `./run bench accuracy`: VUS-PR, events, and the labelled series."""

import csv
import math

import numpy as np
import pytest

from benchmarks.accuracy import data, event_metrics, labelled_series, vus_pr, vus_window
from tests.benchmarks import naive_vus


def case(seed):
    """Scores with ties, events at the edges, close together and overlapping in their buffers."""
    rng = np.random.default_rng(seed)
    n = int(rng.integers(20, 300))
    labels = np.zeros(n, dtype=bool)
    for _ in range(rng.integers(1, 9)):
        start = int(rng.integers(0, n))
        labels[start : start + int(rng.integers(1, 20))] = True
    labels[0], labels[-1] = labels[0] or seed % 3 == 0, labels[-1] or seed % 4 == 0
    labels[n // 2] = False
    score = rng.normal(size=n) + labels * rng.normal()
    return (np.round(score) if seed % 3 == 0 else score), labels, int(rng.integers(0, 60))


class TestVUS:
    @pytest.mark.parametrize("seed", range(40))
    def test_equals_the_plain_loops(self, seed):
        score, labels, window = case(seed)
        slow = naive_vus.vus_pr(score.tolist(), labels.astype(int).tolist(), window, thresholds=40)
        assert vus_pr(score, labels, window, thresholds=40) == pytest.approx(slow, abs=1e-12)

    def test_a_perfect_score_without_a_buffer_has_volume_one(self):
        labels = np.zeros(250, dtype=bool)
        labels[100:110] = True
        assert vus_pr(labels * 1.0, labels, 0) == 1.0

    def test_a_constant_score_has_the_share_of_labelled_points(self):
        labels = np.arange(250) < 25
        assert vus_pr(np.ones(250), labels, 0) == pytest.approx(0.1)

    def test_points_without_a_score_rank_last(self):
        score, labels, window = case(2)
        missing = np.where(np.arange(len(score)) < 10, np.nan, score)
        lowest = np.where(np.arange(len(score)) < 10, score.min() - 1, score)
        assert vus_pr(missing, labels, window) == vus_pr(lowest, labels, window)

    def test_depends_only_on_the_order_of_scores(self):
        score, labels, window = case(1)
        assert vus_pr(np.exp(score / 10), labels, window) == pytest.approx(vus_pr(score, labels, window), abs=1e-12)

    @pytest.mark.parametrize("labels", [np.zeros(50, dtype=bool), np.ones(50, dtype=bool)])
    def test_is_nan_without_both_kinds_of_points(self, labels):
        assert math.isnan(vus_pr(np.arange(50.0), labels, 5))


class TestWindow:
    @pytest.mark.parametrize("period", [12, 24, 97, 288])
    def test_is_the_period(self, period):
        values = np.sin(2 * np.pi * np.arange(40 * period) / period)
        assert vus_window(values) == period

    @pytest.mark.parametrize("scale", [1e-150, 1.0, 1e150])
    def test_does_not_depend_on_the_unit(self, scale):
        assert vus_window(scale * np.sin(2 * np.pi * np.arange(1000) / 25)) == 25

    @pytest.mark.parametrize(
        "values", [np.full(500, 3.0), np.arange(500.0), np.full(9, np.nan), np.sin(2 * np.pi * np.arange(5000) / 350)]
    )
    def test_is_125_where_no_period_is_seen(self, values):
        assert vus_window(values) == 125


class TestEvents:
    labels = np.isin(np.arange(1000), [*range(100, 120), *range(500, 510), 900])

    def test_are_counted_one_by_one(self):
        result = event_metrics([(90, 95), (105, 107), (110, 112), (495, 512), (700, 800)], self.labels)
        assert (result.labelled, result.detected, result.false, result.normal) == (3, 2, 2, 969)
        assert (result.precision, result.recall, result.f1) == (2 / 4, 2 / 3, 2 * 2 / (3 + 2 + 2))
        assert result.delay == (5 + 0) / 2
        assert result.false_rate == pytest.approx(1e4 * 2 / 969)

    def test_ends_are_half_open(self):
        assert event_metrics([(90, 100), (120, 130)], self.labels).detected == 0
        assert (
            event_metrics([(90, 101)], self.labels).detected == event_metrics([(119, 130)], self.labels).detected == 1
        )

    def test_one_event_over_everything_finds_everything_by_overlap_and_one_by_its_peak(self):
        complete = event_metrics([(0, 1000)], self.labels, [505])
        assert (complete.f1, complete.peaks, complete.astray) == (1.0, 1, 0)
        assert complete.peak_f1 == 2 * 1 / (3 + 1)

    def test_peaks_outside_labels_are_astray(self):
        result = event_metrics([(95, 125), (495, 512)], self.labels, [122, 505])
        assert (result.peaks, result.astray, result.peak_f1) == (1, 1, 2 / 5)

    def test_nothing_reported(self):
        result = event_metrics([], self.labels)
        assert (result.precision, result.recall, result.f1, result.peak_f1) == (0, 0, 0, 0)
        assert math.isnan(result.delay)

    def test_nothing_labelled(self):
        result = event_metrics([(3, 5)], np.zeros(50, dtype=bool))
        assert result.false_rate == 200.0
        assert all(math.isnan(value) for value in (result.precision, result.recall, result.f1, result.peak_f1))


class TestData:
    def test_holds_the_series_of_its_index(self):
        if not (data.DATA / "index.csv").exists():
            pytest.skip(data.MISSING)
        with (data.DATA / "index.csv").open() as index:
            rows = {row["file"]: row for row in csv.DictReader(index)}
        read = {one.file: one for one in labelled_series()}
        assert list(read) == list(rows)
        for file, one in read.items():
            assert 0 <= int(rows[file]["points"]) - len(one.series) <= 13
            assert len(one.events) == int(rows[file]["events"])
            assert 0 <= int(rows[file]["anomalous"]) - one.labels.sum() <= 1
        assert {one.data_set for one in read.values()} == {"NAB", "SMD", "IOPS", "SMAP", "MSL", "MGAB"}

    def test_a_missing_folder_is_reported(self, tmp_path, monkeypatch, capsys):
        monkeypatch.setattr(data, "DATA", tmp_path)
        assert list(labelled_series()) == []
        assert "shared/data is missing" in capsys.readouterr().err

    def test_times_that_do_not_rise_are_left_out(self, tmp_path, monkeypatch):
        (tmp_path / "nab/set").mkdir(parents=True)
        (tmp_path / "nab/windows.json").write_text(
            '{"set/a.csv": [["2020-01-01 01:00:00.000000", "2020-01-01 02:00:00.000000"]]}'
        )
        hours = [0, 1, 2, 2, 1, 3]
        lines = [f"2020-01-01 {hour:02}:00:00,{i}" for i, hour in enumerate(hours)]
        (tmp_path / "nab/set/a.csv").write_text("\n".join(["timestamp,value", *lines]))
        monkeypatch.setattr(data, "DATA", tmp_path)
        one = data.read("nab/set/a.csv")
        assert one.series.values.tolist() == [0, 1, 2, 5]
        assert one.labels.tolist() == [False, True, True, False]
