"""Points that are not newer than their stream's newest: there already, late, or older than what it keeps."""

import numpy as np
from numpy.typing import NDArray

from events.scored_points import ScoredPoints, concatenate, unscored
from store import StreamStore
from streams.stream_state import StreamState
from timeseries import Bools, Repair, Series, Times

Positions = NDArray[np.intp]


def settle(
    old: Series, live: StreamState, store: StreamStore, present: int
) -> tuple[ScoredPoints, ScoredPoints, tuple[Repair, ...]]:
    """The answer to these points, those of them that are to be kept, and a report.

    old    points with times, not newer than the newest of `live`, which takes the late ones in
    store  holds all points that `live` has judged
    present  ms since 1970 UTC
    """
    assert old.times is not None
    times = old.times.astype(np.int64)
    kept = store.read_interval(live.stream, int(times[0]), int(times[-1]), live.memory)
    place, there = found(_times(kept), old.times)
    retention_ms = live.stream.retention_ms
    aged = ~there & (times < (present - retention_ms if retention_ms is not None else times[0]))
    late = ~there & ~aged
    late &= ~beyond(times, late, live, store)
    taken = live.take_late(Series(old.times[late], old.values[late]), kept)
    lost = ~there & ~late
    pool = concatenate((kept, taken, unscored(old.times[lost], old.values[lost], taken.cursor)))
    place[late] = len(kept) + np.arange(len(taken))
    place[lost] = len(kept) + len(taken) + np.arange(np.count_nonzero(lost))
    return pool.take(place, taken.cursor), taken, report(there, late, aged, lost & ~aged)


def found(known: Times, asked: Times) -> tuple[Positions, Bools]:
    """Where in `known`, which rises, each time stands, and whether it does."""
    place = np.searchsorted(known, asked)
    there = np.zeros(len(asked), np.bool_)
    inside = place < len(known)
    there[inside] = known[place[inside]] == asked[inside]
    return place, there


def beyond(times: NDArray[np.int64], new: Bools, live: StreamState, store: StreamStore) -> Bools:
    """Which of the new points are older than all that the stream keeps and have no room beside them; times in ms."""
    room = live.stream.capacity - live.stream.points
    if np.count_nonzero(new) <= room:
        return np.zeros(len(times), np.bool_)
    older = new & (times < store.oldest_time(live.stream))
    left = max(0, room - int(np.count_nonzero(new & ~older)))
    return older & (np.cumsum(older) <= np.count_nonzero(older) - left)


def report(there: Bools, late: Bools, aged: Bools, lost: Bools) -> tuple[Repair, ...]:
    """What became of the points; each is one of the four."""
    said = (
        ("already_there", "Points whose times are there already were left as they are.", there),
        (
            "late_points",
            "Points older than the stream's newest were kept in the order of arrival, judged from those before them.",
            late,
        ),
        ("beyond_age", "Points older than the stream keeps them were not kept.", aged),
        ("beyond_capacity", "Points older than all that the stream has room for were not kept.", lost),
    )
    return tuple(
        Repair(code, message, int(np.count_nonzero(flags)), tuple(np.flatnonzero(flags)[:5].tolist()))
        for code, message, flags in said
        if flags.any()
    )


def _times(judged: ScoredPoints) -> Times:
    assert judged.times is not None
    return judged.times
