"""Until its own detector is fitted: the same verdicts whatever the batches, and who judges the next point is told."""

import numpy as np
import pytest

from streams import cold_start
from streams.registry import NO_POINTS, find
from streams.stream_state import FEWEST
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
    monkeypatch.setattr(streams._fitter, "ask", lambda *_: None)
    return streams


@pytest.mark.parametrize("timed", [True, False])
def test_the_batches_make_no_difference_to_the_first_verdicts(unfitted, timed):
    values, stamps = daily(300).tolist(), times(300)
    values[200] = 50.0
    found = {}
    for size in (1, 10, 300):
        unfitted.put(f"{size}", "lstm")
        for at in range(0, 300, size):
            unfitted.push(f"{size}", stamps[at : at + size] if timed else None, values[at : at + size])
        found[size] = unfitted.read(f"{size}", 0)
    for size in (10, 300):
        assert found[size].judged_by == found[1].judged_by
        for name in ("expected", "score", "is_anomaly", "confidence"):
            np.testing.assert_array_equal(getattr(found[size], name), getattr(found[1], name))
    assert set(found[300].judged_by[:81]) == {None, "robust_zscore"}
    assert set(found[300].judged_by[81:]) == {"seasonal_naive"}
    assert found[300].is_anomaly[200]


def test_a_long_history_is_looked_at_a_few_times_and_only_its_newest_points(unfitted, monkeypatch):
    looked = []
    seasonal = cold_start.seasonal

    def counted(series, early, make):
        looked.append(len(series))
        return seasonal(series, early, make)

    monkeypatch.setattr("streams.cold_start.seasonal", counted)
    monkeypatch.setattr("streams.cold_start.FIT_ON", 500)
    unfitted.put("s", "lstm")
    judged = unfitted.push("s", None, daily(5000).tolist())
    assert looked == [36, 54, 81, 122, 183, 275, 413, *[500] * 6]
    assert set(judged.judged_by[100:]) == {"seasonal_naive"}


def test_after_a_fit_the_state_and_the_judge_are_known_before_the_next_point(streams):
    streams.put("s", "subspace")
    for n, judge in ((10, None), (1, "robust_zscore"), (70, "seasonal_naive")):
        streams.push("s", None, daily(300)[streams.get("s").cursor :][:n].tolist())
        told = streams.get("s")
        assert (told.state, told.judged_by) == ("warming_up", judge)
    streams.push("s", None, daily(300)[81:].tolist())
    fit(streams, "s")
    told = streams.get("s")
    assert (told.state, told.judged_by) == ("normal", "subspace")
    assert streams.push("s", None, [5.0]).judged_by == ("subspace",)


def test_after_a_restart_too(streams, open_streams):
    streams.put("s", "subspace")
    streams.push("s", times(300), daily(300).tolist())
    fit(streams, "s")
    streams.stop()
    again = open_streams().get("s")
    assert (again.state, again.judged_by) == ("normal", "subspace")


def test_the_fewest_values_are_those_of_the_detector():
    robust = find("robust_zscore").fit(NO_POINTS)
    score = robust.detect(Series(None, np.arange(FEWEST + 1.0))).score
    assert np.isfinite(score).tolist() == [False] * FEWEST + [True]


def test_points_that_are_written_between_two_looks_at_a_stream_spoil_no_fit(streams, monkeypatch, caplog):
    streams.put("s", "subspace")
    stored = streams._stored

    def late(name):
        found = stored(name)
        if found.cursor == 0:
            streams.push("s", None, daily(300).tolist())
        return found

    monkeypatch.setattr(streams, "_stored", late)
    monkeypatch.setattr("detectors.subspace.Subspace.min_history", 0)
    fit(streams, "s")
    assert "could not be fitted" not in caplog.text
