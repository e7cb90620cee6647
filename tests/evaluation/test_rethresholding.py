"""Rethresholding a detection: bit-identical to the same fit with another sigma; event filters."""

from dataclasses import replace

import numpy as np
import pytest

from anomaly_detection import parameters_of
from detectors.forecast_residual import CHUNK, ForecastResidual, mask_outliers
from detectors.registry import DETECTORS
from errors import BadParameter, UnknownName
from evaluation.rethresholding import rethreshold
from events.filter import NO_FILTER, EventFilter, read_event_filter
from timeseries import Series
from timeseries.regular_grid import place_in_cells
from timeseries.residuals import residual_stats
from timeseries.scaling import min_scale

SERIES = {
    "timed": Series(
        np.datetime64("2026-03-01", "ms") + np.timedelta64(60_000, "ms") * np.arange(900),
        5 + np.sin(np.arange(900) / 4) + np.random.default_rng(1).normal(0, 0.2, 900),
    ),
    "missing": Series(None, np.where(np.arange(700) % 90 == 7, np.nan, np.cumsum(np.ones(700)) % 48)),
    "spiky": Series(None, np.where(np.arange(600) % 211 == 210, 40.0, np.random.default_rng(2).normal(size=600))),
    "huge": Series(None, 1e300 * np.sin(np.arange(400) / 7)),
    "constant": Series(None, np.full(300, 0.1)),
    "short": Series(None, np.array([1.0, 2.0, np.nan])),
    "empty": Series(None, np.empty(0)),
}
SIGMAS = (1.5, 4.25, 40.0)


def threshold_param(detector):
    """The name of the detector's threshold parameter."""
    return next(name for name in detector.adjustable_params if name != "merge_gap")


def columns(detection):
    return detection.expected, detection.margin, detection.score, detection.is_anomaly, np.array(detection.threshold)


def assert_equal(one, other):
    for a, b in zip(columns(one), columns(other), strict=True):
        np.testing.assert_array_equal(a, b)
    assert repr(one.events) == repr(other.events)  # compared as text: expected is NaN where nothing is expected
    assert one.params == other.params
    assert one.merge_gap == other.merge_gap


@pytest.fixture(scope="module", params=[(name, kind) for name in DETECTORS for kind in SERIES], ids="-".join)
def fitted_case(request):
    """A detector, a series and the detector fitted to it with the default sigma."""
    name, kind = request.param
    return DETECTORS[name], SERIES[kind], DETECTORS[name].fit(SERIES[kind])


def with_sigma(detector, fitted, series, sigma):
    """The same fit with another sigma, computed without `rethreshold`.

    Forecasting detectors mask outliers by the sigma of the fit and forecast a second time: only the threshold
    changes, from the residuals of the same forecasts. The other detectors do not use sigma in the fit.
    """
    params = {**fitted.params, threshold_param(detector): sigma}
    if not isinstance(fitted, ForecastResidual):
        return detector.fit(series, **params)
    model = fitted.model
    cells, first = model.grid.cells(series, fitted.memory, CHUNK)
    values = place_in_cells(series.values / model.unit, cells)
    forecast = model.forecaster.forecast(values, first, lambda fraction: None)
    expected = mask_outliers(values, forecast, model.masking_threshold).expected
    stats = residual_stats(np.abs(values - expected), min_scale(values))
    state = fitted.state()
    return detector.from_state({**state, "params": params, "model": {**state["model"], "residual_stats": stats}})


@pytest.mark.parametrize("sigma", SIGMAS)
def test_another_sigma_equals_the_same_fit_with_it(fitted_case, sigma):
    detector, series, fitted = fitted_case
    rethresholded = rethreshold(
        detector, fitted.detect_offline(series), {threshold_param(detector): sigma, "merge_gap": 7}
    )
    fresh = with_sigma(detector, fitted, series, sigma).detect_offline(series)
    assert_equal(rethresholded, replace(fresh, params={**fresh.params, "merge_gap": 7}, merge_gap=7))


def test_resetting_the_sigma_restores_the_detection(fitted_case):
    detector, series, fitted = fitted_case
    detection = fitted.detect_offline(series)
    name = threshold_param(detector)
    stricter = rethreshold(detector, detection, {name: 9.0})
    assert_equal(rethreshold(detector, stricter, {name: detection.params[name]}), detection)


def test_a_greater_threshold_never_gives_more_anomalies(fitted_case):
    detector, series, fitted = fitted_case
    detection = fitted.detect_offline(series)
    anomalies = [
        np.count_nonzero(rethreshold(detector, detection, {threshold_param(detector): s}).is_anomaly) for s in SIGMAS
    ]
    assert anomalies == sorted(anomalies, reverse=True)


def test_rethresholding_does_not_change_its_input(fitted_case):
    detector, series, fitted = fitted_case
    detection = fitted.detect_offline(series)
    before = [column.copy() for column in columns(detection)]
    rethreshold(detector, detection, {threshold_param(detector): 2.0}, EventFilter(3, 0.1, 0.1))
    for a, b in zip(before, columns(detection), strict=True):
        np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize("name", DETECTORS)
def test_every_other_parameter_needs_a_new_fit(name):
    detector, series = DETECTORS[name], SERIES["timed"]
    detection = detector.fit(series).detect_offline(series)
    for param in parameters_of(detector).values():
        if param.name not in detector.adjustable_params:
            other = param.maximum if param.default != param.maximum else param.minimum
            with pytest.raises(BadParameter, match=f"{param.name} can only be changed by a new fit"):
                rethreshold(detector, detection, {param.name: other})
            rethreshold(detector, detection, {param.name: param.default})
    with pytest.raises(UnknownName):
        rethreshold(detector, detection, {"sogma": 1})
    with pytest.raises(BadParameter):
        rethreshold(detector, detection, {"merge_gap": -1})


class TestEventFilter:
    SERIES = Series(None, np.array([0, 9, 0, 0, 0, -9, -8, 0, 0, 0, 2, 0.0]))

    def detection(self, **params):
        values = self.SERIES.values
        detection = DETECTORS["rolling_zscore"].fit(self.SERIES, merge_gap=0).detect(self.SERIES)
        zeros = np.zeros(len(values))
        return replace(detection, expected=zeros, margin=zeros + 1, score=np.abs(values), threshold=1.0)

    def intervals(self, **filter_fields):
        return [
            (e.start, e.stop) for e in replace(self.detection(), event_filter=read_event_filter(filter_fields)).events
        ]

    def test_the_default_filter_passes_every_event(self):
        assert self.intervals() == [(1, 2), (5, 7), (10, 11)]

    def test_direction(self):
        assert self.intervals(direction="above") == [(1, 2), (10, 11)]
        assert self.intervals(direction="below") == [(5, 7)]

    def test_min_abs_deviation(self):
        assert self.intervals(min_abs_deviation=3) == [(1, 2), (5, 7)]
        assert self.intervals(min_abs_deviation=8.5) == [(1, 2), (5, 6)]

    def test_min_points(self):
        assert self.intervals(min_points=2) == [(5, 7)]
        assert not replace(self.detection(), event_filter=EventFilter(3)).is_anomaly.any()

    def test_min_rel_deviation(self):
        detection = replace(
            self.detection(), expected=np.full(12, 4.0), event_filter=read_event_filter({"min_rel_deviation": 1.5})
        )
        assert np.flatnonzero(detection.is_anomaly).tolist() == [5, 6]

    def test_a_narrower_filter_never_gives_more_events(self):
        values = np.array([0, 9, 0, -9, 0, 9, 0, 0, 0, 0, 8, 0.0])
        detection = replace(self.detection(), series=Series(None, values), score=np.abs(values), merge_gap=1)
        assert detection.intervals == [(1, 6), (10, 11)]
        above, below = (replace(detection, event_filter=EventFilter(direction=side)) for side in ("above", "below"))
        assert (above.intervals, below.intervals) == ([(1, 6), (10, 11)], [(3, 4)])
        assert np.flatnonzero(above.is_anomaly).tolist() == [1, 5, 10]
        assert [(event.start, event.peak, event.direction) for event in above.events] == [
            (1, 1, "above"),
            (10, 10, "above"),
        ]
        assert replace(detection, event_filter=EventFilter(2, direction="above")).intervals == [(1, 6)]
        assert replace(detection, event_filter=EventFilter(min_abs_deviation=8.5)).intervals == [(1, 6)]

    def test_bad_fields_are_refused(self):
        with pytest.raises(UnknownName):
            read_event_filter({"shortest": 1})
        for bad in ({"direction": "up"}, {"direction": ["above"]}, {"min_points": 0}, {"min_abs_deviation": "x"}):
            with pytest.raises(BadParameter):
                read_event_filter(bad)
        assert read_event_filter({}) == NO_FILTER
        assert read_event_filter({"min_points": 2}, EventFilter(direction="above")) == EventFilter(2, direction="above")

    def test_direction_needs_expected_values(self):
        series = SERIES["timed"]
        detector = DETECTORS["level_spread"]
        with pytest.raises(BadParameter, match="expects no values"):
            rethreshold(detector, detector.fit(series).detect_offline(series), {}, EventFilter(direction="above"))
