"""The laws of every detector, each run on every detector with several parameter sets and series.

There are no exceptions by type. A parameter set has an id, such as `auto-sigma-2` or `robust_zscore-default`, by which
-k picks it. TOLERANCE says how close is equal: to the bit for detectors without a network, 1e-3 of the standard
deviation with one.
"""

import copy
import io
import json

import numpy as np
import pytest

from anomaly_detection import parameters_of
from data_generation import demo
from detectors.registry import DETECTORS
from errors import BadParameter, StaleState, UnknownName
from timeseries import Series

STEP = np.timedelta64(300_000, "ms")
START = np.datetime64("2026-03-01T00:00", "ms")
TOLERANCE = dict.fromkeys(DETECTORS, 0.0) | {"lstm": 1e-3, "auto": 1e-3}
PARAM_SETS = [
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
    """The values every five minutes; with `gaps`, without some points."""
    times = START + STEP * np.arange(len(values))
    if not gaps:
        return Series(times, values)
    present = np.ones(len(values), bool)
    present[[200, 201, 500]] = False
    present[700:760] = False
    return Series(times[present], values[present])


def chaos(n):
    """The Hénon map (Hénon, 1976): no linear forecast follows it, a network can."""
    x = np.zeros(n + 2)
    for t in range(2, n + 2):
        x[t] = 1 - 1.4 * x[t - 1] ** 2 + 0.3 * x[t - 2]
    return x[2:] + np.random.default_rng(2).normal(0, 0.01, n)


def with_missing(values):
    """The values, a twentieth of them missing."""
    values = values.copy()
    values[np.random.default_rng(5).random(len(values)) < 0.05] = np.nan
    return values


SERIES = {
    "untimed": Series(None, seasonal()),
    "timed": timed(seasonal()),
    "gaps": timed(seasonal(), gaps=True),
    "missing": timed(with_missing(seasonal())),
    "walk": Series(None, np.cumsum(np.random.default_rng(3).normal(size=1500))),
    "chaos": Series(None, chaos(1500)),
    "chaos timed": timed(chaos(1500), gaps=True),
    "spiky": Series(None, np.where(np.arange(1500) % 211 == 210, 40.0, seasonal())),
}
_FITTED = {}


def fitted(name, params, kind):
    """One fit per detector, parameter set and series, shared by the laws: use changes no detector."""
    key = (name, json.dumps(params), kind)
    if key not in _FITTED:
        detector = DETECTORS[name].fit(SERIES[kind], **params)
        _FITTED[key] = (detector, detector.detect(SERIES[kind]))
    return _FITTED[key]


def assert_same(name, series, one, other):
    """Two pairs of (expected, score) are equal within TOLERANCE; NaN where NaN."""
    tolerance = TOLERANCE[name] * float(np.nanstd(series.values))
    for a, b in zip(one, other, strict=True):
        np.testing.assert_allclose(a, b, rtol=0, atol=tolerance)


def set_id(name, params):
    """A name for -k: `auto-default`, `auto-sigma-2`."""
    return "-".join([name, *(f"{param}-{value:g}" for param, value in params.items())] if params else [name, "default"])


def parametrize(param_sets):
    """Each detector with its parameters; those alike go to one worker, which fits them once."""
    ids = [(name, params, set_id(name, params)) for name, params in param_sets]
    sets = [pytest.param(name, params, id=i, marks=pytest.mark.xdist_group(i)) for name, params, i in ids]
    return pytest.mark.parametrize(("name", "params"), sets)


each_param_set = parametrize(PARAM_SETS)
each_fit = parametrize([(n, p) for n, p in PARAM_SETS if p != {"merge_gap": 0}])
each_series = pytest.mark.parametrize("kind", SERIES)
each_detector = pytest.mark.parametrize("name", DETECTORS)


@each_detector
@each_series
def test_merge_gap_changes_no_score(name, kind):
    """So the laws about scores run with the default only."""
    _, default = fitted(name, {}, kind)
    _, unmerged = fitted(name, {"merge_gap": 0}, kind)
    for column in ("expected", "margin", "score", "is_anomaly"):
        np.testing.assert_array_equal(getattr(default, column), getattr(unmerged, column))


@each_fit
@each_series
def test_causal(name, params, kind):
    series = SERIES[kind]
    detector, complete = fitted(name, params, kind)
    for stop in (len(series) // 3, len(series) // 2 + 7, len(series) - 1):
        cut = detector.detect(series.slice(0, stop))
        assert_same(name, series, (cut.expected, cut.score), (complete.expected[:stop], complete.score[:stop]))


@each_fit
@each_series
def test_a_tail_of_the_memory_gives_the_same_score(name, params, kind):
    series = SERIES[kind]
    detector, complete = fitted(name, params, kind)
    for stop in (len(series), len(series) - 17, len(series) - 101, detector.memory + 2):
        if not detector.memory < stop <= len(series):
            continue
        tail = detector.detect(series.slice(stop - detector.memory - 1, stop))
        last = slice(stop - 1, stop)
        assert_same(
            name, series, (tail.expected[-1:], tail.score[-1:]), (complete.expected[last], complete.score[last])
        )


@each_fit
@each_series
def test_detect_last_equals_detect(name, params, kind):
    series = SERIES[kind]
    detector, complete = fitted(name, params, kind)
    for new in (0, 1, 7, len(series)):
        last, expected = detector.detect_last(series, new), complete.last(new)
        assert (len(last.series), last.threshold, last.params) == (new, complete.threshold, complete.params)
        for column in ("expected", "margin", "score", "is_anomaly"):
            np.testing.assert_array_equal(getattr(last, column), getattr(expected, column))


@each_detector
@each_series
def test_the_memory_is_shorter_than_the_series(name, kind):
    assert fitted(name, {}, kind)[0].memory < len(SERIES[kind])


@pytest.mark.parametrize("kind", ["chaos", "chaos timed"])
def test_the_laws_run_on_a_network_too(kind):
    assert fitted("lstm", {}, kind)[0].model.forecaster.network is not None


@each_fit
@pytest.mark.parametrize("kind", ["timed", "chaos"])
def test_same_seed_same_scores(name, params, kind):
    _, first = fitted(name, params, kind)
    second = DETECTORS[name].fit(SERIES[kind], **params).detect(SERIES[kind])
    np.testing.assert_array_equal(first.score, second.score)
    np.testing.assert_array_equal(first.expected, second.expected)
    assert first.threshold == second.threshold


@each_param_set
def test_the_input_is_not_changed(name, params):
    series = timed(with_missing(seasonal(400)))
    values, times = series.values.copy(), series.times.copy()
    DETECTORS[name].fit(series, **params).detect(series)
    np.testing.assert_array_equal(series.values, values)
    np.testing.assert_array_equal(series.times, times)


@each_param_set
@pytest.mark.parametrize("kind", ["untimed", "gaps", "missing", "chaos"])
def test_detecting_changes_neither_series_nor_detector(name, params, kind):
    series = SERIES[kind]
    values = series.values.copy()
    times = None if series.times is None else series.times.copy()
    detector = DETECTORS[name].from_state(fitted(name, params, kind)[0].state())  # no other law has used it
    before = copy.deepcopy(detector.state())
    detector.detect(series)
    detector.detect_offline(series)
    detector.detect_last(series, 7)
    assert_same_state(before, detector.state())
    np.testing.assert_array_equal(series.values, values)
    if times is not None:
        np.testing.assert_array_equal(series.times, times)


def assert_same_state(one, other):
    """Two states are equal, to the bit."""
    if isinstance(one, dict):
        assert one.keys() == other.keys()
        for name, part in one.items():
            assert_same_state(part, other[name])
    elif isinstance(one, np.ndarray):
        np.testing.assert_array_equal(one, other)
    else:
        assert one == other


@each_detector
def test_a_threshold_can_be_changed_without_a_fit(name):
    assert {"sigma", "threshold"} & set(DETECTORS[name].adjustable_params)


@each_detector
@each_series
def test_another_threshold_and_back_is_the_same_detection(name, kind):
    """`rethreshold` loses nothing; tests/evaluation holds it to a fit with the other parameter."""
    detector, causal = fitted(name, {}, kind)
    stricter = {param: 2.0 for param in ("sigma", "threshold") if param in detector.adjustable_params}
    params = {**detector.params, **stricter, "merge_gap": 0}
    for detection in (causal, detector.detect_offline(SERIES[kind])):
        other = detector.rethreshold(detection, params)
        assert (other.params, other.merge_gap) == (params, 0)
        back = detector.rethreshold(other, detection.params)
        assert (back.threshold, back.params, back.merge_gap) == (detection.threshold, detection.params, 3)
        for column in ("expected", "margin", "score", "is_anomaly"):
            np.testing.assert_array_equal(getattr(back, column), getattr(detection, column))


@each_detector
@pytest.mark.parametrize("seed", range(4))
def test_the_severity_ranks_faults_above_the_rest(name, seed):
    """Faults of all kinds or, for detectors that compare single values, spikes: by the area under the ROC curve."""
    areas = []
    for faults in (None, ["spike"] * 5):
        labelled = demo("seasonal", 2000, seed, faults)
        severity = DETECTORS[name].fit(labelled.series).detect_offline(labelled.series).severity
        areas.append(area_under_roc(severity, labelled.labels))
    assert max(areas) > 0.8


def area_under_roc(severity, labels):
    """The probability that a point of a fault is more severe than another point; unscored points are ignored."""
    fault, rest = severity[labels & np.isfinite(severity)], np.sort(severity[~labels & np.isfinite(severity)])
    below = np.searchsorted(rest, fault, side="left") + np.searchsorted(rest, fault, side="right")
    return below.mean() / (2 * len(rest))


@each_fit
@each_series
@pytest.mark.parametrize(("a", "b"), [(4.0, 0.0), (1.8, 32.0), (1e-6, 0.0), (1e6, -3e6)])
def test_units_do_not_matter(name, params, kind, a, b):
    series = SERIES[kind]
    _, before = fitted(name, params, kind)
    other = Series(series.times, a * series.values + b)
    after = DETECTORS[name].fit(other, **params).detect(other)
    np.testing.assert_array_equal(before.is_anomaly, after.is_anomaly)


@each_param_set
@pytest.mark.parametrize("size", [12.0, -12.0])
@pytest.mark.parametrize("kind", ["untimed", "timed", "gaps", "missing"])
def test_an_injected_spike_is_detected(name, params, kind, size):
    series = SERIES[kind]
    values = series.values.copy()
    at = 1203 + int(np.argmax(np.isfinite(values[1203:])))
    values[at] = (values[at - 1] if np.isfinite(values[at - 1]) else 5.0) + size
    injected = Series(series.times, values)
    detection = DETECTORS[name].fit(injected, **params).detect(injected)
    reached = f"score {detection.score[at]:.3g}, threshold {detection.threshold:.3g}"
    assert detection.is_anomaly[at], f"a spike of {size:g}, six amplitudes of the season, has {reached}"
    [event] = [event for event in detection.events if event.start <= at < event.stop]
    if np.isfinite(detection.expected[event.peak]):
        assert event.direction == ("above" if size > 0 else "below")
    else:
        assert event.direction == "shape"


@each_detector
@pytest.mark.parametrize("kind", ["untimed", "timed"])
def test_one_fault_is_one_event(name, kind):
    values = seasonal()
    values[1000:1003] += 15.0
    series = Series(SERIES[kind].times, values)
    detection = DETECTORS[name].fit(series).detect(series)
    nearby = [event for event in detection.events if 990 <= event.start < 1110]
    assert len(nearby) == 1
    assert nearby[0].start == 1000


EXTREME = {
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


@each_fit
@pytest.mark.parametrize("extreme", EXTREME)
@pytest.mark.parametrize("with_times", [False, True])
def test_extreme_values_are_scored(name, params, extreme, with_times):
    values = np.array(EXTREME[extreme], dtype=float)
    series = timed(values) if with_times else Series(None, values)
    detection = DETECTORS[name].fit(series, **params).detect(series)
    assert_well_formed(series, detection)
    if extreme in ("constant", "zero", "all missing", "empty", "one"):
        assert not detection.events


def assert_well_formed(series, detection):
    """Invariants of a detection: lengths, finite numbers, no score of a missing point, events on anomalies."""
    assert len(detection.expected) == len(detection.margin) == len(detection.score) == len(series)
    for column in (detection.expected, detection.margin, detection.score):
        assert not np.isinf(column).any()
    assert np.isfinite(detection.threshold)
    assert detection.threshold > 0
    known = np.isfinite(detection.score)
    assert not known[np.isnan(series.values)].any()
    assert (detection.score[known] >= 0).all()
    expects = np.isfinite(detection.expected[known])
    assert expects.all() or not expects.any()  # a window detector scores without an expected value
    assert (detection.margin[known][expects] >= 0).all()
    covered = np.zeros(len(series), int)
    for event in detection.events:
        assert detection.is_anomaly[[event.start, event.stop - 1, event.peak]].all()
        assert np.isfinite(event.severity)
        assert event.severity > 1
        covered[event.start : event.stop] += 1
    assert (covered <= 1).all()
    assert covered[detection.is_anomaly].all()


@each_param_set
@each_series
def test_saved_and_loaded_it_scores_the_same(name, params, kind):
    series = SERIES[kind]
    detector, before = fitted(name, params, kind)
    loaded = DETECTORS[name].from_state(through_disk(detector.state()))
    after = loaded.detect(series)
    np.testing.assert_array_equal(before.score, after.score)
    np.testing.assert_array_equal(before.expected, after.expected)
    assert (before.threshold, before.params, before.merge_gap) == (after.threshold, after.params, after.merge_gap)
    assert (before.period, before.notes) == (after.period, after.notes)
    assert loaded.memory == detector.memory


@each_detector
def test_a_state_of_another_version_is_refused(name):
    state = fitted(name, {}, "untimed")[0].state()
    with pytest.raises(StaleState, match="version"):
        DETECTORS[name].from_state({**state, "version": -1})
    with pytest.raises(StaleState):
        DETECTORS[name].from_state({key: part for key, part in state.items() if key != "version"})


def through_disk(state):
    """A state after a round trip through JSON and arrays without pickle."""
    if isinstance(state, dict):
        return {str(key): through_disk(value) for key, value in state.items()}
    if isinstance(state, np.ndarray):
        file = io.BytesIO()
        np.save(file, state, allow_pickle=False)
        file.seek(0)
        return np.load(file, allow_pickle=False)
    return json.loads(json.dumps(state))


@each_detector
def test_parameters_outside_their_bounds_are_refused(name):
    for param in parameters_of(DETECTORS[name]).values():
        for bad in (param.maximum + 1, param.minimum - 1, float("nan"), "3", None, True):
            with pytest.raises(BadParameter, match=param.name):
                DETECTORS[name].fit(SERIES["timed"], **{param.name: bad})
    with pytest.raises(UnknownName, match="no parameter"):
        DETECTORS[name].fit(SERIES["timed"], nonsense=1)


@each_fit
@each_series
def test_detect_offline_obeys_the_other_laws(name, params, kind):
    """It may use later points; the other laws of `detect` apply."""
    series = SERIES[kind]
    detector, _ = fitted(name, params, kind)
    detection = detector.detect_offline(series)
    assert_well_formed(series, detection)
    restored = DETECTORS[name].from_state(through_disk(detector.state())).detect_offline(series)
    np.testing.assert_array_equal(detection.score, restored.score)
    other = Series(series.times, 1.8 * series.values + 32.0)
    after = DETECTORS[name].fit(other, **params).detect_offline(other)
    np.testing.assert_array_equal(detection.is_anomaly, after.is_anomaly)


@each_fit
@pytest.mark.parametrize("extreme", EXTREME)
def test_extreme_values_are_scored_offline(name, params, extreme):
    series = Series(None, np.array(EXTREME[extreme], dtype=float))
    detection = DETECTORS[name].fit(series, **params).detect_offline(series)
    assert_well_formed(series, detection)
    if extreme in ("constant", "zero", "all missing", "empty", "one"):
        assert not detection.events


@each_detector
def test_cancelling_stops_the_work(name):
    class Stop(Exception):
        pass

    def progress(stage, fraction):
        assert 0 <= fraction <= 1
        assert stage in ("fit", "detect")
        raise Stop

    with pytest.raises(Stop):
        DETECTORS[name].fit(SERIES["timed"], progress=progress).detect(SERIES["timed"], progress=progress)
