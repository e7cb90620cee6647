"""Points ahead of the clock: refused beyond ten minutes; within them later points are late, and end silences."""

import numpy as np
import pytest

from errors import BadInput
from store import Silences
from streams import MAX_AHEAD_MS
from tests.streams.conftest import NOW_MS, seasonal

MINUTE = 60_000


@pytest.fixture
def pushed(streams):
    """A stream of 40 points, a minute apart, the last one now."""
    streams.put("s", "rolling_zscore")
    push(streams, np.arange(-39, 1) * MINUTE)
    return streams


def push(streams, after_now_ms):
    at = np.atleast_1d(np.asarray(after_now_ms)) + NOW_MS
    return streams.push("s", at.astype("datetime64[ms]"), seasonal(len(at)).tolist())


def silences(streams):
    streams.tick()
    return Silences(streams.store.database).of(streams.store.stream("s").id)


@pytest.mark.parametrize("ahead", [MAX_AHEAD_MS + 1, 2 * 3_600_000])
def test_a_point_of_a_wrong_zone_is_refused_and_makes_no_other_late(pushed, ahead):
    with pytest.raises(
        BadInput, match=r"10 minutes more are allowed\. Check the sender's clock, the time zone and the unit"
    ):
        push(pushed, ahead)
    assert not push(pushed, 1).late.any()


def test_a_point_ten_minutes_ahead_is_accepted(pushed):
    assert push(pushed, MAX_AHEAD_MS).cursor == 41


def test_late_points_after_one_that_was_ahead_prevent_a_silence(pushed, clock):
    push(pushed, MAX_AHEAD_MS)
    for minute in range(1, 10):
        clock.ms += MINUTE
        assert push(pushed, minute * MINUTE).late.all()
        assert silences(pushed) == []
        assert pushed.get("s").state == "normal"
    clock.ms += 60 * MINUTE
    assert [each.stop for each in silences(pushed)] == [None]
    assert pushed.get("s").state == "silent"


def test_a_late_point_ends_a_silence(pushed, clock):
    push(pushed, MAX_AHEAD_MS)
    clock.ms += 120 * MINUTE
    assert len(silences(pushed)) == 1
    assert push(pushed, MINUTE).late.all()
    assert pushed.get("s").state == "normal"
    assert [each.stop for each in silences(pushed)] == [clock.ms]


def test_the_arrival_of_late_points_is_known_after_a_restart(pushed, open_streams, clock):
    push(pushed, MAX_AHEAD_MS)
    clock.ms += 5 * MINUTE
    push(pushed, MINUTE)
    pushed.stop()
    restarted = open_streams()
    assert restarted.store.stream("s").last_arrival == clock.ms
