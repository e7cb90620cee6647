"""Points that are not newer than their stream's newest: stored already, late, or older than what the stream stores."""

import numpy as np
from numpy.typing import NDArray

from events.scored_points import ScoredPoints, concatenate, unscored
from store import StreamStore
from streams.stream_state import StreamState
from timeseries import Bools, Repair, Series, Times
from timeseries.repairs import repair

Positions = NDArray[np.intp]


def score_old_points(
    old: Series, state: StreamState, store: StreamStore, now: int
) -> tuple[ScoredPoints, ScoredPoints, tuple[Repair, ...]]:
    """The response to points that are not newer than the newest, the late ones among them to be stored, and repairs.

    old    points with times, in order
    state  scores the late points and takes them into its tail
    store  holds every point that `state` has scored
    now    ms since 1970 UTC
    """
    assert old.times is not None
    times = old.times.astype(np.int64)
    stored = store.read_interval(state.stream, int(times[0]), int(times[-1]), state.memory)
    positions, is_stored = locate(_times(stored), old.times)
    retention = state.stream.retention_ms
    is_expired = ~is_stored & (times < (now - retention if retention is not None else times[0]))
    is_late = ~is_stored & ~is_expired
    is_late &= ~beyond_capacity(times, is_late, state, store)
    is_refused = ~is_stored & ~is_late
    late = state.score_late(Series(old.times[is_late], old.values[is_late]), stored)
    refused = unscored(old.times[is_refused], old.values[is_refused], late.cursor)
    pool = concatenate((stored, late, refused))
    positions[is_late] = len(stored) + np.arange(len(late))
    positions[is_refused] = len(stored) + len(late) + np.arange(len(refused))
    repairs = report_repairs(is_stored, is_late, is_expired, is_refused & ~is_expired)
    return pool.take(positions, late.cursor), late, repairs


def locate(known: Times, times: Times) -> tuple[Positions, Bools]:
    """The position of each time in `known`, which is sorted, and whether it is there."""
    positions = np.searchsorted(known, times)
    is_known = np.zeros(len(times), np.bool_)
    inside = positions < len(known)
    is_known[inside] = known[positions[inside]] == times[inside]
    return positions, is_known


def beyond_capacity(times: NDArray[np.int64], is_new: Bools, state: StreamState, store: StreamStore) -> Bools:
    """Which of the new points are older than all stored ones and exceed the stream's capacity; times in ms."""
    free = state.stream.capacity - state.stream.points
    if np.count_nonzero(is_new) <= free:
        return np.zeros(len(times), np.bool_)
    is_older = is_new & (times < store.oldest_time(state.stream))
    left = max(0, free - int(np.count_nonzero(is_new & ~is_older)))
    return is_older & (np.cumsum(is_older) <= np.count_nonzero(is_older) - left)


def report_repairs(is_stored: Bools, is_late: Bools, is_expired: Bools, is_beyond: Bools) -> tuple[Repair, ...]:
    """What happened to the points; each is one of the four."""
    cases = (
        ("already_there", is_stored),
        ("late_points", is_late),
        ("beyond_age", is_expired),
        ("beyond_capacity", is_beyond),
    )
    return tuple(
        repair(code, np.flatnonzero(flags)[:5], int(np.count_nonzero(flags))) for code, flags in cases if flags.any()
    )


def _times(points: ScoredPoints) -> Times:
    assert points.times is not None
    return points.times
