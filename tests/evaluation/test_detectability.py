"""Detectability: faults injected into normal intervals, counted by hand, deterministic, for every detector."""

import itertools
from types import MappingProxyType

import numpy as np
import pytest

from anomaly_detection import Detection, Detector, no_progress
from detectors.registry import DETECTORS
from evaluation import detectability
from evaluation.detectability import (
    MAX_DISTANCE,
    MAX_SCORED_POINTS,
    SIZE_GRIDS,
    TRIALS,
    Baseline,
    QuietPlaces,
    Trial,
    fill_copies,
    measure_detectability,
    trials,
)
from evaluation.detectability_report import FaultDetectability, FirstDetection, Reason, SizeResult, SizeUnit
from evaluation.fault_injection import FAULTS
from evaluation.wording import fault_sentence, reason_sentence, report_sentences
from timeseries import Series

STEP = np.timedelta64(300_000, "ms")
START = np.datetime64("2026-03-01T00:00", "ms")


def noisy(n=2000, period=24, noise=0.5, seed=0):
    t = np.arange(n)
    return 10 + 5 * np.sin(2 * np.pi * t / period) + np.random.default_rng(seed).normal(0, noise, n)


def timed(values):
    return Series(START + STEP * np.arange(len(values)), values)


class Limit(Detector):
    """Flags values above `limit` and the positions `flagged`; counts its fits."""

    title = help = "for these tests"
    memory = 0
    params = MappingProxyType({})
    limit = 30.0
    flagged = ()
    fits = 0

    @classmethod
    def fit(cls, series, *, progress=no_progress):
        progress("fit", 0.0)
        cls.fits += 1
        return cls()

    def detect(self, series, *, progress=no_progress):
        score = np.where(np.isnan(series.values), np.nan, np.maximum(series.values, 0) / self.limit)
        score[list(self.flagged)] = 9.0
        return Detection(series, np.full(len(series), np.nan), np.full(len(series), np.nan), score, 1.0)

    def _state(self):
        return {}

    @classmethod
    def _from_state(cls, state):
        return cls()


def by_size(report, name):
    [fault] = [fault for fault in report.faults if fault.name == name]
    return {result.size: result for result in fault.sizes}


def test_shares_and_delays_of_a_fixed_limit():
    """On noise of standard deviation 1 around 0, a limit of 10 detects spikes of 12 and more without delay, no dip."""

    class Above(Limit):
        limit = 10.0
        fits = 0

    report = measure_detectability(timed(np.random.default_rng(1).normal(size=4000)), Above, {})
    assert Above.fits == 1
    assert report.noise == pytest.approx(1.0, rel=0.1)
    spikes = by_size(report, "spike")
    assert [spikes[size].share for size in (3, 5, 20, 30)] == [0, 0, 1, 1]
    assert spikes[12].share >= 0.8
    assert (spikes[20].delay_points, spikes[20].delay_ms) == (0, 0)
    assert all(result.detected == 0 for result in by_size(report, "dip").values())
    drift = by_size(report, "drift")[12]
    assert 0.3 <= drift.share < 1  # about half of the drifts go down, where no limit flags them
    assert drift.delay_points > 20
    assert drift.delay_ms == pytest.approx(drift.delay_points * 300_000)
    assert "A spike of 12 times the typical noise" in " ".join(report_sentences(report))


def test_faults_are_injected_only_where_nothing_is_flagged_excluded_missing_or_unscored():
    values = noisy()
    values[700:720] = np.nan

    class Flagging(Limit):
        flagged = tuple(range(300, 330))

    excluded = np.zeros(2000, bool)
    excluded[1000:1100] = True
    plain = Flagging.fit(timed(values)).detect(timed(values))
    places = QuietPlaces(plain, excluded)
    for trial in (Trial("spike", 3, 1), Trial("level_shift", 3, 24)):
        positions = places.positions(trial)
        assert positions.size > 500
        for at in positions.tolist():
            neighbourhood = range(at - 1, at + trial.points + trial.tolerance)
            assert neighbourhood[-1] < 2000
            assert not set(neighbourhood) & (set(Flagging.flagged) | set(range(1000, 1100)))
            assert np.isnan(values[at : at + trial.points]).sum() <= 0.1 * trial.points
    assert QuietPlaces(plain, np.ones(2000, bool)).positions(Trial("spike", 3, 1)).size == 0


def test_excluded_points_are_masked_in_the_fit():
    fitted_values = []

    class RecordingFit(Limit):
        @classmethod
        def fit(cls, series, *, progress=no_progress):
            fitted_values.append(series.values)
            return cls()

    excluded = np.zeros(2000, bool)
    excluded[1000:1100] = True
    measure_detectability(timed(noisy()), RecordingFit, {}, excluded=excluded)
    np.testing.assert_array_equal(np.isnan(fitted_values[0]), excluded)


def test_faults_of_one_copy_are_separated_and_every_size_is_injected_equally_often():
    plain = Limit.fit(timed(noisy())).detect(timed(noisy(4000)))
    requested = trials(Baseline(0.5, 0.5, 5.0, 24), 600)
    counts = dict.fromkeys(requested, 0)
    for faults, done in fill_copies(requested, QuietPlaces(plain, None), MAX_DISTANCE, seed=0):
        assert 0 <= done < 1
        for (at, one), (next_position, other) in itertools.pairwise(faults):
            assert next_position - (at + one.points) > MAX_DISTANCE
            assert other.points >= 1
        for _, trial in faults:
            counts[trial] += 1
    assert set(counts.values()) == {TRIALS}


def test_points_flagged_without_a_fault_do_not_count():
    class Always(Limit):
        """Flags every 40th point of any series."""

        def detect(self, series, *, progress=no_progress):
            score = np.where(np.arange(len(series)) % 40 == 0, 2.0, 0.5)
            return Detection(series, series.values, series.values, score, 1.0)

    report = measure_detectability(timed(noisy()), Always, {})
    assert report.faults
    assert sum(result.detected for fault in report.faults for result in fault.sizes) == 0


def test_the_baseline_is_that_of_the_series_without_its_season():
    baseline = Baseline.of(timed(noisy(noise=0.5)))
    assert baseline.period == 24
    assert baseline.noise == pytest.approx(0.5, rel=0.1)
    assert baseline.change == pytest.approx(0.5, rel=0.1)
    walk = Baseline.of(Series(None, np.cumsum(np.random.default_rng(1).normal(size=4000))))
    assert walk.period is None
    assert walk.noise == pytest.approx(1 / np.sqrt(2), rel=0.1)
    assert walk.change == pytest.approx(np.sqrt(32 / 2), rel=0.2)


@pytest.mark.parametrize("name", DETECTORS)
@pytest.mark.parametrize("online", [False, True])
def test_the_report_of_every_detector_is_deterministic(name, online, monkeypatch):
    monkeypatch.setattr(detectability, "TRIALS", 3)
    series = timed(noisy(700))
    before = series.values.copy()
    report = measure_detectability(series, DETECTORS[name], {}, online=online)
    assert report.faults
    assert report == measure_detectability(series, DETECTORS[name], {}, online=online)
    np.testing.assert_array_equal(series.values, before)
    assert {fault.name for fault in report.faults} <= set(SIZE_GRIDS)


def test_the_forecast_detects_a_spike_on_a_clean_series():
    report = measure_detectability(timed(noisy()), DETECTORS["lstm"], {})
    [spike] = [fault for fault in report.faults if fault.name == "spike"]
    assert spike.smallest is not None
    assert spike.smallest.size <= 12


def test_a_lower_sigma_detects_more():
    def detected(sigma):
        report = measure_detectability(timed(noisy()), DETECTORS["seasonal_naive"], {"sigma": sigma})
        return sum(result.detected for fault in report.faults for result in fault.sizes)

    assert detected(3.0) > detected(6.0) > 0


EXTREME = {
    "empty": ([], "None of the last 0 points|do not change"),
    "one": ([1.0], "do not change"),
    "constant": ([0.1] * 500, "do not change"),
    "all missing": ([np.nan] * 500, "do not change"),
    "short": ([1.0, 2.0, 1.0, 2.0, 9.0], "None of the last 5 points"),
    "huge": (list(noisy(600) * 1e300), ""),
    "tiny": (list(noisy(600) * 1e-300), ""),
    "subnormal": (list(noisy(600) * 1e-309), ""),
    "both ends": (list(np.random.default_rng(4).uniform(-1, 1, 600) * 1.7e308), ""),
    "half missing": ([1.0, np.nan, 2.0, np.nan] * 200, ""),
    "mostly zero": ([0.0] * 499 + [1.0], ""),
}


@pytest.mark.parametrize("extreme", EXTREME)
@pytest.mark.parametrize("name", ["lstm", "rolling_zscore", "level_spread"])
def test_extreme_series_get_a_clear_sentence(extreme, name):
    values, expected = EXTREME[extreme]
    report = measure_detectability(Series(None, np.array(values, float)), DETECTORS[name], {})
    assert report_sentences(report)
    if expected:
        assert not report.faults
        assert any(part in reason_sentence(report) for part in expected.split("|"))
    for fault in report.faults:
        for result in fault.sizes:
            assert result.detected <= result.injected
            assert result.change is None or np.isfinite(result.change)


def test_without_a_period_no_cycle_faults_are_injected_and_the_report_gives_the_reason():
    report = measure_detectability(
        Series(None, np.random.default_rng(2).normal(size=1500)), DETECTORS["robust_zscore"], {}
    )
    assert report.period is None
    assert not {"missing_cycle", "changed_frequency"} & {fault.name for fault in report.faults}
    assert report.reasons[0] is Reason.NO_PERIOD
    text = " ".join(report_sentences(report))
    assert "the typical change over 32 points" in text
    assert "a cycle" not in text
    seasonal = measure_detectability(timed(noisy()), Limit, {})
    assert "the typical change over a cycle of 24 points" in report_sentences(seasonal)[1]


def test_the_work_is_bounded_by_count(monkeypatch):
    lengths = []

    class Counting(Limit):
        memory = 3000

        def detect(self, series, *, progress=no_progress):
            lengths.append(len(series))
            return super().detect(series)

    monkeypatch.setattr(detectability, "MAX_SCORED_POINTS", 60_000)
    report = measure_detectability(timed(noisy(30_000)), Counting, {})
    assert len(lengths) - 1 == report.copies == 60_000 // 6000
    assert max(lengths) == 6000
    assert MAX_SCORED_POINTS == 400_000
    assert all(result.injected for fault in report.faults for result in fault.sizes)


def test_a_stop_truncates_the_report_and_adds_a_reason():
    complete = measure_detectability(timed(noisy()), Limit, {})
    calls = itertools.count()

    class Slow(Limit):
        """Reports its progress once for each detection."""

        def detect(self, series, *, progress=no_progress):
            progress("detect", 0.0)
            return super().detect(series)

    truncated = measure_detectability(
        timed(noisy()), Slow, {}, should_stop=lambda: next(calls) >= 5
    )  # a fit, the series, three copies
    assert (truncated.copies, truncated.truncated, complete.truncated) == (3, True, False)
    assert 0 < truncated.injected < complete.injected == truncated.requested
    assert truncated.reasons == (Reason.TRUNCATED,)
    assert f"{truncated.injected} of {complete.injected} faults were tried" in reason_sentence(truncated)
    assert reason_sentence(truncated) in report_sentences(truncated)
    assert complete.reasons == ()


@pytest.mark.parametrize("after", [0, 1, 2])
def test_a_detector_that_is_too_slow_gives_a_reason(after):
    """Stopped in the fit, in the detection in the series itself, in that in the first copy."""
    calls = itertools.count()
    report = measure_detectability(
        timed(noisy()), DETECTORS["level_spread"], {}, should_stop=lambda: next(calls) >= after
    )
    assert not report.faults
    assert report.reasons == (Reason.TOO_SLOW,)
    calls = itertools.count()
    assert measure_detectability(
        timed(noisy()), DETECTORS["level_spread"], {}, should_stop=lambda: next(calls) > 1000
    ).faults


def test_both_delays_are_those_of_one_fault_even_across_a_gap():
    hour, minutes = 3_600_000, 300_000
    gap = [FirstDetection(0, 0), FirstDetection(1, 60 * hour), FirstDetection(5, 5 * minutes), FirstDetection(None)]
    result = SizeResult.of(3, None, 6, gap)
    assert (result.detected, result.delay_points, result.delay_ms) == (3, 5, 5 * minutes)
    assert SizeResult.of(3, None, 6, [FirstDetection(9), FirstDetection(2)]).delay_points == 2
    assert SizeResult.of(3, None, 6, [FirstDetection(None)]).delay_points is None


def test_progress_rises_and_may_cancel():
    reports = []
    measure_detectability(
        timed(noisy()), DETECTORS["lstm"], {}, progress=lambda stage, done: reports.append((stage, done))
    )
    assert {stage for stage, _ in reports} == {"fit", "detect"}
    fractions = [done for stage, done in reports if stage == "detect"]
    assert fractions == sorted(fractions)
    assert fractions[-1] == 1.0

    class Stop(Exception):
        pass

    def stop(stage, done):
        if stage == "detect" and done > 0.2:
            raise Stop

    with pytest.raises(Stop):
        measure_detectability(timed(noisy()), DETECTORS["lstm"], {}, progress=stop)


def test_sentences_name_the_smallest_detectable_size():
    def result(size, *points):
        return SizeResult.of(size, 0.9, 1, [FirstDetection(at, None if at is None else at * 300_000) for at in points])

    never, one_in_two = result(3, None, None), result(5, 0, None)
    four_in_five = result(8, 3, 3, 5, 1, None)
    assert fault_sentence(FaultDetectability("spike", SizeUnit.NOISE, (never, one_in_two, four_in_five))) == (
        "A spike of 8 times the typical noise (0.9) is detected 4 times in 5, after 3 points (15 minutes)."
    )
    for results, text in (
        ((never, one_in_two), "largest tried, is detected only 1 time in 2."),
        ((never,), "largest tried, is not detected."),
        ((result(3, 0),), "immediately"),
    ):
        assert text in fault_sentence(FaultDetectability("dip", SizeUnit.NOISE, results))


def test_every_fault_has_sizes_and_a_sentence():
    assert set(SIZE_GRIDS) == set(FAULTS)
    for name, grid in SIZE_GRIDS.items():
        assert list(grid.sizes) == sorted(grid.sizes)
        assert fault_sentence(FaultDetectability(name, grid.unit, (SizeResult(1, None, 5, 1, 1, 0, None),)))
