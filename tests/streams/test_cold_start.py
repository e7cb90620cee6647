"""Before a stream's own detector is fitted: scores do not depend on batches; the next detector is known."""

import numpy as np
import pytest

from detectors import find_detector
from streams import cold_start
from streams.registry import NO_POINTS
from streams.stream_state import MIN_KNOWN_VALUES
from tests.streams.conftest import fit, times
from timeseries import Series

DAY = 24


def daily(n, seed=0):
    """A cycle of 24 points with noise."""
    return 5 + 2 * np.sin(2 * np.pi * np.arange(n) / DAY) + np.random.default_rng(seed).normal(0, 0.1, n)


@pytest.fixture
def unfitted(monkeypatch, open_streams):
    """Streams whose own detectors are never fitted."""
    streams = open_streams()
    monkeypatch.setattr("streams.fitting.Fitting.due_priority", lambda *_: None)
    return streams


@pytest.mark.parametrize("timed", [True, False])
def test_the_first_scores_do_not_depend_on_the_batches(unfitted, timed):
    values, stamps = daily(300).tolist(), times(300)
    values[200] = 50.0
    points = {}
    for size in (1, 10, 300):
        unfitted.put(f"{size}", "lstm")
        for at in range(0, 300, size):
            unfitted.push(f"{size}", stamps[at : at + size] if timed else None, values[at : at + size])
        points[size] = unfitted.read(f"{size}", 0)
    for size in (10, 300):
        assert points[size].judged_by == points[1].judged_by
        for name in ("expected", "score", "is_anomaly", "confidence"):
            np.testing.assert_array_equal(getattr(points[size], name), getattr(points[1], name))
    assert set(points[300].judged_by[:81]) == {None, "robust_zscore"}
    assert set(points[300].judged_by[81:]) == {"seasonal_naive"}
    assert points[300].is_anomaly[200]


def test_the_newest_points_of_a_long_history_are_checked_for_a_season(unfitted, monkeypatch):
    lengths = []
    fit_trusted_season = cold_start.fit_trusted_season

    def recorded(series, fallback, fit):
        lengths.append(len(series))
        return fit_trusted_season(series, fallback, fit)

    monkeypatch.setattr("streams.cold_start.fit_trusted_season", recorded)
    monkeypatch.setattr("streams.cold_start.MAX_TRAINING_POINTS", 500)
    unfitted.put("s", "lstm")
    points = unfitted.push("s", None, daily(5000).tolist())
    assert lengths == [36, 54, 81, 122, 183, 275, 413, *[500] * 6]
    assert set(points.judged_by[100:]) == {"seasonal_naive"}


def test_after_a_fit_the_state_and_the_next_detector_are_known(streams):
    streams.put("s", "subspace")
    for n, detector in ((10, None), (1, "robust_zscore"), (70, "seasonal_naive")):
        streams.push("s", None, daily(300)[streams.get("s").cursor :][:n].tolist())
        info = streams.get("s")
        assert (info.state, info.judged_by) == ("warming_up", detector)
    streams.push("s", None, daily(300)[81:].tolist())
    fit(streams, "s")
    info = streams.get("s")
    assert (info.state, info.judged_by) == ("normal", "subspace")
    assert streams.push("s", None, [5.0]).judged_by == ("subspace",)


def test_after_a_restart_they_are_known_too(streams, open_streams):
    streams.put("s", "subspace")
    streams.push("s", times(300), daily(300).tolist())
    fit(streams, "s")
    streams.stop()
    info = open_streams().get("s")
    assert (info.state, info.judged_by) == ("normal", "subspace")


def test_the_minimum_of_known_values_is_that_of_the_detector():
    robust = find_detector("robust_zscore").fit(NO_POINTS)
    score = robust.detect(Series(None, np.arange(MIN_KNOWN_VALUES + 1.0))).score
    assert np.isfinite(score).tolist() == [False] * MIN_KNOWN_VALUES + [True]


def test_points_written_during_a_fit_do_not_break_it(streams, monkeypatch, caplog):
    streams.put("s", "subspace")
    read_stream = streams.store.stream

    def push_after_read(name):
        stream = read_stream(name)
        if stream.cursor == 0:
            streams.push("s", None, daily(300).tolist())
        return stream

    monkeypatch.setattr(streams.store, "stream", push_after_read)
    monkeypatch.setattr("detectors.subspace.Subspace.min_history", 0)
    fit(streams, "s")
    assert "could not be fitted" not in caplog.text
