"""Event policies by situation; the complete history, batches and single points give the same notices."""

import json
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from anomaly_detection import Detection
from errors import BadParameter, UnknownName
from events.filter import DIRECTIONS, EventFilter
from events.policy import MAX_SEVERITY, Policy, PolicyState, advance, read_policy, replay
from events.scored_points import ScoredPoints
from events.wording import replay_summary
from timeseries import Series
from timeseries.intervals import runs

HEIGHT = {".": 0.0, "#": 5.0, "^": 9.0, "v": -5.0, "?": np.nan}


def scored(picture, first=1, expected=100.0, timed=False):
    """Points around `expected` ± 2: . normal, # above, ^ further above, v below, ? missing."""
    deviation = np.array([HEIGHT[sign] for sign in picture])
    n = len(deviation)
    return ScoredPoints(
        times=np.arange(first, first + n).astype("datetime64[ms]") if timed else None,
        values=expected + deviation,
        expected=np.full(n, expected),
        lower=np.full(n, expected - 2),
        upper=np.full(n, expected + 2),
        score=np.abs(deviation),
        is_anomaly=np.abs(deviation) > 2,
        judged_by=("robust_zscore",) * n,
        confidence=np.full(n, np.nan),
        late=np.zeros(n, np.bool_),
        cursor=first + n - 1,
    )


def notices_of(picture, **policy):
    """The status of each notice and the cursor at which it is known."""
    return [(notice.status, notice.at) for notice in replay(Policy(**policy), scored(picture))]


def test_normal_points_give_no_notice():
    assert notices_of("....?....") == []


def test_an_anomaly_fires_immediately_and_is_resolved_after_the_recovery():
    assert notices_of("..#.....") == [("firing", 3), ("resolved", 7)]


def test_a_long_event_fires_one_time():
    assert notices_of("..######") == [("firing", 3)]


def test_anomalies_close_together_are_one_event():
    assert notices_of("..#...#.....") == [("firing", 3), ("resolved", 11)]


def test_anomalies_with_a_long_gap_are_two_events():
    assert notices_of("#....#....") == [("firing", 1), ("resolved", 5), ("firing", 6), ("resolved", 10)]


def test_two_out_of_three_with_min_points():
    assert notices_of(".#.#.....", min_points=2, merge_gap=1) == [("firing", 4), ("resolved", 8)]


def test_a_lone_spike_with_min_points_is_no_event():
    assert notices_of(".#....#....#....", min_points=2) == []


def test_anomalies_beyond_the_merge_gap_do_not_add_up():
    assert notices_of("#..#..#..#", min_points=2, merge_gap=1) == []


def test_an_event_stays_open_during_a_long_recovery():
    assert notices_of("#......#........", recovery_points=8) == [("firing", 1), ("resolved", 16)]


def test_a_missing_point_is_no_sign_of_recovery():
    assert notices_of("#..??..") == [("firing", 1), ("resolved", 7)]


def test_a_short_event_in_the_cool_down_has_no_notice():
    assert notices_of("#....#......", cool_down=6) == [("firing", 1), ("resolved", 5)]


def test_an_event_that_outlasts_the_cool_down_fires_after_it():
    assert notices_of("#....########....", cool_down=6) == [
        ("firing", 1),
        ("resolved", 5),
        ("firing", 12),
        ("resolved", 17),
    ]


def test_after_the_cool_down_events_fire():
    assert notices_of("#.......#", cool_down=3) == [("firing", 1), ("resolved", 5), ("firing", 9)]


def test_an_event_without_a_notice_starts_no_cool_down():
    assert notices_of("#....#....#....", cool_down=5) == [
        ("firing", 1),
        ("resolved", 5),
        ("firing", 11),
        ("resolved", 15),
    ]


def test_only_above_and_only_below():
    assert notices_of("v.....#", direction="above") == [("firing", 7)]
    assert notices_of("v.....#", direction="below") == [("firing", 1), ("resolved", 5)]


def test_min_abs_deviation():
    assert notices_of("#.....^", min_abs_deviation=5.1) == [("firing", 7)]
    assert notices_of("#.....^", min_abs_deviation=5.0)[0] == ("firing", 1)


def test_min_rel_deviation():
    assert notices_of("#.....^", min_rel_deviation=0.06) == [("firing", 7)]


def test_the_larger_minimum_deviation_applies():
    assert notices_of("#.....^", min_abs_deviation=1, min_rel_deviation=0.06) == [("firing", 7)]


def test_an_event_has_its_most_severe_point_and_its_bounds():
    firing, resolved = replay(Policy(), scored(".#^v....", timed=True))
    assert (firing.event.start, firing.event.stop, firing.event.value) == (2, 3, 105.0)
    event = resolved.event
    assert (event.start, event.stop, event.start_time, event.stop_time, event.anomalies) == (2, 5, 2, 4, 3)
    assert (event.value, event.expected, event.direction, event.severity) == (109.0, 100.0, "above", 4.5)


def test_a_band_without_width_makes_the_highest_severity():
    points = scored("#")
    points.lower[:] = points.upper[:] = 100.0
    assert replay(Policy(), points)[0].event.severity == MAX_SEVERITY


POLICIES = st.builds(
    Policy,
    min_points=st.integers(1, 4),
    merge_gap=st.integers(0, 3),
    recovery_points=st.integers(1, 6),
    cool_down=st.integers(0, 8),
    min_abs_deviation=st.sampled_from([0.0, 6.0]),
    direction=st.sampled_from(DIRECTIONS),
)
PICTURES = st.text("..#^v?", max_size=60)
MIN_DEVIATIONS = st.sampled_from([0.0, 6.0])


@given(POLICIES, PICTURES, st.lists(st.integers(1, 7), min_size=60, max_size=60))
def test_batches_give_the_notices_of_the_complete_history(policy, picture, sizes):
    state, notices, at = PolicyState(), [], 0
    for size in sizes:
        part = picture[at : at + size]
        state, new = advance(
            policy, PolicyState.from_json(json.loads(json.dumps(state.to_json()))), scored(part, first=at + 1)
        )
        notices += new
        at += len(part)
    assert notices == replay(policy, scored(picture))


@given(st.text("..#", max_size=60), st.integers(0, 4))
def test_by_default_the_events_are_those_of_a_detection(picture, merge_gap):
    points = scored(picture)
    notices = replay(Policy(merge_gap=merge_gap, recovery_points=merge_gap + 1), points)
    starts = [notice.event.start - 1 for notice in notices if notice.status == "firing"]
    stops = [notice.event.stop - 1 for notice in notices if notice.status == "resolved"]
    events = runs(points.is_anomaly, merge_gap)
    assert starts == [start for start, _ in events]
    assert stops == [stop for _, stop in events][: len(stops)]
    assert len(starts) - len(stops) in (0, 1)


@given(st.text("..#^v", max_size=60), st.integers(0, 4), st.integers(1, 3), MIN_DEVIATIONS, st.sampled_from(DIRECTIONS))
def test_the_events_of_a_stream_are_those_of_a_file_with_the_same_filter(
    picture, merge_gap, length, min_deviation, direction
):
    points = scored(picture)
    policy = Policy(length, merge_gap, merge_gap + 1, min_abs_deviation=min_deviation, direction=direction)
    file = Detection(
        Series(None, points.values),
        points.expected,
        np.full(len(picture), 2.0),
        points.score,
        2.0,
        merge_gap=merge_gap,
        event_filter=EventFilter(length, min_deviation, direction=direction),
    )
    resolved = [
        notice.event
        for notice in replay(policy, scored(picture + "." * (merge_gap + 1)))
        if notice.status == "resolved"
    ]
    assert [(event.start - 1, event.stop - 1) for event in resolved] == file.intervals
    assert sum(event.anomalies for event in resolved) == np.count_nonzero(file.is_anomaly)


@given(POLICIES, PICTURES, st.sampled_from(DIRECTIONS[1:]), MIN_DEVIATIONS)
def test_a_narrower_filter_never_gives_more_events(policy, picture, direction, min_deviation):
    def events(**changes):
        notices = replay(replace(policy, cool_down=0, **changes), scored(picture + "." * 8))
        return sum(notice.status == "firing" for notice in notices)

    unfiltered = events(direction="both", min_abs_deviation=0.0)
    assert events(direction=direction, min_abs_deviation=0.0) <= unfiltered
    assert events(direction="both", min_abs_deviation=min_deviation) <= unfiltered
    assert events(direction=direction, min_abs_deviation=min_deviation) <= events(
        direction=direction, min_abs_deviation=0.0
    )


def test_a_run_that_changes_direction_is_one_event_per_direction():
    assert notices_of("#..v..#..v.....", direction="both") == [("firing", 1), ("resolved", 14)]
    assert notices_of("#..v..#..v.....", direction="above") == [("firing", 1), ("resolved", 14)]
    assert notices_of("#..v..#..v.....", direction="below") == [("firing", 4), ("resolved", 14)]


@given(POLICIES, PICTURES)
def test_each_event_fires_one_time_and_is_resolved_later(policy, picture):
    notices = replay(policy, scored(picture))
    assert [notice.status for notice in notices] == [("firing", "resolved")[k % 2] for k in range(len(notices))]
    for firing, resolved in zip(notices[::2], notices[1::2], strict=False):
        assert firing.event.start == resolved.event.start
        assert firing.event.anomalies >= policy.min_points
        assert firing.at < resolved.at
    for resolved, firing in zip(notices[1::2], notices[2::2], strict=False):
        assert firing.at > resolved.at + policy.cool_down


@given(POLICIES, PICTURES)
def test_a_greater_minimal_deviation_never_counts_more_anomalies(policy, picture):
    def anomalies(min_deviation):
        stricter = Policy(**{**vars(policy), "min_abs_deviation": min_deviation, "min_points": 1, "cool_down": 0})
        return sum(n.event.anomalies for n in replay(stricter, scored(picture + "......")) if n.status == "resolved")

    assert anomalies(8.0) <= anomalies(0.0)


def test_a_replay_has_a_summary():
    assert (
        replay_summary(replay(Policy(), scored("#....#")), 6, None, 0, 0)
        == "Over the last 6 points this would have sent 3 messages, about 2 events."
    )
    assert (
        replay_summary(replay(Policy(), scored("..#")), 3, None, 0, 0)
        == "Over the last 3 points this would have sent 1 message, about 1 event."
    )


def test_the_summary_of_a_timed_replay_has_its_duration():
    month = scored("#....#" + "." * 994)
    month = replace(month, times=(np.arange(1000) * 2_592_000).astype("datetime64[s]").astype("datetime64[ms]"))
    assert month.span_ms == 999 * 2_592_000_000
    month = replace(month, times=(np.arange(1000) * 2_592_000).astype("datetime64[ms]"))
    summary = replay_summary(replay(Policy(), month), len(month), month.span_ms, 0, 0)
    assert summary == "Over the last 30 days (1000 points) this would have sent 4 messages, about 2 events."
    assert scored("...").span_ms is None
    assert scored("", timed=True).span_ms is None


def test_a_policy_is_read_and_completed():
    assert read_policy({}) == Policy()
    body = {"min_points": 2.0, "direction": "above", "min_rel_deviation": 0.1}
    assert read_policy(body) == Policy(min_points=2, direction="above", min_rel_deviation=0.1)


@pytest.mark.parametrize(
    ("body", "kind", "message"),
    [
        ({"minimum_lenght": 2}, UnknownName, "There is no parameter 'minimum_lenght' here; use one of"),
        ({"direction": "up"}, BadParameter, "direction must be one of both, above, below."),
        ({"direction": ["up"]}, BadParameter, "direction must be one of"),
        ({"min_points": 0}, BadParameter, "min_points must lie from 1"),
        ({"recovery_points": 1.5}, BadParameter, "recovery_points must be a whole number"),
        ({"min_abs_deviation": "1"}, BadParameter, "min_abs_deviation must be a number"),
        ({"silent": 1}, BadParameter, "silent must be true or false."),
        ({"cool_down": None}, BadParameter, "cool_down must be a number"),
    ],
)
def test_a_bad_policy_is_one_sentence(body, kind, message):
    with pytest.raises(kind) as raised:
        read_policy(body)
    assert message in raised.value.message
