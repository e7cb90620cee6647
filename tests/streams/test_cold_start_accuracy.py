"""The first verdicts: by robust z-score, by season once that can be trusted, then by its own detector alone."""

import threading

import numpy as np
import pytest

from anomaly_detection import residual_threshold
from detectors.robust_zscore import MIN_KNOWN, RobustZScore
from detectors.seasonal_naive import SeasonalNaive
from events.scored_points import unscored
from store import Label
from streams.confidence import FITTED, WINDOWED, sure
from streams.fitter import AGAIN, ASKED_FOR, FIRST, Fitter
from streams.training_data import known, learnable, seasonal
from tests.streams.conftest import fit, times
from tests.waiting import SECONDS
from timeseries import Series
from timeseries.robust import window_median_and_std


def daily(n, seed=0):
    """A cycle of 24 points with noise."""
    return 5 + 2 * np.sin(2 * np.pi * np.arange(n) / 24) + np.random.default_rng(seed).normal(0, 0.1, n)


def early():
    return RobustZScore.fit(Series(None, np.empty(0)))


def trusted(values):
    return seasonal(Series(None, values), early(), SeasonalNaive.fit)


def flagged(n, at):
    """n points of which those at some positions are anomalies."""
    found = unscored(None, np.arange(n, dtype=float), n)
    found.is_anomaly.setflags(write=True)
    found.is_anomaly[at] = True
    return found


@pytest.mark.parametrize("n", [20, 60, 200])
def test_the_confidence_is_what_the_width_of_the_band_shows(n):
    noise = np.random.default_rng(n).normal(size=(20_000, n))
    fitted = [residual_threshold(np.abs(row), 6.0, 0.0) for row in noise]
    widths = {
        "robust_zscore": (window_median_and_std(noise, MIN_KNOWN)[1], WINDOWED["robust_zscore"]),
        "rolling_zscore": (noise.std(axis=1), WINDOWED["rolling_zscore"]),
        "fitted": (np.array(fitted), FITTED),
    }
    for width, c in widths.values():
        measured = 1 - float(np.std(width) / np.mean(width))
        assert sure(c, np.array(n)) == pytest.approx(measured, abs=0.025)


def test_a_season_is_trusted_where_it_is_clearly_nearer():
    found = trusted(daily(96))
    assert found is not None
    assert found[0].period == 24
    assert found[1] == 72


def test_noise_and_a_walk_are_no_season():
    rng = np.random.default_rng(0)
    assert trusted(rng.normal(size=200)) is None
    assert trusted(np.cumsum(rng.normal(size=200))) is None


def test_points_inside_events_are_not_learned_nor_are_those_at_the_open_end():
    assert np.flatnonzero(np.isnan(learnable(flagged(50, [10, 12, 30]), 3).values)).tolist() == [10, 11, 12, 30]
    assert np.flatnonzero(np.isnan(learnable(flagged(50, [46]), 3).values)).tolist() == [46, 47, 48, 49]
    assert np.flatnonzero(np.isnan(learnable(flagged(50, [45]), 3).values)).tolist() == [45]
    assert known(learnable(flagged(50, np.arange(30)), 3)) == 50  # most of all: it is the old fit that is wrong


def test_labels_decide_what_is_learned():
    labels = [Label(21, 31, "anomaly"), Label(25, 27, "normal"), Label(11, 12, "normal")]
    missing = np.flatnonzero(np.isnan(learnable(flagged(50, [10, 40]), 3, labels).values))
    assert missing.tolist() == [20, 21, 22, 23, 26, 27, 28, 29, 40]
    most = learnable(flagged(50, np.arange(40)), 3, [Label(1, 5, "anomaly")])
    assert np.flatnonzero(np.isnan(most.values)).tolist() == [0, 1, 2, 3]


def test_first_the_robust_z_score_then_the_season_then_its_own_alone(streams):
    values = daily(400)
    streams.put("s", "lstm")
    first = streams.push("s", times(100), values[:100].tolist())
    assert first.judged_by == (None,) * 11 + ("robust_zscore",) * 70 + ("seasonal_naive",) * 19
    fit(streams, "s")
    second = streams.push("s", times(50, 100), values[100:150].tolist())
    assert set(second.judged_by) == {"seasonal_naive"}
    assert streams.get("s").state == "warming_up"
    assert not second.is_anomaly.any()
    spiked = streams.push("s", times(1, 150), [values[150] + 2.0])  # within the cycle's own height
    assert spiked.is_anomaly.all()
    streams.push("s", times(149, 151), values[151:300].tolist())
    fit(streams, "s")
    own = streams.push("s", times(5, 300), values[300:305].tolist())
    assert set(own.judged_by) == {"lstm"}
    assert streams.get("s").state in ("normal", "anomalous")
    sure_of = [float(each.confidence[-1]) for each in (first, second, own)]
    assert sure_of[0] < sure_of[1] < sure_of[2] < 1
    assert np.isnan(first.confidence[:11]).all()
    assert first.confidence[11] == pytest.approx(1 - 0.92 / np.sqrt(11))
    assert (np.diff(first.confidence[11:60]) > 0).all()


def test_points_that_come_during_a_fit_queue_no_other():
    begun, go, fitted = threading.Event(), threading.Event(), []

    def slow(name):
        fitted.append(name)
        begun.set()
        go.wait(SECONDS)

    fitter = Fitter(slow)
    fitter.start()
    fitter.ask("s", FIRST)
    assert begun.wait(SECONDS)
    fitter.ask("s", AGAIN)
    assert fitter.waiting == 0
    done = fitter.ask("s", ASKED_FOR)  # a change of the detector must not be lost
    go.set()
    assert done.wait(SECONDS)
    fitter.stop(5)
    assert fitted == ["s", "s"]


def test_a_season_whose_band_is_wider_is_not_trusted():
    values = daily(120)
    values[[30, 60, 61, 90]] += 6.0  # too far off to be believed: they widen the season's band, not the z-score's
    wide = SeasonalNaive.fit(Series(None, values), sigma=12.0).detect(Series(None, values))
    assert np.nanmedian(wide.margin) > np.nanmedian(early().detect(Series(None, values)).margin)
    assert trusted(values) is None
