"""The laws every detector obeys, each run on every detector and several parameter sets. No exceptions by type.

`EXACT` says only how close is equal: to the bit for detectors without a network, 1e-3 of the spread with one.
"""

import io
import json

import numpy as np
import pytest

from anomaly_detection import parameters_of
from detectors import DETECTORS
from errors import BadParameter, StaleState, UnknownName
from timeseries import Series

STEP = np.timedelta64(300_000, "ms")
START = np.datetime64("2026-03-01T00:00", "ms")
EXACT = dict.fromkeys(DETECTORS, 0.0) | {"lstm": 1e-3, "auto": 1e-3}
FLAGS = [
    (name, params)
    for name, detector in DETECTORS.items()
    for params in [{}, {"merge_gap": 0}]
    + [{p.name: p.minimum} for p in parameters_of(detector).values() if p.name in ("window", "cycles")]
    + [{p.name: 2.0} for p in parameters_of(detector).values() if p.name in ("sigma", "threshold")]
]


def seasonal(n=1500, seed=0, noise=0.2):
    """A cycle of 48 points with noise."""
    t = np.arange(n)
    return 5 + 2 * np.sin(2 * np.pi * t / 48) + np.random.default_rng(seed).normal(0, noise, n)


def timed(values, gaps=False):
    """With times every five minutes; with `gaps`, some points were never sent."""
    times = START + STEP * np.arange(len(values))
    if not gaps:
        return Series(times, values)
    keep = np.ones(len(values), bool)
    keep[[200, 201, 500]] = False
    keep[700:760] = False
    return Series(times[keep], values[keep])


def chaos(n):
    """The Hénon map (Hénon, 1976): no linear forecast catches it, a network can."""
    x = np.zeros(n + 2)
    for t in range(2, n + 2):
        x[t] = 1 - 1.4 * x[t - 1] ** 2 + 0.3 * x[t - 2]
    return x[2:] + np.random.default_rng(2).normal(0, 0.01, n)


def holed(values):
    """With missing values in between."""
    values = values.copy()
    values[np.random.default_rng(5).random(len(values)) < 0.05] = np.nan
    return values


SERIES = {
    "untimed": Series(None, seasonal()),
    "timed": timed(seasonal()),
    "gaps": timed(seasonal(), gaps=True),
    "missing": timed(holed(seasonal())),
    "walk": Series(None, np.cumsum(np.random.default_rng(3).normal(size=1500))),
    "chaos": Series(None, chaos(1500)),
    "chaos timed": timed(chaos(1500), gaps=True),
    "spiky": Series(None, np.where(np.arange(1500) % 211 == 210, 40.0, seasonal())),
}
_FITTED = {}


def fitted(name, params, kind):
    """One fit per detector, parameter set and series, shared by the laws: detectors are never changed by use."""
    key = (name, json.dumps(params), kind)
    if key not in _FITTED:
        detector = DETECTORS[name].fit(SERIES[kind], **params)
        _FITTED[key] = (detector, detector.detect(SERIES[kind]))
    return _FITTED[key]


def assert_same(name, series, one, other):
    """Two stretches of (expected, score) are the same as far as EXACT says; NaN where NaN."""
    tolerance = EXACT.get(name, 0.0) * float(np.nanstd(series.values))
    for a, b in zip(one, other, strict=True):
        np.testing.assert_array_equal(np.isnan(a), np.isnan(b))
        np.testing.assert_allclose(np.nan_to_num(a), np.nan_to_num(b), rtol=0, atol=tolerance)


def of_flags(flags):
    """Each detector with its parameters; those alike go to one worker, which fits them once."""
    sets = [pytest.param(n, p, id=f"{n}-{p}", marks=pytest.mark.xdist_group(f"{n}-{p}")) for n, p in flags]
    return pytest.mark.parametrize(("name", "params"), sets)


each_flag = of_flags(FLAGS)
each_fit = of_flags([(n, p) for n, p in FLAGS if p != {"merge_gap": 0}])  # which joins anomalies and makes none
each_series = pytest.mark.parametrize("kind", SERIES)
each = pytest.mark.parametrize("name", DETECTORS)


@each_flag
@each_series
def test_causal(name, params, kind):
    series = SERIES[kind]
    detector, whole = fitted(name, params, kind)
    for stop in (len(series) // 3, len(series) // 2 + 7, len(series) - 1):
        cut = detector.detect(series.slice(0, stop))
        assert_same(name, series, (cut.expected, cut.score), (whole.expected[:stop], whole.score[:stop]))


@each_flag
@each_series
def test_a_tail_is_enough(name, params, kind):
    series = SERIES[kind]
    detector, whole = fitted(name, params, kind)
    for stop in (len(series), len(series) - 17, len(series) - 101, detector.memory + 2):
        if not detector.memory < stop <= len(series):
            continue
        tail = detector.detect(series.slice(stop - detector.memory - 1, stop))
        last = slice(stop - 1, stop)
        assert_same(name, series, (tail.expected[-1:], tail.score[-1:]), (whole.expected[last], whole.score[last]))


@each_flag
@each_series
def test_the_last_points_are_judged_alone_as_with_the_others(name, params, kind):
    series = SERIES[kind]
    detector, whole = fitted(name, params, kind)
    for new in (0, 1, 7, len(series)):
        found, wanted = detector.detect_last(series, new), whole.last(new)
        assert (len(found.series), found.threshold, found.params) == (new, whole.threshold, whole.params)
        for column in ("expected", "margin", "score", "is_anomaly"):
            np.testing.assert_array_equal(getattr(found, column), getattr(wanted, column))


@each
@each_series
def test_the_tail_is_shorter_than_the_series_it_is_tested_on(name, kind):
    assert fitted(name, {}, kind)[0].memory < len(SERIES[kind])


@pytest.mark.parametrize("kind", ["chaos", "chaos timed"])
def test_the_laws_see_a_network_at_work(kind):
    assert fitted("lstm", {}, kind)[0].forecaster.network is not None


@each_flag
@pytest.mark.parametrize("kind", ["timed", "chaos"])
def test_same_seed_same_answer(name, params, kind):
    _, first = fitted(name, params, kind)
    again = DETECTORS[name].fit(SERIES[kind], **params).detect(SERIES[kind])
    np.testing.assert_array_equal(first.score, again.score)
    np.testing.assert_array_equal(first.expected, again.expected)
    assert first.threshold == again.threshold


@each_flag
def test_the_input_is_not_changed(name, params):
    series = timed(holed(seasonal(400)))
    values, times = series.values.copy(), series.times.copy()
    DETECTORS[name].fit(series, **params).detect(series)
    np.testing.assert_array_equal(series.values, values)
    np.testing.assert_array_equal(series.times, times)


@each_fit
@each_series
@pytest.mark.parametrize(("a", "b"), [(4.0, 0.0), (1.8, 32.0), (1e-6, 0.0), (1e6, -3e6)])
def test_units_do_not_matter(name, params, kind, a, b):
    series = SERIES[kind]
    _, before = fitted(name, params, kind)
    other = Series(series.times, a * series.values + b)
    after = DETECTORS[name].fit(other, **params).detect(other)
    np.testing.assert_array_equal(before.is_anomaly, after.is_anomaly)


@each_flag
@pytest.mark.parametrize("size", [12.0, -12.0])
@pytest.mark.parametrize("kind", ["untimed", "timed", "gaps", "missing"])
def test_a_planted_spike_is_found(name, params, kind, size):
    series = SERIES[kind]
    values = series.values.copy()
    at = 1203 + int(np.argmax(np.isfinite(values[1203:])))
    values[at] = (values[at - 1] if np.isfinite(values[at - 1]) else 5.0) + size
    planted = Series(series.times, values)
    found = DETECTORS[name].fit(planted, **params).detect(planted)
    assert found.is_anomaly[at]
    [event] = [event for event in found.events if event.start <= at < event.stop]
    if np.isfinite(found.expected[event.peak]):
        assert event.direction == ("above" if size > 0 else "below")
    else:
        assert event.direction == "shape"


@each
@pytest.mark.parametrize("kind", ["untimed", "timed"])
def test_one_fault_is_one_event(name, kind):
    values = seasonal()
    values[1000:1003] += 15.0
    series = Series(SERIES[kind].times, values)
    found = DETECTORS[name].fit(series).detect(series)
    near = [event for event in found.events if 990 <= event.start < 1110]
    assert len(near) == 1
    assert near[0].start == 1000


HARD = {
    "empty": [],
    "one": [1.0],
    "two": [1.0, 2.0],
    "short": [1.0, 2.0, 1.0, 2.0, 9.0],
    "constant": [0.1] * 300,
    "zero": [0.0] * 300,
    "all missing": [np.nan] * 300,
    "one known": [np.nan] * 150 + [3.0] + [np.nan] * 150,
    "half missing": [1.0, np.nan, 2.0, np.nan] * 100,
    "late start": [np.nan] * 200 + [1.0, 2.0, 3.0] * 80,
    "huge": list(seasonal(600) * 1e300),
    "both ends": [1.7e308, -1.7e308] * 200,
    "both ends at random": list(np.random.default_rng(4).choice([1.7e308, -1.7e308], 400)),
    "up to the largest": list(np.random.default_rng(4).uniform(-1, 1, 400) * 1.7e308),
    "tiny": list(seasonal(600) * 1e-300),
    "subnormal": list(seasonal(600) * 1e-309),
    "far from zero": list(seasonal(600) + 1e9),
    "two levels": [0.0, 1.0] * 300,
    "mostly zero": [0.0] * 299 + [1.0],
    "one huge": [1.0, 2.0] * 150 + [1e300] + [1.0, 2.0] * 50,
    "one smallest": [0.0] * 299 + [5e-324],
    "smallest": [5e-324] * 300,
    "steps": list(np.repeat(np.arange(20.0), 40)),
}


@each_flag
@pytest.mark.parametrize("hard", HARD)
@pytest.mark.parametrize("with_times", [False, True])
def test_hard_values_survive(name, params, hard, with_times):
    values = np.array(HARD[hard], dtype=float)
    series = timed(values) if with_times else Series(None, values)
    found = DETECTORS[name].fit(series, **params).detect(series)
    assert_well_formed(series, found)
    if hard in ("constant", "zero", "all missing", "empty", "one"):
        assert not found.events


def assert_well_formed(series, found):
    """What holds of every detection: lengths, finite numbers, missing points never judged, events on flagged points."""
    assert len(found.expected) == len(found.margin) == len(found.score) == len(series)
    for column in (found.expected, found.margin, found.score):
        assert not np.isinf(column).any()
    assert np.isfinite(found.threshold)
    assert found.threshold > 0
    known = np.isfinite(found.score)
    assert not known[np.isnan(series.values)].any()
    assert (found.score[known] >= 0).all()
    expects = np.isfinite(found.expected[known])
    assert expects.all() or not expects.any()  # a view of windows judges without expecting a value
    assert (found.margin[known][expects] >= 0).all()
    covered = np.zeros(len(series), int)
    for event in found.events:
        assert found.is_anomaly[[event.start, event.stop - 1, event.peak]].all()
        assert np.isfinite(event.severity)
        assert event.severity > 1
        covered[event.start : event.stop] += 1
    assert (covered <= 1).all()
    assert covered[found.is_anomaly].all()


@each_flag
@each_series
def test_saved_and_loaded_it_judges_the_same(name, params, kind):
    series = SERIES[kind]
    detector, before = fitted(name, params, kind)
    loaded = DETECTORS[name].from_state(through_disk(detector.state()))
    after = loaded.detect(series)
    np.testing.assert_array_equal(before.score, after.score)
    np.testing.assert_array_equal(before.expected, after.expected)
    assert (before.threshold, before.params, before.merge_gap) == (after.threshold, after.params, after.merge_gap)
    assert (before.period, before.notes) == (after.period, after.notes)
    assert loaded.memory == detector.memory


@each
def test_a_state_of_another_version_is_refused(name):
    state = fitted(name, {}, "untimed")[0].state()
    with pytest.raises(StaleState, match="version"):
        DETECTORS[name].from_state({**state, "version": -1})
    with pytest.raises(StaleState):
        DETECTORS[name].from_state({key: part for key, part in state.items() if key != "version"})


def through_disk(state):
    """What is left of a state that went through JSON and arrays that refuse pickle."""
    if isinstance(state, dict):
        return {str(key): through_disk(value) for key, value in state.items()}
    if isinstance(state, np.ndarray):
        file = io.BytesIO()
        np.save(file, state, allow_pickle=False)
        file.seek(0)
        return np.load(file, allow_pickle=False)
    return json.loads(json.dumps(state))


@each
def test_parameters_outside_their_bounds_are_refused(name):
    for param in parameters_of(DETECTORS[name]).values():
        for bad in (param.maximum + 1, param.minimum - 1, float("nan"), "3", None, True):
            with pytest.raises(BadParameter, match=param.name):
                DETECTORS[name].fit(SERIES["timed"], **{param.name: bad})
    with pytest.raises(UnknownName, match="no parameter"):
        DETECTORS[name].fit(SERIES["timed"], nonsense=1)


@each_flag
@each_series
def test_a_finished_series_can_be_reviewed(name, params, kind):
    """`detect_offline` may look ahead; all else that holds of `detect` holds of it."""
    series = SERIES[kind]
    detector, _ = fitted(name, params, kind)
    found = detector.detect_offline(series)
    assert_well_formed(series, found)
    again = DETECTORS[name].from_state(through_disk(detector.state())).detect_offline(series)
    np.testing.assert_array_equal(found.score, again.score)
    other = Series(series.times, 1.8 * series.values + 32.0)
    after = DETECTORS[name].fit(other, **params).detect_offline(other)
    np.testing.assert_array_equal(found.is_anomaly, after.is_anomaly)


@each_flag
@pytest.mark.parametrize("hard", HARD)
def test_hard_values_can_be_reviewed(name, params, hard):
    series = Series(None, np.array(HARD[hard], dtype=float))
    found = DETECTORS[name].fit(series, **params).detect_offline(series)
    assert_well_formed(series, found)
    if hard in ("constant", "zero", "all missing", "empty", "one"):
        assert not found.events


@each
def test_cancelling_stops_the_work(name):
    class Stop(Exception):
        pass

    def progress(stage, fraction):
        assert 0 <= fraction <= 1
        assert stage in ("fit", "detect")
        raise Stop

    with pytest.raises(Stop):
        DETECTORS[name].fit(SERIES["timed"], progress=progress).detect(SERIES["timed"], progress=progress)
