"""What would be caught: planted where nothing is flagged, counted by hand, the same each time, for every detector."""

import itertools

import numpy as np
import pytest

from anomaly_detection import Detection, Detector, no_progress
from detectors import DETECTORS
from evaluation import detectability
from evaluation.detectability import (
    JUDGED,
    LADDERS,
    SPAN,
    TRIALS,
    Baseline,
    QuietPlaces,
    Trial,
    filled_copies,
    measure_detectability,
    trials,
)
from evaluation.detectability_report import FaultDetectability, FirstDetection, SizeResult, SizeUnit, duration
from evaluation.fault_injection import ANOMALIES
from timeseries import Series

STEP = np.timedelta64(300_000, "ms")
START = np.datetime64("2026-03-01T00:00", "ms")


def noisy(n=2000, period=24, noise=0.5, seed=0):
    t = np.arange(n)
    return 10 + 5 * np.sin(2 * np.pi * t / period) + np.random.default_rng(seed).normal(0, noise, n)


def timed(values):
    return Series(START + STEP * np.arange(len(values)), values)


class Beyond(Detector):
    """Flags what lies above `limit`, or where `odd` says; counts its fits."""

    title = help = "for these tests"
    memory, params, limit, odd, fits = 0, {}, 30.0, (), 0

    @classmethod
    def fit(cls, series, *, progress=no_progress):
        progress("fit", 0.0)
        cls.fits += 1
        return cls()

    def detect(self, series, *, progress=no_progress):
        score = np.where(np.isnan(series.values), np.nan, np.maximum(series.values, 0) / self.limit)
        score[list(self.odd)] = 9.0
        return Detection(series, np.full(len(series), np.nan), np.full(len(series), np.nan), score, 1.0)

    def state(self):
        return {}

    @classmethod
    def from_state(cls, state):
        return cls()


def by_size(found, name):
    [fault] = [fault for fault in found.faults if fault.name == name]
    return {catch.size: catch for catch in fault.catches}


def test_shares_and_delays_are_those_of_a_rule_known_by_heart():
    """On noise of deviation 1 around 0, a rule "above 10" catches spikes of 12 and more, at once, and no dip."""

    class Above(Beyond):
        limit, fits = 10.0, 0

    found = measure_detectability(timed(np.random.default_rng(1).normal(size=4000)), Above, {})
    assert Above.fits == 1
    assert found.noise == pytest.approx(1.0, rel=0.1)
    spikes = by_size(found, "spike")
    assert [spikes[size].share for size in (3, 5, 20, 30)] == [0, 0, 1, 1]
    assert spikes[12].share >= 0.8
    assert (spikes[20].delay_points, spikes[20].delay_ms) == (0, 0)
    assert all(catch.caught == 0 for catch in by_size(found, "dip").values())
    drift = by_size(found, "drift")[12]
    assert drift.caught == TRIALS or drift.share > 0.3  # half of the drifts go down
    assert drift.delay_points > 20
    assert drift.delay_ms == pytest.approx(drift.delay_points * 300_000)
    assert "A spike of 12 times the usual noise" in " ".join(found.sentences)


def test_nothing_is_planted_where_it_is_flagged_avoided_missing_or_not_judged():
    values = noisy()
    values[700:720] = np.nan
    odd = tuple(range(300, 330))

    class Odd(Beyond):
        pass

    Odd.odd = odd
    avoid = np.zeros(2000, bool)
    avoid[1000:1100] = True
    plain = Odd.fit(timed(values)).detect(timed(values))
    room = QuietPlaces(plain, avoid)
    for trial in (Trial("spike", 3, 1), Trial("level_shift", 3, 24)):
        places = room.at(trial)
        assert places.size > 500
        for at in places.tolist():
            around = range(at - 1, at + trial.points + trial.late)
            assert around[-1] < 2000
            assert not set(around) & (set(odd) | set(range(1000, 1100)))
            assert np.isnan(values[at : at + trial.points]).sum() <= 0.1 * trial.points
    assert QuietPlaces(plain, np.ones(2000, bool)).at(Trial("spike", 3, 1)).size == 0


def test_what_is_avoided_is_not_learned():
    learned = []

    class Learning(Beyond):
        @classmethod
        def fit(cls, series, *, progress=no_progress):
            learned.append(series.values)
            return cls()

    avoid = np.zeros(2000, bool)
    avoid[1000:1100] = True
    measure_detectability(timed(noisy()), Learning, {}, avoid=avoid)
    np.testing.assert_array_equal(np.isnan(learned[0]), avoid)


def test_faults_of_one_copy_lie_apart_and_every_size_is_planted_as_often():
    plain = Beyond.fit(timed(noisy())).detect(timed(noisy(4000)))
    wanted = trials(Baseline(0.5, 0.5, 5.0, 24), 600)
    counts = dict.fromkeys(wanted, 0)
    for planted, done in filled_copies(wanted, QuietPlaces(plain, None), SPAN, seed=0):
        assert 0 <= done < 1
        for (at, one), (then, other) in itertools.pairwise(planted):
            assert then - (at + one.points) > SPAN
            assert other.points >= 1
        for _, trial in planted:
            counts[trial] += 1
    assert set(counts.values()) == {TRIALS}


def test_what_is_flagged_anyway_is_no_catch():
    class Always(Beyond):
        """Flags every other point whatever comes."""

        def detect(self, series, *, progress=no_progress):
            score = np.where(np.arange(len(series)) % 40 == 0, 2.0, 0.5)
            return Detection(series, series.values, series.values, score, 1.0)

    found = measure_detectability(timed(noisy()), Always, {})
    assert found.faults
    assert sum(catch.caught for fault in found.faults for catch in fault.catches) == 0


def test_the_usual_noise_is_that_of_the_series_without_its_season():
    usual = Baseline.of(timed(noisy(noise=0.5)))
    assert usual.period == 24
    assert usual.noise == pytest.approx(0.5, rel=0.1)
    assert usual.change == pytest.approx(0.5, rel=0.1)
    walk = Baseline.of(Series(None, np.cumsum(np.random.default_rng(1).normal(size=4000))))
    assert walk.period is None
    assert walk.noise == pytest.approx(1 / np.sqrt(2), rel=0.1)
    assert walk.change == pytest.approx(np.sqrt(32 / 2), rel=0.2)


@pytest.mark.parametrize("name", DETECTORS)
@pytest.mark.parametrize("live", [False, True])
def test_every_detector_answers_the_same_each_time(name, live, monkeypatch):
    monkeypatch.setattr(detectability, "TRIALS", 3)
    series = timed(noisy(700))
    before = series.values.copy()
    found = measure_detectability(series, DETECTORS[name], {}, live=live)
    assert found.faults
    assert found == measure_detectability(series, DETECTORS[name], {}, live=live)
    np.testing.assert_array_equal(series.values, before)
    assert {fault.name for fault in found.faults} <= set(LADDERS)


def test_a_spike_on_a_clean_series_is_caught_by_the_forecast():
    found = measure_detectability(timed(noisy()), DETECTORS["lstm"], {})
    [spike] = [fault for fault in found.faults if fault.name == "spike"]
    assert spike.smallest is not None
    assert spike.smallest.size <= 12


def test_a_lower_sigma_catches_more():
    def caught(sigma):
        found = measure_detectability(timed(noisy()), DETECTORS["seasonal_naive"], {"sigma": sigma})
        return sum(catch.caught for fault in found.faults for catch in fault.catches)

    assert caught(3.0) > caught(6.0) > 0


HARD = {
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


@pytest.mark.parametrize("hard", HARD)
@pytest.mark.parametrize("name", ["lstm", "rolling_zscore", "level_spread"])
def test_hard_series_get_a_clear_sentence(hard, name):
    values, says = HARD[hard]
    found = measure_detectability(Series(None, np.array(values, float)), DETECTORS[name], {})
    assert found.sentences
    if says:
        assert not found.faults
        assert any(part in found.reason for part in says.split("|"))
    for fault in found.faults:
        for catch in fault.catches:
            assert catch.caught <= catch.planted
            assert catch.change is None or np.isfinite(catch.change)


def test_without_a_period_no_cycle_is_missing_and_it_is_said():
    found = measure_detectability(
        Series(None, np.random.default_rng(2).normal(size=1500)), DETECTORS["robust_zscore"], {}
    )
    assert found.period is None
    assert not {"missing_cycle", "changed_frequency"} & {fault.name for fault in found.faults}
    assert "No period was found" in found.reason
    told = " ".join(found.sentences)
    assert "the usual change over 32 points" in told
    assert "a cycle" not in told
    assert (
        "the usual change over a cycle of 24 points" in measure_detectability(timed(noisy()), Beyond, {}).sentences[1]
    )


def test_the_work_is_bounded_by_count(monkeypatch):
    judged = []

    class Counting(Beyond):
        memory = 3000

        def detect(self, series, *, progress=no_progress):
            judged.append(len(series))
            return super().detect(series)

    monkeypatch.setattr(detectability, "JUDGED", 60_000)
    found = measure_detectability(timed(noisy(30_000)), Counting, {})
    assert len(judged) - 1 == found.copies == 60_000 // 6000
    assert max(judged) == 6000
    assert JUDGED == 400_000
    assert all(catch.planted for fault in found.faults for catch in fault.catches)


def test_when_it_is_enough_what_is_known_by_then_is_told_and_that_it_is_not_all():
    whole = measure_detectability(timed(noisy()), Beyond, {})
    asked = itertools.count()

    class Slow(Beyond):
        """Tells its progress once for each judgement."""

        def detect(self, series, *, progress=no_progress):
            progress("detect", 0.0)
            return super().detect(series)

    part = measure_detectability(
        timed(noisy()), Slow, {}, enough=lambda: next(asked) >= 5
    )  # a fit, the series, three copies
    assert (part.copies, part.truncated, whole.truncated) == (3, True, False)
    planted, of_whole = (sum(each.planted for fault in told.faults for each in fault.catches) for told in (part, whole))
    assert 0 < planted < of_whole
    assert f"{planted} of {of_whole} faults were tried" in part.reason
    assert part.reason in part.sentences
    assert "quiet stretches" not in part.reason
    assert not whole.reason


@pytest.mark.parametrize("after", [0, 1, 2])
def test_what_is_too_slow_to_be_tried_at_all_is_told(after):
    """It is enough in the fit, in the judgement of the series itself, in that of the first copy."""
    asked = itertools.count()
    found = measure_detectability(timed(noisy()), DETECTORS["level_spread"], {}, enough=lambda: next(asked) >= after)
    assert not found.faults
    assert "takes too long" in found.reason
    asked = itertools.count()
    assert measure_detectability(
        timed(noisy()), DETECTORS["level_spread"], {}, enough=lambda: next(asked) > 1000
    ).faults


def test_both_delays_are_those_of_one_fault_also_across_a_gap():
    hour, minutes = 3_600_000, 300_000
    gap = [FirstDetection(0, 0), FirstDetection(1, 60 * hour), FirstDetection(5, 5 * minutes), FirstDetection(None)]
    told = SizeResult.of(3, None, 6, gap)
    assert (told.caught, told.delay_points, told.delay_ms) == (3, 5, 5 * minutes)
    assert SizeResult.of(3, None, 6, [FirstDetection(9), FirstDetection(2)]).delay_points == 2
    assert SizeResult.of(3, None, 6, [FirstDetection(None)]).delay_points is None


def test_progress_rises_and_may_cancel():
    told = []
    measure_detectability(
        timed(noisy()), DETECTORS["lstm"], {}, progress=lambda stage, done: told.append((stage, done))
    )
    assert {stage for stage, _ in told} == {"fit", "detect"}
    planted = [done for stage, done in told if stage == "detect"]
    assert planted == sorted(planted)
    assert planted[-1] == 1.0

    class Stop(Exception):
        pass

    def stop(stage, done):
        if stage == "detect" and done > 0.2:
            raise Stop

    with pytest.raises(Stop):
        measure_detectability(timed(noisy()), DETECTORS["lstm"], {}, progress=stop)


def test_sentences_speak_of_the_smallest_size_that_is_caught():
    def catch(size, *points):
        return SizeResult.of(size, 0.9, 1, [FirstDetection(at, None if at is None else at * 300_000) for at in points])

    never, seldom = catch(3, None, None), catch(5, 0, None)
    mostly = catch(8, 3, 3, 5, 1, None)
    assert FaultDetectability("spike", SizeUnit.NOISE, (never, seldom, mostly)).sentence == (
        "A spike of 8 times the usual noise (0.9) is caught 4 times in 5, after 3 points (15 min)."
    )
    assert (
        "largest tried, is caught only 1 time in 2."
        in FaultDetectability("dip", SizeUnit.NOISE, (never, seldom)).sentence
    )
    assert "largest tried, is not caught." in FaultDetectability("dip", SizeUnit.NOISE, (never,)).sentence
    assert "at once" in FaultDetectability("dip", SizeUnit.NOISE, (catch(3, 0),)).sentence
    assert [duration(ms) for ms in (5, 2_000, 90_000, 3_600_000, 1.8e8)] == ["5 ms", "2 s", "1.5 min", "1 h", "2.08 d"]


def test_every_fault_there_is_has_its_sizes_and_its_words():
    assert set(LADDERS) == set(ANOMALIES)
    for name, ladder in LADDERS.items():
        assert list(ladder.sizes) == sorted(ladder.sizes)
        assert FaultDetectability(name, ladder.of, (SizeResult(1, None, 5, 1, 1, 0, None),)).sentence
