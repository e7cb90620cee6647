"""The first scores: by the robust z-score, by a season once that is trusted, then by the own detector only."""

import threading

import numpy as np
import pytest

from detectors.robust_zscore import MIN_KNOWN, RobustZScore
from detectors.seasonal_naive import SeasonalNaive
from events.scored_points import unscored
from store import Label
from streams.confidence import FITTED_COEFFICIENT, WINDOW_COEFFICIENTS, band_confidence
from streams.fitter import FIRST, REFIT, REQUESTED, Fitter
from streams.training_data import count_known, fit_trusted_season, mask_anomalies
from tests.streams.conftest import fit, times
from tests.waiting import SECONDS
from timeseries import Series
from timeseries.residuals import residual_threshold
from timeseries.robust import window_median_and_std


def daily(n, seed=0):
    """A cycle of 24 points with noise."""
    return 5 + 2 * np.sin(2 * np.pi * np.arange(n) / 24) + np.random.default_rng(seed).normal(0, 0.1, n)


def fallback():
    return RobustZScore.fit(Series(None, np.empty(0)))


def season_of(values):
    return fit_trusted_season(Series(None, values), fallback(), SeasonalNaive.fit)


def flagged(n, at):
    """n points of which those at some positions are anomalies."""
    points = unscored(None, np.arange(n, dtype=float), n)
    points.is_anomaly.setflags(write=True)
    points.is_anomaly[at] = True
    return points


@pytest.mark.parametrize("n", [20, 60, 200])
def test_the_confidence_is_the_relative_error_of_the_band_width(n):
    noise = np.random.default_rng(n).normal(size=(20_000, n))
    fitted = [residual_threshold(np.abs(row), 6.0, 0.0) for row in noise]
    widths = {
        "robust_zscore": (window_median_and_std(noise, MIN_KNOWN)[1], WINDOW_COEFFICIENTS["robust_zscore"]),
        "rolling_zscore": (noise.std(axis=1), WINDOW_COEFFICIENTS["rolling_zscore"]),
        "fitted": (np.array(fitted), FITTED_COEFFICIENT),
    }
    for width, c in widths.values():
        measured = 1 - float(np.std(width) / np.mean(width))
        assert band_confidence(c, np.array(n)) == pytest.approx(measured, abs=0.025)


def test_a_season_is_trusted_where_its_errors_are_smaller():
    season = season_of(daily(96))
    assert season is not None
    assert season[0].model.period == 24
    assert season[1] == 72


def test_noise_and_a_random_walk_have_no_season():
    rng = np.random.default_rng(0)
    assert season_of(rng.normal(size=200)) is None
    assert season_of(np.cumsum(rng.normal(size=200))) is None


def test_points_inside_events_are_masked_and_an_open_event_to_the_end():
    assert np.flatnonzero(np.isnan(mask_anomalies(flagged(50, [10, 12, 30]), 3).values)).tolist() == [10, 11, 12, 30]
    assert np.flatnonzero(np.isnan(mask_anomalies(flagged(50, [46]), 3).values)).tolist() == [46, 47, 48, 49]
    assert np.flatnonzero(np.isnan(mask_anomalies(flagged(50, [45]), 3).values)).tolist() == [45]
    assert count_known(mask_anomalies(flagged(50, np.arange(30)), 3)) == 50  # more than half: the fit is wrong


def test_labels_override_the_mask():
    labels = [Label(21, 31, "anomaly"), Label(25, 27, "normal"), Label(11, 12, "normal")]
    missing = np.flatnonzero(np.isnan(mask_anomalies(flagged(50, [10, 40]), 3, labels).values))
    assert missing.tolist() == [20, 21, 22, 23, 26, 27, 28, 29, 40]
    labelled = mask_anomalies(flagged(50, np.arange(40)), 3, [Label(1, 5, "anomaly")])
    assert np.flatnonzero(np.isnan(labelled.values)).tolist() == [0, 1, 2, 3]


def test_first_the_robust_z_score_then_the_season_then_the_own_detector(streams):
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
    confidences = [float(each.confidence[-1]) for each in (first, second, own)]
    assert confidences[0] < confidences[1] < confidences[2] < 1
    assert np.isnan(first.confidence[:11]).all()
    assert first.confidence[11] == pytest.approx(1 - 0.92 / np.sqrt(11))
    assert (np.diff(first.confidence[11:60]) > 0).all()


def test_points_that_arrive_during_a_fit_queue_no_other():
    begun = threading.Event()
    proceed = threading.Event()
    fitted = []

    def blocking_fit(name):
        fitted.append(name)
        begun.set()
        proceed.wait(SECONDS)

    fitter = Fitter(blocking_fit)
    fitter.start()
    fitter.request("s", FIRST)
    assert begun.wait(SECONDS)
    fitter.request("s", REFIT)
    assert fitter.waiting == 0
    done = fitter.request("s", REQUESTED)  # a change of the detector must not be lost
    proceed.set()
    assert done.wait(SECONDS)
    fitter.stop(5)
    assert fitted == ["s", "s"]


def test_a_season_with_a_wider_band_is_not_trusted():
    values = daily(120)
    values[[30, 60, 61, 90]] += 6.0  # outliers: they widen the season's band, not the z-score's
    wide = SeasonalNaive.fit(Series(None, values), sigma=12.0).detect(Series(None, values))
    assert np.nanmedian(wide.margin) > np.nanmedian(fallback().detect(Series(None, values)).margin)
    assert season_of(values) is None
