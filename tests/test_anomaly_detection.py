"""Thresholds, runs and events: small cases that can be checked by eye."""

import numpy as np
import pytest

from anomaly_detection import Detection
from errors import BadParameter, UnknownName
from events.event import Event
from events.wording import explanation
from parameters import checked, parameters
from timeseries import Series
from timeseries.intervals import runs
from timeseries.residuals import residual_threshold
from timeseries.scaling import min_scale, unit_of

NAN = float("nan")


def detection(score, threshold=1.0, merge_gap=0, values=None, expected=0.0):
    score = np.array(score, dtype=float)
    values = np.ones(len(score)) if values is None else np.array(values, dtype=float)
    return Detection(
        Series(None, values),
        np.full(len(score), expected),
        np.full(len(score), threshold),
        score,
        threshold,
        {},
        merge_gap,
    )


@pytest.mark.parametrize(
    ("flags", "merge_gap", "expected"),
    [
        ("", 0, []),
        ("....", 0, []),
        ("x", 0, [(0, 1)]),
        ("..xx..x", 0, [(2, 4), (6, 7)]),
        ("..xx..x", 1, [(2, 4), (6, 7)]),
        ("..xx..x", 2, [(2, 7)]),
        ("x.x.x..x", 1, [(0, 5), (7, 8)]),
    ],
)
def test_runs(flags, merge_gap, expected):
    assert runs(np.array([flag == "x" for flag in flags], dtype=bool), merge_gap) == expected


def test_a_score_at_the_threshold_is_no_anomaly():
    assert detection([1.0, 1.0000001]).is_anomaly.tolist() == [False, True]


def test_a_nan_score_is_no_anomaly():
    result = detection([NAN, 2.0, NAN])
    assert result.is_anomaly.tolist() == [False, True, False]
    assert result.warm_up == 2


def test_warm_up_does_not_count_missing_points():
    assert detection([NAN, NAN, 0.5], values=[1, NAN, 1]).warm_up == 1


def test_an_event_starts_stops_and_peaks_on_flagged_points():
    [event] = detection([0, 2, 0, 0, 5, 3, 0], merge_gap=2).events
    assert (event.start, event.stop, event.peak, event.severity) == (1, 6, 4, 5.0)


@pytest.mark.parametrize(
    ("value", "expected", "direction"), [(3, 1, "above"), (1, 3, "below"), (2, 2, "shape"), (2, NAN, "shape")]
)
def test_direction(value, expected, direction):
    [event] = detection([2.0], values=[value], expected=expected).events
    assert event.direction == direction


def test_threshold_is_mean_plus_sigma_standard_deviations():
    assert residual_threshold(np.array([1.0, 3.0, NAN]), 4.0, 0.0) == 2.0 + 4.0 * 1.0


def test_the_threshold_without_residuals_is_the_minimum():
    assert residual_threshold(np.array([NAN]), 4.0, 0.5) == 0.5


def test_the_floor_is_above_the_rounding_of_equal_values():
    values = np.full(60, 0.1)
    assert np.std(values) < min_scale(values) < 1e-10
    assert min_scale(np.array([])) > 0
    assert min_scale(np.array([NAN, 0.0])) > 0


@pytest.mark.parametrize("size", [1e300, 1e-300, 5e-324, 1.7e308])
def test_the_unit_of_extreme_values_is_a_power_of_two(size):
    unit = unit_of(np.array([size, NAN]))
    assert np.frexp(unit)[0] == 0.5
    assert 0 < size / unit < 1e30


def test_the_unit_of_ordinary_values_is_one():
    assert unit_of(np.array([1.0, 1e9, NAN])) == 1.0
    assert unit_of(np.array([])) == 1.0


def explain(value, expected, direction, severity, points):
    return explanation(Event(0, points, 0, direction, severity, value, expected))


def test_explanations_are_sentences():
    assert explain(34.1, 24.9, "above", 2.41, 3) == (
        "34.1 is 36.9 % above the expected 24.9, 2.41 times the distance allowed; lasts 3 points."
    )
    assert explain(1.0, 0.0, "above", 2.0, 1) == (
        "1 is above the expected 0, 2 times the distance allowed; lasts 1 point."
    )
    assert explain(0.0, 20.0, "below", 2.0, 1).startswith("0 is 100 % below the expected 20,")
    assert explain(-40.0, 20.76, "below", 2.0, 1).startswith("-40 is 60.76 below the expected 20.76,")
    assert explain(5.0, -10.0, "above", 2.0, 1).startswith("5 is 15 above the expected -10,")
    assert explain(-80.0, -20.0, "below", 2.0, 1).startswith("-80 is 60 below the expected -20,")
    assert explain(-15.0, -20.0, "above", 2.0, 1).startswith("-15 is 25 % above the expected -20,")
    assert explain(1.0, 0.0, "above", 1.0041, 1).endswith(", just above the distance allowed; lasts 1 point.")
    assert explain(1.0, 0.0, "above", 1.0051, 1).endswith("1.01 times the distance allowed; lasts 1 point.")
    assert explain(5.0, NAN, "shape", 2.0, 1).startswith("An unusual shape around 5")


def test_parameters_are_read_from_the_signature():
    from detectors.rolling_zscore import RollingZScore

    result = parameters(RollingZScore.fit)
    assert list(result) == ["window", "threshold", "merge_gap"]
    assert (result["window"].type, result["window"].default, result["window"].unit) == ("integer", 50, "points")


def test_floats_without_fraction_are_integers_and_others_are_refused():
    from detectors.rolling_zscore import RollingZScore

    series = Series(None, np.arange(10.0))
    assert RollingZScore.fit(series, window=5.0).params["window"] == 5
    with pytest.raises(BadParameter, match="whole number") as error:
        RollingZScore.fit(series, window=5.5)
    assert error.value.detail["name"] == "window"


def test_unknown_parameters_are_named_with_the_known_ones():
    @checked
    def fit(cls, series):
        return series

    with pytest.raises(UnknownName, match="'nonsense'") as error:
        fit(None, None, nonsense=1)
    assert error.value.detail["known"] == []


def test_the_most_severe_events_have_the_highest_scores():
    score = np.array([0, 2, 0, 0, 5, 4, 0, 9, 0, 3, 0, 5.0])
    result = Detection(Series(None, np.zeros(12)), np.zeros(12), np.ones(12), score, 1.0, merge_gap=0)
    assert result.intervals == [(1, 2), (4, 6), (7, 8), (9, 10), (11, 12)]
    assert result.most_severe(2) == [(4, 6), (7, 8)]  # of equal scores, the earlier
    assert result.most_severe(4) == [(4, 6), (7, 8), (9, 10), (11, 12)]
    assert result.most_severe(5) == result.intervals
    assert result.events_at(result.most_severe(1)) == [result.events[2]]
