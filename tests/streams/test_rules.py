"""One rule each: late, duplicate, out of order, in the future, missing; and the first scores."""

import numpy as np
import pytest

from errors import BadInput
from tests.streams.conftest import (
    NOW_MS,
    assert_same,
    fit,
    fitted_detector,
    repair_counts,
    residual_threshold_of,
    seasonal,
    times,
)


@pytest.fixture
def pushed(streams):
    """A stream of 40 points, and their scores."""
    streams.put("s", "rolling_zscore")
    return streams, streams.push("s", times(40), seasonal(40).tolist())


def test_points_sent_twice_are_returned_with_their_scores_and_not_duplicated(pushed):
    streams, before = pushed
    repeated = streams.push("s", times(40), (seasonal(40) + 1).tolist())
    assert_same(repeated, before)
    assert repair_counts(repeated) == {"already_there": 40}
    assert len(streams.read("s", 0)) == 40


def test_new_points_of_a_push_are_scored_and_the_others_returned(pushed):
    streams, before = pushed
    both = streams.push("s", times(20, first=30), seasonal(50)[30:].tolist())
    assert repair_counts(both) == {"already_there": 10}
    assert both.cursor == 50
    assert_same(both.part(0, 10), before.part(30, 40))
    assert_same(both.part(10, 20), streams.read("s", 40))


def test_points_out_of_order_in_one_push_are_sorted(streams):
    streams.put("s", "rolling_zscore")
    values = seasonal(40)
    order = np.random.default_rng(0).permutation(40)
    scored = streams.push("s", times(40)[order], values[order].tolist())
    assert "rows_sorted" in repair_counts(scored)
    np.testing.assert_array_equal(scored.values, values)
    np.testing.assert_array_equal(scored.times, times(40))


def test_points_in_the_future_refuse_the_push(pushed):
    streams, _ = pushed
    future = np.array([NOW_MS, NOW_MS + 25 * 3_600_000]).astype("datetime64[ms]")
    with pytest.raises(
        BadInput, match=r"The time 2027-01-16T09:00:00Z lies too far in the future: the clock here"
    ) as caught:
        streams.push("s", future, [1.0, 2.0])
    assert caught.value.detail["index"] == 1
    assert len(streams.read("s", 0)) == 40


def test_missing_values_are_stored_and_not_scored(pushed):
    streams, _ = pushed
    scored = streams.push("s", times(2, first=40), [None, 5.0])
    assert np.isnan(scored.values[0])
    assert scored.judged_by == (None, "rolling_zscore")
    assert not scored.is_anomaly[0]


def test_all_points_have_times_or_none(pushed):
    streams, _ = pushed
    with pytest.raises(BadInput, match="send times"):
        streams.push("s", None, [1.0])
    streams.put("counted")
    assert streams.push("counted", None, [1.0]).times is None
    with pytest.raises(BadInput, match="send none"):
        streams.push("counted", times(1), [1.0])


def test_points_are_scored_from_the_twelfth_on_and_by_the_own_detector_when_fitted(streams):
    streams.put("s", "seasonal_naive")
    early = streams.push("s", times(100), seasonal(100).tolist())
    assert early.judged_by == (None,) * 11 + ("robust_zscore",) * 89
    assert streams.get("s").state == "warming_up"
    streams.push("s", times(300, first=100), seasonal(400)[100:].tolist())
    fit(streams, "s")
    own = streams.push("s", times(5, first=400), seasonal(405)[400:].tolist())
    assert set(own.judged_by) == {"seasonal_naive"}
    assert streams.get("s").state == "normal"


def test_a_fit_does_not_use_points_inside_events(streams):
    values = seasonal(500)
    values[300:303] += 100
    streams.put("clean", "seasonal_naive")
    streams.put("faulty", "seasonal_naive")
    for name, sent in (("clean", seasonal(500)), ("faulty", values)):
        streams.push(name, times(500), sent.tolist())
        fit(streams, name)
    thresholds = [residual_threshold_of(fitted_detector(streams, name)) for name in ("clean", "faulty")]
    assert thresholds[1] == pytest.approx(thresholds[0], rel=0.05)


def test_a_changed_detector_scores_the_next_point(pushed):
    streams, _ = pushed
    streams.put("s", params={"threshold": 0.5})
    scored = streams.push("s", times(1, first=40), [50.0])
    assert scored.is_anomaly.all()
    streams.put("s", params={"threshold": 1000.0})
    assert not streams.push("s", times(1, first=41), [60.0]).is_anomaly.any()


def test_no_more_points_are_read_than_the_capacity(streams):
    streams.put("s", "rolling_zscore", capacity=1000)
    for first in range(0, 9000, 100):
        streams.push("s", times(100, first), seasonal(100, first).tolist())
    points = streams.read("s", 0, 10_000)
    assert (len(points), points.cursor, streams.get("s").points) == (1000, 9000, 1000)
    np.testing.assert_array_equal(points.times, times(1000, first=8000))
